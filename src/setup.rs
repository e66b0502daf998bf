//! `chrysalis setup`: from nothing to a server that can be started, in one go.
//!
//! [`crate::interview`] finds out what is wanted, by [`SetupOptions`] or by [`crate::asking`] whoever is there; [`Answers`] say which keys
//! follow from it, and [`crate::documents`] have them written into what is there. [`trying`] asks the networks whether it can be so, [`writing`]
//! writes files, and [`admission`] waits for what others have to do. Nothing is written before everything is answered. A second run finds what the first one
//! has made, and does what is missing.

use std::path::Path;
use std::time::Duration;

use server::control::{Answer, Client, Request};

use crate::{
    accounts::Office,
    admission::{self, Waited},
    asking::{self, Asker, Broken, EndedByCtrlC},
    configuration::{Configuration, USUAL_PLACE},
    documents::{Change, Documents},
    interview::Interview,
    networks::{self, KINDS},
    running::{self, Outcome},
    saying::say,
    setup_answers::{Account, Answers, Secrets},
    setup_options::SetupOptions,
    trying, writing,
};

/// Sets the server up whose configuration is `named`, or lies where it usually does.
pub(crate) async fn set_up(named: Option<&Path>, options: &SetupOptions) -> Outcome {
    let main = named.unwrap_or(Path::new(USUAL_PLACE));
    match Setup::of(main, options).await {
        Ok(outcome) => outcome,
        Err(Broken(fault)) => Outcome::Unusable(fault),
    }
}

struct Setup<'a> {
    main: &'a Path,
    options: &'a SetupOptions,
    asker: Asker,
}

impl<'a> Setup<'a> {
    async fn of(main: &'a Path, options: &'a SetupOptions) -> Result<Outcome, Broken> {
        let mut setup = Self { main, options, asker: Asker::new(options.non_interactive) };
        let is_there = Documents::read(main)?.is_anything_there();
        let present = if is_there { Some(setup.present()?) } else { None };
        let has_accounts = match &present {
            Some(present) => has_accounts(present).await?,
            None => false,
        };
        setup.greet(present.as_ref());
        let interruption = EndedByCtrlC::begin()?;
        let interview = Interview {
            asker: &mut setup.asker,
            options,
            main,
            present: present.as_ref(),
            has_accounts,
            answers: Answers::default(),
        };
        let answers = interview.ask().await?;
        setup.try_what_was_read(&answers).await?;
        let planned = trying::configuration(main, &answers)?;
        if !setup.write(&answers, &planned.data_directory)? {
            return Ok(Outcome::Faulty(vec!["nothing was written".to_owned()]));
        }
        setup.finish(&answers, interruption).await
    }

    /// What is configured already.
    fn present(&self) -> Result<Configuration, Broken> {
        networks::read_texts(&Documents::read(self.main)?.texts()).map_err(|fault| {
            Broken(format!("{fault} (this is there already, and has to be right before it can be changed)"))
        })
    }

    fn greet(&self, present: Option<&Configuration>) {
        let main = self.main.display();
        match present {
            None if self.asker.is_attended() => say!(
                "This sets Chrysalis up, in {main}. Nothing is written before everything is answered; Ctrl-C ends it.\n"
            ),
            None => {}
            Some(present) => {
                let names: Vec<String> =
                    present.networks.iter().map(|network| network.section.name.to_string()).collect();
                let networks = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                say!(
                    "{main} is there already: domain {}, networks {networks}. What it says stays, unless options say something else; \
                     --replace asks everything anew.\n",
                    present.settings.realm.domain()
                );
            }
        }
    }

    /// Secrets that came by standard input were read last, and have not been tried yet.
    async fn try_what_was_read(&self, answers: &Answers) -> Result<(), Broken> {
        for kind in KINDS {
            let of_input = |step| self.options.of_networks.is_from_input(kind.name, step);
            if !self.options.no_check && kind.setup.steps().iter().any(of_input) {
                trying::admission(self.main, answers, kind).await?.map_err(Broken)?;
            }
        }
        Ok(())
    }

    /// Writes the configuration and the secrets; `false` if somebody says that they do not want that.
    fn write(&self, answers: &Answers, data_directory: &Path) -> Result<bool, Broken> {
        let mut documents = Documents::read(self.main)?;
        // As the configuration is to name it: what lies beside the file, by the way from there.
        let base = self.main.parent().unwrap_or_else(|| Path::new(""));
        let named = data_directory.strip_prefix(base).unwrap_or(data_directory);
        answers.enter(&mut documents, Secrets::InFiles, named)?;
        let mut secrets = Vec::new();
        let mut lines: Vec<String> = documents.changes().map(told).collect();
        for (path, secret) in answers.secrets(data_directory) {
            match writing::kept(&path)? {
                Some(kept) if kept.trim_end() == secret => continue,
                Some(_) => lines.push(format!("{} gets another secret", path.display())),
                None => {}
            }
            secrets.push((path, secret));
        }
        if !lines.is_empty() {
            if !self.options.replace && !self.asker.is_attended() {
                return Err(Broken(format!("this would change, and --replace lets it: {}", lines.join("; "))));
            }
            say!("This changes:\n  {}\n", lines.join("\n  "));
        }
        let files = documents.to_write();
        if files.is_empty() && secrets.is_empty() {
            return Ok(true);
        }
        if self.asker.is_attended() {
            for path in secrets.iter().map(|(path, _)| path).chain(files.iter().map(|file| &file.path)) {
                say!("  {}", path.display());
            }
            let ask = if lines.is_empty() { "Write these files?" } else { "Change these files?" };
            if !self.asker.confirm(ask, true)? {
                return Ok(false);
            }
        }
        asking::note_written();
        writing::provide_folder(data_directory)?;
        say!("Written:");
        for (path, secret) in secrets {
            writing::write(&path, &format!("{secret}\n"))?;
            say!("  {}", path.display());
        }
        for file in files {
            let kept = writing::write(&file.path, &file.text)?;
            let kept = kept.map(|kept| format!(" (what it said before: {})", kept.display()));
            say!("  {}{}", file.path.display(), kept.unwrap_or_default());
        }
        Ok(true)
    }

    /// Everything after the configuration: database, account, registrations, the networks' own servers, and a look at all of it.
    async fn finish(&self, answers: &Answers, interruption: EndedByCtrlC) -> Result<Outcome, Broken> {
        let configuration = networks::read_configuration(Some(self.main)).map_err(|fault| Broken(fault.to_string()))?;
        if let Err(outcome) = running::make_data_directory(&configuration) {
            return Ok(outcome);
        }
        let is_running = matches!(Client::connect(&configuration.data_directory).await, Ok(Some(_)));
        let mut faults = Vec::new();
        if let Some(account) = &answers.account {
            match make_account(&configuration, account).await? {
                Ok(told) => say!("{told}"),
                Err(fault) => faults.push(fault),
            }
        } else if !is_running {
            // So that the database is there, and can be used.
            if let Err(outcome) = running::look_at_store(&configuration).await {
                return Ok(outcome);
            }
        }
        // Ctrl-C ends the waiting alone there.
        drop(interruption);
        faults.extend(self.wait_for_networks(&configuration).await?);
        let _interruption = EndedByCtrlC::begin()?;
        if faults.is_empty() {
            match running::faults(&configuration).await {
                Ok(found) => faults = found,
                // What is written stays, and is one step from being right.
                Err(Outcome::Unusable(fault)) => faults.push(fault),
                Err(outcome @ (Outcome::Done | Outcome::Faulty(_))) => return Ok(outcome),
            }
        }
        if faults.is_empty() {
            say!("Everything is in order.");
        }
        self.farewell(&configuration, answers, is_running);
        Ok(if faults.is_empty() { Outcome::Done } else { Outcome::Faulty(faults) })
    }

    /// Writes registrations, tells what is to be done with them, and waits until it is done. Gives what is not.
    async fn wait_for_networks(&self, configuration: &Configuration) -> Result<Vec<String>, Broken> {
        let entries = networks::build(configuration).map_err(|fault| Broken(fault.to_string()))?;
        let mut faults = Vec::new();
        for entry in &entries {
            let registration = admission::write_registration(entry, self.main, self.options.replace, &self.asker)?;
            let Some(registration) = registration else { continue };
            let first_look =
                if self.options.no_check { Waited::BrokenOff } else { admission::wait(entry, Duration::ZERO).await };
            if first_look == Waited::Admitted {
                say!("{} lets this server in.", entry.name);
                continue;
            }
            admission::tell(entry, &registration);
            let is_broken_off = first_look == Waited::BrokenOff;
            let at_most = Duration::from_secs(self.options.wait_seconds);
            let waited =
                if is_broken_off || at_most.is_zero() { first_look } else { admission::wait(entry, at_most).await };
            match waited {
                Waited::Admitted => say!("{} lets this server in.", entry.name),
                Waited::Not(fault) => faults.push(fault),
                Waited::BrokenOff => faults.push(format!(
                    "networks.{}: it was not waited for; everything is written. When it is done, `chrysalis check` tells whether it works",
                    entry.name
                )),
            }
        }
        Ok(faults)
    }

    fn farewell(&self, configuration: &Configuration, answers: &Answers, is_running: bool) {
        // As this command itself was given.
        let program = std::env::args().next().unwrap_or_else(|| "chrysalis".to_owned());
        let program = if self.main == Path::new(USUAL_PLACE) {
            program
        } else {
            format!("{program} --config {}", self.main.display())
        };
        let start = if is_running {
            "a server runs on this already: restart it, and it takes up what was changed".to_owned()
        } else {
            format!("{program} run     (as a service of systemd: docs/running.md)")
        };
        let realm = &configuration.settings.realm;
        let account = answers.account.as_ref().map_or_else(
            || format!("{program} account add YOU@{} --password-stdin", realm.domain()),
            |account| format!("{} signs in, in Messenger and in a browser", account.passport),
        );
        let address = &configuration.settings.session.public_address;
        let web = &configuration.settings.session.web;
        say!(
            "\n  start        {start}\n  \
             browser      {web}\n  \
             Messenger    {address}, sign-in at {web}; {web}/connect tells how it is pointed there\n  \
             account      {account}\n  \
             if it fails  {program} doctor"
        );
        if !web.starts_with("https:") && !address.starts_with("127.") {
            say!("\n  Passwords cross the network in clear so. Read docs/security.md before others come.");
        }
    }
}

/// One change, as a line.
fn told(change: &Change) -> String {
    let Change { file, key, before, after } = change;
    let file = file.display();
    match (before, after) {
        (Some(before), Some(after)) => format!("{file}: {key} = {before} becomes {after}"),
        (None, Some(after)) => format!("{file}: {key} = {after} is added"),
        // It was a secret.
        (_, None) => format!("{file}: {key} is taken out"),
    }
}

async fn has_accounts(configuration: &Configuration) -> Result<bool, Broken> {
    if !configuration.data_directory.exists() {
        return Ok(false);
    }
    let mut office = open_office(configuration).await?;
    let listed = office.ask(Request::List).await;
    office.close().await;
    match listed {
        Ok(Answer::Accounts(accounts)) => Ok(!accounts.is_empty()),
        Ok(_) => Err(Broken("the running server is of another version; restart it".to_owned())),
        Err(fault) => Err(Broken(fault.to_string())),
    }
}

/// Makes the account; in the inner error, why there is none.
async fn make_account(configuration: &Configuration, account: &Account) -> Result<Result<String, String>, Broken> {
    let mut office = open_office(configuration).await?;
    let Account { passport, name, password, is_admin } = account;
    let request = Request::Add { passport: passport.clone(), name: name.clone(), password: password.clone() };
    let made = office.ask(request).await;
    office.close().await;
    let can = if *is_admin { "can sign in, and runs the server in a browser" } else { "can sign in" };
    Ok(match made {
        Ok(Answer::NotUnderstood(fault)) => {
            Err(format!("the running server is of another version: {fault}; restart it"))
        }
        Ok(_) => Ok(format!("{passport} {can}")),
        Err(server::AccountFault::Exists(passport)) => {
            Ok(format!("{passport} has an account already: its password is what it was"))
        }
        Err(fault) => Err(fault.to_string()),
    })
}

async fn open_office(configuration: &Configuration) -> Result<Office, Broken> {
    Office::open(configuration).await.map_err(|outcome| match outcome {
        Outcome::Unusable(fault) => Broken(fault),
        Outcome::Faulty(faults) => Broken(faults.join("; ")),
        Outcome::Done => Broken("the accounts cannot be reached".to_owned()),
    })
}
