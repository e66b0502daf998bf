//! Orders that were given up: kept for 30 days, so that they can be taken up again.

use bridge::Action;
use domain::{NetworkName, Passport, Timestamp};

use crate::{Lane, OrderId, Store, StoreFault, word};

/// An order that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedOrder {
    /// Its number.
    pub id: OrderId,
    /// Whose order it is.
    pub owner: Passport,
    /// Whom or what it concerns.
    pub contact: Passport,
    /// The network that was to do it; it may be off.
    pub network: NetworkName,
    /// What was to be done.
    pub action: Action,
    /// Why it was given up.
    pub reason: String,
    /// When; `None` if that was before it was noted.
    pub given_up: Option<Timestamp>,
}

/// Which of the orders that were given up are meant: all, narrowed by each part that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParkedFilter {
    /// That one.
    pub order: Option<OrderId>,
    /// Those of this account.
    pub owner: Option<Passport>,
    /// Those for this network.
    pub network: Option<NetworkName>,
}

/// What [`ParkedFilter`] narrows, as a condition; numbers of orders are 1 or more, and no name is empty.
macro_rules! meant {
    () => {
        "outbox.parked IS NOT NULL AND ($1 = 0 OR outbox.id = $1) AND ($2 = '' OR outbox.owner = $2)
         AND ($3 = '' OR outbox.contact IN (SELECT passport FROM address WHERE network = $3))"
    };
}

impl ParkedFilter {
    /// What stands for `$1`, `$2` and `$3`.
    fn values(&self) -> (i64, String, String) {
        (
            self.order.map_or(0, |order| order.0),
            self.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.network.as_ref().map(ToString::to_string).unwrap_or_default(),
        )
    }
}

impl Store {
    /// The orders of `owner` that were given up, oldest first.
    pub async fn parked(&self, owner: &Passport) -> Result<Vec<ParkedOrder>, StoreFault> {
        let filter = ParkedFilter { owner: Some(owner.clone()), ..ParkedFilter::default() };
        self.parked_orders(&filter, OrderId(0), u32::MAX).await
    }

    /// The first `most` of the orders after `after` that were given up, oldest first.
    pub async fn parked_orders(
        &self,
        filter: &ParkedFilter,
        after: OrderId,
        most: u32,
    ) -> Result<Vec<ParkedOrder>, StoreFault> {
        type Row = (i64, String, String, String, String, String, Option<i64>);
        let (order, owner, network) = filter.values();
        let rows: Vec<Row> = sqlx::query_as(concat!(
            "SELECT outbox.id, outbox.owner, outbox.contact, address.network, outbox.action, outbox.parked, outbox.given_up
             FROM outbox JOIN address ON address.passport = outbox.contact
             WHERE outbox.id > $4 AND ",
            meant!(),
            " ORDER BY outbox.id LIMIT $5"
        ))
        .bind(order)
        .bind(owner)
        .bind(network)
        .bind(after.0)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(id, owner, contact, network, action, reason, given_up)| {
                Ok(ParkedOrder {
                    id: OrderId(id),
                    owner: word::passport("outbox", &owner)?,
                    contact: word::passport("outbox", &contact)?,
                    network: word::network("address", &network)?,
                    action: word::action(&action)?,
                    reason,
                    given_up: given_up.map(Timestamp),
                })
            })
            .collect()
    }

    /// Takes up again what was given up, with the same keys, before whatever waits since; gives the lane of each order.
    pub async fn retry_parked(&self, filter: &ParkedFilter) -> Result<Vec<Lane>, StoreFault> {
        let (order, owner, network) = filter.values();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let rows: Vec<(String, String)> = sqlx::query_as(concat!(
                        "UPDATE outbox SET parked = NULL, given_up = NULL WHERE ",
                        meant!(),
                        " RETURNING owner, contact"
                    ))
                    .bind(order)
                    .bind(owner)
                    .bind(network)
                    .fetch_all(connection)
                    .await?;
                    rows.into_iter()
                        .map(|(owner, contact)| {
                            Ok(Lane {
                                owner: word::passport("outbox", &owner)?,
                                contact: word::passport("outbox", &contact)?,
                            })
                        })
                        .collect()
                })
            })
            .await
    }

    /// Forgets what was given up; says how many orders. Their authors were told when they were given up.
    pub async fn drop_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreFault> {
        let (order, owner, network) = filter.values();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query(concat!("DELETE FROM outbox WHERE ", meant!()))
                        .bind(order)
                        .bind(owner)
                        .bind(network)
                        .execute(connection)
                        .await?;
                    Ok(done.rows_affected())
                })
            })
            .await
    }
}
