//! What an account is told, and what it wants done.

use std::sync::Arc;

use super::{Change, ContactProperty, Prompt};
use crate::{
    Contact, Group, Guid, List, Passport, PersonalMessage, Presence, Status, Timestamp,
    contact::RemoteIdentity,
    policy::Privacy,
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
    /// The store has changed this entry on its own (an invitation, a friend on a network): the entry as it is now.
    Entered(Contact),
    /// A contact of this server shows another value of one of its properties.
    Showed(ContactProperty),
    /// A conversation wants the client to come in.
    Rung(Ring),
    /// What waits for the account could not be read and is to be tried again.
    Reachable,
    /// The account has another password: whoever is signed in has to prove who they are again.
    Expelled,
    /// The account no longer exists.
    Removed,
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

/// How a client names a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By address.
    Passport(Passport),
    /// By the id it has on this list.
    Guid(Guid),
}

/// What a client can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The whole list.
    Synchronize,
    /// To be of this status.
    ChangeStatus {
        /// Not [`Status::Offline`].
        status: Status,
        /// What the client can do.
        capabilities: u32,
        /// The display picture's `MSNObject`, as written by the client.
        object: Option<Arc<str>>,
    },
    /// To show this line under the name.
    ChangePersonalMessage(PersonalMessage),
    /// To have somebody on a list, or in a group.
    AddContact {
        /// On which list.
        list: List,
        /// Whom.
        who: Who,
        /// The name to show for them.
        name: Option<String>,
        /// The group to put them in; only with the forward list.
        group: Option<Guid>,
    },
    /// To have somebody off a list, or out of a group.
    RemoveContact {
        /// Off which list.
        list: List,
        /// Whom.
        who: Who,
        /// Out of this group only.
        group: Option<Guid>,
    },
    /// A new group.
    AddGroup {
        /// Its name.
        name: String,
    },
    /// One group fewer.
    RemoveGroup {
        /// Which.
        group: GroupRef,
    },
    /// Another name for a group.
    RenameGroup {
        /// Which.
        group: Guid,
        /// The name.
        name: String,
    },
    /// Another name for a contact, or another of the values that a list keeps for one.
    ChangeContact {
        /// Whose.
        contact: Guid,
        /// Which value: `MFN` is the name.
        key: String,
        /// The value, decoded.
        value: String,
    },
    /// A property of the account itself: `MFN` is the friendly name.
    ChangeProperty {
        /// Which.
        key: String,
        /// The value, decoded; `None` unsets it.
        value: Option<String>,
    },
    /// Who may see and reach the account.
    ChangePrivacy(Privacy),
    /// Whether the client asks when somebody adds it.
    ChangePrompt(Prompt),
    /// To begin a conversation.
    OpenSwitchboard,
}

/// How a client names a group it wants gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRef {
    /// By its id.
    Guid(Guid),
    /// By its name, as some builds of Messenger 7.0 do.
    Name(String),
}

/// What an account wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Commit these together. What follows must not happen if that fails: the client then gets [`Refusal::Unavailable`], and
    /// the account is loaded anew.
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

/// The list as a client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The friendly name.
    pub name: String,
    /// Who may see and reach the account.
    pub privacy: Privacy,
    /// Whether the client asks.
    pub prompt: Prompt,
    /// The account's properties.
    pub properties: Vec<(String, String)>,
    /// All entries of all lists.
    pub contacts: Vec<Contact>,
    /// What contacts show of their own properties.
    pub contact_properties: Vec<ContactProperty>,
    /// All groups.
    pub groups: Vec<Group>,
    /// When the list last changed.
    pub list_changed: Timestamp,
    /// When the settings last changed.
    pub settings_changed: Timestamp,
}

/// What a client is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The whole list.
    List(Box<Snapshot>),
    /// The status is now so.
    Status {
        /// The status.
        status: Status,
        /// What the client said it can do.
        capabilities: u32,
        /// Its display picture.
        object: Option<Arc<str>>,
    },
    /// The line under the name is taken.
    PersonalMessage,
    /// The contact is on the list.
    Added {
        /// The list.
        list: List,
        /// The entry as it is now.
        contact: Box<Contact>,
        /// The group it was put in.
        group: Option<Guid>,
    },
    /// The contact is off the list.
    Removed {
        /// The list.
        list: List,
        /// Its address.
        passport: Passport,
        /// Its id.
        guid: Guid,
        /// The group it was taken out of.
        group: Option<Guid>,
    },
    /// The group is there.
    GroupAdded(Group),
    /// The group is gone.
    GroupRemoved(Guid),
    /// The group is renamed.
    GroupRenamed(Group),
    /// The contact's value is kept.
    ContactChanged {
        /// Whose.
        contact: Guid,
        /// Which.
        key: String,
        /// The value.
        value: String,
    },
    /// The property is kept.
    Property {
        /// Which.
        key: String,
        /// The value.
        value: Option<String>,
    },
    /// The privacy is kept.
    Privacy(Privacy),
    /// The choice is kept.
    Prompt(Prompt),
    /// A switchboard may be opened with this, once.
    Switchboard {
        /// Where.
        address: Arc<str>,
        /// By what.
        cookie: String,
    },
    /// No.
    Refused(Refusal),
}

/// Why a client is told no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It named its own account.
    Oneself,
    /// There is nobody of that name.
    NoSuchPerson,
    /// The contact is not on that list.
    NotOnList,
    /// The list is full.
    ListFull,
    /// There is no such group.
    NoSuchGroup,
    /// The contact is not in that group.
    NotInGroup,
    /// There is a group of that name.
    GroupExists,
    /// There are too many groups.
    TooManyGroups,
    /// Not while hidden, and not before the first status.
    Hidden,
    /// There is no such property.
    NoSuchProperty,
    /// A list that is not the client's to change.
    NotYours,
    /// The store or the network did not answer.
    Unavailable,
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
    /// A contact shows another value of one of its properties.
    Property(ContactProperty),
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
