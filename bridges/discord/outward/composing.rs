//! What an account says, as the messages that it becomes. Pure.

use domain::{
    Content,
    content::{Text, in_bytes},
    media::Attachment,
};

use crate::{
    echoes::GUARD,
    model::UserId,
    words::{Outward, People, outward, outward_emote, split},
};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// In Discord's form.
    pub(super) words: String,
    /// Who is called by it.
    pub(super) mentions: Vec<UserId>,
    pub(super) file: Option<Attachment>,
}

/// What is said, as messages of at most `room` UTF-16 units. The same content always becomes the same messages.
pub(super) fn parts(content: &Content, known: &dyn People, room: usize) -> Vec<Part> {
    match content {
        Content::Text(text) => texts(text, known, room),
        Content::Emote { text } => deeds(text, known, room),
        Content::Nudge => deeds("sends a nudge", known, room),
        Content::File(file) | Content::Image(file) | Content::Voice(file) | Content::Ink(file) => {
            vec![Part { file: Some(file.clone()), ..Part::default() }]
        }
        Content::Wink { title, thumbnail } => {
            let deed = if title.is_empty() { "sends a wink".to_owned() } else { format!("sends a wink: {title}") };
            let mut parts = deeds(&deed, known, room);
            if let Some(first) = parts.first_mut() {
                first.file.clone_from(thumbnail);
            }
            parts
        }
    }
}

fn texts(text: &Text, known: &dyn People, room: usize) -> Vec<Part> {
    cut(&outward(text, known), room)
}

fn deeds(deed: &str, known: &dyn People, room: usize) -> Vec<Part> {
    cut(&outward_emote(deed, known), room)
}

/// Discord takes blanks off both ends of a message: a guard keeps them.
fn cut(written: &Outward, room: usize) -> Vec<Part> {
    // Both ends may need a guard.
    let mut parts = split(&written.content, room.saturating_sub(2));
    if let Some(first) = parts.first_mut().filter(|first| first.starts_with(char::is_whitespace)) {
        first.insert(0, GUARD);
    }
    if let Some(last) = parts.last_mut().filter(|last| last.ends_with(char::is_whitespace)) {
        last.push(GUARD);
    }
    let part = |words: String| {
        let is_called = |user: &&UserId| words.contains(&format!("<@{user}>"));
        let mentions = written.mentions.iter().filter(is_called).copied().collect();
        Part { words, mentions, file: None }
    };
    parts.into_iter().map(part).collect()
}

/// Why a file cannot go.
pub(super) fn too_large(file: &Attachment, limit: u64) -> String {
    let (size, limit) = (in_bytes(file.size), in_bytes(limit));
    format!("{} has {size}, and Discord takes at most {limit} here", file.name)
}

/// As Discord counts at most: in units of UTF-16.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use domain::media::{BlobId, Source};

    use super::*;
    use crate::words::{LONGEST_MESSAGE, Nobody};

    fn words(content: &Content) -> Vec<String> {
        parts(content, &Nobody, LONGEST_MESSAGE).into_iter().map(|part| part.words).collect()
    }

    #[test]
    fn everything_that_can_be_said_becomes_messages() {
        let file = Attachment {
            name: "a.gif".into(),
            media_type: "image/gif".into(),
            size: 3,
            source: Source::Blob(BlobId([0; 32])),
            link: None,
        };
        assert_eq!(words(&Content::text("hello")), ["hello"]);
        assert_eq!(words(&Content::Emote { text: "waves".into() }), ["_waves_"]);
        assert_eq!(words(&Content::Nudge), ["_sends a nudge_"]);
        assert_eq!(words(&Content::text("  art\n   art ")), ["\u{200b}  art\n   art \u{200b}"]);
        assert_eq!(words(&Content::text(" ")), [""; 0], "what nobody sees is not said");
        for content in [Content::File(file.clone()), Content::Voice(file.clone()), Content::Ink(file.clone())] {
            let [Part { words, file: Some(its), .. }] = &*parts(&content, &Nobody, LONGEST_MESSAGE) else { panic!() };
            assert_eq!((words.as_str(), its), ("", &file));
        }
        let wink = Content::Wink { title: "Dancer".into(), thumbnail: Some(file.clone()) };
        assert_eq!(
            parts(&wink, &Nobody, LONGEST_MESSAGE),
            [Part { words: "_sends a wink: Dancer_".into(), mentions: Vec::new(), file: Some(file) }]
        );
    }

    #[test]
    fn what_is_long_becomes_several() {
        let long = parts(&Content::text("word ".repeat(1000)), &Nobody, 1900);
        assert!(long.len() > 2 && long.iter().all(|part| length(&part.words) <= 1900));
    }
}
