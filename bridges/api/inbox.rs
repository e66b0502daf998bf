//! What a bridge brings in, and the one door it comes through.

use async_trait::async_trait;
use domain::{Content, Passport, RemoteMessage, RemoteRoom, RemoteUser, Timestamp, contact::RemoteTarget};

use crate::{HostFault, Write};

/// The door through which everything that must not be lost comes in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Commits `batch` in one transaction: its arrivals, and the bridge's own writes (cursors, transaction ids). When it
    /// returns, the batch survives a crash, and the network may be told "received". A message whose id is already known for
    /// that account is left out, so that a batch can be handed in again.
    async fn accept(&self, batch: Batch) -> Result<Accepted, HostFault>;
}

/// What belongs together: committed whole, or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What arrived, oldest first.
    pub arrivals: Vec<Arrival>,
    /// What the bridge wants to remember of it.
    pub writes: Vec<Write>,
}

/// Something that arrived for an account.
#[allow(clippy::large_enum_variant, reason = "most arrivals are messages: nothing is gained by boxing them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Somebody said something.
    Message {
        /// For whom.
        owner: Passport,
        /// Where: with a person alone, or in a room.
        place: RemoteTarget,
        /// By whom.
        author: RemoteProfile,
        /// The network's id of the message; the same id is taken once for each owner.
        id: RemoteMessage,
        /// When it was said.
        sent: Timestamp,
        /// What was said.
        content: Content,
    },
    /// Somebody wants to be the account's contact. Answered by [`crate::Action::Welcome`] or [`crate::Action::TurnAway`].
    Invitation {
        /// Who is wanted.
        owner: Passport,
        /// Who wants.
        from: RemoteProfile,
    },
    /// Somebody is the account's contact on the network already: they belong on its list, allowed, without a question.
    Friend {
        /// Whose contact.
        owner: Passport,
        /// Who.
        who: RemoteProfile,
    },
    /// Somebody who wanted to be a contact no longer does, or a contact has ended the chat.
    Withdrawal {
        /// Whose contact.
        owner: Passport,
        /// Who.
        from: RemoteUser,
    },
}

impl Arrival {
    /// Whom it is for.
    #[must_use]
    pub const fn owner(&self) -> &Passport {
        match self {
            Self::Message { owner, .. }
            | Self::Invitation { owner, .. }
            | Self::Friend { owner, .. }
            | Self::Withdrawal { owner, .. } => owner,
        }
    }
}

/// A person of the network, as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteProfile {
    /// Their id.
    pub user: RemoteUser,
    /// The name they show; empty if none.
    pub name: String,
    /// The readable name their address is made of (a login, a localpart).
    pub login: String,
    /// The server they are of, on networks that have several.
    pub server: Option<String>,
}

/// A room of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomProfile {
    /// Its id.
    pub room: RemoteRoom,
    /// The name it shows; empty if none.
    pub name: String,
    /// The readable name its address is made of.
    pub login: String,
    /// The server it is of, on networks that have several.
    pub server: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// How many arrivals were new.
    pub fresh: usize,
    /// How many were known already, or for an account that is not here, and were left out.
    pub left_out: usize,
}
