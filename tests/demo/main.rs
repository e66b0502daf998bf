//! The conversations that `scripts/demo` shows: between a Messenger user and people on Matrix and on Discord. Each line is printed
//! when the other side has really seen what it tells of.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod discord;
mod matrix;
mod teller;

use std::path::PathBuf;

use clap::Parser;

/// Which conversation.
#[derive(Parser)]
enum Conversation {
    /// With a Matrix user, on servers that run already.
    Matrix(Box<matrix::Stage>),
    /// With somebody on Discord, which a double of it plays in this process, beside a server of its own.
    Discord {
        /// The program.
        #[arg(long)]
        program: PathBuf,
    },
}

#[tokio::main]
async fn main() {
    let conversation = Conversation::parse();
    teller::fail_with_the_line_that_is_missing();
    match conversation {
        Conversation::Matrix(stage) => matrix::tell(&stage).await,
        Conversation::Discord { program } => discord::tell(&program).await,
    }
}
