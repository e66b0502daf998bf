//! Where the links of a message lead.

use ruma::{MatrixUri, OwnedUserId, matrix_uri::MatrixId};

use crate::matrix_to;

/// The longest address that is kept, in bytes.
const LONGEST: usize = 2000;
/// What a link may begin with; everything else can do things that a reader does not expect.
const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// To somebody: it is a mention.
    Person(OwnedUserId),
    /// To a room by its name, which tells as much as its address.
    Room { alias: String, address: String },
    /// To a page, or to a letter box.
    Page(String),
}

impl Address {
    /// Reads the address of a link; `None` if nobody should be led there.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let address = address.trim();
        if address.len() > LONGEST || address.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            return None;
        }
        let named = matrix_to::read(address).map(|uri| uri.id().clone());
        match named.or_else(|| MatrixUri::parse(address).ok().map(|uri| uri.id().clone())) {
            Some(MatrixId::User(user)) => return Some(Self::Person(user)),
            Some(MatrixId::RoomAlias(alias)) => {
                return Some(Self::Room { alias: alias.to_string(), address: address.to_owned() });
            }
            Some(_) | None => {}
        }
        may_be_followed(address).then(|| Self::Page(address.to_owned()))
    }
}

/// Whether an address begins with what a link may begin with.
pub(in crate::message) fn may_be_followed(address: &str) -> bool {
    let begins = |scheme: &str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().any(|scheme| begins(scheme) && address.len() > scheme.len())
}

/// Whether the words of a link are its address, but for what people leave out.
pub(super) fn says(words: &str, address: &str) -> bool {
    fn bare(text: &str) -> &str {
        let text = text.trim();
        let text = SCHEMES
            .iter()
            .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
            .and_then(|scheme| text.get(scheme.len()..))
            .unwrap_or(text);
        text.trim_end_matches('/')
    }
    bare(words).eq_ignore_ascii_case(bare(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_people_rooms_and_pages_only() {
        let alice = || Some(Address::Person("@alice:example.org".try_into().unwrap()));
        assert_eq!(Address::parse("https://matrix.to/#/@alice:example.org"), alice());
        assert_eq!(Address::parse("https://matrix.to/#/%40alice%3Aexample.org"), alice());
        assert_eq!(Address::parse("matrix:u/alice:example.org"), alice());
        let address = "https://matrix.to/#/#a:b.org";
        let room = Address::Room { alias: "#a:b.org".into(), address: address.into() };
        assert_eq!(Address::parse(address), Some(room));
        for page in [
            "HTTP://a.example/x?y#z",
            "https://é.example",
            "mailto:a@b.example",
            "https://matrix.to/#/!r/$e",
            "https://matrix.to/#///@bob:d.org",
        ] {
            assert_eq!(Address::parse(page), Some(Address::Page(page.into())), "{page}");
        }
        let long = format!("http://{}", "x".repeat(LONGEST));
        for bad in ["javascript:alert(1)", "file:///etc", "//a.example", "", "http://", "http://a b", "data:x", &long] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_says_itself_without_what_people_leave_out() {
        assert!(says("https://d.example", "https://d.example/") && says("D.example", "http://d.example"));
        assert!(says("a@d.example", "mailto:a@d.example"));
        assert!(!says("the docs", "https://d.example") && !says("d.example/x", "https://d.example/X/y"));
    }
}
