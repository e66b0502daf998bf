//! Looking at how a homeserver is set up, for a check.

use ruma::api::client::device::get_devices;

use super::Intent;
use crate::{encryption::DEVICE, homeserver::Trouble};

impl Intent<'_> {
    /// How many sessions this user is signed in with, beside the devices that we make. Users of an appservice have none.
    pub(crate) async fn sessions(&self) -> Result<usize, Trouble> {
        let devices = self.ask(get_devices::v3::Request::new()).await?.devices;
        Ok(devices.iter().filter(|device| !device.device_id.as_str().starts_with(DEVICE)).count())
    }
}
