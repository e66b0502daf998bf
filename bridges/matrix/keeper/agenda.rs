//! Which ghost is due when, and what is to be told of it. Pure: moments are arguments.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use bridge::Failure;
use domain::{
    Passport,
    media::{Attachment, Source},
};
use ruma::OwnedUserId;
use tokio::time::Instant;

use crate::presence::Shown;

/// A homeserver takes a presence as gone 30 seconds after it was last said; it is repeated between these, in milliseconds,
/// spread out so that not all come together.
const REPEATED: Range<u64> = 12_000..25_000;
/// How soon it is said a second time. Synapse notes that a user joins or says something by writing back the presence it read a
/// moment before: what was said within that moment is undone.
pub(super) const SECOND: Duration = Duration::from_secs(2);
/// When a ghost that nobody can see is looked at again, in milliseconds; nothing is sent for that.
const UNSEEN: Range<u64> = 60_000..90_000;
/// The longest wait after a failure that may pass.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait after a refusal: what the homeserver does not want, it will not want in a moment either.
pub(super) const REFUSED: Duration = Duration::from_mins(10);

/// What an earlier run told about a ghost.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its name; `None` when it may not exist.
    pub(super) name: Option<String>,
    /// What its avatar was made of.
    pub(super) portrait: Option<Source>,
}

/// All ghosts.
#[derive(Default)]
pub(super) struct Agenda {
    of: HashMap<Passport, Slot>,
    /// Who is due when; each account stands here once at most.
    due: BTreeSet<(Instant, Passport)>,
    /// What was told on an earlier run, until the account is opened.
    pub(super) known: HashMap<Passport, Known>,
}

/// One ghost.
struct Slot {
    ghost: OwnedUserId,
    name: String,
    /// What the homeserver has.
    known: Known,
    /// The picture that it has to show.
    picture: Picture,
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

/// What is known of the picture of a ghost, or has to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picture {
    /// It stays as it is.
    Kept,
    /// There is none.
    None,
    /// It is this.
    Shown(Arc<Attachment>),
}

/// What is to be told about one ghost.
#[derive(Debug)]
pub(super) struct Task {
    /// Whose ghost it is.
    pub(super) owner: Passport,
    /// The ghost.
    pub(super) ghost: OwnedUserId,
    /// Whether it may not exist yet.
    pub(super) register: bool,
    /// Its new name.
    pub(super) name: Option<String>,
    /// What becomes of its picture.
    pub(super) picture: Picture,
    /// What it shows.
    pub(super) presence: Option<Shown>,
}

/// Whether a presence was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Somebody may see it.
    Some,
    /// Nobody can see it, and so it was not told.
    Nobody,
}

impl Slot {
    fn is_portrayed(&self) -> bool {
        match &self.picture {
            Picture::Kept => true,
            Picture::None => self.known.portrait.is_none(),
            Picture::Shown(picture) => self.known.portrait == Some(picture.source),
        }
    }

    fn is_told(&self) -> bool {
        self.known.name.as_ref() == Some(&self.name) && self.is_portrayed()
    }
}

impl Agenda {
    /// An account was opened.
    pub(super) fn add(&mut self, owner: &Passport, ghost: OwnedUserId, name: String, now: Instant) {
        let known = self.known.remove(owner).unwrap_or_default();
        let slot = self.of.entry(owner.clone()).or_insert_with(|| Slot {
            ghost,
            name: String::new(),
            known,
            picture: Picture::Kept,
            shown: None,
            told: None,
            settled: true,
            due: None,
            busy: false,
            again: false,
            failures: 0,
        });
        slot.name = name;
        let when = (!slot.is_told()).then_some(now);
        self.set_due(owner, when);
    }

    /// A ghost shows this from now on.
    pub(super) fn show(&mut self, owner: &Passport, name: String, picture: Picture, shown: Shown, now: Instant) {
        let Some(slot) = self.of.get_mut(owner) else { return };
        slot.name = name;
        if picture != Picture::Kept {
            slot.picture = picture;
        }
        slot.shown = Some(shown);
        slot.settled = false;
        slot.failures = 0;
        self.set_due(owner, Some(now));
    }

    /// What a ghost shows is told once more.
    pub(super) fn renew(&mut self, owner: &Passport, now: Instant) {
        if let Some(slot) = self.of.get_mut(owner).filter(|slot| slot.shown.is_some()) {
            slot.settled = false;
            self.set_due(owner, Some(now));
        }
    }

    /// What a ghost shows.
    pub(super) fn shown(&self, owner: &Passport) -> Option<&Shown> {
        self.of.get(owner)?.shown.as_ref()
    }

    /// Nothing of an account is told any more.
    pub(super) fn remove(&mut self, owner: &Passport) {
        self.set_due(owner, None);
        self.of.remove(owner);
        self.known.remove(owner);
    }

    /// The ghosts that the homeserver shows as present.
    pub(super) fn present(&self) -> Vec<OwnedUserId> {
        let told = |slot: &&Slot| slot.told.as_ref().is_some_and(Shown::fades);
        self.of.values().filter(told).map(|slot| slot.ghost.clone()).collect()
    }

    /// The next that is due, or when it will be.
    pub(super) fn next(&mut self, now: Instant) -> Result<Task, Option<Instant>> {
        loop {
            match self.due.first() {
                Some((when, _)) if *when > now => return Err(Some(*when)),
                Some(_) => {}
                None => return Err(None),
            }
            let Some((_, owner)) = self.due.pop_first() else { return Err(None) };
            let Some(slot) = self.of.get_mut(&owner) else { continue };
            slot.due = None;
            // What changes while it is being told is told afterwards.
            if slot.busy {
                slot.again = true;
                continue;
            }
            slot.busy = true;
            let name = (slot.known.name.as_ref() != Some(&slot.name)).then(|| slot.name.clone());
            let task = Task {
                ghost: slot.ghost.clone(),
                register: slot.known.name.is_none(),
                name,
                picture: if slot.is_portrayed() { Picture::Kept } else { slot.picture.clone() },
                presence: slot.shown.clone(),
                owner,
            };
            return Ok(task);
        }
    }

    /// What came of a task, and when its ghost is next due. `chance` is any number.
    pub(super) fn told(&mut self, task: Task, outcome: Result<Audience, Failure>, now: Instant, chance: u64) {
        let Some(slot) = self.of.get_mut(&task.owner) else { return };
        slot.busy = false;
        let again = std::mem::take(&mut slot.again);
        let next = match outcome {
            Ok(audience) => {
                slot.failures = 0;
                slot.known.name = task.name.or(slot.known.name.take());
                match task.picture {
                    Picture::Kept => {}
                    Picture::None => slot.known.portrait = None,
                    Picture::Shown(picture) => slot.known.portrait = Some(picture.source),
                }
                let has_changed = again || !slot.is_told() || slot.shown != task.presence;
                slot.told = task.presence.filter(|_| audience == Audience::Some);
                if has_changed {
                    Some(now)
                } else if audience == Audience::Nobody {
                    let fades = slot.shown.as_ref().is_some_and(Shown::fades);
                    fades.then(|| now + within(&UNSEEN, chance))
                } else if slot.told.is_some() && !std::mem::replace(&mut slot.settled, true) {
                    Some(now + SECOND)
                } else if slot.told.as_ref().is_some_and(Shown::fades) {
                    Some(now + within(&REPEATED, chance))
                } else {
                    None
                }
            }
            Err(failure) => {
                let usual = Duration::from_secs(1 << slot.failures.min(5));
                slot.failures = slot.failures.saturating_add(1);
                if slot.failures == 1 || !failure.is_passing() {
                    tracing::warn!(owner = %task.owner, %failure, "what a ghost shows could not be told; it is tried again");
                }
                Some(
                    now + match failure {
                        Failure::Retry { after, .. } => after.unwrap_or(usual).min(LONGEST_WAIT),
                        Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. } => REFUSED,
                    },
                )
            }
        };
        self.set_due(&task.owner, next);
    }

    fn set_due(&mut self, owner: &Passport, when: Option<Instant>) {
        let Some(slot) = self.of.get_mut(owner) else { return };
        if let Some(old) = std::mem::replace(&mut slot.due, when) {
            self.due.remove(&(old, owner.clone()));
        }
        if let Some(when) = when {
            self.due.insert((when, owner.clone()));
        }
    }
}

fn within(range: &Range<u64>, chance: u64) -> Duration {
    Duration::from_millis(range.start + chance % (range.end - range.start))
}
