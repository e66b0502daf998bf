//! Discord's limits of one bot, as its answers tell them (its documentation: "Rate Limits").

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::call::Route;

/// How many requests a bot may send within a second, of whatever kind.
const GLOBAL: usize = 50;
/// The second that they are counted in, a little longer than Discord's so that a late clock does no harm.
const GLOBAL_WINDOW: Duration = Duration::from_millis(1050);
/// More windows than this are looked through for ones that are over.
const MANY: usize = 512;

/// What is known of the limits of one bot.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// In which bucket a kind of request is counted, once an answer has told.
    buckets: HashMap<&'static str, String>,
    windows: HashMap<Counted, Window>,
    /// When the last requests were sent.
    sent: VecDeque<Instant>,
    /// Nothing at all before then.
    paused_until: Option<Instant>,
}

/// What is counted together: the bucket of a kind of request (the kind itself, as long as its bucket is not known), and what it is
/// about.
type Counted = (String, u64);

#[derive(Debug, Clone, Copy)]
struct Window {
    /// How many requests it has room for, and for how long.
    most: u32,
    length: Duration,
    remaining: u32,
    ends: Instant,
}

/// What an answer tells of the limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    pub(super) bucket: Option<String>,
    pub(super) limit: Option<u32>,
    pub(super) remaining: Option<u32>,
    pub(super) reset_after: Option<Duration>,
}

impl Limits {
    /// Lets a request go, and counts it; or tells before when it must not.
    pub(super) fn admit(&mut self, now: Instant, route: Route) -> Result<(), Instant> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(until);
        }
        while self.sent.front().is_some_and(|&sent| now >= sent + GLOBAL_WINDOW) {
            self.sent.pop_front();
        }
        if let Some(&first) = self.sent.front().filter(|_| self.sent.len() >= GLOBAL) {
            return Err(first + GLOBAL_WINDOW);
        }
        let counted = self.counted(route);
        if let Some(window) = self.windows.get_mut(&counted) {
            if window.ends <= now {
                // It is like the last until an answer tells: those who waited for it must not all go at once.
                (window.remaining, window.ends) = (window.most, now + window.length);
            }
            window.remaining = window.remaining.checked_sub(1).ok_or(window.ends)?;
        }
        self.sent.push_back(now);
        Ok(())
    }

    /// Takes in what an answer tells.
    pub(super) fn learn(&mut self, now: Instant, route: Route, told: &Told) {
        if let Some(bucket) = &told.bucket {
            self.buckets.insert(route.kind, bucket.clone());
        }
        let (Some(remaining), Some(reset_after)) = (told.remaining, told.reset_after) else { return };
        let counted = self.counted(route);
        let known = self.windows.get(&counted);
        let length = known.map_or(reset_after, |window| window.length.max(reset_after));
        // Requests that are still under way are counted here already, and not in this answer.
        let counted_here = known.filter(|window| window.ends > now).map(|window| window.remaining);
        let most = told.limit.unwrap_or(remaining + 1).max(1);
        let remaining = counted_here.map_or(remaining, |counted| counted.min(remaining));
        self.keep(now, counted, Window { most, length, remaining, ends: now + reset_after });
    }

    /// Takes in that Discord has had too much of it: of this kind, or of everything.
    pub(super) fn exceeded(&mut self, now: Instant, route: Route, after: Duration, everything: bool) {
        let ends = now + after;
        if everything {
            self.paused_until = self.paused_until.max(Some(ends));
        } else {
            let counted = self.counted(route);
            let known = self.windows.get(&counted).map(|window| (window.most, window.length));
            let (most, length) = known.unwrap_or((1, Duration::ZERO));
            self.keep(now, counted, Window { most, length, remaining: 0, ends });
        }
    }

    fn keep(&mut self, now: Instant, counted: Counted, window: Window) {
        self.windows.insert(counted, window);
        if self.windows.len() > MANY {
            self.windows.retain(|_, window| window.ends > now);
        }
    }

    fn counted(&self, route: Route) -> Counted {
        (self.buckets.get(route.kind).cloned().unwrap_or_else(|| route.kind.to_owned()), route.about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAY: Route = Route { kind: "say", about: 5 };

    fn told(remaining: u32, seconds: f32) -> Told {
        let reset_after = Some(Duration::from_secs_f32(seconds));
        Told { bucket: Some("b".into()), limit: Some(5), remaining: Some(remaining), reset_after }
    }

    #[test]
    fn a_bucket_that_is_empty_holds_until_its_window_ends() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        limits.admit(now, SAY).unwrap();
        limits.learn(now, SAY, &told(1, 2.0));
        limits.admit(now, SAY).unwrap();
        assert_eq!(limits.admit(now, SAY), Err(now + Duration::from_secs(2)));
        limits.admit(now, Route { kind: "say", about: 6 }).expect("another channel has its own window");
        let same_bucket = Route { kind: "edit", about: 5 };
        limits.admit(now, same_bucket).expect("its bucket is not known yet");
        limits.learn(now, same_bucket, &told(0, 2.0));
        assert!(limits.admit(now, same_bucket).is_err());
        limits.admit(now + Duration::from_secs(2), SAY).expect("the window is over");
    }

    #[test]
    fn what_is_under_way_is_not_forgotten_by_a_late_answer() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        limits.learn(now, SAY, &told(2, 5.0));
        limits.admit(now, SAY).unwrap();
        limits.admit(now, SAY).unwrap();
        // The answer to the first does not know of the second.
        limits.learn(now, SAY, &told(1, 5.0));
        assert!(limits.admit(now, SAY).is_err());
    }

    #[test]
    fn those_who_waited_do_not_all_go_at_once() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        limits.learn(now, SAY, &told(0, 2.0));
        let next = now + Duration::from_secs(2);
        let gone = (0..20).filter(|_| limits.admit(next, SAY).is_ok()).count();
        assert_eq!(gone, 5, "as many as a window has room for");
        assert_eq!(limits.admit(next, SAY), Err(next + Duration::from_secs(2)));
        // The first answer tells when the window really ends.
        limits.learn(next, SAY, &told(4, 1.0));
        assert_eq!(limits.admit(next, SAY), Err(next + Duration::from_secs(1)));
    }

    #[test]
    fn a_second_holds_fifty_requests_of_any_kind() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for about in 0..50 {
            limits.admit(now, Route { kind: "message", about }).unwrap();
        }
        assert_eq!(limits.admit(now, SAY), Err(now + GLOBAL_WINDOW));
        limits.admit(now + GLOBAL_WINDOW, SAY).unwrap();
    }

    #[test]
    fn what_was_too_much_is_not_tried_before_its_time() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        limits.exceeded(now, SAY, Duration::from_secs(3), false);
        assert_eq!(limits.admit(now, SAY), Err(now + Duration::from_secs(3)));
        limits.exceeded(now, SAY, Duration::from_secs(4), true);
        assert_eq!(limits.admit(now, Route { kind: "me", about: 0 }), Err(now + Duration::from_secs(4)));
    }

    #[test]
    fn windows_that_are_over_take_no_memory() {
        let (mut limits, mut now) = (Limits::default(), Instant::now());
        for about in 0..10_000 {
            now += Duration::from_millis(25);
            limits.learn(now, Route { kind: "say", about }, &told(1, 1.0));
            limits.exceeded(now, Route { kind: "execute", about }, Duration::from_secs(1), false);
        }
        assert!(limits.windows.len() <= MANY + 1, "{}", limits.windows.len());
    }
}
