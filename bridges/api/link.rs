//! One account's puppet on a network.

use async_trait::async_trait;
use domain::{
    Content, Passport, RemoteMessage, RemoteRoom, RemoteUser, Timestamp, contact::RemoteTarget, presence::OwnPresence,
};
use serde::{Deserialize, Serialize};

use crate::{Failure, network::Found};

/// One account's puppet on a network: a ghost, an own account, an own bot.
#[async_trait]
pub trait Link: Send + Sync + 'static {
    /// Shows the account's presence. Returns at once: the latest value wins, and the bridge sends it within its network's
    /// limits and keeps it alive as long as the account is signed in.
    fn show(&self, presence: OwnPresence);

    /// Shows that the account's user types, or has stopped. Returns at once; may be lost.
    fn typing(&self, to: &RemoteTarget, typing: bool);

    /// The account's user has been shown this message, and so all before it in the same place. Returns at once; may be lost.
    fn read(&self, _place: &RemoteTarget, _message: &RemoteMessage) {}

    /// People and rooms of the network that these words may mean, as far as the account may see them; the likeliest first.
    async fn search(&self, _words: &str) -> Result<Vec<Found>, Failure> {
        Err(Failure::Unsupported { reason: "this network cannot be searched".into() })
    }

    /// Asks somebody into a room that the account is in.
    async fn invite(&self, _room: &RemoteRoom, _user: &RemoteUser) -> Result<(), Failure> {
        Err(Failure::Unsupported { reason: "nobody can be asked into rooms of this network".into() })
    }

    /// What a room is about; with `Some`, it is that from now on.
    async fn topic(&self, _room: &RemoteRoom, _topic: Option<&str>) -> Result<String, Failure> {
        Err(Failure::Unsupported { reason: "rooms of this network have no topic".into() })
    }

    /// Does what `order` says. Called for one conversation at a time in order, and again with the same order when it failed
    /// in passing or its outcome is not known: the bridge makes sure that it is done once.
    async fn deliver(&self, order: &Order) -> Result<Receipt, Failure>;

    /// Ends the link.
    async fn close(&self, farewell: Farewell);
}

/// Something to be done on a network, stored until it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Unique in this installation, and the same at every attempt: what a network's own deduplication is fed with.
    pub key: String,
    /// How often it has been tried before: from 1 on, an earlier attempt may have succeeded without our knowing.
    pub attempt: u32,
    /// Whom or what it concerns.
    pub to: RemoteTarget,
    /// What to do.
    pub action: Action,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Say something, already fitted to the network's [`crate::Features`].
    Say {
        /// What.
        content: Content,
        /// When the user said it.
        sent: Timestamp,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<RemoteMessage>,
        /// The accounts that Messenger has given it to already. Where they are in the room as well, it is not handed in for them
        /// again, whenever it comes back; so it has to be written on the message itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        heard: Vec<Passport>,
    },
    /// Have a room for a gathering: a group conversation of accounts and of people of the network. It is ordered to a room whose
    /// id this program has made ([`domain::conversation::is_gathering`]); which room of the network that is only the bridge
    /// knows. It is made once, whoever orders it, and under the name of the first order. The people are asked in, the accounts
    /// are in it. Ordered again, more may come in, and nobody leaves.
    ///
    /// What others say there is handed in for each account in it, with the gathering as its place, what other accounts say
    /// included. It stands on nobody's list: nothing else is told of it. [`Action::Unfriend`] takes the account out.
    ///
    /// Ordered only where [`crate::Features::gathers`].
    Gather {
        /// The people of the network.
        people: Vec<RemoteUser>,
        /// The accounts, the one that orders it among them.
        accounts: Vec<Passport>,
        /// What the room is called.
        name: String,
    },
    /// The user added this person: begin a direct chat if there is none. Done for a person who is already a friend, nothing
    /// happens. A room: go into it.
    Befriend,
    /// The user answers a person who added them, or an invitation to a room: let them in, or go in.
    Welcome,
    /// The user answers a person who added them, or an invitation to a room: turn them away, or stay away.
    TurnAway,
    /// The user removed this person from their list. What can still be said between them is the network's affair. A room: leave
    /// it.
    Unfriend,
}

impl Action {
    /// The kind, for logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Say { .. } => "say",
            Self::Gather { .. } => "gather",
            Self::Befriend => "befriend",
            Self::Welcome => "welcome",
            Self::TurnAway => "turn away",
            Self::Unfriend => "unfriend",
        }
    }
}

/// Proof that an order was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The network's ids of what was sent, part by part; empty for actions that send nothing.
    pub messages: Vec<RemoteMessage>,
}

/// Why a link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// The program stops; the link opens again at the next start.
    Stopping,
    /// The account was removed: leave every chat, for good, and forget what was kept for it, a link of its own included. Where it was
    /// removed while the network was off, or no server ran, its link is opened at the next start for this alone.
    Removed,
}
