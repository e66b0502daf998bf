//! Text: its encodings, its line ends, its length.

use unicode_segmentation::UnicodeSegmentation;

/// Windows-1252 from 0x80 to 0x9f; elsewhere it is Latin-1. Its five gaps are the C1 controls of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes a body and gives every line end the form `\n`.
///
/// Without a charset, old clients write in the code page of their system, of which the western one is assumed.
pub(super) fn decode(body: &[u8], charset: Option<&str>) -> String {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) if charset == Some("utf-8") => String::from_utf8_lossy(body).into_owned(),
        Err(_) => body.iter().map(|&byte| from_windows_1252(byte)).collect(),
    };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn from_windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|place| WINDOWS_1252.get(usize::from(place)));
    special.copied().unwrap_or(char::from(byte))
}

/// The text as it goes on the wire: every line end is CRLF, and controls other than tabs are gone.
///
/// Split this form, not the original, since line ends grow.
#[must_use]
pub fn wire_text(text: &str) -> String {
    let mut wire = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                letters.next_if_eq(&'\n');
                wire.push_str("\r\n");
            }
            '\n' => wire.push_str("\r\n"),
            '\t' => wire.push('\t'),
            control if control < ' ' => {}
            other => wire.push(other),
        }
    }
    wire
}

/// Cuts a text into parts of at most so many bytes, which together are the text.
///
/// A cut comes after a line end or a space where the last quarter of a part has one. It never falls within a grapheme,
/// unless one alone is too long; and never within a character, even if that is longer than a part may be.
#[must_use]
pub fn split_text(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut parts = Vec::with_capacity(text.len() / max_bytes.max(1) + 1);
    let mut rest = text;
    while rest.len() > max_bytes {
        let (part, after) = rest.split_at(cut(rest, max_bytes));
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where to end the first part of a text that is too long for one.
fn cut(text: &str, max_bytes: usize) -> usize {
    let last_quarter = max_bytes - max_bytes / 4;
    let (mut grapheme_end, mut line_end, mut word_end) = (0, 0, 0);
    for (start, grapheme) in text.grapheme_indices(true) {
        let end = start + grapheme.len();
        if end > max_bytes {
            break;
        }
        grapheme_end = end;
        if end >= last_quarter {
            if grapheme.ends_with('\n') {
                line_end = end;
            } else if grapheme == " " {
                word_end = end;
            }
        }
    }
    let first_character = text.chars().next().map_or(0, char::len_utf8);
    [line_end, word_end, grapheme_end, text.floor_char_boundary(max_bytes), first_character]
        .into_iter()
        .find(|&end| end > 0)
        .unwrap_or(text.len())
}
