//! What has to be known of a guild to read what is said in it, and to write there.

use jiff::tz::TimeZone;

use crate::model::{ChannelId, EmojiId, GuildId, RoleId, UserId};

/// The names behind the ids that stand in what people say.
pub(crate) trait Names {
    /// The name that somebody shows here.
    fn user(&self, id: UserId) -> Option<String>;

    /// The name of a role, without `@`.
    fn role(&self, id: RoleId) -> Option<String>;

    /// The name of a channel or a thread, without `#`.
    fn channel(&self, id: ChannelId) -> Option<String>;

    /// The guild that is spoken in; `None` in a direct chat, and where it is not known.
    fn guild(&self) -> Option<GuildId> {
        None
    }

    /// The zone in which moments are told.
    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}

/// The people and signs that a Messenger user can name where they write.
pub(crate) trait People {
    /// Who is called exactly this here, in any case: by the name within the guild, the shown name or the login. `None` if nobody
    /// is, or if it could be several. Asked some ten times for each `@` of a text, at most a thousand times.
    fn user(&self, name: &str) -> Option<UserId>;

    /// The custom emoji of this name, without its colons, that may be used here.
    fn emoji(&self, name: &str) -> Option<KnownEmoji>;
}

/// A custom emoji, as it has to be named in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownEmoji {
    pub(crate) id: EmojiId,
    /// As its guild spells it.
    pub(crate) name: String,
    pub(crate) animated: bool,
}

/// Where nobody is known: in texts that name nobody.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nobody;

impl Names for Nobody {
    fn user(&self, _: UserId) -> Option<String> {
        None
    }

    fn role(&self, _: RoleId) -> Option<String> {
        None
    }

    fn channel(&self, _: ChannelId) -> Option<String> {
        None
    }
}

impl People for Nobody {
    fn user(&self, _: &str) -> Option<UserId> {
        None
    }

    fn emoji(&self, _: &str) -> Option<KnownEmoji> {
        None
    }
}
