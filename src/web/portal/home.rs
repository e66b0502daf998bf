//! The state of everything at a glance.

use ::server::Glance;
use askama::Template;
use axum::response::Response;
use domain::Status;
use http::StatusCode;

use super::{
    clock, face,
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat},
};

#[derive(Template)]
#[template(path = "portal/home.html")]
struct Home {
    frame: Frame,
    glance: Glance,
    messenger: String,
}

impl Home {
    fn initial(name: &str) -> String {
        face::initial(name)
    }
}

/// Answers `GET /home`.
pub(crate) async fn show(seat: Seat) -> Response {
    let glance = match seat.portal.glance(&seat.visit.owner).await {
        Ok(glance) => glance,
        Err(fault) => return super::faulty(&seat, &fault),
    };
    let messenger = match &glance.present {
        Some(present) => {
            format!("signed in since {} ({})", clock::written(present.since), word(present.status))
        }
        None => "not signed in".to_owned(),
    };
    let frame = Frame::of(&seat, "/home", format!("Welcome, {}", seat.visit.name));
    frame::page(StatusCode::OK, &Home { frame, glance, messenger })
}

/// Answers `POST /home`: what could not be done is tried again.
pub(crate) async fn retry(Posted { seat, .. }: Posted) -> Response {
    let done = seat.portal.retry(&seat.visit.owner).await;
    onward(&seat, "/home", done.map(|()| "It is tried again.".to_owned()))
}

/// What a status is called.
pub(crate) const fn word(status: Option<Status>) -> &'static str {
    match status {
        None => "not there yet",
        Some(Status::Online) => "online",
        Some(Status::Busy) => "busy",
        Some(Status::Idle) => "idle",
        Some(Status::BeRightBack) => "be right back",
        Some(Status::Away) => "away",
        Some(Status::OnThePhone) => "on the phone",
        Some(Status::OutToLunch) => "out to lunch",
        Some(Status::Hidden) => "appearing offline",
        Some(Status::Offline) => "offline",
    }
}
