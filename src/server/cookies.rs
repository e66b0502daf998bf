//! Cookies: what admits a client to a switchboard, once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Passport;
use msnp::dialect::Dialect;
use session::switchboard::Admission;
use sha2::{Digest, Sha256};

use crate::conversation::ConversationHandle;

/// How long a cookie is good for.
const LIFETIME: Duration = Duration::from_mins(2);

/// How many cookies are baked between two sweeps for stale ones.
const SWEEP: usize = 1024;

/// What a cookie admits.
pub(crate) struct Admits {
    /// Whom.
    pub(crate) admission: Admission,
    /// To which session, by its number, and conversation; `None` for somebody who calls.
    pub(crate) conversation: Option<(u64, ConversationHandle)>,
}

impl Admits {
    /// Somebody who calls.
    pub(crate) fn caller(admission: Admission) -> Self {
        Self { admission, conversation: None }
    }

    /// Somebody who answers a ring.
    pub(crate) fn guest(admission: Admission, conversation: (u64, ConversationHandle)) -> Self {
        Self { admission, conversation: Some(conversation) }
    }
}

/// All cookies that were not used yet.
#[derive(Default)]
pub(crate) struct Cookies(Mutex<HashMap<Hash, (Instant, Admits)>>);

/// Of a cookie, so that how long a look takes says nothing about it.
type Hash = [u8; 32];

impl Cookies {
    /// Makes a cookie.
    pub(crate) fn bake(&self, admits: Admits) -> String {
        let cookie = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>());
        let mut cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cookies.len().is_multiple_of(SWEEP) {
            cookies.retain(|_, (baked, _)| baked.elapsed() < LIFETIME);
        }
        cookies.insert(Sha256::digest(&cookie).into(), (Instant::now(), admits));
        cookie
    }

    /// Uses a cookie up. `session` is what the client says it answers; a caller answers nothing.
    pub(crate) fn redeem(&self, cookie: &str, passport: &str, session: Option<&str>, now: Instant) -> Option<Admits> {
        let hash: Hash = Sha256::digest(cookie).into();
        let (baked, admits) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash)?;
        let owner: Passport = passport.parse().ok()?;
        let meant = admits.conversation.as_ref().map(|(number, _)| number.to_string());
        let fits = owner == admits.admission.passport && meant.as_deref() == session;
        (fits && now.saturating_duration_since(baked) < LIFETIME).then_some(admits)
    }
}

/// Whom a cookie admits: the account as its notification connection knows it.
pub(crate) fn admission(account: &domain::Account, dialect: Dialect, time_zone: Option<String>) -> Admission {
    Admission {
        passport: account.passport().clone(),
        name: account.name().to_owned(),
        capabilities: account.capabilities(),
        dialect,
        time_zone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Admits {
        Admits::caller(Admission {
            passport: "carol@example.com".parse().unwrap(),
            name: "Carol".into(),
            capabilities: 0,
            dialect: Dialect::Msnp12,
            time_zone: None,
        })
    }

    #[test]
    fn a_cookie_admits_its_owner_once() {
        let cookies = Cookies::default();
        let cookie = cookies.bake(caller());
        assert!(cookies.redeem(&cookie, "Carol@Example.com", None, Instant::now()).is_some());
        assert!(cookies.redeem(&cookie, "carol@example.com", None, Instant::now()).is_none(), "used up");
    }

    #[test]
    fn a_cookie_is_good_for_nothing_else() {
        let cookies = Cookies::default();
        let redeem = |passport, session, at| {
            let cookie = cookies.bake(caller());
            cookies.redeem(&cookie, passport, session, at).is_some()
        };
        assert!(!redeem("bob@example.com", None, Instant::now()), "another account");
        assert!(!redeem("carol@example.com", Some("7"), Instant::now()), "a caller's cookie answers no ring");
        assert!(!redeem("carol@example.com", None, Instant::now() + 2 * LIFETIME), "too old");
        assert!(cookies.redeem("x", "carol@example.com", None, Instant::now()).is_none(), "made up");
    }
}
