//! What is kept of an account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ContactIntent;
use crate::{Contact, Group, Guid, Passport, Timestamp, policy::Privacy};

/// Everything that is kept of one account, apart from its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The account's address.
    pub passport: Passport,
    /// Its friendly name.
    pub name: String,
    /// Who may see and reach it.
    pub privacy: Privacy,
    /// Whether its client asks when somebody adds it.
    pub prompt: Prompt,
    /// Phone numbers and the like, by their three-letter key.
    pub properties: BTreeMap<String, String>,
    /// The list.
    pub contacts: Vec<Contact>,
    /// What contacts of this server show of their own properties to this account.
    pub contact_properties: Vec<ContactProperty>,
    /// The groups, in the order they were made.
    pub groups: Vec<Group>,
    /// When the list last changed.
    pub list_changed: Timestamp,
    /// When anything else of the above last changed.
    pub settings_changed: Timestamp,
}

/// A property of a contact, as its owner shows it: a phone number and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactProperty {
    /// Whose.
    pub contact: Passport,
    /// Its three-letter key.
    pub key: String,
    /// Its value, decoded; `None` unsets it.
    pub value: Option<String>,
}

/// Whether a client asks its user when somebody adds them (`GTC` in the protocol). It decides nothing on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Prompt {
    /// Ask.
    #[default]
    Ask,
    /// Do not ask.
    Never,
}

/// One change of what is kept. Changes that belong together are committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The owner's entry is now so; the reverse list is not the owner's to change and stays as it is. An entry that is then on
    /// no list is forgotten. What is merged into it is kept by changes of its own.
    Contact(Contact),
    /// This entry is shown as part of another one from now on, if it was not before.
    Merged {
        /// The entry.
        contact: Passport,
        /// The other one.
        into: Passport,
    },
    /// This entry is one of its own again.
    Split {
        /// The entry.
        contact: Passport,
    },
    /// What the owner says to this entry goes to one of its networks.
    Spoken {
        /// The entry.
        contact: Passport,
        /// It itself, or one of those merged into it.
        on: Passport,
    },
    /// The owner added another account to the contact list, or removed it: the other's reverse list follows.
    Mirror {
        /// The other account.
        of: Passport,
        /// Whether the owner now stands on its reverse list.
        listed: bool,
        /// The id of the entry, should it have to be made.
        guid: Guid,
        /// How many accounts may stand on its reverse list. With one more, nothing is kept, and the owner hears
        /// [`Refusal::ListFull`](super::Refusal::ListFull).
        most: usize,
    },
    /// The friendly name.
    Name(String),
    /// Who may see and reach the owner.
    Privacy(Privacy),
    /// Whether the client asks.
    Prompt(Prompt),
    /// A property; `None` unsets it.
    Property {
        /// Its three-letter key.
        key: String,
        /// Its value, decoded.
        value: Option<String>,
    },
    /// A group, new or renamed.
    Group(Group),
    /// A group is gone; its contacts stay, without it.
    GroupRemoved(Guid),
    /// A contact's network is to do this; committed with the change of the list that it follows from.
    Order {
        /// The contact.
        contact: Passport,
        /// What.
        intent: ContactIntent,
    },
    /// The list's time of change.
    ListChanged(Timestamp),
    /// The settings' time of change.
    SettingsChanged(Timestamp),
}
