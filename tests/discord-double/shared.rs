//! The one lock around the model, and the bell that rings when it changed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::world::World;

/// How long a test waits for something until it fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The model, for all who look at it and change it.
pub(crate) struct Shared {
    world: Mutex<World>,
    changes: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), changes: watch::Sender::new(0) }
    }

    /// Looks at the model.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the model, and wakes all who wait for a change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    /// A bell that rings after each change from now on.
    pub(crate) fn bell(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits until the model holds something; a test that waits too long fails.
    pub(crate) async fn wait<T>(&self, what: &str, look: impl Fn(&World) -> Option<T>) -> T {
        let mut bell = self.bell();
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                if let Some(found) = self.look(&look) {
                    return found;
                }
                if bell.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain for {what}"))
    }

    /// Waits while nothing is answered.
    pub(crate) async fn while_it_hangs(&self) {
        let mut bell = self.bell();
        while self.look(|world| world.rules.hangs) && bell.changed().await.is_ok() {}
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
