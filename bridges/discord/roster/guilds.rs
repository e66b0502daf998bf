//! Guilds as a whole: how they come and go.

use std::collections::HashSet;

use domain::{
    PersonalMessage, Timestamp,
    presence::{Availability, RemotePresence},
};

use super::{Change, Known, MOST_GUILDS};
use crate::model::{self, GuildId, Member, Presence, UserId};

/// What Discord says of those whom it does not name among those who are there.
const OFFLINE: RemotePresence = RemotePresence {
    availability: Availability::Offline,
    last_active: None,
    personal_message: PersonalMessage { text: String::new(), current_media: String::new() },
};

impl Known {
    /// A guild is told whole: at the start, when the bot comes into it, and after a new session. Everybody stays as they were known
    /// until this tells otherwise, so that a new session makes nobody go and come back.
    pub(super) fn whole_guild(&mut self, bot: UserId, told: &model::Guild, now: Timestamp, changes: &mut Vec<Change>) {
        let id = told.id;
        let reader = self.bots.entry(bot).or_default();
        if reader.guilds.len() >= MOST_GUILDS && !reader.guilds.contains(&id) {
            tracing::warn!(%bot, guild = %id, "a bot is in more guilds than are followed");
            return;
        }
        reader.guilds.insert(id);
        // Of one that is told no presences at all, they say nothing.
        let is_telling = !(reader.is_blind && told.presences.is_empty());
        let guild = self.guilds.entry(id).or_default();
        if guild.is_changed(told) {
            changes.push(Change::Renamed(id));
        }
        guild.member_count = told.member_count;
        guild.set_roles(&told.roles);
        guild.set_emojis(&told.emojis);
        let places = || told.channels.iter().chain(&told.threads);
        for gone in guild.untell(bot, &places().map(|channel| channel.id).collect()) {
            self.channels.remove(&gone);
        }
        let mut all = Vec::new();
        for channel in places() {
            self.channel(bot, id, channel, &mut all);
        }
        changes.extend(all.into_iter().filter(|change| matches!(change, Change::Channel(_))));
        self.drop_those_who_left(told);
        self.each_member(id, &told.members, changes);
        if let Some(guild) = self.guilds.get_mut(&id) {
            guild.is_complete = guild.are_all(told.members.len().min(guild.members.len()));
        }
        if is_telling {
            self.whole_presence(told, now);
        }
        changes.push(Change::Guild(id));
    }

    /// Who left while nobody looked; of a big guild that is not told.
    fn drop_those_who_left(&mut self, told: &model::Guild) {
        let Some(guild) = self.guilds.get_mut(&told.id) else { return };
        if !guild.are_all(told.members.len()) {
            return;
        }
        let there: HashSet<_> =
            told.members.iter().filter_map(|member| member.user.as_ref()).map(|user| user.id).collect();
        let gone: Vec<_> = guild.members.extract_if(|user, _| !there.contains(user)).map(|(user, _)| user).collect();
        for user in gone {
            self.part(user);
        }
    }

    fn whole_presence(&mut self, told: &model::Guild, now: Timestamp) {
        let there: HashSet<_> = told.presences.iter().map(|presence| presence.user.id).collect();
        for presence in &told.presences {
            self.presence(Some(told.id), presence, now, &mut Vec::new());
        }
        let Some(guild) = self.guilds.get(&told.id) else { return };
        for user in guild.members.keys().filter(|user| !there.contains(user)) {
            if let Some(person) = self.people.get_mut(user) {
                person.is_seen_otherwise(OFFLINE, now);
            }
        }
    }

    /// Members that were asked for. Presences are told with them, but of those who are offline.
    pub(super) fn members(
        &mut self,
        bot: UserId,
        guild: GuildId,
        members: &[Member],
        presences: &[Presence],
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        self.each_member(guild, members, changes);
        let there: HashSet<_> = presences.iter().map(|presence| presence.user.id).collect();
        let is_blind = self.bots.get(&bot).is_some_and(|bot| bot.is_blind);
        let absent = members.iter().filter_map(|member| Some(member.user.as_ref()?.id));
        for user in absent.filter(|user| !is_blind && !there.contains(user)) {
            if let Some(person) = self.people.get_mut(&user) {
                person.is_seen_otherwise(OFFLINE, now);
            }
        }
        for presence in presences {
            self.presence(Some(guild), presence, now, &mut Vec::new());
        }
    }

    /// Many members at once: of each it is said if they are called or look otherwise, and the guild is looked at as a whole.
    fn each_member(&mut self, guild: GuildId, members: &[Member], changes: &mut Vec<Change>) {
        let mut all = Vec::new();
        for member in members {
            self.member(guild, member.user.as_ref(), member, &mut all);
        }
        changes.extend(all.into_iter().filter(|change| matches!(change, Change::Person(_))));
    }

    /// The bot is no longer ours.
    pub(super) fn forget(&mut self, bot: UserId) {
        if let Some(facts) = self.bots.remove(&bot) {
            self.drop_unread(bot, facts.guilds);
        }
    }

    /// This bot has left these guilds. Those that no other is in are forgotten, and those of their people who are in no other.
    pub(super) fn drop_unread(&mut self, bot: UserId, guilds: impl IntoIterator<Item = GuildId>) {
        for id in guilds {
            if self.bots.values().any(|bot| bot.guilds.contains(&id)) {
                let gone = self.guilds.get_mut(&id).map(|guild| guild.untell(bot, &HashSet::new()));
                for channel in gone.into_iter().flatten() {
                    self.channels.remove(&channel);
                }
                continue;
            }
            let Some(guild) = self.guilds.remove(&id) else { continue };
            for channel in guild.channels.keys() {
                self.channels.remove(channel);
            }
            for user in guild.members.into_keys() {
                self.part(user);
            }
        }
    }
}
