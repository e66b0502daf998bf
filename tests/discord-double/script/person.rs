//! A person of the script: who they are, where they are, and whether they are here. What they write is in `sending`.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::id::Id;
use crate::script::bot::Bot;
use crate::script::channel::Channel;
use crate::script::guild::Guild;
use crate::shared::Shared;
use crate::world::Draft;
use crate::world::message::{Author, MessageKind};
use crate::world::presence::{Activity, Device, Presence, Status};
use crate::world::records::UserRecord;

/// A person, who acts as the test says.
#[derive(Clone)]
pub struct Person {
    pub(super) shared: Arc<Shared>,
    pub(super) id: Id,
}

impl Person {
    pub(crate) const fn new(shared: Arc<Shared>, id: Id) -> Self {
        Self { shared, id }
    }

    /// Their id.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// How a message mentions them: `<@id>`.
    pub fn mention(&self) -> String {
        format!("<@{}>", self.id)
    }

    /// Their user name.
    pub fn username(&self) -> String {
        self.shared.look(|world| world.username(self.id).into())
    }

    /// They show this name instead of their user name.
    pub fn set_global_name(&self, name: &str) {
        self.change(|user| user.global_name = Some(name.into()));
    }

    /// They have this user name from now on.
    pub fn set_username(&self, name: &str) {
        self.change(|user| user.username = name.into());
    }

    /// They have this picture from now on; the hash of it.
    pub fn set_avatar(&self, picture: impl Into<Bytes>) -> String {
        let picture = picture.into();
        let hash = self.shared.change(|world| world.keep_picture(&format!("avatars/{}", self.id), &picture));
        self.change(|user| user.avatar = Some(hash.clone()));
        hash
    }

    /// Whether they take direct messages of those who are no friends.
    pub fn refuses_direct_messages(&self, refuses: bool) {
        self.shared.change(|world| {
            world.users.get_mut(&self.id).expect("a person stays").refuses_direct = refuses;
        });
    }

    fn change(&self, change: impl FnOnce(&mut UserRecord)) {
        self.shared.change(|world| {
            change(world.users.get_mut(&self.id).expect("a person stays"));
            world.tell_user(self.id);
        });
    }

    /// They join a guild.
    pub fn joins(&self, guild: &Guild) {
        self.joins_as(guild, None, &[]);
    }

    /// They join a guild, under a nick and with roles.
    pub fn joins_as(&self, guild: &Guild, nick: Option<&str>, roles: &[Id]) {
        let roles: BTreeSet<Id> = roles.iter().copied().collect();
        self.shared.change(|world| {
            world.join(guild.id(), self.id, roles, nick.map(str::to_owned));
            if let Some(channel) = world.guilds.get(&guild.id()).and_then(|guild| guild.system_channel) {
                world.post(channel, Author::User(self.id), Draft { kind: MessageKind::Join, ..Draft::default() });
            }
        });
    }

    /// They leave a guild.
    pub fn leaves(&self, guild: &Guild) {
        self.shared.change(|world| world.leave(guild.id(), self.id));
    }

    /// They are called like this in a guild; without a nick again, for none.
    pub fn set_nick(&self, guild: &Guild, nick: Option<&str>) {
        let known = self
            .shared
            .change(|world| world.change_member(guild.id(), self.id, |member| member.nick = nick.map(str::to_owned)));
        assert!(known, "who has a nick in a guild is in it");
    }

    /// They have these roles in a guild, and no others.
    pub fn set_roles(&self, guild: &Guild, roles: &[Id]) {
        let known = self.shared.change(|world| {
            world.change_member(guild.id(), self.id, |member| member.roles = roles.iter().copied().collect())
        });
        assert!(known, "who has roles in a guild is in it");
    }

    /// They have this picture in a guild; the hash of it.
    pub fn set_guild_avatar(&self, guild: &Guild, picture: impl Into<Bytes>) -> String {
        let picture = picture.into();
        self.shared.change(|world| {
            let folder = format!("guilds/{}/users/{}/avatars", guild.id(), self.id);
            let hash = world.keep_picture(&folder, &picture);
            world.change_member(guild.id(), self.id, |member| member.avatar = Some(hash.clone()));
            hash
        })
    }

    /// They are here, or not, and do this.
    pub fn set_presence(&self, status: Status, activities: &[Activity]) {
        self.set_presence_on(status, activities, Device::Desktop);
    }

    /// They are here, or not, and do this, at one of their devices.
    pub fn set_presence_on(&self, status: Status, activities: &[Activity], device: Device) {
        let presence = Presence { status, activities: activities.to_vec(), device };
        self.shared.change(|world| world.set_presence(self.id, presence));
    }

    /// Their direct conversation with a bot, which they open when there is none.
    pub fn direct(&self, bot: &Bot) -> Channel {
        let channel = self.shared.change(|world| world.direct(self.id, bot.id()));
        Channel::new(Arc::clone(&self.shared), channel)
    }

    /// They type in a channel.
    pub fn types(&self, channel: &Channel) {
        self.shared.change(|world| world.types(channel.id(), self.id));
    }
}
