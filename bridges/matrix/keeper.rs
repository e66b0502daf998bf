//! What each ghost shows: that it exists, its name, its presence. The latest value wins, and is repeated before it fades.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use ruma::{OwnedUserId, presence::PresenceState};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::{
    appservice::Appservice,
    chores::at,
    homeserver::{Homeserver, Trouble},
    presence::Shown,
};

/// The name that was last set for a ghost is kept under this and the account's address; so is, that it exists.
const GHOST: &str = "ghost/";
/// How many ghosts are worked on at once.
const AT_ONCE: usize = 8;
/// A homeserver takes a presence as gone 30 seconds after it was last said; it is repeated between these, in milliseconds,
/// spread out so that not all come together.
const REPEATED: std::ops::Range<u64> = 18_000..25_000;
/// How soon it is said a second time. Synapse notes that a user joins or says something by writing back the presence it read a
/// moment before: what was said within that moment is undone.
const SECOND: Duration = Duration::from_secs(2);
/// The longest wait after a failure that may pass.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait after a refusal: what the homeserver does not want, it will not want in a moment either.
const REFUSED: Duration = Duration::from_mins(10);
/// How long the farewell of all ghosts together may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the ghosts show.
pub(crate) struct Keeper {
    slots: Mutex<Slots>,
    bell: Notify,
}

#[derive(Default)]
struct Slots {
    of: HashMap<Passport, Slot>,
    /// Who is due when; each account stands here once at most.
    agenda: BTreeSet<(Instant, Passport)>,
    /// Names that were set on an earlier run, until the account is opened.
    known: HashMap<Passport, String>,
}

/// One ghost.
struct Slot {
    ghost: OwnedUserId,
    name: String,
    /// The name that the homeserver has; `None` when the ghost may not exist.
    named: Option<String>,
    shown: Option<Shown>,
    /// What the homeserver was told last.
    told: Option<Shown>,
    /// Whether it was told twice.
    settled: bool,
    due: Option<Instant>,
    busy: bool,
    /// Something changed while it was busy.
    again: bool,
    failures: u32,
}

/// What is to be told about one ghost.
#[derive(Debug)]
struct Task {
    owner: Passport,
    ghost: OwnedUserId,
    register: bool,
    name: Option<String>,
    presence: Option<Shown>,
}

impl Slots {
    fn due(&mut self, owner: &Passport, when: Option<Instant>) {
        let Some(slot) = self.of.get_mut(owner) else { return };
        if let Some(old) = std::mem::replace(&mut slot.due, when) {
            self.agenda.remove(&(old, owner.clone()));
        }
        if let Some(when) = when {
            self.agenda.insert((when, owner.clone()));
        }
    }

    /// The next that is due, or when it will be.
    fn next(&mut self, now: Instant) -> Result<Task, Option<Instant>> {
        loop {
            match self.agenda.first() {
                Some((when, _)) if *when > now => return Err(Some(*when)),
                Some(_) => {}
                None => return Err(None),
            }
            let Some((_, owner)) = self.agenda.pop_first() else { return Err(None) };
            let Some(slot) = self.of.get_mut(&owner) else { continue };
            slot.due = None;
            // What changes while it is being told is told afterwards.
            if slot.busy {
                slot.again = true;
                continue;
            }
            slot.busy = true;
            let name = (slot.named.as_ref() != Some(&slot.name)).then(|| slot.name.clone());
            let task = Task {
                ghost: slot.ghost.clone(),
                register: slot.named.is_none(),
                name,
                presence: slot.shown.clone(),
                owner,
            };
            return Ok(task);
        }
    }

    /// What came of a task, and when its ghost is next due.
    fn told(&mut self, task: Task, outcome: &Result<(), Trouble>, now: Instant) {
        let Some(slot) = self.of.get_mut(&task.owner) else { return };
        slot.busy = false;
        let again = std::mem::take(&mut slot.again);
        let next = match outcome {
            Ok(()) => {
                slot.failures = 0;
                slot.named = task.name.or(slot.named.take());
                slot.told = task.presence;
                if again || slot.named.as_ref() != Some(&slot.name) || slot.shown != slot.told {
                    Some(now)
                } else if slot.told.is_some() && !std::mem::replace(&mut slot.settled, true) {
                    Some(now + SECOND)
                } else if slot.told.as_ref().is_some_and(Shown::fades) {
                    Some(now + Duration::from_millis(rand::random_range(REPEATED)))
                } else {
                    None
                }
            }
            Err(trouble) => {
                let wait = trouble.wait().unwrap_or(Duration::from_secs(1 << slot.failures.min(5))).min(LONGEST_WAIT);
                slot.failures = slot.failures.saturating_add(1);
                if slot.failures == 1 || trouble.is_final() {
                    tracing::warn!(owner = %task.owner, %trouble, "what a ghost shows could not be told; it is tried again");
                }
                Some(now + if trouble.is_final() { REFUSED } else { wait })
            }
        };
        self.due(&task.owner, next);
    }
}

impl Keeper {
    /// Nobody shown yet; which ghosts exist is read.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let kept = host.list(GHOST).await?;
        let known =
            kept.into_iter().filter_map(|(key, name)| Some((key.strip_prefix(GHOST)?.parse().ok()?, name))).collect();
        Ok(Self { slots: Mutex::new(Slots { known, ..Slots::default() }), bell: Notify::new() })
    }

    /// An account was opened: its ghost exists soon, by this name.
    pub(crate) fn add(&self, owner: &Passport, ghost: OwnedUserId, name: &str) {
        let name = shown_name(owner, name);
        let mut slots = self.lock();
        let named = slots.known.remove(owner);
        let due = (named.as_ref() != Some(&name)).then(Instant::now);
        if let Some(slot) = slots.of.get_mut(owner) {
            slot.name = name;
        } else {
            let slot = Slot {
                ghost,
                name,
                named,
                shown: None,
                told: None,
                settled: true,
                due: None,
                busy: false,
                again: false,
                failures: 0,
            };
            slots.of.insert(owner.clone(), slot);
        }
        slots.due(owner, due);
        drop(slots);
        self.bell.notify_one();
    }

    /// The ghost shows this from now on.
    pub(crate) fn show(&self, owner: &Passport, name: &str, shown: Shown) {
        let mut slots = self.lock();
        let Some(slot) = slots.of.get_mut(owner) else { return };
        slot.name = shown_name(owner, name);
        slot.shown = Some(shown);
        slot.settled = false;
        slot.failures = 0;
        slots.due(owner, Some(Instant::now()));
        drop(slots);
        self.bell.notify_one();
    }

    /// Somebody new can see the ghost.
    pub(crate) fn renew(&self, owner: &Passport) {
        let mut slots = self.lock();
        if let Some(slot) = slots.of.get_mut(owner).filter(|slot| slot.shown.is_some()) {
            slot.settled = false;
            slots.due(owner, Some(Instant::now()));
        }
        drop(slots);
        self.bell.notify_one();
    }

    /// The ghost said or typed something: Synapse takes whoever was `unavailable` for `online` then, and is told again.
    pub(crate) fn has_stirred(&self, owner: &Passport) {
        let slots = self.lock();
        let shown = slots.of.get(owner).and_then(|slot| slot.shown.as_ref());
        let is_mistaken = shown.is_some_and(|shown| shown.state == PresenceState::Unavailable);
        drop(slots);
        if is_mistaken {
            self.renew(owner);
        }
    }

    /// The account was removed: nothing of it is shown any more. Says what has to be committed for that.
    pub(crate) fn remove(&self, owner: &Passport) -> Write {
        let mut slots = self.lock();
        slots.due(owner, None);
        slots.of.remove(owner);
        slots.known.remove(owner);
        Write::Delete(format!("{GHOST}{owner}"))
    }

    /// Every ghost that the homeserver shows as present is shown as offline, as far as that can be done in a few seconds.
    pub(crate) async fn all_offline(&self, homeserver: &Arc<Homeserver>) {
        let present: Vec<OwnedUserId> = {
            let slots = self.lock();
            let told = |slot: &&Slot| slot.told.as_ref().is_some_and(Shown::fades);
            slots.of.values().filter(told).map(|slot| slot.ghost.clone()).collect()
        };
        let mut ghosts = present.into_iter();
        let mut working = JoinSet::new();
        let all = async {
            loop {
                while working.len() < AT_ONCE {
                    let Some(ghost) = ghosts.next() else { break };
                    let homeserver = Arc::clone(homeserver);
                    working.spawn(async move { homeserver.acting_as(&ghost).set_presence(&Shown::offline()).await });
                }
                if working.join_next().await.is_none() {
                    break;
                }
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::info!(
                "not every ghost could be shown as offline; the homeserver notices by itself in half a minute"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name for whoever has none.
fn shown_name(owner: &Passport, name: &str) -> String {
    if name.trim().is_empty() { owner.to_string() } else { name.to_owned() }
}

impl Appservice {
    /// Tells the homeserver what the ghosts show, until everything ends.
    pub(crate) async fn keep_ghosts(self: Arc<Self>) {
        let mut working = JoinSet::new();
        while !self.stopping.is_cancelled() {
            let mut next = None;
            while working.len() < AT_ONCE {
                let task = self.keeper.lock().next(Instant::now());
                match task {
                    Ok(task) => {
                        let appservice = Arc::clone(&self);
                        working.spawn(async move {
                            let outcome = appservice.tell(&task).await;
                            appservice.keeper.lock().told(task, &outcome, Instant::now());
                        });
                    }
                    Err(at) => {
                        next = at;
                        break;
                    }
                }
            }
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.keeper.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = at(next) => {}
            }
        }
    }

    async fn tell(&self, task: &Task) -> Result<(), Trouble> {
        let ghost = self.homeserver.acting_as(&task.ghost);
        if task.register {
            ghost.register().await?;
        }
        if let Some(name) = &task.name {
            ghost.set_name(name).await?;
            let kept = Write::Put(format!("{GHOST}{}", task.owner), name.clone());
            if let Err(fault) = self.host.write(vec![kept]).await {
                // Then the name is set once more at the next start.
                tracing::debug!(owner = %task.owner, %fault, "a ghost's name is not kept");
            }
        }
        match &task.presence {
            // Nobody could see it, and a thousand unseen ghosts would keep a homeserver busy.
            Some(shown) if self.chats.has_any(&task.owner) => ghost.set_presence(shown).await,
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;

    use super::*;

    fn carol() -> Passport {
        "carol@msn.example".parse().unwrap()
    }

    fn online(line: &str) -> Shown {
        Shown { state: PresenceState::Online, line: line.into() }
    }

    fn keeper() -> Keeper {
        let keeper = Keeper { slots: Mutex::default(), bell: Notify::new() };
        keeper.add(&carol(), owned_user_id!("@msn_carol:example.org"), "Carol");
        keeper
    }

    fn take(keeper: &Keeper, now: Instant) -> Task {
        keeper.lock().next(now).expect("something is due")
    }

    /// Tells it the second time; gives when.
    fn told_twice(keeper: &Keeper, now: Instant) -> Instant {
        assert_eq!(keeper.lock().next(now).err(), Some(Some(now + SECOND)), "it is said again soon");
        let task = take(keeper, now + SECOND);
        keeper.lock().told(task, &Ok(()), now + SECOND);
        now + SECOND
    }

    #[test]
    fn a_ghost_is_made_and_named_before_anybody_signs_in() {
        let keeper = keeper();
        let task = take(&keeper, Instant::now());
        assert!(task.register && task.presence.is_none());
        assert_eq!(task.name.as_deref(), Some("Carol"));
        keeper.lock().told(task, &Ok(()), Instant::now());
        assert_eq!(keeper.lock().next(Instant::now()).err(), Some(None), "and then nothing is to be told");
    }

    #[test]
    fn a_presence_is_repeated_with_its_line_before_it_fades() {
        let keeper = keeper();
        keeper.show(&carol(), "Carol", online("happy"));
        let now = Instant::now();
        let task = take(&keeper, now);
        keeper.lock().told(task, &Ok(()), now);
        let now = told_twice(&keeper, now);
        let Err(Some(next)) = keeper.lock().next(now) else { panic!("nothing is repeated") };
        let wait = next - now;
        assert!(wait >= Duration::from_secs(18) && wait <= Duration::from_secs(25), "{wait:?}");
        let task = take(&keeper, next);
        assert_eq!((task.presence, task.name, task.register), (Some(online("happy")), None, false));
    }

    #[test]
    fn who_is_offline_is_left_alone() {
        let keeper = keeper();
        keeper.show(&carol(), "Carol", Shown::offline());
        let now = Instant::now();
        let task = take(&keeper, now);
        keeper.lock().told(task, &Ok(()), now);
        let now = told_twice(&keeper, now);
        assert_eq!(keeper.lock().next(now).err(), Some(None));
    }

    #[test]
    fn who_is_away_and_says_something_is_shown_as_away_again() {
        let away = Shown { state: PresenceState::Unavailable, line: "out".into() };
        for (shown, again) in [(away, true), (online("in"), false)] {
            let keeper = keeper();
            keeper.show(&carol(), "Carol", shown.clone());
            let task = take(&keeper, Instant::now());
            keeper.lock().told(task, &Ok(()), Instant::now());
            keeper.has_stirred(&carol());
            let task = keeper.lock().next(Instant::now());
            assert_eq!(task.is_ok_and(|task| task.presence == Some(shown)), again);
        }
    }

    #[test]
    fn what_changes_while_it_is_told_is_told_afterwards_and_only_the_latest() {
        let keeper = keeper();
        keeper.show(&carol(), "Carol", online("one"));
        let now = Instant::now();
        let task = take(&keeper, now);
        keeper.show(&carol(), "Carol", online("two"));
        keeper.show(&carol(), "Carol!", online("three"));
        let now = Instant::now();
        assert!(keeper.lock().next(now).is_err(), "one at a time");
        keeper.lock().told(task, &Ok(()), now);
        let task = take(&keeper, now);
        assert_eq!((task.presence, task.name.as_deref()), (Some(online("three")), Some("Carol!")));
    }

    #[test]
    fn a_homeserver_that_is_away_is_tried_again_and_one_that_refuses_is_not_pestered() {
        let keeper = keeper();
        let now = Instant::now();
        let task = take(&keeper, now);
        keeper.lock().told(task, &Err(Trouble::Silent("refused".into())), now);
        let Err(Some(next)) = keeper.lock().next(now) else { panic!("given up") };
        assert_eq!(next - now, Duration::from_secs(1));
        let task = take(&keeper, next);
        keeper.lock().told(task, &Err(Trouble::Limited(Some(Duration::from_secs(7)))), next);
        assert_eq!(keeper.lock().next(next).err(), Some(Some(next + Duration::from_secs(7))));
        let task = take(&keeper, next + Duration::from_secs(7));
        let refused = Trouble::Refused { status: 400, errcode: "M_EXCLUSIVE".into(), message: String::new() };
        keeper.lock().told(task, &Err(refused), next);
        assert_eq!(keeper.lock().next(next).err(), Some(Some(next + REFUSED)));
        keeper.remove(&carol());
        assert_eq!(keeper.lock().next(next).err(), Some(None));
    }
}
