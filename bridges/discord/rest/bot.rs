//! Discord as one bot, and what concerns the bot itself.

use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{Rest, RestFailure, call::Call, limits::Limits};
use crate::{
    configuration::Token,
    model::{Application, User, UserId},
};

/// New sessions are counted by the day: no wait for them is longer.
const DAY: Duration = Duration::from_hours(24);

/// Discord as one bot. Cheap to clone; all clones keep the same limits.
#[derive(Clone)]
pub(crate) struct BotRest {
    pub(super) rest: Rest,
    pub(super) token: Token,
    pub(super) limits: Arc<Mutex<Limits>>,
    /// Whether Discord has refused the token: nothing more is asked with it then.
    pub(super) unwelcome: Arc<AtomicBool>,
}

/// How a bot may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayInfo {
    /// Where to.
    pub(crate) url: Url,
    /// How many connections Discord wants of a bot in so many guilds; one is all that is made here.
    pub(crate) shards: u32,
    /// How many new sessions are left to it.
    pub(crate) remaining: u32,
    /// When there are all of them again.
    pub(crate) resets_after: Duration,
}

#[derive(Deserialize)]
struct GatewayAnswer {
    url: Url,
    shards: u32,
    session_start_limit: StartLimit,
}

#[derive(Deserialize)]
struct StartLimit {
    remaining: u32,
    /// In milliseconds.
    reset_after: u64,
}

impl BotRest {
    pub(super) fn new(rest: Rest, token: Token, limits: Arc<Mutex<Limits>>) -> Self {
        Self { rest, token, limits, unwelcome: Arc::default() }
    }

    /// Who the bot is, by its token.
    pub(crate) const fn bot(&self) -> UserId {
        self.token.bot()
    }

    /// Where pictures and files are.
    pub(crate) fn cdn(&self) -> &super::Cdn {
        self.rest.cdn()
    }

    /// Who the bot is, by Discord's word: so a token is tried.
    pub(crate) async fn me(&self) -> Result<User, RestFailure> {
        self.ask(Call::get("me", 0, &["users", "@me"])).await
    }

    /// The application that it belongs to.
    pub(crate) async fn application(&self) -> Result<Application, RestFailure> {
        self.ask(Call::get("application", 0, &["applications", "@me"])).await
    }

    /// How it may connect.
    pub(crate) async fn gateway(&self) -> Result<GatewayInfo, RestFailure> {
        let answer: GatewayAnswer = self.ask(Call::get("gateway", 0, &["gateway", "bot"])).await?;
        let StartLimit { remaining, reset_after } = answer.session_start_limit;
        let resets_after = Duration::from_millis(reset_after).min(DAY);
        Ok(GatewayInfo { url: answer.url, shards: answer.shards, remaining, resets_after })
    }

    /// Sends a call, and reads what is answered.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, RestFailure> {
        let answer = self.exchange(&call).await?;
        let read = answer
            .body
            .and_then(|body| serde_json::from_slice(&body).map_err(|fault| format!("it cannot be read: {fault}")));
        read.map_err(|reason| {
            tracing::warn!(bot = %self.bot(), kind = call.route.kind, reason, "discord: an answer that cannot be used");
            if call.repeatable { RestFailure::NotSent { reason } } else { RestFailure::Unknown { reason } }
        })
    }

    /// The same for a list: what cannot be read in it is left out.
    pub(super) async fn list<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, RestFailure> {
        let items: Vec<Value> = self.ask(call).await?;
        Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
    }
}
