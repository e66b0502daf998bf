//! Forgetting what is old: in portions, each in a transaction of its own, so that nobody who has something to keep waits for all of it.

use domain::Timestamp;
use sqlx::AnyConnection;

use crate::{Store, StoreFault, invitation, message_map, outbox, writer::Work};

/// How long a network's message is remembered, in milliseconds: 30 days.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1000;

/// How many rows are forgotten in one transaction.
pub(crate) const PORTION: u32 = 512;

impl Store {
    /// Forgets what is older than 30 days: what is only kept to recognise repetitions and to know of what is spoken, orders that
    /// were given up, and invitations to rooms that nobody answered. Says how much of the first two was forgotten. Where it fails, what was
    /// forgotten before that stays forgotten.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, StoreFault> {
        let oldest = Timestamp(now.0.saturating_sub(REMEMBERED));
        let messages = self.in_portions(move |connection| Box::pin(message_map::prune(connection, oldest))).await?;
        self.in_portions(move |connection| Box::pin(invitation::close_stale(connection, oldest, now))).await?;
        self.in_portions(move |connection| Box::pin(invitation::prune(connection, now))).await?;
        self.in_portions(move |connection| Box::pin(outbox::note_given_up(connection, now))).await?;
        let orders = self.in_portions(move |connection| Box::pin(outbox::prune(connection, oldest))).await?;
        Ok(messages + orders)
    }

    /// Does it again and again, until fewer rows than a portion were left for it; says how many there were.
    async fn in_portions<Task>(&self, task: Task) -> Result<u64, StoreFault>
    where
        Task: for<'c> FnOnce(&'c mut AnyConnection) -> Work<'c, u64> + Clone + Send + 'static,
    {
        let mut all = 0;
        loop {
            let done = self.writer.run(task.clone()).await?;
            all += done;
            if done < u64::from(PORTION) {
                return Ok(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
    };

    use domain::Realm;

    use super::*;

    #[tokio::test]
    async fn others_may_write_between_two_portions() {
        let realm = Realm::new("msn.example", Vec::new());
        let store = Store::open("sqlite::memory:", Path::new("/"), realm, HashMap::new()).await.unwrap();
        let left = Arc::new(AtomicU64::new(2 * u64::from(PORTION) + 7));
        let transactions = Arc::new(AtomicU64::new(0));
        let (rows, counted) = (Arc::clone(&left), Arc::clone(&transactions));
        let forgotten = store.in_portions(move |_connection| {
            Box::pin(async move {
                counted.fetch_add(1, Ordering::Relaxed);
                let portion = rows.load(Ordering::Relaxed).min(PORTION.into());
                rows.fetch_sub(portion, Ordering::Relaxed);
                Ok(portion)
            })
        });
        assert_eq!(forgotten.await, Ok(2 * u64::from(PORTION) + 7));
        assert_eq!((left.load(Ordering::Relaxed), transactions.load(Ordering::Relaxed)), (0, 3));
    }
}
