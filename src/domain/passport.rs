//! The name of a Messenger user.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::Telephone;

/// An e-mail shaped account name, as Messenger calls its users; also the address under which a remote person or room
/// stands on a contact list. Kept in lower case: Messenger compares addresses without regard to case everywhere.
///
/// A phone contact stands on a list as its number, `tel:+` and digits. It is made of a [`Telephone`] and read from no address:
/// nobody signs in as one, calls one or sees one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Passport(Arc<str>);

/// The longest address that is taken, in bytes: what a mail address may have.
pub const LONGEST_PASSPORT: usize = 254;

/// Why a text is no passport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassportFault {
    /// There is not exactly one `@` with something on both sides, or the domain has no dot.
    #[error("is not an address of the form name@domain.tld")]
    Shape,
    /// A character that cannot travel as one parameter of a command.
    #[error("holds a character that an address cannot have")]
    Character,
    /// Longer than [`LONGEST_PASSPORT`].
    #[error("is longer than 254 bytes")]
    Length,
}

impl Passport {
    /// The whole address, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address of this server's own, of parts that are known to be good.
    pub(crate) fn at(local: &str, domain: &str) -> Self {
        Self(format!("{local}@{domain}").into())
    }

    /// Whether it is the number of a phone contact.
    #[must_use]
    pub fn is_telephone(&self) -> bool {
        // No address of a person holds a colon.
        self.0.contains(':')
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Passport {
    type Err = PassportFault;

    fn from_str(text: &str) -> Result<Self, PassportFault> {
        if text.len() > LONGEST_PASSPORT {
            return Err(PassportFault::Length);
        }
        // Only what one parameter of a command, a SIP-like header and an XML attribute can all carry unescaped.
        let fits = |character: char| character.is_ascii_graphic() && !"<>\"'&\\,;:%()[]".contains(character);
        if !text.chars().all(fits) {
            return Err(PassportFault::Character);
        }
        let (local, domain) = text.split_once('@').ok_or(PassportFault::Shape)?;
        let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
        if local.is_empty() || domain.contains('@') || !dotted {
            return Err(PassportFault::Shape);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

impl From<Telephone> for Passport {
    fn from(telephone: Telephone) -> Self {
        Self(telephone.to_string().into())
    }
}

impl TryFrom<String> for Passport {
    type Error = PassportFault;

    fn try_from(text: String) -> Result<Self, PassportFault> {
        text.parse()
    }
}

impl From<Passport> for String {
    fn from(passport: Passport) -> Self {
        passport.0.as_ref().to_owned()
    }
}

impl fmt::Display for Passport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn compares_without_case() {
        let one: Passport = "Alice@Example.ORG".parse().unwrap();
        assert_eq!(one, "alice@example.org".parse().unwrap());
        assert_eq!((one.local(), one.domain()), ("alice", "example.org"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for (text, fault) in [
            ("alice", PassportFault::Shape),
            ("@example.org", PassportFault::Shape),
            ("alice@example", PassportFault::Shape),
            ("alice@example..org", PassportFault::Shape),
            ("a@b@example.org", PassportFault::Shape),
            ("al ice@example.org", PassportFault::Character),
            ("ålice@example.org", PassportFault::Character),
            ("a<b@example.org", PassportFault::Character),
            ("tel:+15555551212", PassportFault::Character),
        ] {
            assert_eq!(text.parse::<Passport>(), Err(fault), "{text}");
        }
        assert_eq!(format!("{}@example.org", "a".repeat(250)).parse::<Passport>(), Err(PassportFault::Length));
    }

    #[test]
    fn a_number_is_no_address() {
        let number: Passport = "tel:+15555551212".parse::<Telephone>().unwrap().into();
        assert!(number.is_telephone());
        assert_eq!((number.as_str(), number.local(), number.domain()), ("tel:+15555551212", "", ""));
        assert!(!"tel@example.org".parse::<Passport>().unwrap().is_telephone());
    }

    proptest! {
        #[test]
        fn nothing_in_an_address_ends_a_parameter(text in "[!-~]{1,12}@[!-~]{1,12}|\\PC{0,20}|[a-zA-Z0-9._+-]{1,9}@[a-z.]{1,9}") {
            if let Ok(passport) = text.parse::<Passport>() {
                let ends = |byte: u8| !byte.is_ascii_graphic() || b"<>\"'&\\,;:%()[]".contains(&byte);
                prop_assert!(!passport.as_str().bytes().any(ends), "{passport}");
                prop_assert_eq!(passport.as_str().to_ascii_lowercase(), passport.as_str());
                prop_assert_eq!(format!("{}@{}", passport.local(), passport.domain()), passport.as_str());
                prop_assert_eq!(passport.as_str().parse(), Ok(passport.clone()));
            }
        }
    }
}
