//! Guilds, channels, threads, direct conversations and webhooks come, change and go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::constants::{intents, permissions};
use crate::id::Id;
use crate::shape;
use crate::world::records::{ChannelKind, ChannelRecord, GuildRecord, Role, Thread, WebhookRecord};
use crate::world::{Audience, Event, World};

impl World {
    /// A new guild, of which nobody but its owner is a member.
    pub(crate) fn make_guild(&mut self, name: &str, owner: Id) -> Id {
        let id = self.id();
        let everyone = Role { id, name: "@everyone".into(), permissions: permissions::EVERYONE, color: 0, position: 0 };
        let guild = GuildRecord {
            id,
            name: name.into(),
            icon: None,
            owner,
            roles: BTreeMap::from([(id, everyone)]),
            members: BTreeMap::new(),
            emojis: BTreeMap::new(),
            premium_tier: 0,
            unavailable: false,
            system_channel: None,
        };
        self.guilds.insert(id, guild);
        self.join(id, owner, BTreeSet::new(), None);
        id
    }

    /// A channel that stands nowhere yet.
    pub(crate) fn blank_channel(&mut self, kind: ChannelKind, name: &str) -> ChannelRecord {
        ChannelRecord {
            id: self.id(),
            kind,
            guild: None,
            parent: None,
            name: name.into(),
            topic: None,
            position: 0,
            role_overwrites: BTreeMap::new(),
            member_overwrites: BTreeMap::new(),
            recipients: Vec::new(),
            thread: None,
            last_message: None,
        }
    }

    /// A new channel of a guild.
    pub(crate) fn make_channel(&mut self, guild: Id, kind: ChannelKind, name: &str) -> Id {
        let mut channel = self.blank_channel(kind, name);
        channel.guild = Some(guild);
        channel.position =
            self.channels.values().filter(|other| other.guild == Some(guild) && !other.kind.is_thread()).count() as u32;
        let id = channel.id;
        self.channels.insert(id, channel);
        self.tell_channel("CHANNEL_CREATE", id);
        id
    }

    /// A new thread below a channel; from a message it has that one's id.
    pub(crate) fn make_thread(&mut self, parent: Id, id: Option<Id>, name: &str, owner: Id, kind: ChannelKind) -> Id {
        let mut thread = self.blank_channel(kind, name);
        thread.id = id.unwrap_or(thread.id);
        thread.guild = self.guild_of(parent);
        thread.parent = Some(parent);
        thread.thread = Some(Thread { owner, archived: false, members: BTreeSet::from([owner]), messages: 0 });
        let id = thread.id;
        self.channels.insert(id, thread);
        let mut data = self.channels.get(&id).map(|thread| shape::channel(self, thread)).unwrap_or_default();
        data["newly_created"] = json!(true);
        self.emit(&Event { name: "THREAD_CREATE", intents: intents::GUILDS, audience: Audience::Channel(id), data });
        id
    }

    /// The direct conversation of two people, which is made when there is none.
    pub(crate) fn direct(&mut self, one: Id, other: Id) -> Id {
        let found = self.channels.values().find(|channel| {
            channel.kind == ChannelKind::Direct
                && channel.recipients.contains(&one)
                && channel.recipients.contains(&other)
        });
        if let Some(channel) = found {
            return channel.id;
        }
        let mut channel = self.blank_channel(ChannelKind::Direct, "");
        channel.recipients = vec![one, other];
        let id = channel.id;
        self.channels.insert(id, channel);
        id
    }

    /// Tells that a channel or a thread is new or different.
    pub(crate) fn tell_channel(&mut self, name: &'static str, channel: Id) {
        let Some(record) = self.channels.get(&channel) else { return };
        let data = shape::channel(self, record);
        self.emit(&Event { name, intents: intents::GUILDS, audience: Audience::Channel(channel), data });
    }

    /// Takes a channel or a thread away, with its messages and webhooks.
    pub(crate) fn delete_channel(&mut self, channel: Id) {
        let Some(record) = self.channels.get(&channel) else { return };
        if record.kind.is_thread() {
            let data = json!({
                "id": channel.to_string(),
                "guild_id": record.guild.map(|guild| guild.to_string()),
                "parent_id": record.parent.map(|parent| parent.to_string()),
                "type": record.kind.number(),
            });
            let event =
                Event { name: "THREAD_DELETE", intents: intents::GUILDS, audience: Audience::Channel(channel), data };
            self.emit(&event);
        } else {
            self.tell_channel("CHANNEL_DELETE", channel);
        }
        self.channels.remove(&channel);
        self.messages.remove(&channel);
        self.webhooks.retain(|_, webhook| webhook.channel != channel);
    }

    /// Tells a guild how it is now.
    pub(crate) fn tell_guild_changed(&mut self, guild: Id) {
        let Some(record) = self.guilds.get(&guild) else { return };
        let data = shape::guild(self, record);
        self.emit(&Event { name: "GUILD_UPDATE", intents: intents::GUILDS, audience: Audience::Guild(guild), data });
    }

    /// A new webhook of a channel.
    pub(crate) fn make_webhook(&mut self, channel: Id, maker: Id, name: &str) -> Option<Id> {
        let guild = self.guild_of(channel)?;
        let id = self.id();
        let token = format!("webhook-token-{id}-{:08x}", rand::random::<u32>());
        let application = self.applications.get(&maker).map(|application| application.id);
        self.webhooks.insert(id, WebhookRecord { id, token, channel, guild, name: name.into(), application, maker });
        self.tell_webhooks(guild, channel);
        Some(id)
    }

    /// Takes a webhook away.
    pub(crate) fn delete_webhook(&mut self, webhook: Id) {
        if let Some(webhook) = self.webhooks.remove(&webhook) {
            self.tell_webhooks(webhook.guild, webhook.channel);
        }
    }

    fn tell_webhooks(&mut self, guild: Id, channel: Id) {
        self.emit(&Event {
            name: "WEBHOOKS_UPDATE",
            intents: intents::GUILD_WEBHOOKS,
            audience: Audience::Channel(channel),
            data: json!({"guild_id": guild.to_string(), "channel_id": channel.to_string()}),
        });
    }

    /// Tells a guild which emojis it has.
    pub(crate) fn tell_emojis(&mut self, guild: Id) {
        let Some(record) = self.guilds.get(&guild) else { return };
        let emojis: Vec<_> = record.emojis.values().map(shape::emoji).collect();
        self.emit(&Event {
            name: "GUILD_EMOJIS_UPDATE",
            intents: intents::GUILD_EXPRESSIONS,
            audience: Audience::Guild(guild),
            data: json!({"guild_id": guild.to_string(), "emojis": emojis}),
        });
    }

    /// The threads of a guild that are open and that somebody sees.
    pub(crate) fn active_threads(&self, guild: Id, user: Id) -> Vec<&ChannelRecord> {
        self.channels
            .values()
            .filter(|channel| channel.guild == Some(guild) && self.sees(channel.id, user))
            .filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived))
            .collect()
    }
}
