//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use doctor::{Check, Place};
use url::Url;

use crate::setup_options::SetupOptions;

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
    /// Set the server up: ask what is needed, write it, check everything, and say what remains to be done
    Setup(Box<SetupOptions>),
    /// Run the server until it is told to stop
    Run,
    /// Check the configuration and that the networks can be reached; one line per fault
    Check {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
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
    /// The database
    Database {
        #[command(subcommand)]
        command: DatabaseCommand,
    },
    /// The key under which secrets of links are sealed
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Write the document that lets this server into a homeserver
    Registration {
        /// Where to write it; standard output if left out. What says something else there is not written over
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write it over what says something else, which is kept beside it
        #[arg(long, requires = "output")]
        replace: bool,
        /// The second document, by which people of the homeserver can be linked to accounts by saying a number
        #[arg(long)]
        double_puppet: bool,
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
    /// Look why Messenger does not sign in here: a line for each thing that is looked at, with cause and mend
    Doctor(DoctorOptions),
    /// The Messenger accounts of this server
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
}

/// What the doctor is to look at.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DoctorOptions {
    /// Look at the server that answers at this URL, in place of that of the configuration
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<Url>,
    /// Look at the server that answers there, in place of the configured address; with --url alone, port 1863 of its host
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: Option<Place>,
    /// Where port 443 of Messenger's names leads, if that is not the URL: the proxy for Windows XP
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) sign_in: Option<Place>,
    /// This machine asks names as Messenger's does: they have to lead to the server
    #[arg(long)]
    pub(crate) names: bool,
    /// Leave something out, such as tls; may be given several times
    #[arg(long, value_name = "CHECK")]
    pub(crate) skip: Vec<Check>,
    /// As JSON: an array of objects
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print annotated example files
    Example,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Copy all of it from a file to a database server, or back; nothing may run on it
    Copy {
        /// Where to, as database.url would have it; nothing may be kept there. A hyphen: standard input says so, one line, as others
        /// could read a password here
        #[arg(long, value_name = "URL")]
        to: String,
        /// Where from; database.url if left out. A hyphen: the next line of standard input says so
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Seal all secrets anew under another key; no server may run
    Rotate {
        /// Read the new key from standard input, one line of 64 hexadecimal digits; only where the environment holds the present one
        #[arg(long)]
        new_key_stdin: bool,
    },
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
        /// In which way; if left out, in the one that asks for just what is answered
        #[arg(long)]
        way: Option<String>,
        #[command(flatten)]
        answers: Answers,
    },
    /// Do something with an account's link; without a TASK it says what can be done
    Do {
        /// The account's address
        email: String,
        /// The network, as the configuration calls it
        network: String,
        /// What to do
        task: Option<String>,
        #[command(flatten)]
        answers: Answers,
    },
    /// List the ways in which accounts can be linked to a network
    Ways {
        /// The network, as the configuration calls it
        network: String,
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

/// The answers to what a network asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub(crate) struct Answers {
    /// The answer to something that is no secret; --user X is short for --answer user=X
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) answer: Vec<String>,
    /// Read the answer to KEY from standard input, one line; --token-stdin is short for --answer-stdin token
    #[arg(long, value_name = "KEY")]
    pub(crate) answer_stdin: Option<String>,
}

/// The options of `link add` and `link do` that are no names of answers.
const OWN_OPTIONS: [&str; 6] = ["answer", "answer-stdin", "way", "config", "help", "version"];

/// The arguments, where they make a link or do something with one, with `--KEY VALUE` written as `--answer=KEY=VALUE`, and `--KEY-stdin` as
/// `--answer-stdin=KEY`: which keys there are, only the networks know.
pub(crate) fn spelt_out(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let Some(first) = answers_begin(&arguments) else { return arguments };
    let mut rest = arguments.split_off(first).into_iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(option) = argument.to_str().and_then(|argument| argument.strip_prefix("--")) else {
            arguments.push(argument);
            continue;
        };
        if option.is_empty() {
            // What stands after two hyphens is no option.
            arguments.push(argument);
            arguments.extend(rest);
            break;
        }
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        if OWN_OPTIONS.contains(&name) {
            arguments.push(argument);
        } else if let (Some(key), None) = (name.strip_suffix("-stdin"), value) {
            arguments.push(format!("--answer-stdin={key}").into());
        } else if let Some(value) = value {
            arguments.push(format!("--answer={name}={value}").into());
        } else {
            let mut answer = OsString::from(format!("--answer={name}"));
            // What has no value is left without its `=`, and said to have none.
            if let Some(value) = rest.next_if(|next| !next.as_encoded_bytes().starts_with(b"--")) {
                answer.push("=");
                answer.push(value);
            }
            arguments.push(answer);
        }
    }
    arguments
}

/// Where the answers of `link add` and `link do` can begin; `None` if the arguments say something else.
fn answers_begin(arguments: &[OsString]) -> Option<usize> {
    let mut words = arguments.iter().enumerate().skip(1);
    let mut next_word = || {
        loop {
            let (place, argument) = words.next()?;
            match argument.to_str()? {
                "--config" => drop(words.next()),
                option if option.starts_with("--config=") => {}
                word => return Some((place, word)),
            }
        }
    };
    let is_link = next_word()?.1 == "link";
    let (place, deed) = next_word()?;
    (is_link && matches!(deed, "add" | "do")).then_some(place + 1)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    fn spelt(line: &str) -> Vec<String> {
        let arguments = line.split(' ').map(OsString::from);
        spelt_out(arguments).into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn what_a_network_asks_can_be_an_option() {
        let line = "chrysalis --config x.toml link add --user @ann:a.example ann@msn.example net --place=here --token-stdin --way t";
        let line = CommandLine::try_parse_from(spelt(line)).unwrap();
        let Command::Link { command: LinkCommand::Add { email, network, way, answers } } = line.command else {
            panic!("{line:?}");
        };
        assert_eq!((email.as_str(), network.as_str(), way.as_deref()), ("ann@msn.example", "net", Some("t")));
        let wanted = Answers {
            answer: vec!["user=@ann:a.example".to_owned(), "place=here".to_owned()],
            answer_stdin: Some("token".to_owned()),
        };
        assert_eq!(answers, wanted);
        let line = "chrysalis link do ann@msn.example net recovery --key-stdin";
        let line = CommandLine::try_parse_from(spelt(line)).unwrap();
        let Command::Link { command: LinkCommand::Do { task, answers, .. } } = line.command else {
            panic!("{line:?}");
        };
        assert_eq!((task.as_deref(), answers.answer_stdin.as_deref()), (Some("recovery"), Some("key")));
    }

    #[test]
    fn only_answers_are_spelt_out() {
        for line in [
            "chrysalis account passwd ann@msn.example --password-stdin",
            "chrysalis link list ann@msn.example --json",
            "chrysalis --config link add x --user y",
            "chrysalis link add ann@msn.example net --answer a=b --answer-stdin token -- --user",
        ] {
            assert_eq!(spelt(line).join(" "), line);
        }
        assert_eq!(
            spelt("chrysalis link add a net --user --token-stdin")[5..],
            ["--answer=user", "--answer-stdin=token"]
        );
    }
}
