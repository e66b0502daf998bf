//! Tries that failed, counted so that nobody guesses on and on, and so that nobody keeps another one from signing in.
//!
//! A wrong password counts for its address, for its address and account together, and for the account alone. The last has the highest
//! bound, which a few machines can reach: where the account's owner has signed in from before, it does not count.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use domain::Passport;

use crate::{settings::Limits, subscriber::subscriber};

/// How many counts are kept; beyond that, the least of them are forgotten.
const MOST_COUNTS: usize = 30_000;

/// Of how many places it is remembered that somebody has signed in there; beyond that, the oldest are forgotten.
const MOST_HOMES: usize = 20_000;

/// For how long that is remembered.
const HOME: Duration = Duration::from_hours(30 * 24);

/// How much is kept when there is no room any more.
const KEPT: (usize, usize) = (3, 4);

/// Somebody who tries something, counted by [`subscriber`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    from: IpAddr,
    at: Door,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Door {
    /// An account; `None` for what is no address.
    Account(Option<Passport>),
    /// Something that is counted by itself.
    Other(&'static str),
}

impl Attempt {
    /// A password for an account; `None` for what is no address.
    pub(crate) fn to_sign_in(account: Option<Passport>, from: IpAddr) -> Self {
        Self { from: subscriber(from), at: Door::Account(account) }
    }

    /// Something that is counted apart from passwords.
    pub(crate) fn at(what: &'static str, from: IpAddr) -> Self {
        Self { from: subscriber(from), at: Door::Other(what) }
    }

    fn home(&self) -> Option<Home> {
        match &self.at {
            Door::Account(Some(account)) => Some((account.clone(), self.from)),
            Door::Account(None) | Door::Other(_) => None,
        }
    }
}

/// From where an account's owner signs in.
type Home = (Passport, IpAddr);

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Count {
    Address(IpAddr),
    Pair(Passport, IpAddr),
    Account(Passport),
    Other(&'static str, IpAddr),
}

/// How many may fail within which time.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    of_pair: u32,
    of_address: u32,
    of_account: u32,
    within: Duration,
}

impl Bounds {
    const fn of(limits: &Limits) -> Self {
        Self {
            of_pair: limits.attempts,
            of_address: limits.attempts_per_address,
            of_account: limits.attempts_per_account,
            within: limits.attempts_within,
        }
    }
}

/// Failures, each kind in a window that begins with the first.
pub(crate) struct Attempts {
    bounds: Bounds,
    failures: HashMap<Count, (Instant, u32)>,
    /// When somebody last signed in there.
    homes: HashMap<Home, Instant>,
}

impl Attempts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { bounds: Bounds::of(limits), failures: HashMap::new(), homes: HashMap::new() }
    }

    /// These limits hold from now on; what was counted stays.
    pub(crate) fn limit(&mut self, limits: &Limits) {
        self.bounds = Bounds::of(limits);
    }

    /// Begins an attempt, which counts as failed until it is forgiven; or says how long none may be made.
    pub(crate) fn begin(&mut self, attempt: &Attempt, now: Instant) -> Result<(), Duration> {
        let counts = self.counts(attempt, now);
        let within = self.bounds.within;
        let left = |(count, most): &(Count, u32)| {
            let (first, failed) = self.failures.get(count)?;
            let left = within.checked_sub(now.saturating_duration_since(*first))?;
            (failed >= most && !left.is_zero()).then_some(left)
        };
        if let Some(left) = counts.iter().filter_map(left).max() {
            return Err(left);
        }
        self.make_room(now);
        for (count, _) in counts {
            let entry = self.failures.entry(count).or_insert((now, 0));
            if now.saturating_duration_since(entry.0) >= within {
                *entry = (now, 0);
            }
            entry.1 = entry.1.saturating_add(1);
        }
        Ok(())
    }

    /// The attempt succeeded, and does not count; its owner is at home where it came from.
    pub(crate) fn succeeded(&mut self, attempt: &Attempt, now: Instant) {
        self.forgive(attempt, now);
        let Some(home) = attempt.home() else { return };
        if self.homes.len() >= MOST_HOMES && !self.homes.contains_key(&home) {
            keep_most(&mut self.homes, MOST_HOMES, |last| *last);
        }
        self.homes.insert(home, now);
    }

    /// The attempt does not count: nothing was found out by it.
    pub(crate) fn forgive(&mut self, attempt: &Attempt, now: Instant) {
        for (count, _) in self.counts(attempt, now) {
            if let Some((_, failed)) = self.failures.get_mut(&count) {
                *failed = failed.saturating_sub(1);
            }
        }
    }

    /// Nobody is at home at this account any more: it has another password.
    pub(crate) fn leave_home(&mut self, account: &Passport) {
        self.homes.retain(|(owner, _), _| owner != account);
    }

    /// By what an attempt is counted, and how many may fail of each.
    fn counts(&self, attempt: &Attempt, now: Instant) -> Vec<(Count, u32)> {
        let Bounds { of_pair, of_address, of_account, .. } = self.bounds;
        let last = attempt.home().and_then(|home| self.homes.get(&home));
        let is_at_home = last.is_some_and(|last| now.saturating_duration_since(*last) < HOME);
        let by_address = match attempt.at {
            Door::Account(_) => Some((Count::Address(attempt.from), of_address)),
            Door::Other(_) => None,
        };
        let by_account = account(attempt).filter(|_| !is_at_home).map(|count| (count, of_account));
        let by_pair = pair(attempt).map(|count| (count, of_pair));
        let by_itself = other(attempt).map(|count| (count, of_pair));
        [by_address, by_pair, by_account, by_itself].into_iter().flatten().collect()
    }

    fn make_room(&mut self, now: Instant) {
        if self.failures.len() < MOST_COUNTS {
            return;
        }
        let within = self.bounds.within;
        self.failures.retain(|_, (first, _)| now.saturating_duration_since(*first) < within);
        // Whoever floods it leaves counts of one: what nears its bound stays.
        keep_most(&mut self.failures, MOST_COUNTS, |(first, failed)| (*failed, *first));
    }
}

fn pair(attempt: &Attempt) -> Option<Count> {
    attempt.home().map(|(account, from)| Count::Pair(account, from))
}

fn account(attempt: &Attempt) -> Option<Count> {
    attempt.home().map(|(account, _)| Count::Account(account))
}

fn other(attempt: &Attempt) -> Option<Count> {
    match attempt.at {
        Door::Other(what) => Some(Count::Other(what, attempt.from)),
        Door::Account(_) => None,
    }
}

/// Keeps a part of what there is, that with the greatest worth, if there are `most` or more.
fn keep_most<Key, Value, Worth: Ord>(map: &mut HashMap<Key, Value>, most: usize, worth: impl Fn(&Value) -> Worth)
where
    Key: Hash + Eq,
{
    if map.len() < most {
        return;
    }
    let mut entries: Vec<(Key, Value)> = map.drain().collect();
    entries.sort_by_key(|(_, value)| std::cmp::Reverse(worth(value)));
    entries.truncate(most * KEPT.0 / KEPT.1);
    map.extend(entries);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_mins(5);

    fn attempts(of_pair: u32, of_address: u32, of_account: u32) -> Attempts {
        Attempts::new(&Limits {
            attempts: of_pair,
            attempts_per_address: of_address,
            attempts_per_account: of_account,
            attempts_within: WITHIN,
            ..Limits::default()
        })
    }

    fn of(account: &str, from: &str) -> Attempt {
        Attempt::to_sign_in(format!("{account}@msn.example").parse().ok(), from.parse().unwrap())
    }

    #[test]
    fn failures_block_their_address_for_that_account_and_then_for_all() {
        let (mut attempts, now) = (attempts(2, 3, 100), Instant::now());
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now), Ok(()));
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now), Ok(()));
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now), Err(WITHIN));
        assert_eq!(attempts.begin(&of("bob", "192.0.2.1"), now), Ok(()), "another account from there");
        assert_eq!(attempts.begin(&of("dave", "192.0.2.1"), now), Err(WITHIN), "enough of that address");
        assert_eq!(attempts.begin(&of("no address", "192.0.2.1"), now), Err(WITHIN));
        assert_eq!(attempts.begin(&of("carol", "192.0.2.2"), now), Ok(()));
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now + WITHIN), Ok(()), "it passes");
    }

    #[test]
    fn a_right_password_does_not_count() {
        let mut attempts = attempts(2, 2, 2);
        for _ in 0..5 {
            assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), Instant::now()), Ok(()));
            attempts.succeeded(&of("carol", "192.0.2.1"), Instant::now());
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_guesser() {
        let (mut attempts, now) = (attempts(2, 3, 100), Instant::now());
        for host in 1..=2 {
            assert_eq!(attempts.begin(&of("carol", &format!("2001:db8::{host}")), now), Ok(()));
        }
        assert_eq!(attempts.begin(&of("carol", "2001:db8::3"), now), Err(WITHIN));
        assert_eq!(attempts.begin(&of("carol", "2001:db8:0:1::3"), now), Ok(()), "the neighbour's");
    }

    #[test]
    fn a_stranger_locks_nobody_out() {
        let (mut attempts, now) = (attempts(10, 30, 100), Instant::now());
        attempts.begin(&of("carol", "198.51.100.1"), now).unwrap();
        attempts.succeeded(&of("carol", "198.51.100.1"), now);
        for _ in 0..1000 {
            let _ = attempts.begin(&of("carol", "192.0.2.1"), now);
        }
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now), Err(WITHIN));
        assert_eq!(
            attempts.begin(&of("carol", "203.0.113.1"), now),
            Ok(()),
            "one machine does not fill the account's count"
        );
        for machine in 1..=100 {
            for _ in 0..10 {
                let _ = attempts.begin(&of("carol", &format!("192.0.2.{machine}")), now);
            }
        }
        assert_eq!(attempts.begin(&of("carol", "203.0.113.2"), now), Err(WITHIN), "many machines do");
        assert_eq!(attempts.begin(&of("carol", "198.51.100.1"), now), Ok(()), "but not where its owner is at home");
        attempts.leave_home(&"carol@msn.example".parse().unwrap());
        assert_eq!(attempts.begin(&of("carol", "198.51.100.1"), now), Err(WITHIN), "nor with a password of before");
    }

    #[test]
    fn what_is_counted_apart_has_counts_of_its_own() {
        let (mut attempts, now) = (attempts(1, 1, 1), Instant::now());
        let [up, other] = ["sign-up", "other"].map(|what| Attempt::at(what, "192.0.2.1".parse().unwrap()));
        assert_eq!(attempts.begin(&up, now), Ok(()));
        assert_eq!(attempts.begin(&up, now), Err(WITHIN));
        assert_eq!(attempts.begin(&other, now), Ok(()));
        assert_eq!(attempts.begin(&of("carol", "192.0.2.1"), now), Ok(()));
    }

    #[test]
    fn a_flood_takes_no_memory_without_end_and_washes_no_count_away() {
        let (mut attempts, now) = (attempts(2, 100, 1_000_000), Instant::now());
        for _ in 0..2 {
            attempts.begin(&of("carol", "198.51.100.1"), now).unwrap();
        }
        for number in 0..50_000_u32 {
            let from = IpAddr::from(number.to_be_bytes());
            let account = format!("nobody{number}@msn.example").parse().ok();
            let _ = attempts.begin(&Attempt::to_sign_in(account.clone(), from), now);
            attempts.succeeded(&Attempt::to_sign_in(account, from), now);
        }
        assert!(attempts.failures.len() <= MOST_COUNTS + 3 && attempts.homes.len() <= MOST_HOMES);
        assert_eq!(attempts.begin(&of("carol", "198.51.100.1"), now), Err(WITHIN));
    }
}
