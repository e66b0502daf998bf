//! Every answer as an option of the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bridge::SetupStep;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::networks::KINDS;

/// How long the network's own server has to let this program in, in seconds, unless somebody says otherwise.
const USUAL_WAIT: u64 = 600;

#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
/// The options of `chrysalis setup`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct SetupOptions {
    /// Ask nothing, and say which options are missing; so it is anyway where nobody sits at a terminal
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// Change what is configured already; files are kept under another name beside the new ones
    #[arg(long)]
    pub(crate) replace: bool,
    /// The domain of this server, which addresses of its people and of its contacts end with; it needs no DNS entry
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,
    /// The name or IPv4 address at which clients reach this machine; 127.0.0.1 if left out: from this machine alone
    #[arg(long, value_name = "HOST")]
    pub(crate) address: Option<String>,
    /// The port for Messenger; 1863 if left out
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// The port for sign-in and the pages for browsers; 8080 if left out
    #[arg(long, value_name = "PORT")]
    pub(crate) web_port: Option<u16>,
    /// Where browsers find the pages, such as <https://msn.example> behind a proxy on this machine; http, the address and the port if left out
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Where the database, keys and files lie; a folder "data" beside the configuration if left out
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_directory: Option<PathBuf>,
    /// Who makes themselves an account in a browser; nobody (closed) if left out
    #[arg(long, value_name = "WHO", value_parser = ["closed", "invite", "open"])]
    pub(crate) sign_up: Option<String>,
    /// The networks, with commas between them, or none
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) networks: Option<Vec<String>>,
    /// The address of an account to make, such as carol@msn.example
    #[arg(long, value_name = "EMAIL")]
    pub(crate) account: Option<String>,
    /// Make no account
    #[arg(long, conflicts_with_all = ["account", "name", "password_stdin"])]
    pub(crate) no_account: bool,
    /// The name that the account's contacts see; the address up to the @ if left out
    #[arg(long, requires = "account")]
    pub(crate) name: Option<String>,
    /// Read the account's password from standard input, one line, before any other secret
    #[arg(long, requires = "account")]
    pub(crate) password_stdin: bool,
    /// Do not let the account run the server on the pages for browsers
    #[arg(long)]
    pub(crate) no_admin: bool,
    /// Do not ask networks whether they can be reached
    #[arg(long)]
    pub(crate) no_check: bool,
    /// How long to wait until a network's own server lets this one in; 0: not at all
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL_WAIT)]
    pub(crate) wait_seconds: u64,
    #[command(flatten)]
    pub(crate) of_networks: NetworkOptions,
}

/// The options that networks ask for: `--matrix-homeserver-url URL`, or `--discord-token-stdin`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NetworkOptions {
    /// The answers, by the names of the options.
    given: BTreeMap<String, String>,
    /// The options whose answers are lines of standard input.
    from_input: BTreeSet<String>,
}

/// The option, without its hyphens, by which a step of a network is answered.
pub(crate) fn option(network: &str, step: &SetupStep) -> String {
    let option = format!("{network}-{}", step.key.replace(['.', '_'], "-"));
    if step.secret { option + "-stdin" } else { option }
}

/// All steps of all networks, with their options.
fn steps() -> impl Iterator<Item = (String, &'static SetupStep)> {
    KINDS.into_iter().flat_map(|kind| kind.setup.steps().iter().map(move |step| (option(kind.name, step), step)))
}

impl NetworkOptions {
    /// The answer to a step that the command line gives.
    pub(crate) fn given(&self, network: &str, step: &SetupStep) -> Option<&str> {
        self.given.get(&option(network, step)).map(String::as_str)
    }

    /// Whether the answer to a step is a line of standard input.
    pub(crate) fn is_from_input(&self, network: &str, step: &SetupStep) -> bool {
        self.from_input.contains(&option(network, step))
    }

    /// Whether anything is said of this network.
    pub(crate) fn concerns(&self, network: &str) -> bool {
        let prefix = format!("{network}-");
        self.given.keys().chain(&self.from_input).any(|option| option.starts_with(&prefix))
    }
}

impl Args for NetworkOptions {
    fn augment_args(mut command: Command) -> Command {
        for (option, step) in steps() {
            let asked = step.ask.trim_end_matches(':').to_owned();
            let argument = Arg::new(option.clone()).long(option);
            command = command.arg(if step.secret {
                argument.action(ArgAction::SetTrue).help(format!("Read from standard input, one line: {asked}"))
            } else {
                argument.value_name("TEXT").help(asked)
            });
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NetworkOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::default();
        for (option, step) in steps() {
            if step.secret {
                if matches.get_flag(&option) {
                    options.from_input.insert(option);
                }
            } else if let Some(answer) = matches.get_one::<String>(&option) {
                options.given.insert(option, answer.clone());
            }
        }
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: SetupOptions,
    }

    fn read(line: &str) -> Result<SetupOptions, String> {
        let arguments = std::iter::once("setup").chain(line.split_whitespace());
        Line::try_parse_from(arguments).map(|line| line.options).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_networks_ask_are_options_with_their_names() {
        let options = read("--matrix-homeserver-url http://a --discord-token-stdin --networks matrix,discord").unwrap();
        let step = |network: &str, key: &str| {
            let kind = KINDS.iter().find(|kind| kind.name == network).unwrap();
            kind.setup.steps().iter().find(|step| step.key == key).unwrap()
        };
        let url = step("matrix", "homeserver_url");
        assert_eq!(option("matrix", step("matrix", "appservice.url")), "matrix-appservice-url");
        assert_eq!(options.of_networks.given("matrix", url), Some("http://a"));
        assert_eq!(options.of_networks.given("matrix", step("matrix", "server_name")), None);
        assert!(options.of_networks.is_from_input("discord", step("discord", "token")));
        assert!(options.of_networks.concerns("matrix") && !options.of_networks.concerns("loopback"));
        assert_eq!(options.networks.unwrap(), ["matrix", "discord"]);
        let secret = read("--discord-token hunter2").unwrap_err();
        assert!(secret.contains("--discord-token-stdin"), "a secret is no option: {secret}");
    }

    #[test]
    fn an_account_is_made_whole_or_not_at_all() {
        assert!(read("--account a@b.example --password-stdin --name A --no-admin").is_ok());
        for line in ["--no-account --account a@b.example", "--password-stdin", "--name A", "--sign-up maybe"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
