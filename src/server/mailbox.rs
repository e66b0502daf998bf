//! What waits for an account: the latest presence of each contact, and what others have to tell it.
//!
//! Putting something in never waits and never fails, so that no task can be held up by another. It does not grow without
//! bound either: presence is one slot for each contact, and causes that pile up are replaced by "read your list anew".

use std::collections::{HashMap, HashSet, VecDeque, hash_map::Entry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Passport, Presence,
    account::{Cause, Refusal, Request, Ring},
    presence::Sighting,
};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::{account::Present, conversation::ConversationHandle, lane::ConnectionHandle};

/// Beyond this many causes the account reads its list anew instead.
const MOST_CAUSES: usize = 1024;

/// One account's mailbox, there whether or not the account is in memory.
#[derive(Default)]
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    bell: Notify,
}

#[derive(Default)]
struct Inside {
    /// The account's own task, while it runs.
    task: Option<mpsc::Sender<Box<ToAccount>>>,
    /// What the account sees of its contacts.
    presences: HashMap<Passport, Arc<Presence>>,
    /// Contacts whose slot has changed since it was last looked at.
    changed: HashSet<Passport>,
    posted: VecDeque<Posted>,
    overflown: bool,
    reread: Option<bool>,
}

/// What a client sends to its account's task.
pub(crate) enum ToAccount {
    /// The client has signed in.
    SignedIn(ConnectionHandle),
    /// Something happened.
    Cause(Cause),
    /// The user has told the server's own contact to change the list; it waits for the outcome.
    Wish(Cause, oneshot::Sender<Result<(), Refusal>>),
    /// The user wants something on a page, which waits for the outcome.
    Page(Request, oneshot::Sender<Result<(), Refusal>>),
    /// A page wants to show who is signed in.
    Look(oneshot::Sender<Option<Present>>),
}

/// What others put into the mailbox.
pub(crate) enum Posted {
    /// Something happened.
    Cause(Cause),
    /// A conversation rings.
    Rung(Ring, ConversationHandle),
}

/// What was taken out of a mailbox.
#[derive(Default)]
pub(crate) struct Mail {
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) posted: VecDeque<Posted>,
    /// Whether so much was posted that the list has to be read anew.
    pub(crate) overflown: bool,
    /// Whether networks have come; `Some` where some have come or gone, so that the list is another one.
    pub(crate) reread: Option<bool>,
}

impl Mailbox {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held; a poisoned slot is as good as before.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `contact` looks like now.
    pub(crate) fn sight(&self, contact: &Passport, presence: Option<Arc<Presence>>) {
        let mut inside = self.inside();
        let changed = match (inside.presences.entry(contact.clone()), presence) {
            (Entry::Occupied(known), Some(presence)) if **known.get() == *presence => false,
            (Entry::Occupied(mut known), Some(presence)) => {
                known.insert(presence);
                true
            }
            (Entry::Occupied(known), None) => {
                known.remove();
                true
            }
            (Entry::Vacant(slot), Some(presence)) => {
                slot.insert(presence);
                true
            }
            (Entry::Vacant(_), None) => false,
        };
        if changed && inside.task.is_some() {
            inside.changed.insert(contact.clone());
            drop(inside);
            self.bell.notify_one();
        }
    }

    /// Tells the account something that is in the store already, if it is in memory.
    pub(crate) fn post(&self, cause: Cause) {
        let mut inside = self.inside();
        if inside.task.is_none() {
            return;
        }
        if inside.posted.len() >= MOST_CAUSES {
            inside.overflown = true;
        } else {
            inside.posted.push_back(Posted::Cause(cause));
        }
        drop(inside);
        self.bell.notify_one();
    }

    /// Networks have come or gone: the account reads its list anew, if it is in memory.
    pub(crate) fn reread(&self, come: bool) {
        let mut inside = self.inside();
        if inside.task.is_none() {
            return;
        }
        inside.reread = Some(come || inside.reread == Some(true));
        drop(inside);
        self.bell.notify_one();
    }

    /// Nobody of these is seen any more.
    pub(crate) fn lose_sight(&self, of: impl Fn(&Passport) -> bool) {
        let mut guard = self.inside();
        let inside = &mut *guard;
        let lost: Vec<Passport> = inside.presences.extract_if(|contact, _| of(contact)).map(|(lost, _)| lost).collect();
        if inside.task.is_some() && !lost.is_empty() {
            inside.changed.extend(lost);
            drop(guard);
            self.bell.notify_one();
        }
    }

    /// A conversation rings. The account has to be in memory, or be brought there.
    pub(crate) fn ring(&self, ring: Ring, conversation: ConversationHandle) {
        self.inside().posted.push_back(Posted::Rung(ring, conversation));
        self.bell.notify_one();
    }

    /// Takes out everything.
    pub(crate) fn take(&self) -> Mail {
        let mut guard = self.inside();
        let inside = &mut *guard;
        let sightings = inside
            .changed
            .drain()
            .map(|contact| Sighting { presence: inside.presences.get(&contact).cloned(), contact })
            .collect();
        Mail {
            sightings,
            posted: std::mem::take(&mut inside.posted),
            overflown: std::mem::take(&mut inside.overflown),
            reread: std::mem::take(&mut inside.reread),
        }
    }

    /// Waits until there may be something.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// The account's task, if it runs.
    pub(crate) fn awake(&self) -> Option<mpsc::Sender<Box<ToAccount>>> {
        self.inside().task.clone().filter(|task| !task.is_closed())
    }

    /// The account's task; `start` is called with its queue's end if there is none.
    pub(crate) fn task(&self, start: impl FnOnce(mpsc::Receiver<Box<ToAccount>>)) -> mpsc::Sender<Box<ToAccount>> {
        let mut inside = self.inside();
        if let Some(task) = inside.task.as_ref().filter(|task| !task.is_closed()) {
            return task.clone();
        }
        let (sender, receiver) = mpsc::channel(64);
        inside.task = Some(sender.clone());
        inside.changed = inside.presences.keys().cloned().collect();
        drop(inside);
        start(receiver);
        sender
    }

    /// Ends the account's task, unless something has come in: `queue` is its end of the queue.
    pub(crate) fn retire(&self, queue: &mut mpsc::Receiver<Box<ToAccount>>) -> bool {
        let mut inside = self.inside();
        if !queue.is_empty() || !inside.posted.is_empty() || inside.reread.is_some() {
            return false;
        }
        queue.close();
        inside.task = None;
        inside.changed = HashSet::new();
        true
    }

    /// Forgets everything, for an account that was removed.
    pub(crate) fn clear(&self) {
        let mut inside = self.inside();
        inside.presences = HashMap::new();
        inside.changed = HashSet::new();
    }
}
