//! Who types, in both directions. Pure: moments are arguments.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::Passport;
use tokio::time::Instant;

use crate::{
    contacts::Target,
    model::{ChannelId, UserId},
};

/// How long Discord shows that somebody types, unless it is told again (its documentation, "Trigger Typing Indicator").
const SHOWN_FOR: Duration = Duration::from_secs(10);
/// How often Discord is told.
const BETWEEN: Duration = Duration::from_secs(8);
/// How many are remembered in each direction.
const MOST: usize = 10_000;

/// Somebody who types to an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Typist {
    pub(crate) owner: Passport,
    pub(crate) place: Target,
    pub(crate) user: UserId,
}

/// Those who type on Discord now.
#[derive(Debug, Default)]
pub(crate) struct Inward {
    until: HashMap<Typist, Instant>,
}

impl Inward {
    /// Somebody types. Says whether that is new.
    pub(crate) fn begin(&mut self, typist: Typist, now: Instant) -> bool {
        if self.until.len() >= MOST && !self.until.contains_key(&typist) {
            return false;
        }
        self.until.insert(typist, now + SHOWN_FOR).is_none()
    }

    /// Somebody has said something, in whatever place this is for its owners. Says to whom it ends that they type.
    pub(crate) fn end(&mut self, place: Target, user: UserId) -> Vec<Typist> {
        self.until
            .extract_if(|typist, _| typist.place == place && typist.user == user)
            .map(|(typist, _)| typist)
            .collect()
    }

    /// Those who have fallen silent without a word.
    pub(crate) fn fade(&mut self, now: Instant) -> HashSet<Typist> {
        self.until.extract_if(|_, until| *until <= now).map(|(typist, _)| typist).collect()
    }

    /// When the next one fades.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.until.values().min().copied()
    }
}

/// Where Discord was told of late that one of our bots types.
#[derive(Debug, Default)]
pub(crate) struct Outward {
    told: HashMap<(UserId, ChannelId), Instant>,
}

impl Outward {
    /// An account's user types through this bot. Says whether Discord has to be told.
    pub(crate) fn is_due(&mut self, bot: UserId, channel: ChannelId, now: Instant) -> bool {
        let is_fresh = |told: &Instant| now.saturating_duration_since(*told) < BETWEEN;
        if self.told.get(&(bot, channel)).is_some_and(is_fresh) {
            return false;
        }
        if self.told.len() >= MOST {
            self.told.retain(|_, told| is_fresh(told));
        }
        self.told.insert((bot, channel), now);
        true
    }

    /// The bot has said something there, which ends its typing on Discord: the next is told at once.
    pub(crate) fn end(&mut self, bot: UserId, channel: ChannelId) {
        self.told.remove(&(bot, channel));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typist(user: u64) -> Typist {
        Typist { owner: "carol@msn.example".parse().unwrap(), place: Target::Room(ChannelId(5)), user: UserId(user) }
    }

    #[test]
    fn typing_is_told_once_and_fades() {
        let (mut inward, start) = (Inward::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(inward.begin(typist(1), start) && !inward.begin(typist(1), after(8)));
        assert_eq!(inward.next(), Some(after(18)));
        assert!(inward.fade(after(17)).is_empty());
        assert_eq!(inward.fade(after(18)), HashSet::from([typist(1)]));
        assert_eq!(inward.next(), None);
        assert!(inward.begin(typist(1), after(19)), "who begins again is told again");
        assert_eq!(inward.end(Target::Room(ChannelId(6)), UserId(1)), []);
        assert_eq!(inward.end(Target::Room(ChannelId(5)), UserId(1)), [typist(1)], "who has said it types no longer");
    }

    #[test]
    fn discord_is_told_every_eight_seconds() {
        let (mut outward, start) = (Outward::default(), Instant::now());
        let mut at = |seconds| outward.is_due(UserId(1), ChannelId(5), start + Duration::from_secs(seconds));
        assert_eq!([0, 5, 7, 8, 13, 16].map(&mut at), [true, false, false, true, false, true]);
        assert!(outward.is_due(UserId(2), ChannelId(5), start), "another bot");
        outward.end(UserId(1), ChannelId(5));
        assert!(outward.is_due(UserId(1), ChannelId(5), start + Duration::from_secs(17)));
    }
}
