//! The questions, in their order.

use std::net::TcpListener;
use std::path::Path;

use domain::{NetworkName, Passport, Realm};
use url::Url;

use crate::{
    asking::{Asker, Broken, Question, line_of_input},
    configuration::Configuration,
    networks::KINDS,
    setup_answers::{Account, Answers, Reach, is_loopback, usual_data_directory},
    setup_options::{SetupOptions, option},
};

/// The domain that is proposed.
const USUAL_DOMAIN: &str = "msn.example";
/// The port that Messenger knows.
const USUAL_PORT: u16 = 1863;
/// The port of the pages.
const USUAL_WEB_PORT: u16 = 8080;
/// Where nobody else comes.
const THIS_MACHINE: &str = "127.0.0.1";
/// Who may sign up: what the configuration calls it, and what it is.
const SIGN_UP: [(&str, &str); 3] = [
    ("closed", "nobody: you make accounts, by the command line or in a browser"),
    ("invite", "whoever has an invite code, which you make in a browser"),
    ("open", "everybody"),
];

/// Asks what is to be asked.
pub(crate) struct Interview<'a> {
    pub(crate) asker: &'a mut Asker,
    pub(crate) options: &'a SetupOptions,
    /// The main file of the configuration.
    pub(crate) main: &'a Path,
    /// What is configured already.
    pub(crate) present: Option<&'a Configuration>,
    /// Whether there is an account already.
    pub(crate) has_accounts: bool,
    pub(crate) answers: Answers,
}

impl Interview<'_> {
    /// All questions. What is configured already is asked only where it is to be replaced.
    pub(crate) async fn ask(mut self) -> Result<Answers, Broken> {
        self.ask_of_server()?;
        self.ask_for_networks()?;
        for kind in KINDS {
            self.ask_of_network(kind).await?;
        }
        self.ask_for_account()?;
        self.ask_who_signs_up()?;
        self.asker.missing()?;
        self.read_secrets()?;
        Ok(self.answers)
    }

    /// Whether everything is asked: at the first time, and where somebody wants to answer anew.
    pub(crate) fn is_asked_anew(&self) -> bool {
        self.present.is_none() || (self.options.replace && self.asker.is_attended())
    }

    fn ask_of_server(&mut self) -> Result<(), Broken> {
        let options = self.options;
        let anew = self.is_asked_anew();
        if anew || options.domain.is_some() {
            let ready = self.present.map_or(USUAL_DOMAIN, |present| present.settings.realm.domain());
            let examine = |text: &str| {
                let fits = format!("a@{text}").parse::<Passport>().is_ok();
                fits.then_some(())
                    .ok_or_else(|| format!("{text:?} is no domain: write one with a dot, such as {USUAL_DOMAIN}"))
            };
            self.answers.domain = self.asker.text(&Question {
                option: "domain",
                ask: "Domain of this server, with which addresses end (no DNS entry is needed):",
                ready: Some(ready),
                given: options.domain.as_deref(),
                examine: &examine,
            })?;
        }
        match (&options.data_directory, self.present) {
            (Some(wanted), Some(present)) if present.base.join(wanted) != present.data_directory => {
                return Err(Broken(format!(
                    "--data-directory: the data lies in {}, and is not moved from there by this command: stop the server, move the \
                     folder, and change server.data_directory and database.url",
                    present.data_directory.display()
                )));
            }
            (_, Some(_)) => {}
            (wanted, None) => {
                self.answers.data_directory = Some(wanted.clone().unwrap_or_else(|| usual_data_directory(self.main)));
            }
        }
        let is_said = options.address.is_some() || options.port.is_some() || options.web_port.is_some();
        if anew || is_said || options.public_url.is_some() {
            self.answers.reach = self.ask_how_reached()?;
        }
        Ok(())
    }

    fn ask_how_reached(&mut self) -> Result<Option<Reach>, Broken> {
        let options = self.options;
        let anew = self.is_asked_anew();
        let known = self.present.and_then(|present| present.listeners.first());
        let known = known.and_then(|listener| listener.public_address.rsplit_once(':'));
        let port_of = |text: &str| text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let given = options.address.as_deref().or(if anew { None } else { known.map(|(host, _)| host) });
        let address = self.asker.text_or_ready(&Question {
            option: "address",
            ask: "Name or IPv4 address at which clients reach this machine (127.0.0.1: from this machine alone):",
            ready: Some(known.map_or(THIS_MACHINE, |(host, _)| host)),
            given,
            examine: &examine_host,
        })?;
        let Some(address) = address else { return Ok(None) };
        let known_port = known.and_then(|(_, port)| port.parse().ok());
        let port = self.port("port", "Messenger", options.port, known_port, USUAL_PORT)?;
        let known_web = self.present.and_then(|present| port_of(&present.web_listen));
        let web_port = self.port("web-port", "sign-in and the pages", options.web_port, known_web, USUAL_WEB_PORT)?;
        let (Some(port), Some(web_port)) = (port, web_port) else { return Ok(None) };

        let plain = format!("http://{address}:{web_port}");
        let known_url = self.present.map(|present| present.web_public_url.as_str().trim_end_matches('/').to_owned());
        // An address that follows from what is said follows it; another one, a proxy's say, stays.
        let follows =
            |url: &str| known.is_some_and(|(host, _)| url == format!("http://{host}:{}", known_web.unwrap_or(0)));
        let kept = known_url.filter(|url| !follows(url));
        let needs_no_question = is_loopback(&address) || (!anew && options.public_url.is_none());
        let ready = kept.unwrap_or(plain);
        let public_url = if needs_no_question && options.public_url.is_none() {
            Some(ready)
        } else {
            self.asker.text_or_ready(&Question {
                option: "public-url",
                ask: "Where browsers find the pages (https, if a proxy on this machine speaks it):",
                ready: Some(&ready),
                given: options.public_url.as_deref(),
                examine: &examine_url,
            })?
        };
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Ok(public_url.map(|public_url| Reach { address, port, web_port, public_url }))
    }

    /// A port: what is said, else what is known, else the usual one, if nobody else has it.
    fn port(
        &mut self,
        name: &str,
        whose: &str,
        given: Option<u16>,
        known: Option<u16>,
        usual: u16,
    ) -> Result<Option<u16>, Broken> {
        if let Some(port) = given.or(known) {
            return Ok(Some(port));
        }
        if is_free(usual) || !self.asker.is_attended() {
            return Ok(Some(usual));
        }
        let ask = format!("Port for {whose} ({usual} is used by something else on this machine):");
        let examine = |text: &str| match text.parse::<u16>() {
            Ok(port) if port > 0 && is_free(port) => Ok(()),
            Ok(port) => Err(format!("{port} cannot be listened on: write another one, from 1024 to 65535")),
            Err(_) => Err(format!("{text:?} is no port: write a number from 1024 to 65535")),
        };
        let question = Question { option: name, ask: &ask, ready: None, given: None, examine: &examine };
        Ok(self.asker.text(&question)?.and_then(|port| port.parse().ok()))
    }

    fn ask_for_account(&mut self) -> Result<(), Broken> {
        let options = self.options;
        let is_asked = self.is_asked_anew() || (self.asker.is_attended() && !self.has_accounts);
        if options.no_account || (options.account.is_none() && !is_asked) {
            return Ok(());
        }
        let attended = self.asker.is_attended();
        if options.account.is_none() && !attended {
            self.asker.miss("account, or --no-account");
            return Ok(());
        }
        if options.account.is_none() {
            let (ask, ready) =
                if self.has_accounts { ("Make another account?", false) } else { ("Make a first account?", true) };
            if !self.asker.confirm(ask, ready)? {
                return Ok(());
            }
        }
        let domain = self.answers.domain.as_deref();
        let domain = domain.or(self.present.map(|present| present.settings.realm.domain())).unwrap_or(USUAL_DOMAIN);
        let names: Vec<NetworkName> = KINDS.iter().filter_map(|kind| kind.name.parse().ok()).collect();
        let realm = Realm::new(domain, names);
        let examine = |text: &str| match text.parse::<Passport>() {
            Err(fault) => Err(format!("{text:?} {fault}")),
            Ok(passport) if !realm.admits_account(&passport) => Err(format!(
                "{passport} is reserved for people of the networks, or for the server itself: choose another one"
            )),
            Ok(_) => Ok(()),
        };
        let user = std::env::var("USER").ok().filter(|user| user != "root").unwrap_or_else(|| "carol".to_owned());
        let ready = format!("{user}@{domain}").to_ascii_lowercase();
        let passport = self.asker.text(&Question {
            option: "account",
            ask: "Its address (it need not be a real mail box):",
            ready: Some(&ready).filter(|ready| examine(ready).is_ok()).map(String::as_str),
            given: options.account.as_deref(),
            examine: &examine,
        })?;
        let Some(passport) = passport.and_then(|text| text.parse::<Passport>().ok()) else { return Ok(()) };
        let mut password = String::new();
        if !options.password_stdin {
            if !attended {
                self.asker.miss("password-stdin");
                return Ok(());
            }
            password = self.asker.secret("Its password:", true, &|text| server::judge_password(&passport, text))?;
        }
        let is_admin = !options.no_admin
            && (!attended
                || options.account.is_some()
                || self.asker.confirm("May it run the server in a browser (admin)?", true)?);
        let name = options.name.clone().or_else(|| called(passport.local()));
        self.answers.account = Some(Account { passport: passport.to_string(), name, password, is_admin });
        Ok(())
    }

    fn ask_who_signs_up(&mut self) -> Result<(), Broken> {
        if let Some(who) = &self.options.sign_up {
            self.answers.sign_up = Some(who.clone());
        } else if self.is_asked_anew() {
            let place = if self.asker.is_attended() {
                let choices = SIGN_UP.map(|(_, says)| says.to_owned());
                self.asker.choose("Who makes themselves an account in a browser?", &choices, 0)?
            } else {
                0
            };
            self.answers.sign_up = SIGN_UP.get(place).map(|(who, _)| (*who).to_owned());
        }
        Ok(())
    }

    /// What stands on standard input: the password first, then the secrets of the networks.
    fn read_secrets(&mut self) -> Result<(), Broken> {
        if let Some(account) = self.answers.account.as_mut().filter(|_| self.options.password_stdin) {
            account.password = line_of_input("the password")?;
            let passport = account.passport.parse::<Passport>().map_err(|fault| Broken(fault.to_string()))?;
            server::judge_password(&passport, &account.password).map_err(Broken)?;
        }
        for kind in KINDS {
            for step in kind.setup.steps() {
                if self.options.of_networks.is_from_input(kind.name, step) {
                    let name = option(kind.name, step);
                    let secret = line_of_input(&format!("what --{name} reads"))?;
                    (step.examine)(secret.trim()).map_err(|fault| Broken(format!("--{name}: {fault}")))?;
                    self.answers.of_networks.entry(kind.name).or_default().insert(step.key, secret.trim().to_owned());
                }
            }
        }
        Ok(())
    }
}

/// A name to begin with: what stands before the @, with a capital.
fn called(local: &str) -> Option<String> {
    let mut characters = local.chars();
    let first = characters.next()?;
    Some(first.to_uppercase().chain(characters).collect())
}

fn examine_host(text: &str) -> Result<(), String> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    if text.is_empty() || text == "0.0.0.0" || !text.chars().all(fits) {
        return Err(format!(
            "{text:?} is nothing that a client can connect to: write a name or an IPv4 address, without a port, such as 192.168.1.5"
        ));
    }
    Ok(())
}

fn examine_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        Some(url) if url.query().is_none() && url.fragment().is_none() => Ok(()),
        _ => Err(format!("{text:?} is no address of the web: write one such as https://msn.example")),
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((THIS_MACHINE, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_cannot_connect_to_is_no_address() {
        for address in ["127.0.0.1", "msn.example", "localhost"] {
            assert_eq!(examine_host(address), Ok(()), "{address}");
        }
        for address in ["", "0.0.0.0", "a:1863", "http://a", "::1", "a b"] {
            assert!(examine_host(address).is_err(), "{address}");
        }
        assert!(examine_url("https://msn.example/chat").is_ok());
        for url in ["msn.example", "ftp://a", "http://a/?b"] {
            assert!(examine_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_account_begins_with_a_name_of_its_own() {
        assert_eq!(called("carol").as_deref(), Some("Carol"));
        assert_eq!(called("\u{e9}ric").as_deref(), Some("\u{c9}ric"));
        assert_eq!(called(""), None);
    }
}
