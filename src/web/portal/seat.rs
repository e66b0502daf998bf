//! Who sits before a page: cookies, and the proof that a form was posted from a page of ours.
//!
//! A browser that is signed in shows one cookie wherever it comes from, and another, made of the first, only where one of our own pages
//! sends it. What changes something needs both, and a word that stands in our forms alone.

use std::fmt::Write;
use std::net::IpAddr;

use ::server::{Portal, Visit};
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use constant_time_eq::constant_time_eq;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header, request::Parts};
use sha2::{Digest, Sha256};

use super::{frame, paths};
use crate::{
    body, cookies,
    foreign::is_foreign,
    form::Form,
    routes::{Origin, Web},
};

/// The field of a form that shows that it is ours.
pub(crate) const PROOF: &str = "proof";

/// How long a browser that is not signed in may take over a form, in seconds.
const FORM_LIFETIME: u32 = 60 * 60;

/// The longest cookie that is looked at, in bytes.
const LONGEST_COOKIE: usize = 256;

/// What our cookies are for.
#[derive(Debug, Clone, Copy)]
enum Cookie {
    /// Shows who sits there.
    Seat,
    /// Shows that one of our own pages sends it.
    Act,
    /// Holds what the forms of somebody who is not signed in are made of.
    Form,
}

impl Cookie {
    /// Its name. One that goes over TLS alone says so in its name, so that no other host can set it.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Seat, true) => "__Host-chrysalis-seat",
            (Self::Act, true) => "__Host-chrysalis-act",
            (Self::Form, true) => "__Host-chrysalis-form",
            (Self::Seat, false) => "chrysalis-seat",
            (Self::Act, false) => "chrysalis-act",
            (Self::Form, false) => "chrysalis-form",
        }
    }

    fn set(self, web: &Web, value: &str, seconds: u64) -> Option<HeaderValue> {
        let secure = web.is_secure();
        let site = match self {
            Self::Seat => "Lax",
            Self::Act | Self::Form => "Strict",
        };
        let name = self.name(secure);
        let mut cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}");
        if secure {
            // Writing into a text cannot fail.
            let _ = write!(cookie, "; Secure");
        }
        HeaderValue::try_from(cookie).ok()
    }

    fn of(self, web: &Web, headers: &HeaderMap) -> Option<String> {
        let found = cookies::shown(headers, self.name(web.is_secure())).next();
        found.filter(|value| !value.is_empty() && value.len() <= LONGEST_COOKIE).map(str::to_owned)
    }
}

/// A word made of a secret for one use, from which the secret cannot be had.
fn made_of(secret: &str, purpose: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{purpose}\0{secret}")))
}

/// Whether two words are the same; how long it takes says nothing of where they differ.
fn same(one: &str, other: &str) -> bool {
    // Of their hashes, so that it says nothing of their lengths either.
    constant_time_eq(&Sha256::digest(one), &Sha256::digest(other))
}

/// Somebody who is signed in, before a page that shows something.
pub(crate) struct Seat {
    pub(crate) web: Web,
    pub(crate) portal: Portal,
    pub(crate) visit: Visit,
    pub(crate) from: IpAddr,
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// What our forms show.
    pub(crate) proof: String,
    /// The query of the address.
    pub(crate) query: Form,
}

/// Somebody who is signed in, and what they posted from a form of ours.
pub(crate) struct Posted {
    pub(crate) seat: Seat,
    pub(crate) form: Form,
}

/// Somebody who need not be signed in, before the door.
pub(crate) struct Guest {
    pub(crate) web: Web,
    pub(crate) portal: Portal,
    pub(crate) from: IpAddr,
    pub(crate) agent: String,
    /// What our forms show, what it is made of, and whether the browser had that before.
    pub(crate) proof: String,
    secret: String,
    is_known: bool,
    /// Whether somebody is signed in.
    pub(crate) is_seated: bool,
    pub(crate) query: Form,
}

/// Somebody who need not be signed in, and what they posted from a form of ours.
pub(crate) struct GuestPosted {
    pub(crate) guest: Guest,
    pub(crate) form: Form,
}

impl Guest {
    async fn of(web: &Web, parts: &Parts) -> Result<Self, Response> {
        let portal = web.backend.portal().ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
        let from = Origin::of(parts);
        let seat = Cookie::Seat.of(web, &parts.headers);
        let is_seated = match seat {
            Some(token) => portal.visit(&token, from).await.is_ok_and(|visit| visit.is_some()),
            None => false,
        };
        let known = Cookie::Form.of(web, &parts.headers);
        let is_known = known.is_some();
        let secret = known.unwrap_or_else(|| BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        Ok(Self {
            web: web.clone(),
            portal,
            from,
            agent: agent(&parts.headers),
            proof: made_of(&secret, PROOF),
            secret,
            is_known,
            is_seated,
            query: query(parts),
        })
    }

    /// The answer, with the cookie that the browser needs to post the forms in it: also where it has that, so that each form is good for
    /// as long as the first.
    pub(crate) fn greet(&self, mut answer: Response) -> Response {
        if let Some(cookie) = Cookie::Form.set(&self.web, &self.secret, FORM_LIFETIME.into()) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer
    }
}

impl FromRequestParts<Web> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        Self::of(web, parts).await
    }
}

impl FromRequest<Web> for GuestPosted {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let guest = Guest::of(web, &parts).await?;
        let is_foreign = is_foreign(web, &parts.headers, false);
        let (_, bytes) = body::read(Request::from_parts(parts, body)).await?;
        let form = Form::read(&bytes);
        // Without its cookie a form shows what nobody has given it.
        let is_ours = guest.is_known && form.value(PROOF).is_some_and(|proof| same(proof, &guest.proof));
        if is_foreign || !is_ours {
            return Err(guest.greet(frame::not_ours(web)));
        }
        Ok(Self { guest, form })
    }
}

impl Seat {
    async fn of(web: &Web, parts: &Parts) -> Result<(Self, String), Response> {
        let portal = web.backend.portal().ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
        let from = Origin::of(parts);
        let wanted = match parts.method {
            http::Method::GET | http::Method::HEAD => {
                parts.uri.path_and_query().map_or("/home", |wanted| wanted.as_str())
            }
            // Where a form leads there may be nothing to see: its page stands at the first part of the path.
            _ => paths::page_of(parts.uri.path()),
        };
        let Some(token) = Cookie::Seat.of(web, &parts.headers) else { return Err(to_the_door(web, wanted)) };
        let visit = match portal.visit(&token, from).await {
            Ok(Some(visit)) => visit,
            Ok(None) => return Err(to_the_door(web, wanted)),
            Err(fault) => return Err(frame::trouble(web, StatusCode::SERVICE_UNAVAILABLE, &fault.to_string())),
        };
        let seat = Self {
            web: web.clone(),
            portal,
            visit,
            from,
            agent: agent(&parts.headers),
            proof: made_of(&token, PROOF),
            query: query(parts),
        };
        Ok((seat, token))
    }

    /// As [`FromRequest`] for [`Posted`], but for the form itself: that may be of another kind, and is to be looked at with
    /// [`Seat::has_sent`].
    pub(crate) async fn of_post(web: &Web, parts: &Parts) -> Result<Self, Response> {
        let (seat, token) = Self::of(web, parts).await?;
        let act = Cookie::Act.of(web, &parts.headers);
        if is_foreign(web, &parts.headers, false) || !act.is_some_and(|act| same(&act, &made_of(&token, "act"))) {
            return Err(frame::not_ours(web));
        }
        Ok(seat)
    }

    /// Whether a form that shows this is one that was made for this browser.
    pub(crate) fn has_sent(&self, proof: Option<&str>) -> bool {
        proof.is_some_and(|proof| same(proof, &self.proof))
    }
}

impl FromRequestParts<Web> for Seat {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        Ok(Self::of(web, parts).await?.0)
    }
}

impl FromRequest<Web> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let seat = Seat::of_post(web, &parts).await?;
        let (_, bytes) = body::read(Request::from_parts(parts, body)).await?;
        let form = Form::read(&bytes);
        if !seat.has_sent(form.value(PROOF)) {
            return Err(frame::not_ours(web));
        }
        Ok(Self { seat, form })
    }
}

/// Sends a browser that shows this from now on to a page of ours.
pub(crate) fn seated(web: &Web, token: &str, lifetime: u64, path: &str) -> Response {
    let cookies = [(Cookie::Seat, token.to_owned()), (Cookie::Act, made_of(token, "act"))];
    with_cookies(web, cookies, lifetime, Redirect::to(&web.path(path)).into_response())
}

/// Sends a browser that shows nothing any more to a page of ours.
pub(crate) fn unseated(web: &Web, answer: Response) -> Response {
    with_cookies(web, [(Cookie::Seat, String::new()), (Cookie::Act, String::new())], 0, answer)
}

fn with_cookies(web: &Web, cookies: [(Cookie, String); 2], seconds: u64, mut answer: Response) -> Response {
    for (cookie, value) in cookies {
        match cookie.set(web, &value, seconds) {
            Some(cookie) => drop(answer.headers_mut().append(header::SET_COOKIE, cookie)),
            None => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    answer
}

fn to_the_door(web: &Web, wanted: &str) -> Response {
    let wanted = paths::own(wanted).unwrap_or("/home");
    let query: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    Redirect::to(&web.path(&format!("/sign-in?to={query}"))).into_response()
}

fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned()
}

fn query(parts: &Parts) -> Form {
    Form::read(parts.uri.query().unwrap_or_default().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_made_for_one_use_is_none_for_another() {
        assert_ne!(made_of("secret", PROOF), made_of("secret", "act"));
        assert_ne!(made_of("secret", PROOF), made_of("other", PROOF));
        assert!(same(&made_of("secret", PROOF), &made_of("secret", PROOF)) && !same("a", "b") && !same("", "a"));
    }
}
