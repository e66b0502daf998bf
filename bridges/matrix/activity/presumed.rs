//! How present people are presumed to be by what was heard of them. Pure: moments are arguments.

use std::collections::{BTreeSet, HashMap};

use domain::{
    PersonalMessage, Timestamp,
    presence::{Availability, RemotePresence},
};

use crate::chat::Pair;

/// After so long without a sign somebody is away, in milliseconds.
const AWAY: i64 = 5 * 60 * 1000;
/// After so long they are gone.
const GONE: i64 = 30 * 60 * 1000;
/// How many are remembered; who has been silent for the longest is gone first.
const MOST: usize = 10_000;

/// Those who were heard of within the last half hour.
#[derive(Default)]
pub(super) struct Presumed {
    of: HashMap<Pair, Heard>,
    /// When each of them has to be looked at; who was heard of since is put down anew then.
    due: BTreeSet<(Timestamp, Pair)>,
}

/// When somebody was last heard of, and what was told of it.
#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Timestamp,
    due: Timestamp,
    is_away: bool,
}

impl Presumed {
    /// Somebody gave a sign. Says what has to be told.
    pub(super) fn heard(&mut self, pair: Pair, now: Timestamp) -> Vec<(Pair, RemotePresence)> {
        if let Some(heard) = self.of.get_mut(&pair)
            && !heard.is_away
        {
            heard.at = now;
            return Vec::new();
        }
        let mut changes = Vec::new();
        while self.of.len() >= MOST && !self.of.contains_key(&pair) {
            let Some((_, longest)) = self.due.pop_first() else { break };
            let last = self.of.remove(&longest).map(|heard| heard.at);
            changes.push((longest, presence(Availability::Offline, last)));
        }
        self.put(pair.clone(), Heard { at: now, due: Timestamp(now.0 + AWAY), is_away: false });
        changes.push((pair, presence(Availability::Online, Some(now))));
        changes
    }

    /// Looks at those who are due. Says what has to be told.
    pub(super) fn fade(&mut self, now: Timestamp) -> Vec<(Pair, RemotePresence)> {
        let mut changes = Vec::new();
        while self.due.first().is_some_and(|(due, _)| due.0 <= now.0) {
            let Some((_, pair)) = self.due.pop_first() else { break };
            let Some(heard) = self.of.remove(&pair) else { continue };
            let silent = now.0.saturating_sub(heard.at.0);
            if silent >= GONE {
                changes.push((pair, presence(Availability::Offline, Some(heard.at))));
            } else if silent >= AWAY {
                changes.push((pair.clone(), presence(Availability::Away, Some(heard.at))));
                self.put(pair, Heard { due: Timestamp(heard.at.0 + GONE), is_away: true, ..heard });
            } else {
                self.put(pair, Heard { due: Timestamp(heard.at.0 + AWAY), ..heard });
            }
        }
        changes
    }

    /// When somebody is next due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What was told last of somebody.
    pub(super) fn presence_of(&self, pair: &Pair) -> RemotePresence {
        match self.of.get(pair) {
            Some(heard) if heard.is_away => presence(Availability::Away, Some(heard.at)),
            Some(heard) => presence(Availability::Online, Some(heard.at)),
            None => presence(Availability::Offline, None),
        }
    }

    fn put(&mut self, pair: Pair, heard: Heard) {
        let due = heard.due;
        if let Some(old) = self.of.insert(pair.clone(), heard) {
            self.due.remove(&(old.due, pair.clone()));
        }
        self.due.insert((due, pair));
    }
}

fn presence(availability: Availability, last_active: Option<Timestamp>) -> RemotePresence {
    RemotePresence { availability, last_active, personal_message: PersonalMessage::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60 * 1000;

    fn pair(number: usize) -> Pair {
        Pair {
            owner: "carol@msn.example".parse().unwrap(),
            user: format!("@user{number}:example.org").try_into().unwrap(),
        }
    }

    fn told(changes: &[(Pair, RemotePresence)]) -> Vec<(Availability, i64)> {
        changes.iter().map(|(_, presence)| (presence.availability, presence.last_active.unwrap().0 / MINUTE)).collect()
    }

    #[test]
    fn who_falls_silent_is_away_and_then_gone() {
        let mut presumed = Presumed::default();
        let at = |minute: i64| Timestamp(minute * MINUTE);
        assert_eq!(told(&presumed.heard(pair(1), at(10))), [(Availability::Online, 10)]);
        assert_eq!(presumed.heard(pair(1), at(12)), [], "told already");
        assert_eq!(presumed.next(), Some(at(15)));
        assert_eq!(presumed.fade(at(15)), [], "heard of since");
        assert_eq!(presumed.next(), Some(at(17)));
        assert_eq!(told(&presumed.fade(at(17))), [(Availability::Away, 12)]);
        assert_eq!(presumed.presence_of(&pair(1)).availability, Availability::Away);
        assert_eq!(told(&presumed.fade(at(42))), [(Availability::Offline, 12)]);
        assert_eq!((presumed.next(), presumed.of.len()), (None, 0), "nothing is remembered of who is gone");
    }

    #[test]
    fn who_comes_back_is_there_at_once() {
        let mut presumed = Presumed::default();
        presumed.heard(pair(1), Timestamp(0));
        presumed.fade(Timestamp(6 * MINUTE));
        assert_eq!(told(&presumed.heard(pair(1), Timestamp(7 * MINUTE))), [(Availability::Online, 7)]);
        assert_eq!(presumed.due.len(), 1);
        assert_eq!(presumed.presence_of(&pair(1)).availability, Availability::Online);
        // A sleep of the machine: both steps at once.
        assert_eq!(told(&presumed.fade(Timestamp(90 * MINUTE))), [(Availability::Offline, 7)]);
    }

    #[test]
    fn memory_is_bounded_and_who_is_forgotten_is_told_as_gone() {
        let mut presumed = Presumed::default();
        for number in 0..MOST {
            presumed.heard(pair(number), Timestamp(number as i64));
        }
        let changes = presumed.heard(pair(MOST), Timestamp(MINUTE));
        assert_eq!(changes.len(), 2);
        assert_eq!((&changes[0].0, changes[0].1.availability), (&pair(0), Availability::Offline));
        assert_eq!((presumed.of.len(), presumed.due.len()), (MOST, MOST));
    }
}
