//! The model: everything the double knows, under one lock.

pub(crate) mod dispatch;
pub(crate) mod keeping;
mod membership;
pub(crate) mod message;
mod permission;
mod places;
pub(crate) mod posting;
pub(crate) mod presence;
mod reacting;
pub(crate) mod records;
pub(crate) mod session;

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::Instant;

pub(crate) use dispatch::{Audience, Event};
pub(crate) use posting::Draft;

use crate::faults::Faults;
use crate::id::Id;
use crate::limits::Buckets;
use crate::rules::Rules;
use crate::tally::Tally;
use message::Message;
use records::{Application, ChannelRecord, GuildRecord, UserRecord, WebhookRecord};
use session::Session;

/// Everything the double knows.
pub(crate) struct World {
    /// Where files are fetched: `http://127.0.0.1:PORT/cdn`.
    pub(crate) cdn: String,
    /// Where the gateway is: `ws://127.0.0.1:PORT/gateway`.
    pub(crate) gateway: String,
    last_id: Id,
    pub(crate) users: BTreeMap<Id, UserRecord>,
    /// By the bot's user.
    pub(crate) applications: BTreeMap<Id, Application>,
    pub(crate) guilds: BTreeMap<Id, GuildRecord>,
    pub(crate) channels: BTreeMap<Id, ChannelRecord>,
    /// By channel.
    pub(crate) messages: BTreeMap<Id, BTreeMap<Id, Message>>,
    pub(crate) webhooks: BTreeMap<Id, WebhookRecord>,
    /// Which message a bot sent with which nonce, by channel.
    pub(crate) nonces: BTreeMap<(Id, Id, String), Id>,
    /// By path below the CDN.
    pub(crate) blobs: BTreeMap<String, Bytes>,
    /// Who typed where, in order.
    pub(crate) typed: Vec<(Id, Id)>,
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) rules: Rules,
    pub(crate) faults: Faults,
    pub(crate) buckets: Buckets,
    pub(crate) tally: Tally,
    /// When the last IDENTIFY of each bot came.
    pub(crate) identified: BTreeMap<Id, Instant>,
}

impl World {
    /// Nobody and nothing, reached at `address`.
    pub(crate) fn new(address: std::net::SocketAddr) -> Self {
        Self {
            cdn: format!("http://{address}/cdn"),
            gateway: format!("ws://{address}/gateway"),
            last_id: Id::new(0),
            users: BTreeMap::new(),
            applications: BTreeMap::new(),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            nonces: BTreeMap::new(),
            blobs: BTreeMap::new(),
            typed: Vec::new(),
            sessions: BTreeMap::new(),
            rules: Rules::default(),
            faults: Faults::default(),
            buckets: Buckets::default(),
            tally: Tally::default(),
            identified: BTreeMap::new(),
        }
    }

    /// An id that nothing has yet.
    pub(crate) fn id(&mut self) -> Id {
        self.last_id = Id::after(self.last_id);
        self.last_id
    }

    /// The bot with this token, which may come with its `Bot ` before it.
    pub(crate) fn bot_of(&self, token: &str) -> Option<Id> {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        self.applications.values().find(|application| application.token == token).map(|application| application.user)
    }

    /// A message of a channel.
    pub(crate) fn message(&self, channel: Id, message: Id) -> Option<&Message> {
        self.messages.get(&channel)?.get(&message)
    }

    /// What somebody is called.
    pub(crate) fn username(&self, user: Id) -> &str {
        self.users.get(&user).map_or("", |user| user.username.as_str())
    }
}
