//! Who is in which guild, and how they are called there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::constants::intents;
use crate::id::{Id, written};
use crate::shape;
use crate::world::presence::Status;
use crate::world::records::Member;
use crate::world::{Audience, Event, World};

impl World {
    /// Somebody joins a guild. A bot is told of the guild, the others of the new member.
    pub(crate) fn join(&mut self, guild: Id, user: Id, roles: BTreeSet<Id>, nick: Option<String>) {
        let member = Member { user, nick, avatar: None, roles, joined: Timestamp::now() };
        let mut data = shape::member(self, &member);
        data["guild_id"] = json!(guild.to_string());
        let Some(record) = self.guilds.get_mut(&guild) else { return };
        if let Some(known) = record.members.get_mut(&user) {
            *known = member;
            return self.tell_member(guild, user);
        }
        // Those who are there already hear of it; a bot that joins is told of the guild instead.
        self.emit(&Event {
            name: "GUILD_MEMBER_ADD",
            intents: intents::GUILD_MEMBERS,
            audience: Audience::Guild(guild),
            data,
        });
        if let Some(record) = self.guilds.get_mut(&guild) {
            record.members.insert(user, member);
        }
        if self.applications.contains_key(&user) {
            self.tell_guild(guild, user);
        } else if self.users.get(&user).is_some_and(|user| user.presence.status != Status::Offline) {
            self.show_presence(guild, user);
        }
    }

    /// Somebody leaves a guild.
    pub(crate) fn leave(&mut self, guild: Id, user: Id) {
        let data = json!({
            "guild_id": guild.to_string(),
            "user": self.users.get(&user).map(shape::user),
        });
        if self.guilds.get_mut(&guild).and_then(|guild| guild.members.remove(&user)).is_none() {
            return;
        }
        if self.applications.contains_key(&user) {
            self.emit(&Event {
                name: "GUILD_DELETE",
                intents: intents::GUILDS,
                audience: Audience::Bot(user),
                data: json!({"id": guild.to_string()}),
            });
        }
        self.emit(&Event {
            name: "GUILD_MEMBER_REMOVE",
            intents: intents::GUILD_MEMBERS,
            audience: Audience::Guild(guild),
            data,
        });
    }

    /// Changes somebody's place in a guild, and tells of it; whether they are in it.
    pub(crate) fn change_member(&mut self, guild: Id, user: Id, change: impl FnOnce(&mut Member)) -> bool {
        let Some(member) = self.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user)) else {
            return false;
        };
        change(member);
        self.tell_member(guild, user);
        true
    }

    /// Tells a guild how one of its members is now.
    pub(crate) fn tell_member(&mut self, guild: Id, user: Id) {
        let Some(member) = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user)) else { return };
        let mut data = shape::member(self, member);
        data["guild_id"] = json!(guild.to_string());
        self.emit(&Event {
            name: "GUILD_MEMBER_UPDATE",
            intents: intents::GUILD_MEMBERS,
            audience: Audience::Guild(guild),
            data,
        });
    }

    /// Tells a bot all of one guild, in each of its sessions.
    pub(crate) fn tell_guild(&mut self, guild: Id, bot: Id) {
        let sessions: Vec<(String, u64)> = self
            .sessions
            .values()
            .filter(|session| session.bot == bot && session.intents & intents::GUILDS != 0)
            .map(|session| (session.id.clone(), session.intents))
            .collect();
        for (session, intents) in sessions {
            let large = self.sessions.get(&session).map_or(50, |session| session.large_threshold);
            if let Some(data) = shape::whole_guild(self, guild, bot, intents, large) {
                self.tell(&session, "GUILD_CREATE", &data);
            }
        }
    }

    /// Changes who somebody is, and tells everybody who may know them.
    pub(crate) fn tell_user(&mut self, user: Id) {
        let guilds: Vec<Id> =
            self.guilds.values().filter(|guild| guild.members.contains_key(&user)).map(|guild| guild.id).collect();
        if self.applications.contains_key(&user) {
            let Some(data) = self.users.get(&user).map(shape::user) else { return };
            self.emit(&Event { name: "USER_UPDATE", intents: 0, audience: Audience::Bot(user), data });
        }
        for guild in guilds {
            self.tell_member(guild, user);
        }
    }

    /// When a member joined, as Discord writes it.
    pub(crate) fn joined(&self, guild: Id, user: Id) -> Option<String> {
        Some(written(self.guilds.get(&guild)?.members.get(&user)?.joined))
    }
}
