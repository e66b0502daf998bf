//! The state machines of MSNP connections. Wire words become domain words here, and nowhere else.
//!
//! A [`Connection`] is a client on one socket: at first nobody knows whether it is a notification or a switchboard
//! connection, and its first command decides. [`Connection::process`] takes what happened as an [`Input`] and gives what is to be
//! done as [`Action`]s; [`Connection::deadline`] says when it wants an [`Input::Tick`]. There is no IO, no clock and no chance
//! of its own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod connection;
pub mod emoji;
pub mod notification;
pub mod p2p;
pub mod settings;
pub mod switchboard;
pub mod text;
mod translation;

pub use connection::{Action, Closing, Connection, Input};
pub use settings::Settings;
