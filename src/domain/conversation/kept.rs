//! Messages as they are kept until everybody they are for has them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Content, Passport, RemoteUser, Timestamp};

/// The number of a kept message; it grows, so that it orders what one recipient has waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub i64);

/// A message of a Messenger user, on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its number.
    pub id: MessageId,
    /// Who said it.
    pub author: Passport,
    /// When.
    pub sent: Timestamp,
    /// The original payload, for Messenger users.
    pub payload: Bytes,
    /// What it says, for other networks; `None` for what only Messenger understands.
    pub content: Option<Content>,
    /// The bytes of the content's object, where the message itself brought them.
    pub enclosed: Option<Bytes>,
    /// Who is to have it: accounts of this server.
    pub accounts: Vec<Passport>,
    /// Who is to have it: contacts of other networks, over the author's own links.
    pub remotes: Vec<Passport>,
    /// The rooms among those contacts that have to be made first, or let more people in.
    pub gathers: Vec<Gather>,
}

/// What a network has to do before something can be said in the room of a gathering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// The gathering's contact.
    pub contact: Passport,
    /// Who of the network is in it.
    pub people: Vec<RemoteUser>,
    /// Which accounts are in it.
    pub accounts: Vec<Passport>,
    /// What it is called.
    pub name: String,
}

/// A message that waits for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub id: MessageId,
    /// The contact in whose window it belongs: its author, or the room it was said in.
    pub peer: Passport,
    /// The name to show beside it.
    pub author_name: String,
    /// The address of who said it in a room; `None` elsewhere, and where there is none.
    pub speaker: Option<Passport>,
    /// When it was said.
    pub sent: Timestamp,
    /// What it is.
    pub body: Body,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A Messenger user's payload, to be given on as it is.
    Payload(Bytes),
    /// What somebody of another network said.
    Content(Content),
    /// Handwriting: a GIF.
    Ink(Bytes),
}
