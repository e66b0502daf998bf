//! Emoji for a client that has none: Windows XP knows no emoji, and Messenger 7.5 shows a box for each half of one.

mod codes;

use std::borrow::Cow;

use emojis::SkinTone;
use unicode_segmentation::UnicodeSegmentation;

use codes::{code, holds_code, run_together};

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
    /// Puts text of other networks into what Messenger shows. Web addresses and text without emoji stay as they are. A name in
    /// which Messenger would find one of its codes is written `(pray)` rather than `:pray:`, and a space parts what would
    /// otherwise run together into a code.
    #[must_use]
    pub fn inward(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Unicode => Cow::Borrowed(text),
            Self::Codes if text.is_ascii() => Cow::Borrowed(text),
            Self::Codes => in_codes(text),
        }
    }
}

fn in_codes(text: &str) -> Cow<'_, str> {
    let mut written = String::with_capacity(text.len());
    let mut replaced = false;
    for word in text.split_inclusive(char::is_whitespace) {
        let (prose, address) = word.split_at(address_begins(word));
        // What people wrote themselves is theirs: only beside a replacement must nothing run together.
        let mut after_replacement = false;
        for grapheme in prose.graphemes(true) {
            let replacement = if grapheme.is_ascii() { None } else { replacement(grapheme) };
            let next = replacement.as_deref().unwrap_or(grapheme);
            if after_replacement || replacement.is_some() {
                append(&mut written, next);
            } else {
                written.push_str(next);
            }
            after_replacement = replacement.is_some();
            replaced |= after_replacement;
        }
        written.push_str(address);
    }
    if replaced { Cow::Owned(written) } else { Cow::Borrowed(text) }
}

/// Appends `next`, parted from what stands before it where the two would make a code.
fn append(written: &mut String, next: &str) {
    if run_together(written, next) {
        written.push(' ');
    }
    written.push_str(next);
}

/// Where in a word a web address begins; the end of the word when there is none.
fn address_begins(word: &str) -> usize {
    let begins = |scheme: &str| {
        word.as_bytes().windows(scheme.len()).position(|part| part.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    [begins("http://"), begins("https://")].into_iter().flatten().min().unwrap_or(word.len())
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
mod tests {
    use proptest::prelude::*;

    use super::codes::CODES;
    use super::*;

    fn inward(text: &str) -> String {
        Emoji::Codes.inward(text).into_owned()
    }

    #[test]
    fn what_messenger_has_a_picture_for_becomes_its_code() {
        assert_eq!(inward("yes 👍 and ❤️!"), "yes (Y) and (L)!");
        assert_eq!(inward("🙂"), ":)");
        assert_eq!(inward("🤗"), "({)");
        assert_eq!(inward("❤"), "(L)", "without its selector");
    }

    #[test]
    fn any_other_emoji_becomes_its_name() {
        assert_eq!(inward("up 🚀🚀"), "up :rocket::rocket:");
        assert_eq!(inward("🇫🇷"), ":fr:");
        assert_eq!(inward("2️⃣"), ":two:");
        assert_eq!(inward("👩‍👩‍👦"), ":family_woman_woman_boy:");
    }

    #[test]
    fn a_name_that_holds_a_code_stands_in_brackets() {
        assert_eq!(inward("🙏"), "(pray)", "Messenger reads :p in :pray:");
        assert_eq!(inward("⭕"), "(hollow_red_circle)", "(o) is a clock");
    }

    #[test]
    fn what_would_run_together_is_parted() {
        assert_eq!(inward("🚀👍"), ":rocket: (Y)");
        assert_eq!(inward("🚀Danke"), ":rocket: Danke");
        assert_eq!(inward("so:👍"), "so: (Y)");
        assert_eq!(inward("👍👍🚀!"), "(Y)(Y):rocket:!");
    }

    #[test]
    fn skin_tones_and_unnamed_sequences_come_apart() {
        assert_eq!(inward("👍🏽"), "(Y)");
        assert_eq!(inward("🧑🏻‍🚀"), ":astronaut:");
        assert_eq!(inward("🚀🏽"), ":rocket:");
        assert_eq!(inward("🚀\u{200d}👍"), ":rocket: (Y)");
    }

    #[test]
    fn text_stays_text() {
        for text in ["", "plain :) (401k)", "© 2005 ™ ↔ ♥ ☺", "naïve Привет 日本語", "e\u{301}", "❤\u{fe0e}"]
        {
            assert!(matches!(Emoji::Codes.inward(text), Cow::Borrowed(same) if same == text), "{text}");
        }
        assert_eq!(inward("©️"), ":copyright:", "a picture was asked for");
    }

    #[test]
    fn addresses_stay_whole() {
        assert_eq!(inward("see https://x.example/👍/🚀 👍"), "see https://x.example/👍/🚀 (Y)");
        assert_eq!(inward("(HTTP://x.example/👍"), "(HTTP://x.example/👍");
        assert_eq!(inward("👍http://x.example/👍\n👍"), "(Y)http://x.example/👍\n(Y)");
        assert_eq!(inward("httpx://👍"), "httpx://(Y)");
    }

    #[test]
    fn every_emoji_becomes_something_xp_can_show_and_messenger_does_not_mistake() {
        for emoji in emojis::iter() {
            let written = inward(emoji.as_str());
            assert!(written.chars().all(|each| u32::from(each) <= 0xffff), "{} {written}", emoji.name());
            let is_code = CODES.iter().any(|(_, codes)| codes.first() == Some(&written.as_str()));
            assert_eq!(holds_code(&written), is_code, "{} {written}", emoji.name());
        }
    }

    #[test]
    fn every_code_is_of_a_fully_qualified_emoji_and_of_one_only() {
        let mut known = std::collections::HashSet::new();
        for (emoji, codes) in CODES {
            assert_eq!(emojis::get(emoji).map(emojis::Emoji::as_str), Some(*emoji));
            assert!(known.insert((*emoji).to_owned()), "{emoji} twice");
            for code in *codes {
                assert!(known.insert(code.to_ascii_lowercase()), "{code} twice");
            }
        }
    }

    /// Text in which emoji, their joints and what may follow them are frequent.
    fn busy_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "\\PC{0,4}",
            prop::sample::select(vec![
                "👍", "🚀", "🙏", "❤", "\u{fe0f}", "\u{200d}", "🏽", "🇩", "🇪", "http://", ":", " "
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_comes_through(text in busy_text()) {
            let first = inward(&text);
            prop_assert_eq!(inward(&first), first.clone(), "what was written once holds no emoji");
            prop_assert!(matches!(Emoji::Unicode.inward(&text), Cow::Borrowed(same) if same == text));
        }

        #[test]
        fn plain_text_is_unchanged(text in "[ -~\r\n]*") {
            prop_assert!(matches!(Emoji::Codes.inward(&text), Cow::Borrowed(same) if same == text));
        }
    }
}
