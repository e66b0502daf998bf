//! The pages that Messenger opens for its user: plain HTML 4 without scripts, as the Internet Explorer of the time shows it.
//!
//! Messenger asks its notification server for their addresses (`URL`), then has a browser post its sign-in ticket to the login page,
//! which sends the browser on. Whoever comes without is told how to come.

use std::net::IpAddr;

use ::server::{Glance, PasswordFault, Refusal};
use askama::Template;
use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::Passport;
use http::{HeaderMap, Request, StatusCode, Uri, header};

use crate::{
    body,
    form::Form,
    page::Made,
    routes::{Origin, Web},
};

/// Who looks at a page.
struct Visitor {
    passport: Passport,
    name: String,
}

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    visitor: Option<Visitor>,
    /// What waits for the visitor, where that is known.
    glance: Option<Glance>,
    about: String,
    account: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox;

#[derive(Template)]
#[template(path = "compose.html")]
struct Compose {
    /// Whom Messenger's user meant to write to, if it said.
    to: Option<String>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile {
    visitor: Visitor,
    account: String,
}

#[derive(Template)]
#[template(path = "password.html")]
struct Password {
    passport: Passport,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "password_changed.html")]
struct PasswordChanged;

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    problem: Option<&'static str>,
}

/// Answers `GET /messenger/today`, the window that Messenger shows when it has signed in.
pub(crate) async fn today(State(web): State<Web>, headers: HeaderMap) -> Response {
    let visitor = visitor(&web, &headers).await;
    let glance = match (&visitor, web.backend.portal()) {
        (Some(visitor), Some(portal)) => portal.glance(&visitor.passport).await.ok(),
        (Some(_), None) | (None, _) => None,
    };
    page(StatusCode::OK, &Today { visitor, glance, about: web.address("/"), account: web.address("/home") })
}

/// Answers `GET /messenger/inbox`.
pub(crate) async fn inbox() -> Response {
    page(StatusCode::OK, &Inbox)
}

/// Answers `GET /messenger/compose`; `to` may name somebody.
pub(crate) async fn compose(uri: Uri) -> Response {
    let to = Form::read(uri.query().unwrap_or_default().as_bytes()).value("to").map(str::to_owned);
    page(StatusCode::OK, &Compose { to })
}

/// Answers `GET /messenger/profile`.
pub(crate) async fn profile(State(web): State<Web>, headers: HeaderMap) -> Response {
    match visitor(&web, &headers).await {
        Some(visitor) => page(StatusCode::OK, &Profile { visitor, account: web.address("/profile") }),
        None => unknown(None),
    }
}

/// Answers `GET /messenger/password`.
pub(crate) async fn password(State(web): State<Web>, headers: HeaderMap) -> Response {
    match visitor(&web, &headers).await {
        Some(Visitor { passport, .. }) => page(StatusCode::OK, &Password { passport, problem: None }),
        None => unknown(None),
    }
}

/// Answers `POST /messenger/password`: the old password, and the new one twice.
pub(crate) async fn change_password(
    State(web): State<Web>,
    Extension(Origin(from)): Extension<Origin>,
    request: Request<Body>,
) -> Response {
    let (headers, form) = match body::read(request).await {
        Ok((headers, body)) => (headers, Form::read(&body)),
        Err(answer) => return answer,
    };
    let Some(Visitor { passport, .. }) = visitor(&web, &headers).await else { return unknown(None) };
    match changed(&web, &passport, &form, from).await {
        Ok(()) => page(StatusCode::OK, &PasswordChanged),
        Err(problem) => page(StatusCode::OK, &Password { passport, problem: Some(problem) }),
    }
}

async fn changed(web: &Web, passport: &Passport, form: &Form, from: IpAddr) -> Result<(), String> {
    let [old, new, again] = ["old", "new", "again"].map(|name| form.value(name).unwrap_or_default());
    if new != again {
        return Err("The new password was not typed the same twice. Nothing was changed.".to_owned());
    }
    web.backend.change_password(passport, old, new, from).await.map_err(|fault| match fault {
        PasswordFault::Invalid(problem) => format!("Nothing was changed: {problem}."),
        PasswordFault::Refused(Refusal::WrongCredentials) => {
            "That is not your password now. Nothing was changed.".to_owned()
        }
        PasswordFault::Refused(Refusal::TooManyAttempts { retry_after }) => {
            let minutes = retry_after.as_secs().div_ceil(60);
            format!("There were too many wrong passwords. Nothing was changed; try again in {minutes} minutes.")
        }
        PasswordFault::Refused(Refusal::Unavailable) => {
            "The server cannot do that now. Nothing was changed; try again later.".to_owned()
        }
    })
}

/// Answers `GET /messenger/login`.
pub(crate) async fn login() -> Response {
    page(StatusCode::OK, &Login { problem: None })
}

/// Answers `POST /messenger/login`: what a Messenger that was asked for a page makes its browser post. The ticket stands in `auth`;
/// the page that was asked for, in `rru` or `ru`.
pub(crate) async fn sign_in(State(web): State<Web>, request: Request<Body>) -> Response {
    let form = match body::read(request).await {
        Ok((_, body)) => Form::read(&body),
        Err(answer) => return answer,
    };
    let ticket = form.value("auth").map(bare_ticket).unwrap_or_default();
    if web.backend.holder(ticket).is_none() {
        return unknown(Some("The sign-in that Messenger sent is no longer good."));
    }
    let wanted = form.value("rru").or_else(|| form.value("ru")).unwrap_or_default();
    let path = own_page(&web, wanted).unwrap_or("/messenger/today");
    let Some(cookie) = web.visits.begin(ticket, web.public_url.scheme() == "https") else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to(&web.address(path))).into_response()
}

/// One ticket arrives in several dresses: bare, `t=TICKET`, `t=TICKET&p=PROFILE`.
fn bare_ticket(dressed: &str) -> &str {
    let undressed = dressed.strip_prefix("t=").unwrap_or(dressed);
    undressed.split('&').next().unwrap_or(undressed)
}

/// The page that was asked for, with what follows its `?`, if it is one of ours: nobody is sent anywhere else from here.
fn own_page<'a>(web: &Web, wanted: &'a str) -> Option<&'a str> {
    const PAGES: [&str; 5] = ["today", "inbox", "compose", "profile", "password"];
    let relative = wanted.strip_prefix(web.public_url.as_str().trim_end_matches('/')).unwrap_or(wanted);
    let name = relative.strip_prefix("/messenger/")?.split('?').next()?;
    (PAGES.contains(&name) && relative.bytes().all(|byte| byte.is_ascii_graphic())).then_some(relative)
}

async fn visitor(web: &Web, headers: &HeaderMap) -> Option<Visitor> {
    let passport = web.visits.visitor(headers, &*web.backend)?;
    let name = web.backend.account_name(&passport).await?;
    Some(Visitor { passport, name })
}

/// Says how to come.
fn unknown(problem: Option<&'static str>) -> Response {
    page(StatusCode::FORBIDDEN, &Login { problem })
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    crate::page::page(Made::ForMessenger, status, template)
}
