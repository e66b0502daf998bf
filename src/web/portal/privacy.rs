//! How an account is seen, and what it is shown.

use ::server::{Choices, RoomStyle};
use askama::Template;
use axum::response::Response;
use domain::{account::Prompt, policy::Privacy};
use http::StatusCode;

use super::{
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat},
};

#[allow(clippy::struct_excessive_bools, reason = "each is a field of the form of its own")]
#[derive(Template)]
#[template(path = "portal/privacy.html")]
struct Shown {
    frame: Frame,
    is_open: bool,
    asks: bool,
    receipts: bool,
    takes_part: bool,
    time_zone: String,
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
        takes_part: choices.rooms == RoomStyle::Members,
        time_zone: choices.time_zone,
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /privacy`: a box that is not ticked is not in the form.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let is_ticked = |name: &str| form.value(name).is_some();
    let choices = Choices {
        privacy: if form.value("privacy") == Some("allowed") { Privacy::OnlyAllowed } else { Privacy::Everybody },
        prompt: if is_ticked("asks") { Prompt::Ask } else { Prompt::Never },
        receipts: is_ticked("receipts"),
        rooms: if form.value("rooms") == Some("members") { RoomStyle::Members } else { RoomStyle::Prefixed },
        time_zone: form.value("zone").unwrap_or_default().to_owned(),
    };
    let chosen = seat.portal.choose(&seat.visit.owner, &choices).await;
    onward(&seat, "/privacy", chosen.map(|()| "That is how it is from now on.".to_owned()))
}
