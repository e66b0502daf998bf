//! A guild, and how it changes.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::constants::permissions;
use crate::id::Id;
use crate::script::channel::Channel;
use crate::script::person::Person;
use crate::shape;
use crate::shared::Shared;
use crate::world::message::{Author, MessageKind};
use crate::world::presence::{Presence, Status};
use crate::world::records::{ChannelKind, Emoji, GuildRecord, Member, Overwrite, Role, UserRecord};
use crate::world::{Audience, Draft, Event};

/// A guild.
#[derive(Clone)]
pub struct Guild {
    shared: Arc<Shared>,
    id: Id,
}

impl Guild {
    pub(crate) const fn new(shared: Arc<Shared>, id: Id) -> Self {
        Self { shared, id }
    }

    /// Its id, which is that of the role of everyone too.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// A new text channel.
    pub fn channel(&self, name: &str) -> Channel {
        self.channel_of(ChannelKind::Text, name)
    }

    /// A new voice channel, with text beside it.
    pub fn voice(&self, name: &str) -> Channel {
        self.channel_of(ChannelKind::Voice, name)
    }

    /// A new channel of announcements.
    pub fn announcements(&self, name: &str) -> Channel {
        self.channel_of(ChannelKind::Announcement, name)
    }

    /// A new forum; [`Person::opens_post`] writes in it.
    pub fn forum(&self, name: &str) -> Channel {
        self.channel_of(ChannelKind::Forum, name)
    }

    /// A new heading over channels.
    pub fn category(&self, name: &str) -> Channel {
        self.channel_of(ChannelKind::Category, name)
    }

    /// A new channel of any kind that is no thread.
    pub fn channel_of(&self, kind: ChannelKind, name: &str) -> Channel {
        let id = self.shared.change(|world| world.make_channel(self.id, kind, name));
        Channel::new(Arc::clone(&self.shared), id)
    }

    /// A new text channel that is hidden from all who have no role or right of their own in it.
    pub fn hidden_channel(&self, name: &str) -> Channel {
        let id = self.shared.change(|world| {
            let id = world.make_channel(self.id, ChannelKind::Text, name);
            let deny = Overwrite { allow: 0, deny: permissions::VIEW_CHANNEL };
            if let Some(channel) = world.channels.get_mut(&id) {
                channel.role_overwrites.insert(self.id, deny);
            }
            id
        });
        Channel::new(Arc::clone(&self.shared), id)
    }

    /// A new role with these permissions and this colour (0 for none), which nobody has yet.
    pub fn role(&self, name: &str, permissions: u64, color: u32) -> Id {
        self.shared.change(|world| {
            let id = world.id();
            let guild = world.guilds.get_mut(&self.id).expect("a guild stays");
            let position = guild.roles.len() as u32;
            guild.roles.insert(id, Role { id, name: name.into(), permissions, color, position });
            let data = serde_json::json!({
                "guild_id": self.id.to_string(),
                "role": guild.roles.get(&id).map(shape::role),
            });
            world.emit(&Event {
                name: "GUILD_ROLE_CREATE",
                intents: crate::constants::intents::GUILDS,
                audience: Audience::Guild(self.id),
                data,
            });
            id
        })
    }

    /// Everyone may do this, and nothing else.
    pub fn set_everyone(&self, permissions: u64) {
        let everyone = self.id;
        self.change(|guild| {
            if let Some(role) = guild.roles.get_mut(&everyone) {
                role.permissions = permissions;
            }
        });
        self.shared.change(|world| {
            let role = world.guilds.get(&everyone).and_then(|guild| guild.roles.get(&everyone)).map(shape::role);
            world.emit(&Event {
                name: "GUILD_ROLE_UPDATE",
                intents: crate::constants::intents::GUILDS,
                audience: Audience::Guild(everyone),
                data: serde_json::json!({"guild_id": everyone.to_string(), "role": role}),
            });
        });
    }

    /// A new emoji; it moves when the picture is a GIF.
    pub fn emoji(&self, name: &str, picture: impl Into<Bytes>) -> Id {
        let picture = picture.into();
        self.shared.change(|world| {
            let id = world.id();
            world.blobs.insert(format!("emojis/{id}"), picture.clone());
            let animated = picture.starts_with(b"GIF8");
            let guild = world.guilds.get_mut(&self.id).expect("a guild stays");
            guild.emojis.insert(id, Emoji { id, name: name.into(), animated });
            world.tell_emojis(self.id);
            id
        })
    }

    /// It loses an emoji.
    pub fn loses_emoji(&self, emoji: Id) {
        self.shared.change(|world| {
            if let Some(guild) = world.guilds.get_mut(&self.id) {
                guild.emojis.remove(&emoji);
            }
            world.tell_emojis(self.id);
        });
    }

    /// It is called like this from now on.
    pub fn renamed(&self, name: &str) {
        self.change_and_tell(|guild| guild.name = name.into());
    }

    /// It has this picture from now on; the hash of it.
    pub fn set_icon(&self, picture: impl Into<Bytes>) -> String {
        let picture = picture.into();
        let hash = self.shared.change(|world| world.keep_picture(&format!("icons/{}", self.id), &picture));
        self.change_and_tell(|guild| guild.icon = Some(hash.clone()));
        hash
    }

    /// How far it is boosted: 0 to 3. Larger files go through from 2.
    pub fn set_tier(&self, tier: u8) {
        self.change_and_tell(|guild| guild.premium_tier = tier);
    }

    /// Who joins is announced in this channel.
    pub fn welcomes_in(&self, channel: &Channel) {
        self.change_and_tell(|guild| guild.system_channel = Some(channel.id()));
    }

    /// Somebody boosts it: a line in the channel where it welcomes people.
    pub fn is_boosted_by(&self, person: &Person) {
        self.shared.change(|world| {
            if let Some(channel) = world.guilds.get(&self.id).and_then(|guild| guild.system_channel) {
                let draft = Draft { kind: MessageKind::Boost, ..Draft::default() };
                world.post(channel, Author::User(person.id()), draft);
            }
        });
    }

    /// It has an outage: its bots are told that it is unavailable.
    pub fn has_an_outage(&self) {
        self.change(|guild| guild.unavailable = true);
        self.shared.change(|world| {
            let event = Event {
                name: "GUILD_DELETE",
                intents: crate::constants::intents::GUILDS,
                audience: Audience::Guild(self.id),
                data: shape::unavailable_guild(self.id),
            };
            world.emit(&event);
        });
    }

    /// Its outage is over: its bots are told all of it again.
    pub fn recovers(&self) {
        self.change(|guild| guild.unavailable = false);
        self.shared.change(|world| {
            let members = world.guilds.get(&self.id).map(|guild| guild.members.keys().copied().collect::<Vec<_>>());
            for member in members.unwrap_or_default() {
                world.tell_guild(self.id, member);
            }
        });
    }

    /// So many people more, called `name0` and so on, of whom every tenth is online. Nobody is told of it: it is meant for the
    /// time before a bot comes.
    pub fn populate(&self, name: &str, count: usize) -> Vec<Id> {
        self.shared.change(|world| {
            (0..count)
                .map(|number| {
                    let id = world.id();
                    let status = if number % 10 == 0 { Status::Online } else { Status::Offline };
                    let user = UserRecord {
                        id,
                        username: format!("{name}{number}"),
                        global_name: None,
                        avatar: None,
                        bot: false,
                        presence: Presence { status, ..Presence::default() },
                        refuses_direct: false,
                    };
                    world.users.insert(id, user);
                    let member = Member {
                        user: id,
                        nick: None,
                        avatar: None,
                        roles: std::collections::BTreeSet::new(),
                        joined: Timestamp::now(),
                    };
                    if let Some(guild) = world.guilds.get_mut(&self.id) {
                        guild.members.insert(id, member);
                    }
                    id
                })
                .collect()
        })
    }

    /// How many members it has.
    pub fn member_count(&self) -> usize {
        self.shared.look(|world| world.guilds.get(&self.id).map_or(0, |guild| guild.members.len()))
    }

    /// How somebody is called in it, be it a person or a bot.
    pub fn nick_of(&self, user: Id) -> Option<String> {
        self.shared.look(|world| world.guilds.get(&self.id)?.members.get(&user)?.nick.clone())
    }

    fn change(&self, change: impl FnOnce(&mut GuildRecord)) {
        self.shared.change(|world| change(world.guilds.get_mut(&self.id).expect("a guild stays")));
    }

    fn change_and_tell(&self, change: impl FnOnce(&mut GuildRecord)) {
        self.change(change);
        self.shared.change(|world| world.tell_guild_changed(self.id));
    }
}
