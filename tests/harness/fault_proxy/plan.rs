//! Which request meets which fault. Pure: chance comes from a seed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::Fault;

/// How long a delay may be, in milliseconds.
const DELAY: Range<u64> = 50..1_500;

/// How long a request may be told to wait, in milliseconds.
const WAIT: Range<u64> = 200..2_500;

/// What is to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) fault: Fault,
    /// How long the delay is, or the wait that is asked for.
    pub(super) time: Duration,
}

/// Which request meets which fault, and how many have.
pub(super) struct Plan {
    chance: StdRng,
    per_mille: u32,
    faults: Vec<Fault>,
    /// Those that are still to be met before any is met again.
    bag: Vec<Fault>,
    pub(super) met: BTreeMap<Fault, u32>,
    pub(super) asked: u32,
    pub(super) impatient: u32,
    /// Until when each message was asked to wait.
    waiting: HashMap<String, Instant>,
    /// The how-manieth it is who asks now.
    pub(super) asker: u32,
}

impl Plan {
    /// Nothing happens yet.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: StdRng::seed_from_u64(seed),
            per_mille: 0,
            faults: Vec::new(),
            bag: Vec::new(),
            met: BTreeMap::new(),
            asked: 0,
            impatient: 0,
            waiting: HashMap::new(),
            asker: 0,
        }
    }

    /// Somebody else asks from now on.
    pub(super) fn forgive(&mut self) {
        self.waiting.clear();
        self.asker += 1;
    }

    pub(super) fn strike(&mut self, per_mille: u32, faults: &[Fault]) {
        self.per_mille = if faults.is_empty() { 0 } else { per_mille };
        self.faults = faults.to_vec();
        self.bag.clear();
    }

    /// A request has come.
    pub(super) fn next(&mut self, path: &str, now: Instant) -> Option<Stroke> {
        self.asked += 1;
        if self.waiting.remove(path).is_some_and(|until| now < until) {
            self.impatient += 1;
        }
        if self.chance.random_range(0..1_000) >= self.per_mille {
            return None;
        }
        if self.bag.is_empty() {
            self.bag.clone_from(&self.faults);
        }
        let fault = self.bag.swap_remove(self.chance.random_range(0..self.bag.len()));
        let range = if fault == Fault::Limited { WAIT } else { DELAY };
        Some(Stroke { fault, time: Duration::from_millis(self.chance.random_range(range)) })
    }

    /// The server behind was not there for the fault to be met.
    pub(super) fn put_back(&mut self, stroke: Stroke) {
        self.bag.push(stroke.fault);
    }

    /// The fault was really met by a request of that asker, who may have died since they sent it.
    pub(super) fn count(&mut self, stroke: Stroke, asker: u32, path: &str, now: Instant) {
        *self.met.entry(stroke.fault).or_default() += 1;
        // Other requests are made anew with what is wanted then, and so are not the same again.
        if stroke.fault == Fault::Limited && asker == self.asker && path.contains("/send/") {
            self.waiting.insert(path.to_owned(), now + stroke.time);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_faults() {
        let strokes = |seed| {
            let mut plan = Plan::new(seed);
            plan.strike(300, &Fault::ALL);
            (0..1_000).map(|_| plan.next("/", Instant::now())).collect::<Vec<_>>()
        };
        assert_eq!(strokes(1), strokes(1));
        assert_ne!(strokes(1), strokes(2));
        let met = strokes(1).into_iter().flatten().count();
        assert!((200..400).contains(&met), "{met}");
    }

    #[test]
    fn each_fault_is_met_before_any_comes_again() {
        let mut plan = Plan::new(1);
        plan.strike(1_000, &Fault::ALL);
        for _ in 0..10 {
            let round: BTreeSet<_> =
                Fault::ALL.iter().filter_map(|_| plan.next("/", Instant::now())).map(|stroke| stroke.fault).collect();
            assert_eq!(round.len(), Fault::ALL.len());
        }
    }

    #[test]
    fn nothing_happens_at_rest() {
        let mut plan = Plan::new(1);
        assert!((0..1_000).all(|_| plan.next("/", Instant::now()).is_none()));
    }

    #[test]
    fn who_does_not_wait_is_noticed() {
        let (mut plan, now) = (Plan::new(1), Instant::now());
        let stroke = Stroke { fault: Fault::Limited, time: Duration::from_secs(1) };
        for (after, impatient) in [(900, 1), (1_000, 1)] {
            plan.count(stroke, plan.asker, "/send/x", now);
            plan.next("/send/x", now + Duration::from_millis(after));
            assert_eq!(plan.impatient, impatient);
        }
    }

    #[test]
    fn who_comes_after_one_who_died_need_not_wait() {
        let (mut plan, now) = (Plan::new(1), Instant::now());
        let stroke = Stroke { fault: Fault::Limited, time: Duration::from_secs(1) };
        let dead = plan.asker;
        plan.count(stroke, dead, "/send/x", now);
        plan.forgive();
        // Sent before the death, and read after it.
        plan.count(stroke, dead, "/send/y", now);
        for path in ["/send/x", "/send/y"] {
            plan.next(path, now);
        }
        assert_eq!(plan.impatient, 0);
        plan.count(stroke, plan.asker, "/send/z", now);
        plan.next("/send/z", now);
        assert_eq!(plan.impatient, 1);
    }
}
