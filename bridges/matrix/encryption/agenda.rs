//! Which machines have something to do, and when.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ruma::{OwnedUserId, UserId};
use tokio::{sync::Notify, time::Instant};

/// How many machines are attended to at once.
const AT_ONCE: usize = 4;
/// How often each that is engaged catches up though nothing seems to be missing, give or take a fifth.
const PERIOD: Duration = Duration::from_mins(10);
/// How soon one catches up again at most.
const PAUSE: Duration = Duration::from_secs(4);
/// The longest wait after failures.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// How long the first catching up of all takes at most.
const SPREAD: Duration = Duration::from_mins(2);
/// How far apart they begin, where there are few.
const APART: Duration = Duration::from_millis(100);
/// How far apart devices are made that nobody has asked for yet: when everybody signs in at once, what has to be done now goes between.
const NEW_APART: Duration = Duration::from_millis(500);

/// What there is to do. A set, so that it grows no larger than there are machines.
#[derive(Default)]
pub(super) struct Agenda {
    entries: Mutex<Entries>,
    pub(super) bell: Notify,
}

#[derive(Default)]
struct Entries {
    of: BTreeMap<OwnedUserId, Entry>,
    running: BTreeSet<OwnedUserId>,
    /// When the next device may be made that nobody has asked for yet.
    next_new: Option<Instant>,
}

#[derive(Default)]
struct Entry {
    /// When it is to catch up.
    catch_up: Option<Instant>,
    /// When it is to say what it has to say.
    attend: Option<Instant>,
    /// When it has caught up last, or tried to.
    caught_up: Option<Instant>,
    /// When it began to catch up the last time that it did to the end.
    looked: Option<Instant>,
    /// When what is being done began.
    began: Option<Instant>,
    /// Whether its user has to do with an encrypted room, so that it catches up now and then. What the others miss is fetched when they
    /// are: a thousand of them would keep a homeserver busy for nothing.
    is_engaged: bool,
    /// How often it failed since.
    failures: u32,
}

impl Entry {
    fn due(&self) -> Option<Instant> {
        [self.catch_up, self.attend].into_iter().flatten().min()
    }
}

/// What came of an errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// There was more than is fetched at once.
    More,
    /// It has to be done again.
    Failed,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errand {
    /// Whose machine.
    pub(super) user: OwnedUserId,
    /// Whether it is to catch up, beside saying what it has to say.
    pub(super) catches_up: bool,
}

impl Agenda {
    /// A machine has something to say.
    pub(super) fn attend(&self, user: &UserId, at: Instant) {
        let mut entries = self.entries();
        let entry = entries.of.entry(user.to_owned()).or_default();
        entry.attend = Some(entry.attend.map_or(at, |known| known.min(at)));
        drop(entries);
        self.bell.notify_one();
    }

    /// A machine is to be made that nobody has asked for yet, when it is its turn.
    pub(super) fn make(&self, user: &UserId, now: Instant) {
        let mut entries = self.entries();
        if entries.running.contains(user) || entries.of.get(user).is_some_and(|entry| entry.due().is_some()) {
            return;
        }
        let at = entries.next_new.map_or(now, |next| next.max(now));
        entries.next_new = Some(at + NEW_APART);
        drop(entries);
        self.attend(user, at);
    }

    /// A machine's user has to do with an encrypted room. It catches up, unless it does already.
    pub(super) fn engage(&self, user: &UserId, now: Instant) {
        if !self.entries().of.get(user).is_some_and(|entry| entry.is_engaged) {
            self.catch_up(user, now);
        }
    }

    /// A machine may have missed something, and is to catch up then, or when it has rested from the last time; and now and then from
    /// now on.
    pub(super) fn catch_up(&self, user: &UserId, at: Instant) {
        let mut entries = self.entries();
        let entry = entries.of.entry(user.to_owned()).or_default();
        entry.is_engaged = true;
        let at = entry.caught_up.map_or(at, |last| at.max(last + PAUSE));
        entry.catch_up = Some(entry.catch_up.map_or(at, |known| known.min(at)));
        drop(entries);
        self.bell.notify_one();
    }

    /// All these may have missed something. They catch up one after another.
    pub(super) fn all_catch_up(&self, users: &[OwnedUserId], now: Instant) {
        for (user, at) in users.iter().zip(one_after_another(users.len(), now)) {
            self.catch_up(user, at);
        }
    }

    /// All these have something to say, one after another.
    pub(super) fn attend_to_all(&self, users: &[OwnedUserId], now: Instant) {
        for (user, at) in users.iter().zip(one_after_another(users.len(), now)) {
            self.attend(user, at);
        }
    }

    /// All who catch up now and then.
    pub(super) fn engaged(&self) -> Vec<OwnedUserId> {
        let entries = self.entries();
        entries.of.iter().filter(|(_, entry)| entry.is_engaged).map(|(user, _)| user.clone()).collect()
    }

    /// One that can be done now, or when the next can.
    pub(super) fn next(&self, now: Instant) -> Result<Errand, Option<Instant>> {
        let mut entries = self.entries();
        let Entries { of, running, .. } = &mut *entries;
        if running.len() >= AT_ONCE {
            return Err(None);
        }
        let waiting = of.iter_mut().filter(|(user, _)| !running.contains(*user));
        let next = waiting.filter_map(|(user, entry)| Some((entry.due()?, user, entry))).min_by_key(|(due, ..)| *due);
        let Some((due, user, entry)) = next else { return Err(None) };
        if due > now {
            return Err(Some(due));
        }
        let catches_up = entry.catch_up.is_some_and(|at| at <= now);
        if catches_up {
            entry.catch_up = None;
        }
        entry.attend = None;
        entry.began = Some(now);
        running.insert(user.clone());
        Ok(Errand { user: user.clone(), catches_up })
    }

    /// One was done, or has to be done again. `chance` is from 0 to 1.
    pub(super) fn ended(&self, errand: &Errand, outcome: Outcome, now: Instant, chance: f64) {
        let mut entries = self.entries();
        let Entries { of, running, .. } = &mut *entries;
        running.remove(&errand.user);
        self.bell.notify_one();
        // Whoever was forgotten meanwhile stays so.
        let Some(entry) = of.get_mut(&errand.user) else { return };
        let began = entry.began.take();
        if errand.catches_up {
            entry.caught_up = Some(now);
        }
        match outcome {
            Outcome::Done | Outcome::More => {
                entry.failures = 0;
                if errand.catches_up {
                    let is_whole = outcome == Outcome::Done;
                    let pause = if is_whole { PERIOD.mul_f64(0.8 + 0.4 * chance) } else { PAUSE };
                    entry.catch_up = Some(entry.catch_up.map_or(now + pause, |known| known.min(now + pause)));
                    entry.looked = began.filter(|_| is_whole).or(entry.looked);
                }
            }
            Outcome::Failed => {
                let usual = Duration::from_secs(1 << entry.failures.min(8)).min(LONGEST_WAIT);
                let again = now + usual.mul_f64(0.8 + 0.4 * chance);
                entry.failures = entry.failures.saturating_add(1);
                let slot = if errand.catches_up { &mut entry.catch_up } else { &mut entry.attend };
                *slot = Some(again);
            }
        }
        if !entry.is_engaged && entry.due().is_none() {
            of.remove(&errand.user);
        }
    }

    /// Whether a machine has fetched what it had missed, to the end, since then.
    pub(super) fn has_looked(&self, user: &UserId, since: Instant) -> bool {
        self.entries().of.get(user).and_then(|entry| entry.looked).is_some_and(|looked| looked >= since)
    }

    /// Somebody has no machine any more.
    pub(super) fn forget(&self, user: &UserId) {
        self.entries().of.remove(user);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When so many begin, the first at once.
fn one_after_another(count: usize, now: Instant) -> impl Iterator<Item = Instant> {
    let apart = SPREAD.checked_div(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or_default().min(APART);
    (0_u32..).map(move |number| now + apart * number)
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_machine_does_one_thing_at_a_time_and_rests_between() {
        let (agenda, user, start) = (Agenda::default(), user_id!("@msn_a:example.org"), Instant::now());
        agenda.catch_up(user, start + SECOND);
        agenda.attend(user, start);
        let errand = |catches_up| Errand { user: user.to_owned(), catches_up };
        assert_eq!(agenda.next(start), Ok(errand(false)), "what it has to say does not wait");
        agenda.attend(user, start);
        assert_eq!(agenda.next(start), Err(None), "it is being attended to");
        let later = start + SECOND;
        agenda.ended(&errand(false), Outcome::Done, later, 0.5);
        assert_eq!(agenda.next(later), Ok(errand(true)), "both at once");
        agenda.ended(&errand(true), Outcome::Done, later, 0.5);
        assert_eq!(agenda.next(later), Err(Some(later + PERIOD)));
        agenda.catch_up(user, later + SECOND);
        assert_eq!(agenda.next(later), Err(Some(later + PAUSE)), "not again at once");
    }

    #[test]
    fn what_failed_is_done_again_later_and_later() {
        let (agenda, user, start) = (Agenda::default(), user_id!("@msn_a:example.org"), Instant::now());
        agenda.catch_up(user, start);
        for seconds in [1, 2, 4, 8] {
            let errand = agenda.next(start + LONGEST_WAIT).unwrap();
            agenda.ended(&errand, Outcome::Failed, start, 0.5);
            assert_eq!(agenda.next(start), Err(Some(start + SECOND * seconds)));
        }
        agenda.forget(user);
        assert_eq!(agenda.next(start + LONGEST_WAIT), Err(None));
    }

    #[test]
    fn whoever_is_forgotten_while_something_is_done_for_them_stays_so() {
        let (agenda, user, start) = (Agenda::default(), user_id!("@msn_a:example.org"), Instant::now());
        agenda.attend(user, start);
        let errand = agenda.next(start).unwrap();
        agenda.forget(user);
        agenda.ended(&errand, Outcome::Failed, start, 0.5);
        assert_eq!(agenda.next(start + LONGEST_WAIT), Err(None));
    }

    #[test]
    fn only_who_has_fetched_everything_since_has_looked() {
        let (agenda, user, start) = (Agenda::default(), user_id!("@msn_a:example.org"), Instant::now());
        let (mut now, mut seen) = (start, Vec::new());
        for outcome in [Outcome::Failed, Outcome::More, Outcome::Done] {
            agenda.catch_up(user, now);
            now += SECOND * 10;
            let errand = agenda.next(now).unwrap();
            agenda.ended(&errand, outcome, now + SECOND, 0.5);
            seen.push(agenda.has_looked(user, start));
        }
        assert_eq!(seen, [false, false, true]);
        assert!(agenda.has_looked(user, now) && !agenda.has_looked(user, now + SECOND), "from when it began");
    }

    #[test]
    fn many_begin_one_after_another() {
        let (agenda, start) = (Agenda::default(), Instant::now());
        let user = |number: u32| UserId::parse(format!("@msn_{number}:example.org")).unwrap();
        let users: Vec<OwnedUserId> = (0..10_000).map(user).collect();
        agenda.all_catch_up(&users, start);
        let last = agenda.entries().of.values().filter_map(Entry::due).max().unwrap();
        assert!(last <= start + SPREAD && last > start + SPREAD / 2, "{:?}", last - start);
        agenda.all_catch_up(&[], start);
        for _ in 0..AT_ONCE {
            assert!(agenda.next(start + SPREAD).is_ok());
        }
        assert_eq!(agenda.next(start + SPREAD), Err(None), "only so many at once");
    }

    #[test]
    fn when_everybody_signs_in_at_once_what_has_to_be_done_now_goes_between() {
        let (agenda, start) = (Agenda::default(), Instant::now());
        let user = |number: u32| UserId::parse(format!("@msn_{number:04}:example.org")).unwrap();
        for number in (0..1000).chain(0..1000) {
            agenda.make(&user(number), start);
        }
        let first = agenda.next(start).unwrap();
        assert_eq!(first, Errand { user: user(0), catches_up: false });
        agenda.ended(&first, Outcome::Done, start, 0.5);
        assert_eq!(agenda.next(start), Err(Some(start + NEW_APART)), "each counts once, and has its turn");
        let asked = user(999);
        agenda.engage(&asked, start);
        assert_eq!(
            agenda.next(start),
            Ok(Errand { user: asked.clone(), catches_up: true }),
            "who is asked for goes first"
        );
        agenda.engage(&asked, start);
        assert_eq!(agenda.next(start), Err(Some(start + NEW_APART)), "once");
    }

    #[test]
    fn only_who_has_to_do_with_encrypted_rooms_catches_up_again_and_again() {
        let (agenda, idle, engaged) =
            (Agenda::default(), user_id!("@msn_a:example.org"), user_id!("@msn_b:example.org"));
        let start = Instant::now();
        agenda.make(idle, start);
        agenda.engage(engaged, start);
        while let Ok(errand) = agenda.next(start) {
            agenda.ended(&errand, Outcome::Done, start, 0.5);
        }
        assert_eq!(agenda.engaged(), [engaged]);
        assert_eq!(agenda.next(start + PERIOD), Ok(Errand { user: engaged.to_owned(), catches_up: true }));
        assert_eq!(agenda.next(start + PERIOD), Err(None), "the other costs nothing");
    }
}
