//! Numbers of messages: given out in memory, so that nobody waits for one, and never twice.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use domain::conversation::MessageId;
use sqlx::AnyConnection;

use crate::{StoreFault, dialect::Dialect};

/// How many numbers are reserved at once. At an opening, what was reserved and not given out is lost.
const RESERVE: i64 = 65_536;

/// Gives out the numbers of messages.
#[derive(Debug)]
pub(crate) struct Numbers {
    next: AtomicI64,
}

impl Numbers {
    /// A number above all that were given out before.
    pub(crate) fn give(&self) -> MessageId {
        MessageId(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Writes down how far numbers may have been given out, long before they are: messages that were never written leave no other
/// trace.
pub(crate) struct Reservation {
    numbers: Arc<Numbers>,
    reserved: i64,
    /// What may be reserved instead: the answer to that commit was lost.
    open: Option<i64>,
}

impl Reservation {
    /// Begins above every number that was ever given out.
    pub(crate) async fn open(connection: &mut AnyConnection) -> Result<(Self, Arc<Numbers>), StoreFault> {
        let mut highest: i64 = sqlx::query_scalar(
            "SELECT MAX(number) FROM (
                 SELECT reserved AS number FROM message_number
                 UNION ALL SELECT MAX(id) FROM message
                 UNION ALL SELECT MAX(message) FROM delivery
                 UNION ALL SELECT MAX(message) FROM outbox
                 UNION ALL SELECT MAX(message) FROM message_map
             ) AS used",
        )
        .fetch_one(&mut *connection)
        .await?;
        if Dialect::of(connection) == Dialect::Sqlite {
            // A version that reserved nothing let the database give the numbers.
            let given: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'message'")
                .fetch_optional(&mut *connection)
                .await?;
            highest = highest.max(given.unwrap_or(0));
        }
        let numbers = Arc::new(Numbers { next: AtomicI64::new(highest + 1) });
        let mut reservation = Self { numbers: Arc::clone(&numbers), reserved: highest, open: None };
        let reserved = reservation.write(connection, highest + 1).await?;
        reservation.commit(Some(reserved));
        Ok((reservation, numbers))
    }

    /// Reserves more numbers if they run short. What it returns is to be given to [`Reservation::commit`] once it is committed.
    pub(crate) async fn extend(&self, connection: &mut AnyConnection) -> Result<Option<i64>, StoreFault> {
        let next = self.numbers.next.load(Ordering::Relaxed);
        if self.reserved - next > RESERVE / 2 {
            return Ok(None);
        }
        self.write(connection, next).await.map(Some)
    }

    /// These are reserved for good.
    pub(crate) fn commit(&mut self, reserved: Option<i64>) {
        self.reserved = reserved.unwrap_or(self.reserved);
    }

    /// Whether these are reserved is not known.
    pub(crate) const fn leave_open(&mut self, reserved: Option<i64>) {
        if reserved.is_some() {
            self.open = reserved;
        }
    }

    /// Whether nobody else has had the database: whoever opens it reserves numbers.
    pub(crate) async fn is_untouched(&mut self, connection: &mut AnyConnection) -> Result<bool, StoreFault> {
        let found = Self::found(connection).await?;
        let is_ours = self.is_ours(found);
        if is_ours {
            (self.reserved, self.open) = (found, None);
        }
        Ok(is_ours)
    }

    /// The same, asked while somebody else has the lock, who may be a session of ours that is about to end: nothing is settled by it.
    pub(crate) async fn seems_untouched(&self, connection: &mut AnyConnection) -> Result<bool, StoreFault> {
        Ok(self.is_ours(Self::found(connection).await?))
    }

    async fn found(connection: &mut AnyConnection) -> Result<i64, StoreFault> {
        Ok(sqlx::query_scalar("SELECT reserved FROM message_number").fetch_one(connection).await?)
    }

    fn is_ours(&self, found: i64) -> bool {
        found == self.reserved || Some(found) == self.open
    }

    async fn write(&self, connection: &mut AnyConnection, next: i64) -> Result<i64, StoreFault> {
        let reserved = next + RESERVE;
        sqlx::query("UPDATE message_number SET reserved = $1").bind(reserved).execute(connection).await?;
        Ok(reserved)
    }
}
