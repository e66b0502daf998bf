//! What an account chooses of how it is seen, and of what it is shown.

use std::collections::BTreeMap;

use domain::{
    NetworkName, Passport,
    account::{Prompt, Request},
    policy::Privacy,
    presence::Sharing,
};
use jiff::tz::TimeZone;
use store::RoomStyle;

use super::{Portal, PortalFault};

/// What an account has chosen, or what holds where it has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// Who may see and reach it.
    pub privacy: Privacy,
    /// Whether Messenger asks when somebody adds it.
    pub prompt: Prompt,
    /// Whether people of other networks see what it has read.
    pub receipts: bool,
    /// How much of its presence each network sees, of those that are on and know presence.
    pub sharing: BTreeMap<NetworkName, Sharing>,
    /// How rooms are shown.
    pub rooms: RoomStyle,
    /// Where it is, as an IANA name.
    pub time_zone: String,
}

impl Portal {
    /// What an account has chosen.
    pub async fn choices(&self, owner: &Passport) -> Result<Choices, PortalFault> {
        let (store, settings) = (&self.core.store, &self.core.settings);
        let record = store.load(owner).await?.ok_or(PortalFault::Unavailable)?;
        Ok(Choices {
            privacy: record.privacy,
            prompt: record.prompt,
            receipts: store.receipts(owner).await?.unwrap_or(settings.receipts),
            sharing: self.core.links.sharing(store, owner).await?,
            rooms: store.room_style(owner).await?.unwrap_or(settings.rooms),
            time_zone: store.time_zone(owner).await?.unwrap_or_else(|| "UTC".to_owned()),
        })
    }

    /// Has these be the account's choices from now on, where they are others than the account was `shown`: what was chosen elsewhere since
    /// then stays as it is.
    pub async fn choose(&self, owner: &Passport, shown: Choices, wanted: Choices) -> Result<(), PortalFault> {
        if wanted.sharing.keys().any(|network| !self.core.links.knows_presence(network)) {
            return Err(PortalFault::unfit("A network has gone meanwhile. Look at the page again."));
        }
        let zone = if wanted.time_zone.trim() == shown.time_zone { None } else { Some(zone(&wanted.time_zone)?) };
        let (portal, owner) = (self.clone(), owner.clone());
        self.to_its_end(async move {
            let store = &portal.core.store;
            if let Some(zone) = zone {
                store.set_time_zone(&owner, Some(&zone)).await?;
                portal.core.service.note_time_zone(&owner, Some(&zone));
            }
            if wanted.receipts != shown.receipts {
                store.set_receipts(&owner, Some(wanted.receipts)).await?;
            }
            for (network, sharing) in wanted.sharing {
                if shown.sharing.get(&network) != Some(&sharing) {
                    portal.core.links.share(store, &owner, &network, sharing).await?;
                }
            }
            if wanted.rooms != shown.rooms {
                store.set_room_style(&owner, Some(wanted.rooms)).await?;
            }
            if wanted.privacy != shown.privacy {
                portal.change(&owner, Request::ChangePrivacy(wanted.privacy)).await?;
            }
            if wanted.prompt != shown.prompt {
                portal.change(&owner, Request::ChangePrompt(wanted.prompt)).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The whole name of a time zone.
fn zone(written: &str) -> Result<String, PortalFault> {
    let zone = TimeZone::get(written.trim()).ok();
    zone.as_ref().and_then(TimeZone::iana_name).map(str::to_owned).ok_or_else(|| {
        PortalFault::unfit("There is no such time zone. Names look like Europe/Berlin or America/New_York.")
    })
}
