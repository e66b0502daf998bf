//! `[networks.matrix.linked]`: the accounts that people have on Matrix themselves.

use std::{fmt, net::IpAddr, path::PathBuf};

use bridge::SectionFault;
use ipnet::IpNet;
use ruma::{OwnedServerName, ServerName};
use serde::Deserialize;

use super::tokens::{self, Tokens};

/// How many rooms of a linked account come onto its list, unless configured otherwise.
const MOST_ROOMS: usize = 100;
/// How many accounts may be linked, unless configured otherwise.
const MOST_LINKS: usize = 200;
/// The key of the second registration's token.
const TOKEN: &str = "linked.double_puppet_token";

/// The part of the section as it stands in the file.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LinkedKeys {
    enabled: bool,
    homeservers: Option<Vec<String>>,
    private_addresses: Vec<String>,
    rooms: ListedRooms,
    most_rooms: usize,
    most_links: usize,
    double_puppet_token: Option<String>,
    double_puppet_token_file: Option<PathBuf>,
}

impl Default for LinkedKeys {
    fn default() -> Self {
        Self {
            enabled: true,
            homeservers: None,
            private_addresses: Vec::new(),
            rooms: ListedRooms::All,
            most_rooms: MOST_ROOMS,
            most_links: MOST_LINKS,
            double_puppet_token: None,
            double_puppet_token_file: None,
        }
    }
}

/// Which rooms of a linked account come onto its list by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListedRooms {
    /// All of them.
    All,
    /// Those that are marked as favourites.
    Favourites,
    /// None.
    None,
}

/// Which servers linked accounts may be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Homeservers {
    /// Of any.
    Any,
    /// Of these.
    These(Vec<OwnedServerName>),
}

impl Homeservers {
    /// Whether accounts may be of this one.
    pub(crate) fn admit(&self, server: &ServerName) -> bool {
        match self {
            Self::Any => true,
            Self::These(servers) => servers.iter().any(|admitted| admitted == server),
        }
    }
}

impl fmt::Display for Homeservers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any server"),
            Self::These(servers) => {
                let names: Vec<&str> = servers.iter().map(|server| server.as_str()).collect();
                formatter.write_str(&names.join(", "))
            }
        }
    }
}

/// How accounts may be linked.
#[derive(Clone)]
pub(crate) struct Linked {
    /// Whether they may.
    pub(crate) enabled: bool,
    /// Which servers they may be of.
    pub(crate) homeservers: Homeservers,
    /// At which addresses that are not public they may be looked for.
    pub(crate) private_addresses: Vec<IpNet>,
    /// Which of their rooms come onto lists.
    pub(crate) rooms: ListedRooms,
    /// How many of them for each account.
    pub(crate) most_rooms: usize,
    /// How many accounts may be linked. Each has 11 files open (two databases and a connection) and about a megabyte of memory, more where
    /// it has many rooms: the limit of open files (`ulimit -n`) has to be as high.
    pub(crate) most_links: usize,
    /// The token of the second registration.
    pub(crate) double_puppet: DoublePuppet,
}

/// The token of the second registration, by which the homeserver lets this program sign in its users.
#[derive(Clone)]
pub(crate) struct DoublePuppet {
    /// It, where there is one.
    pub(crate) token: Option<String>,
    /// Where one is kept that is made here.
    file: PathBuf,
}

impl DoublePuppet {
    /// The token; made, and kept for the next start, if there is none. The error says why it cannot be.
    pub(crate) fn token_for_registration(&self) -> std::io::Result<String> {
        match &self.token {
            Some(token) => Ok(token.clone()),
            None => tokens::made(&self.file),
        }
    }
}

impl Linked {
    pub(super) fn read(keys: LinkedKeys, server: &ServerName, tokens: &Tokens<'_>) -> Result<Self, SectionFault> {
        for (key, number) in [("linked.most_rooms", keys.most_rooms), ("linked.most_links", keys.most_links)] {
            if number == 0 {
                return Err(SectionFault::new(key, "is 0; write at least 1, or linked.enabled = false"));
            }
        }
        let file = tokens.file("double_puppet_token");
        let (value, named) = (keys.double_puppet_token.as_deref(), keys.double_puppet_token_file.as_deref());
        let token = match tokens.given(TOKEN, value, named)? {
            Some(token) => Some(token),
            None => Tokens::kept(TOKEN, &file)?,
        };
        Ok(Self {
            enabled: keys.enabled,
            homeservers: homeservers(keys.homeservers, server)?,
            private_addresses: private_addresses(&keys.private_addresses)?,
            rooms: keys.rooms,
            most_rooms: keys.most_rooms,
            most_links: keys.most_links,
            double_puppet: DoublePuppet { token, file },
        })
    }
}

fn homeservers(names: Option<Vec<String>>, own: &ServerName) -> Result<Homeservers, SectionFault> {
    let Some(names) = names else { return Ok(Homeservers::These(vec![own.to_owned()])) };
    if names.iter().any(|name| name == "*") {
        return Ok(Homeservers::Any);
    }
    let servers = names.iter().map(|name| {
        ServerName::parse(name).map_err(|fault| {
            let problem = format!("{name:?} is no server name ({fault}); write e.g. \"example.org\", or \"*\" for any");
            SectionFault::new("linked.homeservers", problem)
        })
    });
    servers.collect::<Result<_, _>>().map(Homeservers::These)
}

/// Addresses, and networks of them.
fn private_addresses(written: &[String]) -> Result<Vec<IpNet>, SectionFault> {
    let networks = written.iter().map(|network| {
        let network = network.trim();
        network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            let problem = format!("{network:?} is no address; write e.g. \"10.0.3.7\" or \"10.0.3.0/24\"");
            SectionFault::new("linked.private_addresses", problem)
        })
    });
    networks.collect()
}

#[cfg(test)]
mod tests {
    use ruma::server_name;
    use serde_json::{Value, json};

    use super::*;
    use crate::configuration::{
        Configuration,
        tests::{section, values},
    };

    fn linked(keys: Value) -> Result<Linked, SectionFault> {
        let directory = tempfile::tempdir().unwrap();
        let mut values = values();
        values["linked"] = keys;
        Configuration::read(&section(values, directory.path())).map(|configuration| configuration.linked)
    }

    #[test]
    fn accounts_are_of_the_homeserver_unless_others_are_named() {
        let usual = linked(json!({})).ok().unwrap();
        assert!(usual.enabled && usual.double_puppet.token.is_none());
        assert!(
            usual.homeservers.admit(server_name!("example.org")) && !usual.homeservers.admit(server_name!("b.org"))
        );
        let named = linked(json!({ "homeservers": ["b.org", "c.org"] })).ok().unwrap();
        assert!(
            named.homeservers.admit(server_name!("b.org")) && !named.homeservers.admit(server_name!("example.org"))
        );
        assert_eq!(named.homeservers.to_string(), "b.org, c.org");
        let any = linked(json!({ "homeservers": ["*"], "rooms": "favourites" })).ok().unwrap();
        assert!(any.homeservers.admit(server_name!("d.org")) && any.rooms == ListedRooms::Favourites);
    }

    #[test]
    fn bad_values_are_named_with_their_key() {
        let fault = |keys| linked(keys).err().expect("a fault").key;
        assert_eq!(fault(json!({ "homeservers": ["a b"] })), "linked.homeservers");
        assert_eq!(fault(json!({ "private_addresses": ["10.0.0.0/8", "matrix.lan"] })), "linked.private_addresses");
        assert_eq!(fault(json!({ "most_links": 0 })), "linked.most_links");
        assert_eq!(fault(json!({ "rooms": "some" })), "linked.rooms");
        assert_eq!(fault(json!({ "double_puppet_token": "a b" })), "linked.double_puppet_token");
        assert_eq!(fault(json!({ "enable": true })), "linked.enable");
    }

    #[test]
    fn the_token_of_the_second_registration_is_made_once_it_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let section = section(values(), directory.path());
        let read = || Configuration::read(&section).unwrap().linked.double_puppet;
        let before = read();
        assert_eq!(before.token, None);
        let made = before.token_for_registration().unwrap();
        assert_eq!(read().token, Some(made.clone()));
        assert_eq!(read().token_for_registration().unwrap(), made);
    }
}
