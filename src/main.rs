//! Chrysalis: MSN Messenger 7.5 talks to Matrix and Discord.
//!
//! This package ties the crates together: the [command line](command_line), the [configuration](configuration), the
//! [networks](networks) that there are, and the [running](running) of it all.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// It ends the program where nobody reads on: see `saying`.
#![warn(clippy::print_stdout)]

mod accounts;
mod admission;
mod announcing;
mod answering;
mod asking;
mod backup;
mod command_line;
mod configuration;
mod database;
mod documents;
mod examining;
mod interview;
mod keys;
mod layers;
mod linking;
mod listeners;
mod logging;
mod managing;
mod modes;
mod network_interview;
mod networks;
mod noting;
mod operating;
mod placing;
mod progress;
mod reloading;
mod restoring;
mod running;
mod saying;
mod secrets;
#[cfg(test)]
mod service_examples;
mod setup;
mod setup_answers;
mod setup_options;
mod tenancy;
mod terminal;
mod told;
mod trying;
mod writing;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rustix::fs::Mode;

use command_line::{
    AccountCommand, AnnounceCommand, Command, CommandLine, ConfigCommand, DatabaseCommand, LinkCommand, SecretsCommand,
};
use keys::LogFormat;
use logging::Logging;
use operating::LogKeys;
use running::Outcome;
use saying::say_text;
use server::Announcement;

/// How long threads that do something blocking may take to end.
const LAST_MOMENT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // What is made here is for this user alone, whatever makes it: databases, and what stands beside them for a moment.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let line = CommandLine::parse_from(command_line::spelt_out(std::env::args_os()));
    // Two TLS libraries end up in one program; which of them speaks is decided here, before anything connects.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return Outcome::Unusable(format!("cannot start: {fault}")).tell(),
    };
    let outcome = runtime.block_on(obey(line));
    // Whatever a thread may be blocked by must not keep the program.
    runtime.shutdown_timeout(LAST_MOMENT);
    outcome.tell()
}

async fn obey(line: CommandLine) -> Outcome {
    if let Command::Config { command: ConfigCommand::Example } = line.command {
        say_text!("{}", configuration::EXAMPLE);
        for (name, example) in configuration::NETWORK_EXAMPLES {
            say_text!("\n\n# ---- {name} ----\n\n{example}");
        }
        return Outcome::Done;
    }
    if let Command::Setup(options) = &line.command {
        Logging::begin(&LogKeys { format: LogFormat::Pretty, level: Some("warn".to_owned()) });
        return setup::set_up(line.config.as_deref(), options).await;
    }
    let configuration = match networks::read_configuration(line.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(fault) => return Outcome::Unusable(fault.to_string()),
    };
    let logging = Logging::begin(&configuration.log);
    match line.command {
        Command::Run => running::run(configuration, line.config, logging).await,
        Command::Check { json } => running::check(configuration, json).await,
        Command::Backup { file } => backup::back_up(&configuration, &file).await,
        Command::Restore { file, replace } => restoring::restore(&configuration, &file, replace).await,
        Command::Database { command: DatabaseCommand::Copy { to, from } } => {
            database::copy(&configuration, to, from.as_deref()).await
        }
        Command::Secrets { command: SecretsCommand::Rotate { new_key_stdin } } => {
            secrets::rotate(&configuration, new_key_stdin).await
        }
        Command::Registration { output, replace, double_puppet } => {
            admission::registration(&configuration, double_puppet, output.as_deref(), replace)
        }
        // Done before anything was read.
        Command::Config { command: ConfigCommand::Example } | Command::Setup(_) => Outcome::Done,
        Command::Announce { command } => {
            let announcement = match command {
                AnnounceCommand::Maintenance { minutes } => Announcement::Maintenance { minutes },
                AnnounceCommand::Notice { text } => Announcement::Notice { text },
            };
            announcing::announce(&configuration, announcement).await
        }
        Command::Link { command } => match command {
            LinkCommand::Add { email, network, way, answers } => {
                linking::add(&configuration, email, network, way, answers).await
            }
            LinkCommand::Do { email, network, task, answers } => {
                linking::perform(&configuration, email, network, task, answers).await
            }
            LinkCommand::Ways { network } => linking::ways(&configuration, network).await,
            LinkCommand::List { email, json } => linking::list(&configuration, email, json).await,
            LinkCommand::Remove { email, network } => linking::remove(&configuration, email, network).await,
        },
        Command::Doctor(options) => examining::examine(&configuration, options).await,
        Command::Account { command } => match command {
            AccountCommand::Add { email, name, .. } => accounts::add(&configuration, email, name).await,
            AccountCommand::Passwd { email, .. } => accounts::set_password(&configuration, email).await,
            AccountCommand::List { json } => accounts::list(&configuration, json).await,
            AccountCommand::Remove { email } => accounts::remove(&configuration, email).await,
            AccountCommand::Import => accounts::import(&configuration).await,
        },
    }
}
