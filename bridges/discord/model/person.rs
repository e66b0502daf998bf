//! People, bots, and what they show of themselves.

use serde::Deserialize;
use serde_with::{DefaultOnError, DefaultOnNull, VecSkipError, serde_as};

use super::{ApplicationId, EmojiId, RoleId, UserId};

/// A person or a bot; the author of a webhook's message as well.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    /// The login: unique, lower case, but for bots, which have a discriminator beside it. In an author of a webhook's message: the
    /// name that it was given.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnNull")]
    pub(crate) username: String,
    /// The four digits behind a bot's name; `0` for people.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) discriminator: Option<String>,
    /// The name they show.
    #[serde(default)]
    pub(crate) global_name: Option<String>,
    /// The hash of the picture; animated where it begins with `a_`.
    #[serde(default)]
    pub(crate) avatar: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) bot: bool,
}

/// What somebody is within a guild.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Member {
    /// Missing where the event names the user beside it.
    #[serde(default)]
    pub(crate) user: Option<User>,
    /// The name within the guild.
    #[serde(default)]
    pub(crate) nick: Option<String>,
    /// The hash of the picture within the guild.
    #[serde(default)]
    pub(crate) avatar: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) roles: Vec<RoleId>,
}

/// What somebody shows of themselves; told once for each guild that they share with the bot.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Presence {
    /// Usually nothing but the id.
    pub(crate) user: User,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) status: PresenceStatus,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError<VecSkipError<_>>")]
    pub(crate) activities: Vec<Activity>,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PresenceStatus {
    Online,
    Idle,
    #[serde(rename = "dnd")]
    DoNotDisturb,
    /// Or invisible, which others are not told.
    #[default]
    Offline,
}

/// Something that somebody does, or says of themselves.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Activity {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(rename = "type", default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) kind: ActivityKind,
    /// Of a custom status: its words. Of Spotify: the artists, parted by `; `.
    #[serde(default)]
    pub(crate) state: Option<String>,
    /// Of Spotify: the title.
    #[serde(default)]
    pub(crate) details: Option<String>,
    /// Of a custom status.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) emoji: Option<EmojiSign>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) assets: Option<ActivityAssets>,
}

/// The pictures of an activity and their words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct ActivityAssets {
    /// Of Spotify: the album.
    #[serde(default)]
    pub(crate) large_text: Option<String>,
}

/// The kind of an activity; its numbers are Discord's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "u64")]
pub(crate) enum ActivityKind {
    #[default]
    Playing,
    Streaming,
    Listening,
    Watching,
    Custom,
    Competing,
    Other,
}

impl From<u64> for ActivityKind {
    fn from(number: u64) -> Self {
        match number {
            0 => Self::Playing,
            1 => Self::Streaming,
            2 => Self::Listening,
            3 => Self::Watching,
            4 => Self::Custom,
            5 => Self::Competing,
            _ => Self::Other,
        }
    }
}

/// A sign on a message or in a status: an emoji of Unicode, which has no id, or a custom one.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct EmojiSign {
    #[serde(default)]
    pub(crate) id: Option<EmojiId>,
    /// The emoji itself where there is no id; missing for custom ones that are gone.
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) animated: bool,
}

/// The application that a bot belongs to.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Application {
    pub(crate) id: ApplicationId,
    /// Which privileged intents are allowed, among others.
    #[serde(default)]
    #[serde_as(deserialize_as = "DefaultOnError")]
    pub(crate) flags: u64,
}

impl User {
    /// The name that they show: their own, or the login.
    pub(crate) fn shown_name(&self) -> &str {
        self.global_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.username)
    }
}

impl Application {
    const PRESENCES: u64 = 1 << 12 | 1 << 13;
    const MEMBERS: u64 = 1 << 14 | 1 << 15;
    const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

    /// Whether the intent that tells presences is allowed, in whole or for few guilds.
    pub(crate) const fn may_see_presences(&self) -> bool {
        self.flags & Self::PRESENCES != 0
    }

    /// Whether the intent that tells who is in a guild is allowed.
    pub(crate) const fn may_see_members(&self) -> bool {
        self.flags & Self::MEMBERS != 0
    }

    /// Whether the intent that tells what is said is allowed.
    pub(crate) const fn may_read(&self) -> bool {
        self.flags & Self::MESSAGE_CONTENT != 0
    }
}
