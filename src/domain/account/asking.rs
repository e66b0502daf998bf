//! What a client asks of its account, and what it is answered.

use std::sync::Arc;

use super::{ContactProperty, Prompt};
use crate::{Contact, Group, Guid, List, Passport, PersonalMessage, Status, Telephone, Timestamp, policy::Privacy};

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
    /// To know whether a telephone number is somebody's here.
    LookUp(Telephone),
    /// To begin a conversation.
    OpenSwitchboard,
}

/// How a client names a group it wants gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRef {
    /// By its id.
    Guid(Guid),
    /// By its name, as some builds of Messenger 7.0 do: decoded once, and twice, since some encode it twice.
    Name([String; 2]),
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
    /// The telephone number is somebody's.
    Found(Telephone),
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
    /// The contact is on that list.
    OnList,
    /// The account blocks the contact.
    Blocked,
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
    /// A name that nobody could read.
    UnfitName,
    /// A value that cannot be.
    UnfitValue,
    /// The telephone number is nobody's here.
    NoSuchNumber,
    /// More often than is allowed.
    TooFast,
    /// Two of one network are not one person.
    SameNetwork,
    /// Nothing is merged into the contact.
    NotMerged,
    /// A list that is not the client's to change.
    NotYours,
    /// The store or the network did not answer.
    Unavailable,
}
