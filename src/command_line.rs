//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// MSN Messenger 7.5 talks to Matrix and Discord.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct CommandLine {
    /// The configuration; without it config/chrysalis.toml is read if it is there, else embedded defaults serve
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server until it is told to stop
    Run,
    /// Check the configuration and that the networks can be reached; one line per fault
    Check,
    /// Write the document that lets this server into a homeserver
    Registration {
        /// Where to write it; standard output if left out
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Tell everybody who is signed in something
    Announce {
        #[command(subcommand)]
        command: AnnounceCommand,
    },
    /// The Messenger accounts of this server
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print annotated example files
    Example,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnnounceCommand {
    /// That the server goes down soon; it does not go down by itself
    Maintenance {
        /// In how many minutes
        minutes: u32,
    },
    /// A line that clients show for a moment
    Notice {
        /// The line
        text: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account
    Add {
        /// Its address, by which it signs in
        email: String,
        /// The name its contacts see; the address if left out
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input, one line; it is read from nowhere else
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Give an account another password
    Passwd {
        /// Its address
        email: String,
        /// Read the password from standard input, one line; it is read from nowhere else
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// List the accounts
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an account and all its data
    Remove {
        /// Its address
        email: String,
    },
    /// Make many accounts: standard input holds address, tab, password, tab, name, one a line
    Import,
}
