//! `chrysalis database`: the whole database on its way to another place.

use std::io::{self, BufRead as _};

use server::control::Client;

use crate::{
    configuration::Configuration,
    progress::{self, Audience},
    running::Outcome,
    saying::say,
    tenancy::Tenancy,
};

/// Copies the database to where nothing is kept yet.
pub(crate) async fn copy(configuration: &Configuration, to: String, from: Option<&str>) -> Outcome {
    match carry(configuration, to, from).await {
        Ok(rows) => {
            say!(
                "copied {rows} rows. Set database.url to the copy, and start the server. From then on the old database must not be used \
                 again: it knows nothing of what comes."
            );
            Outcome::Done
        }
        Err(fault) => Outcome::Unusable(fault),
    }
}

async fn carry(configuration: &Configuration, to: String, from: Option<&str>) -> Result<u64, String> {
    let directory = &configuration.data_directory;
    if !matches!(Client::connect(directory).await, Ok(None)) {
        return Err(format!("a server runs on {}: stop it first", directory.display()));
    }
    // One that starts meanwhile has to wait.
    let _tenancy = Tenancy::alone(directory)?;
    let to = if to == "-" { told_on_standard_input()? } else { to };
    let from = match from {
        Some("-") => told_on_standard_input()?,
        from => from.unwrap_or(&configuration.database).to_owned(),
    };
    store::copy_database(&from, &to, &configuration.base, progress::rows("copying", Audience::Person))
        .await
        .map_err(|fault| fault.to_string())
}

/// The next line of standard input.
fn told_on_standard_input() -> Result<String, String> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|fault| format!("cannot read the url from standard input: {fault}"))?;
    Ok(line.trim().to_owned())
}
