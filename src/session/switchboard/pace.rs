//! Nudges shake a window, so they have a pace.

#[cfg(test)]
mod tests;

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
