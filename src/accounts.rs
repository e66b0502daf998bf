//! `chrysalis account`: to the running server if one runs, else to the store itself.

use std::io::{self, BufRead, Write as _};

use server::{
    AccountFault, Administration,
    control::{self, Answer, Client, Request},
};
use store::Store;

use crate::{
    configuration::Configuration,
    running::{Outcome, open_store},
    saying::say,
    tenancy::Tenancy,
    terminal,
};

/// Whoever makes and removes accounts.
pub(crate) enum Office {
    Running(Client),
    Offline(Administration, Store, Tenancy),
}

impl Office {
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, Outcome> {
        let connected = Client::connect(&configuration.data_directory).await;
        if let Some(client) = connected.map_err(|fault| {
            Outcome::Unusable(format!(
                "cannot speak to the running server at {}: {fault}; run this as the user who runs it",
                control::path(&configuration.data_directory).display()
            ))
        })? {
            return Ok(Self::Running(client));
        }
        // Nobody else may put another database there meanwhile.
        let tenancy = Tenancy::serving(&configuration.data_directory).map_err(|fault| Outcome::Faulty(vec![fault]))?;
        let store = open_store(configuration).await?;
        let server::Settings { realm, limits, .. } = &configuration.settings;
        let administration = Administration::offline(store.clone(), realm.clone(), limits.password_cost);
        Ok(Self::Offline(administration, store, tenancy))
    }

    pub(crate) async fn ask(&mut self, request: Request) -> Result<Answer, AccountFault> {
        match self {
            Self::Running(client) => match client.ask(&request).await {
                Ok(Answer::Refused(fault)) => Err(fault),
                Ok(answer) => Ok(answer),
                Err(fault) => Err(AccountFault::Store(format!("the running server: {fault}"))),
            },
            Self::Offline(administration, ..) => control::obey(administration, request).await,
        }
    }

    pub(crate) async fn close(self) {
        if let Self::Offline(_, store, _tenancy) = self {
            store.close().await;
        }
    }
}

/// Asks one thing, and tells what came of it.
async fn one(configuration: &Configuration, request: Request, done: &str) -> Outcome {
    let mut office = match Office::open(configuration).await {
        Ok(office) => office,
        Err(outcome) => return outcome,
    };
    let answered = office.ask(request).await;
    office.close().await;
    match answered {
        Ok(Answer::NotUnderstood(fault)) => {
            Outcome::Faulty(vec![format!("the running server is of another version: {fault}; restart it")])
        }
        Ok(_) => {
            say!("{}", terminal::line(done));
            Outcome::Done
        }
        Err(fault) => Outcome::Faulty(vec![fault.to_string()]),
    }
}

/// The password, from the first line of standard input.
fn password() -> Result<String, Outcome> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        Err(fault) => Err(Outcome::Unusable(format!("cannot read the password from standard input: {fault}"))),
    }
}

pub(crate) async fn add(configuration: &Configuration, passport: String, name: Option<String>) -> Outcome {
    match password() {
        Ok(password) => {
            let done = format!("{passport} can sign in now");
            one(configuration, Request::Add { passport, name, password }, &done).await
        }
        Err(outcome) => outcome,
    }
}

pub(crate) async fn set_password(configuration: &Configuration, passport: String) -> Outcome {
    match password() {
        Ok(password) => {
            let done = format!("{passport} has a new password");
            one(configuration, Request::SetPassword { passport, password }, &done).await
        }
        Err(outcome) => outcome,
    }
}

pub(crate) async fn remove(configuration: &Configuration, passport: String) -> Outcome {
    let done = format!("{passport} is removed");
    one(configuration, Request::Remove { passport }, &done).await
}

pub(crate) async fn list(configuration: &Configuration, json: bool) -> Outcome {
    let mut office = match Office::open(configuration).await {
        Ok(office) => office,
        Err(outcome) => return outcome,
    };
    let answered = office.ask(Request::List).await;
    office.close().await;
    let accounts = match answered {
        Ok(Answer::Accounts(accounts)) => accounts,
        Ok(_) => Vec::new(),
        Err(fault) => return Outcome::Faulty(vec![fault.to_string()]),
    };
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_string_pretty(&accounts)
            .map_err(io::Error::other)
            .and_then(|text| writeln!(out, "{}", terminal::json(&text)))
    } else {
        accounts.iter().try_for_each(|account| {
            let (passport, name) = (terminal::line(&account.passport), terminal::line(&account.name));
            writeln!(out, "{passport}\t{name}\t{} contacts", account.contacts)
        })
    };
    match written {
        Ok(()) => Outcome::Done,
        Err(fault) => Outcome::Unusable(format!("cannot write the list: {fault}")),
    }
}

/// Makes an account of each line; says what was taken, and what was refused and why.
pub(crate) async fn import(configuration: &Configuration) -> Outcome {
    let mut office = match Office::open(configuration).await {
        Ok(office) => office,
        Err(outcome) => return outcome,
    };
    let lines: Vec<io::Result<String>> = io::stdin().lock().lines().collect();
    let (mut taken, mut refused) = (0_usize, Vec::new());
    for (number, line) in lines.into_iter().enumerate() {
        let number = number + 1;
        let line = match line {
            Ok(line) => line,
            Err(fault) => {
                refused.push(format!("line {number}: cannot be read: {fault}"));
                break;
            }
        };
        if line.trim().is_empty() {
            continue;
        }
        let mut fields = line.split('\t');
        let (Some(passport), Some(password)) = (fields.next(), fields.next()) else {
            refused.push(format!("line {number}: has no tab: write address, tab, password, tab, name"));
            continue;
        };
        let name = fields.next().map(str::to_owned);
        let request = Request::Add { passport: passport.to_owned(), name, password: password.to_owned() };
        match office.ask(request).await {
            Ok(_) => {
                taken += 1;
                say!("took {}", terminal::line(passport));
            }
            Err(fault) => refused.push(format!("line {number}: {fault}")),
        }
    }
    office.close().await;
    say!("{taken} taken, {} refused", refused.len());
    if refused.is_empty() { Outcome::Done } else { Outcome::Faulty(refused) }
}
