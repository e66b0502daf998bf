//! What a message says, in words that belong to no network.

use serde::{Deserialize, Serialize};

/// What a message says. A Messenger message carries its original payload beside it, and Messenger users are given that
/// payload untouched; `Content` is what bridges see, and what they bring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A text, its lines parted by `\n`.
    Text {
        /// The characters.
        text: String,
    },
    /// A text that tells what the sender does.
    Emote {
        /// The characters, without the sender's name.
        text: String,
    },
    /// A shake of the window, to get attention.
    Nudge,
}

impl Content {
    /// A plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The kind, for logs: never what was said.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Emote { .. } => "emote",
            Self::Nudge => "nudge",
        }
    }
}

// Each is a power of its own that a network has or lacks; there is no state in them to name.
#[allow(clippy::struct_excessive_bools)]
/// What a network can carry; what it cannot is degraded before its bridge is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// The longest text of one message, in bytes of UTF-8.
    pub longest_text: usize,
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
}

impl Features {
    /// Puts `content` into what the network can carry.
    #[must_use]
    pub fn fit(&self, content: Content, sender: &str) -> Content {
        match content {
            Content::Nudge if !self.nudge && self.emote => Content::Emote { text: "sent a nudge".to_owned() },
            Content::Nudge if !self.nudge => Content::text(format!("* {sender} sent a nudge")),
            Content::Emote { text } if !self.emote => Content::text(format!("* {sender} {text}")),
            Content::Text { .. } | Content::Emote { .. } | Content::Nudge => content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Features = Features {
        longest_text: 100,
        nudge: false,
        emote: false,
        typing: false,
        presence: false,
        keeps_messages: false,
    };

    #[test]
    fn what_a_network_lacks_is_put_into_words() {
        assert_eq!(PLAIN.fit(Content::Nudge, "Carol"), Content::text("* Carol sent a nudge"));
        assert_eq!(PLAIN.fit(Content::Emote { text: "waves".into() }, "Carol"), Content::text("* Carol waves"));
        let emotes = Features { emote: true, ..PLAIN };
        assert_eq!(emotes.fit(Content::Nudge, "Carol"), Content::Emote { text: "sent a nudge".into() });
        let nudges = Features { nudge: true, ..PLAIN };
        assert_eq!(nudges.fit(Content::Nudge, "Carol"), Content::Nudge);
    }

    #[test]
    fn content_is_kept_as_json() {
        let content = Content::text("a\nb");
        let json = serde_json::to_string(&content).unwrap();
        assert_eq!(json, r#"{"kind":"text","text":"a\nb"}"#);
        assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content);
    }
}
