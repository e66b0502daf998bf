//! What a bridge brings in, and the one door it comes through.

use async_trait::async_trait;
use domain::{
    Content, Passport, RemoteMessage, RemoteRoom, RemoteUser, Timestamp,
    contact::RemoteTarget,
    content::{Quote, bounded_name, bounded_topic},
};

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
        /// What it answers, if it says so.
        reply: Option<Reply>,
        /// Whether it speaks to the account in particular: a mention, or an answer to what the account said. What is said with
        /// a person alone always does.
        addressed: bool,
    },
    /// Somebody changed what they had said.
    Edit {
        /// For whom.
        owner: Passport,
        /// Where.
        place: RemoteTarget,
        /// By whom. A change of what somebody else said is left out.
        author: RemoteProfile,
        /// The network's id of the change; the same id is taken once for each owner.
        id: RemoteMessage,
        /// The message that was changed; it need not be known.
        of: RemoteMessage,
        /// When it was changed.
        sent: Timestamp,
        /// What the message says now. Where that is what it said before, nothing is shown.
        content: Content,
    },
    /// Somebody put a sign on a message. Several that come together become one line.
    Reaction {
        /// For whom.
        owner: Passport,
        /// Where.
        place: RemoteTarget,
        /// By whom.
        author: RemoteProfile,
        /// The network's id of the reaction, or one that the bridge makes of what it consists of: it can be taken back by it.
        id: RemoteMessage,
        /// The message that it is on; it need not be known.
        to: RemoteMessage,
        /// When.
        sent: Timestamp,
        /// The sign: an emoji, or `:name:`.
        sign: String,
    },
    /// A message was deleted, or a reaction taken back. What is not known is passed over.
    Removal {
        /// For whom.
        owner: Passport,
        /// Where.
        place: RemoteTarget,
        /// By whom.
        author: RemoteProfile,
        /// The network's id of the removal, or one that the bridge makes; the same id is taken once for each owner.
        id: RemoteMessage,
        /// The message or the reaction.
        of: RemoteMessage,
        /// When.
        sent: Timestamp,
    },
    /// The account is in a room: it belongs on its list, without a question.
    Room {
        /// Whose.
        owner: Passport,
        /// Which.
        room: RoomProfile,
        /// The group of the list that it belongs in, as [`Arrival::Friend`] says of people.
        group: Option<String>,
    },
    /// Somebody asks the account into a room. Answered by [`crate::Action::Welcome`] or [`crate::Action::TurnAway`] to the room.
    RoomInvitation {
        /// Who is wanted.
        owner: Passport,
        /// Where.
        room: RoomProfile,
        /// Who wants.
        from: RemoteProfile,
    },
    /// The account is not in a room any more, other than by its own order, or an invitation to it was taken back.
    RoomLost {
        /// Whose.
        owner: Passport,
        /// Which.
        room: RemoteRoom,
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
        /// The group of the list that they belong in, made if there is none of that name; where no more groups can be made, they
        /// are in none. Heeded only when they come onto the list: the user may put them elsewhere.
        group: Option<String>,
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
            | Self::Edit { owner, .. }
            | Self::Reaction { owner, .. }
            | Self::Removal { owner, .. }
            | Self::Room { owner, .. }
            | Self::RoomInvitation { owner, .. }
            | Self::RoomLost { owner, .. }
            | Self::Invitation { owner, .. }
            | Self::Friend { owner, .. }
            | Self::Withdrawal { owner, .. } => owner,
        }
    }

    /// With names and topics that can be kept and shown: a network may let people be called anything.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        match &mut self {
            Self::Message { author: person, .. }
            | Self::Edit { author: person, .. }
            | Self::Reaction { author: person, .. }
            | Self::Removal { author: person, .. }
            | Self::Invitation { from: person, .. } => person.bound(),
            Self::Friend { who, group, .. } => {
                who.bound();
                bound_group(group);
            }
            Self::RoomInvitation { room, from, .. } => {
                room.bound();
                from.bound();
            }
            Self::Room { room, group, .. } => {
                room.bound();
                bound_group(group);
            }
            Self::RoomLost { .. } | Self::Withdrawal { .. } => {}
        }
        self
    }

    /// The id under which it is taken once; `None` for what may be told again.
    #[must_use]
    pub const fn id(&self) -> Option<&RemoteMessage> {
        match self {
            Self::Message { id, .. } | Self::Edit { id, .. } | Self::Reaction { id, .. } | Self::Removal { id, .. } => {
                Some(id)
            }
            Self::Room { .. }
            | Self::RoomInvitation { .. }
            | Self::RoomLost { .. }
            | Self::Invitation { .. }
            | Self::Friend { .. }
            | Self::Withdrawal { .. } => None,
        }
    }
}

/// The longest name of a group in bytes, percent-encoded as clients are given it: the old service's limit (`MSNPiki`, ADG).
const LONGEST_GROUP: usize = 61;

/// A group's name as one line that clients can be given; none if it shows nothing.
fn bound_group(group: &mut Option<String>) {
    let Some(name) = group.as_deref().map(bounded_name) else { return };
    let encoded = |letter: char| if letter.is_ascii_alphanumeric() { 1 } else { 3 * letter.len_utf8() };
    let lengths = name.chars().scan(0, |length, letter| {
        *length += encoded(letter);
        Some((*length, letter))
    });
    let fit: String = lengths.take_while(|(length, _)| *length <= LONGEST_GROUP).map(|(_, letter)| letter).collect();
    let fit = fit.trim_end();
    *group = (!fit.is_empty()).then(|| fit.to_owned());
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The message that is answered.
    pub to: RemoteMessage,
    /// What the network itself tells of it, for when it is not known here.
    pub quoted: Option<Quote>,
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
    /// The account of this server that they are, where the network shows one to others as a person of its own: it speaks as itself,
    /// and whoever blocks it does not hear it.
    pub account: Option<Passport>,
}

impl RemoteProfile {
    /// With names of one line, of at most [`domain::content::LONGEST_NAME`] characters.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.bound();
        self
    }

    fn bound(&mut self) {
        self.name = bounded_name(&self.name);
        self.login = bounded_name(&self.login);
    }
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
    /// What it is about, in a line; empty if nothing is said of that.
    pub topic: String,
}

impl RoomProfile {
    /// With names and a topic of one line, of at most [`domain::content::LONGEST_NAME`] and [`domain::content::LONGEST_TOPIC`]
    /// characters.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.bound();
        self
    }

    fn bound(&mut self) {
        self.name = bounded_name(&self.name);
        self.login = bounded_name(&self.login);
        self.topic = bounded_topic(&self.topic);
    }
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// How many arrivals were new.
    pub fresh: usize,
    /// How many were known already, or for an account that is not here, and were left out.
    pub left_out: usize,
    /// The messages that will never be shown to the account they are for, and why: their authors may be told.
    pub undelivered: Vec<Undelivered>,
}

/// A message that will never be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// For whom it was.
    pub owner: Passport,
    /// Which.
    pub id: RemoteMessage,
    /// Why, as a phrase; it does not say whether somebody is blocked.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_name_is_one_line_that_clients_can_be_given() {
        let bound = |name: &str| {
            let mut group = Some(name.to_owned());
            bound_group(&mut group);
            group
        };
        assert_eq!(bound(" Rust\nFriends "), Some("Rust Friends".to_owned()));
        assert_eq!(bound(" \n"), None);
        assert_eq!(bound(&"x".repeat(80)), Some("x".repeat(61)));
        assert_eq!(bound(&"🦋".repeat(80)), Some("🦋".repeat(5)), "each is twelve bytes on the wire");
        assert_eq!(bound(&format!("{} y", "x".repeat(58))), Some("x".repeat(58)), "no blank is left at the end");
    }
}
