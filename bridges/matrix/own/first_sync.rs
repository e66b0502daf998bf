//! How far the first sync of a linked account is: it can take minutes, and whoever waits is told what for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// How far the first sync is; nothing is said of any other.
#[derive(Default)]
pub(super) struct FirstSync(Mutex<Option<Stage>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The homeserver puts together everything that there is.
    Asked { at: Instant },
    /// It has answered, and so many of the rooms were looked through.
    Answered { rooms: usize, of: usize },
}

impl FirstSync {
    fn lock(&self) -> MutexGuard<'_, Option<Stage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The homeserver is asked.
    pub(super) fn is_asked(&self) {
        *self.lock() = Some(Stage::Asked { at: Instant::now() });
    }

    /// So many rooms of its answer were looked through, if it is the first.
    pub(super) fn has_read(&self, rooms: usize, of: usize) {
        if let Some(stage) = self.lock().as_mut() {
            *stage = Stage::Answered { rooms, of };
        }
    }

    /// It is over: committed, or not answered.
    pub(super) fn ends(&self) {
        self.lock().take();
    }

    /// How far it is, as a whole sentence; `None` where none is under way.
    pub(super) fn line(&self) -> Option<String> {
        let stage = *self.lock();
        Some(match stage? {
            Stage::Asked { at } => {
                let seconds = at.elapsed().as_secs();
                format!(
                    "Its homeserver puts together everything that there is: {seconds} s so far. That takes minutes where there is much."
                )
            }
            Stage::Answered { rooms, of } => format!("Its rooms are read: {rooms} of {of}."),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_hears_how_far_it_is_and_nothing_of_later_syncs() {
        let sync = FirstSync::default();
        sync.has_read(1, 2);
        assert_eq!(sync.line(), None, "it is not the first");
        sync.is_asked();
        tokio::time::advance(Duration::from_secs(75)).await;
        assert!(sync.line().unwrap().contains(": 75 s so far."));
        sync.has_read(40, 340);
        assert_eq!(sync.line().unwrap(), "Its rooms are read: 40 of 340.");
        sync.ends();
        assert_eq!(sync.line(), None);
    }
}
