//! Reactions, typing and presence.

use jiff::Timestamp;
use serde_json::json;

use crate::constants::intents;
use crate::id::Id;
use crate::shape;
use crate::world::presence::Presence;
use crate::world::{Audience, Event, World};

impl World {
    /// Somebody reacts, or takes that back; whether anything changed. `emoji` is a character, or `name:id`.
    pub(crate) fn react(&mut self, channel: Id, message: Id, user: Id, emoji: &str, set: bool) -> bool {
        let Some(found) = self.messages.get_mut(&channel).and_then(|messages| messages.get_mut(&message)) else {
            return false;
        };
        let author = found.author.id();
        let people = found.reactions.entry(emoji.into()).or_default();
        let changed = if set { people.insert(user) } else { people.remove(&user) };
        found.reactions.retain(|_, people| !people.is_empty());
        if !changed {
            return false;
        }
        let mut data = json!({
            "user_id": user.to_string(),
            "channel_id": channel.to_string(),
            "message_id": message.to_string(),
            "emoji": shape::reaction_emoji(self, emoji),
            "burst": false,
            "type": 0,
        });
        self.name_guild(channel, &mut data);
        if set {
            data["message_author_id"] = json!(author.to_string());
            data["burst_colors"] = json!([]);
            if let Some(guild) = self.guild_of(channel)
                && let Some(member) = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user))
            {
                data["member"] = shape::member(self, member);
            }
        }
        self.emit(&Event {
            name: if set { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" },
            intents: self.intent(channel, intents::GUILD_MESSAGE_REACTIONS, intents::DIRECT_MESSAGE_REACTIONS),
            audience: Audience::Channel(channel),
            data,
        });
        true
    }

    /// Somebody types.
    pub(crate) fn types(&mut self, channel: Id, user: Id) {
        self.typed.push((channel, user));
        let mut data = json!({
            "channel_id": channel.to_string(),
            "user_id": user.to_string(),
            "timestamp": Timestamp::now().as_second(),
        });
        self.name_guild(channel, &mut data);
        if let Some(guild) = self.guild_of(channel)
            && let Some(member) = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user))
        {
            data["member"] = shape::member(self, member);
        }
        self.emit(&Event {
            name: "TYPING_START",
            intents: self.intent(channel, intents::GUILD_MESSAGE_TYPING, intents::DIRECT_MESSAGE_TYPING),
            audience: Audience::Channel(channel),
            data,
        });
    }

    /// Somebody is here, or is not, or does something: every guild of theirs hears of it.
    pub(crate) fn set_presence(&mut self, user: Id, presence: Presence) {
        let Some(record) = self.users.get_mut(&user) else { return };
        record.presence = presence;
        let guilds: Vec<Id> =
            self.guilds.values().filter(|guild| guild.members.contains_key(&user)).map(|guild| guild.id).collect();
        for guild in guilds {
            self.show_presence(guild, user);
        }
    }

    /// Tells one guild of somebody's presence as it is.
    pub(crate) fn show_presence(&mut self, guild: Id, user: Id) {
        let Some(record) = self.users.get(&user) else { return };
        let mut data = shape::presence(record);
        data["guild_id"] = json!(guild.to_string());
        self.emit(&Event {
            name: "PRESENCE_UPDATE",
            intents: intents::GUILD_PRESENCES,
            audience: Audience::Guild(guild),
            data,
        });
    }
}
