//! Long texts in several messages.

use unicode_segmentation::UnicodeSegmentation;

use super::markdown::open_at_end;

/// The most characters of a message. Discord counts code points (its API is written in Python, say its developers); UTF-16 units are
/// counted here, which are never fewer, so that it holds for whatever counts them.
pub(crate) const LONGEST_MESSAGE: usize = 2000;

/// What is kept free in each part for marks: as many as can be ended behind it and begun anew before it.
const MARKS: usize = 24;
/// What a block of code stands between.
const FENCE: &str = "```";
/// The longest mention or emoji that is kept whole, in bytes.
const LONGEST_TOKEN: usize = 100;

/// `content`, which [`super::outward`] has written, in parts of at most `most` UTF-16 units (100 at least). The same content is
/// always cut in the same way. A part ends with a line if it can, else behind a word, else behind what people see as one
/// character; looks and code that go on are ended and begun anew. What has no characters that can be seen is no part: of such
/// content there are none.
pub(crate) fn split(content: &str, most: usize) -> Vec<String> {
    let most = most.max(100);
    let mut parts = Vec::new();
    let mut begun = Begun::default();
    let mut rest = content;
    while !rest.trim().is_empty() {
        if !begun.marks.is_empty() {
            rest = rest.trim_start();
        }
        let mut part = begun.before();
        let is_last = units(rest) + units(&part) <= most;
        let (end, next) = if is_last { (rest.len(), rest.len()) } else { ending(rest, most - MARKS) };
        let words = rest.get(..end).unwrap_or_default();
        rest = rest.get(next..).unwrap_or_default();
        if words.trim().is_empty() {
            continue;
        }
        part.push_str(words);
        begun = if is_last { Begun::default() } else { Begun::of(&part) };
        if !begun.marks.is_empty() {
            // A mark behind a blank ends nothing.
            part.truncate(part.trim_end().len());
        }
        part.push_str(&begun.behind());
        parts.push(part);
    }
    parts
}

/// As much of `text` as has at most so many UTF-16 units, in whole characters as people see them.
pub(super) fn shortened(text: &str, most: usize) -> &str {
    let mut length = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        length += units(grapheme);
        if length > most {
            break;
        }
        end = at + grapheme.len();
    }
    text.get(..end).unwrap_or_default()
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Where the first part of a text ends that does not fit, and where the next begins. A part that is full ends early to end well, but half
/// of it is kept.
fn ending(text: &str, most: usize) -> (usize, usize) {
    let mut full = shortened(text, most).len();
    if full == 0 {
        // A single character with more marks on it than fit anywhere.
        full = text.char_indices().nth(most / 2).map_or(text.len(), |(at, _)| at);
    }
    let (part, rest) = text.split_at_checked(full).unwrap_or((text, ""));
    if rest.starts_with('\n') {
        return (full, full + 1);
    }
    let is_late = |at: &usize| *at >= full / 2;
    let line = part.rfind('\n').filter(is_late).map(|at| (at, at + 1));
    let word = || part.rfind(' ').filter(is_late).map(|at| (at + 1, at + 1));
    let apart = || {
        let end = before_token(part, rest);
        (end, end)
    };
    line.or_else(word).unwrap_or_else(apart)
}

/// The end of a part that does not fall within a mention, an emoji, a row of marks, or between a backslash and its character.
fn before_token(part: &str, rest: &str) -> usize {
    let tail = part.get(part.ceil_char_boundary(part.len().saturating_sub(LONGEST_TOKEN))..).unwrap_or_default();
    let mut end = part.len();
    if let Some(token) = tail.rfind('<').and_then(|at| tail.get(at..)).filter(|token| !token.contains('>')) {
        end -= token.len();
    }
    let kept = part.get(..end).unwrap_or_default();
    let next = part.get(end..).filter(|left| !left.is_empty()).unwrap_or(rest).chars().next();
    let bare = kept.trim_end_matches(|letter| "*_~`".contains(letter) && Some(letter) == next);
    let backslashes = bare.len() - bare.trim_end_matches('\\').len();
    let end = bare.len() - backslashes % 2;
    if end == 0 { part.len() } else { end }
}

/// What goes on behind the end of a part.
#[derive(Debug, Default)]
struct Begun {
    is_code: bool,
    marks: Vec<&'static str>,
}

impl Begun {
    fn of(part: &str) -> Self {
        if is_within_code(part) {
            Self { is_code: true, marks: Vec::new() }
        } else {
            Self { is_code: false, marks: open_at_end(part) }
        }
    }

    fn behind(&self) -> String {
        if self.is_code { format!("\n{FENCE}") } else { self.marks.iter().rev().copied().collect() }
    }

    fn before(&self) -> String {
        if self.is_code { format!("{FENCE}\n") } else { self.marks.concat() }
    }
}

fn is_within_code(part: &str) -> bool {
    let mut is_within = false;
    let mut rest = part;
    while let Some(at) = rest.find(['\\', '`']) {
        let here = rest.get(at..).unwrap_or_default();
        let length = if here.starts_with('\\') && !is_within {
            1 + here.chars().nth(1).map_or(0, char::len_utf8)
        } else if here.starts_with(FENCE) {
            is_within = !is_within;
            FENCE.len()
        } else {
            1
        };
        rest = here.get(length..).unwrap_or_default();
    }
    is_within
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_one_part_and_nothing_is_none() {
        assert_eq!(split("hi", 2000), ["hi"]);
        assert_eq!(split(&"x".repeat(2000), 2000), ["x".repeat(2000)]);
        assert_eq!(split(&"🦋".repeat(1000), 2000).len(), 1);
        assert_eq!(split("", 2000), [""; 0]);
        assert_eq!(split(&" \n".repeat(3000), 2000), [""; 0]);
    }

    #[test]
    fn a_part_ends_with_a_line_or_a_word_or_a_character() {
        let first = "x".repeat(1900);
        assert_eq!(split(&format!("{first}\n{first}"), 2000), [first.clone(), first.clone()]);
        assert_eq!(split(&format!("{first} {first}"), 2000), [format!("{first} "), first.clone()]);
        let family = "👨‍👩‍👧‍👦";
        let parts = split(&family.repeat(300), 2000);
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len().is_multiple_of(family.len())));
        let piled = format!("a{}", "\u{301}".repeat(5000));
        assert!(split(&piled, 2000).iter().all(|part| units(part) <= 2000));
    }

    #[test]
    fn looks_and_code_go_on_in_the_next_part() {
        let words = "word ".repeat(30);
        for mark in ["**", "*", "__", "~~", "_", "__***~~"] {
            let ends: String = if mark.len() > 4 { "~~***__".into() } else { mark.into() };
            let parts = split(&format!("{mark}{}{ends}", words.trim_end()), 100);
            assert!(parts.len() > 1);
            for part in &parts {
                assert!(part.starts_with(mark) && part.trim_end().ends_with(&ends), "{part}");
                assert_eq!(open_at_end(part), [""; 0], "{part}");
            }
        }
        let parts = split(&format!("a ```\n{}\n``` b", "let x = 1;\n".repeat(30)), 100);
        assert!(parts.len() > 1);
        for part in &parts {
            assert!(part.matches(FENCE).count().is_multiple_of(2), "{part}");
        }
    }

    #[test]
    fn mentions_emojis_and_escapes_are_not_cut() {
        for token in ["<@123456789012345678>", "<a:party:123456789012345678>", r"\*"] {
            let parts = split(&format!("x{}", token.repeat(100)), 200);
            assert!(parts.len() > 1);
            for part in &parts {
                let bare = part.trim_start_matches('x');
                assert_eq!(bare.replace(token, ""), "", "{part}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost(seed in "[a éäb👍\n]{1,40}", times in 1_usize..300) {
            let text = seed.repeat(times);
            let parts = split(&text, 100);
            let seen = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(seen(&parts.concat()), seen(&text));
            for part in parts {
                prop_assert!(units(&part) <= 100 && !part.trim().is_empty());
            }
        }

        #[test]
        fn anything_can_be_cut(text in any::<String>(), times in 1_usize..20) {
            for part in split(&text.repeat(times), 100) {
                prop_assert!(units(&part) <= 100 && !part.trim().is_empty());
            }
        }
    }
}
