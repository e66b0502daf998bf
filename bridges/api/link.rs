//! One account's puppet on a network.

use async_trait::async_trait;
use domain::{Content, RemoteMessage, Timestamp, contact::RemoteTarget, presence::OwnPresence};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// One account's puppet on a network: a ghost, an own account, an own bot.
#[async_trait]
pub trait Link: Send + Sync + 'static {
    /// Shows the account's presence. Returns at once: the latest value wins, and the bridge sends it within its network's
    /// limits and keeps it alive as long as the account is signed in.
    fn show(&self, presence: OwnPresence);

    /// Shows that the account's user types, or has stopped. Returns at once; may be lost.
    fn typing(&self, to: &RemoteTarget, typing: bool);

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
    },
    /// The user added this person: begin a direct chat if there is none. Done for a person who is already a friend, nothing
    /// happens.
    Befriend,
    /// The user answers a person who added them: let them in.
    Welcome,
    /// The user answers a person who added them: turn them away.
    TurnAway,
    /// The user removed this person from their list. What can still be said between them is the network's affair.
    Unfriend,
}

impl Action {
    /// The kind, for logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Say { .. } => "say",
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
    /// The account was removed: leave every chat, for good.
    Removed,
}
