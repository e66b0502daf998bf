//! Asking Discord, and telling it something: its REST API, version 10 (Discord's developer documentation).
//!
//! Every address is made from the configured base, and no redirection is followed: so a token can reach no other place. serenity's
//! own client is not used for this, for it passes over such a base as soon as it keeps Discord's limits.

mod address;
mod bot;
mod call;
mod cdn;
mod exchange;
mod failure;
mod limits;
mod people;
mod places;
mod saying;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bridge::SectionFault;
use url::Url;

pub(crate) use bot::BotRest;
pub(crate) use cdn::Cdn;
pub(crate) use failure::{RestFailure, code};
pub(crate) use places::Around;
pub(crate) use saying::{Opener, Said, Saying, Upload};

use self::{address::Strikes, limits::Limits};
use crate::{
    configuration::{Settings, Token, certificates},
    model::UserId,
};

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// When so many bots have asked something, the limits of those that are no longer ours are forgotten: anybody may try any token.
const MANY_BOTS: usize = 1_000;
/// Who we say we are, in the form that Discord asks for; the address is one that is nobody's (RFC 2606).
const USER_AGENT: &str = concat!("DiscordBot (https://chrysalis.invalid, ", env!("CARGO_PKG_VERSION"), ")");

/// One HTTP client for all bots, with the limits that belong to this computer's address.
#[derive(Clone)]
pub(crate) struct Rest {
    shared: Arc<Shared>,
}

/// What all bots share.
struct Shared {
    client: reqwest::Client,
    api: Url,
    cdn: Cdn,
    strikes: Mutex<Strikes>,
    /// Those of every bot that has asked something of late.
    limits: Mutex<HashMap<UserId, Arc<Mutex<Limits>>>>,
}

impl Rest {
    /// Makes the client; nothing is asked yet.
    pub(crate) fn new(settings: &Settings) -> Result<Self, SectionFault> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECTING)
            // Tokens go to the configured place and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(path) = &settings.ca_file {
            let bytes = certificates(path)?;
            let bundle =
                reqwest::Certificate::from_pem_bundle(&bytes).ok().filter(|bundle| !bundle.is_empty()).ok_or_else(
                    || SectionFault::new("ca_file", format!("{} holds no certificates in PEM", path.display())),
                )?;
            builder = builder.tls_certs_merge(bundle);
        }
        let client = builder.build().map_err(|fault| {
            SectionFault::new("ca_file", format!("no connection to Discord can be prepared: {fault}"))
        })?;
        let cdn = Cdn::new(client.clone(), settings.cdn_base.clone());
        let shared =
            Shared { client, api: settings.api_base.clone(), cdn, strikes: Mutex::default(), limits: Mutex::default() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Discord as this bot.
    pub(crate) fn of(&self, token: Token) -> BotRest {
        let mut limits = self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.len() >= MANY_BOTS {
            limits.retain(|_, limits| Arc::strong_count(limits) > 1);
        }
        let limits = Arc::clone(limits.entry(token.bot()).or_default());
        BotRest::new(self.clone(), token, limits)
    }

    /// Where pictures and files are.
    pub(crate) fn cdn(&self) -> &Cdn {
        &self.shared.cdn
    }
}
