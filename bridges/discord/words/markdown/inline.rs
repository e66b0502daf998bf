//! Looks, links and mentions within running text.
//!
//! The source is gone through once, from left to right. Each mark that may end a look ends the innermost that it can; looks that
//! began within and did not end turn out to have been plain characters. What became of the marks is known at the end, so the
//! text is written then.

mod code;
mod mark;

use domain::content::Style;

use self::{
    code::Backticks,
    mark::{Mark, Meaning, Turn},
};
use super::{
    address::{address_at, target_at},
    angle::{self, Angle},
    page::Page,
};

/// Writes running text to the page.
pub(super) fn read(source: &str, page: &mut Page<'_>) {
    if !source.is_empty() {
        let mut reader = Reader::of(source);
        reader.read();
        write(&reader.pieces, page);
    }
}

/// The marks that have begun looks in `source` and did not end them, outermost first. An underscore alone counts only where the
/// source begins with it: within words it means nothing.
pub(in crate::words) fn open_at_end(source: &str) -> Vec<&'static str> {
    let mut reader = Reader::of(source);
    reader.read();
    let is_meant = |mark: Mark, begin: usize| match mark {
        Mark::Star | Mark::DoubleStar | Mark::DoubleUnderscore | Mark::Strike => true,
        Mark::Underscore => begin == 0,
        Mark::Spoiler => false,
    };
    reader.open.iter().filter(|(mark, begin)| is_meant(*mark, *begin)).map(|(mark, _)| mark.written()).collect()
}

/// A piece of the source.
#[derive(Debug, Clone, Copy)]
enum Piece<'source> {
    Words(&'source str),
    Code(&'source str),
    Mark(Mark, Turn),
    /// What may be the beginning of a link.
    Bracket {
        is_link: bool,
    },
    /// The end of a link, and where it leads.
    LinkEnd(&'source str),
    Angle(Angle<'source>),
}

struct Reader<'source> {
    source: &'source str,
    at: usize,
    /// Where the words begin that are no piece yet.
    words_from: usize,
    pieces: Vec<Piece<'source>>,
    /// Looks that have begun and may end, innermost last, and which piece they began with. Each look is there once at most.
    open: Vec<(Mark, usize)>,
    /// Brackets that were opened, innermost last.
    brackets: Vec<usize>,
    backticks: Backticks,
}

impl<'source> Reader<'source> {
    fn of(source: &'source str) -> Self {
        Self {
            source,
            at: 0,
            words_from: 0,
            pieces: Vec::new(),
            open: Vec::new(),
            brackets: Vec::new(),
            backticks: Backticks::of(source),
        }
    }

    fn read(&mut self) {
        while let Some(letter) = self.letter_at(self.at) {
            match letter {
                '\\' => self.escape(),
                '*' | '_' => self.emphasis(letter),
                '~' | '|' => self.pair(letter),
                '`' => self.code(),
                '<' => self.angle(),
                '[' => {
                    self.end_words();
                    self.brackets.push(self.pieces.len());
                    self.piece(Piece::Bracket { is_link: false }, 1);
                }
                ']' => self.bracket_end(),
                'h' => self.address(),
                letter => self.at += letter.len_utf8(),
            }
        }
        self.end_words();
    }

    fn letter_at(&self, at: usize) -> Option<char> {
        self.source.get(at..)?.chars().next()
    }

    fn letter_before(&self) -> Option<char> {
        self.source.get(..self.at)?.chars().next_back()
    }

    fn rest(&self) -> &'source str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn end_words(&mut self) {
        let words = self.source.get(self.words_from..self.at).unwrap_or_default();
        if !words.is_empty() {
            self.pieces.push(Piece::Words(words));
        }
        self.words_from = self.at;
    }

    /// Adds a piece of so many bytes.
    fn piece(&mut self, piece: Piece<'source>, length: usize) {
        self.end_words();
        self.pieces.push(piece);
        self.at += length;
        self.words_from = self.at;
    }

    /// A character behind a backslash is itself, unless it is a letter, a digit or a blank of ASCII.
    fn escape(&mut self) {
        let escaped = self.letter_at(self.at + 1);
        match escaped.filter(|letter| !letter.is_ascii_alphanumeric() && !letter.is_whitespace()) {
            Some(letter) => {
                self.end_words();
                self.words_from = self.at + 1;
                self.at += 1 + letter.len_utf8();
            }
            None => self.at += 1,
        }
    }

    fn run(&self, letter: char) -> usize {
        let rest = self.rest();
        rest.len() - rest.trim_start_matches(letter).len()
    }

    /// A row of `*` or `_`, alone for one look and doubled for another.
    fn emphasis(&mut self, letter: char) {
        let (single, double) = Mark::emphasis(letter);
        let count = self.run(letter);
        let next = self.letter_at(self.at + count);
        let may_end = match letter {
            // Within a word it is a part of the word.
            '_' => !next.is_some_and(|next| next.is_ascii_alphanumeric()),
            _ => !self.letter_before().is_none_or(char::is_whitespace),
        };
        self.end_words();
        let mut left = count;
        while let Some(mark) = self.ended_by(single, double, left, may_end) {
            self.end(mark);
            left -= mark.written().len();
        }
        let begins = match (left, next) {
            (0, _) | (_, None) => &[][..],
            (1, Some(next)) if next.is_whitespace() => &[],
            (1, Some(_)) => {
                // One that was left open by another that cannot end it was no beginning.
                self.open.retain(|(mark, _)| *mark != single);
                &[single][..]
            }
            (2, Some(_)) => &[double],
            (3, Some(next)) if !next.is_whitespace() => &[single, double],
            _ => &[],
        };
        let begun: usize = begins.iter().map(|mark| mark.written().len()).sum();
        for mark in begins {
            self.begin(*mark);
        }
        self.words_from = self.at;
        self.at += left - begun;
    }

    /// Which look a row of so many marks ends.
    fn ended_by(&self, single: Mark, double: Mark, left: usize, may_end: bool) -> Option<Mark> {
        let place =
            |mark: Mark| self.open.iter().rposition(|(open, begin)| *open == mark && begin + 1 < self.pieces.len());
        let ends_single = place(single).filter(|_| may_end && left > 0);
        let ends_double = place(double).filter(|_| left >= 2);
        match (ends_single, ends_double) {
            (Some(one), Some(two)) if one > two => Some(if left == 2 { double } else { single }),
            (_, Some(_)) => Some(double),
            (Some(_), None) if left == 2 => None,
            (Some(_), None) => Some(single),
            (None, None) => None,
        }
    }

    /// A row of `~` or `|`, of which only pairs mean anything.
    fn pair(&mut self, letter: char) {
        let mark = if letter == '~' { Mark::Strike } else { Mark::Spoiler };
        let count = self.run(letter);
        self.end_words();
        let is_open = self.open.iter().any(|(open, begin)| *open == mark && begin + 1 < self.pieces.len());
        let mut left = count;
        if left >= 2 && is_open {
            self.end(mark);
            left -= 2;
        }
        if (2..4).contains(&left) && !self.open.iter().any(|(open, _)| *open == mark) {
            self.begin(mark);
            left -= 2;
        }
        self.words_from = self.at;
        self.at += left;
    }

    fn begin(&mut self, mark: Mark) {
        self.open.push((mark, self.pieces.len()));
        self.piece(Piece::Mark(mark, Turn::Plain), mark.written().len());
    }

    fn end(&mut self, mark: Mark) {
        let Some(place) = self.open.iter().rposition(|(open, _)| *open == mark) else { return };
        if let Some(Piece::Mark(_, turn)) = self.open.get(place).and_then(|(_, begin)| self.pieces.get_mut(*begin)) {
            *turn = Turn::Begin;
        }
        self.open.truncate(place);
        self.piece(Piece::Mark(mark, Turn::End), mark.written().len());
    }

    fn code(&mut self) {
        let count = self.run('`');
        let within = self.at + count;
        match self.backticks.next(count, within) {
            Some(end) => {
                let code = code::shown(self.source.get(within..end).unwrap_or_default());
                self.piece(Piece::Code(code), end + count - self.at);
            }
            None => self.at = within,
        }
    }

    fn angle(&mut self) {
        match angle::read(self.rest()) {
            Some((angle, length)) => self.piece(Piece::Angle(angle), length),
            None => self.at += 1,
        }
    }

    fn bracket_end(&mut self) {
        let opened = self.brackets.pop();
        let target = self.source.get(self.at + 1..).filter(|_| opened.is_some()).and_then(target_at);
        match (opened.and_then(|opened| self.pieces.get_mut(opened)), target) {
            (Some(Piece::Bracket { is_link }), Some((address, length))) => {
                *is_link = true;
                self.piece(Piece::LinkEnd(address), 1 + length);
            }
            _ => self.at += 1,
        }
    }

    /// Nothing within an address means anything, but for what ends a look around it.
    fn address(&mut self) {
        let ends = |rest: &str| {
            (rest.starts_with("](") && !self.brackets.is_empty())
                || self.open.iter().any(|(mark, _)| mark.may_end_at(rest))
        };
        let length = address_at(self.rest(), ends).map_or(1, str::len);
        self.at += length;
    }
}

fn write(pieces: &[Piece<'_>], page: &mut Page<'_>) {
    let mut looks = Vec::new();
    let mut links = Vec::new();
    for piece in pieces {
        match *piece {
            Piece::Words(words) => page.words(words),
            Piece::Code(code) => page.styled(code, Style::Code),
            Piece::Mark(mark, Turn::Plain) => page.words(mark.written()),
            Piece::Mark(mark, Turn::Begin) => {
                if let Meaning::Words(before, _) = mark.meaning() {
                    page.words(before);
                }
                looks.push(page.end());
            }
            Piece::Mark(mark, Turn::End) => {
                let start = looks.pop().unwrap_or_else(|| page.end());
                match mark.meaning() {
                    Meaning::Words(_, after) => page.words(after),
                    Meaning::Look(style) => page.style(start..page.end(), style),
                }
            }
            Piece::Bracket { is_link: true } => links.push(page.end()),
            Piece::Bracket { is_link: false } => page.words("["),
            Piece::LinkEnd(address) => {
                let start = links.pop().unwrap_or_else(|| page.end());
                page.style(start..page.end(), Style::Link(address.to_owned()));
            }
            Piece::Angle(ref angle) => page.angle(angle),
        }
    }
}
