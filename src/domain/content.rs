//! What a message says, in words that belong to no network.

mod answered;
mod features;
mod naming;
mod quote;
mod text;

use serde::{Deserialize, Serialize};

pub use answered::answered;
pub use features::{Features, in_bytes};
pub use naming::{LONGEST_NAME, LONGEST_TOPIC, bounded_name, bounded_topic};
pub use quote::{Gist, Quote, done_by, first_words, shortened};
pub use text::{Emoticon, Span, Style, Text};

use crate::media::Attachment;

/// What a message says. A Messenger message carries its original payload beside it, and Messenger users are given that
/// payload untouched; `Content` is what bridges see, and what they bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text(Text),
    /// A text that tells what the sender does.
    Emote {
        /// The characters, without the sender's name.
        text: String,
    },
    /// A shake of the window, to get attention.
    Nudge,
    /// A file.
    File(Attachment),
    /// A picture.
    Image(Attachment),
    /// Something said aloud.
    Voice(Attachment),
    /// Handwriting, as a picture.
    Ink(Attachment),
    /// An animation that plays over the window.
    Wink {
        /// What it is called.
        title: String,
        /// A picture of it. As long as the wink is still with its sender's client, the wink itself.
        thumbnail: Option<Attachment>,
    },
}

impl Content {
    /// A plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::plain(text))
    }

    /// The kind, for logs: never what was said.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Emote { .. } => "emote",
            Self::Nudge => "nudge",
            Self::File(_) => "file",
            Self::Image(_) => "image",
            Self::Voice(_) => "voice",
            Self::Ink(_) => "ink",
            Self::Wink { .. } => "wink",
        }
    }

    /// What it consists of beside words. A text's emoticons are not its attachment: it can be read without them.
    #[must_use]
    pub const fn attachment(&self) -> Option<&Attachment> {
        match self {
            Self::File(attachment) | Self::Image(attachment) | Self::Voice(attachment) | Self::Ink(attachment) => {
                Some(attachment)
            }
            Self::Wink { thumbnail, .. } => thumbnail.as_ref(),
            Self::Text(_) | Self::Emote { .. } | Self::Nudge => None,
        }
    }

    /// As [`Content::attachment`], to be changed.
    #[must_use]
    pub const fn attachment_mut(&mut self) -> Option<&mut Attachment> {
        match self {
            Self::File(attachment) | Self::Image(attachment) | Self::Voice(attachment) | Self::Ink(attachment) => {
                Some(attachment)
            }
            Self::Wink { thumbnail, .. } => thumbnail.as_mut(),
            Self::Text(_) | Self::Emote { .. } | Self::Nudge => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_kept_as_json() {
        let content = Content::text("a\nb");
        let json = serde_json::to_string(&content).unwrap();
        assert_eq!(json, r#"{"kind":"text","text":"a\nb"}"#);
        assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content);
        let bold = Content::Text(Text::plain("hi").styled(Style::Bold));
        let json = serde_json::to_string(&bold).unwrap();
        assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), bold);
    }
}
