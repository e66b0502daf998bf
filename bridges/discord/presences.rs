//! What each account was told of who is there, so that nobody comes and goes on a list who only did so on a wire. Pure.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use domain::{
    Passport, PersonalMessage, Timestamp,
    presence::{Availability, RemotePresence},
};

use crate::model::UserId;

/// After so long without a sign somebody is away, where Discord does not tell who is there.
const AWAY: Duration = Duration::from_mins(5);
/// After so long they are gone.
const GONE: Duration = Duration::from_mins(30);
/// How many are remembered of whom there was a sign.
const MOST: usize = 10_000;

/// What was told last, to whom of whom, as a hash: it is only compared.
#[derive(Debug, Default)]
pub(crate) struct Told {
    last: HashMap<Passport, HashMap<UserId, u64>>,
}

impl Told {
    /// Whether this is another presence than the account was told last; from now on it is the one that it was told.
    pub(crate) fn is_news(&mut self, owner: &Passport, user: UserId, presence: &RemotePresence) -> bool {
        let mut hasher = DefaultHasher::new();
        (presence.availability, &presence.personal_message, presence.last_active).hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(told) = self.last.get_mut(owner) {
            return told.insert(user, hash) != Some(hash);
        }
        self.last.insert(owner.clone(), HashMap::from([(user, hash)]));
        true
    }

    /// The account has nothing to do with this person any more.
    pub(crate) fn forget(&mut self, owner: &Passport, user: UserId) {
        if let Some(told) = self.last.get_mut(owner) {
            told.remove(&user);
        }
    }

    /// The account has nothing to do with Discord any more.
    pub(crate) fn release(&mut self, owner: &Passport) {
        self.last.remove(owner);
    }
}

/// What is presumed of those whom a bot sees act, where it is not told who is there.
#[derive(Debug, Default)]
pub(crate) struct Presumed {
    heard: HashMap<UserId, Timestamp>,
    /// When room was made last: looking through all of them for each sign would be dear.
    cleared: Timestamp,
}

impl Presumed {
    /// Somebody gave a sign.
    pub(crate) fn hear(&mut self, user: UserId, now: Timestamp) {
        if self.heard.len() >= MOST && !self.heard.contains_key(&user) {
            if now.since(self.cleared) < AWAY.as_millis() as u64 {
                return;
            }
            // Whoever is long gone is shown as gone without being remembered.
            self.heard.retain(|_, at| now.since(*at) < GONE.as_millis() as u64);
            self.cleared = now;
            if self.heard.len() >= MOST {
                return;
            }
        }
        self.heard.insert(user, now);
    }

    /// How present somebody is presumed to be.
    pub(crate) fn presence(&self, user: UserId, now: Timestamp) -> RemotePresence {
        let last_active = self.heard.get(&user).copied();
        let silent = last_active.map(|at| Duration::from_millis(now.since(at)));
        let availability = match silent {
            Some(silent) if silent < AWAY => Availability::Online,
            Some(silent) if silent < GONE => Availability::Away,
            Some(_) | None => Availability::Offline,
        };
        RemotePresence { availability, last_active, personal_message: PersonalMessage::default() }
    }

    /// Those of whom there ever was a sign.
    pub(crate) fn people(&self) -> impl Iterator<Item = UserId> {
        self.heard.keys().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heard.is_empty()
    }
}

/// Not there since this moment, as far as can be told from here.
pub(crate) const fn absent_since(since: Option<Timestamp>) -> RemotePresence {
    RemotePresence {
        availability: Availability::Offline,
        last_active: since,
        personal_message: PersonalMessage { text: String::new(), current_media: String::new() },
    }
}

/// Not to be reached: they share no guild with the account's bot any more.
pub(crate) const OUT_OF_REACH: RemotePresence = RemotePresence::UNKNOWN;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60 * 1000;

    #[test]
    fn the_same_is_told_once_to_each_account() {
        let [carol, dave] = ["carol@msn.example", "dave@msn.example"].map(|owner| owner.parse::<Passport>().unwrap());
        let mut told = Told::default();
        let away = absent_since(None);
        assert!(told.is_news(&carol, UserId(1), &away));
        assert!(!told.is_news(&carol, UserId(1), &away));
        assert!(told.is_news(&dave, UserId(1), &away) && told.is_news(&carol, UserId(2), &away));
        assert!(told.is_news(&carol, UserId(1), &OUT_OF_REACH));
        told.forget(&carol, UserId(1));
        assert!(told.is_news(&carol, UserId(1), &OUT_OF_REACH));
    }

    #[test]
    fn who_falls_silent_is_away_and_then_gone() {
        let mut presumed = Presumed::default();
        presumed.hear(UserId(1), Timestamp(0));
        let at = |minute: i64| presumed.presence(UserId(1), Timestamp(minute * MINUTE)).availability;
        assert_eq!(
            [0, 4, 5, 29, 30].map(at),
            [Availability::Online, Availability::Online, Availability::Away, Availability::Away, Availability::Offline]
        );
        assert_eq!(presumed.presence(UserId(2), Timestamp(0)), absent_since(None), "of whom nothing was heard");
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut presumed = Presumed::default();
        (0..2 * MOST as u64).for_each(|user| presumed.hear(UserId(user), Timestamp(0)));
        assert_eq!(presumed.people().count(), MOST);
        presumed.hear(UserId(u64::MAX), Timestamp(30 * MINUTE));
        assert_eq!(presumed.people().count(), 1, "those who are gone make room");
    }
}
