//! What a message of Discord consists of, in words of ours: pictures and files are named here, and fetched elsewhere.

use domain::{
    content::{Emoticon, Span, Text},
    media::Attachment,
};

use crate::model::{EmojiId, File, Sticker};

/// The longest shortcut of an emoticon that Messenger takes, in characters.
pub(super) const LONGEST_SHORTCUT: usize = 7;

/// What a message says: its parts, in the order in which they are shown. There are none where it says nothing to anybody, as
/// when somebody came into a guild.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Inward {
    pub(crate) parts: Vec<Part>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Words.
    Text(Wording),
    /// What the author did, without their name.
    Emote(String),
    /// Something to be fetched and shown as a picture, where its bytes are one.
    Picture(File),
    /// Something that was spoken into the app.
    Voice(File),
    /// Anything else to be fetched.
    File(File),
    /// A sticker that is a picture; any other is words.
    Sticker(Sticker),
}

/// Words, and the custom emojis among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wording {
    /// The words and their looks; each custom emoji stands there as `:name:`. Without emoticons: their pictures are yet to be
    /// fetched.
    pub(crate) text: Text,
    /// The custom emojis, each once, in the order in which they first stand there.
    pub(crate) wanted: Vec<WantedEmoji>,
}

/// A custom emoji that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedEmoji {
    pub(crate) id: EmojiId,
    pub(crate) animated: bool,
    /// Without colons.
    pub(crate) name: String,
    /// What takes the place of `:name:` once its picture is there: of at most seven characters, and of no other emoji of the
    /// text.
    pub(crate) shortcut: String,
    /// Where `:name:` stands in the text, in bytes, ascending.
    pub(super) places: Vec<usize>,
}

/// The shortcut of a custom emoji called so: as much of its name as there is room for between colons, and a number where another
/// has that already.
pub(super) fn shortcut(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let room = LONGEST_SHORTCUT - 2;
    let begins = |length: usize| name.chars().take(length).collect::<String>();
    let whole = format!(":{}:", begins(room));
    if !is_taken(&whole) {
        return whole;
    }
    let numbered = (2..).map(|number: u32| {
        let digits = number.to_string();
        format!(":{}{digits}:", begins(room.saturating_sub(digits.len())))
    });
    // As many as there are emojis in a text are taken at most.
    numbered.take(99_999).find(|shortcut| !is_taken(shortcut)).unwrap_or(whole)
}

impl Wording {
    /// Words without anything to fetch.
    pub(crate) fn plain(words: impl Into<String>) -> Self {
        Self { text: Text::plain(words), wanted: Vec::new() }
    }

    /// The text with the pictures that could be fetched, under their shortcuts. An emoji without its picture stays `:name:`.
    pub(crate) fn pictured(self, mut picture: impl FnMut(&WantedEmoji) -> Option<Attachment>) -> Text {
        let Self { mut text, wanted } = self;
        let mut changes: Vec<(usize, usize, String)> = Vec::new();
        for emoji in wanted {
            let Some(picture) = picture(&emoji) else { continue };
            let length = emoji.name.len() + 2;
            changes.extend(emoji.places.iter().map(|place| (*place, length, emoji.shortcut.clone())));
            text.emoticons.push(Emoticon { shortcut: emoji.shortcut, picture, animated: emoji.animated });
        }
        changes.sort_unstable();
        replaced(text, &changes)
    }
}

/// The text with other words at these places (where, how many bytes, the words), ascending and apart. Spans stay on their words.
pub(super) fn replaced(text: Text, changes: &[(usize, usize, String)]) -> Text {
    let Text { text: words, spans, emoticons, right_to_left } = text;
    let mut written = String::with_capacity(words.len());
    // Behind each change: where that is in the old words, and where in the new ones.
    let mut borders = vec![(0, 0)];
    let mut at = 0;
    for (place, length, other) in changes {
        written.push_str(words.get(at..*place).unwrap_or_default());
        borders.push((*place, written.len()));
        written.push_str(other);
        at = place + length;
        borders.push((at, written.len()));
    }
    written.push_str(words.get(at..).unwrap_or_default());
    let moved = |old: usize| {
        let last = borders.partition_point(|(border, _)| *border <= old).saturating_sub(1);
        borders.get(last).map_or(old, |(border, new)| new + (old - border))
    };
    let spans = spans.into_iter().map(|span| Span { range: moved(span.range.start)..moved(span.range.end), ..span });
    Text { spans: spans.collect(), text: written, emoticons, right_to_left }
}

#[cfg(test)]
mod tests {
    use domain::{
        content::Style,
        media::{BlobId, Source},
    };

    use super::*;

    fn picture(name: &str) -> Attachment {
        Attachment {
            name: name.into(),
            media_type: "image/png".into(),
            size: 1,
            source: Source::Blob(BlobId([1; 32])),
            link: None,
        }
    }

    fn wanted(id: u64, name: &str, shortcut: &str, places: &[usize]) -> WantedEmoji {
        let (name, shortcut) = (name.to_owned(), shortcut.to_owned());
        WantedEmoji { id: EmojiId(id), animated: id == 2, name, shortcut, places: places.to_vec() }
    }

    #[test]
    fn what_was_fetched_stands_under_its_shortcut_and_looks_stay_on_their_words() {
        let text = "a :blobwave: é :wink: :blobwave:!";
        let spans = vec![
            Span { range: 2..12, style: Style::Bold },
            Span { range: 13..text.len(), style: Style::Italic },
            Span { range: 0..1, style: Style::Strike },
        ];
        let text = Text { spans, ..Text::plain(text) };
        let wanted = vec![wanted(1, "blobwave", ":blobw:", &[2, 23]), wanted(2, "wink", ":wink:", &[16])];
        let wording = Wording { text, wanted };
        let shown = wording.clone().pictured(|emoji| (emoji.id == EmojiId(1)).then(|| picture("e")));
        assert_eq!(shown.text, "a :blobw: é :wink: :blobw:!");
        let looks: Vec<&str> = shown.spans.iter().map(|span| &shown.text[span.range.clone()]).collect();
        assert_eq!(looks, [":blobw:", "é :wink: :blobw:!", "a"]);
        assert_eq!(shown.emoticons, [Emoticon { shortcut: ":blobw:".into(), picture: picture("e"), animated: false }]);
        let all = wording.clone().pictured(|emoji| Some(picture(&emoji.name)));
        assert_eq!(all.emoticons.iter().map(|emoticon| emoticon.animated).collect::<Vec<_>>(), [false, true]);
        assert_eq!(wording.pictured(|_| None).text, "a :blobwave: é :wink: :blobwave:!");
    }

    #[test]
    fn shortcuts_are_short_and_differ() {
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..150 {
            let new = shortcut("blobwave", |other| taken.iter().any(|known| known == other));
            assert!(new.chars().count() <= LONGEST_SHORTCUT && !taken.contains(&new), "{new}");
            taken.push(new);
        }
        assert_eq!([&taken[0], &taken[1], &taken[10]], [":blobw:", ":blob2:", ":blo11:"]);
        assert_eq!(shortcut("ok", |_| false), ":ok:");
    }
}
