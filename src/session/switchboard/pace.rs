//! Nudges shake a window, so they have a pace.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::Passport;

/// How long after a nudge the same contact's next one shakes nothing.
const PAUSE: Duration = Duration::from_secs(10);

/// Who has nudged lately, in one conversation.
#[derive(Debug, Default)]
pub(super) struct NudgePace {
    nudged: BTreeMap<Passport, Instant>,
}

impl NudgePace {
    /// Whether a nudge of this person is due; if so, the next one is not for a while.
    pub(super) fn takes(&mut self, from: &Passport, now: Instant) -> bool {
        self.nudged.retain(|_, at| now.saturating_duration_since(*at) < PAUSE);
        if self.nudged.contains_key(from) {
            return false;
        }
        self.nudged.insert(from.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nudges_once_in_ten_seconds() {
        let [ann, bob]: [Passport; 2] = ["ann@a.example", "bob@a.example"].map(|name| name.parse().unwrap());
        let start = Instant::now();
        let mut pace = NudgePace::default();
        let mut takes = |from: &Passport, seconds| pace.takes(from, start + Duration::from_secs(seconds));
        assert!(takes(&ann, 0) && takes(&bob, 1));
        assert!(!takes(&ann, 9) && !takes(&bob, 10));
        assert!(takes(&ann, 10), "what was too early does not count");
    }
}
