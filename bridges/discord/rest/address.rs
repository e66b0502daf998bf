//! How often Discord said no to this computer's address: too often, and it bans the address with every bot behind it.

use std::time::{Duration, Instant};

/// How many refusals bring nothing but a pause of our own; Discord bans for some time at 10,000 within ten minutes.
const MOST: u32 = 8_000;
/// The ten minutes, counted one by one.
const MINUTES: usize = 11;
const MINUTE: Duration = Duration::from_mins(1);

/// Refusals of the last ten minutes: answers 401, 403 and 429 (Discord's documentation: "Invalid Request Limit").
#[derive(Debug, Default)]
pub(super) struct Strikes {
    /// The minute that is being counted: when it began, and which of `counts` it is.
    minute: Option<(Instant, usize)>,
    counts: [u32; MINUTES],
    /// Banned already, until then.
    banned_until: Option<Instant>,
}

impl Strikes {
    /// Counts one.
    pub(super) fn count(&mut self, now: Instant) {
        self.turn(now);
        let (_, index) = *self.minute.get_or_insert((now, 0));
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
        }
    }

    /// Takes in that the address is banned.
    pub(super) fn banned(&mut self, until: Instant) {
        self.banned_until = self.banned_until.max(Some(until));
    }

    /// Before when nothing more must be asked by anybody, if they have become too many.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Instant> {
        if let Some(until) = self.banned_until.filter(|until| *until > now) {
            return Some(until);
        }
        self.turn(now);
        let (began, _) = self.minute?;
        (self.counts.iter().sum::<u32>() >= MOST).then(|| began + MINUTE)
    }

    /// Goes on to the minute that it is.
    fn turn(&mut self, now: Instant) {
        let Some((mut began, mut index)) = self.minute else { return };
        let mut passed = 0;
        while now >= began + MINUTE {
            if passed == MINUTES {
                (self.minute, self.counts) = (None, [0; MINUTES]);
                return;
            }
            began += MINUTE;
            index = (index + 1) % MINUTES;
            if let Some(count) = self.counts.get_mut(index) {
                *count = 0;
            }
            passed += 1;
        }
        self.minute = Some((began, index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_refusals_bring_a_pause_until_they_are_ten_minutes_old() {
        let (mut strikes, start) = (Strikes::default(), Instant::now());
        for _ in 1..MOST {
            strikes.count(start);
        }
        assert_eq!(strikes.pause(start), None);
        strikes.count(start);
        assert_eq!(strikes.pause(start), Some(start + MINUTE));
        assert!(strikes.pause(start + Duration::from_mins(10)).is_some());
        assert_eq!(strikes.pause(start + Duration::from_mins(11)), None);
    }

    #[test]
    fn a_few_now_and_then_bring_none() {
        let (mut strikes, start) = (Strikes::default(), Instant::now());
        for minute in 0..600 {
            for _ in 0..100 {
                strikes.count(start + Duration::from_mins(minute));
            }
            assert_eq!(strikes.pause(start + Duration::from_mins(minute)), None);
        }
        assert_eq!(strikes.pause(start + Duration::from_hours(100)), None);
    }
}
