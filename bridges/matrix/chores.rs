//! What is left to be done on Matrix, apart from orders: done in the background, and again until it succeeds.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::{Failure, Host, HostFault};
use domain::Passport;
use futures_util::FutureExt as _;
use ruma::OwnedUserId;
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::{
    appservice::Appservice,
    chat::Pair,
    chats::Chats,
    portal::{Place, Portal},
    portals::Portals,
};

/// Removed accounts whose ghosts have not left all their rooms yet are kept under this and the account's address.
pub(crate) const FAREWELL: &str = "farewell/";
/// After which time a reading counts among the slow ones, mostly for what it has to fetch: they must not hold up all others.
const SLOW: Duration = Duration::from_secs(10);
/// How many slow readings there may be besides the others.
const SLOW_AT_ONCE: usize = 24;
/// The longest wait before the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chore {
    /// Have the device of a user of ours made, who is in an encrypted room or asked into one. Before everything else, as what stands
    /// first here is done first: people encrypt what they say for the devices that are there.
    Prepare(OwnedUserId),
    /// Answer the invitations between a pair as was decided.
    Settle(Pair),
    /// Go into a room of several people, or out of it, or look what it shows of itself.
    Portal(Place),
    /// Read on in a room.
    Read(Place),
    /// Compare what was taken of a room with what it shows.
    Compare(Place),
    /// Look up the presence of a pair's person.
    Look(Pair),
    /// Let the ghost of a removed account leave all its rooms.
    Farewell(Passport),
}

impl Chore {
    /// How many of its kind are done at once: pictures that take long to fetch must not hold up invitations.
    const fn at_once(&self) -> usize {
        match self {
            Self::Settle(_)
            | Self::Portal(_)
            | Self::Compare(_)
            | Self::Look(_)
            | Self::Farewell(_)
            | Self::Prepare(_) => 4,
            Self::Read(_) => 8,
        }
    }

    const fn is_reading(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

/// A set, so that it grows no larger than what there is to do.
#[derive(Default)]
struct Waiting {
    ready: BTreeSet<Chore>,
    later: BTreeMap<Chore, Instant>,
    failures: BTreeMap<Chore, u32>,
    /// Since when each is being done.
    running: BTreeMap<Chore, Instant>,
    /// Those of the running that are not wanted any more.
    cancelled: BTreeSet<Chore>,
}

impl Waiting {
    /// Whether this can be done now. One and the same is never done twice at the same time.
    fn has_room_for(&self, chore: &Chore, now: Instant) -> bool {
        let alike = self.running.iter().filter(|(running, _)| running.is_reading() == chore.is_reading());
        let (mut quick, mut slow) = (0_usize, 0_usize);
        for (running, since) in alike {
            if running.is_reading() && *since + SLOW <= now { slow += 1 } else { quick += 1 }
        }
        // Slow ones above their number count as the others do.
        quick + slow.saturating_sub(SLOW_AT_ONCE) < chore.at_once() && !self.running.contains_key(chore)
    }

    /// When there may be more that can be done than now, though nothing ends.
    fn next_change(&self, now: Instant) -> Option<Instant> {
        let readings = self.running.iter().filter(|(running, _)| running.is_reading());
        let slow_from = readings.map(|(_, since)| *since + SLOW).filter(|at| *at > now);
        self.later.values().copied().chain(slow_from).min()
    }
}

/// The chores.
pub(crate) struct Chores {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

impl Chores {
    /// Those that an earlier run left.
    pub(crate) async fn load(
        host: &dyn Host,
        chats: &Chats,
        portals: &Portals,
        behind: impl Iterator<Item = Place> + Send,
    ) -> Result<Self, HostFault> {
        let mut waiting = Waiting::default();
        waiting.ready.extend(chats.unsettled().into_iter().map(Chore::Settle));
        let unsettled = portals.pick(|portal: &Portal| portal.is_unsettled().then_some(()));
        waiting.ready.extend(unsettled.into_iter().map(|(place, ())| Chore::Portal(place)));
        waiting.ready.extend(behind.map(Chore::Read));
        for (key, _) in host.list(FAREWELL).await? {
            if let Some(passport) = key.strip_prefix(FAREWELL).and_then(|passport| passport.parse().ok()) {
                waiting.ready.insert(Chore::Farewell(passport));
            }
        }
        Ok(Self { waiting: Mutex::new(waiting), bell: Notify::new() })
    }

    /// Has this done soon.
    pub(crate) fn add(&self, chore: Chore) {
        let mut waiting = self.lock();
        waiting.later.remove(&chore);
        waiting.ready.insert(chore);
        drop(waiting);
        self.bell.notify_one();
    }

    /// Forgets this; says whether it was waiting or is being done. One that is being done ends at its next step.
    pub(crate) fn cancel(&self, chore: &Chore) -> bool {
        let mut waiting = self.lock();
        let was_ready = waiting.ready.remove(chore);
        let was_later = waiting.later.remove(chore).is_some();
        waiting.failures.remove(chore);
        let is_running = waiting.running.contains_key(chore);
        if is_running {
            waiting.cancelled.insert(chore.clone());
        }
        was_ready || was_later || is_running
    }

    /// Whether this is being done and not wanted any more.
    pub(crate) fn is_cancelled(&self, chore: &Chore) -> bool {
        self.lock().cancelled.contains(chore)
    }

    /// Whether this is to be done, or is being done.
    pub(crate) fn has(&self, chore: &Chore) -> bool {
        let waiting = self.lock();
        waiting.ready.contains(chore) || waiting.later.contains_key(chore) || waiting.running.contains_key(chore)
    }

    /// Has every reading that was put off done soon, and those that are being done once more: what they wait for may have come.
    pub(crate) fn hurry_readings(&self) {
        let mut waiting = self.lock();
        let waiting = &mut *waiting;
        let off: Vec<Chore> = waiting.later.keys().filter(|chore| chore.is_reading()).cloned().collect();
        for chore in &off {
            waiting.later.remove(chore);
        }
        let running = waiting.running.keys().filter(|chore| chore.is_reading()).cloned();
        waiting.ready.extend(off.into_iter().chain(running));
        self.bell.notify_one();
    }

    /// This has got further, though it has not ended: how often it failed before says nothing of what is left.
    pub(crate) fn has_advanced(&self, chore: &Chore) {
        self.lock().failures.remove(chore);
    }

    /// One that can be done now, or when the next can.
    fn next(&self, now: Instant) -> Result<Chore, Option<Instant>> {
        let mut waiting = self.lock();
        let waiting = &mut *waiting;
        let due: Vec<Chore> =
            waiting.later.iter().filter(|(_, at)| **at <= now).map(|(chore, _)| chore.clone()).collect();
        for chore in due {
            waiting.later.remove(&chore);
            waiting.ready.insert(chore);
        }
        let Some(chore) = waiting.ready.iter().find(|chore| waiting.has_room_for(chore, now)).cloned() else {
            return Err(waiting.next_change(now));
        };
        waiting.ready.remove(&chore);
        waiting.running.insert(chore.clone(), now);
        Ok(chore)
    }

    fn ended(&self, chore: Chore, outcome: Result<(), Failure>) {
        let mut waiting = self.lock();
        waiting.running.remove(&chore);
        if waiting.cancelled.remove(&chore) {
            tracing::debug!(?chore, "cancelled");
            return;
        }
        match outcome {
            Ok(()) => {
                waiting.failures.remove(&chore);
            }
            Err(failure @ Failure::Retry { after, .. }) => {
                let failures = waiting.failures.entry(chore.clone()).or_default();
                let wait = after.unwrap_or(Duration::from_secs(1 << (*failures).min(5))).min(LONGEST_WAIT);
                *failures = failures.saturating_add(1);
                tracing::debug!(?chore, %failure, ?wait, "put off");
                waiting.later.insert(chore, Instant::now() + wait);
            }
            Err(failure @ (Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. })) => {
                tracing::warn!(?chore, %failure, "given up");
                waiting.failures.remove(&chore);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appservice {
    /// Does chores until everything ends.
    pub(crate) async fn do_chores(self: Arc<Self>) {
        let mut working = JoinSet::new();
        while !self.stopping.is_cancelled() {
            let next = loop {
                match self.chores.next(Instant::now()) {
                    Ok(chore) => {
                        let appservice = Arc::clone(&self);
                        working.spawn(async move {
                            // What others send passes through it: nothing of theirs may take a place for ever.
                            let outcome = AssertUnwindSafe(appservice.do_chore(&chore)).catch_unwind().await;
                            let outcome = outcome.unwrap_or_else(|_| Err(Failure::retry("it ended in a panic")));
                            appservice.chores.ended(chore, outcome);
                        });
                    }
                    Err(at) => break at,
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.chores.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = at(next) => {}
            }
        }
    }

    async fn do_chore(&self, chore: &Chore) -> Result<(), Failure> {
        match chore {
            Chore::Settle(pair) => self.answer(pair).await,
            Chore::Portal(place) => self.settle_portal(place).await,
            Chore::Read(place) => self.read_on(place).await,
            Chore::Compare(place) => self.compare(place).await,
            Chore::Look(pair) => self.look(pair).await,
            Chore::Farewell(owner) => self.leave_everything(owner).await,
            Chore::Prepare(user) => self.encryption.prepare(user).await,
        }
    }
}

/// Waits for an instant; for ever when there is none.
pub(crate) async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_that_take_long_do_not_hold_up_all_others() {
        let chores = Chores { waiting: Mutex::default(), bell: Notify::new() };
        let read = |number: usize| {
            let room = ruma::RoomId::parse(format!("!{number}")).unwrap();
            Chore::Read(Place { owner: "carol@msn.example".parse().unwrap(), room })
        };
        (0..100).for_each(|number| chores.add(read(number)));
        let begin = |now| {
            let mut begun = 0;
            loop {
                match chores.next(now) {
                    Ok(_) => begun += 1,
                    Err(at) => return (begun, at),
                }
            }
        };
        let now = Instant::now();
        assert_eq!(begin(now), (8, Some(now + SLOW)), "looked at again when they are slow");
        let later = now + SLOW;
        assert_eq!(begin(later).0, 8, "the first are slow now");
        assert_eq!((2..6).map(|times| begin(now + SLOW * times).0).sum::<usize>(), 16, "but there is an end");
    }

    #[test]
    fn devices_are_made_before_everything_else() {
        let chores = Chores { waiting: Mutex::default(), bell: Notify::new() };
        let owner: Passport = "carol@msn.example".parse().unwrap();
        let pair = Pair { owner: owner.clone(), user: "@alice:example.org".try_into().unwrap() };
        let prepare = Chore::Prepare("@msn_z:example.org".try_into().unwrap());
        for chore in [Chore::Look(pair.clone()), Chore::Settle(pair), Chore::Farewell(owner), prepare.clone()] {
            chores.add(chore);
        }
        assert_eq!(chores.next(Instant::now()), Ok(prepare));
    }

    #[test]
    fn what_is_cancelled_while_it_is_done_does_not_come_back() {
        let chores = Chores { waiting: Mutex::default(), bell: Notify::new() };
        let farewell = Chore::Farewell("carol@msn.example".parse().unwrap());
        chores.add(farewell.clone());
        assert_eq!(chores.next(Instant::now()), Ok(farewell.clone()));
        assert!(!chores.is_cancelled(&farewell));
        assert!(chores.cancel(&farewell) && chores.is_cancelled(&farewell));
        // The account is removed once more before the first farewell has ended.
        chores.add(farewell.clone());
        chores.ended(farewell.clone(), Err(Failure::retry("the homeserver is away")));
        assert!(chores.lock().later.is_empty(), "it was put off in spite of being cancelled");
        assert_eq!(chores.next(Instant::now()), Ok(farewell.clone()));
        assert!(!chores.is_cancelled(&farewell), "the second farewell is wanted");
        chores.ended(farewell.clone(), Ok(()));
        assert!(!chores.cancel(&farewell));
    }

    #[test]
    fn keys_that_come_hurry_what_waits_for_them() {
        let chores = Chores { waiting: Mutex::default(), bell: Notify::new() };
        let read = |room: &str| {
            let room = ruma::RoomId::parse(room).unwrap();
            Chore::Read(Place { owner: "carol@msn.example".parse().unwrap(), room })
        };
        let prepare = Chore::Prepare("@msn_a:example.org".try_into().unwrap());
        for chore in [read("!a"), prepare.clone()] {
            chores.add(chore.clone());
            assert_eq!(chores.next(Instant::now()), Ok(chore.clone()));
            chores.ended(chore.clone(), Err(Failure::retry("no key")));
            assert!(chores.has(&chore));
        }
        chores.add(read("!b"));
        assert_eq!(chores.next(Instant::now()), Ok(read("!b")));
        chores.hurry_readings();
        assert_eq!(
            chores.next(Instant::now()),
            Ok(read("!a")),
            "nothing else is hurried, and nothing done twice at once"
        );
        assert!(chores.next(Instant::now()).is_err());
        chores.ended(read("!b"), Err(Failure::retry("no key")));
        assert_eq!(chores.next(Instant::now()), Ok(read("!b")), "the key came while it was looked for");
    }

    #[test]
    fn what_advances_is_tried_again_as_soon_as_what_never_failed() {
        let chores = Chores { waiting: Mutex::default(), bell: Notify::new() };
        let farewell = Chore::Farewell("carol@msn.example".parse().unwrap());
        let fail = |advances: bool| {
            chores.add(farewell.clone());
            assert_eq!(chores.next(Instant::now()), Ok(farewell.clone()));
            if advances {
                chores.has_advanced(&farewell);
            }
            chores.ended(farewell.clone(), Err(Failure::retry("the homeserver is away")));
            // By which the wait grows.
            chores.lock().failures[&farewell]
        };
        assert_eq!([fail(false), fail(false), fail(false)], [1, 2, 3]);
        assert_eq!([fail(true), fail(false)], [1, 2]);
        chores.add(farewell.clone());
        assert_eq!(chores.next(Instant::now()), Ok(farewell.clone()));
        chores.ended(farewell.clone(), Ok(()));
        assert_eq!(fail(false), 1, "it has succeeded");
    }
}
