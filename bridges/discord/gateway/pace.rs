//! How soon a bot connects again, and how many new sessions it begins.

use std::time::{Duration, Instant};

/// How fast things go; slower never hurts but the patience of people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The wait after the first failure; it doubles with each that follows.
    pub(super) first_pause: Duration,
    /// The longest wait after failures.
    pub(super) longest_pause: Duration,
    /// The least time from one new session of a bot to the next: Discord's own is five seconds.
    pub(super) spacing: Duration,
    /// How long a connection must have held for the failures before it to be forgotten.
    pub(super) held: Duration,
    /// How long a connection may take to be of use.
    pub(super) connecting: Duration,
    /// How long the connection's own clock may stand still: serenity looks twice a second.
    pub(super) silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(5),
            spacing: Duration::from_millis(5500),
            held: Duration::from_mins(1),
            connecting: Duration::from_mins(1),
            silence: Duration::from_secs(30),
        }
    }
}

impl Pace {
    /// The wait after so many failures in a row, by a chance from 0 to 1: at least half of the whole.
    pub(super) fn pause(&self, failures: u32, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(20));
        let whole = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

/// How many sessions may begin at once.
const BURST: f64 = 20.0;
/// How long it takes for one more to be allowed: 20 and 240 in a day are far from the 1,000 after which Discord makes the token
/// void.
const REFILL: Duration = Duration::from_mins(6);

/// The new sessions of a bot.
#[derive(Debug)]
pub(super) struct Sessions {
    left: f64,
    since: Instant,
    last: Option<Instant>,
    /// How many began since the start.
    pub(super) begun: u64,
}

impl Sessions {
    pub(super) const fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, last: None, begun: 0 }
    }

    /// When the next may begin.
    pub(super) fn next(&self, now: Instant, spacing: Duration) -> Instant {
        let left = self.left_at(now);
        let allowed = if left >= 1.0 { now } else { now + REFILL.mul_f64(1.0 - left) };
        self.last.map_or(allowed, |last| allowed.max(last + spacing))
    }

    /// One begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.left = (self.left_at(now) - 1.0).max(0.0);
        self.since = now;
        self.last = Some(now);
        self.begun += 1;
    }

    fn left_at(&self, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(self.since).as_secs_f64() / REFILL.as_secs_f64();
        (self.left + gained).min(BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_never_all_the_same() {
        let pace = Pace::default();
        let seconds = |failures, chance| pace.pause(failures, chance).as_secs_f64();
        assert_eq!((seconds(1, 1.0), seconds(2, 1.0), seconds(5, 1.0)), (1.0, 2.0, 16.0));
        assert_eq!((seconds(5, 0.0), seconds(50, 1.0), seconds(u32::MAX, 0.5)), (8.0, 300.0, 225.0));
    }

    #[test]
    fn a_day_of_trouble_stays_far_below_discords_limit() {
        let start = Instant::now();
        let mut sessions = Sessions::new(start);
        let mut now = start;
        while now < start + Duration::from_hours(24) {
            sessions.begin(now);
            let next = sessions.next(now, Duration::from_secs(5));
            assert!(next >= now + Duration::from_secs(5));
            now = next;
        }
        assert!((200..=300).contains(&sessions.begun), "{}", sessions.begun);
    }

    #[test]
    fn a_quiet_day_allows_a_burst_again() {
        let start = Instant::now();
        let mut sessions = Sessions::new(start);
        for _ in 0..100 {
            sessions.begin(start);
        }
        assert!(sessions.next(start, Duration::ZERO) > start + Duration::from_mins(5));
        let later = start + Duration::from_hours(24);
        for _ in 0..20 {
            assert_eq!(sessions.next(later, Duration::ZERO), later);
            sessions.begin(later);
        }
        assert!(sessions.next(later, Duration::ZERO) > later);
    }
}
