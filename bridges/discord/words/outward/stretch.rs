//! Stretches of a text that are written as they are, or as something else: addresses, code, mentions, emojis.

use std::{cmp::Reverse, ops::Range};

use domain::content::{Emoticon, Style, Text};

use crate::{
    model::UserId,
    words::{KnownEmoji, People, markdown::address_at},
};

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 32;
/// The most names that are looked for, and the most people that are mentioned.
const MOST_NAMES: usize = 100;
/// How long the names of custom emojis are, in characters.
const EMOJI_NAME: std::ops::RangeInclusive<usize> = 2..=32;

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) range: Range<usize>,
    pub(super) what: Verbatim,
}

/// What a stretch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verbatim {
    Address,
    Code,
    Mention(UserId),
    Emoji(KnownEmoji),
}

impl Stretch {
    /// The characters of it that Discord is given without escapes.
    pub(super) fn verbatim<'a>(&'a self, text: &'a str) -> &'a str {
        match &self.what {
            Verbatim::Address | Verbatim::Code => text.get(self.range.clone()).unwrap_or_default(),
            Verbatim::Mention(_) => "",
            Verbatim::Emoji(emoji) => &emoji.name,
        }
    }
}

/// The stretches of a text, in order and apart.
pub(super) fn stretches(text: &Text, known: &dyn People) -> Vec<Stretch> {
    let mut finder = Finder { text: &text.text, known, emoticons: emoticons(&text.emoticons, known), names: 0 };
    let mut code: Vec<Range<usize>> =
        text.spans.iter().filter(|span| span.style == Style::Code).map(|span| span.range.clone()).collect();
    code.retain(|range| text.text.get(range.clone()).is_some_and(|code| !code.trim().is_empty()));
    code.sort_by_key(|range| (range.start, Reverse(range.end)));
    let mut code = code.into_iter().peekable();
    let mut stretches = Vec::new();
    let mut at = 0;
    while at < text.text.len() {
        // Code within what is written otherwise already is none any more.
        while code.next_if(|range| range.start < at).is_some() {}
        let found = match code.next_if(|range| range.start == at) {
            Some(range) => Some(Stretch { range, what: Verbatim::Code }),
            None => finder.find(at),
        };
        match found {
            Some(stretch) => {
                at = stretch.range.end;
                stretches.push(stretch);
            }
            None => at = text.text.ceil_char_boundary(at + 1),
        }
    }
    stretches
}

/// The emoticons that are custom emojis under the same name, the longest shortcut first.
fn emoticons<'a>(emoticons: &'a [Emoticon], known: &dyn People) -> Vec<(&'a str, KnownEmoji)> {
    let mut emoticons: Vec<(&str, KnownEmoji)> = emoticons
        .iter()
        .filter_map(|emoticon| {
            let name = emoticon.shortcut.trim_matches([':', '(', ')', '[', ']', '{', '}', '*', '-', ' ']);
            let is_name = EMOJI_NAME.contains(&name.len());
            Some((emoticon.shortcut.as_str(), known.emoji(name).filter(|_| is_name)?))
        })
        .collect();
    emoticons.sort_by_key(|(shortcut, _)| Reverse(shortcut.len()));
    emoticons
}

struct Finder<'a> {
    text: &'a str,
    known: &'a dyn People,
    emoticons: Vec<(&'a str, KnownEmoji)>,
    /// How many names were looked for.
    names: usize,
}

impl Finder<'_> {
    /// The stretch that begins at this place.
    fn find(&mut self, at: usize) -> Option<Stretch> {
        let rest = self.text.get(at..)?;
        let (length, what) =
            if let Some((shortcut, emoji)) = self.emoticons.iter().find(|(word, _)| rest.starts_with(word)) {
                (shortcut.len(), Verbatim::Emoji(emoji.clone()))
            } else {
                match rest.chars().next()? {
                    'h' => (address_at(rest, |rest| rest.starts_with('>'))?.len(), Verbatim::Address),
                    ':' => self.emoji(rest)?,
                    '@' if !self.is_within_word(at) => self.mention(rest)?,
                    _ => return None,
                }
            };
        Some(Stretch { range: at..at + length, what })
    }

    fn is_within_word(&self, at: usize) -> bool {
        self.text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
    }

    fn emoji(&self, rest: &str) -> Option<(usize, Verbatim)> {
        let within = rest.strip_prefix(':')?;
        let end = within.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
        let (name, after) = within.split_at_checked(end)?;
        let is_name = after.starts_with(':') && EMOJI_NAME.contains(&name.len());
        let emoji = self.known.emoji(name).filter(|_| is_name)?;
        Some((end + 2, Verbatim::Emoji(emoji)))
    }

    /// Somebody's name behind `@`: the longest that somebody has, as it may go on with words that are no part of it.
    fn mention(&mut self, rest: &str) -> Option<(usize, Verbatim)> {
        if self.names >= MOST_NAMES {
            return None;
        }
        self.names += 1;
        let line = rest.strip_prefix('@')?.split('\n').next()?;
        let ends = line.char_indices().take(LONGEST_NAME).map(|(at, letter)| at + letter.len_utf8());
        let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        let is_end = |end: &usize| {
            let (name, after) = line.split_at_checked(*end).unwrap_or((line, ""));
            let last = name.chars().next_back();
            let is_cut = is_word(last) && is_word(after.chars().next());
            !is_cut && !last.is_some_and(char::is_whitespace)
        };
        let ends: Vec<usize> = ends.filter(is_end).collect();
        let name = |end: &usize| line.get(..*end).and_then(|name| self.known.user(name)).map(|user| (*end, user));
        let (end, user) = ends.iter().rev().find_map(name)?;
        Some((1 + end, Verbatim::Mention(user)))
    }
}
