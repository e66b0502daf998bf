//! Browsers that are signed in. Each shows 256 bits of chance, of which the database has the hash alone; it is signed out when it was not
//! used for some time, and some time after it signed in in any case.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Passport, Timestamp};
use sha2::{Digest, Sha256};
use store::{StoreFault, WebSession};
use tracing::{info, warn};

use super::{Portal, PortalFault};
use crate::{
    administration::{AccountFault, Administration},
    authentication::Proven,
    core::wall,
    figures,
    limit::Limit,
    oversight::Oversight,
};

/// How many browsers may be signed in to one account; the one not used for longest makes way.
const MOST_BROWSERS: u32 = 20;

/// How far what is kept of a browser's last use may lie behind, in milliseconds.
const COARSENESS: u64 = 5 * 60 * 1000;

/// For how long a password that was given counts as given just now, in milliseconds.
const FRESH: u64 = 15 * 60 * 1000;

/// How much is kept of what a browser calls itself, in characters.
const LONGEST_AGENT: usize = 200;

/// A browser at the door.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    /// What it calls itself; empty if nothing.
    pub agent: &'a str,
    /// From where it comes.
    pub from: IpAddr,
}

/// Who sits before a browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Whose account it is signed in to.
    pub owner: Passport,
    /// The account's friendly name.
    pub name: String,
    /// Whether the account's password was given here within the last quarter of an hour.
    pub is_fresh: bool,
    /// Whether it is one of those who run the server.
    pub is_admin: bool,
    /// What it is known by to [`Portal::browsers`]; no secret.
    pub id: String,
}

/// One browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserLine {
    /// What it is known by; no secret.
    pub id: String,
    /// What it calls itself; empty if nothing.
    pub agent: String,
    /// From where it was last seen.
    pub address: String,
    /// When it signed in.
    pub begun: Timestamp,
    /// When it was last seen, within some minutes.
    pub seen: Timestamp,
}

impl From<WebSession> for BrowserLine {
    fn from(WebSession { hash, agent, address, begun, seen, .. }: WebSession) -> Self {
        Self { id: hash, agent, address, begun, seen }
    }
}

impl Portal {
    /// Signs a browser in by the account's password; gives what it has to show from now on.
    pub async fn sign_in(&self, passport: &str, password: &str, browser: Browser<'_>) -> Result<String, PortalFault> {
        let passport = self.whole_address(passport);
        let proven = self.given(&passport, password, browser.from).await?;
        self.begin(&proven, browser).await
    }

    /// Looks whether a password is the account's, which counts.
    async fn given(&self, passport: &str, password: &str, from: IpAddr) -> Result<Proven, PortalFault> {
        let proven = self.core.authentication.prove(&self.core.store, passport, password, from).await;
        figures::count_password(proven.as_ref().err());
        Ok(proven?)
    }

    /// Signs a browser in to an account whose password it has given, unless that was changed meanwhile.
    pub(crate) async fn begin(&self, proven: &Proven, browser: Browser<'_>) -> Result<String, PortalFault> {
        let owner = &proven.owner;
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let now = wall();
        let agent = browser.agent.chars().filter(|each| !each.is_control()).take(LONGEST_AGENT).collect();
        let session = WebSession {
            hash: digest(&token),
            owner: owner.clone(),
            begun: now,
            seen: now,
            proven: now,
            agent,
            address: browser.from.to_string(),
        };
        let ended = self.core.store.begin_web_session(session, &proven.hash, MOST_BROWSERS).await?;
        if ended.ok_or(PortalFault::WrongPassword)? > 0 {
            Limit::Browsers.reached(owner);
        }
        info!(%owner, from = %browser.from, "a browser was signed in");
        Ok(token)
    }

    /// Who sits before the browser that shows this; `None` if it is not signed in, or not any more.
    pub async fn visit(&self, token: &str, from: IpAddr) -> Result<Option<Visit>, PortalFault> {
        let Some(session) = self.core.store.web_session(&digest(token)).await? else { return Ok(None) };
        let now = wall();
        let settings = &self.core.settings.portal;
        let is_over = |since: Timestamp, most: Duration| u128::from(now.since(since)) >= most.as_millis();
        if is_over(session.seen, settings.session_idle) || is_over(session.begun, settings.session_lifetime) {
            self.core.store.end_web_session(&session.owner, &session.hash).await?;
            return Ok(None);
        }
        let Some(name) = self.core.store.account_name(&session.owner).await? else { return Ok(None) };
        let address = from.to_string();
        if now.since(session.seen) >= COARSENESS || session.address != address {
            self.core.store.see_web_session(&session.hash, now, &address).await?;
        }
        Ok(Some(Visit {
            is_fresh: now.since(session.proven) < FRESH,
            is_admin: settings.admins.contains(&session.owner),
            owner: session.owner,
            name,
            id: session.hash,
        }))
    }

    /// The visitor gives their password once more, for what asks for it.
    pub async fn prove(&self, visit: &Visit, password: &str, from: IpAddr) -> Result<(), PortalFault> {
        self.given(visit.owner.as_str(), password, from).await?;
        Ok(self.core.store.prove_web_session(&visit.id, wall()).await?)
    }

    /// Signs a browser out.
    pub async fn sign_out(&self, visit: &Visit) -> Result<(), PortalFault> {
        self.end_browser(visit, &visit.id).await
    }

    /// The browsers that are signed in to the visitor's account, the one that was used last first.
    pub async fn browsers(&self, visit: &Visit) -> Result<Vec<BrowserLine>, PortalFault> {
        Ok(Oversight::of(&self.core).browsers(&visit.owner).await?)
    }

    /// How long a browser stays signed in, however much it is used.
    #[must_use]
    pub fn session_lifetime(&self) -> Duration {
        self.core.settings.portal.session_lifetime
    }

    /// Signs one of the browsers of the visitor's account out.
    pub async fn end_browser(&self, visit: &Visit, id: &str) -> Result<(), PortalFault> {
        Oversight::of(&self.core).end_browser(&visit.owner, id).await?;
        Ok(())
    }

    /// Signs every other browser of the visitor's account out.
    pub async fn end_other_browsers(&self, visit: &Visit) -> Result<(), PortalFault> {
        Ok(self.core.store.end_web_sessions(&visit.owner, Some(&visit.id)).await?)
    }

    /// Signs Messenger out: it has to show the password again, which it may keep.
    pub fn end_messenger(&self, visit: &Visit) {
        Oversight::of(&self.core).end_messenger(&visit.owner);
        info!(owner = %visit.owner, "Messenger was signed out on a page");
    }

    /// Gives the visitor's account another password. Everybody who is signed in to it is signed out; this browser is signed in anew, by
    /// what is given back, or has to sign in where there is nothing: the password is another one in any case.
    pub async fn change_password(
        &self,
        visit: &Visit,
        (old, new): (&str, &str),
        browser: Browser<'_>,
    ) -> Result<Option<String>, PortalFault> {
        super::password::judge(&visit.owner, new).map_err(PortalFault::Unfit)?;
        let proven = self.given(visit.owner.as_str(), old, browser.from).await?;
        let (portal, new) = (self.clone(), new.to_owned());
        let changed = self.to_its_end(async move {
            // Hashes take as much as checks do, and must not be more at once.
            let _permit = portal.core.authentication.hashing().await.ok_or(PortalFault::Unavailable)?;
            let changed = Administration::running(&portal.core).change_password(proven, &new).await;
            changed.map_err(|fault| match fault {
                AccountFault::Invalid(problem) => PortalFault::Unfit(format!("Nothing was changed: {problem}.")),
                AccountFault::Missing(_) | AccountFault::Exists(_) => PortalFault::WrongPassword,
                AccountFault::Store(fault) => {
                    warn!(%fault, "a password cannot be changed");
                    PortalFault::Unavailable
                }
            })
        });
        let changed = changed.await?;
        info!(owner = %visit.owner, "a password was changed on a page");
        Ok(self.begin(&changed, browser).await.ok())
    }

    /// Forgets the browsers that are signed in no more.
    pub(crate) async fn forget_browsers(&self) -> Result<(), StoreFault> {
        let now = wall();
        let settings = &self.core.settings.portal;
        let before =
            |ago: Duration| Timestamp(now.0.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)));
        self.core.store.forget_web_sessions(before(settings.session_idle), before(settings.session_lifetime)).await
    }
}

/// The SHA-256 of a secret, in hexadecimal digits.
pub(crate) fn digest(secret: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(secret.as_bytes()) {
        // Writing into a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
