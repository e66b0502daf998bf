//! The conversation that `scripts/demo` shows, between a Messenger user and a Matrix user on servers that run already. Each line
//! is printed when the other side has really seen what it tells of.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod story;
mod teller;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Who talks, and where.
#[derive(Parser)]
struct Stage {
    /// Where Messenger connects.
    #[arg(long)]
    messenger: SocketAddr,
    /// Where Messenger gets its ticket.
    #[arg(long)]
    sign_in: SocketAddr,
    /// The Messenger user.
    #[arg(long)]
    account: String,
    /// The Messenger user's password.
    #[arg(long)]
    password: String,
    /// Where the homeserver answers.
    #[arg(long)]
    homeserver: SocketAddr,
    /// The Matrix user.
    #[arg(long)]
    user: String,
    /// The file that holds the Matrix user's access token.
    #[arg(long)]
    token: PathBuf,
    /// The Messenger user, as Matrix has them.
    #[arg(long)]
    ghost: String,
    /// The Matrix user, as Messenger has them.
    #[arg(long)]
    contact: String,
}

#[tokio::main]
async fn main() {
    let stage = Stage::parse();
    teller::fail_with_the_line_that_is_missing();
    story::tell(&stage).await;
}
