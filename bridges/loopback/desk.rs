//! What the network remembers of one account.

use std::collections::VecDeque;

use bridge::{Arrival, Host, Order, Write};
use domain::{
    Content, Passport, RemoteMessage, RemoteUser, contact::RemoteTarget, content::first_words, presence::OwnPresence,
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    echo::{self, Mood},
    room,
};

/// Where errands are kept until they are done.
pub(crate) const WAITING: &str = "waiting/";

/// How much may wait for an answer, for one account; until some of it is answered, further texts are put off.
pub(crate) const MOST_WAITING: usize = 200;

/// How much of what was heard is remembered, for one account.
const MEMORY: usize = 100;

/// Something that was said on the network and is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errand {
    /// Orders errands, over restarts too.
    pub(crate) sequence: u64,
    pub(crate) owner: Passport,
    /// The order that brought it; the answer's id is made of it.
    pub(crate) order: String,
    /// Where it was said; what an earlier version kept was said to Echo.
    #[serde(default = "echo::place")]
    pub(crate) place: RemoteTarget,
    pub(crate) told: Content,
    /// The message that it answers.
    #[serde(default)]
    pub(crate) answers: Option<RemoteMessage>,
    /// The accounts that have heard it from Messenger.
    #[serde(default)]
    pub(crate) heard: Vec<Passport>,
}

impl Errand {
    /// Under which it is kept; sorts by sequence.
    pub(crate) fn key(&self) -> String {
        format!("{WAITING}{:020}", self.sequence)
    }

    /// How it is kept.
    pub(crate) fn written(&self) -> Result<Write, serde_json::Error> {
        Ok(Write::Put(self.key(), serde_json::to_string(self)?))
    }

    /// Who is seen typing before the answer comes.
    pub(crate) fn typist(&self) -> RemoteUser {
        match self.place {
            RemoteTarget::Person(_) => echo::user(),
            RemoteTarget::Room(_) => room::typist(&self.told).user(),
        }
    }
}

/// One account's place on the network. An account that was never opened, or is closed, has no link.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) open: bool,
    /// How Echo shows themselves to the account.
    pub(crate) mood: Mood,
    /// What has to be answered, oldest first; the first is being answered.
    pub(crate) errands: VecDeque<Errand>,
    /// Ends the task that answers; there is none while it is `None`.
    pub(crate) worker: Option<CancellationToken>,
    /// What was heard last, in the room too, oldest first, with the orders that brought it.
    heard: VecDeque<(String, Content)>,
    /// What was answered by what was heard last.
    pub(crate) answered: Option<RemoteMessage>,
    /// How much was heard before that.
    pub(crate) forgotten: usize,
    /// What was said to the account last, oldest first: the ids, and the first words.
    said: VecDeque<(RemoteMessage, String)>,
    /// What of that the account has seen last.
    pub(crate) read: Option<RemoteMessage>,
    /// The signs that were put on what was heard last.
    pub(crate) signs: Vec<RemoteMessage>,
    /// What Echo sees of the account.
    pub(crate) sees: Option<OwnPresence>,
    /// Whether Echo sees the account type.
    pub(crate) sees_typing: bool,
}

impl Desk {
    /// Whether this order was carried out already, as far back as is remembered. The answer of an older one has an id that
    /// the host knows, so at worst somebody types in vain.
    pub(crate) fn knows(&self, order: &Order) -> bool {
        self.heard.iter().any(|(key, _)| *key == order.key) || self.errands.iter().any(|each| each.order == order.key)
    }

    pub(crate) fn hear(&mut self, errand: Errand) {
        if self.heard.len() == MEMORY {
            self.heard.pop_front();
            self.forgotten += 1;
        }
        self.heard.push_back((errand.order.clone(), errand.told.clone()));
        self.answered.clone_from(&errand.answers);
        self.errands.push_back(errand);
    }

    /// Remembers what of this was handed in for the account.
    pub(crate) fn note(&mut self, arrivals: &[Arrival], owner: &Passport) {
        let arrivals: Vec<&Arrival> = arrivals.iter().filter(|arrival| arrival.owner() == owner).collect();
        let signs = |arrival: &Arrival| {
            let Arrival::Reaction { id, .. } = arrival else { return None };
            Some(id.clone())
        };
        let put: Vec<RemoteMessage> = arrivals.iter().copied().filter_map(signs).collect();
        let taken =
            arrivals.iter().any(|arrival| matches!(arrival, Arrival::Removal { of, .. } if self.signs.contains(of)));
        if taken || !put.is_empty() {
            self.signs = put;
        }
        for arrival in arrivals {
            let Arrival::Message { id, content, .. } = arrival else { continue };
            if self.said.len() == MEMORY {
                self.said.pop_front();
            }
            self.said.push_back((id.clone(), first_words(content)));
        }
    }

    /// The first words of what the account has seen last.
    pub(crate) fn read_words(&self) -> Option<&str> {
        let read = self.read.as_ref()?;
        self.said.iter().find(|(id, _)| id == read).map(|(_, words)| words.as_str())
    }

    /// What is remembered of what was heard.
    pub(crate) fn heard(&self) -> Vec<Content> {
        self.heard.iter().map(|(_, content)| content.clone()).collect()
    }

    /// The errands that `host` kept, oldest first. One that cannot be read is passed over, so that it stops no other.
    pub(crate) async fn kept(host: &dyn Host) -> Result<Vec<Errand>, bridge::HostFault> {
        let values = host.list(WAITING).await?;
        let errands = values.iter().filter_map(|(key, value)| match serde_json::from_str(value) {
            Ok(errand) => Some(errand),
            Err(fault) => {
                tracing::warn!(key, line = fault.line(), column = fault.column(), "an errand of Echo's is unreadable");
                None
            }
        });
        Ok(errands.collect())
    }
}
