//! What the bridges remember: texts under keys, apart for each network, and secrets, which are sealed.

use bridge::Write;
use domain::NetworkName;
use sqlx::AnyConnection;

use crate::{Store, StoreFault, word};

impl Store {
    /// The network's value under `key`.
    pub async fn get(&self, network: &NetworkName, key: &str) -> Result<Option<String>, StoreFault> {
        Ok(sqlx::query_scalar("SELECT value FROM bridge_value WHERE network = $1 AND key = $2")
            .bind(network.as_str())
            .bind(word::text(key))
            .fetch_optional(&self.readers)
            .await?)
    }

    /// The network's keys that begin with `prefix`, with their values, in the order of the keys' bytes.
    pub async fn list(&self, network: &NetworkName, prefix: &str) -> Result<Vec<(String, String)>, StoreFault> {
        let prefix = word::text(prefix);
        let rows = match after_prefix(&prefix) {
            Some(end) => sqlx::query_as(
                "SELECT key, value FROM bridge_value WHERE network = $1 AND key >= $2 AND key < $3 ORDER BY key",
            )
            .bind(network.as_str())
            .bind(prefix)
            .bind(end),
            None => sqlx::query_as("SELECT key, value FROM bridge_value WHERE network = $1 AND key >= $2 ORDER BY key")
                .bind(network.as_str())
                .bind(prefix),
        };
        Ok(rows.fetch_all(&self.readers).await?)
    }

    /// The network's secret under `key`.
    pub async fn secret(&self, network: &NetworkName, key: &str) -> Result<Option<String>, StoreFault> {
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT sealed FROM bridge_secret WHERE network = $1 AND key = $2")
                .bind(network.as_str())
                .bind(word::text(key))
                .fetch_optional(&self.readers)
                .await?;
        sealed.map(|sealed| self.vault.open(network, key, &sealed)).transpose()
    }

    /// Commits the network's writes, in their order, in one transaction.
    pub async fn write(&self, network: &NetworkName, writes: Vec<Write>) -> Result<(), StoreFault> {
        let (network, writes) = (network.clone(), self.sealed(network, writes)?);
        self.writer.run(move |connection| Box::pin(async move { write(connection, &network, writes).await })).await
    }

    /// The writes as they are kept: from here on no secret is there to be read.
    pub(crate) fn sealed(&self, network: &NetworkName, writes: Vec<Write>) -> Result<Vec<SealedWrite>, StoreFault> {
        let seal = |write| {
            Ok(match write {
                Write::Put(key, value) => SealedWrite::Put(key, value),
                Write::Seal(key, secret) => {
                    let sealed = self.vault.seal(network, &key, &secret)?;
                    SealedWrite::Seal(key, sealed)
                }
                Write::Delete(key) => SealedWrite::Delete(key),
            })
        };
        writes.into_iter().map(seal).collect()
    }
}

/// A write whose secret, if it has one, is sealed.
#[derive(Clone)]
pub(crate) enum SealedWrite {
    Put(String, String),
    Seal(String, Vec<u8>),
    Delete(String),
}

pub(crate) async fn write(
    connection: &mut AnyConnection,
    network: &NetworkName,
    writes: Vec<SealedWrite>,
) -> Result<(), StoreFault> {
    for write in writes {
        let query = match write {
            SealedWrite::Put(key, value) => sqlx::query(
                "INSERT INTO bridge_value (network, key, value) VALUES ($1, $2, $3)
                 ON CONFLICT (network, key) DO UPDATE SET value = excluded.value",
            )
            .bind(network.as_str())
            .bind(word::text(&key))
            .bind(word::text(&value)),
            SealedWrite::Seal(key, sealed) => sqlx::query(
                "INSERT INTO bridge_secret (network, key, sealed) VALUES ($1, $2, $3)
                 ON CONFLICT (network, key) DO UPDATE SET sealed = excluded.sealed",
            )
            .bind(network.as_str())
            .bind(word::text(&key))
            .bind(sealed),
            SealedWrite::Delete(key) => {
                let key = word::text(&key);
                sqlx::query("DELETE FROM bridge_secret WHERE network = $1 AND key = $2")
                    .bind(network.as_str())
                    .bind(key.clone())
                    .execute(&mut *connection)
                    .await?;
                sqlx::query("DELETE FROM bridge_value WHERE network = $1 AND key = $2").bind(network.as_str()).bind(key)
            }
        };
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The first text behind all that begin with `prefix`; `None` when every text from `prefix` on begins with it.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The order of characters is the order of their bytes in UTF-8.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_one_begins() {
        assert_eq!(after_prefix("room/"), Some("room0".to_owned()));
        assert_eq!(after_prefix("\u{d7ff}"), Some("\u{e000}".to_owned()));
        assert_eq!(after_prefix("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
