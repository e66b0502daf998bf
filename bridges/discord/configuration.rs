//! The section of the configuration, read strictly.

mod token;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use bridge::{Section, SectionFault};
use serde::Deserialize;
use url::Url;

pub(crate) use token::Token;
#[cfg(test)]
pub(crate) use token::tests::token;

/// Where Discord's API is, unless configured otherwise.
const API: &str = "https://discord.com";
/// Where Discord's pictures and files are, unless configured otherwise.
const CDN: &str = "https://cdn.discordapp.com";
/// The domains that are Discord's own.
const DISCORDS: [&str; 5] = ["discord.com", "discord.gg", "discordapp.com", "discordapp.net", "discord.media"];
/// How many people of guilds become contacts at most, unless configured otherwise.
const CONTACTS: usize = 200;
/// More than any list of Messenger's can hold.
const MOST_CONTACTS: usize = 1000;

/// The section as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    token: Option<String>,
    token_file: Option<PathBuf>,
    api_base: Option<String>,
    #[serde(default)]
    gateway_url: String,
    cdn_base: Option<String>,
    #[serde(default)]
    ca_file: PathBuf,
    #[serde(default)]
    contacts: ContactKeys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ContactKeys {
    guilds: Vec<String>,
    members: Members,
    at_most: usize,
}

impl Default for ContactKeys {
    fn default() -> Self {
        Self { guilds: vec!["*".into()], members: Members::Active, at_most: CONTACTS }
    }
}

/// What the bridge works with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The bot through which accounts speak that have none of their own.
    pub(crate) relay: Option<Token>,
    /// Where the API is. Nothing that is asked or said goes anywhere else.
    pub(crate) api_base: Url,
    /// Where the gateway is; `None`: where the API says.
    pub(crate) gateway_url: Option<Url>,
    /// Where pictures and files are.
    pub(crate) cdn_base: Url,
    /// Certificates that are trusted beside the system's, for the API and the CDN.
    pub(crate) ca_file: Option<PathBuf>,
    /// Who and what becomes a contact.
    pub(crate) contacts: ContactsSettings,
}

/// Which guilds' people and channels become contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContactsSettings {
    /// Names or ids of guilds; `*` is all.
    pub(crate) guilds: Vec<String>,
    /// Who of their people.
    pub(crate) members: Members,
    /// How many people at most, of all guilds together.
    pub(crate) at_most: usize,
}

/// Who of a guild's people become contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Members {
    /// Nobody, but those who write.
    None,
    /// Those who have said something of late.
    Active,
    /// Those who are online.
    Online,
    /// Everybody.
    All,
}

impl Settings {
    /// Reads the section.
    pub(crate) fn read(section: &Section) -> Result<Self, SectionFault> {
        for key in ["user_token", "email", "password"] {
            if section.values.contains_key(key) {
                let problem = "cannot be used: Discord forbids programs to speak as people; make a bot and write its token as token";
                return Err(SectionFault::new(key, problem));
            }
        }
        let keys: Keys = section.read()?;
        let relay = section
            .secret("token", keys.token.as_deref().filter(|token| !token.is_empty()), keys.token_file.as_deref())?
            .map(|text| Token::parse(&text).map_err(|why| SectionFault::new("token", why)))
            .transpose()?;
        let api_base =
            web_address("api_base", keys.api_base.as_deref().filter(|text| !text.is_empty()).unwrap_or(API))?;
        let gateway_url = match keys.gateway_url.as_str() {
            "" => None,
            text => Some(gateway_address(text)?),
        };
        let elsewhere = !is_discords(&api_base);
        // With the API elsewhere, nothing may reach the real Discord because a key was forgotten.
        let usual_cdn = if elsewhere { api_base.as_str() } else { CDN };
        let cdn_base =
            web_address("cdn_base", keys.cdn_base.as_deref().filter(|text| !text.is_empty()).unwrap_or(usual_cdn))?;
        if elsewhere {
            let mixed = |key: &str| {
                let problem = format!(
                    "is Discord's own while api_base is {}; write addresses of the same place for both",
                    api_base.host_str().unwrap_or_default()
                );
                Err(SectionFault::new(key, problem))
            };
            if gateway_url.as_ref().is_some_and(is_discords) {
                return mixed("gateway_url");
            }
            if is_discords(&cdn_base) {
                return mixed("cdn_base");
            }
        }
        let ca_file = (!keys.ca_file.as_os_str().is_empty()).then(|| section.base.join(&keys.ca_file));
        let contacts = contacts(keys.contacts)?;
        Ok(Self { relay, api_base, gateway_url, cdn_base, ca_file, contacts })
    }

    /// Whether a gateway may be dialled that the API has named: the token is shown there, so it must be the configured one,
    /// Discord's own where the API is, or at the same host as the API.
    pub(crate) fn may_dial(&self, told: &Url) -> bool {
        match &self.gateway_url {
            Some(configured) => configured == told,
            None if is_discords(&self.api_base) => told.scheme() == "wss" && is_discords(told),
            None => matches!(told.scheme(), "ws" | "wss") && told.host_str() == self.api_base.host_str(),
        }
    }
}

fn contacts(keys: ContactKeys) -> Result<ContactsSettings, SectionFault> {
    if keys.at_most > MOST_CONTACTS {
        let problem = format!("is {}; write at most {MOST_CONTACTS}, for Messenger's list holds no more", keys.at_most);
        return Err(SectionFault::new("contacts.at_most", problem));
    }
    if keys.guilds.iter().any(String::is_empty) {
        return Err(SectionFault::new("contacts.guilds", "has an empty name; write names or ids of guilds, or \"*\""));
    }
    Ok(ContactsSettings { guilds: keys.guilds, members: keys.members, at_most: keys.at_most })
}

/// Whether an address is one of Discord's own hosts.
pub(crate) fn is_discords(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    DISCORDS.iter().any(|own| host == *own || host.strip_suffix(own).is_some_and(|before| before.ends_with('.')))
}

/// Whether an address is on this very computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn web_address(key: &str, text: &str) -> Result<Url, SectionFault> {
    // A token would be readable on its way to Discord itself.
    let url = plain_address(text, &["http", "https"]).filter(|url| url.scheme() == "https" || !is_discords(url));
    url.ok_or_else(|| fault(key, text, "is no plain web address; write e.g. https://discord.com"))
}

fn gateway_address(text: &str) -> Result<Url, SectionFault> {
    let url = plain_address(text, &["ws", "wss"]);
    url.ok_or_else(|| {
        let problem =
            "is no address of a gateway; write e.g. wss://gateway.discord.gg, or leave it empty to ask the API";
        fault("gateway_url", text, problem)
    })
}

/// An address of one of the schemes, with nothing in it but host, port and path.
fn plain_address(text: &str, schemes: &[&str]) -> Option<Url> {
    Url::parse(text).ok().filter(|url| {
        schemes.contains(&url.scheme())
            && url.has_host()
            // A password in an address would end up in logs.
            && url.username().is_empty()
            && url.password().is_none()
            // The gateway's version is appended as a query.
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn fault(key: &str, text: &str, problem: &str) -> SectionFault {
    // A password may have one of its own.
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    SectionFault::new(key, format!("{shown:?} {problem}"))
}

/// The certificates of a file, as they stand there.
pub(crate) fn certificates(path: &Path) -> Result<Vec<u8>, SectionFault> {
    std::fs::read(path).map_err(|fault| {
        let problem =
            format!("cannot read {}: {fault}; write the path of a file of certificates in PEM", path.display());
        SectionFault::new("ca_file", problem)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Settings for tests, as the section would give them.
    pub(crate) fn read(values: Value) -> Result<Settings, SectionFault> {
        let Value::Object(values) = values else { panic!("a section is an object") };
        Settings::read(&Section {
            name: "discord".parse().unwrap(),
            bit: 128.try_into().unwrap(),
            values,
            base: "/nowhere".into(),
            data_directory: "/nowhere".into(),
        })
    }

    fn fault(values: Value) -> SectionFault {
        read(values).expect_err("a fault")
    }

    #[test]
    fn nothing_need_be_written() {
        let settings = read(json!({})).unwrap();
        assert_eq!(
            (settings.api_base.as_str(), settings.cdn_base.as_str()),
            ("https://discord.com/", "https://cdn.discordapp.com/")
        );
        assert!(settings.relay.is_none() && settings.gateway_url.is_none() && settings.ca_file.is_none());
        assert_eq!(
            settings.contacts,
            ContactsSettings { guilds: vec!["*".into()], members: Members::Active, at_most: 200 }
        );
        let relay = read(json!({ "token": "MTAwMA.a.b", "ca_file": "ca.pem" })).unwrap();
        assert_eq!(relay.relay.unwrap().bot().0, 1000);
        assert_eq!(relay.ca_file.unwrap(), Path::new("/nowhere/ca.pem"));
    }

    #[test]
    fn bad_values_are_named_with_their_key() {
        assert_eq!(fault(json!({ "token": "mfa.abc" })).key, "token");
        assert!(!fault(json!({ "token": "hunter2" })).problem.contains("hunter2"), "a secret in a fault");
        assert_eq!(fault(json!({ "user_token": "x" })).key, "user_token");
        assert_eq!(fault(json!({ "api_base": "ftp://discord.com" })).key, "api_base");
        assert_eq!(fault(json!({ "api_base": "https://a:b@discord.com" })).key, "api_base");
        assert_eq!(fault(json!({ "api_base": "http://discord.com" })).key, "api_base");
        assert_eq!(fault(json!({ "gateway_url": "https://gateway.discord.gg" })).key, "gateway_url");
        assert_eq!(fault(json!({ "gateway_url": "wss://gateway.discord.gg/?v=9" })).key, "gateway_url");
        assert_eq!(fault(json!({ "cdn_base": "file:///etc" })).key, "cdn_base");
        assert_eq!(fault(json!({ "contacts": { "members": "some" } })).key, "contacts.members");
        assert_eq!(fault(json!({ "contacts": { "at_most": 100_000 } })).key, "contacts.at_most");
        assert_eq!(fault(json!({ "contacts": { "guilds": [""] } })).key, "contacts.guilds");
        assert!(fault(json!({ "colour": "red" })).problem.contains("colour"));
    }

    #[test]
    fn an_api_elsewhere_keeps_everything_away_from_discord() {
        let settings = read(json!({ "api_base": "http://127.0.0.1:1/" })).unwrap();
        assert_eq!(settings.cdn_base.as_str(), "http://127.0.0.1:1/");
        let fault_of = |key: &str, value: &str| fault(json!({ "api_base": "http://127.0.0.1:1", key: value })).key;
        assert_eq!(fault_of("gateway_url", "wss://gateway.discord.gg"), "gateway_url");
        assert_eq!(fault_of("cdn_base", "https://cdn.discordapp.com"), "cdn_base");
        let dials = |settings: &Settings, url: &str| settings.may_dial(&Url::parse(url).unwrap());
        assert!(dials(&settings, "ws://127.0.0.1:2/gw") && !dials(&settings, "wss://gateway.discord.gg"));
        assert!(!dials(&settings, "wss://127.0.0.1.evil.example"));
        let usual = read(json!({})).unwrap();
        assert!(dials(&usual, "wss://gateway-us-east1-b.discord.gg"));
        assert!(!dials(&usual, "ws://gateway.discord.gg") && !dials(&usual, "wss://notdiscord.gg"));
        let given = read(json!({ "gateway_url": "ws://10.0.0.1" })).unwrap();
        assert!(dials(&given, "ws://10.0.0.1") && !dials(&given, "wss://gateway.discord.gg"));
    }

    proptest! {
        #[test]
        fn no_fault_shows_a_secret(before in "[ -~é]{0,8}", after in "[ -~é]{0,8}", place in 0..4_usize) {
            let secret = format!("{before}hunter2hunter2{after}");
            // So that there is a fault in any case.
            let mut values = json!({ "contacts": { "at_most": 1_000_000 } });
            match place {
                0 => values["token"] = secret.into(),
                1 => values["password"] = secret.into(),
                2 => values["api_base"] = format!("https://me:{secret}@discord.com").into(),
                _ => values["gateway_url"] = format!("wss://me:{secret}@gateway.discord.gg").into(),
            }
            let said = fault(values);
            prop_assert!(!said.to_string().contains("hunter2"), "{said}");
        }
    }
}
