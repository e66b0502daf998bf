//! Who and what there is: people, bots, guilds, channels, webhooks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::id::Id;
use crate::world::presence::Presence;

/// A person or a bot.
#[derive(Clone, Debug)]
pub(crate) struct UserRecord {
    pub(crate) id: Id,
    pub(crate) username: String,
    pub(crate) global_name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) bot: bool,
    pub(crate) presence: Presence,
    pub(crate) refuses_direct: bool,
}

/// What stands behind a bot.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) user: Id,
    pub(crate) token: String,
    pub(crate) allowed_intents: u64,
    pub(crate) extra_flags: u64,
    pub(crate) shards: u64,
}

/// A guild.
#[derive(Clone, Debug)]
pub(crate) struct GuildRecord {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) icon: Option<String>,
    pub(crate) owner: Id,
    pub(crate) roles: BTreeMap<Id, Role>,
    pub(crate) members: BTreeMap<Id, Member>,
    pub(crate) emojis: BTreeMap<Id, Emoji>,
    pub(crate) premium_tier: u8,
    pub(crate) unavailable: bool,
    pub(crate) system_channel: Option<Id>,
}

/// A role. The one of everyone has the guild's id.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) permissions: u64,
    pub(crate) color: u32,
    pub(crate) position: u32,
}

/// Somebody in a guild.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) user: Id,
    pub(crate) nick: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) roles: BTreeSet<Id>,
    pub(crate) joined: Timestamp,
}

/// An emoji of a guild.
#[derive(Clone, Debug)]
pub(crate) struct Emoji {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) animated: bool,
}

/// What kind of place it is (Discord's developer documentation, "Channel Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Text of a guild.
    Text,
    /// Between two people.
    Direct,
    /// Voice, with text beside it.
    Voice,
    /// A heading over other channels.
    Category,
    /// Announcements.
    Announcement,
    /// A thread below announcements.
    AnnouncementThread,
    /// A thread for everyone of its channel; a post of a forum.
    PublicThread,
    /// A thread for those who were asked.
    PrivateThread,
    /// Posts, each a thread.
    Forum,
}

impl ChannelKind {
    /// Discord's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Direct => 1,
            Self::Voice => 2,
            Self::Category => 4,
            Self::Announcement => 5,
            Self::AnnouncementThread => 10,
            Self::PublicThread => 11,
            Self::PrivateThread => 12,
            Self::Forum => 15,
        }
    }

    /// Whether it lies below another channel.
    pub(crate) const fn is_thread(self) -> bool {
        matches!(self, Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread)
    }

    /// Whether messages stand in it directly.
    pub(crate) const fn holds_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum)
    }
}

/// A channel, a thread or a direct conversation.
#[derive(Clone, Debug)]
pub(crate) struct ChannelRecord {
    pub(crate) id: Id,
    pub(crate) kind: ChannelKind,
    pub(crate) guild: Option<Id>,
    pub(crate) parent: Option<Id>,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) position: u32,
    /// What is allowed and denied here, by role.
    pub(crate) role_overwrites: BTreeMap<Id, Overwrite>,
    /// The same, by person.
    pub(crate) member_overwrites: BTreeMap<Id, Overwrite>,
    /// The two of a direct conversation.
    pub(crate) recipients: Vec<Id>,
    pub(crate) thread: Option<Thread>,
    pub(crate) last_message: Option<Id>,
}

/// What a channel allows and denies beyond the roles.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overwrite {
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

/// What a thread has beyond a channel.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) owner: Id,
    pub(crate) archived: bool,
    pub(crate) members: BTreeSet<Id>,
    pub(crate) messages: u32,
}

/// A webhook.
#[derive(Clone, Debug)]
pub(crate) struct WebhookRecord {
    pub(crate) id: Id,
    pub(crate) token: String,
    pub(crate) channel: Id,
    pub(crate) guild: Id,
    pub(crate) name: String,
    pub(crate) application: Option<Id>,
    pub(crate) maker: Id,
}

/// What a bot last showed of itself through the gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPresence {
    /// The word it gave: `online`, `idle`, `dnd`, `invisible`.
    pub status: String,
    /// The activities as it gave them.
    pub activities: Vec<Value>,
}

impl ShownPresence {
    /// The text of its custom status.
    pub fn custom_status(&self) -> Option<&str> {
        self.activity(4)?.get("state")?.as_str()
    }

    /// Its activity of a kind: 0 playing, 2 listening, 4 custom.
    pub fn activity(&self, kind: u64) -> Option<&Value> {
        self.activities.iter().find(|activity| activity.get("type").and_then(Value::as_u64) == Some(kind))
    }
}
