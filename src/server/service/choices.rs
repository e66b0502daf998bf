//! What an account can set that Messenger knows nothing of.

use domain::{NetworkName, Passport, presence::Sharing};
use jiff::tz::TimeZone;
use store::{RoomStyle, StoreFault};

use crate::core::Core;

/// Sets where the user is; without a name, says where.
pub(super) async fn time_zone(core: &Core, owner: &Passport, zone: &str) -> Result<String, StoreFault> {
    match TimeZone::get(zone) {
        Ok(found) => {
            let name = found.iana_name().unwrap_or("UTC");
            core.store.set_time_zone(owner, Some(name)).await?;
            core.service.note_time_zone(owner, Some(name));
            Ok(format!("Your time zone is {name} now. New windows show it."))
        }
        Err(_) if zone.is_empty() => {
            let zone = core.service.time_zone(owner);
            Ok(format!("Your time zone is {}.", zone.unwrap_or_else(|| "UTC".to_owned())))
        }
        Err(_) => Ok(format!("There is no time zone \"{zone}\". Names look like Europe/Berlin or America/New_York.")),
    }
}

/// Sets how rooms are shown; without a choice, says how.
pub(super) async fn show_rooms(core: &Core, owner: &Passport, style: Option<RoomStyle>) -> Result<String, StoreFault> {
    let (style, beginning) = match style {
        Some(style) => {
            core.store.set_room_style(owner, Some(style)).await?;
            (style, "In new windows of rooms,")
        }
        None => (core.store.room_style(owner).await?.unwrap_or(core.settings.rooms), "In windows of rooms,"),
    };
    Ok(match style {
        RoomStyle::Prefixed => format!("{beginning} the speaker's name stands before the words."),
        RoomStyle::Members => format!("{beginning} those who speak take part."),
    })
}

/// Sets whether others see what the account has read; without a choice, says whether they do.
pub(super) async fn receipts(core: &Core, owner: &Passport, receipts: Option<bool>) -> Result<String, StoreFault> {
    let receipts = match receipts {
        Some(receipts) => {
            core.store.set_receipts(owner, Some(receipts)).await?;
            receipts
        }
        None => core.store.receipts(owner).await?.unwrap_or(core.settings.receipts),
    };
    let seen = if receipts { "People of other networks see" } else { "Nobody of other networks sees" };
    Ok(format!("{seen} what you have read."))
}

/// Sets how much of the account's presence a network sees; without a choice, says how much each does.
pub(super) async fn share(
    core: &Core,
    owner: &Passport,
    choice: Option<(&str, Sharing)>,
) -> Result<String, StoreFault> {
    let sharing = core.links.sharing(&core.store, owner).await?;
    if sharing.is_empty() {
        return Ok("This server has no network that knows who is online.".to_owned());
    }
    let Some((wanted, chosen)) = choice else {
        let lines: Vec<String> = sharing.iter().map(|(network, sharing)| seen(network, *sharing)).collect();
        return Ok(lines.join("\n"));
    };
    let Some(network) = sharing.keys().find(|network| network.as_str().eq_ignore_ascii_case(wanted)) else {
        let known: Vec<&str> = sharing.keys().map(NetworkName::as_str).collect();
        return Ok(format!(
            "There is no network \"{wanted}\" that knows who is online; there is {}.",
            known.join(", ")
        ));
    };
    core.links.share(&core.store, owner, network, chosen).await?;
    Ok(seen(network, chosen))
}

fn seen(network: &NetworkName, sharing: Sharing) -> String {
    let seen = match sharing {
        Sharing::Everything => "your status and your personal message are shown",
        Sharing::Status => "your status is shown, and your personal message is not",
        Sharing::Nothing => "nobody sees whether you are online",
    };
    format!("On {network}, {seen}.")
}
