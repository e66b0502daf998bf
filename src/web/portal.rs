//! The pages for people, in any browser of today, without scripts: their accounts from signing up to leaving, and what those who run the
//! server see. What a browser of Messenger's time shows, is in [`crate::pages`].
//!
//! A form is answered by sending the browser on to a page, which shows what came of it. A page that shows something changes nothing.

mod admin;
mod agent;
mod clock;
mod connect;
mod contacts;
mod data;
mod diagnosis;
mod door;
mod face;
mod frame;
mod home;
mod limits;
mod links;
mod notes;
mod password;
mod paths;
mod person;
mod picture;
mod privacy;
mod profile;
mod rooms;
mod seat;
mod sessions;
mod upkeep;

use ::server::PortalFault;
use axum::{
    Router,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{Guid, Passport};

use crate::{form::Form, routes::Web};
pub(crate) use door::front;
use notes::Note;
pub(crate) use notes::Notes;
use seat::Seat;

/// All of them.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/style.css", get(frame::style))
        .route("/icon.svg", get(frame::icon))
        .route("/sign-in", get(door::sign_in_form).post(door::sign_in))
        .route("/sign-up", get(door::sign_up_form).post(door::sign_up))
        .route("/sign-out", post(door::sign_out))
        .route("/confirm", get(door::confirm_form).post(door::confirm))
        .route("/home", get(home::show).post(home::retry))
        .route("/profile", get(profile::show).post(profile::change))
        .route("/profile/picture", get(picture::show).post(picture::change))
        .route("/profile/picture/remove", post(picture::remove))
        .route("/password", get(password::show).post(password::change))
        .route("/sessions", get(sessions::show).post(sessions::end))
        .route("/contacts", get(contacts::show).post(contacts::change))
        .route("/contacts/person", get(person::show).post(person::change))
        .route("/rooms", get(rooms::show).post(rooms::change))
        .route("/links", get(links::list))
        .route("/links/{network}", get(links::show).post(links::change))
        .route("/links/{network}/back/{token}", get(links::back))
        .route("/privacy", get(privacy::show).post(privacy::change))
        .route("/data", get(data::show))
        .route("/data/export", post(data::export))
        .route("/data/delete", post(data::delete))
        .route("/connect", get(connect::show))
        .route("/doctor", get(diagnosis::show).post(diagnosis::examine))
        .route("/admin", get(admin::show).post(admin::change))
        .route("/admin/account", get(admin::show_account).post(admin::change_account))
}

/// Sends a browser on to a page of ours, which shows what came of what it has posted.
fn onward(seat: &Seat, path: &str, outcome: Result<String, PortalFault>) -> Response {
    let note = match outcome {
        Ok(done) => Note::Done(done),
        Err(fault) => Note::Problem(fault.to_string()),
    };
    told(seat, path, note)
}

/// As [`onward`], with whatever there is to say there.
fn told(seat: &Seat, path: &str, note: Note) -> Response {
    seat.web.notes.keep(&seat.visit.id, note);
    Redirect::to(&seat.web.path(path)).into_response()
}

/// The address that a field of a form holds.
fn passport(form: &Form, name: &str) -> Result<Passport, PortalFault> {
    let written = form.value(name).unwrap_or_default();
    let telephone = written.parse::<domain::Telephone>().ok().map(Passport::from);
    let passport = telephone.or_else(|| written.parse().ok());
    passport.ok_or_else(|| PortalFault::Unfit("That is no address.".to_owned()))
}

/// The id of a group that a field of a form holds.
fn group(form: &Form, name: &str) -> Result<Guid, PortalFault> {
    let group = form.value(name).and_then(|group| group.parse().ok());
    group.ok_or_else(|| PortalFault::Unfit("There is no such group any more.".to_owned()))
}

/// A form that asks for what its page does not do.
fn unknown_action() -> PortalFault {
    PortalFault::Unfit("Nothing was done: the page is not as it was. Look again.".to_owned())
}

/// A page for somebody for whom something could not be read.
fn faulty(seat: &Seat, fault: &PortalFault) -> Response {
    let status = match fault {
        PortalFault::NotAdmin => http::StatusCode::FORBIDDEN,
        PortalFault::Unfit(_) => http::StatusCode::NOT_FOUND,
        PortalFault::WrongPassword | PortalFault::TooOften { .. } | PortalFault::Unavailable => {
            http::StatusCode::SERVICE_UNAVAILABLE
        }
    };
    frame::trouble(&seat.web, status, &fault.to_string())
}

/// As [`unless_fresh`], of a form: what it wanted is not done afterwards, and must not look as if it were.
fn unless_fresh_to_do(seat: &Seat, back: &str) -> Option<Response> {
    let answer = unless_fresh(seat, back)?;
    let note = "Nothing was done yet, as it is a while since you gave your password. Give it, then do it once more.";
    seat.web.notes.keep(&seat.visit.id, Note::Problem(note.to_owned()));
    Some(answer)
}

/// Sends somebody to give their password once more, before what asks for it, unless they have given it just now.
fn unless_fresh(seat: &Seat, back: &str) -> Option<Response> {
    if seat.visit.is_fresh {
        return None;
    }
    let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    Some(Redirect::to(&seat.web.path(&format!("/confirm?to={back}"))).into_response())
}
