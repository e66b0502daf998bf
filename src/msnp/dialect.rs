//! The dialects this grammar knows, and what differs between them.

/// A version of the protocol, older first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Messenger 6.1 and 6.2.
    Msnp10,
    /// Messenger 7.0.
    Msnp11,
    /// Messenger 7.5.
    Msnp12,
}

impl Dialect {
    /// Every dialect, newest first.
    pub const ALL: [Dialect; 3] = [Dialect::Msnp12, Dialect::Msnp11, Dialect::Msnp10];

    /// The name used in `VER`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Msnp10 => "MSNP10",
            Dialect::Msnp11 => "MSNP11",
            Dialect::Msnp12 => "MSNP12",
        }
    }

    /// Reads a name, in either case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(name))
    }

    /// The highest dialect among those a client offers. Words that are not dialects (`CVR0`) do not matter.
    #[must_use]
    pub fn negotiate<'a>(offered: impl Iterator<Item = &'a str>) -> Option<Dialect> {
        offered.filter_map(Dialect::parse).max()
    }

    /// Personal messages (`UUX`, `UBX`).
    #[must_use]
    pub fn has_personal_messages(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// A network id in every `LST` line.
    #[must_use]
    pub fn has_network_ids(self) -> bool {
        self >= Dialect::Msnp12
    }

    /// Capabilities in the switchboard's `IRO` and `JOI`.
    #[must_use]
    pub fn has_switchboard_capabilities(self) -> bool {
        self >= Dialect::Msnp12
    }

    /// The pending list, and `ADC RL` to leave it.
    #[must_use]
    pub fn has_pending_list(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// The keyed challenge answer; before it, a plain MD5.
    #[must_use]
    pub fn has_new_challenge(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// The shields document (`GCF`).
    #[must_use]
    pub fn has_shields(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// The subscription line (`SBS`) after sign-in.
    #[must_use]
    pub fn has_subscription(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// Mail counts as an XML document at sign-in; before it, as single fields.
    #[must_use]
    pub fn has_mail_document(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// `OUT SSD`, the server goes down, and `OUT RCT`, which names the minutes to wait.
    #[must_use]
    pub fn has_sign_out_reasons(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// The property `HSB`: whether somebody has a space, as MSN called its blogs.
    #[must_use]
    pub fn has_spaces(self) -> bool {
        self >= Dialect::Msnp11
    }

    /// Telephone numbers as contacts, and `LKP` to look them up. `MSNPiki` is not sure whether they came with MSNP11 or 12.
    #[must_use]
    pub fn has_telephones(self) -> bool {
        self >= Dialect::Msnp11
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_dialect_wins() {
        let offered = |line: &'static str| Dialect::negotiate(line.split(' '));
        assert_eq!(offered("MSNP12 MSNP11 MSNP10 CVR0"), Some(Dialect::Msnp12));
        assert_eq!(offered("MSNP9 MSNP10 MSNP11 MSNP18 CVR0"), Some(Dialect::Msnp11));
        assert_eq!(offered("msnp12"), Some(Dialect::Msnp12));
        assert_eq!(offered("MSNP8 CVR0"), None);
    }
}
