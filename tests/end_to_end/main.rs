//! The whole server, from outside: the real program on loopback, and clients that mind every byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod architecture;
mod commands;
mod conversation;
mod hostile;
mod keeping;
mod lists;
mod loopback;
mod matrix;
mod matrix_faults;
mod presence;
mod recordings;
mod sign_in;

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
