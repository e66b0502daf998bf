//! What clients have got and the store could not note, because nothing could be written. It is tried until it is noted, and until
//! then nobody is given it again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Passport, conversation::MessageId};
use store::StoreFault;
use tracing::{debug, info, warn};

use crate::core::Core;

/// How long after a try in vain the next is made. What is not noted when the program dies is shown again, so it is short, however long
/// nothing can be written; there is one try for all accounts.
const BETWEEN: Duration = Duration::from_millis(500);

/// How many messages of one account are remembered; what is more may be shown again.
const MOST_UNNOTED: usize = 10_000;

/// How many are noted at once.
const TOGETHER: usize = 1_000;

/// By account: what it has got and the store takes for waiting. As long as there is anything here, one task sees to all of it.
#[derive(Default)]
pub(crate) struct Deliveries {
    unnoted: Mutex<BTreeMap<Passport, BTreeSet<MessageId>>>,
}

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Passport, BTreeSet<MessageId>>> {
        self.unnoted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `owner` has got though the store takes it for waiting.
    pub(crate) fn unnoted(&self, owner: &Passport) -> BTreeSet<MessageId> {
        self.lock().get(owner).cloned().unwrap_or_default()
    }

    /// How many messages could not be noted, of all accounts.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().map(BTreeSet::len).sum()
    }

    /// These could not be noted: from now on it is tried until they are, or the server stops.
    pub(crate) fn owe(&self, core: &Arc<Core>, owner: &Passport, messages: Vec<MessageId>) {
        if self.add(owner, messages) {
            core.tasks.spawn(settle(Arc::clone(core)));
        }
    }

    /// Whether nobody sees to it yet.
    fn add(&self, owner: &Passport, messages: Vec<MessageId>) -> bool {
        let mut unnoted = self.lock();
        let is_first = unnoted.is_empty();
        let owed = unnoted.entry(owner.clone()).or_default();
        let room = MOST_UNNOTED.saturating_sub(owed.len());
        if messages.len() > room {
            warn!(%owner, "too much was delivered and cannot be noted: some of it may be shown again");
        }
        owed.extend(messages.into_iter().take(room));
        is_first
    }

    /// What is to be noted next: of the account whose turn it is after `last`, the oldest. `None` if everything is noted.
    fn next(&self, last: Option<&Passport>) -> Option<(Passport, Vec<MessageId>)> {
        let unnoted = self.lock();
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        let later = unnoted.range::<Passport, _>((after, Bound::Unbounded)).next();
        let (owner, owed) = later.or_else(|| unnoted.first_key_value())?;
        Some((owner.clone(), owed.iter().copied().take(TOGETHER).collect()))
    }

    /// These are noted: whether that is all, of all accounts.
    fn noted(&self, owner: &Passport, messages: &[MessageId]) -> bool {
        let mut unnoted = self.lock();
        if let Some(owed) = unnoted.get_mut(owner) {
            for message in messages {
                owed.remove(message);
            }
            if owed.is_empty() {
                unnoted.remove(owner);
            }
        }
        unnoted.is_empty()
    }
}

/// Notes what could not be noted: as soon as a try shows that something can be written, all of it.
async fn settle(core: Arc<Core>) {
    let mut last = None;
    loop {
        // Told to stop, it tries once more.
        let is_last = tokio::select! {
            () = tokio::time::sleep(BETWEEN) => false,
            () = core.stop.cancelled() => true,
        };
        while let Some((owner, messages)) = core.deliveries.next(last.as_ref()) {
            match core.store.delivered(&owner, &messages).await {
                Ok(()) if core.deliveries.noted(&owner, &messages) => {
                    info!("everything that was delivered is noted again");
                    return;
                }
                Ok(()) => {}
                Err(StoreFault::Closed) => return,
                Err(fault) => {
                    debug!(%owner, %fault, "what was delivered cannot be noted yet; it is tried again");
                    // One whose messages alone cannot be noted holds up nobody else.
                    last = Some(owner);
                    break;
                }
            }
        }
        if is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_turn_until_all_is_noted() {
        let [bob, carol] = ["bob@example.com", "carol@example.com"].map(|name| name.parse::<Passport>().unwrap());
        let deliveries = Deliveries::default();
        assert!(deliveries.add(&bob, vec![MessageId(2), MessageId(1)]), "from now on somebody sees to it");
        assert!(!deliveries.add(&carol, vec![MessageId(3)]) && !deliveries.add(&bob, vec![MessageId(4)]));

        let of_bob = vec![MessageId(1), MessageId(2), MessageId(4)];
        assert_eq!(deliveries.next(None), Some((bob.clone(), of_bob.clone())));
        assert_eq!(deliveries.next(Some(&bob)), Some((carol.clone(), vec![MessageId(3)])));
        assert_eq!(deliveries.next(Some(&carol)), Some((bob.clone(), of_bob.clone())));

        assert!(!deliveries.noted(&bob, &of_bob));
        assert_eq!(deliveries.next(Some(&carol)), Some((carol.clone(), vec![MessageId(3)])));
        assert!(deliveries.noted(&carol, &[MessageId(3)]));
        assert_eq!(deliveries.next(None), None);
        assert!(deliveries.add(&bob, vec![MessageId(5)]), "and anew");
    }
}
