//! What is written in channels.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::id::Id;

/// What kind of line it is (Discord's developer documentation, "Message Types").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageKind {
    /// Somebody wrote it.
    #[default]
    Default,
    /// A call began.
    Call,
    /// Somebody pinned a message.
    Pin,
    /// Somebody joined the guild.
    Join,
    /// Somebody boosted the guild.
    Boost,
    /// Somebody opened a thread.
    ThreadCreated,
    /// An answer to another message.
    Reply,
}

impl MessageKind {
    /// Discord's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Default => 0,
            Self::Call => 3,
            Self::Pin => 6,
            Self::Join => 7,
            Self::Boost => 8,
            Self::ThreadCreated => 18,
            Self::Reply => 19,
        }
    }
}

/// Flag of a message that was forwarded into its channel.
pub(crate) const HAS_SNAPSHOT: u64 = 1 << 14;
/// Flag of a message that is a voice message.
pub(crate) const IS_VOICE_MESSAGE: u64 = 1 << 13;

/// One message, as the double keeps it: what a test looks at.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id, which holds when it was sent.
    pub id: Id,
    /// The channel, thread or direct conversation it stands in.
    pub channel: Id,
    /// What kind of line it is.
    pub kind: MessageKind,
    /// Who wrote it.
    pub author: Author,
    /// The text.
    pub content: String,
    /// When it was last edited.
    pub edited: Option<Timestamp>,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// The stickers.
    pub stickers: Vec<Sticker>,
    /// The embeds, as they were given.
    pub embeds: Vec<Value>,
    /// Who reacted, by emoji: the character, or `name:id`.
    pub reactions: BTreeMap<String, BTreeSet<Id>>,
    /// What it answers, or shows from elsewhere.
    pub reference: Option<Reference>,
    /// What was forwarded: the JSON of the message at that moment.
    pub snapshot: Option<Value>,
    /// The poll, as Discord writes it.
    pub poll: Option<Value>,
    /// Which people it reaches: those of its text that `allowed_mentions` let through, and whom it answers.
    pub mentions: Vec<Id>,
    /// Which roles it reaches.
    pub mention_roles: Vec<Id>,
    /// Whether it reaches everyone.
    pub mention_everyone: bool,
    /// What its sender gave to find it again.
    pub nonce: Option<String>,
    /// Discord's flags.
    pub flags: u64,
    /// Whether it is pinned.
    pub pinned: bool,
    /// The `allowed_mentions` that came with it.
    pub allowed_mentions: Option<Value>,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person or a bot.
    User(Id),
    /// A webhook, under the name and picture of this one message.
    Webhook {
        /// The webhook.
        id: Id,
        /// Under which name.
        name: String,
        /// With which picture: the address that was given.
        avatar_url: Option<String>,
    },
}

impl Author {
    /// The id of the person, the bot or the webhook.
    pub const fn id(&self) -> Id {
        match self {
            Self::User(id) | Self::Webhook { id, .. } => *id,
        }
    }

    /// The name of this one message, of a webhook.
    pub fn webhook_name(&self) -> Option<&str> {
        match self {
            Self::User(_) => None,
            Self::Webhook { name, .. } => Some(name),
        }
    }

    /// The picture of this one message, of a webhook.
    pub fn webhook_avatar(&self) -> Option<&str> {
        match self {
            Self::User(_) => None,
            Self::Webhook { avatar_url, .. } => avatar_url.as_deref(),
        }
    }
}

/// What a message points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Whether it was forwarded from there; else it answers.
    pub forward: bool,
    /// The guild.
    pub guild: Option<Id>,
    /// The channel.
    pub channel: Id,
    /// The message, which a notice about a thread has not.
    pub message: Option<Id>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its id.
    pub id: Id,
    /// Its name, as Discord writes it into addresses.
    pub name: String,
    /// Its kind, `image/png`.
    pub content_type: Option<String>,
    /// What is said of it.
    pub description: Option<String>,
    /// Its bytes.
    pub bytes: bytes::Bytes,
    /// Width and height of a picture.
    pub size: Option<(u32, u32)>,
    /// Seconds and shape, of a voice message.
    pub voice: Option<(f64, String)>,
}

/// A sticker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticker {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// 1 PNG, 2 APNG, 3 Lottie, 4 GIF.
    pub format: u8,
}
