//! What accounts have set that Messenger knows nothing of.

use domain::Passport;

use crate::{Store, StoreFault, account};

const TIME_ZONE: &str = "time zone";

impl Store {
    /// The account's time zone, as an IANA name; `None` if none was set.
    pub async fn time_zone(&self, owner: &Passport) -> Result<Option<String>, StoreFault> {
        Ok(sqlx::query_scalar("SELECT value FROM account_setting WHERE owner = $1 AND key = $2")
            .bind(owner.as_str())
            .bind(TIME_ZONE)
            .fetch_optional(&self.readers)
            .await?)
    }

    /// Sets the account's time zone, an IANA name, or takes it away.
    pub async fn set_time_zone(&self, owner: &Passport, zone: Option<&str>) -> Result<(), StoreFault> {
        let (owner, zone) = (owner.clone(), zone.map(str::to_owned));
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::name(connection, &owner).await?.is_none() {
                        return Err(StoreFault::UnknownAccount(owner));
                    }
                    let query = match zone {
                        Some(zone) => sqlx::query(
                            "INSERT INTO account_setting (owner, key, value) VALUES ($1, $2, $3)
                             ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value",
                        )
                        .bind(owner.as_str())
                        .bind(TIME_ZONE)
                        .bind(zone),
                        None => sqlx::query("DELETE FROM account_setting WHERE owner = $1 AND key = $2")
                            .bind(owner.as_str())
                            .bind(TIME_ZONE),
                    };
                    query.execute(connection).await?;
                    Ok(())
                })
            })
            .await
    }
}
