//! Looks of parts of a text, as marks around them.

use std::{cmp::Reverse, ops::Range};

use domain::content::{Style, Text};

use super::{Stretch, is_blank};

/// The most parts of a text that get marks.
const MOST: usize = 200;

/// A part of a text that stands between marks: it begins and ends with a character that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) range: Range<usize>,
    pub(super) mark: Mark,
}

/// What a part stands between; the outermost first, where several stand around the same part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Underline,
    Bold,
    Italic,
    Strike,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Underline, Self::Bold, Self::Italic, Self::Strike];

    pub(super) const fn written(self) -> &'static str {
        match self {
            Self::Underline => "__",
            Self::Bold => "**",
            Self::Italic => "*",
            Self::Strike => "~~",
        }
    }

    /// What it consists of.
    pub(super) const fn letter(self) -> char {
        match self {
            Self::Underline => '_',
            Self::Bold | Self::Italic => '*',
            Self::Strike => '~',
        }
    }

    fn marks(self, style: &Style) -> bool {
        match style {
            Style::Underline => self == Self::Underline,
            Style::Bold => self == Self::Bold,
            Style::Italic => self == Self::Italic,
            Style::Strike => self == Self::Strike,
            Style::Colour(_) | Style::Font(_) | Style::Code | Style::Link(_) => false,
        }
    }
}

/// The looks of a text that Discord has too, in the order in which they begin. One with an address or code within that its marks
/// would cut is left out.
pub(super) fn looks(text: &Text, stretches: &[Stretch]) -> Vec<Look> {
    let of = |mark: Mark| ranges(text, mark, stretches).into_iter().map(move |range| Look { range, mark });
    let mut looks: Vec<Look> = Mark::ALL.into_iter().flat_map(of).collect();
    looks.retain(|look| {
        let within =
            |stretch: &&Stretch| look.range.start <= stretch.range.start && stretch.range.end <= look.range.end;
        !stretches.iter().filter(within).any(|stretch| stretch.verbatim(&text.text).contains(look.mark.letter()))
    });
    looks.sort_by_key(|look| (look.range.start, Reverse(look.range.end), look.mark));
    looks.truncate(MOST);
    looks
}

/// The parts that look so, merged where they touch, without blanks at their ends, and without cutting any of these stretches.
fn ranges(text: &Text, mark: Mark, stretches: &[Stretch]) -> Vec<Range<usize>> {
    let spans = text.spans.iter().filter(|span| mark.marks(&span.style));
    let mut ranges: Vec<Range<usize>> = spans.filter_map(|span| trimmed(&text.text, &span.range)).collect();
    for range in &mut ranges {
        widen(range, stretches);
    }
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(before) if range.start <= before.end => before.end = before.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}

fn trimmed(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let words = text.get(range.clone())?;
    let start = range.start + words.len() - words.trim_start_matches(is_blank).len();
    let length = words.trim_matches(is_blank).len();
    (length > 0).then_some(start..start + length)
}

/// So that it cuts none of these.
fn widen(range: &mut Range<usize>, stretches: &[Stretch]) {
    for Stretch { range: whole, .. } in stretches {
        if whole.start < range.start && range.start < whole.end {
            range.start = whole.start;
        }
        if whole.start < range.end && range.end < whole.end {
            range.end = whole.end;
        }
    }
}

/// Writes code between more backticks than it has in a row, and several lines of it as a block.
pub(super) fn code(code: &str, content: &mut String) {
    let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    if code.contains('\n') && longest < 3 {
        content.extend(["```\n", code, "\n```"]);
        return;
    }
    let fence = "`".repeat(longest + 1);
    let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    content.extend([&fence, space, code, space, &fence]);
}
