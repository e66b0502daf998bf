//! Which message of a network is which of ours.

use domain::{NetworkName, Passport, RemoteMessage, Timestamp, conversation::MessageId};
use sqlx::AnyConnection;

use crate::{Store, StoreFault};

/// How long a network's message is recognised when it is handed in again, in milliseconds: 30 days.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1000;

impl Store {
    /// Forgets what is only kept to recognise repetitions and is older than 30 days. Says how much was forgotten.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, StoreFault> {
        let oldest = now.0.saturating_sub(REMEMBERED);
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done =
                        sqlx::query("DELETE FROM message_map WHERE kept < $1").bind(oldest).execute(connection).await?;
                    Ok(done.rows_affected())
                })
            })
            .await
    }
}

/// Whether this message is known already for the owner: it was brought to them, or they sent it themselves.
pub(crate) async fn is_known(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<bool, StoreFault> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT message FROM message_map WHERE owner = $1 AND network = $2 AND remote = $3")
            .bind(owner.as_str())
            .bind(network.as_str())
            .bind(remote.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

pub(crate) async fn remember(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO message_map (owner, network, remote, message, kept) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner, network, remote) DO NOTHING",
    )
    .bind(owner.as_str())
    .bind(network.as_str())
    .bind(remote.as_str())
    .bind(message.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}
