//! The identifiers of calls, branches and chunked messages.

use std::fmt;

/// An identifier of 128 bits, written in upper case and braces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guid(pub u128);

impl Guid {
    /// An identifier of random bits, marked as such (version 4 of RFC 9562).
    #[must_use]
    pub const fn random(chance: u128) -> Guid {
        let version = 0x4_u128 << 76;
        let variant = 0b10_u128 << 62;
        Guid(chance & !(0xf << 76) & !(0b11 << 62) | version | variant)
    }

    /// Reads the form with dashes, with or without braces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Guid> {
        let text = text.trim();
        let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let mut groups = bare.split('-');
        let mut number = 0;
        for digits in [8, 4, 4, 4, 12] {
            let group = groups.next()?;
            if group.len() != digits || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            number = number << (4 * digits) | u128::from_str_radix(group, 16).ok()?;
        }
        groups.next().is_none().then_some(Guid(number))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, middle, high] = [48, 64, 80].map(|shift| (self.0 >> shift) & 0xffff);
        let (first, last) = (self.0 >> 96, self.0 & 0xffff_ffff_ffff);
        write!(formatter, "{{{first:08X}-{high:04X}-{middle:04X}-{low:04X}-{last:012X}}}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_has_braces_and_dashes() {
        let guid = Guid(0xA426_8EEC_FEC5_49E5_95C3_F126_696B_DBF6);
        assert_eq!(guid.to_string(), "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}");
        assert_eq!(Guid::parse("a4268eec-fec5-49e5-95c3-f126696bdbf6"), Some(guid));
        assert_eq!(Guid::parse("{A4268EEC-FEC5-49E5-95C3-F126696BDBF6"), None);
        assert_eq!(Guid::parse("{A4268EEC-FEC5-49E5-95C3-F126696BDBF6-}"), None);
        assert_eq!(Guid::random(0).to_string(), "{00000000-0000-4000-8000-000000000000}");
    }

    proptest! {
        #[test]
        fn it_comes_back(number in any::<u128>()) {
            prop_assert_eq!(Guid::parse(&Guid(number).to_string()), Some(Guid(number)));
        }

        #[test]
        fn anything_can_be_parsed(text in "[{}0-9a-fA-F+-]{0,44}") {
            let _ = Guid::parse(&text);
        }
    }
}
