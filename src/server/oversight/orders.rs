//! What networks gave up doing: looked at, taken up again, or forgotten.

use store::{OrderId, ParkedFilter, ParkedOrder, StoreFault};

use super::Oversight;

impl Oversight {
    /// The first `most` of the orders after `after` that were given up, oldest first.
    pub async fn parked(
        &self,
        filter: &ParkedFilter,
        after: OrderId,
        most: u32,
    ) -> Result<Vec<ParkedOrder>, StoreFault> {
        self.core.store.parked_orders(filter, after, most).await
    }

    /// Takes up again what was given up; says how many orders.
    pub async fn retry(&self, filter: &ParkedFilter) -> Result<usize, StoreFault> {
        self.core.outbox.retry(&self.core, filter).await
    }

    /// Forgets what was given up; says how many orders.
    pub async fn drop_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreFault> {
        self.core.store.drop_parked(filter).await
    }
}
