//! What is known of Discord's guilds and people: one compact roster for all bots of this server.
//!
//! It is told everything that happens, by [`Roster::take`], and asked the rest of the time. Nothing here does IO, waits or has a
//! clock. A guild that several bots are in is kept once; what one bot may see of it is decided where it is asked.

mod asking;
mod guild;
mod guilds;
mod permissions;
mod person;
mod taking;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod weight;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::Timestamp;

use crate::{
    event::Happening,
    model::{ChannelId, ChannelKind, GuildId, UserId},
};

pub(crate) use person::{Picture, Seen};

/// How many members of one guild are kept: beyond that, people are known once they do something.
const MOST_MEMBERS: usize = 20_000;
/// How many people are kept in all: beyond that nobody new is, but our own bots.
const MOST_PEOPLE: usize = 200_000;
/// How many channels and threads of one guild are kept; Discord allows 500 and 1,000.
const MOST_CHANNELS: usize = 2_000;
/// How many roles of one guild are kept; Discord allows 250.
const MOST_ROLES: usize = 500;
/// How many custom emojis of one guild are kept; Discord allows 500.
const MOST_EMOJIS: usize = 1_000;
/// How many guilds one bot is followed in; Discord wants a second shard beyond that.
const MOST_GUILDS: usize = 2_500;

/// The guilds, their channels, members and roles, and the people, as all bots together know them.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    known: Mutex<Known>,
}

/// What is known, behind the lock.
#[derive(Debug, Default)]
struct Known {
    bots: HashMap<UserId, Bot>,
    guilds: HashMap<GuildId, guild::Guild>,
    /// Where each channel and thread is.
    channels: HashMap<ChannelId, GuildId>,
    people: HashMap<UserId, person::Person>,
}

/// One of our own bots.
#[derive(Debug, Default)]
struct Bot {
    /// The guilds that it is in, those that Discord has trouble with included.
    guilds: BTreeSet<GuildId>,
    /// Whether Discord tells it who is there.
    is_blind: bool,
}

/// What changed for those who look at the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Who or what is in a guild, what it is called, or who may see what there.
    Guild(GuildId),
    /// The name or the picture of a guild.
    Renamed(GuildId),
    /// A bot has left a guild, or was thrown out.
    GuildGone(GuildId),
    /// Somebody has left a guild.
    MemberGone(GuildId, UserId),
    /// The name or the picture of somebody.
    Person(UserId),
    /// How present somebody is.
    Status(UserId),
    /// The name of a channel, or what it is about.
    Channel(ChannelId),
    /// Somebody of whom nothing but the id is known is in this guild.
    Stranger(GuildId, UserId),
}

/// A channel or a thread of a guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelFacts {
    pub(crate) guild: GuildId,
    pub(crate) kind: ChannelKind,
    pub(crate) name: String,
    /// Of a thread: the channel that it is in. Of a channel: its category.
    pub(crate) parent: Option<ChannelId>,
    pub(crate) topic: String,
}

/// A person, as they are known without regard to a guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonFacts {
    /// The login; empty where nothing but the id is known.
    pub(crate) username: String,
    /// The name that they show, if it is another.
    pub(crate) global_name: Option<String>,
    pub(crate) picture: Option<Picture>,
    pub(crate) is_bot: bool,
}

impl Roster {
    /// Takes in what happened, as this bot saw it at this moment, and says what changed by it. What it has seen before changes
    /// nothing.
    pub(crate) fn take(&self, bot: UserId, happening: &Happening, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        self.lock().take(bot, happening, now, &mut changes);
        changes
    }

    /// Discord does not tell this bot who is there, or does again.
    pub(crate) fn blind(&self, bot: UserId, is_blind: bool) {
        self.lock().bots.entry(bot).or_default().is_blind = is_blind;
    }

    /// The bot is no longer ours: what only it could see is forgotten.
    pub(crate) fn forget(&self, bot: UserId) {
        self.lock().forget(bot);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
