//! Another password.

use ::server::{Browser, PortalFault};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{
    frame::{self, Frame},
    notes::Note,
    onward,
    seat::{Posted, Seat, seated, unseated},
};

#[derive(Template)]
#[template(path = "portal/password.html")]
struct Shown {
    frame: Frame,
}

/// Answers `GET /password`.
pub(crate) async fn show(seat: Seat) -> Response {
    frame::page(StatusCode::OK, &Shown { frame: Frame::of(&seat, "/password", "Change your password") })
}

/// Answers `POST /password`: the old one, and the new one twice. The browser is signed in anew, everybody else is signed out.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let [old, new, again] = ["old", "new", "again"].map(|name| form.value(name).unwrap_or_default());
    let browser = Browser { agent: &seat.agent, from: seat.from };
    let changed = if new == again {
        seat.portal.change_password(&seat.visit, (old, new), browser).await
    } else {
        Err(PortalFault::Unfit("The new password was not typed the same twice. Nothing was changed.".to_owned()))
    };
    let token = match changed {
        Ok(Some(token)) => token,
        Ok(None) => {
            let says = "Sign in with the new one: everybody was signed out.";
            return unseated(&seat.web, frame::sign_in_anew(&seat.web, "Your password is changed", says));
        }
        Err(fault) => return onward(&seat, "/password", Err(fault)),
    };
    if let Ok(Some(visit)) = seat.portal.visit(&token, seat.from).await {
        let done = "Your password is changed. Messenger and every other browser were signed out.";
        seat.web.notes.keep(&visit.id, Note::Done(done.to_owned()));
    }
    seated(&seat.web, &token, seat.portal.session_lifetime().as_secs(), "/password")
}
