//! The shell around the pure crates: sockets, tasks, time and chance.
//!
//! Who owns what: a [connection](connection) task owns one client's bytes, by whatever
//! [transport](transport) they come, and its `session::Connection`; an [account](account) task owns
//! one `domain::Account`; a [conversation](conversation) task owns one `domain::Conversation`; an [outbox](outbox) worker owns one
//! lane of orders towards a network. Account and conversation tasks never await a socket, a network or each other: what they
//! have to tell goes into a [mailbox](mailbox) slot or a bounded queue that is full only for somebody too slow to be kept.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod acknowledgement;
mod administration;
mod allowances;
mod attending;
mod authentication;
mod connection;
pub mod control;
mod conversation;
mod cookies;
mod core;
mod current;
mod deliveries;
mod directory;
mod dispatch;
mod duty;
mod faults;
mod figures;
mod gathering;
mod handle;
mod host;
mod lane;
mod limit;
mod linking;
mod links;
mod listener;
mod mailbox;
mod media;
mod networks;
mod outbox;
mod oversight;
mod peer;
mod peers;
mod pictures;
mod portal;
mod publishing;
mod reactions;
mod readiness;
mod receipts;
mod registration;
mod service;
mod settings;
mod signals;
mod stall;
mod subscriber;
#[cfg(test)]
mod tests;
mod transport;

pub use account::Present;
pub use administration::{AccountFault, AccountLine, Administration};
pub use attending::{Visitor, attend_all};
pub use authentication::{PasswordCost, Refusal, Ticket, hash_password};
pub use bridge::{Failure, LinkAnswers, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, Reach, TaskStage, Through};
pub use domain::account::Announcement;
pub use faults::{FaultLine, Faults};
pub use figures::describe;
pub use handle::{Broken, Handle, MediaFile, PasswordFault, StartFault};
pub use limit::Limit;
pub use linking::{LinkFault, LinkLine, LinkPage, Linking, Onward};
pub use links::NetworkEntry;
pub use listener::Listener;
pub use oversight::{AccountHealth, AccountPage, AilingLink, InviteFault, InviteLine, NetworkLine, Oversight};
pub use portal::{
    Book, Browser, BrowserLine, Choices, Found, GivenUpLine, Glance, GroupLine, LimitLine, LinkPicture, NetworkHealth,
    NewAccount, Overview, PersonLine, Portal, PortalFault, Profile, RoomLine, Search, Visit, judge_password,
};
pub use readiness::Readiness;
pub use settings::{Limits, PortalSettings, RegistrationPolicy, RoomStyle, Settings, SignUpPolicy};
pub use stall::Impatient;
pub use store::{Attention, Figures, OrderId, OutboxFigures, ParkedFilter, ParkedOrder, StoreFault};
pub use subscriber::subscriber;
pub use transport::pipe::{Carried, GatewaySession, NotTaken, PIPE_CAPACITY, ServerEnd, session as gateway_session};
