//! What Messenger users say, as Discord writes it.

mod escape;
mod looks;
mod stretch;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt::Write as _};

use domain::content::{Style, Text};

use self::{
    escape::Escapes,
    looks::{Look, looks},
    stretch::{Stretch, Verbatim, stretches},
};
use super::{People, part::replaced};
use crate::model::UserId;

/// Has no width, and parts marks that would run together.
const APART: char = '\u{200b}';

/// A text in Discord's markdown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outward {
    /// The characters to be sent, of any length: [`super::split`] cuts them.
    pub(crate) content: String,
    /// Who is mentioned in it, each once, at most a hundred.
    pub(crate) mentions: Vec<UserId>,
}

/// A text as Discord writes it, so that it reads there as it was typed: what would act as markdown is escaped, looks become marks,
/// `@name` of somebody who is known becomes a mention, and `:name:` of an emoji that is known, or an emoticon that is called like
/// one, becomes that emoji. Nothing of it ever calls everybody.
pub(crate) fn outward(text: &Text, known: &dyn People) -> Outward {
    let text = without_controls(text);
    let stretches = stretches(&text, known);
    let looks = looks(&text, &stretches);
    Writer::of(&text, &looks, &stretches).write(&looks, &stretches)
}

/// Without characters that nobody sees, as what they part would run together where they are left out.
fn without_controls(text: &Text) -> Cow<'_, Text> {
    let is_unseen = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let places = text.text.match_indices(is_unseen);
    let changes: Vec<(usize, usize, String)> = places.map(|(at, letter)| (at, letter.len(), String::new())).collect();
    if changes.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(replaced(text.clone(), &changes)) }
}

/// What somebody does, as Discord's clients write `/me`.
pub(crate) fn outward_emote(deed: &str, known: &dyn People) -> Outward {
    let text = Text::plain(deed.split_whitespace().collect::<Vec<_>>().join(" "));
    let Outward { content, mentions } = outward(&text, known);
    // An underscore in an address cannot be escaped, and would end it.
    let is_free = !stretches(&text, known).iter().any(|stretch| stretch.verbatim(&text.text).contains('_'));
    let content = if content.is_empty() || !is_free { content } else { format!("_{content}_") };
    Outward { content, mentions }
}

struct Writer<'text> {
    text: &'text str,
    escapes: Escapes<'text>,
    /// Where something begins or ends that is written otherwise than in the text, ascending.
    borders: Vec<usize>,
    /// Where links end, and where they lead; ascending.
    links: Vec<(usize, &'text str)>,
    written: Outward,
    /// Looks that have begun, innermost last.
    open: Vec<&'text Look>,
}

impl<'text> Writer<'text> {
    fn of(text: &'text Text, looks: &[Look], stretches: &[Stretch]) -> Self {
        let mut links: Vec<(usize, &str)> = text.spans.iter().filter_map(|span| link(text, span)).collect();
        // A link ends behind the word that it ends in.
        for (end, _) in &mut links {
            let within = stretches.iter().find(|stretch| stretch.range.start < *end && *end < stretch.range.end);
            *end = within.map_or(*end, |stretch| stretch.range.end);
        }
        links.sort_unstable();
        let mut borders: Vec<usize> = looks.iter().flat_map(|look| [look.range.start, look.range.end]).collect();
        borders.extend(stretches.iter().flat_map(|stretch| [stretch.range.start, stretch.range.end]));
        borders.extend(links.iter().map(|(end, _)| *end));
        // Marks do not begin before a blank, where those around them ended.
        borders.extend(looks.iter().map(|look| {
            let behind = text.text.get(look.range.end..).unwrap_or_default();
            text.text.len() - behind.trim_start_matches(is_blank).len()
        }));
        borders.sort_unstable();
        borders.dedup();
        let escapes = Escapes::of(&text.text, stretches);
        Self { text: &text.text, escapes, borders, links, written: Outward::default(), open: Vec::new() }
    }

    fn write(mut self, looks: &'text [Look], stretches: &[Stretch]) -> Outward {
        let mut stretches = stretches.iter().peekable();
        let mut ends = self.borders.clone();
        ends.push(self.text.len());
        let mut start = 0;
        for end in ends {
            if end == start {
                continue;
            }
            let mut wanted: Vec<&Look> =
                looks.iter().filter(|look| look.range.start <= start && end <= look.range.end).collect();
            if self.text.get(start..end).is_some_and(|words| words.trim_matches(is_blank).is_empty()) {
                wanted.truncate(self.same(&wanted));
            }
            self.turn_to(wanted);
            match stretches.next_if(|stretch| stretch.range.start == start) {
                Some(stretch) => {
                    let is_bracketed = stretch.what == Verbatim::Address && runs_on(self.text, end, looks);
                    self.verbatim(stretch, is_bracketed);
                }
                None => self.words(start, end),
            }
            self.links_ending(end);
            start = end;
        }
        self.turn_to(Vec::new());
        self.written
    }

    /// How many of these have begun already, from the outermost on.
    fn same(&self, looks: &[&Look]) -> usize {
        self.open.iter().zip(looks).take_while(|(one, other)| one == other).count()
    }

    /// Ends and begins looks, so that exactly these are in force.
    fn turn_to(&mut self, looks: Vec<&'text Look>) {
        let same = self.same(&looks);
        let mut before: Option<&Look> = None;
        for look in self.open.drain(same..).rev() {
            self.written.content.push_str(look.mark.written());
            before = Some(look);
        }
        let mut is_beginning = false;
        for look in looks.iter().copied().skip(same) {
            // Rows of the same mark are read otherwise than they were meant, but for those that begin and end together.
            let runs_together = before.is_some_and(|before| {
                before.mark.letter() == look.mark.letter() && !(is_beginning && before.range == look.range)
            });
            if runs_together {
                self.written.content.push(APART);
            }
            self.written.content.push_str(look.mark.written());
            (before, is_beginning) = (Some(look), true);
        }
        self.open = looks;
    }

    fn words(&mut self, start: usize, end: usize) {
        for (at, letter) in self.text.get(start..end).unwrap_or_default().char_indices() {
            let at = start + at;
            let is_border = [at, at + letter.len_utf8()].iter().any(|at| self.borders.binary_search(at).is_ok());
            if self.escapes.acts(at, letter, is_border) {
                self.written.content.push('\\');
            }
            self.written.content.push(letter);
        }
    }

    fn verbatim(&mut self, stretch: &Stretch, is_bracketed: bool) {
        let words = self.text.get(stretch.range.clone()).unwrap_or_default();
        let content = &mut self.written.content;
        match &stretch.what {
            // Brackets are not shown, and end it before what would be read as a part of it.
            Verbatim::Address if is_bracketed => content.extend(["<", words, ">"]),
            Verbatim::Address => content.push_str(words),
            Verbatim::Code => looks::code(words, content),
            Verbatim::Emoji(emoji) => {
                let animated = if emoji.animated { "a" } else { "" };
                let _ = write!(content, "<{animated}:{}:{}>", emoji.name, emoji.id);
            }
            Verbatim::Mention(user) => {
                let _ = write!(content, "<@{user}>");
                if !self.written.mentions.contains(user) {
                    self.written.mentions.push(*user);
                }
            }
        }
    }

    /// The address of a link follows its words.
    fn links_ending(&mut self, at: usize) {
        let first = self.links.partition_point(|(end, _)| *end < at);
        for (_, address) in self.links.iter().skip(first).take_while(|(end, _)| *end == at) {
            self.written.content.extend([" (", address, ")"]);
        }
    }
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control()
}

/// Whether what comes behind an address that ends at this place would be taken for a part of it: an angle bracket or the beginning of a look,
/// with nothing between but what ends a sentence.
fn runs_on(text: &str, end: usize, looks: &[Look]) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let is_ending = |letter: char| letter.is_ascii_punctuation() && !matches!(letter, '<' | '>');
    let behind = rest.trim_start_matches(is_ending);
    let last = end + rest.len() - behind.len();
    behind.starts_with(['<', '>']) || looks.iter().any(|look| (end..=last).contains(&look.range.start))
}

/// Where a link ends and where it leads, unless its words say that.
fn link<'text>(text: &'text Text, span: &'text domain::content::Span) -> Option<(usize, &'text str)> {
    let Style::Link(address) = &span.style else { return None };
    let words = text.text.get(span.range.clone())?;
    let is_address = super::markdown::address_at(address, |_| false) == Some(address);
    (is_address && !words.contains(address.as_str())).then_some((span.range.end, address.as_str()))
}
