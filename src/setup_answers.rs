//! What was answered, and which keys of the configuration follow from it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use bridge::SetupAnswers;
use toml_edit::{Array, Value};

use crate::{asking::Broken, documents::Documents, layers, networks::KINDS};

/// Where a configuration lies whose data lies where the system wants it.
const OF_SYSTEM: &str = "/etc";
/// Where that is.
const DATA_OF_SYSTEM: &str = "/var/lib/chrysalis";
/// The file of the database, in the data directory.
const DATABASE: &str = "chrysalis.db";

/// What was answered in this run; `None`: nobody was asked, and nothing changes.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) domain: Option<String>,
    pub(crate) data_directory: Option<PathBuf>,
    pub(crate) reach: Option<Reach>,
    pub(crate) sign_up: Option<String>,
    /// Which networks are to be on, and which off, by their kinds.
    pub(crate) networks: BTreeMap<&'static str, bool>,
    /// What they asked.
    pub(crate) of_networks: BTreeMap<&'static str, SetupAnswers>,
    pub(crate) account: Option<Account>,
}

/// How clients reach this machine.
pub(crate) struct Reach {
    /// A name or an IPv4 address.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) web_port: u16,
    pub(crate) public_url: String,
}

/// The account to make. It holds a password, and so cannot be written into a log.
pub(crate) struct Account {
    pub(crate) passport: String,
    pub(crate) name: Option<String>,
    pub(crate) password: String,
    pub(crate) is_admin: bool,
}

/// Where answers that are secrets stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// In the configuration, which is not written so.
    Inline,
    /// In files of their own, which it names.
    InFiles,
}

/// Where data lies unless somebody says otherwise.
pub(crate) fn usual_data_directory(main: &Path) -> PathBuf {
    PathBuf::from(if main.starts_with(OF_SYSTEM) { DATA_OF_SYSTEM } else { "data" })
}

/// The file with a secret that a network was given, in the data directory.
pub(crate) fn secret_file(data_directory: &Path, network: &str, key: &str) -> PathBuf {
    data_directory.join(format!("{network}-{}", key.replace(['.', '_'], "-")))
}

/// Whether an address leads to this machine alone.
pub(crate) fn is_loopback(address: &str) -> bool {
    address == "localhost" || address.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl Answers {
    /// Writes the answers into the configuration that is there. `data_directory` is as the configuration has it.
    pub(crate) fn enter(
        &self,
        documents: &mut Documents,
        secrets: Secrets,
        data_directory: &Path,
    ) -> Result<(), Broken> {
        if let Some(domain) = &self.domain {
            let says = "The domain of this server. Contacts of other networks live under it. Changing it later changes everybody's address.";
            documents.set(&["server", "domain"], domain.into(), says)?;
        }
        if let Some(directory) = &self.data_directory {
            let text = directory.display().to_string();
            documents.set(
                &["server", "data_directory"],
                text.as_str().into(),
                "Where the database, keys and files lie.",
            )?;
            let url = format!("sqlite://{}", directory.join(DATABASE).display());
            documents.set(&["database", "url"], url.into(), "Where accounts and messages are kept.")?;
        }
        if let Some(reach) = &self.reach {
            reach.enter(documents)?;
        }
        if let Some(who) = &self.sign_up {
            let says = "Who makes themselves an account in a browser: \"closed\", nobody; \"invite\", by code; \"open\", everybody.";
            documents.set(&["accounts", "sign_up"], who.into(), says)?;
        }
        if let Some(account) = self.account.as_ref().filter(|account| account.is_admin) {
            let says = "Those who run the server, and see all accounts, networks and queues in a browser.";
            documents.add(&["accounts", "admins"], &account.passport, says)?;
        }
        for kind in KINDS {
            self.enter_network(documents, kind.name, secrets, data_directory)?;
        }
        Ok(())
    }

    fn enter_network(
        &self,
        documents: &mut Documents,
        network: &'static str,
        secrets: Secrets,
        data_directory: &Path,
    ) -> Result<(), Broken> {
        if let Some(is_on) = self.networks.get(network) {
            // One that nobody wants and that is off anyway needs no word.
            let usually = layers::is_usually_on(network);
            if *is_on || usually || documents.has(&["networks", network]) {
                let says = "Whether this network is on.";
                documents.set(&["networks", network, "enabled"], (*is_on).into(), says)?;
            }
        }
        let Some(answers) = self.of_networks.get(network) else { return Ok(()) };
        let steps = KINDS.iter().find(|kind| kind.name == network).map_or(&[][..], |kind| kind.setup.steps());
        for step in steps {
            let Some(answer) = answers.get(step.key) else { continue };
            let path = |key: &str| -> Vec<String> {
                ["networks", network].into_iter().chain(key.split('.')).map(str::to_owned).collect()
            };
            let (plain, in_file) = (path(step.key), path(&format!("{}_file", step.key)));
            let [plain, in_file] = [&plain, &in_file].map(|path| path.iter().map(String::as_str).collect::<Vec<_>>());
            if step.secret && secrets == Secrets::InFiles {
                let file = secret_file(data_directory, network, step.key).display().to_string();
                documents.unset(&plain);
                documents.set(&in_file, file.into(), step.says)?;
            } else {
                if step.secret {
                    documents.unset(&in_file);
                }
                documents.set(&plain, answer.into(), step.says)?;
            }
        }
        Ok(())
    }

    /// The secrets that stand in files of their own, with these.
    pub(crate) fn secrets<'a>(&'a self, data_directory: &'a Path) -> impl Iterator<Item = (PathBuf, &'a str)> {
        KINDS.into_iter().flat_map(move |kind| {
            let answers = self.of_networks.get(kind.name);
            kind.setup.steps().iter().filter(|step| step.secret).filter_map(move |step| {
                let secret = answers?.get(step.key)?;
                Some((secret_file(data_directory, kind.name, step.key), secret.as_str()))
            })
        })
    }
}

impl Reach {
    fn enter(&self, documents: &mut Documents) -> Result<(), Broken> {
        let Self { address, port, web_port, public_url } = self;
        let is_here = is_loopback(address);
        let everywhere = if is_here { "127.0.0.1" } else { "0.0.0.0" };
        let listen = format!("{everywhere}:{port}");
        documents.set(&["server", "listen"], listen.into(), "Where Messenger connects.")?;
        let told = format!("{address}:{port}");
        documents.set(
            &["server", "public_address"],
            told.into(),
            "What clients are told to connect to: they have to reach it.",
        )?;
        // Whoever has https has a proxy that speaks it; what is behind that, nobody else need reach.
        let has_proxy = public_url.starts_with("https:");
        let listen = format!("{}:{web_port}", if has_proxy { "127.0.0.1" } else { everywhere });
        let says = "Where clients sign in over HTTP, and browsers find the pages.";
        documents.set(&["web", "listen"], listen.into(), says)?;
        documents.set(&["web", "public_url"], public_url.into(), "How clients and browsers reach it.")?;
        if has_proxy {
            let proxies = Value::Array(Array::from_iter(["127.0.0.1"]));
            let says =
                "The proxy that speaks https in front of it: what it says of where somebody comes from is believed.";
            documents.set(&["web", "trusted_proxies"], proxies, says)?;
        }
        Ok(())
    }
}
