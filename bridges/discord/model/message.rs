//! What is said.

use serde::Deserialize;
use serde_with::{DefaultOnError, DefaultOnNull, VecSkipError, serde_as};

use super::{
    ApplicationId, AttachmentId, Channel, ChannelId, EmojiSign, GuildId, Member, MessageId, RoleId, StickerId, User,
    WebhookId,
};

/// A message; in the event of a change, perhaps only what changed.
#[allow(clippy::struct_field_names, reason = "they are Discord's own names")]
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) channel_id: ChannelId,
    /// Missing in direct chats, and in what the API answers.
    #[serde(default)]
    pub(crate) guild_id: Option<GuildId>,
    /// Missing in some events of a change.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) author: Option<User>,
    /// The author within the guild, without its `user`.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) member: Option<Member>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) content: String,
    /// When it was changed by its author, in ISO 8601. Missing where only a preview was added to it.
    #[serde(default)]
    pub(crate) edited_timestamp: Option<String>,
    #[serde(rename = "type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) kind: MessageKind,
    /// Said through this webhook.
    #[serde(default)]
    pub(crate) webhook_id: Option<WebhookId>,
    #[serde(default)]
    pub(crate) application_id: Option<ApplicationId>,
    /// What its sender gave it, a text or a number, told to the sender's sessions only.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) nonce: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) mentions: Vec<User>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) mention_roles: Vec<RoleId>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) mention_everyone: bool,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) attachments: Vec<File>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) embeds: Vec<Embed>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) sticker_items: Vec<Sticker>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) poll: Option<Poll>,
    /// What it answers, forwards, or speaks of.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) message_reference: Option<Reference>,
    /// The message that it answers, where it is not gone.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) referenced_message: Option<Box<Message>>,
    /// What it forwards.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) message_snapshots: Vec<Snapshot>,
    /// The thread that was begun on it.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) thread: Option<Box<Channel>>,
    /// Buttons, menus, and texts that applications lay out with them.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) components: Vec<Component>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) flags: u64,
}

impl Message {
    const SUPPRESS_EMBEDS: u64 = 1 << 2;
    const THINKING: u64 = 1 << 7;
    const VOICE: u64 = 1 << 13;

    /// Whether an application only says by it that it will answer a command. Its words come as a change of this message.
    pub(crate) const fn is_thinking(&self) -> bool {
        self.flags & Self::THINKING != 0
    }

    /// Whether an application's bot answers a command by it. It has the application's id for a webhook's, but is said by the bot.
    pub(crate) fn answers_command(&self) -> bool {
        self.webhook_id.is_some_and(|webhook| self.application_id.is_some_and(|its| its.0 == webhook.0))
    }

    /// Whether its file was spoken into the app.
    pub(crate) const fn is_voice(&self) -> bool {
        self.flags & Self::VOICE != 0
    }

    /// Whether its previews are not shown.
    pub(crate) const fn hides_embeds(&self) -> bool {
        self.flags & Self::SUPPRESS_EMBEDS != 0
    }
}

/// What a message is; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) enum MessageKind {
    #[default]
    Said,
    Call,
    ChannelRenamed,
    Pinned,
    Joined,
    /// With the number of the tier that was reached, 0 for none.
    Boosted(u8),
    Followed,
    ThreadBegun,
    Reply,
    /// An answer of an application to a command.
    Command,
    /// The first message of a thread, told once more in it.
    ThreadStarter,
    PollResult,
    /// Anything else that was not said by somebody.
    Other(u64),
}

impl From<u64> for MessageKind {
    fn from(number: u64) -> Self {
        match number {
            0 => Self::Said,
            3 => Self::Call,
            4 => Self::ChannelRenamed,
            6 => Self::Pinned,
            7 => Self::Joined,
            8 => Self::Boosted(0),
            9 => Self::Boosted(1),
            10 => Self::Boosted(2),
            11 => Self::Boosted(3),
            12 => Self::Followed,
            18 => Self::ThreadBegun,
            19 => Self::Reply,
            20 | 23 => Self::Command,
            21 => Self::ThreadStarter,
            46 => Self::PollResult,
            other => Self::Other(other),
        }
    }
}

/// A file of a message.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct File {
    pub(crate) id: AttachmentId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) filename: String,
    /// The words for those who cannot see it.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The media type that Discord thinks it has.
    #[serde(default)]
    pub(crate) content_type: Option<String>,
    /// In bytes.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) size: u64,
    /// Where it lies; the address is signed and ends after a day.
    #[serde(default)]
    pub(crate) url: String,
}

/// A block that Discord or an application adds to a message.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Embed {
    /// `rich` where an application wrote it; else what Discord found behind a link: `link`, `article`, `image`, `video`, `gifv`.
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) fields: Vec<EmbedField>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) author: Option<EmbedAuthor>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) footer: Option<EmbedFooter>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) image: Option<EmbedPicture>,
}

/// A line of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct EmbedField {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// Whose block it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct EmbedAuthor {
    #[serde(default)]
    pub(crate) name: String,
}

/// The last line of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct EmbedFooter {
    #[serde(default)]
    pub(crate) text: String,
}

/// The picture of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct EmbedPicture {
    #[serde(default)]
    pub(crate) url: Option<String>,
}

/// A sticker on a message.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Sticker {
    pub(crate) id: StickerId,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(rename = "format_type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) format: StickerFormat,
}

/// What a sticker is made of; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) enum StickerFormat {
    #[default]
    Png,
    AnimatedPng,
    /// Drawn from JSON, by nobody else.
    Lottie,
    Gif,
    Other,
}

impl From<u64> for StickerFormat {
    fn from(number: u64) -> Self {
        match number {
            1 => Self::Png,
            2 => Self::AnimatedPng,
            3 => Self::Lottie,
            4 => Self::Gif,
            _ => Self::Other,
        }
    }
}

/// A question with answers to choose from.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Poll {
    #[serde(default)]
    pub(crate) question: PollWords,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) answers: Vec<PollAnswer>,
}

/// One answer to choose.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct PollAnswer {
    #[serde(default)]
    pub(crate) poll_media: PollWords,
}

/// The words of a question or an answer.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct PollWords {
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) emoji: Option<EmojiSign>,
}

/// Another message that one speaks of.
#[serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Reference {
    #[serde(rename = "type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) kind: ReferenceKind,
    #[serde(default)]
    pub(crate) message_id: Option<MessageId>,
    #[serde(default)]
    pub(crate) channel_id: Option<ChannelId>,
    #[serde(default)]
    pub(crate) guild_id: Option<GuildId>,
}

/// How a message speaks of another; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) enum ReferenceKind {
    #[default]
    Reply,
    Forward,
}

impl From<u64> for ReferenceKind {
    fn from(number: u64) -> Self {
        if number == 1 { Self::Forward } else { Self::Reply }
    }
}

/// What a forwarded message said when it was forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) message: ForwardedMessage,
}

/// A message without its author.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct ForwardedMessage {
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) content: String,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) attachments: Vec<File>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) embeds: Vec<Embed>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) mentions: Vec<User>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) sticker_items: Vec<Sticker>,
}

/// A button, a menu, a text, or something that holds others.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Component {
    /// Discord's number for its kind.
    #[serde(rename = "type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) kind: u64,
    /// Of a text: its markdown.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) content: Option<String>,
    /// What it holds.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) components: Vec<Self>,
}

impl Component {
    /// Whether it is to be pressed or chosen from: a button, or a menu.
    pub(crate) const fn is_pressed(&self) -> bool {
        matches!(self.kind, 2 | 3 | 5..=8)
    }
}

/// A door through which an application speaks in a channel under any name.
#[serde_as]
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    #[serde(default)]
    pub(crate) channel_id: Option<ChannelId>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Who may speak through it: told only to the application that made it. Never logged.
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) application_id: Option<ApplicationId>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Webhook")
            .field("id", &self.id)
            .field("channel_id", &self.channel_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out_and_the_message_stays() {
        let message: Message = serde_json::from_value(json!({
            "id": "10", "channel_id": "5", "type": 999, "content": null, "author": {"id": "7", "username": "ann", "bot": "?"},
            "attachments": [{"id": "x"}, {"id": "3", "filename": "a.txt", "size": 5, "url": "http://x/a"}],
            "mentions": null, "sticker_items": null, "embeds": 5, "poll": 7, "edited_timestamp": null, "nonce": 12, "components": [{"type": 1}], "new_thing": {}
        }))
        .unwrap();
        assert_eq!(message.kind, MessageKind::Other(999));
        assert_eq!(message.author.unwrap().username, "ann");
        assert_eq!(message.attachments.len(), 1);
        assert_eq!((message.poll, message.nonce, message.components.len()), (None, None, 1));
    }
}
