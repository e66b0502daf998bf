//! Guilds: their roles, emojis and limits.

use serde::{Deserialize, Deserializer};
use serde_with::{DefaultOnError, DefaultOnNull, VecSkipError, serde_as};

use super::{Channel, EmojiId, GuildId, Member, Presence, RoleId, UserId};

/// A guild, as it is told when a bot comes into it or connects; and, with empty lists, as it is told when it changed.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Guild {
    pub(crate) id: GuildId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) name: String,
    /// The hash of its picture.
    #[serde(default)]
    pub(crate) icon: Option<String>,
    #[serde(default)]
    pub(crate) owner_id: Option<UserId>,
    /// How much it is boosted, 0 to 3: how large files may be follows from it.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) premium_tier: u8,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) member_count: u64,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) roles: Vec<Role>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) emojis: Vec<GuildEmoji>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) channels: Vec<Channel>,
    /// Those that are not archived.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) threads: Vec<Channel>,
    /// All where they are few; else who is online.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) members: Vec<Member>,
    /// Of those who are not offline.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) presences: Vec<Presence>,
}

/// A role of a guild.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) permissions: Permissions,
}

/// A custom emoji of a guild.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct GuildEmoji {
    pub(crate) id: EmojiId,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) name: String,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) animated: bool,
}

/// What somebody may do: Discord's bits, written as a text of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Permissions(pub(crate) u64);

impl Permissions {
    pub(crate) const ADMINISTRATOR: Self = Self(1 << 3);
    pub(crate) const VIEW_CHANNEL: Self = Self(1 << 10);
    pub(crate) const SEND_MESSAGES: Self = Self(1 << 11);
    pub(crate) const READ_MESSAGE_HISTORY: Self = Self(1 << 16);
    pub(crate) const MANAGE_WEBHOOKS: Self = Self(1 << 29);
    pub(crate) const SEND_MESSAGES_IN_THREADS: Self = Self(1 << 38);

    /// Whether all of `others` are among them.
    pub(crate) const fn contain(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RoleId::deserialize(deserializer).map(|digits| Self(digits.0))
    }
}
