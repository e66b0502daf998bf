//! What clients have got and the store could not note, because nothing could be written. It is tried until it is noted, and until
//! then nobody is given it again.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Passport, conversation::MessageId};
use store::StoreFault;
use tracing::{info, warn};

use crate::core::Core;

/// The first wait before another try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How many messages of one account are remembered; what is more may be shown again.
const MOST_UNNOTED: usize = 10_000;

/// How many are noted at once.
const TOGETHER: usize = 1_000;

/// By account: what it has got and the store takes for waiting. Each account here has a task that sees to it.
#[derive(Default)]
pub(crate) struct Deliveries {
    unnoted: Mutex<HashMap<Passport, BTreeSet<MessageId>>>,
}

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, HashMap<Passport, BTreeSet<MessageId>>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `owner` has got though the store takes it for waiting.
    pub(crate) fn unnoted(&self, owner: &Passport) -> BTreeSet<MessageId> {
        self.lock().get(owner).cloned().unwrap_or_default()
    }

    /// These could not be noted: from now on it is tried until they are, or the server stops.
    pub(crate) fn owe(&self, core: &Arc<Core>, owner: Passport, messages: Vec<MessageId>) {
        let mut unnoted = self.lock();
        let (is_new, owed) = match unnoted.entry(owner.clone()) {
            Entry::Vacant(place) => (true, place.insert(BTreeSet::new())),
            Entry::Occupied(owed) => (false, owed.into_mut()),
        };
        let room = MOST_UNNOTED.saturating_sub(owed.len());
        if messages.len() > room {
            warn!(%owner, "too much was delivered and cannot be noted: some of it may be shown again");
        }
        owed.extend(messages.into_iter().take(room));
        drop(unnoted);
        if is_new {
            core.tasks.spawn(settle(Arc::clone(core), owner));
        }
    }

    /// What is to be noted next.
    fn oldest(&self, owner: &Passport) -> Vec<MessageId> {
        self.lock().get(owner).into_iter().flatten().copied().take(TOGETHER).collect()
    }

    /// These are noted: whether that is all.
    fn noted(&self, owner: &Passport, messages: &[MessageId]) -> bool {
        let mut unnoted = self.lock();
        let Some(owed) = unnoted.get_mut(owner) else { return true };
        for message in messages {
            owed.remove(message);
        }
        let is_all = owed.is_empty();
        if is_all {
            unnoted.remove(owner);
        }
        is_all
    }
}

async fn settle(core: Arc<Core>, owner: Passport) {
    let mut wait = FIRST_WAIT;
    loop {
        // Told to stop, it tries once more.
        let is_last = tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = core.stop.cancelled() => true,
        };
        let messages = core.deliveries.oldest(&owner);
        match core.store.delivered(&owner, &messages).await {
            Ok(()) if core.deliveries.noted(&owner, &messages) => {
                info!(%owner, "everything that was delivered is noted again");
                return;
            }
            Ok(()) => wait = FIRST_WAIT,
            Err(StoreFault::Closed) => return,
            Err(fault) => {
                warn!(%owner, %fault, "what was delivered cannot be noted yet; it is tried again");
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        if is_last {
            return;
        }
    }
}
