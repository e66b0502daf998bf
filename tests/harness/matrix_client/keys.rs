//! Devices, and the key that opens the backup of all others.

use std::collections::BTreeMap;
use std::time::Instant;

use matrix_sdk::ruma::{
    OwnedDeviceId, UserId,
    api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier},
};

use super::{MatrixClient, PATIENCE};

impl MatrixClient {
    /// Makes a backup of all keys, and secret storage; gives the recovery key.
    pub async fn make_recovery_key(&self) -> String {
        self.client.encryption().recovery().enable().wait_for_backups_to_upload().await.unwrap()
    }

    /// Takes the account's secrets out of their storage by its recovery key.
    pub async fn recover(&self, key: &str) {
        self.client.encryption().recovery().recover(key).await.unwrap();
    }

    /// The devices of the account, with their names.
    pub async fn devices(&self) -> BTreeMap<String, String> {
        let devices = self.client.devices().await.unwrap().devices.into_iter();
        devices.map(|device| (device.device_id.to_string(), device.display_name.unwrap_or_default())).collect()
    }

    /// Signs another device of the account out.
    pub async fn sign_out(&self, device: &str) {
        let device = [OwnedDeviceId::from(device)];
        let Err(refused) = self.client.delete_devices(&device, None).await else { return };
        let asked = refused.as_uiaa_response().unwrap_or_else(|| panic!("{device:?} stays: {refused}"));
        let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(self.id.clone()));
        let mut password = Password::new(user, self.password.clone());
        password.session.clone_from(&asked.session);
        self.client.delete_devices(&device, Some(AuthData::Password(password))).await.unwrap();
    }

    /// Whether a device of the account has been signed by it: whether others may trust it.
    pub async fn is_signed(&self, device: &str) -> bool {
        let user = UserId::parse(&*self.id).unwrap();
        let device = self.client.encryption().get_device(&user, &OwnedDeviceId::from(device)).await.unwrap();
        device.is_some_and(|device| device.is_cross_signed_by_owner())
    }

    /// Waits until a device of the account has been signed by it.
    pub async fn until_signed(&self, device: &str) {
        let began = Instant::now();
        while !self.is_signed(device).await {
            assert!(began.elapsed() < PATIENCE, "{device} of {} is never signed", self.id);
            self.synced().await;
        }
    }

    /// Waits until one more sync has ended.
    pub async fn synced(&self) {
        let before = self.journal.syncs();
        self.journal.until(|told| told.syncs > before, || format!("{} to sync", self.id)).await;
    }
}
