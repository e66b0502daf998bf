//! How an account is seen, and what it is shown.

use ::server::{Choices, RoomStyle};
use askama::Template;
use axum::response::Response;
use domain::{NetworkName, account::Prompt, policy::Privacy, presence::Sharing};
use http::StatusCode;

use super::{
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat},
    unknown_action,
};
use crate::form::Form;

#[allow(clippy::struct_excessive_bools, reason = "each is a field of the form of its own")]
#[derive(Template)]
#[template(path = "portal/privacy.html")]
struct Shown {
    frame: Frame,
    is_open: bool,
    asks: bool,
    receipts: bool,
    sharing: Vec<(NetworkName, Sharing)>,
    takes_part: bool,
    time_zone: String,
}

impl Shown {
    /// What can be chosen of what a network sees: the word in the form, its name, and whether it holds.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "templates hand references over")]
    fn extents(holding: &Sharing) -> impl Iterator<Item = (&'static str, &'static str, bool)> + use<> {
        let holding = *holding;
        Sharing::ALL.into_iter().map(move |sharing| {
            let name = match sharing {
                Sharing::Everything => "Status and personal message",
                Sharing::Status => "Status alone",
                Sharing::Nothing => "Nothing: I look offline",
            };
            (sharing.word(), name, sharing == holding)
        })
    }
}

/// Answers `GET /privacy`.
pub(crate) async fn show(seat: Seat) -> Response {
    let choices = match seat.portal.choices(&seat.visit.owner).await {
        Ok(choices) => choices,
        Err(fault) => return super::faulty(&seat, &fault),
    };
    let page = Shown {
        frame: Frame::of(&seat, "/privacy", "Privacy and display"),
        is_open: choices.privacy == Privacy::Everybody,
        asks: choices.prompt == Prompt::Ask,
        receipts: choices.receipts,
        sharing: choices.sharing.into_iter().collect(),
        takes_part: choices.rooms == RoomStyle::Members,
        time_zone: choices.time_zone,
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /privacy`. What the page has shown is in the form as well: another page, or Messenger, may have changed it since, and only
/// what is chosen otherwise here is changed.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let chosen = match (choices(&form, SHOWN), choices(&form, "")) {
        (Some(shown), Some(wanted)) => seat.portal.choose(&seat.visit.owner, shown, wanted).await,
        (None, _) | (_, None) => Err(unknown_action()),
    };
    onward(&seat, "/privacy", chosen.map(|()| "That is how it is from now on.".to_owned()))
}

/// How the names of the fields begin that say what the page has shown.
const SHOWN: &str = "shown-";

/// The choices in the fields whose names begin like this. A box that is not ticked is not in the form.
fn choices(form: &Form, prefix: &str) -> Option<Choices> {
    let value = |name: &str| form.value(&format!("{prefix}{name}"));
    Some(Choices {
        privacy: match value("privacy")? {
            "allowed" => Privacy::OnlyAllowed,
            "everybody" => Privacy::Everybody,
            _ => return None,
        },
        prompt: if value("asks").is_some() { Prompt::Ask } else { Prompt::Never },
        receipts: value("receipts").is_some(),
        sharing: form
            .after(&format!("{prefix}sharing-"))
            .into_iter()
            .map(|(network, extent)| Some((network.parse().ok()?, extent.parse().ok()?)))
            .collect::<Option<_>>()?,
        rooms: match value("rooms")? {
            "members" => RoomStyle::Members,
            "prefixed" => RoomStyle::Prefixed,
            _ => return None,
        },
        time_zone: value("zone")?.to_owned(),
    })
}
