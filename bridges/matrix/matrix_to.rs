//! Web addresses of people and rooms.

use ruma::MatrixToUri;

const BASE: &str = "https://matrix.to/#/";

/// Reads a web address (`https://matrix.to/#/...`) of somebody or of a room; `None` for others.
///
/// Anybody can write one. ruma-common 0.19.0 panics at an empty identifier beside another (`https://matrix.to/#///a`), so none with
/// two slashes in a row may reach it.
pub(crate) fn read(address: &str) -> Option<MatrixToUri> {
    let identifiers = address.strip_prefix(BASE)?.split('?').next()?;
    if identifiers.contains("//") {
        return None;
    }
    MatrixToUri::parse(address).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_identifier_is_none() {
        for empty in ["", "/", "//", "///", "///a", "//a/", "a//", "a//b", "//?via=b.org", "/a//", "%2F//", "?//"] {
            assert_eq!(read(&format!("{BASE}{empty}")).map(|uri| uri.to_string()), None, "{empty}");
        }
        for address in ["@alice:d.org", "/@alice:d.org/", "%40alice:d.org", "!a:d.org/$e:d.org", "!a:d.org?via=d.org"] {
            assert!(read(&format!("{BASE}{address}")).is_some(), "{address}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read(identifiers in "[/?%#@!$:=&a.]{0,12}|\\PC{0,12}") {
            let read = read(&format!("{BASE}{identifiers}"));
            prop_assert!(read.is_none_or(|uri| uri.to_string().starts_with(BASE)));
        }
    }
}
