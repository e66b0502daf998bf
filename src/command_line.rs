//! The command line.

use std::ffi::OsString;
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
    /// Write the database, media, keys and secrets into one file; the server may be running
    Backup {
        /// Where to; nothing may be there
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put an installation back from a backup
    Restore {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Move aside what is there now
        #[arg(long)]
        replace: bool,
    },
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
    /// The links by which accounts are somebody on a network: their own bot, for example
    Link {
        #[command(subcommand)]
        command: LinkCommand,
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

#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Link an account; without answers it says what the network asks
    Add {
        /// The account's address
        email: String,
        /// The network, as the configuration calls it
        network: String,
        /// The answer to something that is no secret
        #[arg(long, value_name = "KEY=VALUE")]
        answer: Vec<String>,
        /// Read the answer to KEY from standard input, one line; --token-stdin is short for --answer-stdin token
        #[arg(long, value_name = "KEY")]
        answer_stdin: Option<String>,
    },
    /// List an account's links
    List {
        /// The account's address
        email: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End an account's link, and forget its secrets
    Remove {
        /// The account's address
        email: String,
        /// The network, as the configuration calls it
        network: String,
    },
}

/// The arguments with `--KEY-stdin`, where KEY is what a network asks, written as `--answer-stdin=KEY`: which keys there are, only
/// the networks know.
pub(crate) fn spelt_out(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let spelt_out = |argument: OsString| {
        let key = argument.to_str().and_then(|argument| argument.strip_prefix("--")?.strip_suffix("-stdin"));
        match key {
            None | Some("password" | "answer") => argument,
            Some(key) => format!("--answer-stdin={key}").into(),
        }
    };
    arguments.map(spelt_out).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn what_a_network_asks_can_be_an_option() {
        let line = ["chrysalis", "link", "add", "ann@msn.example", "net", "--token-stdin", "--answer", "place=here"];
        let line = CommandLine::try_parse_from(spelt_out(line.into_iter().map(OsString::from))).unwrap();
        let Command::Link { command: LinkCommand::Add { answer, answer_stdin, .. } } = line.command else {
            panic!("{line:?}");
        };
        assert_eq!((answer, answer_stdin.as_deref()), (vec!["place=here".to_owned()], Some("token")));
        let line = ["chrysalis", "account", "passwd", "ann@msn.example", "--password-stdin"].map(OsString::from);
        assert!(CommandLine::try_parse_from(spelt_out(line.into_iter())).is_ok());
    }
}
