//! Who and what stands on the lists: chosen from the guilds of a bot, by the configuration and by what people do. Pure.

mod ledger;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::{
    configuration::{ContactsSettings, Members},
    model::{ChannelId, GuildId, Permissions, UserId},
    roster::Roster,
};

pub(crate) use ledger::{Ledger, Standing, Target};

/// Those who have said or done something of late, as one bot saw it; the latest last.
#[derive(Debug, Default)]
pub(crate) struct Active {
    people: VecDeque<(UserId, GuildId)>,
}

/// What may be put on the lists of all accounts that speak through one bot; the likeliest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    rooms: Vec<(ChannelId, GuildId)>,
    people: Vec<(UserId, GuildId)>,
    /// Those who were seen to leave a guild since this was asked last.
    pub(crate) gone: HashSet<UserId>,
}

/// One change of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It belongs there, in the group of this guild.
    List(Target, GuildId),
    /// It is gone.
    Lose(Target),
}

impl Active {
    /// Somebody has said or done something in a guild. Says whether that is new of them.
    pub(crate) fn note(&mut self, user: UserId, guild: GuildId, most: usize) -> bool {
        let known = self.people.iter().position(|(known, _)| *known == user);
        let is_new = known.is_none();
        if let Some(at) = known {
            self.people.remove(at);
        }
        while self.people.len() >= most.max(1) {
            self.people.pop_front();
        }
        self.people.push_back((user, guild));
        is_new
    }
}

/// Whether the configuration wants this guild's people and channels on lists.
pub(crate) fn is_wanted(settings: &ContactsSettings, guild: GuildId, name: &str) -> bool {
    let is_meant = |wanted: &String| {
        wanted == "*" || wanted.parse() == Ok(guild) || wanted.trim().to_lowercase() == name.trim().to_lowercase()
    };
    settings.guilds.iter().any(is_meant)
}

/// What the guilds of a bot have for lists.
pub(crate) fn candidates(roster: &Roster, settings: &ContactsSettings, active: &Active, bot: UserId) -> Candidates {
    let mut found = Candidates::default();
    let mut known = HashSet::new();
    let mut guilds = HashSet::new();
    for guild in roster.guilds_of(bot) {
        let Some(name) = roster.guild_name(guild) else { continue };
        if !is_wanted(settings, guild, &name) {
            continue;
        }
        guilds.insert(guild);
        found.rooms.extend(roster.rooms(bot, guild).iter().map(|room| (room.channel, guild)));
        let wants_all = match settings.members {
            Members::None | Members::Active => continue,
            Members::Online => false,
            Members::All => true,
        };
        // Other bots are nobody to talk to.
        let people = roster
            .members(guild)
            .into_iter()
            .filter(|member| !member.is_bot && !member.is_stranger && (wants_all || member.is_there));
        found.people.extend(people.map(|member| (member.user, guild)).filter(|(user, _)| known.insert(*user)));
    }
    if settings.members == Members::Active {
        let people = active.people.iter().rev().filter(|(user, guild)| {
            guilds.contains(guild)
                && roster.person(*user).is_some_and(|person| !person.is_bot && !person.username.is_empty())
        });
        found.people.extend(people);
    }
    // One bot in many guilds must not fill a list with the first of them: each guild's first rooms, then each one's second.
    found.rooms = in_turns(&found.rooms);
    found
}

/// The rooms of all guilds in turns.
fn in_turns(rooms: &[(ChannelId, GuildId)]) -> Vec<(ChannelId, GuildId)> {
    let mut places: HashMap<GuildId, usize> = HashMap::new();
    let mut placed: Vec<_> = rooms
        .iter()
        .map(|(channel, guild)| {
            let place = places.entry(*guild).or_default();
            *place += 1;
            (*place, (*channel, *guild))
        })
        .collect();
    // Stable: within one turn the guilds stay in their order.
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, room)| room).collect()
}

/// What has to change on one account's list, which speaks through this bot. What stands there already keeps its place.
pub(crate) fn steps(
    roster: &Roster,
    settings: &ContactsSettings,
    bot: UserId,
    found: &Candidates,
    ledger: &Ledger,
) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut rooms, mut people) = (0, 0);
    for (target, standing) in ledger.all() {
        if is_gone(roster, settings, bot, found, target, standing) {
            steps.push(Step::Lose(target));
        } else if let (Target::Room(_), Standing::Listed(_)) = (target, standing) {
            rooms += 1;
        } else if let (Target::Person(_), Standing::Listed(_)) = (target, standing) {
            people += 1;
        }
    }
    let new_rooms = found.rooms.iter().map(|(channel, guild)| (Target::Room(*channel), *guild));
    let new_people = found.people.iter().map(|(user, guild)| (Target::Person(*user), *guild));
    let fresh = |(target, _): &(Target, GuildId)| ledger.standing(*target).is_none();
    let list = |(target, guild)| Step::List(target, guild);
    steps.extend(new_rooms.filter(fresh).take(settings.at_most.saturating_sub(rooms)).map(list));
    steps.extend(new_people.filter(fresh).take(settings.at_most.saturating_sub(people)).map(list));
    steps
}

/// Whether what stands on a list is surely no longer there for it. What a big or an ailing guild does not tell of stays.
fn is_gone(
    roster: &Roster,
    settings: &ContactsSettings,
    bot: UserId,
    found: &Candidates,
    target: Target,
    standing: Standing,
) -> bool {
    let may_see = |channel| roster.may(bot, channel, Permissions::VIEW_CHANNEL);
    match (target, standing) {
        (Target::Room(channel), Standing::Listed(guild)) => {
            let name = roster.guild_name(guild);
            let is_out = !roster.is_in(bot, guild);
            is_out || name.is_some_and(|name| !may_see(channel) || !is_wanted(settings, guild, &name))
        }
        // In which guild it was is not known any more: it is gone when every guild could be asked.
        (Target::Room(channel), Standing::Chosen) => {
            !may_see(channel) && roster.guilds_of(bot).into_iter().all(|guild| roster.guild_name(guild).is_some())
        }
        (Target::Person(user), Standing::Listed(guild)) => {
            let has_left =
                !roster.is_in(bot, guild) || found.gone.contains(&user) || roster.is_surely_not_in(guild, user);
            has_left && !roster.share_a_guild(bot, user)
        }
        // With whom one has spoken once, one may speak again.
        (Target::Person(_), Standing::Chosen) | (_, Standing::Declined) => false,
    }
}
