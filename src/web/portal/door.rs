//! The door: what this server is, signing in, signing up, signing out, and giving the password once more.

use ::server::{Browser, NewAccount, PortalFault, SignUpPolicy};
use askama::Template;
use axum::{
    extract::{FromRequestParts, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header};

use super::{
    frame::{self, Frame},
    paths,
    seat::{Guest, GuestPosted, Posted, Seat, seated, unseated},
};
use crate::routes::Web;

#[derive(Template)]
#[template(path = "portal/front.html")]
struct Front {
    frame: Frame,
    /// Where clients sign in.
    url: String,
    /// Whether there are pages for people at all.
    has_pages: bool,
    signs_up: bool,
    is_seated: bool,
}

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct SignIn {
    frame: Frame,
    domain: String,
    passport: String,
    to: String,
    signs_up: bool,
}

#[derive(Template)]
#[template(path = "portal/sign_up.html")]
struct SignUp {
    frame: Frame,
    domain: String,
    is_closed: bool,
    wants_invite: bool,
    passport: String,
    name: String,
    invite: String,
}

#[derive(Template)]
#[template(path = "portal/confirm.html")]
struct Confirm {
    frame: Frame,
    to: String,
}

/// Answers `GET /`: what this server is, and how one comes in.
pub(crate) async fn front(State(web): State<Web>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let guest = Guest::from_request_parts(&mut parts, &web).await.ok();
    let url = web.public_url.as_str().trim_end_matches('/').to_owned();
    frame::page(
        StatusCode::OK,
        &Front {
            frame: Frame::bare(&web, "Chrysalis"),
            url,
            has_pages: guest.is_some(),
            signs_up: guest.as_ref().is_some_and(|guest| guest.portal.sign_up_policy() != SignUpPolicy::Closed),
            is_seated: guest.is_some_and(|guest| guest.is_seated),
        },
    )
}

/// Answers `GET /sign-in`; `to` is where somebody wanted to go.
pub(crate) async fn sign_in_form(guest: Guest) -> Response {
    let to = wanted(guest.query.value("to"));
    if guest.is_seated {
        return Redirect::to(&guest.web.path(&to)).into_response();
    }
    let passport = guest.query.value("address").unwrap_or_default().to_owned();
    door(&guest, StatusCode::OK, (passport, to), None)
}

/// Answers `POST /sign-in`.
pub(crate) async fn sign_in(GuestPosted { guest, form }: GuestPosted) -> Response {
    let [passport, password] = ["address", "password"].map(|name| form.value(name).unwrap_or_default());
    let browser = Browser { agent: &guest.agent, from: guest.from };
    let to = wanted(form.value("to"));
    match guest.portal.sign_in(passport, password, browser).await {
        Ok(token) => seated(&guest.web, &token, guest.portal.session_lifetime().as_secs(), &to),
        Err(fault) => refused(&fault, door(&guest, status(&fault), (passport.to_owned(), to), Some(fault.to_string()))),
    }
}

fn door(guest: &Guest, status: StatusCode, (passport, to): (String, String), problem: Option<String>) -> Response {
    let page = SignIn {
        frame: Frame::before_the_door(guest, "Sign in", problem),
        domain: guest.portal.domain().to_owned(),
        passport,
        to,
        signs_up: guest.portal.sign_up_policy() != SignUpPolicy::Closed,
    };
    guest.greet(frame::page(status, &page))
}

/// Answers `GET /sign-up`. A code is typed there: in an address it would stand in histories and logs.
pub(crate) async fn sign_up_form(guest: Guest) -> Response {
    if guest.is_seated {
        return Redirect::to(&guest.web.path("/home")).into_response();
    }
    let page = sign_up_page(&guest, <[String; 3]>::default(), None);
    guest.greet(frame::page(StatusCode::OK, &page))
}

/// Answers `POST /sign-up`.
pub(crate) async fn sign_up(GuestPosted { guest, form }: GuestPosted) -> Response {
    let value = |name: &str| form.value(name).unwrap_or_default();
    let wanted = NewAccount {
        passport: value("address"),
        name: value("name"),
        password: value("password"),
        invite: value("invite"),
    };
    let browser = Browser { agent: &guest.agent, from: guest.from };
    let made = if wanted.password == value("again") {
        guest.portal.sign_up(wanted, browser).await
    } else {
        Err(PortalFault::Unfit("The password was not typed the same twice.".to_owned()))
    };
    match made {
        Ok(Some(token)) => seated(&guest.web, &token, guest.portal.session_lifetime().as_secs(), "/home"),
        Ok(None) => frame::sign_in_anew(&guest.web, "Your account is made", "Sign in with its address and password."),
        Err(fault) => {
            let typed = [wanted.passport, wanted.name, wanted.invite].map(str::to_owned);
            let page = sign_up_page(&guest, typed, Some(fault.to_string()));
            refused(&fault, guest.greet(frame::page(status(&fault), &page)))
        }
    }
}

fn sign_up_page(guest: &Guest, [passport, name, invite]: [String; 3], problem: Option<String>) -> SignUp {
    let policy = guest.portal.sign_up_policy();
    SignUp {
        frame: Frame::before_the_door(guest, "Sign up", problem),
        domain: guest.portal.domain().to_owned(),
        is_closed: policy == SignUpPolicy::Closed,
        wants_invite: policy == SignUpPolicy::Invite,
        passport,
        name,
        invite,
    }
}

/// Answers `POST /sign-out`.
pub(crate) async fn sign_out(Posted { seat, .. }: Posted) -> Response {
    match seat.portal.sign_out(&seat.visit).await {
        Ok(()) => unseated(&seat.web, Redirect::to(&seat.web.path("/")).into_response()),
        Err(fault) => super::faulty(&seat, &fault),
    }
}

/// Answers `GET /confirm`: the password once more, before `to`.
pub(crate) async fn confirm_form(seat: Seat) -> Response {
    let to = wanted(seat.query.value("to"));
    let frame = Frame::of(&seat, "", "Your password, once more");
    frame::page(StatusCode::OK, &Confirm { frame, to })
}

/// Answers `POST /confirm`.
pub(crate) async fn confirm(Posted { seat, form }: Posted) -> Response {
    let to = wanted(form.value("to"));
    match seat.portal.prove(&seat.visit, form.value("password").unwrap_or_default(), seat.from).await {
        Ok(()) => Redirect::to(&seat.web.path(&to)).into_response(),
        Err(fault) => {
            let mut frame = Frame::of(&seat, "", "Your password, once more");
            frame.problem = Some(fault.to_string());
            refused(&fault, frame::page(status(&fault), &Confirm { frame, to }))
        }
    }
}

fn wanted(to: Option<&str>) -> String {
    to.and_then(paths::own).unwrap_or("/home").to_owned()
}

fn status(fault: &PortalFault) -> StatusCode {
    match fault {
        PortalFault::WrongPassword | PortalFault::NotAdmin => StatusCode::FORBIDDEN,
        PortalFault::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
        PortalFault::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PortalFault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The answer, with how long to wait where that is known.
fn refused(fault: &PortalFault, answer: Response) -> Response {
    match fault {
        PortalFault::TooOften { retry_after } => {
            ([(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())], answer).into_response()
        }
        PortalFault::WrongPassword | PortalFault::NotAdmin | PortalFault::Unfit(_) | PortalFault::Unavailable => answer,
    }
}
