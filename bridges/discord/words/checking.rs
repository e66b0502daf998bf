//! What holds for any text, any message and any presence: used by the fuzz targets.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    content::{LONGEST_NAME, Style, Text},
};

use super::{
    LONGEST_MESSAGE, Nobody, Part, Wording, inward,
    markdown::{self, Page},
    outward,
    part::LONGEST_SHORTCUT,
    quote, split, status,
};
use crate::model::{Message, Presence};

/// The longest words that others repeat of a message, in characters: a sticker is called by its whole name.
const LONGEST_QUOTED: usize = LONGEST_NAME + "[sticker: ]".len();
/// How many separators there are in what somebody listens to.
const SEPARATORS: usize = 8;

/// Reads `text` as markdown, and writes it as something typed.
///
/// # Panics
/// Where the looks of what is read do not stand on words, where what was typed is read otherwise, or where a part is too long.
pub(crate) fn check(text: &str) {
    check_looks(&read(text));

    let bold = Text::plain(text).styled(Style::Bold).styled(Style::Italic);
    for typed in [Text::plain(text), bold] {
        let content = outward(&typed, &Nobody).content;
        if content.len() <= markdown::LONGEST {
            let seen: String =
                text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
            assert_eq!(read(&content).text, seen.trim_end_matches('\n'), "typed and read, by {content:?}");
        }
        for part in split(&content, LONGEST_MESSAGE) {
            assert!(!part.trim().is_empty() && part.encode_utf16().count() <= LONGEST_MESSAGE, "{part:?}");
        }
    }
}

/// Reads what a message says.
///
/// # Panics
/// Where looks do not stand on words, where custom emojis would be taken for one another or do not stand where they are said to, or where what
/// others repeat of it is too long.
pub(crate) fn check_message(message: &Message) {
    for part in inward(message, &Nobody).parts {
        match part {
            Part::Text(Wording { text, wanted }) => {
                check_looks(&text);
                let shortcuts: BTreeSet<&str> = wanted.iter().map(|emoji| emoji.shortcut.as_str()).collect();
                assert_eq!(shortcuts.len(), wanted.len(), "one word stands for two emojis");
                for emoji in &wanted {
                    assert!(emoji.shortcut.chars().count() <= LONGEST_SHORTCUT, "{emoji:?}");
                    let word = format!(":{}:", emoji.name);
                    let stands = |place: &usize| text.text.get(*place..).is_some_and(|rest| rest.starts_with(&word));
                    assert!(emoji.places.iter().all(stands), "{emoji:?} in {text:?}");
                }
            }
            Part::Emote(deed) => assert!(!deed.is_empty(), "nothing is done"),
            Part::Picture(_) | Part::Voice(_) | Part::File(_) | Part::Sticker(_) => {}
        }
    }
    let quoted = quote(message, &Nobody);
    assert!(quoted.author.chars().count() <= LONGEST_NAME, "{quoted:?}");
    assert!(quoted.words.chars().count() <= LONGEST_QUOTED && !quoted.words.contains('\n'), "{quoted:?}");
}

/// Reads what somebody shows of themselves.
///
/// # Panics
/// Where it is more than a line, or where what they listen to has other fields than Messenger knows.
pub(crate) fn check_presence(presence: &Presence) {
    let shown = status(presence).personal_message;
    let is_line = |text: &str| !text.contains(char::is_control);
    assert!(is_line(&shown.text) && is_line(&shown.current_media), "{shown:?}");
    let separators = shown.current_media.matches(r"\0").count();
    assert!(shown.current_media.is_empty() || separators == SEPARATORS, "{shown:?}");
}

fn check_looks(heard: &Text) {
    assert!(heard.spans.iter().all(|span| heard.text.get(span.range.clone()).is_some_and(|words| !words.is_empty())));
}

fn read(source: &str) -> Text {
    let mut page = Page::new(&Nobody, &[], Timestamp(0));
    markdown::read(source, &mut page);
    page.finish().text
}
