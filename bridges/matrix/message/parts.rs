//! Long texts in several parts, each of which fits into an event.

use std::ops::Range;

use domain::content::{Span, Text};

/// The longest part, in bytes: an event has 64 KiB, and its HTML says the same once more.
pub(super) const LONGEST: usize = 16 * 1024;
/// The longest part as JSON, where a control character takes six bytes.
const LONGEST_AS_JSON: usize = 32 * 1024;

/// Cuts a text. The same text is always cut in the same way; each part ends with a line if it can, else behind a word, else
/// behind a character. A line break at which it is cut is left out, and so are parts without words, unless there is nothing
/// else.
pub(super) fn cut(text: Text) -> Vec<Text> {
    if longest(&text.text) == text.text.len() {
        return vec![text];
    }
    let mut ranges = Vec::new();
    let mut rest = text.text.as_str();
    while !rest.is_empty() {
        let start = text.text.len() - rest.len();
        let (end, next) = ending(rest);
        ranges.push(start..start + end);
        rest = rest.get(next..).unwrap_or_default();
    }
    let has_words = |range: &Range<usize>| text.text.get(range.clone()).is_some_and(|part| !part.trim().is_empty());
    let parts: Vec<Text> = ranges.iter().filter(|range| has_words(range)).map(|range| part_of(&text, range)).collect();
    if parts.is_empty() { ranges.first().map(|range| part_of(&text, range)).into_iter().collect() } else { parts }
}

/// How many bytes of `text` fit; one character at least.
fn longest(text: &str) -> usize {
    let mut json = 0;
    for (at, letter) in text.char_indices() {
        json += as_json(letter);
        if at > 0 && (at + letter.len_utf8() > LONGEST || json > LONGEST_AS_JSON) {
            return at;
        }
    }
    text.len()
}

/// How many bytes a character takes within JSON.
fn as_json(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        letter if letter.is_ascii_control() => 6,
        letter => letter.len_utf8(),
    }
}

/// How many bytes a string takes within JSON, without its quotation marks.
pub(super) fn length_as_json(text: &str) -> usize {
    text.chars().map(as_json).sum()
}

/// Where the first part of a text ends, and where the next begins. A part that is full ends early to end well, but half of it
/// is kept.
fn ending(text: &str) -> (usize, usize) {
    let full = longest(text);
    let (part, rest) = text.split_at(full);
    if rest.is_empty() {
        return (full, full);
    }
    if rest.starts_with('\n') {
        return (full, full + 1);
    }
    let is_late = |at: &usize| *at >= full / 2;
    let line = part.rfind('\n').filter(is_late).map(|at| (at, at + 1));
    let word = || part.rfind(' ').filter(is_late).map(|at| (at + 1, at + 1));
    line.or_else(word).unwrap_or((full, full))
}

fn part_of(text: &Text, part: &Range<usize>) -> Text {
    let clip = |span: &Span| {
        let range = span.range.start.max(part.start)..span.range.end.min(part.end);
        (range.start < range.end)
            .then(|| Span { range: range.start - part.start..range.end - part.start, style: span.style.clone() })
    };
    Text {
        text: text.text.get(part.clone()).unwrap_or_default().to_owned(),
        spans: text.spans.iter().filter_map(clip).collect(),
        emoticons: text.emoticons.clone(),
        right_to_left: text.right_to_left,
    }
}

#[cfg(test)]
mod tests {
    use domain::content::Style;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_not_cut() {
        for text in ["", "\n \n", "hi", &"x".repeat(LONGEST), &"é\n".repeat(LONGEST / 3)] {
            assert_eq!(cut(Text::plain(text)), [Text::plain(text)]);
        }
    }

    #[test]
    fn a_part_ends_with_a_line_or_a_word_or_a_character() {
        let first = "x".repeat(LONGEST - 10);
        let cut_of = |text: String| cut(Text::plain(text)).into_iter().map(|part| part.text).collect::<Vec<_>>();
        assert_eq!(cut_of(format!("{first}\nsecond line")), [first.clone(), "second line".into()]);
        assert_eq!(cut_of(format!("{first} second line")), [format!("{first} second "), "line".into()]);
        let letters = cut_of("é".repeat(LONGEST));
        assert_eq!((letters.len(), letters[0].len()), (2, LONGEST));
        assert_eq!(cut_of("\u{1}".repeat(LONGEST))[0].len(), LONGEST_AS_JSON / 6);
    }

    #[test]
    fn looks_go_with_their_words_and_emptiness_goes_nowhere() {
        let text = Text::plain(format!("{}\n{}", "x".repeat(LONGEST), "bold")).styled(Style::Bold);
        let parts = cut(text);
        assert_eq!(parts[1], Text::plain("bold").styled(Style::Bold));
        assert_eq!(cut(Text::plain("\n".repeat(3 * LONGEST))).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_but_line_breaks_is_lost(seed in "[a \"é👍\u{1}\n]{1,40}", times in 1_usize..3000) {
            let text = seed.repeat(times);
            let parts = cut(Text::plain(text.clone()));
            let seen = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(seen(&parts.iter().map(|part| part.text.as_str()).collect::<String>()), seen(&text));
            for part in parts {
                prop_assert!(part.text.len() <= LONGEST && length_as_json(&part.text) <= LONGEST_AS_JSON);
            }
        }
    }
}
