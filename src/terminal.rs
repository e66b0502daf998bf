//! What others have written, as it is shown on a terminal: names and reasons come from people and networks, and a terminal obeys what
//! stands in a text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal does something other with this than showing it where it stands: it obeys control characters, and turns lines
/// around by Unicode's marks of direction (Unicode Standard Annex 9), or ends them, or shows nothing at all.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

/// A word or line of somebody's, as one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, |character, shown| shown.extend(character.escape_debug()))
}

/// Sentences of our own with something of somebody's in them, which may be several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    let is_hidden = |character| character != '\n' && is_hidden(character);
    escaped(text, is_hidden, |character, shown| shown.extend(character.escape_debug()))
}

/// A document of JSON; it says the same.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    let is_hidden = |character| character != '\n' && is_hidden(character);
    escaped(document, is_hidden, |character, shown| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing into a text cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, is_hidden: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(&is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            escape(character, &mut shown);
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clears the screen, by both kinds of introducer; turns the line around; and begins another.
    const NASTY: &str = "a\u{1b}[2J\u{9b}2Jb\u{202e}c\r\nd\u{2028}e\u{feff}";

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(line(NASTY), r"a\u{1b}[2J\u{9b}2Jb\u{202e}c\r\nd\u{2028}e\u{feff}");
        assert_eq!(lines(NASTY), "a\\u{1b}[2J\\u{9b}2Jb\\u{202e}c\\r\nd\\u{2028}e\\u{feff}");
        for character in ('\0'..=char::MAX).filter(|character| is_hidden(*character)) {
            let text = character.to_string();
            for shown in [line(&text), lines(&text), json(&text)] {
                assert!(
                    shown == "\n" || shown.is_ascii() && !shown.contains(char::is_control),
                    "{character:?} {shown:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_shown_as_it_is_stays() {
        // A family of one glyph is held together by joiners, as Persian words are held apart.
        for text in ["", "naïve €", "👨\u{200d}👩\u{200d}👧", "می\u{200c}خواهم", "'\"\\"] {
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_document_says_the_same() {
        let document = serde_json::to_string_pretty(&[NASTY]).unwrap();
        let shown = json(&document);
        assert!(!shown.contains(|character| character != '\n' && is_hidden(character)), "{shown:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [NASTY]);
    }
}
