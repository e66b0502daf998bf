//! Proving who one is on Matrix: an account of this server names its Matrix user, and that user says a number to the bot. Pure.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use constant_time_eq::constant_time_eq;
use domain::{Passport, Timestamp};
use ruma::{OwnedUserId, UserId};

/// How long a number can be said, in milliseconds.
const LASTS: i64 = 15 * 60 * 1000;
/// How many wrong numbers of a user end what waits for them: they are few against the million that there are.
const MOST_MISTAKES: u32 = 5;

/// The proofs that are waited for: one for each account at most.
#[derive(Default)]
pub(super) struct Proofs {
    waiting: Mutex<BTreeMap<Passport, Waiting>>,
}

struct Waiting {
    user: OwnedUserId,
    code: String,
    until: Timestamp,
    mistakes: u32,
}

/// A proof that is waited for. It holds what proves it, so that it cannot be formatted.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Who has to say the number.
    pub(super) user: OwnedUserId,
    /// The number, as it is read out.
    pub(super) code: String,
}

/// A number of six digits, in two groups, of chance of its own: below a million, each as likely as another as far as anybody can tell.
pub(super) fn code(chance: u64) -> String {
    let number = chance % 1_000_000;
    format!("{:03} {:03}", number / 1000, number % 1000)
}

impl Proofs {
    /// Asks the user to say this number; what the account asked before does not hold any more.
    pub(super) fn ask(&self, owner: &Passport, user: &UserId, code: String, now: Timestamp) -> Asked {
        let asked = Asked { user: user.to_owned(), code: code.clone() };
        let until = Timestamp(now.0.saturating_add(LASTS));
        self.lock(now).insert(owner.clone(), Waiting { user: user.to_owned(), code, until, mistakes: 0 });
        asked
    }

    /// What is waited for.
    pub(super) fn of(&self, owner: &Passport, now: Timestamp) -> Option<Asked> {
        let waiting = self.lock(now);
        waiting.get(owner).map(|waiting| Asked { user: waiting.user.clone(), code: waiting.code.clone() })
    }

    /// Forgets it; whether there was any.
    pub(super) fn forget(&self, owner: &Passport, now: Timestamp) -> bool {
        self.lock(now).remove(owner).is_some()
    }

    /// Somebody says a number: gives the account whose user they thereby are. It counts once.
    pub(super) fn prove(&self, by: &UserId, said: &str, now: Timestamp) -> Option<Passport> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let said = digits(said);
        let mut waiting = self.lock(now);
        let fits = |waiting: &Waiting| {
            waiting.user == by && constant_time_eq(digits(&waiting.code).as_bytes(), said.as_bytes())
        };
        let found = waiting.iter().find(|(_, waiting)| fits(waiting)).map(|(owner, _)| owner.clone());
        match &found {
            Some(owner) => {
                waiting.remove(owner);
            }
            None => waiting.retain(|_, waiting| {
                waiting.mistakes += u32::from(waiting.user == by);
                waiting.mistakes < MOST_MISTAKES
            }),
        }
        found
    }

    /// Those that still hold.
    fn lock(&self, now: Timestamp) -> MutexGuard<'_, BTreeMap<Passport, Waiting>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, waiting| waiting.until > now);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    fn carol() -> Passport {
        "carol@msn.example".parse().unwrap()
    }

    #[test]
    fn only_the_named_user_proves_it_once_and_in_time() {
        let (ann, bob) = (user_id!("@ann:example.org"), user_id!("@bob:example.org"));
        let proofs = Proofs::default();
        let asked = proofs.ask(&carol(), ann, code(42), Timestamp(0));
        assert_eq!(asked.code, "000 042");
        assert!(proofs.of(&carol(), Timestamp(1)) == Some(asked));
        assert_eq!(proofs.prove(bob, "000 042", Timestamp(1)), None);
        assert_eq!(proofs.prove(ann, "000 043", Timestamp(1)), None);
        assert_eq!(proofs.prove(ann, "000042", Timestamp(1)), Some(carol()));
        assert_eq!(proofs.prove(ann, "000042", Timestamp(1)), None, "it was said already");
        proofs.ask(&carol(), ann, code(42), Timestamp(0));
        assert_eq!(proofs.prove(ann, "000042", Timestamp(LASTS)), None, "too late");
        assert!(proofs.of(&carol(), Timestamp(1)).is_none());
    }

    #[test]
    fn numbers_are_not_tried_one_after_another() {
        let ann = user_id!("@ann:example.org");
        let proofs = Proofs::default();
        proofs.ask(&carol(), ann, code(999_999), Timestamp(0));
        for wrong in 0..u64::from(MOST_MISTAKES) {
            assert_eq!(proofs.prove(ann, &code(wrong), Timestamp(1)), None);
        }
        assert_eq!(proofs.prove(ann, &code(999_999), Timestamp(1)), None, "it is over");
        assert!(proofs.of(&carol(), Timestamp(1)).is_none());
    }

    #[test]
    fn what_is_asked_anew_replaces_what_was_asked() {
        let ann = user_id!("@ann:example.org");
        let proofs = Proofs::default();
        proofs.ask(&carol(), ann, code(1), Timestamp(0));
        proofs.ask(&carol(), ann, code(2), Timestamp(0));
        assert_eq!(proofs.prove(ann, &code(1), Timestamp(1)), None);
        assert!(proofs.forget(&carol(), Timestamp(1)) && !proofs.forget(&carol(), Timestamp(1)));
        assert_eq!(proofs.prove(ann, &code(2), Timestamp(1)), None);
    }
}
