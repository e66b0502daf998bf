//! The contract between Chrysalis and a network.
//!
//! A bridge is one crate that implements [`Network`] (the network itself) and [`Link`] (one account's puppet there), and is
//! given a [`Host`]. It says what it can carry as [`Features`], and how something failed as a [`Failure`]. Whatever it
//! receives it hands to [`Inbox::accept`], together with its own bookkeeping, and tells its network "received" only when that
//! has returned. What an account has to answer to be linked it says as [`LinkWay`]s, and
//! what whoever sets the network up has to answer as a [`Setup`]. The suite in [`conformance`] is run by every bridge.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod failure;
pub mod host;
pub mod inbox;
pub mod link;
pub mod linking;
pub mod network;
pub mod section;
pub mod setup;

pub use domain::content::Features;
pub use failure::Failure;
pub use host::{Bound, Host, HostFault, LinkOwner, MediaStream, Registration, Write};
pub use inbox::{Accepted, Arrival, Batch, Inbox, RemoteProfile, Reply, RoomProfile, Undelivered};
pub use link::{Action, Farewell, Link, Order, Receipt};
pub use linking::{LinkAnswers, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, TaskStage, Through};
pub use network::{Fault, Found, Network, Reach, Standing};
pub use section::{Section, SectionFault, without_secrets};
pub use setup::{Admission, Setup, SetupAnswers, SetupStep, Stands};
