//! `chrysalis secrets`: another key for everything that is sealed.

use std::io::{self, BufRead as _};

use server::control::Client;
use store::SecretsKey;

use crate::{
    configuration::Configuration,
    running::{Outcome, SECRETS_KEY, open_store},
    saying::say,
    tenancy::Tenancy,
};

/// Seals all secrets anew; with `is_given` under a key that standard input holds.
pub(crate) async fn rotate(configuration: &Configuration, is_given: bool) -> Outcome {
    match seal_anew(configuration, is_given).await {
        Ok(told) => {
            say!("{told}");
            Outcome::Done
        }
        Err(outcome) => outcome,
    }
}

async fn seal_anew(configuration: &Configuration, is_given: bool) -> Result<String, Outcome> {
    let directory = &configuration.data_directory;
    if !matches!(Client::connect(directory).await, Ok(None)) {
        return Err(Outcome::Unusable(format!("a server runs on {}: stop it first", directory.display())));
    }
    let _tenancy = Tenancy::alone(directory).map_err(Outcome::Unusable)?;
    let next = match (&configuration.secrets_key, is_given) {
        (None, false) => None,
        (Some(_), true) => Some(told_on_standard_input()?),
        (None, true) => {
            return Err(Outcome::Unusable(format!(
                "--new-key-stdin: the key lies in {}, where the new one is made: leave this out",
                directory.join(SECRETS_KEY).display()
            )));
        }
        (Some(_), false) => {
            return Err(Outcome::Unusable(
                "the key is given by CHRYSALIS__SERVER__SECRETS_KEY, which this program cannot change: make another one \
                 (`openssl rand -hex 32`), keep it, and give it by --new-key-stdin"
                    .to_owned(),
            ));
        }
    };
    let store = open_store(configuration).await?;
    let changed = store.change_secrets_key(next).await;
    store.close().await;
    let count =
        changed.map_err(|fault| Outcome::Faulty(vec![format!("the key of secrets was not changed: {fault}")]))?;
    let after = if is_given {
        "Set CHRYSALIS__SERVER__SECRETS_KEY to the new key now, before the server is started.".to_owned()
    } else {
        format!("The new key is in {}.", directory.join(SECRETS_KEY).display())
    };
    Ok(format!(
        "secrets sealed anew: {count}. {after} Backups from before open with the key of before alone, which is in them where it was in a \
         file: write a new one, and destroy those if that key was seen."
    ))
}

/// The key, from the first line of standard input.
fn told_on_standard_input() -> Result<SecretsKey, Outcome> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|fault| Outcome::Unusable(format!("cannot read the key from standard input: {fault}")))?;
    line.parse().map_err(|fault: store::SecretsKeyFault| Outcome::Unusable(format!("standard input: {fault}")))
}
