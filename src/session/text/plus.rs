//! The codes that Messenger Plus! users put into names and texts, and that only Messenger Plus! understands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Stands before a code: the middle dot.
const DOT: char = '\u{b7}';

/// The longest value of a tag that is taken for one, in bytes: a colour's name or number.
const LONGEST_VALUE: usize = 32;

/// The text without the codes of Messenger Plus!: `·$12`, `·$4,8` and `·$#FF8000` (colours), `·#`, `·&`, `·@`, `·'` and `·0` (bold,
/// italic, underline, strike, reset), the control characters that stand for the same, and `[c=4]…[/c]`, `[a=…]…[/a]`, `[b]…[/b]`,
/// `[i]`, `[u]`, `[s]` where both tags are there.
///
/// For texts, names and personal messages on their way to other networks; Messenger users are given them untouched. The codes are
/// those of Messenger Plus!'s own documentation, as aMSN and its plugins read them.
#[must_use]
pub fn without_plus_codes(text: &str) -> Cow<'_, str> {
    let mut codes = codes(text);
    if text.contains("[/") {
        codes.extend(tags(text));
        codes.sort_by_key(|code| code.start);
    }
    if codes.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    for code in codes {
        plain.push_str(text.get(at..code.start).unwrap_or_default());
        at = at.max(code.end);
    }
    plain.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Codes of one mark.
fn codes(text: &str) -> Vec<Range<usize>> {
    let mut codes: Vec<Range<usize>> = Vec::new();
    for (start, mark) in text.char_indices() {
        let after = start + mark.len_utf8();
        let rest = text.get(after..).unwrap_or_default();
        let length = match mark {
            DOT => match rest.as_bytes().first() {
                Some(b'$') => colours(rest.get(1..).unwrap_or_default()).map(|length| length + 1),
                Some(b'#' | b'&' | b'@' | b'\'' | b'0') => Some(1),
                Some(_) | None => None,
            },
            '\u{3}' => {
                let dollar = usize::from(rest.starts_with('$'));
                Some(colours(rest.get(dollar..).unwrap_or_default()).map_or(0, |length| length + dollar))
            }
            // Bold, italic, strike, reset, reverse, underline.
            '\u{2}' | '\u{4}'..='\u{6}' | '\u{f}' | '\u{16}' | '\u{1d}'..='\u{1f}' => Some(0),
            _ => None,
        };
        if let Some(length) = length {
            codes.push(start..after + length);
        }
    }
    codes
}

/// The length of the colour that `text` begins with, or of two with a comma between them.
fn colours(text: &str) -> Option<usize> {
    let first = colour(text)?;
    let second = text.get(first..).and_then(|rest| rest.strip_prefix(',')).and_then(colour);
    Some(first + second.map_or(0, |second| second + 1))
}

fn colour(text: &str) -> Option<usize> {
    let count = |text: &str, most: usize, is: fn(&u8) -> bool| text.bytes().take(most).take_while(is).count();
    match text.strip_prefix('#') {
        Some(digits) => (count(digits, 6, u8::is_ascii_hexdigit) == 6).then_some(7),
        None => Some(count(text, 2, u8::is_ascii_digit)).filter(|digits| *digits > 0),
    }
}

/// A tag: its letter, whether it ends what another began, and where it stands.
struct Tag {
    letter: u8,
    closes: bool,
    range: Range<usize>,
}

/// The tags that have their counterpart: a closing one's is the nearest before it of the same letter that is still open.
fn tags(text: &str) -> Vec<Range<usize>> {
    let mut paired = Vec::new();
    let mut open: BTreeMap<u8, Vec<Range<usize>>> = BTreeMap::new();
    for tag in text.match_indices('[').filter_map(|(start, _)| tag(text, start)) {
        if !tag.closes {
            open.entry(tag.letter).or_default().push(tag.range);
        } else if let Some(opening) = open.get_mut(&tag.letter).and_then(Vec::pop) {
            paired.extend([opening, tag.range]);
        }
    }
    paired
}

fn tag(text: &str, start: usize) -> Option<Tag> {
    let rest = text.get(start + 1..)?;
    let (closes, body) = rest.strip_prefix('/').map_or((false, rest), |body| (true, body));
    let letter = body.as_bytes().first()?.to_ascii_lowercase();
    let value = body.get(1..)?;
    let has_value = value.starts_with('=');
    let is_tag = match letter {
        b'b' | b'i' | b'u' | b's' => !has_value,
        b'c' | b'a' => has_value || closes,
        _ => false,
    };
    let length = value.bytes().take(LONGEST_VALUE).position(|byte| byte == b']')?;
    let is_value = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b',' | b'(' | b')' | b' ');
    let is_whole = if has_value { value.bytes().take(length).skip(1).all(is_value) } else { length == 0 };
    let end = start + rest.len() - body.len() + 1 + 1 + length + 1;
    (is_tag && is_whole).then_some(Tag { letter, closes, range: start..end })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_go_and_words_stay() {
        for (text, plain) in [
            ("·$12Carol·$·#!", "Carol·$!"),
            ("·$#FF8000Ann·0 ·&it·@un·'st", "Ann itunst"),
            ("·$4,8two ·$4,x", "two ,x"),
            ("·$123", "3"),
            ("\u{3}4red\u{3} \u{3}$12,3blue\u{2}b\u{f}", "red blueb"),
            ("[c=4]red[/c] [C=#00FF00]a[/c=3] [a=1]x[/a]", "red a x"),
            ("[b]bold [i]both[/b][/i] [u][s]x[/S][/U]", "bold both x"),
            ("Paral·lel · 5", "Paral·lel · 5"),
            ("a[i] = [b", "a[i] = [b"),
            ("[b]never closed", "[b]never closed"),
            ("[/b] too early [b]", "[/b] too early [b]"),
            ("[c=<script>]x[/c] [b=1]x[/b]", "[c=<script>]x[/c] [b=1]x[/b]"),
        ] {
            assert_eq!(without_plus_codes(text), plain, "{text}");
        }
        assert!(matches!(without_plus_codes("plain [1/2] \t\n"), Cow::Borrowed(_)));
    }

    /// A search through what is open would take some 10¹⁰ steps.
    #[test]
    fn a_hundred_thousand_tags_without_counterpart_stay() {
        let open = "[b]".repeat(100_000);
        let text = format!("{open}{}", "[/i]".repeat(100_000));
        assert_eq!(without_plus_codes(&text), text);
        let text = format!("[i]{open}x{}", "[/i]".repeat(100_000));
        let plain = format!("{open}x{}", "[/i]".repeat(99_999));
        assert_eq!(without_plus_codes(&text), plain);
        assert_eq!(without_plus_codes(&format!("{open}x{}", "[/b]".repeat(100_000))), "x");
    }

    proptest! {
        #[test]
        fn any_text_comes_through(text in "(·|\\$|#|[0-9]{1,3}|,|\\[|\\[/|\\]|[bicua]|=|\u{3}|\u{2}|é|\\PC){0,30}") {
            prop_assert!(without_plus_codes(&text).len() <= text.len());
        }

        #[test]
        fn text_without_marks_is_unchanged(text in "[ a-zA-Z0-9$#&@',.é]*") {
            prop_assert!(matches!(without_plus_codes(&text), Cow::Borrowed(same) if same == text));
        }
    }
}
