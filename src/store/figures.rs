//! What those who run the server want to know: how much waits, and whether the database can be written.

use bridge::Action;
use domain::{NetworkName, Timestamp};

use crate::{Store, StoreFault, word};

/// What no network is called: a name begins with a letter.
const PROBE: &str = "+probe";

/// How much waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// How many accounts there are.
    pub accounts: u64,
    /// How many messages wait to be shown, once for each account that each is for.
    pub deliveries: u64,
    /// What is to be done on other networks, for each network for which there is something.
    pub outbox: Vec<OutboxFigures>,
}

/// What is to be done on one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxFigures {
    /// The network; it may be off.
    pub network: NetworkName,
    /// How many orders wait, those that are being carried out included.
    pub waiting: u64,
    /// When the oldest message among them was said; `None` if there is none.
    pub oldest: Option<Timestamp>,
    /// How many were given up.
    pub parked: u64,
}

impl Store {
    /// How much waits now. Looks through the whole outbox: for once in some seconds.
    pub async fn figures(&self) -> Result<Figures, StoreFault> {
        let accounts: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM account").fetch_one(&self.readers).await?;
        let deliveries: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM delivery").fetch_one(&self.readers).await?;
        let rows: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
            "SELECT address.network, COUNT(*), COUNT(outbox.parked),
                    MIN(CASE WHEN outbox.parked IS NULL AND outbox.action LIKE '{\"do\":\"say\"%' THEN outbox.id END)
             FROM outbox JOIN address ON address.passport = outbox.contact
             GROUP BY address.network ORDER BY address.network",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut outbox = Vec::with_capacity(rows.len());
        for (network, all, parked, oldest) in rows {
            outbox.push(OutboxFigures {
                network: word::network("address", &network)?,
                waiting: count(all - parked),
                oldest: match oldest {
                    Some(order) => self.said(order).await?,
                    None => None,
                },
                parked: count(parked),
            });
        }
        Ok(Figures { accounts: count(accounts), deliveries: count(deliveries), outbox })
    }

    /// When what this order says was said; `None` if it was carried out meanwhile.
    async fn said(&self, order: i64) -> Result<Option<Timestamp>, StoreFault> {
        let action: Option<String> = sqlx::query_scalar("SELECT action FROM outbox WHERE id = $1")
            .bind(order)
            .fetch_optional(&self.readers)
            .await?;
        Ok(match action.map(|action| word::action(&action)).transpose()? {
            Some(Action::Say { sent, .. }) => Some(sent),
            Some(Action::Gather { .. } | Action::Befriend | Action::Welcome | Action::TurnAway | Action::Unfriend)
            | None => None,
        })
    }

    /// Writes something, takes it away again and commits that: whether anything can be written now. It waits behind whatever was handed
    /// in before.
    pub async fn probe(&self) -> Result<(), StoreFault> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    // A row that stays, and says the same, would not be written again.
                    sqlx::query("INSERT INTO bridge_value (network, key, value) VALUES ($1, 'probe', '')")
                        .bind(PROBE)
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query("DELETE FROM bridge_value WHERE network = $1").bind(PROBE).execute(connection).await?;
                    Ok(())
                })
            })
            .await
    }
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}
