//! How many commands one person may give. Pure.

use std::collections::HashMap;

use domain::Timestamp;
use ruma::{OwnedUserId, UserId};

/// How many commands of one person are carried out within a minute.
const MOST: u32 = 20;
const MINUTE: u64 = 60_000;
/// How many people are counted at once; above that only the quiet ones are forgotten, and further people wait.
const PEOPLE: usize = 10_000;

/// The commands of the last minute, by person.
#[derive(Default)]
pub(super) struct Pace {
    of: HashMap<OwnedUserId, (Timestamp, u32)>,
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is carried out.
    Go,
    /// It is not, and this is said, once.
    SayWait,
    /// It is not, and nothing is said.
    Silence,
}

impl Pace {
    /// Counts a command of somebody.
    pub(super) fn admits(&mut self, by: &UserId, now: Timestamp) -> Verdict {
        self.of.retain(|_, (since, _)| now.since(*since) < MINUTE);
        if self.of.len() >= PEOPLE && !self.of.contains_key(by) {
            return Verdict::Silence;
        }
        let (_, count) = self.of.entry(by.to_owned()).or_insert((now, 0));
        *count = count.saturating_add(1);
        match *count {
            ..=MOST => Verdict::Go,
            count if count == MOST + 1 => Verdict::SayWait,
            _ => Verdict::Silence,
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn whoever_is_too_fast_is_told_so_once_a_minute() {
        let mut pace = Pace::default();
        let (alice, bob) = (user_id!("@alice:a.org"), user_id!("@bob:a.org"));
        for _ in 0..MOST {
            assert_eq!(pace.admits(alice, Timestamp(5)), Verdict::Go);
        }
        assert_eq!(pace.admits(alice, Timestamp(6)), Verdict::SayWait);
        assert_eq!(pace.admits(alice, Timestamp(7)), Verdict::Silence);
        assert_eq!(pace.admits(bob, Timestamp(7)), Verdict::Go);
        assert_eq!(pace.admits(alice, Timestamp(60_005)), Verdict::Go);
    }
}
