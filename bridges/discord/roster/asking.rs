//! What the roster answers.

use super::{
    ChannelFacts, Known, PersonFacts, Picture, Roster, Seen,
    guild::{Channel, Guild},
    permissions,
};
use crate::model::{ChannelId, ChannelKind, GuildId, Permissions, RoleId, UserId};

/// The size of a file in a guild that is boosted less than that, in bytes (Discord's documentation, "Uploading Files").
const SMALL_FILE: u64 = 10 * 1024 * 1024;
/// The same with two boosts.
const MEDIUM_FILE: u64 = 50 * 1024 * 1024;
/// The same with three.
const LARGE_FILE: u64 = 100 * 1024 * 1024;

/// Somebody in a guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) user: UserId,
    pub(crate) is_there: bool,
    /// A bot: ours, or anybody's.
    pub(crate) is_bot: bool,
    /// Nothing but the id is known.
    pub(crate) is_stranger: bool,
}

/// A channel or a thread in which messages stand, as one bot may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Room {
    /// Channels come before threads.
    pub(crate) is_thread: bool,
    /// Chats of their own before those beside a voice.
    pub(crate) is_voice: bool,
    pub(crate) channel: ChannelId,
}

impl Roster {
    /// A channel or a thread of a guild.
    pub(crate) fn channel(&self, id: ChannelId) -> Option<ChannelFacts> {
        let known = self.lock();
        let (guild, _, channel) = known.place(id)?;
        Some(ChannelFacts {
            guild,
            kind: channel.kind,
            name: channel.name.to_string(),
            parent: channel.parent,
            topic: channel.topic.to_string(),
        })
    }

    /// Somebody who is in a guild that is known.
    pub(crate) fn person(&self, user: UserId) -> Option<PersonFacts> {
        self.lock().people.get(&user).map(super::person::Person::facts)
    }

    /// The name that somebody shows in a guild, or everywhere.
    pub(crate) fn name(&self, user: UserId, guild: Option<GuildId>) -> Option<String> {
        self.lock().name(user, guild)
    }

    /// The name for lists, where somebody is called the same whatever guild one knows them from: the one that they show in their
    /// only guild, or everywhere.
    pub(crate) fn list_name(&self, user: UserId) -> Option<String> {
        let known = self.lock();
        let mut nicks = known.guilds.values().filter_map(|guild| guild.members.get(&user));
        let only = match (nicks.next(), nicks.next()) {
            (Some(only), None) => only.nick.as_deref(),
            (_, _) => None,
        };
        only.map(str::to_owned).or_else(|| known.name(user, None))
    }

    /// How present somebody is, as far as this bot may know: they share a guild.
    pub(crate) fn seen(&self, bot: UserId, user: UserId) -> Seen {
        let known = self.lock();
        if !known.share_a_guild(bot, user) {
            return Seen::ABSENT;
        }
        known.people.get(&user).map_or(Seen::ABSENT, super::person::Person::seen)
    }

    /// Whether Discord tells this bot who is there.
    pub(crate) fn is_blind(&self, bot: UserId) -> bool {
        self.lock().bots.get(&bot).is_some_and(|bot| bot.is_blind)
    }

    /// Whether the bot may do all of this in a channel. In a thread, to send messages is to send them in threads.
    pub(crate) fn may(&self, bot: UserId, channel: ChannelId, wanted: Permissions) -> bool {
        let known = self.lock();
        let Some((guild, facts, place)) = known.place(channel) else { return false };
        known.may(bot, guild, facts, channel, permissions::wanted_in(place.kind, wanted))
    }

    /// Whether it is one of our own.
    pub(crate) fn is_ours(&self, user: UserId) -> bool {
        self.lock().bots.contains_key(&user)
    }

    /// Our bots that are in a guild.
    pub(crate) fn bots_in(&self, guild: GuildId) -> Vec<UserId> {
        let known = self.lock();
        let mut bots: Vec<_> =
            known.bots.iter().filter(|(_, bot)| bot.guilds.contains(&guild)).map(|(id, _)| *id).collect();
        bots.sort_unstable();
        bots
    }

    /// The guilds of a bot, those that Discord has trouble with, and has not told of, included.
    pub(crate) fn guilds_of(&self, bot: UserId) -> Vec<GuildId> {
        self.lock().bots.get(&bot).map(|bot| bot.guilds.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether the bot is in a guild.
    pub(crate) fn is_in(&self, bot: UserId, guild: GuildId) -> bool {
        self.lock().bots.get(&bot).is_some_and(|bot| bot.guilds.contains(&guild))
    }

    /// The name of a guild; `None` of one that was not told of, or not yet.
    pub(crate) fn guild_name(&self, guild: GuildId) -> Option<String> {
        self.lock().guilds.get(&guild).map(|guild| guild.name.to_string())
    }

    /// The picture of a guild.
    pub(crate) fn icon(&self, guild: GuildId) -> Option<Picture> {
        self.lock().guilds.get(&guild).and_then(|guild| guild.icon.clone())
    }

    /// The size of the largest file that may be sent to a guild, in bytes.
    pub(crate) fn file_limit(&self, guild: GuildId) -> u64 {
        match self.lock().guilds.get(&guild).map_or(0, |guild| guild.tier) {
            0 | 1 => SMALL_FILE,
            2 => MEDIUM_FILE,
            3.. => LARGE_FILE,
        }
    }

    /// How many of a guild's people are known, and how many Discord says there are.
    pub(crate) fn members_known(&self, guild: GuildId) -> (usize, u64) {
        self.lock().guilds.get(&guild).map_or((0, 0), |guild| (guild.members.len(), guild.member_count))
    }

    /// Whether somebody is surely not in a guild: everybody who is was told of.
    pub(crate) fn is_surely_not_in(&self, guild: GuildId, user: UserId) -> bool {
        self.lock().guilds.get(&guild).is_some_and(|guild| guild.is_complete && !guild.members.contains_key(&user))
    }

    /// Everybody who is known to be in a guild, in the order in which they came to Discord.
    pub(crate) fn members(&self, guild: GuildId) -> Vec<Listed> {
        let known = self.lock();
        let Some(guild) = known.guilds.get(&guild) else { return Vec::new() };
        let people = guild.members.keys().filter_map(|user| Some((*user, known.people.get(user)?)));
        let mut listed: Vec<_> = people
            .map(|(user, person)| Listed {
                user,
                is_there: person.is_there(),
                is_bot: person.is_bot,
                is_stranger: person.username.is_empty(),
            })
            .collect();
        listed.sort_unstable_by_key(|listed| listed.user);
        listed
    }

    /// The channels and threads of a guild that this bot may see and in which messages stand: the oldest first, but new threads
    /// before old ones.
    pub(crate) fn rooms(&self, bot: UserId, guild: GuildId) -> Vec<Room> {
        let known = self.lock();
        let Some(facts) = known.guilds.get(&guild) else { return Vec::new() };
        let readable = facts.channels.iter().filter(|(id, channel)| {
            holds_messages(channel.kind) && known.may(bot, guild, facts, **id, Permissions::VIEW_CHANNEL)
        });
        let mut rooms: Vec<_> = readable
            .map(|(id, channel)| Room {
                is_thread: channel.kind == ChannelKind::Thread,
                is_voice: matches!(channel.kind, ChannelKind::Voice | ChannelKind::Stage),
                channel: *id,
            })
            .collect();
        rooms.sort_unstable();
        let threads = rooms.partition_point(|room| !room.is_thread);
        rooms.get_mut(threads..).unwrap_or_default().reverse();
        rooms
    }

    /// Whether this bot shares a guild with somebody, as far as is known.
    pub(crate) fn share_a_guild(&self, bot: UserId, user: UserId) -> bool {
        self.lock().share_a_guild(bot, user)
    }

    /// A guild that this bot shares with somebody.
    pub(crate) fn shared_guild(&self, bot: UserId, user: UserId) -> Option<GuildId> {
        let known = self.lock();
        let guilds = &known.bots.get(&bot)?.guilds;
        guilds.iter().find(|guild| known.is_member(**guild, user)).copied()
    }

    /// The name of a role, of whichever guild.
    pub(crate) fn role_name(&self, guild: GuildId, role: RoleId) -> Option<String> {
        Some(self.lock().guilds.get(&guild)?.roles.get(&role)?.name.to_string())
    }

    /// Looks at every name of everybody of a guild, or of all: the login, the name shown, and the name within each guild. Whether
    /// it is the login is told.
    pub(crate) fn each_name(&self, guild: Option<GuildId>, mut see: impl FnMut(UserId, &str, bool)) {
        let known = self.lock();
        let guilds = known.guilds.iter().filter(|(id, _)| guild.is_none_or(|wanted| wanted == **id));
        for (_, facts) in guilds {
            for (user, member) in &facts.members {
                let Some(person) = known.people.get(user) else { continue };
                if !person.username.is_empty() {
                    see(*user, &person.username, true);
                }
                for name in [&person.global_name, &member.nick].into_iter().flatten() {
                    see(*user, name, false);
                }
            }
        }
    }

    /// Looks at every channel and thread that this bot may see and in which messages stand: its id, its guild's name and its own.
    /// Without a bot: at every one.
    pub(crate) fn each_room(&self, bot: Option<UserId>, mut see: impl FnMut(ChannelId, &str, &str)) {
        let known = self.lock();
        for (guild, facts) in &known.guilds {
            for (id, channel) in &facts.channels {
                let is_readable =
                    || bot.is_none_or(|bot| known.may(bot, *guild, facts, *id, Permissions::VIEW_CHANNEL));
                if holds_messages(channel.kind) && is_readable() {
                    see(*id, &facts.name, &channel.name);
                }
            }
        }
    }

    /// Looks at every custom emoji of a guild: its id, its name and whether it moves.
    pub(crate) fn each_emoji(&self, guild: GuildId, mut see: impl FnMut(&crate::model::GuildEmoji)) {
        let known = self.lock();
        for emoji in known.guilds.get(&guild).map(|guild| guild.emojis.as_slice()).unwrap_or_default() {
            see(emoji);
        }
    }
}

impl Known {
    fn place(&self, id: ChannelId) -> Option<(GuildId, &Guild, &Channel)> {
        let guild = *self.channels.get(&id)?;
        let facts = self.guilds.get(&guild)?;
        Some((guild, facts, facts.channels.get(&id)?))
    }

    fn name(&self, user: UserId, guild: Option<GuildId>) -> Option<String> {
        let nick = guild.and_then(|guild| self.guilds.get(&guild)?.members.get(&user)?.nick.as_deref());
        let name = nick.or_else(|| {
            let person = self.people.get(&user)?;
            Some(person.global_name.as_deref().unwrap_or(&person.username))
        });
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn is_member(&self, guild: GuildId, user: UserId) -> bool {
        self.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&user))
    }

    fn share_a_guild(&self, bot: UserId, user: UserId) -> bool {
        self.bots.get(&bot).is_some_and(|bot| bot.guilds.iter().any(|guild| self.is_member(*guild, user)))
    }

    fn may(&self, bot: UserId, guild: GuildId, facts: &Guild, channel: ChannelId, wanted: Permissions) -> bool {
        let is_in = self.bots.get(&bot).is_some_and(|bot| bot.guilds.contains(&guild));
        // A private thread is known to those in it alone; another bot's knowing of it is none of this bot's business.
        let is_told = facts
            .channels
            .get(&channel)
            .is_some_and(|place| place.kind != ChannelKind::Thread || place.told.contains(&bot));
        is_in && is_told && facts.permissions(guild, bot, channel).contain(wanted)
    }
}

/// Whether messages stand in a channel itself.
const fn holds_messages(kind: ChannelKind) -> bool {
    match kind {
        ChannelKind::Text
        | ChannelKind::Voice
        | ChannelKind::Announcement
        | ChannelKind::Thread
        | ChannelKind::Stage => true,
        ChannelKind::Direct | ChannelKind::Category | ChannelKind::Forum | ChannelKind::Other => false,
    }
}
