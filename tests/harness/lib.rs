//! The harness of the end-to-end tests: the real server as a process of its own, on loopback, and clients that speak to it in
//! bytes and mind every one of them.
//!
//! Everything here panics where a test has to fail, and every wait has a [`DEADLINE`] and says what it waited for.

// The future of a sync of matrix-sdk is deeper than the compiler looks by default.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, clippy::must_use_candidate)]

mod browser;
mod central_login;
mod command;
mod contacts;
mod fault_proxy;
mod gateway;
mod homeserver;
mod matrix_client;
mod matrix_user;
mod messenger;
mod p2p;
mod passport;
mod room;
mod server;
mod web;
mod wire;

use std::future::Future;
use std::time::Duration;

pub use browser::Browser;
pub use central_login::CentralLogin;
pub use command::{Finished, chrysalis};
pub use contacts::Entry;
pub use fault_proxy::{Fault, FaultProxy};
pub use gateway::{Relayed, carry, commands, open_gateway, poll};
pub use homeserver::{Between, Homeserver};
pub use matrix_client::{Emoji, Heard, MatrixClient, Sealing};
pub use matrix_user::{MatrixUser, Member, RoomOptions};
pub use messenger::{CAPABILITIES, Messenger, reply_to};
pub use p2p::{
    Answer, CANCEL, CHUNK, Call, DIRECT_REFUSED, FileOffer, Kind, Object, ObjectKind, Sending, chunks, definitions_in,
    emoticons, image_of_ink, ink, invitation, invitation_fields, object_of_cast, pattern, voice_clip, wink,
};
pub use passport::{by_header, by_passport, by_rst, ticket, token_of};
pub use room::{Room, nudge, text, typing};
pub use server::{LockedDatabase, PASSWORD, Server, free_address};
pub use web::{Answered, ask, get, post};
pub use wire::{Ended, Wire};

/// How long anything may take: on a machine that does something else beside it, encryption is slow without optimisation.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for something, but not for ever.
pub async fn within<T>(waiting_for: &str, future: impl Future<Output = T>) -> T {
    no_longer_than(DEADLINE, waiting_for, future).await
}

/// As [`within`], with another time.
pub(crate) async fn no_longer_than<T>(time: Duration, waiting_for: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(time, future).await else {
        panic!("waited {time:?} in vain for {waiting_for}")
    };
    value
}

/// Keeps the whole log of a failed test in the folder that `CHRYSALIS_TEST_LOGS` names, if it names one.
pub(crate) fn keep_log(name: &str, log: &str) {
    if let Some(folder) = std::env::var_os("CHRYSALIS_TEST_LOGS") {
        let path = std::path::Path::new(&folder).join(format!("{}-{name}", std::process::id()));
        match std::fs::write(&path, log) {
            Ok(()) => eprintln!("the whole log is in {}", path.display()),
            Err(fault) => eprintln!("{} cannot be written: {fault}", path.display()),
        }
    }
}
