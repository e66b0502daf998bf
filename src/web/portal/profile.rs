//! The name, the line under it, and the picture.

use ::server::Profile;
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat},
    unknown_action,
};

#[derive(Template)]
#[template(path = "portal/profile.html")]
struct Shown {
    frame: Frame,
    profile: Profile,
    /// The line under the name, where Messenger is signed in.
    line: Option<String>,
}

/// Answers `GET /profile`.
pub(crate) async fn show(seat: Seat) -> Response {
    let profile = match seat.portal.profile(&seat.visit.owner).await {
        Ok(profile) => profile,
        Err(fault) => return super::faulty(&seat, &fault),
    };
    let line = profile.present.as_ref().map(|present| present.personal_message.text.clone());
    frame::page(StatusCode::OK, &Shown { frame: Frame::of(&seat, "/profile", "Profile"), profile, line })
}

/// Answers `POST /profile`: another name, or another line under it.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let (owner, value) = (&seat.visit.owner, form.value("value").unwrap_or_default());
    let done = match form.value("action") {
        Some("name") => seat.portal.rename(owner, value).await,
        Some("line") => seat.portal.set_personal_message(owner, value).await,
        Some(_) | None => Err(unknown_action()),
    };
    onward(&seat, "/profile", done.map(|()| "It is changed.".to_owned()))
}
