//! How the roster takes in what happens.

use domain::Timestamp;

use super::{Change, Known, MOST_GUILDS, MOST_MEMBERS, MOST_PEOPLE, guild::Member as MemberFacts, guild::Newness};
use crate::{
    event::Happening,
    model::{Channel, ChannelId, ChannelKind, GuildId, Member, Presence, User, UserId},
    words,
};

impl Known {
    pub(super) fn take(&mut self, bot: UserId, happening: &Happening, now: Timestamp, changes: &mut Vec<Change>) {
        match happening {
            Happening::Ready { guilds, .. } => self.ready(bot, guilds, changes),
            Happening::Guild(guild) => self.whole_guild(bot, guild, now, changes),
            Happening::GuildChanged(guild) => {
                if self.guilds.get_mut(&guild.id).is_some_and(|known| known.is_changed(guild)) {
                    changes.extend([Change::Renamed(guild.id), Change::Guild(guild.id)]);
                }
            }
            Happening::GuildGone { guild, unavailable: false } => self.leave(bot, *guild, changes),
            Happening::Channel(channel) => {
                if let Some(guild) = channel.guild_id.or_else(|| self.channels.get(&channel.id).copied()) {
                    self.channel(bot, guild, channel, changes);
                }
            }
            Happening::ChannelGone { channel, .. } => self.channel_gone(*channel, changes),
            Happening::Threads { guild, threads } => {
                for thread in threads {
                    self.channel(bot, *guild, thread, changes);
                }
            }
            Happening::Role { guild, role } => {
                if self.guilds.get_mut(guild).is_some_and(|known| known.put_role(role)) {
                    changes.push(Change::Guild(*guild));
                }
            }
            Happening::RoleGone { guild, role } => {
                if self.guilds.get_mut(guild).is_some_and(|known| known.roles.remove(role).is_some()) {
                    changes.push(Change::Guild(*guild));
                }
            }
            Happening::Emojis { guild, emojis } => {
                if let Some(known) = self.guilds.get_mut(guild) {
                    known.set_emojis(emojis);
                }
            }
            Happening::Member { guild, member } => self.member(*guild, member.user.as_ref(), member, changes),
            Happening::MemberGone { guild, user } => self.member_gone(*guild, *user, changes),
            Happening::Members { guild, members, presences, last } => {
                self.members(bot, *guild, members, presences, now, changes);
                if let Some(known) = self.guilds.get_mut(guild).filter(|_| *last) {
                    known.is_complete |= known.are_all(known.members.len());
                }
                changes.push(Change::Guild(*guild));
            }
            Happening::Presence { guild, presence } => self.presence(*guild, presence, now, changes),
            Happening::Message(message) => {
                if let (Some(guild), Some(member), None) = (message.guild_id, &message.member, message.webhook_id) {
                    self.member(guild, message.author.as_ref(), member, changes);
                }
            }
            Happening::Reaction { guild: Some(guild), member: Some(member), .. }
            | Happening::Typing { guild: Some(guild), member: Some(member), .. } => {
                self.member(*guild, member.user.as_ref(), member, changes);
            }
            // Trouble of Discord's own passes: everybody stays as they were.
            Happening::GuildGone { unavailable: true, .. }
            | Happening::Resumed
            | Happening::Me(_)
            | Happening::MessageChanged(_)
            | Happening::MessagesGone { .. }
            | Happening::Reaction { .. }
            | Happening::Typing { .. }
            | Happening::WebhooksChanged { .. } => {}
        }
    }

    /// A new session: the guilds that the bot is no longer in are gone.
    fn ready(&mut self, bot: UserId, guilds: &[GuildId], changes: &mut Vec<Change>) {
        let before = std::mem::take(&mut self.bots.entry(bot).or_default().guilds);
        let now = guilds.iter().take(MOST_GUILDS).copied().collect();
        let left: Vec<_> = before.difference(&now).copied().collect();
        changes.extend(left.iter().copied().map(Change::GuildGone));
        self.bots.entry(bot).or_default().guilds = now;
        self.drop_unread(bot, left);
    }

    pub(super) fn leave(&mut self, bot: UserId, guild: GuildId, changes: &mut Vec<Change>) {
        let left = self.bots.get_mut(&bot).is_some_and(|bot| bot.guilds.remove(&guild));
        if left {
            self.drop_unread(bot, [guild]);
            changes.push(Change::GuildGone(guild));
        }
    }

    pub(super) fn channel(&mut self, bot: UserId, guild: GuildId, channel: &Channel, changes: &mut Vec<Change>) {
        // What nobody says anything in any more is closed by Discord itself, and opened by the next message.
        let is_archived = channel.thread_metadata.is_some_and(|thread| thread.archived);
        if is_archived {
            return self.channel_gone(channel.id, changes);
        }
        let Some(known) = self.guilds.get_mut(&guild) else { return };
        let newness = known.put_channel(bot, channel);
        if let Some(Newness::Place | Newness::Both) = newness {
            self.channels.insert(channel.id, guild);
            changes.push(Change::Guild(guild));
        }
        if let Some(Newness::Words | Newness::Both) = newness {
            changes.push(Change::Channel(channel.id));
        }
    }

    fn channel_gone(&mut self, channel: ChannelId, changes: &mut Vec<Change>) {
        let Some(guild) = self.channels.remove(&channel) else { return };
        let Some(known) = self.guilds.get_mut(&guild) else { return };
        known.channels.remove(&channel);
        let threads = known
            .channels
            .extract_if(.., |_, thread| thread.kind == ChannelKind::Thread && thread.parent == Some(channel));
        for (thread, _) in threads {
            self.channels.remove(&thread);
        }
        changes.push(Change::Guild(guild));
    }

    /// Somebody is a member of a guild, of this name and these roles.
    pub(super) fn member(&mut self, guild: GuildId, user: Option<&User>, told: &Member, changes: &mut Vec<Change>) {
        let (Some(user), Some(known)) = (user, self.guilds.get_mut(&guild)) else { return };
        let facts = MemberFacts::of(told);
        let is_full = known.members.len() >= MOST_MEMBERS || self.people.len() >= MOST_PEOPLE;
        let before = known.members.get_mut(&user.id);
        let (is_new, is_called_otherwise, is_otherwise) = match &before {
            Some(before) => (false, before.nick != facts.nick, before.roles != facts.roles),
            None if is_full && !self.bots.contains_key(&user.id) => return,
            None => (true, false, false),
        };
        match before {
            Some(before) => *before = facts,
            None => drop(known.members.insert(user.id, facts)),
        }
        let person = self.people.entry(user.id).or_default();
        person.guilds += u32::from(is_new);
        let was_stranger = person.username.is_empty();
        let is_renamed = person.is_renamed(user);
        if is_renamed || is_called_otherwise {
            changes.push(Change::Person(user.id));
        }
        // What a bot may see follows from its roles.
        if is_new || (was_stranger && is_renamed) || (is_otherwise && self.bots.contains_key(&user.id)) {
            changes.push(Change::Guild(guild));
        }
    }

    fn member_gone(&mut self, guild: GuildId, user: UserId, changes: &mut Vec<Change>) {
        let Some(known) = self.guilds.get_mut(&guild) else { return };
        if known.members.remove(&user).is_some() {
            self.part(user);
        }
        // Also of those who were never told of: they may be contacts since an earlier run.
        changes.push(Change::MemberGone(guild, user));
    }

    /// Somebody is in one guild less.
    pub(super) fn part(&mut self, user: UserId) {
        if let Some(person) = self.people.get_mut(&user) {
            person.guilds = person.guilds.saturating_sub(1);
            if person.guilds == 0 {
                self.people.remove(&user);
            }
        }
    }

    /// Somebody is present in this way. It is told once for each guild, and counts once.
    pub(super) fn presence(
        &mut self,
        guild: Option<GuildId>,
        told: &Presence,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let user = told.user.id;
        let presence = words::status(told);
        if let Some(guild) = guild
            && let Some(known) = self.guilds.get_mut(&guild)
            && !known.members.contains_key(&user)
        {
            // Of a big guild not everybody was told: those who come are known from now on.
            let is_full = known.members.len() >= MOST_MEMBERS || self.people.len() >= MOST_PEOPLE;
            if presence.availability == domain::presence::Availability::Offline || is_full {
                return;
            }
            known.members.insert(user, MemberFacts::default());
            self.people.entry(user).or_default().guilds += 1;
        }
        let Some(person) = self.people.get_mut(&user) else { return };
        if person.is_renamed(&told.user) {
            changes.push(Change::Person(user));
        }
        if person.is_seen_otherwise(presence, now) {
            changes.push(Change::Status(user));
        }
        if person.username.is_empty()
            && let Some(guild) = guild
        {
            changes.push(Change::Stranger(guild, user));
        }
    }
}
