//! Emoji for a client that has none: Windows XP knows no emoji, and Messenger 7.5 shows a box for each half of one. What it has
//! instead are codes, which it draws as pictures, and which other networks know nothing of.

mod codes;
mod prose;

use std::borrow::Cow;

use emojis::SkinTone;
use unicode_segmentation::UnicodeSegmentation;

use codes::{begins_code, code, code_at, holds_code, run_together};
use prose::{Stretch, stretches};

/// Joins several emoji into one.
const JOINER: char = '\u{200d}';

/// Asks for an emoji rather than a text character.
const EMOJI_SELECTOR: char = '\u{fe0f}';

/// How emoji reach a client that has none (`emoji` in the configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Emoji {
    /// As Messenger's own codes, and by name where Messenger has no picture: `(Y)`, `:rocket:`.
    #[default]
    Codes,
    /// As they are.
    Unicode,
}

impl Emoji {
    /// Puts text of other networks into what Messenger shows. Web addresses, code between backticks and text without emoji stay as
    /// they are. A name in which Messenger would find one of its codes is written `(pray)` rather than `:pray:`, and a space parts
    /// what would otherwise run together into a code.
    #[must_use]
    pub fn inward(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Unicode => Cow::Borrowed(text),
            Self::Codes if text.is_ascii() => Cow::Borrowed(text),
            Self::Codes => in_codes(text),
        }
    }
}

/// Puts a Messenger user's words into what other networks show: the codes that Messenger draws as pictures become emoji, in any
/// case, the longest first, and in the midst of words too, as Messenger itself reads them. Web addresses and code between backticks
/// stay as they are.
#[must_use]
pub fn outward(text: &str) -> Cow<'_, str> {
    outward_beside(text, &[]).0
}

/// As [`outward`], but where one of the sender's own `shortcuts` stands, and no longer code, it stays. Also says which of them do
/// stand there, by their places in `shortcuts`.
pub(crate) fn outward_beside<'a>(text: &'a str, shortcuts: &[&str]) -> (Cow<'a, str>, Vec<usize>) {
    if shortcuts.is_empty() && !text.bytes().any(begins_code) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut written = String::with_capacity(text.len());
    let mut used = Vec::new();
    let mut replaced = false;
    for stretch in stretches(text) {
        let mut rest = match stretch {
            Stretch::Verbatim(part) => {
                written.push_str(part);
                continue;
            }
            Stretch::Prose(part) => part,
        };
        loop {
            // Where the sender has no shortcuts of their own, only a few letters can begin anything.
            let quiet = if shortcuts.is_empty() { rest.bytes().position(begins_code).unwrap_or(rest.len()) } else { 0 };
            let (before, here) = rest.split_at_checked(quiet).unwrap_or((rest, ""));
            written.push_str(before);
            let Some(first) = here.chars().next() else { break };
            let own = own_shortcut(here, shortcuts);
            let code = code_at(here.as_bytes()).filter(|(_, length)| own.is_none_or(|(_, own)| own < *length));
            let length = match (code, own) {
                (Some((emoji, length)), _) => {
                    replaced = true;
                    written.push_str(emoji);
                    length
                }
                (None, Some((place, length))) => {
                    used.push(place);
                    written.push_str(here.get(..length).unwrap_or_default());
                    length
                }
                (None, None) => {
                    written.push(first);
                    first.len_utf8()
                }
            };
            rest = here.get(length..).unwrap_or_default();
        }
    }
    used.sort_unstable();
    used.dedup();
    (if replaced { Cow::Owned(written) } else { Cow::Borrowed(text) }, used)
}

/// The longest of the shortcuts that `text` begins with: its place among them, and its length.
fn own_shortcut(text: &str, shortcuts: &[&str]) -> Option<(usize, usize)> {
    let here =
        shortcuts.iter().enumerate().filter(|(_, shortcut)| !shortcut.is_empty() && text.starts_with(**shortcut));
    here.map(|(place, shortcut)| (place, shortcut.len())).max_by_key(|(_, length)| *length)
}

fn in_codes(text: &str) -> Cow<'_, str> {
    let mut written = String::with_capacity(text.len());
    let mut replaced = false;
    for stretch in stretches(text) {
        match stretch {
            Stretch::Verbatim(part) => written.push_str(part),
            Stretch::Prose(part) => replaced |= prose_in_codes(part, &mut written),
        }
    }
    if replaced { Cow::Owned(written) } else { Cow::Borrowed(text) }
}

/// Appends `prose` with its emoji as codes; `false` when there are none.
fn prose_in_codes(prose: &str, written: &mut String) -> bool {
    let mut replaced = false;
    // What people wrote themselves is theirs: only beside a replacement must nothing run together.
    let mut after_replacement = false;
    for (start, grapheme) in prose.grapheme_indices(true) {
        let replacement = if grapheme.is_ascii() { None } else { replacement(grapheme) };
        if let Some(replacement) = &replacement {
            append(written, replacement);
        } else {
            if after_replacement && run_together(written, prose.get(start..).unwrap_or_default()) {
                written.push(' ');
            }
            written.push_str(grapheme);
        }
        after_replacement = replacement.is_some();
        replaced |= after_replacement;
    }
    replaced
}

/// Appends `next`, parted from what stands before it where the two would make a code.
fn append(written: &mut String, next: &str) {
    if run_together(written, next) {
        written.push(' ');
    }
    written.push_str(next);
}

/// What is written for one character as people see it; `None` for what is no emoji, or newer than the table of names.
fn replacement(grapheme: &str) -> Option<String> {
    if let Some(emoji) = emojis::get(grapheme) {
        return written(grapheme, emoji);
    }
    // A sequence that nobody has named (two animals joined, a tone on what takes none): its parts, one after the other.
    let mut parts = String::new();
    for part in grapheme.split(|each| each == JOINER || is_skin_tone(each)).filter(|part| !part.is_empty()) {
        append(&mut parts, &emojis::get(part).and_then(|emoji| written(part, emoji))?);
    }
    (!parts.is_empty()).then_some(parts)
}

fn written(grapheme: &str, emoji: &emojis::Emoji) -> Option<String> {
    let plain = emoji.with_skin_tone(SkinTone::Default).unwrap_or(emoji);
    if let Some(code) = code(plain.as_str()) {
        return Some(code.to_owned());
    }
    // Signs such as ©, ™ and ↔ are text unless somebody asks for a picture, and XP has them in its fonts.
    let is_text = plain.as_str().contains(EMOJI_SELECTOR) && !grapheme.contains(EMOJI_SELECTOR);
    if is_text && grapheme.chars().all(|each| u32::from(each) <= 0xffff) {
        return None;
    }
    let long = || plain.name().to_lowercase().replace(|each: char| !each.is_alphanumeric(), "_");
    let short = plain.shortcode().map_or_else(long, str::to_owned);
    let forms = [format!(":{short}:"), format!("({short})"), format!("({})", long())];
    forms.into_iter().find(|form| !holds_code(form))
}

const fn is_skin_tone(character: char) -> bool {
    matches!(character, '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests;
