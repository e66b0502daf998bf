//! What is said: who says it, in which conversation, and the how-manieth word of theirs there it is.

use std::fmt;

/// Somebody who speaks; the number is their place among those of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Author {
    /// Somebody on Messenger.
    Account(usize),
    /// Somebody on Matrix.
    Person(usize),
}

/// One numbered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Word {
    pub(super) conversation: usize,
    pub(super) author: Author,
    pub(super) number: u32,
}

impl Word {
    /// Reads a text that somebody was shown: a speaker's name or a time may stand before it. `None` for whatever else is said.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut last = text.split_whitespace().rev();
        let number = last.next()?.parse().ok()?;
        let conversation = last.next()?.parse().ok()?;
        let author = last.next()?;
        let author = if let Some(place) = author.strip_prefix("account") {
            Author::Account(place.parse().ok()?)
        } else {
            Author::Person(author.strip_prefix("person")?.parse().ok()?)
        };
        Some(Self { conversation, author, number })
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.author {
            Author::Account(place) => write!(formatter, "account{place}")?,
            Author::Person(place) => write!(formatter, "person{place}")?,
        }
        write!(formatter, " {} {}", self.conversation, self.number)
    }
}

#[test]
fn a_word_is_read_back_whatever_stands_before_it() {
    let word = Word { conversation: 3, author: Author::Person(12), number: 400 };
    for before in ["", "[2023-11-14 22:13 UTC] ", "Alice L.: "] {
        assert_eq!(Word::read(&format!("{before}{word}")), Some(word));
    }
    assert_eq!(Word::read("(not delivered: \"person12 3 400\": it is too late)"), None);
}
