//! What a network can carry, and the one place where what it cannot is put into what it can.

use serde::{Deserialize, Serialize};

use super::{Content, Text, done_by};
use crate::media::Attachment;

// Each is a power of its own that a network has or lacks; there is no state in them to name.
#[allow(clippy::struct_excessive_bools)]
/// What a network can carry; what it cannot is degraded before its bridge is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// The longest text of one message, in bytes of UTF-8.
    pub longest_text: usize,
    /// The largest file, in bytes; 0 where there are none. Pictures, clips and ink are files as well.
    pub largest_file: u64,
    /// Whether parts of a text can look otherwise.
    pub formatting: bool,
    /// Whether pictures can stand for words in a text.
    pub emoticons: bool,
    /// Whether a nudge exists there.
    pub nudge: bool,
    /// Whether an emote exists there.
    pub emote: bool,
    /// Whether typing can be shown there.
    pub typing: bool,
    /// Whether people there have presence.
    pub presence: bool,
    /// Whether what is sent to somebody who is away reaches them later.
    pub keeps_messages: bool,
    /// Whether a group conversation of Messenger can have a room there.
    pub gathers: bool,
}

impl Features {
    /// Only texts, of any length.
    pub const PLAIN: Self = Self {
        longest_text: usize::MAX,
        largest_file: 0,
        formatting: false,
        emoticons: false,
        nudge: false,
        emote: false,
        typing: false,
        presence: false,
        keeps_messages: false,
        gathers: false,
    };

    /// The attachment of `content` that the network cannot carry: it needs a link before it is fitted.
    #[must_use]
    pub fn too_large<'a>(&self, content: &'a mut Content) -> Option<&'a mut Attachment> {
        let largest = self.largest_file;
        content.attachment_mut().filter(|attachment| largest == 0 || attachment.size > largest)
    }

    /// Puts `content` into what the network can carry. `web` is the address of this server's pages, without a slash at its end.
    #[must_use]
    pub fn fit(&self, mut content: Content, sender: &str, web: &str) -> Content {
        let is_too_large = self.too_large(&mut content).is_some();
        match content {
            Content::Nudge if !self.nudge && self.emote => Content::Emote { text: "sent a nudge".to_owned() },
            Content::Nudge if !self.nudge => Content::text(format!("* {sender} sent a nudge")),
            Content::Emote { text } if !self.emote => Content::text(done_by(sender, &text)),
            Content::Text(text) => Content::Text(self.fit_text(text)),
            Content::File(attachment) if is_too_large => in_words("a file", &attachment, web),
            Content::Image(attachment) if is_too_large => in_words("a picture", &attachment, web),
            Content::Voice(attachment) if is_too_large => in_words("a voice clip", &attachment, web),
            Content::Ink(attachment) if is_too_large => in_words("a drawing", &attachment, web),
            Content::Wink { title, .. } if is_too_large => Content::Wink { title, thumbnail: None },
            Content::Emote { .. }
            | Content::Nudge
            | Content::File(_)
            | Content::Image(_)
            | Content::Voice(_)
            | Content::Ink(_)
            | Content::Wink { .. } => content,
        }
    }

    fn fit_text(&self, mut text: Text) -> Text {
        if !self.formatting {
            text.spans.clear();
        }
        if !self.emoticons {
            text.emoticons.clear();
        }
        text
    }
}

fn in_words(what: &str, attachment: &Attachment, web: &str) -> Content {
    let (name, size) = (&attachment.name, in_bytes(attachment.size));
    Content::text(match &attachment.link {
        Some(link) => format!("sent {what}: {name} ({size}): {web}/{link}"),
        None => format!("sent {what} that cannot be passed on: {name} ({size})"),
    })
}

/// A size for people: `812 bytes`, `1.2 MB`.
#[must_use]
pub fn in_bytes(size: u64) -> String {
    const KILO: u64 = 1000;
    let tenths = |unit: u64| (size / unit, size % unit * 10 / unit);
    match size {
        1 => "1 byte".to_owned(),
        0..KILO => format!("{size} bytes"),
        KILO..1_000_000 => format!("{} kB", size / KILO),
        1_000_000..1_000_000_000 => {
            let (whole, tenth) = tenths(1_000_000);
            format!("{whole}.{tenth} MB")
        }
        _ => {
            let (whole, tenth) = tenths(1_000_000_000);
            format!("{whole}.{tenth} GB")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        content::{Emoticon, Style},
        media::{ObjectHash, Source},
    };

    fn attachment(size: u64, link: Option<&str>) -> Attachment {
        Attachment {
            name: "cat.png".into(),
            media_type: "image/png".into(),
            size,
            source: Source::Object(ObjectHash([1; 20])),
            link: link.map(str::to_owned),
        }
    }

    #[test]
    fn what_a_network_lacks_is_put_into_words() {
        let plain = |content| Features::PLAIN.fit(content, "Carol", "http://w");
        assert_eq!(plain(Content::Nudge), Content::text("* Carol sent a nudge"));
        assert_eq!(plain(Content::Emote { text: "waves".into() }), Content::text("* Carol waves"));
        let emotes = Features { emote: true, ..Features::PLAIN };
        assert_eq!(emotes.fit(Content::Nudge, "Carol", ""), Content::Emote { text: "sent a nudge".into() });
        let nudges = Features { nudge: true, ..Features::PLAIN };
        assert_eq!(nudges.fit(Content::Nudge, "Carol", ""), Content::Nudge);
    }

    #[test]
    fn a_file_that_is_too_large_becomes_a_link() {
        let some = Features { largest_file: 1000, ..Features::PLAIN };
        let small = Content::Image(attachment(1000, None));
        assert_eq!(some.fit(small.clone(), "Carol", ""), small);
        let large = some.fit(Content::Image(attachment(1_250_000, Some("media/x/cat.png"))), "Carol", "http://w");
        assert_eq!(large, Content::text("sent a picture: cat.png (1.2 MB): http://w/media/x/cat.png"));
        let wink = Content::Wink { title: "Dancer".into(), thumbnail: Some(attachment(2000, None)) };
        assert_eq!(some.fit(wink, "Carol", ""), Content::Wink { title: "Dancer".into(), thumbnail: None });
    }

    #[test]
    fn looks_go_where_there_are_none() {
        let mut text = Text::plain("hi (x)").styled(Style::Bold);
        text.emoticons.push(Emoticon { shortcut: "(x)".into(), picture: attachment(9, None), animated: false });
        let plain = Features::PLAIN.fit(Content::Text(text.clone()), "Carol", "");
        assert_eq!(plain, Content::text("hi (x)"));
        let rich = Features { formatting: true, emoticons: true, ..Features::PLAIN };
        assert_eq!(rich.fit(Content::Text(text.clone()), "Carol", ""), Content::Text(text));
    }

    #[test]
    fn sizes_are_for_people() {
        let sizes = [0, 1, 999, 1000, 999_999, 1_000_000, 2_560_000_000].map(in_bytes);
        assert_eq!(sizes, ["0 bytes", "1 byte", "999 bytes", "1 kB", "999 kB", "1.0 MB", "2.5 GB"]);
    }
}
