//! What a conversation is told, and what it wants done.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Body, Draft, Gathering, MessageId, Waiting};
use crate::{
    Content, Passport, RemoteRoom, Timestamp,
    account::Verdict,
    media::{Announcement, Attachment},
};

/// One switchboard connection that sits in a conversation; the shell gives the numbers out and never twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatId(pub u64);

/// The two who talk in a direct conversation, in no order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair(Passport, Passport);

impl Pair {
    /// The pair of these two.
    #[must_use]
    pub fn of(one: Passport, other: Passport) -> Self {
        if one <= other { Self(one, other) } else { Self(other, one) }
    }

    /// The other one of the two.
    #[must_use]
    pub fn other(&self, one: &Passport) -> &Passport {
        if *one == self.0 { &self.1 } else { &self.0 }
    }

    /// Both.
    #[must_use]
    pub const fn both(&self) -> [&Passport; 2] {
        [&self.0, &self.1]
    }
}

/// Somebody who takes part, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Their address.
    pub passport: Passport,
    /// Their name.
    pub name: String,
    /// What their client can do, as MSN's capability bits.
    pub capabilities: u32,
    /// What they are.
    pub kind: PartyKind,
}

/// What somebody who takes part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// An account of this server.
    Account,
    /// A person of another network.
    Person,
    /// A room of another network: many speak with one voice.
    Room,
    /// The server itself, as a contact.
    Service,
}

impl Party {
    /// Whether no client of this server stands behind them: they are always there.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        match self.kind {
            PartyKind::Account => false,
            PartyKind::Person | PartyKind::Room | PartyKind::Service => true,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A client sat down: because it called somebody, or because it answered a ring, of which `answering` is its number for that.
    Seated {
        /// Where.
        seat: SeatId,
        /// Who.
        party: Party,
        /// The client's number for its answer to a ring; `None` for a caller.
        answering: Option<u32>,
    },
    /// A client calls somebody in.
    Called {
        /// Which client.
        seat: SeatId,
        /// Its number for the call.
        tag: u32,
        /// Whom.
        callee: Party,
    },
    /// A client said something.
    Said {
        /// Which client.
        seat: SeatId,
        /// Its number for it.
        tag: u32,
        /// What it wants to hear of it.
        wish: Wish,
        /// What it said.
        saying: Saying,
        /// The number under which it is kept, if it is; never given before.
        id: MessageId,
    },
    /// What was said by this seat is kept, or could not be kept.
    Kept {
        /// Which client.
        seat: SeatId,
        /// Its number for what it said.
        tag: u32,
        /// What it wants to hear of it.
        wish: Wish,
        /// The number under which it is kept.
        id: MessageId,
        /// Whether it is.
        kept: bool,
    },
    /// The client that was given a packet of this seat's took it, or is gone: the answer to [`Effect::Relay`].
    Relayed {
        /// Whose packet.
        seat: SeatId,
        /// Its number for it.
        tag: u32,
        /// What it wants to hear of it.
        wish: Wish,
        /// Whether it was taken.
        taken: bool,
    },
    /// A client is gone.
    Left(SeatId),
    /// The answer to [`Effect::Ring`].
    Answered {
        /// Who was rung.
        who: Passport,
        /// The ring's number.
        ring: u64,
        /// What became of it.
        verdict: Verdict,
    },
    /// Something waits in the store for this account.
    Waiting(Passport),
    /// As [`Cause::Waiting`], and the account's client can be rung from now on: it has just signed in, or come out of hiding.
    Reachable(Passport),
    /// A contact wants this account's client in here, to hand something over or to fetch something.
    Summoned(Passport),
    /// What waits for this account: the answer to [`Effect::Fetch`].
    Fetched {
        /// For whom.
        owner: Passport,
        /// What, oldest first.
        messages: Vec<Waiting>,
        /// Whether more waits than this.
        more: bool,
    },
    /// A client has shown that it got these.
    Shown {
        /// Which client.
        seat: SeatId,
        /// What.
        messages: Vec<MessageId>,
    },
    /// The server says something of its own: shown to this account's client if it is here, in the name of the contact by which
    /// the server speaks if that is here as well. Nobody is rung for it, and it is not kept.
    Told {
        /// To whom.
        owner: Passport,
        /// What.
        line: Content,
    },
    /// A remote person types, or has stopped.
    PeerTyping {
        /// Who.
        peer: Passport,
        /// Whether they type now.
        typing: bool,
    },
    /// The rooms that the conversation has on networks: the answer to [`Effect::Gather`], before any other cause.
    Gathered {
        /// The id that the room has on every network: the one that was proposed, or that of a room which has just these members.
        room: RemoteRoom,
        /// The rooms. A network that has none is left out, and what is said to its people goes to each of them.
        gatherings: Vec<Gathering>,
    },
    /// The deadline has come.
    Tick,
}

/// What a client wants to hear of something it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// If it failed.
    Failure,
    /// If it succeeded.
    Success,
    /// Either.
    Either,
}

/// What a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Something for people to read: kept until everybody has it, and not taken when there is nobody who could get it.
    Lasting {
        /// The original payload.
        payload: Bytes,
        /// What it says; `None` for what only Messenger understands.
        content: Option<Content>,
        /// What it speaks of, and its client still has.
        announced: Vec<Announcement>,
        /// The bytes of the content's object, where the message itself brought them.
        enclosed: Option<Bytes>,
    },
    /// Something between clients, worth nothing later: given on to whoever is there.
    Passing {
        /// The original payload.
        payload: Bytes,
        /// Only for this participant; `None` is for all.
        to: Option<Passport>,
        /// Whether its author must hear that nobody was there to get it. What does not matter counts as taken in any case.
        matters: bool,
        /// What it speaks of, and its client still has.
        announced: Vec<Announcement>,
    },
    /// Its user types.
    Typing {
        /// The original payload.
        payload: Bytes,
    },
}

/// What a conversation wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell a client.
    Tell(SeatId, SeatEvent),
    /// Bring an account's client in; the answer comes back as [`Cause::Answered`].
    Ring {
        /// The ring's number.
        id: u64,
        /// Whom.
        to: Passport,
        /// Who rings.
        from: Passport,
        /// Their name.
        name: String,
    },
    /// Keep what was said, and let the networks have what is for them once it is kept; the answer comes back as [`Cause::Kept`]. What
    /// is kept or delivered later comes after it.
    Keep {
        /// Which client.
        seat: SeatId,
        /// Its number for what it said.
        tag: u32,
        /// What it wants to hear of it.
        wish: Wish,
        /// What to keep.
        draft: Draft,
    },
    /// Read what waits for an account from a contact; the answer comes back as [`Cause::Fetched`], before any other cause.
    Fetch {
        /// For whom.
        owner: Passport,
        /// From whom.
        peer: Passport,
    },
    /// These have reached the account.
    Delivered {
        /// Whom.
        owner: Passport,
        /// What.
        messages: Vec<MessageId>,
    },
    /// Something waits for an account that is not in here: its own conversation with the author has to see to it.
    Doorbell {
        /// For whom.
        owner: Passport,
        /// From whom.
        peer: Passport,
    },
    /// Show a remote contact that the user types, or has stopped.
    Typing {
        /// The user.
        owner: Passport,
        /// The contact.
        contact: Passport,
        /// Whether they type now.
        typing: bool,
    },
    /// Give a client a packet of another one's, no faster than it takes them; the answer comes back as [`Cause::Relayed`].
    Relay {
        /// Whose packet.
        seat: SeatId,
        /// Its number for it.
        tag: u32,
        /// What it wants to hear of it.
        wish: Wish,
        /// To which client.
        to: SeatId,
        /// The packet.
        event: SeatEvent,
    },
    /// Hand a client's payload to the peer that plays a remote contact towards it.
    Peer {
        /// Whose client.
        owner: Passport,
        /// The contact.
        contact: Passport,
        /// The payload.
        payload: Bytes,
    },
    /// Let the peer that plays a remote contact fetch what a client has announced.
    Obtain {
        /// Whose client.
        owner: Passport,
        /// The contact.
        contact: Passport,
        /// What.
        announced: Vec<Announcement>,
    },
    /// Let the peer that plays a remote contact offer a file to a client.
    Offer {
        /// Whose client.
        owner: Passport,
        /// The contact.
        contact: Passport,
        /// What.
        attachment: Attachment,
    },
    /// Find out which networks can have a room for this conversation; the answer comes back as [`Cause::Gathered`].
    Gather {
        /// The id of the room that the conversation has, on every network, if it has one.
        known: Option<RemoteRoom>,
        /// An id that no room has.
        fresh: RemoteRoom,
        /// The people of other networks who are in the conversation, or were.
        people: BTreeSet<Passport>,
        /// The accounts that are in it, or were.
        accounts: BTreeSet<Passport>,
        /// What it is called.
        name: String,
    },
    /// This conversation is no longer the direct one of its pair: others have come in.
    Widened,
    /// Nobody sits in it any more: its rooms on networks are no longer its own, and another conversation of the same may have them.
    Dispersed,
}

/// What a client in a conversation is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatEvent {
    /// The answer to its own coming in on a ring: who is there.
    Welcome {
        /// The client's number.
        tag: u32,
        /// The others.
        roster: Vec<Party>,
    },
    /// Its call goes out.
    Calling {
        /// The client's number.
        tag: u32,
    },
    /// Its call cannot go out.
    NotCalling {
        /// The client's number.
        tag: u32,
        /// Why.
        reason: CallRefusal,
    },
    /// Somebody came in.
    Joined(Party),
    /// Somebody went.
    Left(Passport),
    /// Somebody said something.
    Message {
        /// Who; of what was said in a room, the room.
        from: Passport,
        /// Their name.
        name: String,
        /// Who said it, where `from` is a room.
        speaker: Option<Speaker>,
        /// When.
        sent: Timestamp,
        /// What.
        body: Body,
        /// The number under which it is kept until the client has shown that it got it; `None` for what is not kept.
        id: Option<MessageId>,
    },
    /// Somebody of another network types.
    Typing {
        /// Who.
        from: Passport,
        /// Their name.
        name: String,
    },
    /// What it said was taken.
    Taken {
        /// The client's number.
        tag: u32,
    },
    /// What it said was not taken.
    NotTaken {
        /// The client's number.
        tag: u32,
    },
}

/// Who said something in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// Somebody of this name. The room speaks for them, so the name stands before their words.
    Named(String),
    /// Somebody who sits in, and so speaks for themselves: the client was told before that they came.
    Seated {
        /// Their address.
        passport: Passport,
        /// Their name.
        name: String,
    },
}

/// Why a call cannot go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRefusal {
    /// They are here already, or being rung, or it is the caller.
    AlreadyThere,
    /// They may not be reached.
    Unreachable,
    /// There are too many here already.
    Full,
}
