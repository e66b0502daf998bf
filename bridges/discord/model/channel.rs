//! Where something is said.

use serde::Deserialize;
use serde_with::{DefaultOnError, DefaultOnNull, VecSkipError, serde_as};

use super::{ChannelId, GuildId, MessageId, Permissions, User, UserId};

/// A channel of a guild, a thread in one, or a direct chat.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    #[serde(rename = "type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) kind: ChannelKind,
    /// Missing in direct chats, and within the event that tells a guild.
    #[serde(default)]
    pub(crate) guild_id: Option<GuildId>,
    /// Missing in direct chats.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) name: String,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) topic: String,
    /// Of a thread: the channel that it is in. Of a channel: its category.
    #[serde(default)]
    pub(crate) parent_id: Option<ChannelId>,
    /// Of a thread: who began it.
    #[serde(default)]
    pub(crate) owner_id: Option<UserId>,
    /// Of a direct chat: with whom.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) recipients: Vec<User>,
    /// The last message, which may be gone.
    #[serde(default)]
    pub(crate) last_message_id: Option<MessageId>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) permission_overwrites: Vec<Overwrite>,
    /// Of a thread.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) thread_metadata: Option<ThreadMetadata>,
}

/// The state of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct ThreadMetadata {
    #[serde(default)]
    pub(crate) archived: bool,
}

/// The kind of a channel; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) enum ChannelKind {
    Text,
    Direct,
    /// With a chat of its own.
    Voice,
    Category,
    Announcement,
    Thread,
    Stage,
    /// Holds threads and nothing else; media channels too.
    Forum,
    /// Of no use here: group chats, which bots cannot be in, directories, and what will come.
    #[default]
    Other,
}

impl From<u64> for ChannelKind {
    fn from(number: u64) -> Self {
        match number {
            0 => Self::Text,
            1 => Self::Direct,
            2 => Self::Voice,
            4 => Self::Category,
            5 => Self::Announcement,
            10..=12 => Self::Thread,
            13 => Self::Stage,
            15 | 16 => Self::Forum,
            _ => Self::Other,
        }
    }
}

/// What a role or a person may do in one channel, other than in the guild.
#[serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Overwrite {
    /// The role's or the person's.
    #[serde(deserialize_with = "digits")]
    pub(crate) id: u64,
    #[serde(rename = "type")]
    pub(crate) kind: OverwriteKind,
    #[serde(default)]
    pub(crate) allow: Permissions,
    #[serde(default)]
    pub(crate) deny: Permissions,
}

fn digits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    UserId::deserialize(deserializer).map(|id| id.0)
}

/// Whom an overwrite is for; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) enum OverwriteKind {
    Role,
    Person,
}

impl TryFrom<u64> for OverwriteKind {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, &'static str> {
        match number {
            0 => Ok(Self::Role),
            1 => Ok(Self::Person),
            _ => Err("an overwrite is for a role (0) or a person (1)"),
        }
    }
}
