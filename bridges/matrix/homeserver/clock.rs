//! What time it is at the homeserver.

use std::time::SystemTime;

use http::header::DATE;

use super::{Homeserver, PoisonError, Trouble, silent};

impl Homeserver {
    /// The homeserver's clock, to the second, as its answers tell it; `None` when they do not.
    pub(crate) async fn clock(&self) -> Result<Option<SystemTime>, Trouble> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        let address = format!("{}/_matrix/client/versions", self.url);
        let answer = client.get(address).send().await.map_err(|fault| silent(&fault))?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
    }
}
