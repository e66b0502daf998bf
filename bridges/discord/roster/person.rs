//! One person, in as few bytes as possible: a big guild has many.

use std::fmt;

use domain::{
    PersonalMessage, Timestamp,
    content::bounded_name,
    presence::{Availability, RemotePresence},
};

use super::PersonFacts;
use crate::model::User;

/// The longest name of a picture that is no hash, in bytes.
const LONGEST_WORD: usize = 80;

/// A person.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Empty where nothing but the id is known.
    pub(super) username: Box<str>,
    pub(super) global_name: Option<Box<str>>,
    pub(super) picture: Option<Picture>,
    seen: Option<Box<Status>>,
    /// When they were seen to leave; 0 for never.
    left: Timestamp,
    /// In how many guilds they are known to be; in none they are forgotten.
    pub(super) guilds: u32,
    pub(super) is_bot: bool,
}

/// What somebody who is not offline shows. Those who are offline show nothing, and most are.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    availability: Availability,
    line: PersonalMessage,
}

/// How present somebody is, as it was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) availability: Availability,
    pub(crate) line: PersonalMessage,
    /// Of those who are offline: when they were seen to leave.
    pub(crate) left: Option<Timestamp>,
}

impl Seen {
    /// Not there, and never seen there.
    pub(crate) const ABSENT: Self = Self {
        availability: Availability::Offline,
        line: PersonalMessage { text: String::new(), current_media: String::new() },
        left: None,
    };

    /// The same in the words of the contract.
    pub(crate) fn into_presence(self) -> RemotePresence {
        let Self { availability, line, left } = self;
        RemotePresence { availability, last_active: left, personal_message: line }
    }
}

/// The name of a picture on Discord's content network.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Picture {
    /// A hash: 32 hexadecimal digits, with `a_` in front of those that move.
    Hash { is_animated: bool, hash: [u8; 16] },
    /// Anything else.
    Word(Box<str>),
}

impl Picture {
    /// The picture of this name; `None` for one that cannot be a part of an address.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let is_animated = name.starts_with("a_");
        let digits = name.strip_prefix("a_").unwrap_or(name);
        if let Some(hash) = hash_of(digits) {
            return Some(Self::Hash { is_animated, hash });
        }
        let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_word && name.len() <= LONGEST_WORD).then(|| Self::Word(name.into()))
    }
}

fn hash_of(digits: &str) -> Option<[u8; 16]> {
    let is_hash = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)).flatten()
}

impl fmt::Display for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash { is_animated, hash } => {
                let start = if *is_animated { "a_" } else { "" };
                write!(formatter, "{start}{:032x}", u128::from_be_bytes(*hash))
            }
            Self::Word(name) => formatter.write_str(name),
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Person {
    /// Takes over who they are. Says whether that is new. Where an event tells nothing but the id, it tells nothing.
    pub(super) fn is_renamed(&mut self, user: &User) -> bool {
        if user.username.is_empty() {
            return false;
        }
        let username: Box<str> = bounded_name(&user.username).into();
        let global_name = shown(user.global_name.as_deref()).filter(|name| **name != *username);
        let picture = user.avatar.as_deref().and_then(Picture::parse);
        let is_new = self.username != username || self.global_name != global_name || self.picture != picture;
        self.username = username;
        self.global_name = global_name;
        self.picture = picture;
        self.is_bot = user.bot;
        is_new
    }

    /// Takes over how present they are. Says whether that is new.
    pub(super) fn is_seen_otherwise(&mut self, presence: RemotePresence, now: Timestamp) -> bool {
        let RemotePresence { availability, personal_message: line, .. } = presence;
        let is_there = !matches!(availability, Availability::Offline | Availability::Unreachable);
        let seen = is_there.then(|| Box::new(Status { availability, line }));
        if self.seen == seen {
            return false;
        }
        if seen.is_none() {
            self.left = now;
        }
        self.seen = seen;
        true
    }

    /// How present they are.
    pub(super) fn seen(&self) -> Seen {
        match &self.seen {
            Some(status) => Seen { availability: status.availability, line: status.line.clone(), left: None },
            None => Seen { left: (self.left.0 != 0).then_some(self.left), ..Seen::ABSENT },
        }
    }

    /// Whether they are there at all.
    pub(super) const fn is_there(&self) -> bool {
        self.seen.is_some()
    }

    pub(super) fn facts(&self) -> PersonFacts {
        PersonFacts {
            username: self.username.to_string(),
            global_name: self.global_name.as_deref().map(str::to_owned),
            picture: self.picture.clone(),
            is_bot: self.is_bot,
        }
    }
}

/// A name that shows something.
pub(super) fn shown(name: Option<&str>) -> Option<Box<str>> {
    name.map(bounded_name).filter(|name| !name.is_empty()).map(Box::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pictures_name_survives_and_no_other_path_passes_for_one() {
        for name in ["0123456789abcdef0123456789abcdef", "a_0023456789abcdef0123456789abcde0", "a_odd", "word7"] {
            assert_eq!(Picture::parse(name).unwrap().to_string(), name);
        }
        assert!(matches!(Picture::parse("0123456789abcdef0123456789abcdef"), Some(Picture::Hash { .. })));
        for name in ["", "../x", "a/b", "a.png?x", &"x".repeat(81)] {
            assert_eq!(Picture::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_of_a_picture_is_a_plain_part_of_an_address_or_none(
            name in "(a_)?([0-9a-f]{30,33}|[A-Za-z0-9_]{0,82})|[ -~é]{0,20}",
        ) {
            if let Some(picture) = Picture::parse(&name) {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
                prop_assert_eq!(picture.to_string(), name);
            }
        }
    }
}
