//! What an account is told, and what it wants done.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Change, ContactProperty, Record, Refusal, Request};
use crate::{
    Contact, Group, Guid, NetworkName, Passport, Presence, Telephone,
    contact::RemoteIdentity,
    media::Attachment,
    presence::{OwnPresence, Sighting},
};

/// One signed-in client; the shell gives the numbers out and never twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A client has proven that it is this account's.
    SignedIn(SessionId),
    /// A client is gone.
    SignedOut(SessionId),
    /// A client wants something. `tag` comes back in the answer.
    Asked {
        /// Which client.
        session: SessionId,
        /// The client's own number for it.
        tag: u32,
        /// What it wants.
        request: Request,
    },
    /// The user wants something on a page of this server, whether or not a client is signed in. The answer has this number.
    AskedOnPage {
        /// A number that is no client's, given for this alone.
        session: SessionId,
        /// What the user wants.
        request: Request,
    },
    /// The answer to [`Effect::Resolve`].
    Resolved {
        /// The number of the question.
        query: u32,
        /// Who it is.
        outcome: Resolution,
    },
    /// A contact's presence is now so.
    Seen(Sighting),
    /// Another account of this server has added this one, or removed it. Already kept.
    Listed {
        /// Who.
        by: Passport,
        /// Their friendly name.
        name: String,
        /// Added, or removed.
        listed: bool,
    },
    /// The store has made a group on its own: somebody of a network who comes on the list belongs in it. Said before
    /// [`Cause::Entered`].
    Grouped(Group),
    /// The store has changed this entry on its own (an invitation, a friend on a network): the entry as it is now.
    Entered(Contact),
    /// The user has told the server's own contact, rather than their client, that they want this contact of another network on
    /// their list. The outcome comes back as [`Effect::Granted`].
    Wanted {
        /// The address.
        passport: Passport,
        /// The name.
        name: String,
        /// Their place there.
        identity: RemoteIdentity,
    },
    /// As [`Cause::Wanted`]: off the list.
    Unwanted(Passport),
    /// As [`Cause::Wanted`]: two people of different networks, both on the contact list, are one and are to be shown as one entry.
    MergeWanted {
        /// The address of the entry that stays.
        into: Passport,
        /// The address of the other one.
        other: Passport,
    },
    /// As [`Cause::Wanted`]: what was merged into this entry stands on the list by itself again.
    SplitWanted(Passport),
    /// As [`Cause::Wanted`]: what the user says to this entry, into which others were merged, goes to that network.
    NetworkChosen {
        /// The address of the entry.
        contact: Passport,
        /// The network.
        network: NetworkName,
    },
    /// The store has taken this entry off every list on its own: the account is not in the room any more, or not asked into it; or
    /// somebody who was merged into another entry has ended the chat.
    Departed(Passport),
    /// Networks have come or gone, whose people stand on the list from now on, or no more.
    Reread {
        /// Everything that is kept, as it is now.
        record: Box<Record>,
        /// Whether any have come: they have to be shown what the others know already, and may have brought what waits.
        come: bool,
    },
    /// A contact of this server shows another value of one of its properties.
    Showed(ContactProperty),
    /// A contact's network calls it by another name now. Already kept.
    Renamed {
        /// Which contact.
        contact: Passport,
        /// The name.
        name: String,
    },
    /// The people who run the server have something to say.
    Announced(Announcement),
    /// The account's display picture is here, or there is none any more.
    Pictured(Option<Arc<Attachment>>),
    /// A conversation wants the client to come in.
    Rung(Ring),
    /// What waits for the account could not be read and is to be tried again.
    Reachable,
    /// The account has another password: whoever is signed in has to prove who they are again.
    Expelled,
    /// The account no longer exists.
    Removed,
}

/// What the people who run the server say to everybody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    /// The server goes down in so many minutes.
    Maintenance {
        /// How many.
        minutes: u32,
    },
    /// A line that clients show for a moment.
    Notice {
        /// The line.
        text: String,
    },
}

/// Somebody wants to talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// The conversation's own number for this ring.
    pub id: u64,
    /// Who rings.
    pub from: Passport,
    /// Their name.
    pub name: String,
}

/// What became of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client has been told.
    Ringing,
    /// No client is there that may be told; what is said will be kept.
    Absent,
    /// The ringing person may not reach this one.
    Blocked,
}

/// Who an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// An account of this server.
    Account {
        /// Its friendly name.
        name: String,
    },
    /// Somebody of another network, under the address they have been allotted.
    Remote {
        /// The address, which may differ from what was typed.
        passport: Passport,
        /// Their name.
        name: String,
        /// Their place there.
        identity: RemoteIdentity,
    },
    /// Nobody.
    Nobody,
    /// It could not be found out.
    Unknown,
}

/// What an account wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Commit these together. What follows must not happen if that fails: the client then gets [`Refusal::Unavailable`], and
    /// the account is loaded anew.
    ///
    /// [`Refusal::Unavailable`]: super::Refusal::Unavailable
    Keep(Vec<Change>),
    /// Answer a client.
    Answer {
        /// Which.
        session: SessionId,
        /// Its number for what it asked.
        tag: u32,
        /// The answer.
        answer: Answer,
    },
    /// Tell a client something unasked.
    Tell {
        /// Which.
        session: SessionId,
        /// What.
        event: Event,
    },
    /// Answer what the user has told the server's own contact.
    Granted(Result<(), Refusal>),
    /// Let a client open a switchboard: the shell makes the cookie.
    Admit {
        /// Which.
        session: SessionId,
        /// Its number for what it asked.
        tag: u32,
    },
    /// Bring the client to a conversation: the shell makes the cookie.
    Invite {
        /// Which client.
        session: SessionId,
        /// To what.
        ring: Ring,
    },
    /// Answer a ring.
    Ring {
        /// The ring's number.
        id: u64,
        /// Who rang.
        from: Passport,
        /// What became of it.
        verdict: Verdict,
    },
    /// Show this account's presence to another account of this server.
    Publish {
        /// The watcher.
        to: Passport,
        /// What they see; `None` is offline.
        presence: Option<Arc<Presence>>,
    },
    /// Show a property of this account to another account of this server.
    PublishProperty {
        /// The watcher.
        to: Passport,
        /// The property's three-letter key.
        key: String,
        /// Its value; `None` unsets it.
        value: Option<String>,
    },
    /// Show this account's presence on every network it is linked to.
    Show(OwnPresence),
    /// The client shows another display picture: see to it that it is here; the answer comes back as [`Cause::Pictured`].
    Picture {
        /// An `MSNObject` as the client wrote it; `None` is none.
        object: Option<Arc<str>>,
        /// The contact of another network in whose name it can be fetched from the client.
        through: Option<Passport>,
    },
    /// Tell another account that this one has added it, or removed it.
    Mirror {
        /// Which.
        to: Passport,
        /// Added, or removed.
        listed: bool,
    },
    /// Something was kept for a contact's network to do.
    Outbox {
        /// The contact.
        contact: Passport,
    },
    /// Find out what another account shows of its properties to this one: each comes back as [`Cause::Showed`].
    Inquire {
        /// Which account.
        of: Passport,
    },
    /// Find out whether a telephone number is somebody's here, and answer [`Answer::Found`] or [`Refusal::NoSuchNumber`].
    ///
    /// [`Refusal::NoSuchNumber`]: super::Refusal::NoSuchNumber
    LookUp {
        /// Which client.
        session: SessionId,
        /// Its number for what it asked.
        tag: u32,
        /// The number.
        telephone: Telephone,
    },
    /// Find out who an address is; the answer comes back as [`Cause::Resolved`].
    Resolve {
        /// The number of the question.
        query: u32,
        /// The address.
        passport: Passport,
    },
    /// The account can be rung now: conversations with something waiting for it may ring.
    Reachable,
    /// End this client's connection, telling it why.
    Dismiss {
        /// Which.
        session: SessionId,
        /// Why.
        reason: Dismissal,
    },
}

/// What the account wants of a person on another network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactIntent {
    /// To be their contact.
    Befriend,
    /// To let them in, as they asked.
    Welcome,
    /// To turn them away, as they asked.
    TurnAway,
    /// Not to have them as a contact any longer.
    Unfriend,
}

/// Why a client has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismissal {
    /// Another client of the same account signed in.
    SignedInElsewhere,
    /// The account has another password.
    PasswordChanged,
    /// The account was removed.
    Removed,
}

/// What a client is told unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A contact who was there before: part of the answer to the first status, of which `tag` is the number.
    Initial {
        /// The number.
        tag: u32,
        /// Who, and how.
        sighting: Sighting,
    },
    /// A contact's presence is now so.
    Seen(Sighting),
    /// Somebody has added the account.
    AddedBy {
        /// Who.
        passport: Passport,
        /// Their name.
        name: String,
    },
    /// Somebody has removed the account.
    RemovedBy {
        /// Who.
        passport: Passport,
    },
    /// A contact stands on the contact list without the client's having put it there. Not every client may be told: see `live_list`
    /// in the configuration.
    Entered(Box<Contact>),
    /// A contact stands on the contact list no more, without the client's having taken it off. Not every client may be told, as of
    /// [`Event::Entered`].
    Departed(Guid),
    /// A contact shows another value of one of its properties.
    Property(ContactProperty),
    /// The people who run the server have something to say.
    Announced(Announcement),
    /// A conversation to come into.
    Ring {
        /// The conversation's number.
        ring: u64,
        /// Where.
        address: Arc<str>,
        /// By what, once.
        cookie: String,
        /// Who rings.
        from: Passport,
        /// Their name.
        name: String,
    },
}
