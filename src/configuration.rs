//! The configuration: files, then the environment, over embedded defaults.
//!
//! Every fault is one line that names the key, where it was set, what is wrong and what to write instead.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bridge::Section;
use domain::{NetworkBit, NetworkName, Realm};
use serde_json::{Map, Value};
use server::PasswordCost;
use store::{Bounds, SecretsKey, SecretsKeyFault};
use url::Url;

use crate::keys::{Accounts, Whole, bounds, limits};
use crate::layers::Layers;
use crate::listeners::{self, ListenerKeys};
use crate::managing::{self, ManagementKeys};
use crate::operating::{self, LogKeys, OperationsKeys};

/// The annotated example of the main file.
pub(crate) const EXAMPLE: &str = include_str!("../config/examples/chrysalis.toml");

/// The annotated examples of the networks' files.
pub(crate) const NETWORK_EXAMPLES: [(&str, &str); 2] = [
    ("networks/discord.toml", include_str!("../config/examples/networks/discord.toml")),
    ("networks/matrix.toml", include_str!("../config/examples/networks/matrix.toml")),
];

/// Where the configuration is looked for when it is not named.
pub(crate) const USUAL_PLACE: &str = "config/chrysalis.toml";

/// For how many days a browser may stay signed in at most.
const MOST_SESSION_DAYS: u64 = 365;

/// The one limit that does not change while the server runs.
const FIXED_LIMIT: &str = "gateway_idle_seconds";

/// The configuration, checked.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The file it came from; `None` for the embedded defaults alone.
    pub(crate) file: Option<PathBuf>,
    /// What relative paths are relative to.
    pub(crate) base: PathBuf,
    /// Where secrets, the control socket and the bridges' files lie.
    pub(crate) data_directory: PathBuf,
    /// The key under which secrets are sealed, if it is given; else it lies in the data directory.
    pub(crate) secrets_key: Option<SecretsKey>,
    /// How much the store takes in of what others decide about.
    pub(crate) bounds: Bounds,
    /// Where Messenger connects; at least one.
    pub(crate) listeners: Vec<ListenerKeys>,
    /// Where clients sign in.
    pub(crate) web_listen: String,
    /// How clients reach that.
    pub(crate) web_public_url: Url,
    /// The proxies before that.
    pub(crate) web_trusted_proxies: Vec<IpAddr>,
    /// How many connections there one address may have, the proxies apart.
    pub(crate) web_connections_per_address: usize,
    /// How long a session of the HTTP gateway outlives its last request.
    pub(crate) gateway_idle: Duration,
    /// Where the management API is served; `None`: nowhere.
    pub(crate) management: Option<ManagementKeys>,
    /// The database.
    pub(crate) database: String,
    /// How many minutes clients are told of before the server stops; none by default.
    pub(crate) shutdown_minutes: u32,
    /// For how long at most it then finishes what it has begun.
    pub(crate) drain: Duration,
    /// How the log is written.
    pub(crate) log: LogKeys,
    /// Where measures and health are told; `None`: nowhere.
    pub(crate) operations: Option<OperationsKeys>,
    /// What the server is told.
    pub(crate) settings: server::Settings,
    /// The networks that are on.
    pub(crate) networks: Vec<NetworkSection>,
    layers: Layers,
}

/// One network that is on.
#[derive(Debug)]
pub(crate) struct NetworkSection {
    /// What kind of network it is.
    pub(crate) kind: String,
    /// Its own keys.
    pub(crate) section: Section,
}

/// What is wrong with the configuration; one line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConfigurationFault(pub(crate) String);

impl Configuration {
    /// Reads the configuration: `file`, or what lies in the usual place, or the embedded defaults. `kinds` are the kinds of
    /// networks there are, with the bit that each has by default.
    pub(crate) fn read(file: Option<&Path>, kinds: &[(&str, u32)]) -> Result<Self, ConfigurationFault> {
        let usual = Path::new(USUAL_PLACE);
        let file = file.map(Path::to_owned).or_else(|| usual.exists().then(|| usual.to_owned()));
        Self::of(Layers::read(file.as_deref())?, file, kinds)
    }

    /// What these layers say, whose main file is `file`.
    pub(crate) fn of(layers: Layers, file: Option<PathBuf>, kinds: &[(&str, u32)]) -> Result<Self, ConfigurationFault> {
        let whole: Whole = layers.parse()?;
        let base = file.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new("")).to_owned();
        let data_directory = base.join(&whole.server.data_directory);

        let fault = |key: &str, problem: &str| layers.fault(key, problem);
        address(&whole.web.listen).map_err(|problem| fault("web.listen", &problem))?;
        let listeners = listeners::listeners(&layers, &whole.server.listen, &whole.server.public_address)?;
        let public_address = listeners.first().map(|listener| Arc::clone(&listener.public_address)).unwrap_or_default();
        let public_url = match non_empty(&whole.web.public_url) {
            Some(url) => url.to_owned(),
            None => format!("http://{}", whole.web.listen),
        };
        let public_url = web_address(&public_url).map_err(|problem| fault("web.public_url", problem))?;
        let domain = &whole.server.domain;
        if format!("a@{domain}").parse::<domain::Passport>().is_err() {
            return Err(fault("server.domain", "is no domain: write one with a dot, such as msn.example"));
        }
        let limits_of = &whole.limits;
        if [limits_of.password_checks, limits_of.connections, limits_of.web_connections_per_address].contains(&0)
            || [limits_of.sign_ins_per_minute, limits_of.sign_ins_per_minute_per_address].contains(&0)
            || [limits_of.sign_in_attempts_per_address, limits_of.sign_in_attempts_per_account].contains(&0)
            || [limits_of.connections_per_address, limits_of.unsent_kilobytes].contains(&0)
            || limits_of.gateway_idle_seconds == 0
            || limits_of.room_speakers == 0
        {
            return Err(fault("limits", "has a zero where nothing would work: write at least 1"));
        }

        let secrets_key = secrets_key(&layers, &whole.server.secrets_key)?;
        let password_cost = password_cost(&layers, &whole.accounts)?;
        for (key, days) in
            [("web.session_idle_days", whole.web.session_idle_days), ("web.session_days", whole.web.session_days)]
        {
            if !(1..=MOST_SESSION_DAYS).contains(&days) {
                let problem = format!("is {days}: write a number of days from 1 to {MOST_SESSION_DAYS}");
                return Err(fault(key, &problem));
            }
        }

        let networks = networks(&layers, whole.networks, &base, &data_directory, kinds)?;
        let names: Vec<NetworkName> = networks.iter().map(|network| network.section.name.clone()).collect();
        let operations = operating::operations(&layers, whole.operations, &names)?;
        let management = managing::management(&layers, whole.management, &base, &data_directory)?;
        let log = operating::log(&layers, whole.log)?;
        let settings = server::Settings {
            realm: Realm::new(domain, names),
            session: session::Settings {
                network_ids: whole.server.network_ids,
                emoji: whole.server.emoji.into(),
                challenges: whole.server.challenges.into(),
                mail: whole.server.mail,
                bridged_font: Arc::from(whole.server.bridged_font.as_str()),
                calls_per_minute: whole.limits.calls_per_minute,
                messages_per_minute: whole.limits.messages_per_minute,
                web: Arc::from(public_url.as_str().trim_end_matches('/')),
                public_address,
            },
            rooms: whole.server.rooms.into(),
            receipts: whole.server.receipts,
            live_list: whole.server.live_list,
            registration: whole.accounts.registration.into(),
            portal: server::PortalSettings {
                sign_up: whole.accounts.sign_up.into(),
                admins: whole.accounts.admins,
                session_idle: Duration::from_hours(whole.web.session_idle_days.saturating_mul(24)),
                session_lifetime: Duration::from_hours(whole.web.session_days.saturating_mul(24)),
            },
            offline_contacts: whole.server.offline_contacts,
            dispatch: whole.server.dispatch,
            offline_messages: whole.server.offline_messages,
            data_directory: data_directory.clone(),
            limits: limits(&whole.limits, numbers(layers.section("limits")), password_cost),
        };
        Ok(Self {
            file,
            base,
            data_directory,
            secrets_key,
            bounds: bounds(&whole.limits),
            listeners,
            web_listen: whole.web.listen,
            web_public_url: public_url,
            web_trusted_proxies: whole.web.trusted_proxies,
            web_connections_per_address: whole.limits.web_connections_per_address,
            gateway_idle: Duration::from_secs(whole.limits.gateway_idle_seconds),
            shutdown_minutes: whole.server.shutdown_minutes,
            drain: Duration::from_secs(whole.server.drain_seconds),
            log,
            operations,
            management,
            database: whole.database.url,
            settings,
            networks,
            layers,
        })
    }

    /// A fault of one key, with where it was set.
    pub(crate) fn fault(&self, key: &str, problem: &str) -> ConfigurationFault {
        self.layers.fault(key, problem)
    }

    /// The keys of which this configuration says something else than `other`, dotted.
    pub(crate) fn changes(&self, other: &Self) -> BTreeSet<String> {
        self.layers.changes(&other.layers)
    }

    /// All keys of `[limits]`, as they hold where a server was started with that configuration and has read this one since.
    pub(crate) fn limits_since(&self, started: &Self) -> Map<String, Value> {
        let mut limits = self.layers.section("limits");
        if let Some(fixed) = started.layers.section("limits").remove(FIXED_LIMIT) {
            limits.insert(FIXED_LIMIT.to_owned(), fixed);
        }
        limits
    }

    /// What a server that was started with that configuration is told when it reads this one.
    pub(crate) fn settings_since(&self, started: &Self) -> server::Settings {
        let mut settings = self.settings.clone();
        settings.limits.written = numbers(self.limits_since(started));
        settings
    }

    /// The bit of each network that is on.
    pub(crate) fn bits(&self) -> HashMap<NetworkName, NetworkBit> {
        self.networks.iter().map(|network| (network.section.name.clone(), network.section.bit)).collect()
    }
}

/// Takes out of each network's section what is the same for all; the rest is the bridge's own.
fn networks(
    layers: &Layers,
    sections: Map<String, Value>,
    base: &Path,
    data_directory: &Path,
    kinds: &[(&str, u32)],
) -> Result<Vec<NetworkSection>, ConfigurationFault> {
    let mut networks: Vec<NetworkSection> = Vec::new();
    for (name, values) in sections {
        let path = format!("networks.{name}");
        let fault = |key: &str, problem: &str| layers.fault(&format!("{path}{key}"), problem);
        let Value::Object(mut values) = values else {
            return Err(fault("", &format!("is no section: write [{path}]")));
        };
        let enabled = match values.remove("enabled") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::Bool(false)) => false,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(_) => return Err(fault(".enabled", "is neither true nor false")),
        };
        if !enabled {
            continue;
        }
        let named: NetworkName = name.parse().map_err(|problem| fault("", &format!("{problem}")))?;
        let kind = match values.remove("kind") {
            None => name.clone(),
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(fault(".kind", "is no text")),
        };
        let Some((_, usual_bit)) = kinds.iter().find(|(known, _)| *known == kind) else {
            let known: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
            let problem = format!("there is no network of the kind {kind:?}: write kind = one of {}", known.join(", "));
            return Err(fault("", &problem));
        };
        let number = match values.remove("network_bit") {
            None => Some(*usual_bit),
            Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let bit = number.and_then(|number| NetworkBit::try_from(number).ok());
        let bit = bit.ok_or_else(|| fault(".network_bit", &domain::network::NetworkBitFault.to_string()))?;
        if let Some(other) = networks.iter().find(|other| other.section.bit == bit) {
            let problem = format!("is {} like that of networks.{}: give each its own", bit.value(), other.section.name);
            return Err(fault(".network_bit", &problem));
        }
        let (base, data_directory) = (base.to_owned(), data_directory.to_owned());
        networks.push(NetworkSection { kind, section: Section { name: named, bit, values, base, data_directory } });
    }
    Ok(networks)
}

/// The key under which secrets are sealed, which is taken from the environment alone: a file of the configuration is shown around.
fn secrets_key(layers: &Layers, written: &str) -> Result<Option<SecretsKey>, ConfigurationFault> {
    const KEY: &str = "server.secrets_key";
    let Some(written) = non_empty(written) else { return Ok(None) };
    if !layers.is_from_environment(KEY) {
        let problem = "stands in a file: give it by the variable CHRYSALIS__SERVER__SECRETS_KEY, or leave it out, and it is kept in \
                       secrets.key of the data directory";
        return Err(layers.fault(KEY, problem));
    }
    written.parse().map(Some).map_err(|fault: SecretsKeyFault| layers.fault(KEY, &fault.to_string()))
}

/// What checking a password is to cost, which argon2id and this machine have to bear.
fn password_cost(layers: &Layers, keys: &Accounts) -> Result<PasswordCost, ConfigurationFault> {
    let Accounts { argon2_memory_kib: memory, argon2_passes: passes, argon2_lanes: lanes, .. } = keys;
    let keys = [
        ("argon2_memory_kib", *memory, PasswordCost::MEMORY),
        ("argon2_passes", *passes, PasswordCost::PASSES),
        ("argon2_lanes", *lanes, PasswordCost::LANES),
    ];
    for (key, value, bounds) in keys {
        if !bounds.contains(&value) {
            let problem = format!("is {value}: write a number from {} to {}", bounds.start(), bounds.end());
            return Err(layers.fault(&format!("accounts.{key}"), &problem));
        }
    }
    let fault = |problem: String| layers.fault("accounts.argon2_memory_kib", &problem);
    let cost = PasswordCost::of(*memory, *passes, *lanes)
        .ok_or_else(|| fault(format!("is {memory}, and each of {lanes} lanes needs 8: write {} or more", lanes * 8)))?;
    if !cost.is_enough() {
        return Err(fault(format!(
            "is {memory} with argon2_passes of {passes}, by which stolen hashes are guessed quickly: leave both out, or let memory times \
             passes be {} or more",
            PasswordCost::ENOUGH
        )));
    }
    Ok(cost)
}

/// A key that is left empty says nothing.
pub(crate) fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What clients are told to open, and what they name when they come back: both have to be spelt the same way.
fn web_address(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or("is no address: write http:// or https://, and a host")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has more than a path: leave out what begins with ? or #");
    }
    Ok(url)
}

/// `host:port`.
pub(crate) fn address(text: &str) -> Result<(), String> {
    let parts = text.rsplit_once(':').filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    parts.map(|_| ()).ok_or_else(|| format!("{text:?} is no address: write host:port, such as 127.0.0.1:1863"))
}

/// The numbers of a section.
fn numbers(section: Map<String, Value>) -> BTreeMap<String, u64> {
    section.into_iter().filter_map(|(key, value)| Some((key, value.as_u64()?))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const DEFAULTS: &str = include_str!("../config/defaults.toml");

    const KINDS: [(&str, u32); 3] = [("discord", 128), ("loopback", 256), ("matrix", 64)];

    pub(crate) fn read(main: &str, networks: &[(&str, &str)]) -> Result<Configuration, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chrysalis.toml");
        std::fs::write(&file, main).unwrap();
        std::fs::create_dir(folder.path().join("networks")).unwrap();
        for (name, text) in networks {
            std::fs::write(folder.path().join("networks").join(name), text).unwrap();
        }
        let place = folder.path().display().to_string();
        Configuration::read(Some(&file), &KINDS).map_err(|fault| fault.0.replace(&format!("{place}/"), ""))
    }

    #[test]
    fn the_examples_are_what_holds_by_default_and_can_be_read() {
        let (plain, example) = (read("", &[]).unwrap(), read(EXAMPLE, &[]).unwrap());
        assert_eq!(format!("{:?}", plain.settings.limits), format!("{:?}", example.settings.limits));
        assert_eq!(plain.listeners, example.listeners);
        let [defaults, whole] = [DEFAULTS, EXAMPLE].map(|text| toml::from_str::<Value>(text).unwrap());
        for section in ["server", "accounts", "web", "log", "operations", "management", "database", "limits"] {
            let keys = |of: &Value| of[section].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(&whole), keys(&defaults), "[{section}] of config/examples/chrysalis.toml");
        }
        assert_eq!(whole, defaults);
        assert_eq!(plain.networks.len(), 1);
        for (path, example) in NETWORK_EXAMPLES {
            let file = path.strip_prefix("networks/").unwrap();
            let with_it = read(EXAMPLE, &[(file, example)]).unwrap();
            let kinds: BTreeSet<&str> = with_it.networks.iter().map(|network| network.kind.as_str()).collect();
            assert_eq!(kinds, BTreeSet::from(["loopback", file.strip_suffix(".toml").unwrap()]));
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        let fault = read("[server]\ndomian = \"msn.example\"", &[]).unwrap_err();
        assert!(
            fault.starts_with("chrysalis.toml: server.domian: unknown field `domian`, expected one of `domain`"),
            "{fault}"
        );
        let fault = read("[sever]\nx = 1", &[]).unwrap_err();
        assert!(fault.starts_with("chrysalis.toml: sever: unknown field"), "{fault}");
    }

    #[test]
    fn bad_values_are_named_with_their_file_and_mend() {
        for (main, wanted) in [
            ("[server]\nlisten = \"1863\"", "chrysalis.toml: server.listen: \"1863\" is no address: write host:port"),
            ("[server]\ndispatch = \"maybe\"", "chrysalis.toml: server.dispatch: invalid type: string \"maybe\""),
            ("[server]\ndomain = \"local\"", "chrysalis.toml: server.domain: is no domain: write one with a dot"),
            ("[server]\nemoji = \"pictures\"", "chrysalis.toml: server.emoji: unknown variant `pictures`"),
            ("[networks.aim]\nx = 1", "chrysalis.toml: networks.aim: there is no network of the kind \"aim\""),
            ("[networks.matrix]\nnetwork_bit = 3", "chrysalis.toml: networks.matrix.network_bit: is no network bit"),
            (
                "[networks.matrix]\nnetwork_bit = 256",
                "chrysalis.toml: networks.matrix.network_bit: is 256 like that of",
            ),
            ("[server]\nrooms = \"windows\"", "chrysalis.toml: server.rooms: unknown variant `windows`"),
            ("[accounts]\nregistration = \"open\"", "chrysalis.toml: accounts.registration: unknown variant `open`"),
            ("[accounts]\nsign_up = \"maybe\"", "chrysalis.toml: accounts.sign_up: unknown variant `maybe`"),
            ("[accounts]\nadmins = [\"ann\"]", "chrysalis.toml: accounts.admins.0: is not an address of the form"),
            ("[web]\nsession_days = 0", "chrysalis.toml: web.session_days: is 0: write a number of days"),
            ("[limits]\nroom_speakers = 0", "chrysalis.toml: limits: has a zero where nothing would work"),
            ("[web]\npublic_url = \"msn.example\"", "chrysalis.toml: web.public_url: is no address: write http://"),
            ("[web]\npublic_url = \"http://a.example/?b\"", "chrysalis.toml: web.public_url: has more than a path"),
            ("server = [", "chrysalis.toml: "),
        ] {
            let fault = read(main, &[]).unwrap_err();
            assert!(fault.starts_with(wanted), "{fault}");
            assert!(!fault.contains('\n'), "{fault}");
        }
        for secret in ["[server]\nsecrets_key = 12345", "database = \"postgres://me:12345@host/db\""] {
            let fault = read(secret, &[]).unwrap_err();
            assert!(fault.contains("invalid type: ") && !fault.contains("12345"), "{fault}");
        }
        let fault = read("", &[("m.toml", "[networks.matrix]\nenabled = 3")]).unwrap_err();
        assert_eq!(fault, "networks/m.toml: networks.matrix.enabled: is neither true nor false");
    }

    #[test]
    fn clients_are_told_the_public_url_as_it_is_compared() {
        for (written, told) in [
            ("HTTPS://MSN.Example:443/", "https://msn.example"),
            ("http://msn.example:8080/a/../Chat//", "http://msn.example:8080/Chat"),
            ("", "http://127.0.0.1:8080"),
        ] {
            let read = read(&format!("[web]\npublic_url = \"{written}\""), &[]).unwrap();
            assert_eq!(&*read.settings.session.web, told);
            assert_eq!(read.web_public_url.as_str().trim_end_matches('/'), told);
        }
    }

    #[test]
    fn a_network_can_be_off_or_of_another_name() {
        let both = read("[networks.loopback]\nenabled = false\n[networks.work]\nkind = \"matrix\"", &[]).unwrap();
        let [work] = &both.networks[..] else { panic!("{:?}", both.networks) };
        assert_eq!((work.kind.as_str(), work.section.name.as_str(), work.section.bit.value()), ("matrix", "work", 64));
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chrysalis.toml");
        std::fs::write(&file, "").unwrap();
        let read = Configuration::read(Some(&file), &KINDS).unwrap();
        assert_eq!(read.data_directory, folder.path().join("data"));
    }
}
