//! The model of Chrysalis, in its own words.
//!
//! Nothing here knows a wire format, a socket, a database or a clock. Time and chance come in as a [`Moment`]; what has
//! to happen comes out as effects. [`Account`] owns one Messenger user's list, presence and policy; [`Conversation`]
//! owns who takes part in one live conversation and what still has to reach them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod account;
pub mod address;
pub mod allowance;
pub mod contact;
pub mod content;
pub mod conversation;
pub mod media;
pub mod moment;
pub mod network;
pub mod passport;
pub mod policy;
pub mod presence;
pub mod telephone;

pub use account::Account;
pub use address::{Realm, Residence};
pub use allowance::Allowance;
pub use contact::{Contact, Group, Guid, List, Lists};
pub use content::Content;
pub use conversation::Conversation;
pub use moment::{Moment, Timestamp};
pub use network::{NetworkBit, NetworkName, RemoteMessage, RemoteRoom, RemoteUser};
pub use passport::Passport;
pub use presence::{PersonalMessage, Presence, Status};
pub use telephone::Telephone;
