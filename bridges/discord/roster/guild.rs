//! One guild.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::content::{bounded_name, bounded_topic};

use super::{MOST_CHANNELS, MOST_EMOJIS, MOST_MEMBERS, MOST_ROLES, person::shown};
use crate::{
    model::{self, ChannelId, ChannelKind, GuildEmoji, Overwrite, Permissions, Role, RoleId, UserId},
    roster::Picture,
};

/// How many overwrites of one channel are kept: more than Discord allows.
const MOST_OVERWRITES: usize = 1_000;
/// How many roles of one member are kept.
const MOST_MEMBER_ROLES: usize = 250;

/// A guild.
#[derive(Debug, Default)]
pub(super) struct Guild {
    pub(super) name: Box<str>,
    pub(super) icon: Option<Picture>,
    pub(super) owner: Option<UserId>,
    pub(super) tier: u8,
    /// How many people Discord says are in it.
    pub(super) member_count: u64,
    /// Whether everybody in it was told of; from then on who comes and goes is told.
    pub(super) is_complete: bool,
    pub(super) roles: BTreeMap<RoleId, RoleFacts>,
    pub(super) channels: BTreeMap<ChannelId, Channel>,
    pub(super) members: HashMap<UserId, Member>,
    pub(super) emojis: Vec<GuildEmoji>,
}

/// A role.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RoleFacts {
    pub(super) name: Box<str>,
    pub(super) permissions: Permissions,
}

/// A channel or a thread.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) kind: ChannelKind,
    pub(super) name: Box<str>,
    pub(super) topic: Box<str>,
    pub(super) parent: Option<ChannelId>,
    pub(super) overwrites: Box<[Overwrite]>,
    /// The bots that were told of it: it is gone when it is told to none of them any more, and some threads are for those in
    /// them alone.
    pub(super) told: Vec<UserId>,
}

/// A member of a guild.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) nick: Option<Box<str>>,
    pub(super) roles: Box<[RoleId]>,
}

impl Guild {
    /// Takes over what the guild itself is. Says whether that is new.
    pub(super) fn is_changed(&mut self, told: &model::Guild) -> bool {
        let name: Box<str> = bounded_name(&told.name).into();
        let icon = told.icon.as_deref().and_then(Picture::parse);
        let is_new = self.name != name || self.icon != icon || self.owner != told.owner_id;
        self.name = name;
        self.icon = icon;
        self.owner = told.owner_id;
        self.tier = told.premium_tier;
        is_new
    }

    /// Takes over all roles.
    pub(super) fn set_roles(&mut self, roles: &[Role]) {
        self.roles = roles.iter().take(MOST_ROLES).map(|role| (role.id, RoleFacts::of(role))).collect();
    }

    /// Takes over a role. Says whether that is new.
    pub(super) fn put_role(&mut self, role: &Role) -> bool {
        let facts = RoleFacts::of(role);
        if self.roles.get(&role.id) == Some(&facts)
            || (self.roles.len() >= MOST_ROLES && !self.roles.contains_key(&role.id))
        {
            return false;
        }
        self.roles.insert(role.id, facts);
        true
    }

    /// Takes over all custom emojis.
    pub(super) fn set_emojis(&mut self, emojis: &[GuildEmoji]) {
        self.emojis = emojis.iter().take(MOST_EMOJIS).cloned().collect();
    }

    /// Takes over a channel or a thread that this bot was told of. Says what is new.
    pub(super) fn put_channel(&mut self, bot: UserId, told: &model::Channel) -> Option<Newness> {
        let mut channel = Channel::of(told);
        let Some(known) = self.channels.get_mut(&told.id) else {
            if self.channels.len() >= MOST_CHANNELS {
                tracing::debug!(channel = %told.id, "a guild has more channels than are followed");
                return None;
            }
            channel.told.push(bot);
            self.channels.insert(told.id, channel);
            return Some(Newness::Place);
        };
        channel.told = std::mem::take(&mut known.told);
        let is_told_first = !channel.told.contains(&bot);
        if is_told_first {
            channel.told.push(bot);
        }
        let is_seen_by_others = (is_told_first && channel.kind == ChannelKind::Thread)
            || (known.kind, known.parent, &known.overwrites) != (channel.kind, channel.parent, &channel.overwrites);
        let is_described = (&known.name, &known.topic) != (&channel.name, &channel.topic);
        *known = channel;
        match (is_seen_by_others, is_described) {
            (true, true) => Some(Newness::Both),
            (true, false) => Some(Newness::Place),
            (false, true) => Some(Newness::Words),
            (false, false) => None,
        }
    }

    /// This bot is told of no other places than these. Says which are gone by that.
    pub(super) fn untell(&mut self, bot: UserId, there: &HashSet<ChannelId>) -> Vec<ChannelId> {
        let gone = self.channels.extract_if(.., |id, channel| {
            if !there.contains(id) {
                channel.told.retain(|told| *told != bot);
            }
            channel.told.is_empty()
        });
        gone.map(|(id, _)| id).collect()
    }

    /// Whether that many are everybody who is in it.
    pub(super) const fn are_all(&self, told: usize) -> bool {
        self.member_count > 0 && told < MOST_MEMBERS && told as u64 >= self.member_count
    }
}

/// What is new about a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newness {
    /// It is there at all, where it is, or who may see it.
    Place,
    /// Only what it is called, or about.
    Words,
    Both,
}

impl RoleFacts {
    fn of(role: &Role) -> Self {
        Self { name: bounded_name(&role.name).into(), permissions: role.permissions }
    }
}

impl Channel {
    fn of(told: &model::Channel) -> Self {
        Self {
            kind: told.kind,
            name: bounded_name(&told.name).into(),
            topic: bounded_topic(&told.topic).into(),
            parent: told.parent_id,
            overwrites: told.permission_overwrites.iter().take(MOST_OVERWRITES).copied().collect(),
            told: Vec::new(),
        }
    }
}

impl Member {
    pub(super) fn of(told: &model::Member) -> Self {
        Self { nick: shown(told.nick.as_deref()), roles: told.roles.iter().take(MOST_MEMBER_ROLES).copied().collect() }
    }
}
