//! The text that comes out of markdown.

use std::ops::Range;

use domain::{
    Timestamp,
    content::{Span, Style, Text, bounded_name},
};

use super::{
    angle::{Angle, Place},
    moment,
};
use crate::{
    model::{EmojiId, User, UserId},
    words::{Names, WantedEmoji, Wording, part},
};

/// The most parts of a text that have a look.
const MOST_SPANS: usize = 1000;
/// The most custom emojis of a text that are shown as pictures.
const MOST_EMOJIS: usize = 50;

/// A text in the making.
pub(in crate::words) struct Page<'a> {
    names: &'a dyn Names,
    /// People whom the message itself names.
    people: &'a [User],
    /// When it was said.
    said: Timestamp,
    text: String,
    spans: Vec<Span>,
    wanted: Vec<WantedEmoji>,
    is_quoted: bool,
}

impl<'a> Page<'a> {
    /// An empty page for something that was `said` then, and that comes with the profiles of `people`.
    pub(in crate::words) const fn new(names: &'a dyn Names, people: &'a [User], said: Timestamp) -> Self {
        Self { names, people, said, text: String::new(), spans: Vec::new(), wanted: Vec::new(), is_quoted: false }
    }

    /// How long it is by now, in bytes.
    pub(in crate::words) const fn end(&self) -> usize {
        self.text.len()
    }

    /// Characters as they are. Within a quote each line begins with its mark.
    pub(in crate::words) fn words(&mut self, words: &str) {
        for letter in words.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')) {
            self.text.push(letter);
            if letter == '\n' && self.is_quoted {
                self.text.push_str("> ");
            }
        }
    }

    /// Characters of this look.
    pub(in crate::words) fn styled(&mut self, words: &str, style: Style) {
        let start = self.end();
        self.words(words);
        self.style(start..self.end(), style);
    }

    /// Gives what stands there a look.
    pub(in crate::words) fn style(&mut self, range: Range<usize>, style: Style) {
        let has_words = self.text.get(range.clone()).is_some_and(|words| !words.trim().is_empty());
        if has_words && self.spans.len() < MOST_SPANS {
            self.spans.push(Span { range, style });
        }
    }

    /// Begins a new line, unless nothing stands on this one.
    pub(in crate::words) fn new_line(&mut self) {
        if !self.is_at_line_start() {
            self.words("\n");
        }
    }

    fn is_at_line_start(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        line.is_empty() || (self.is_quoted && line == "> ")
    }

    /// What comes now is quoted, until [`Page::end_quote`].
    pub(super) fn begin_quote(&mut self) {
        self.text.push_str("> ");
        self.is_quoted = true;
    }

    /// What comes now is no longer quoted.
    pub(super) const fn end_quote(&mut self) {
        self.is_quoted = false;
    }

    /// What stands between angle brackets, in words.
    pub(super) fn angle(&mut self, angle: &Angle<'_>) {
        match *angle {
            Angle::User(id) => {
                let name = self.names.user(id).or_else(|| self.named(id));
                self.name("@", name, "unknown user");
            }
            Angle::Role(id) => self.name("@", self.names.role(id), "unknown role"),
            Angle::Channel(id) => self.name("#", self.names.channel(id), "unknown"),
            Angle::Emoji { id, name, animated } => self.emoji(id, name, animated),
            Angle::Moment { seconds, style } => {
                let told = moment::told(seconds, style, self.said, self.names.zone());
                self.words(&told.unwrap_or_else(|| "an unknown time".to_owned()));
            }
            Angle::Command(name) => self.words(&format!("/{name}")),
            Angle::Place(place) => self.words(match place {
                Place::Customize => "#Channels & Roles",
                Place::Browse => "#Browse Channels",
                Place::Guide => "#Server Guide",
                Place::Home => "#Home",
                Place::LinkedRoles => "#Linked Roles",
            }),
            Angle::Address(address) => self.words(address),
        }
    }

    fn named(&self, id: UserId) -> Option<String> {
        self.people.iter().find(|user| user.id == id).map(|user| user.shown_name().to_owned())
    }

    fn name(&mut self, mark: &str, name: Option<String>, unknown: &str) {
        let name = name.map(|name| bounded_name(&name)).filter(|name| !name.is_empty());
        self.words(&format!("{mark}{}", name.as_deref().unwrap_or(unknown)));
    }

    fn emoji(&mut self, id: EmojiId, name: &str, animated: bool) {
        let place = self.end();
        self.words(&format!(":{name}:"));
        if let Some(known) = self.wanted.iter_mut().find(|known| known.id == id && known.name == name) {
            known.places.push(place);
        } else if self.wanted.len() < MOST_EMOJIS {
            let shortcut = part::shortcut(name, |taken| self.wanted.iter().any(|known| known.shortcut == taken));
            self.wanted.push(WantedEmoji { id, animated, name: name.to_owned(), shortcut, places: vec![place] });
        }
    }

    /// All of it, without line breaks at its end.
    pub(in crate::words) fn finish(mut self) -> Wording {
        let end = self.text.trim_end_matches(['\n', '\r']).len();
        self.text.truncate(end);
        self.spans.retain_mut(|span| {
            span.range.end = span.range.end.min(end);
            span.range.start < span.range.end
        });
        self.spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
        Wording { text: Text { spans: self.spans, ..Text::plain(self.text) }, wanted: self.wanted }
    }
}
