//! What waits for the keys that it is encrypted with: how long, and when it is told that they do not come. Pure.

use std::{collections::BTreeMap, time::Duration};

use ruma::{EventId, OwnedEventId};
use tokio::time::Instant;

/// How long keys are waited for: after that, whatever is said behind what cannot be decrypted goes on.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How many events are known to be waiting; of those beyond them it is not remembered since when.
const MOST: usize = 4_096;

/// Since when what cannot be decrypted waits. A restart begins anew: the keys may have come meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Held {
    since: BTreeMap<OwnedEventId, Instant>,
}

/// What becomes of an event that cannot be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Its keys may come until then.
    Until(Instant),
    /// They have not come.
    Over,
}

impl Held {
    /// An event that cannot be decrypted was met. `is_final`: whoever has its keys has said that they will not be given.
    pub(super) fn meets(&mut self, event: &EventId, is_final: bool, now: Instant) -> Patience {
        if is_final {
            return Patience::Over;
        }
        if self.since.len() >= MOST && !self.since.contains_key(event) {
            self.since.retain(|_, since| *since + PATIENCE > now);
        }
        if self.since.len() >= MOST && !self.since.contains_key(event) {
            return Patience::Over;
        }
        let until = *self.since.entry(event.to_owned()).or_insert(now) + PATIENCE;
        if until > now { Patience::Until(until) } else { Patience::Over }
    }

    /// An event was taken, decrypted or not.
    pub(super) fn has_gone(&mut self, event: &EventId) {
        self.since.remove(event);
    }
}

#[cfg(test)]
mod tests {
    use ruma::event_id;

    use super::*;

    #[test]
    fn keys_are_waited_for_from_the_first_meeting_on_and_not_for_ever() {
        let (mut held, now) = (Held::default(), Instant::now());
        let event = event_id!("$a");
        assert_eq!(held.meets(event, false, now), Patience::Until(now + PATIENCE));
        let later = now + PATIENCE / 2;
        assert_eq!(held.meets(event, false, later), Patience::Until(now + PATIENCE), "not from each meeting on");
        assert_eq!(held.meets(event_id!("$b"), false, later), Patience::Until(later + PATIENCE));
        assert_eq!(held.meets(event, false, now + PATIENCE), Patience::Over);
        held.has_gone(event);
        assert_eq!(held.since.len(), 1);
    }

    #[test]
    fn what_its_sender_keeps_back_is_not_waited_for() {
        let mut held = Held::default();
        assert_eq!(held.meets(event_id!("$a"), true, Instant::now()), Patience::Over);
    }

    #[test]
    fn what_is_remembered_of_it_is_bounded() {
        let (mut held, now) = (Held::default(), Instant::now());
        for number in 0..MOST {
            held.meets(&EventId::parse(format!("${number}")).unwrap(), false, now);
        }
        assert_eq!(
            held.meets(event_id!("$more"), false, now),
            Patience::Over,
            "told rather than waited for unmeasured"
        );
        let later = now + PATIENCE;
        assert_eq!(held.meets(event_id!("$more"), false, later), Patience::Until(later + PATIENCE));
    }
}
