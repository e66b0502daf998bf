//! Who is signed in: browsers, and Messenger.

use ::server::{BrowserLine, Present};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::{
    agent, clock,
    frame::{self, Frame},
    home, onward,
    seat::{Posted, Seat, unseated},
    unknown_action,
};

#[derive(Template)]
#[template(path = "portal/sessions.html")]
struct Sessions {
    frame: Frame,
    browsers: Vec<ShownBrowser>,
    messenger: Option<ShownMessenger>,
}

struct ShownBrowser {
    id: String,
    name: String,
    address: String,
    begun: String,
    seen: String,
    is_this: bool,
}

struct ShownMessenger {
    dialect: &'static str,
    from: String,
    since: String,
    status: &'static str,
}

impl ShownBrowser {
    fn of(line: BrowserLine, this: &str) -> Self {
        let name = agent::named(&line.agent);
        let (begun, seen) = (clock::written(line.begun), clock::written(line.seen));
        Self { is_this: line.id == this, id: line.id, name, address: line.address, begun, seen }
    }
}

impl From<Present> for ShownMessenger {
    fn from(present: Present) -> Self {
        Self {
            dialect: present.dialect,
            from: present.from.to_string(),
            since: clock::written(present.since),
            status: home::word(present.status),
        }
    }
}

/// Answers `GET /sessions`.
pub(crate) async fn show(seat: Seat) -> Response {
    let (browsers, profile) = (seat.portal.browsers(&seat.visit).await, seat.portal.profile(&seat.visit.owner).await);
    let (browsers, profile) = match (browsers, profile) {
        (Ok(browsers), Ok(profile)) => (browsers, profile),
        (Err(fault), _) | (_, Err(fault)) => return super::faulty(&seat, &fault),
    };
    let page = Sessions {
        frame: Frame::of(&seat, "/sessions", "Sessions"),
        browsers: browsers.into_iter().map(|line| ShownBrowser::of(line, &seat.visit.id)).collect(),
        messenger: profile.present.map(ShownMessenger::from),
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /sessions`: somebody is signed out.
pub(crate) async fn end(Posted { seat, form }: Posted) -> Response {
    let ended = match form.value("action") {
        Some("browser") => {
            let id = form.value("id").unwrap_or_default();
            let ended = seat.portal.end_browser(&seat.visit, id).await;
            if ended.is_ok() && id == seat.visit.id {
                return unseated(&seat.web, Redirect::to(&seat.web.path("/")).into_response());
            }
            ended.map(|()| "That browser is signed out.")
        }
        Some("others") => {
            seat.portal.end_other_browsers(&seat.visit).await.map(|()| "Every other browser is signed out.")
        }
        Some("messenger") => {
            seat.portal.end_messenger(&seat.visit);
            Ok(
                "Messenger is signed out. If it keeps your password it signs in again by itself: another password keeps it out.",
            )
        }
        Some(_) | None => Err(unknown_action()),
    };
    onward(&seat, "/sessions", ended.map(str::to_owned))
}
