//! Which life of the installation this is.

use crate::{Store, StoreFault};

impl Store {
    /// Which life of the installation this is: another word each time it was restored from a backup.
    pub async fn generation(&self) -> Result<String, StoreFault> {
        Ok(sqlx::query_scalar("SELECT generation FROM installation").fetch_one(&self.readers).await?)
    }
}
