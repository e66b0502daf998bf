//! The addresses under which people and rooms of other networks stand on a contact list.
//!
//! A remote contact's passport is allotted once and stored, never computed back. It is readable, e-mail shaped, ASCII and at
//! most 64 characters: `alice_at_example.org@matrix.<domain>`. What cannot stand in an address as it is has one written
//! escape, `=` and two lower case hexadecimal digits a byte, so that an address typed by hand can be resolved.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{NetworkName, Passport};

/// The longest address of a remote contact, in bytes.
pub const LONGEST_ADDRESS: usize = 64;

/// What parts a person's name from their server in the readable form.
pub const SERVER_MARK: &str = "_at_";

/// The domain of this server and the networks under it: decides what an address is.
#[derive(Debug, Clone)]
pub struct Realm {
    domain: String,
    networks: Vec<NetworkName>,
}

/// Where an address lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Residence {
    /// An account of this server, if it exists.
    Local,
    /// The contact named Chrysalis, by which the server itself speaks.
    Service,
    /// A person of a network.
    Person(NetworkName),
    /// A room of a network.
    Room(NetworkName),
    /// Under this server's domain, but of no network that is on.
    Reserved,
}

impl Realm {
    /// A realm of `domain` with these networks.
    #[must_use]
    pub fn new(domain: &str, networks: Vec<NetworkName>) -> Self {
        Self { domain: domain.to_ascii_lowercase(), networks }
    }

    /// This server's domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address of the contact by which the server itself speaks.
    #[must_use]
    pub fn service(&self) -> Passport {
        Passport::at("chrysalis", &self.domain)
    }

    /// Where `passport` lives.
    #[must_use]
    pub fn residence(&self, passport: &Passport) -> Residence {
        let domain = passport.domain();
        if domain == self.domain {
            return if passport.local() == "chrysalis" { Residence::Service } else { Residence::Local };
        }
        let Some(below) = domain.strip_suffix(self.domain.as_str()).and_then(|rest| rest.strip_suffix('.')) else {
            return Residence::Local;
        };
        let network = |label: &str| self.networks.iter().find(|network| network.as_str() == label).cloned();
        match below.strip_prefix("rooms.") {
            Some(label) => network(label).map_or(Residence::Reserved, Residence::Room),
            None => network(below).map_or(Residence::Reserved, Residence::Person),
        }
    }

    /// Whether `passport` is, or would be, that of a person or a room of `network`, whether or not it is on.
    #[must_use]
    pub fn is_under(&self, network: &NetworkName, passport: &Passport) -> bool {
        let below = passport.domain().strip_suffix(self.domain.as_str()).and_then(|rest| rest.strip_suffix('.'));
        below.is_some_and(|below| below.strip_prefix("rooms.").unwrap_or(below) == network.as_str())
    }

    /// Whether an account of this name may be made here: nothing under a network's subdomain, and not the service contact.
    #[must_use]
    pub fn admits_account(&self, passport: &Passport) -> bool {
        self.residence(passport) == Residence::Local
    }

    /// The address of a person of `network`. `words` is what the bridge calls them: a name, and the server it is of where the
    /// network has several. When `taken` says that the address is someone else's, a digest of `identity` makes it unique.
    #[must_use]
    pub fn allot_person(
        &self,
        network: &NetworkName,
        words: (&str, Option<&str>),
        identity: &str,
        taken: impl Fn(&Passport) -> bool,
    ) -> Option<Passport> {
        allot(&readable(words), &format!("{network}.{}", self.domain), identity, taken)
    }

    /// The address of a room of `network`; as [`Realm::allot_person`].
    #[must_use]
    pub fn allot_room(
        &self,
        network: &NetworkName,
        words: (&str, Option<&str>),
        identity: &str,
        taken: impl Fn(&Passport) -> bool,
    ) -> Option<Passport> {
        allot(&readable(words), &format!("rooms.{network}.{}", self.domain), identity, taken)
    }
}

fn allot(readable: &str, domain: &str, identity: &str, taken: impl Fn(&Passport) -> bool) -> Option<Passport> {
    let room = LONGEST_ADDRESS.checked_sub(domain.len() + 1)?;
    if readable.len() <= room {
        let plain: Passport = format!("{readable}@{domain}").parse().ok()?;
        if !taken(&plain) {
            return Some(plain);
        }
    }
    // `=.` never comes of an escape, so a shortened name is never mistaken for a written one.
    let mut mark = String::from("=.");
    for byte in Sha256::digest(identity.as_bytes()).iter().take(5) {
        let _ = write!(mark, "{byte:02x}");
    }
    let kept = readable.get(..room.checked_sub(mark.len())?.min(readable.len()))?;
    format!("{kept}{mark}@{domain}").parse().ok()
}

/// The written form of a name, and of the server it is of.
fn readable((name, server): (&str, Option<&str>)) -> String {
    let mut text = escape(name);
    if let Some(server) = server {
        text.push_str(SERVER_MARK);
        text.push_str(&escape(server));
    }
    text
}

/// Writes `text` with lower case letters, digits, `.`, `-` and `_` as they are, and each other byte as `=xx`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    // A name that holds the server mark itself is broken up, so that the last mark is always the true one.
    let text = text.replace(SERVER_MARK, "\u{0}");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => written.push(char::from(byte)),
            0 => written.push_str("_=61t_"),
            other => {
                let _ = write!(written, "={other:02x}");
            }
        }
    }
    written
}

/// Reads what [`escape`] wrote; `None` for a broken or shortened one.
#[must_use]
pub fn unescape(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let digits = [rest.next()?, rest.next()?];
            let text = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(text, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The name and server that a typed local part means: split at the last `_at_`, unescaped.
#[must_use]
pub fn read_person(local: &str) -> Option<(String, Option<String>)> {
    match local.rsplit_once(SERVER_MARK) {
        Some((name, server)) if !name.is_empty() && !server.is_empty() => {
            Some((unescape(name)?, Some(unescape(server)?)))
        }
        Some(_) | None => Some((unescape(local)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn realm() -> Realm {
        Realm::new("msn.example", vec!["matrix".parse().unwrap(), "loopback".parse().unwrap()])
    }

    fn residence(address: &str) -> Residence {
        realm().residence(&address.parse().unwrap())
    }

    #[test]
    fn addresses_have_a_residence() {
        assert_eq!(residence("carol@msn.example"), Residence::Local);
        assert_eq!(residence("carol@elsewhere.example"), Residence::Local);
        assert_eq!(residence("carol@othermsn.example"), Residence::Local);
        assert_eq!(residence("chrysalis@msn.example"), Residence::Service);
        assert_eq!(residence("alice_at_b.org@matrix.msn.example"), Residence::Person("matrix".parse().unwrap()));
        assert_eq!(residence("a@rooms.matrix.msn.example"), Residence::Room("matrix".parse().unwrap()));
        assert_eq!(residence("a@discord.msn.example"), Residence::Reserved);
        assert!(!realm().admits_account(&"x@matrix.msn.example".parse().unwrap()));
        let is_under = |address: &str| realm().is_under(&"discord".parse().unwrap(), &address.parse().unwrap());
        assert!(is_under("a@discord.msn.example") && is_under("a@rooms.discord.msn.example"));
        assert!(
            !is_under("a@matrix.msn.example") && !is_under("a@msn.example") && !is_under("a@discord.msn.example.org")
        );
    }

    #[test]
    fn people_get_readable_addresses() {
        let matrix = "matrix".parse().unwrap();
        let allot =
            |name, server| realm().allot_person(&matrix, (name, Some(server)), "id", |_| false).unwrap().to_string();
        assert_eq!(allot("alice", "example.org"), "alice_at_example.org@matrix.msn.example");
        assert_eq!(allot("Alice", "example.org:8448"), "=41lice_at_example.org=3a8448@matrix.msn.example");
        assert_eq!(allot("cat_at_home", "example.org"), "cat_=61t_home_at_example.org@matrix.msn.example");
    }

    #[test]
    fn a_long_or_taken_address_is_told_apart_by_its_identity() {
        let matrix = "matrix".parse().unwrap();
        let long = realm().allot_person(&matrix, (&"a".repeat(200), Some("b.org")), "one", |_| false).unwrap();
        let other = realm().allot_person(&matrix, (&"a".repeat(200), Some("b.org")), "two", |_| false).unwrap();
        assert!(long.as_str().len() <= LONGEST_ADDRESS && long != other, "{long} {other}");
        let taken = realm().allot_person(&matrix, ("a", Some("b.org")), "one", |_| true).unwrap();
        assert_ne!(taken.as_str(), "a_at_b.org@matrix.msn.example");
        assert_eq!(read_person(taken.local()), None, "a shortened name is found in the store or not at all");
    }

    proptest! {
        #[test]
        fn what_is_typed_is_what_was_allotted(name in "\\PC{1,20}", server in "[a-z0-9.:-]{1,20}") {
            let written = readable((&name, Some(&server)));
            prop_assert!(written.is_ascii());
            prop_assert_eq!(read_person(&written), Some((name, Some(server))));
        }

        #[test]
        fn reading_never_panics(local in "\\PC*") {
            let _ = read_person(&local);
        }
    }
}
