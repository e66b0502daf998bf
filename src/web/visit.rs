//! Visits of Messenger users to this server's pages: a cookie in place of the ticket that Messenger posted.
//!
//! A visit lasts as long as its ticket, so that a changed password or a removed account ends it, and an hour at most.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::server::Limit;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Passport;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use crate::{Authority, cookies};

/// What the cookie is called.
const COOKIE: &str = "visit";

/// How long a visit lasts.
const LIFETIME: Duration = Duration::from_hours(1);

/// How many visits are remembered; beyond that, the oldest are forgotten.
const MOST: usize = 10_000;

/// All visits.
#[derive(Default)]
pub(crate) struct Visits(Mutex<HashMap<Hash, Visit>>);

/// Of what the browser shows, so that how long a look takes says nothing about it.
type Hash = [u8; 32];

struct Visit {
    ticket: String,
    until: Instant,
}

impl Visits {
    /// Begins a visit with a ticket; what the browser is to be told.
    pub(crate) fn begin(&self, ticket: &str, secure: bool) -> Option<HeaderValue> {
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let now = Instant::now();
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() >= MOST {
            visits.retain(|_, visit| now < visit.until);
            let oldest = visits.iter().min_by_key(|(_, visit)| visit.until).map(|(hash, _)| *hash);
            if let Some(oldest) = oldest.filter(|_| visits.len() >= MOST) {
                Limit::Browsers.reached("everybody together");
                visits.remove(&oldest);
            }
        }
        visits.insert(Sha256::digest(&token).into(), Visit { ticket: ticket.to_owned(), until: now + LIFETIME });
        let secure = if secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!("{COOKIE}={token}; Path=/messenger; HttpOnly; SameSite=Lax{secure}")).ok()
    }

    /// Who visits.
    pub(crate) fn visitor(&self, headers: &HeaderMap, authority: &(impl Authority + ?Sized)) -> Option<Passport> {
        let token = cookies::shown(headers, COOKIE).next()?;
        let visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash: Hash = Sha256::digest(token).into();
        let visit = visits.get(&hash).filter(|visit| Instant::now() < visit.until)?;
        authority.holder(&visit.ticket)
    }
}
