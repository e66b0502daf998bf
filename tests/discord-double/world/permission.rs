//! Who may do what, and where (Discord's developer documentation, "Permission Overwrites").

use crate::constants::permissions;
use crate::id::Id;
use crate::world::World;
use crate::world::records::{ChannelKind, ChannelRecord};

impl World {
    /// What somebody may do in a guild, before any channel has its say; nothing, when they are not in it.
    pub(crate) fn guild_permissions(&self, guild: Id, user: Id) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        let Some(member) = guild.members.get(&user) else { return 0 };
        if guild.owner == user {
            return u64::MAX;
        }
        let everyone = guild.roles.get(&guild.id).map_or(0, |role| role.permissions);
        let held = member.roles.iter().filter_map(|role| guild.roles.get(role)).map(|role| role.permissions);
        let all = held.fold(everyone, |sum, role| sum | role);
        if all & permissions::ADMINISTRATOR != 0 { u64::MAX } else { all }
    }

    /// What somebody may do in a channel, a thread or a direct conversation.
    pub(crate) fn permissions(&self, channel: Id, user: Id) -> u64 {
        let Some(channel) = self.channels.get(&channel) else { return 0 };
        match channel.guild {
            None if channel.recipients.contains(&user) => permissions::EVERYONE,
            None => 0,
            Some(guild) => self.permissions_in_guild(channel, guild, user),
        }
    }

    fn permissions_in_guild(&self, channel: &ChannelRecord, guild: Id, user: Id) -> u64 {
        let base = self.guild_permissions(guild, user);
        if base == u64::MAX || base == 0 {
            return base;
        }
        // A thread is as its channel is; a private one shows itself to those in it only.
        let rules = if channel.kind.is_thread() {
            channel.parent.and_then(|parent| self.channels.get(&parent))
        } else {
            Some(channel)
        };
        let hidden = channel.kind == ChannelKind::PrivateThread
            && channel.thread.as_ref().is_some_and(|thread| !thread.members.contains(&user))
            && base & permissions::MANAGE_MESSAGES == 0;
        let Some(rules) = rules.filter(|_| !hidden) else { return 0 };
        let everyone = rules.role_overwrites.get(&guild).copied().unwrap_or_default();
        let mut allowed = base & !everyone.deny | everyone.allow;
        let (mut allow, mut deny) = (0, 0);
        let roles = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user)).map(|member| &member.roles);
        for overwrite in roles.into_iter().flatten().filter_map(|role| rules.role_overwrites.get(role)) {
            allow |= overwrite.allow;
            deny |= overwrite.deny;
        }
        allowed = allowed & !deny | allow;
        let own = rules.member_overwrites.get(&user).copied().unwrap_or_default();
        allowed = allowed & !own.deny | own.allow;
        if channel.kind.is_thread() {
            let may_write = allowed & permissions::SEND_MESSAGES_IN_THREADS != 0;
            allowed &= !permissions::SEND_MESSAGES;
            allowed |= if may_write { permissions::SEND_MESSAGES } else { 0 };
        }
        if allowed & permissions::VIEW_CHANNEL == 0 { 0 } else { allowed }
    }

    /// Whether somebody sees a channel.
    pub(crate) fn sees(&self, channel: Id, user: Id) -> bool {
        self.permissions(channel, user) & permissions::VIEW_CHANNEL != 0
    }

    /// Whether two have a guild in common.
    pub(crate) fn share_a_guild(&self, one: Id, other: Id) -> bool {
        self.guilds.values().any(|guild| guild.members.contains_key(&one) && guild.members.contains_key(&other))
    }
}
