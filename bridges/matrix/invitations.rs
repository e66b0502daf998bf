//! How many invitations one sender may make within an hour. Pure.

use std::collections::HashMap;

use domain::Timestamp;
use ruma::{OwnedEventId, OwnedUserId, UserId};

const HOUR: u64 = 60 * 60 * 1000;

/// The invitations of the last hour, by sender.
pub(crate) struct Invitations {
    most: usize,
    of: HashMap<OwnedUserId, Vec<(Timestamp, OwnedEventId)>>,
}

impl Invitations {
    /// Lets `most` through an hour.
    pub(crate) fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), of: HashMap::new() }
    }

    /// Whether this invitation is let through. The same one counts once, however often it is asked about.
    pub(crate) fn admits(&mut self, sender: &UserId, id: &OwnedEventId, now: Timestamp) -> bool {
        self.of.retain(|_, made| {
            made.retain(|(at, _)| now.since(*at) < HOUR);
            !made.is_empty()
        });
        let made = self.of.entry(sender.to_owned()).or_default();
        if made.iter().any(|(_, known)| known == id) {
            return true;
        }
        // Those that are turned down do not count: memory is bounded, and the hour passes.
        if made.len() >= self.most {
            return false;
        }
        made.push((now, id.clone()));
        true
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn one_sender_is_held_back_until_the_hour_has_passed() {
        let mut invitations = Invitations::new(2);
        let id = |number: u32| OwnedEventId::try_from(format!("$e{number}")).unwrap();
        let (alice, bob) = (user_id!("@alice:a.org"), user_id!("@bob:a.org"));
        assert!(invitations.admits(alice, &id(1), Timestamp(0)));
        assert!(invitations.admits(alice, &id(1), Timestamp(1)), "a replay is no second invitation");
        assert!(invitations.admits(alice, &id(2), Timestamp(10)));
        assert!(!invitations.admits(alice, &id(3), Timestamp(20)));
        assert!(invitations.admits(bob, &id(4), Timestamp(20)));
        assert!(invitations.admits(alice, &id(5), Timestamp(3_600_000)));
        assert!(!invitations.admits(alice, &id(6), Timestamp(3_600_001)));
    }
}
