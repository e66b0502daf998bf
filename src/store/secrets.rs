//! Another key for all secrets.

use std::sync::Arc;

use domain::NetworkName;
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault,
    vault::{SecretsKey, Vault},
    word,
};

impl Store {
    /// Seals every secret anew under another key, which takes the place of the one there was; says how many there are. In a file it is
    /// one of chance; where a key was given ([`Store::sealing_under`]), `next` is the other one.
    ///
    /// Nothing else may run on the database. Whenever this breaks off, every secret can be opened as long as both keys are there, and
    /// doing it once more, with the same `next`, goes on. Secrets that no key here opens are named, and nothing is changed then.
    pub async fn change_secrets_key(&self, next: Option<SecretsKey>) -> Result<usize, StoreFault> {
        let changing = Arc::new(self.vault.with_next(next)?);
        let vault = Arc::clone(&changing);
        self.writer.run(move |connection| Box::pin(async move { seal_anew(connection, &vault).await })).await?;
        // Looked at once more, as it stands there now: the key of before is gone after this.
        let sealed = self.readers.read(async |reader| read(reader).await).await?;
        let next = changing.of_next()?;
        for (network, key, sealed) in &sealed {
            next.open(network, key, sealed)?;
        }
        changing.finish()?;
        Ok(sealed.len())
    }

    /// Whether a change of the key of secrets has broken off, and is to be finished: until then both keys are needed.
    #[must_use]
    pub fn is_changing_secrets_key(&self) -> bool {
        self.vault.is_changing()
    }
}

/// A secret: of which network, under which name, as it is sealed.
type Sealed = (NetworkName, String, Vec<u8>);

async fn read(connection: &mut AnyConnection) -> Result<Vec<Sealed>, StoreFault> {
    let rows: Vec<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT network, key, sealed FROM bridge_secret ORDER BY network, key")
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(network, key, sealed)| Ok((word::network("bridge_secret", &network)?, key, sealed)))
        .collect()
}

async fn seal_anew(connection: &mut AnyConnection, vault: &Vault) -> Result<(), StoreFault> {
    for (network, key, sealed) in read(connection).await? {
        let renewed = vault.seal(&network, &key, &vault.open(&network, &key, &sealed)?)?;
        sqlx::query("UPDATE bridge_secret SET sealed = $3 WHERE network = $1 AND key = $2")
            .bind(network.as_str())
            .bind(&key)
            .bind(renewed)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
