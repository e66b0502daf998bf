//! How people and rooms are found: by their address here, by Discord's own spelling, and by parts of their names.

use std::{cmp::Reverse, collections::BTreeMap};

use bridge::{Found, RemoteProfile, RoomProfile};

use super::{
    People, profile_of,
    spelling::{room_login, spelt},
};
use crate::{
    contacts::Target,
    model::{ChannelId, UserId},
    rest::{BotRest, RestFailure},
};

/// How much is found at most.
const MOST: usize = 20;
/// In how many guilds Discord is asked for somebody who is not known here.
const MOST_GUILDS: usize = 5;
/// How many people Discord is asked for in each of them.
const MOST_MEMBERS: u16 = 10;

/// How well a name fits what was looked for: the whole of it, its beginning, or a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Part,
    Start,
    Whole,
}

impl People {
    /// The person of this login.
    pub(crate) fn resolve(&self, login: &str) -> Option<RemoteProfile> {
        let wanted = login.to_lowercase();
        let mut found = None;
        self.roster.each_name(None, |user, name, is_login| {
            if is_login && name.to_lowercase() == wanted {
                found = found.max(Some(user));
            }
        });
        // The addresses of those who have no readable login are made of their ids.
        let found = found.or_else(|| login.parse().ok().filter(|user| self.roster.person(*user).is_some()))?;
        Some(self.listed_profile(found))
    }

    /// The room of this login, as [`People::room`] makes it; of several that are called so, the oldest.
    pub(crate) fn resolve_room(&self, login: &str) -> Option<RoomProfile> {
        let wanted = login.to_lowercase();
        let mut found: Option<ChannelId> = None;
        self.roster.each_room(None, |channel, guild, name| {
            let login = room_login(name, guild).unwrap_or_else(|| channel.to_string());
            if login == wanted && found.is_none_or(|found| channel < found) {
                found = Some(channel);
            }
        });
        found.map(|channel| self.room(channel))
    }

    /// Whom or what words mean in Discord's own spelling (`<@1000>`, `<#55>`, a web address), if they are known here.
    pub(crate) fn find(&self, words: &str) -> Option<Found> {
        match spelt(words)? {
            Target::Person(user) => self.roster.person(user).map(|_| Found::Person(self.listed_profile(user))),
            Target::Room(channel) => self.roster.channel(channel).map(|_| Found::Room(self.room(channel))),
        }
    }

    /// People and rooms that words may mean, as far as this bot may see them; the likeliest first.
    pub(crate) fn search(&self, bot: UserId, words: &str) -> Vec<Found> {
        let words = words.trim().trim_start_matches(['@', '#']).to_lowercase();
        if words.is_empty() {
            return Vec::new();
        }
        let mut people: BTreeMap<UserId, Fit> = BTreeMap::new();
        for guild in self.roster.guilds_of(bot) {
            self.roster.each_name(Some(guild), |user, name, _| {
                if let Some(fit) = fit(&words, name) {
                    let best = people.entry(user).or_insert(fit);
                    *best = (*best).max(fit);
                }
            });
        }
        let mut rooms: Vec<(Fit, ChannelId)> = Vec::new();
        self.roster.each_room(Some(bot), |channel, _, name| rooms.extend(fit(&words, name).map(|fit| (fit, channel))));
        let people = people.into_iter().filter(|(user, _)| !self.roster.is_ours(*user));
        let people = people.map(|(user, fit)| (fit, Target::Person(user)));
        let rooms = rooms.into_iter().map(|(fit, channel)| (fit, Target::Room(channel)));
        let mut found: Vec<_> = people.chain(rooms).collect();
        found.sort_by_key(|(fit, target)| (Reverse(*fit), *target));
        found.truncate(MOST);
        let found = found.into_iter().map(|(_, target)| match target {
            Target::Person(user) => Found::Person(self.listed_profile(user)),
            Target::Room(channel) => Found::Room(self.room(channel)),
        });
        found.collect()
    }

    /// The same, with those of big guilds of whom only Discord itself knows.
    pub(crate) async fn search_with(&self, bot: UserId, rest: &BotRest, words: &str) -> Vec<Found> {
        let mut found = self.search(bot, words);
        let words = words.trim().trim_start_matches('@');
        if words.is_empty() || found.len() >= MOST {
            return found;
        }
        let unknown = self.roster.guilds_of(bot).into_iter().filter(|guild| {
            let (known, count) = self.roster.members_known(*guild);
            (known as u64) < count
        });
        for guild in unknown.take(MOST_GUILDS) {
            let members = match rest.search_members(guild, words, MOST_MEMBERS).await {
                Ok(members) => members,
                Err(RestFailure::Unauthorized) => break,
                Err(failure) => {
                    tracing::debug!(%bot, %guild, ?failure, "members cannot be searched");
                    continue;
                }
            };
            for member in members {
                let Some(user) = &member.user else { continue };
                let profile = profile_of(user, Some(&member));
                let is_known = |known: &Found| matches!(known, Found::Person(known) if known.user == profile.user);
                if found.len() < MOST && !found.iter().any(is_known) {
                    found.push(Found::Person(profile));
                }
            }
        }
        found
    }
}

fn fit(words: &str, name: &str) -> Option<Fit> {
    let name = name.to_lowercase();
    if name == *words {
        return Some(Fit::Whole);
    }
    let at = name.find(words)?;
    Some(if at == 0 { Fit::Start } else { Fit::Part })
}
