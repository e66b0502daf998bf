//! Looking at how a homeserver is set up, for a check.

use ruma::api::client::device::get_devices;

use super::Intent;
use crate::homeserver::Trouble;

impl Intent<'_> {
    /// How many sessions this user is signed in with. Users of an appservice have none.
    pub(crate) async fn sessions(&self) -> Result<usize, Trouble> {
        Ok(self.ask(get_devices::v3::Request::new()).await?.devices.len())
    }
}
