//! Who may do what where, as Discord computes it (its developer documentation, "Permissions").

use super::guild::{Channel, Guild};
use crate::model::{ChannelId, ChannelKind, GuildId, OverwriteKind, Permissions, RoleId, UserId};

/// Everything.
const ALL: Permissions = Permissions(u64::MAX);
/// Nothing.
const NOTHING: Permissions = Permissions(0);

impl Guild {
    /// What `user` may do in a channel or a thread. Somebody whose roles are not known may do what everybody may.
    pub(super) fn permissions(&self, id: GuildId, user: UserId, channel: ChannelId) -> Permissions {
        let Some(channel) = self.channels.get(&channel) else { return NOTHING };
        let base = self.base(id, user);
        if base == ALL {
            return ALL;
        }
        // A thread is as open as the channel that it is in; that channel may not be known, or be gone.
        let place = match channel.kind {
            ChannelKind::Thread => match channel.parent.and_then(|parent| self.channels.get(&parent)) {
                Some(parent) => parent,
                None => return NOTHING,
            },
            ChannelKind::Text
            | ChannelKind::Direct
            | ChannelKind::Voice
            | ChannelKind::Category
            | ChannelKind::Announcement
            | ChannelKind::Stage
            | ChannelKind::Forum
            | ChannelKind::Other => channel,
        };
        let permissions = self.overwritten(base, id, user, place);
        // Who cannot see a channel can do nothing in it, whatever else is said.
        if permissions.contain(Permissions::VIEW_CHANNEL) { permissions } else { NOTHING }
    }

    /// What `user` may do in the guild as a whole.
    fn base(&self, id: GuildId, user: UserId) -> Permissions {
        if self.owner == Some(user) {
            return ALL;
        }
        let roles = std::iter::once(RoleId(id.0)).chain(self.roles_of(user).iter().copied());
        let granted = roles.filter_map(|role| self.roles.get(&role)).fold(0, |bits, role| bits | role.permissions.0);
        let granted = Permissions(granted);
        if granted.contain(Permissions::ADMINISTRATOR) { ALL } else { granted }
    }

    fn overwritten(&self, base: Permissions, id: GuildId, user: UserId, channel: &Channel) -> Permissions {
        let roles = self.roles_of(user);
        let (mut everybody, mut of_roles, mut own) = ((0, 0), (0, 0), (0, 0));
        for overwrite in &channel.overwrites {
            let which = match overwrite.kind {
                OverwriteKind::Role if overwrite.id == id.0 => &mut everybody,
                OverwriteKind::Role if roles.contains(&RoleId(overwrite.id)) => &mut of_roles,
                OverwriteKind::Person if overwrite.id == user.0 => &mut own,
                OverwriteKind::Role | OverwriteKind::Person => continue,
            };
            which.0 |= overwrite.deny.0;
            which.1 |= overwrite.allow.0;
        }
        // The more particular wins; among roles what one allows wins over what another denies.
        let bits = [everybody, of_roles, own].into_iter().fold(base.0, |bits, (deny, allow)| (bits & !deny) | allow);
        Permissions(bits)
    }

    fn roles_of(&self, user: UserId) -> &[RoleId] {
        self.members.get(&user).map_or(&[], |member| &member.roles)
    }
}

/// What has to be allowed in a thread for what is wanted: saying something there is a permission of its own.
pub(super) fn wanted_in(kind: ChannelKind, wanted: Permissions) -> Permissions {
    if kind == ChannelKind::Thread && wanted.contain(Permissions::SEND_MESSAGES) {
        return Permissions((wanted.0 & !Permissions::SEND_MESSAGES.0) | Permissions::SEND_MESSAGES_IN_THREADS.0);
    }
    wanted
}
