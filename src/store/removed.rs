//! Accounts that were removed, until each network has forgotten what it keeps of them: whoever is given the address later must not
//! find a link there, or a chat, that was somebody else's.

use domain::{NetworkName, Passport};
use sqlx::AnyConnection;

use crate::{Store, StoreFault, word};

impl Store {
    /// The accounts that were removed, and of which this network has not forgotten everything, as far as is known.
    pub async fn removed(&self, network: &NetworkName) -> Result<Vec<Passport>, StoreFault> {
        let removed: Vec<String> =
            sqlx::query_scalar("SELECT passport FROM removed WHERE network = $1 ORDER BY passport")
                .bind(network.as_str())
                .fetch_all(&self.readers)
                .await?;
        removed.iter().map(|passport| word::passport("removed", passport)).collect()
    }

    /// Whether an account of this address was removed, and a network has not forgotten everything of it.
    pub async fn is_departing(&self, passport: &Passport) -> Result<bool, StoreFault> {
        let found: Option<String> = sqlx::query_scalar("SELECT network FROM removed WHERE passport = $1 LIMIT 1")
            .bind(passport.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }

    /// The network has forgotten the account.
    pub async fn forgotten(&self, network: &NetworkName, passport: &Passport) -> Result<(), StoreFault> {
        let (network, passport) = (network.clone(), passport.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM removed WHERE network = $1 AND passport = $2")
                        .bind(network.as_str())
                        .bind(passport.as_str())
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// The account was removed: every network that keeps anything, on or off, has to forget it.
pub(crate) async fn note(connection: &mut AnyConnection, passport: &Passport) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO removed (network, passport)
         SELECT network, $1 FROM (SELECT network FROM bridge_value UNION SELECT network FROM bridge_secret) AS keeping
         WHERE TRUE ON CONFLICT (network, passport) DO NOTHING",
    )
    .bind(passport.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
