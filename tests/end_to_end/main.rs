//! The whole server, from outside: the real program on loopback, and clients that mind every byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod announcing;
mod architecture;
mod backup;
mod bridged_media;
mod browser;
mod commands;
mod container;
mod conversation;
mod discord;
mod doctor;
mod doors;
mod emoticons;
mod encryption;
mod gateway;
mod gathering;
mod group_talk;
mod groups;
mod hostile;
mod ink;
mod invitations;
mod keeping;
mod limits;
mod linking;
mod lists;
mod loopback;
mod management;
mod matrix;
mod matrix_faults;
mod members;
mod merging;
mod operations;
mod outbound;
mod own_accounts;
mod phones;
mod pictures;
mod presence;
mod proxies;
mod receipts;
mod recordings;
mod relations;
mod rooms;
mod secrets;
mod service;
mod services;
mod setup;
mod sign_in;
mod supervision;
mod terminal;
mod transfers;

use std::path::Path;

use chrysalis_test_harness::Server;

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_chrysalis"))
}

/// A server with these accounts.
fn server(accounts: &[&str]) -> Server {
    Server::start(program(), accounts)
}

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";
