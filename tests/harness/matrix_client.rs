//! Somebody with a Matrix client that encrypts: a real one, of matrix-sdk, whose keys are in memory alone.

mod hearing;
mod keys;
mod media;
mod rooms;
mod saying;
#[cfg(test)]
mod tests;
mod verifying;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::{
    Client, Room,
    config::{RequestConfig, SyncSettings},
    encryption::{BackupDownloadStrategy, EncryptionSettings},
    ruma::{
        RoomId,
        api::client::filter::{FilterDefinition, RoomEventFilter, RoomFilter},
        presence::PresenceState,
        uint,
    },
};
use tokio::task::JoinHandle;

use hearing::Journal;
pub use hearing::{Heard, Sealing};
pub use verifying::Emoji;

/// How long anything may take: a homeserver batches, and waits before it repeats; who waits for keys waits some seconds more.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one sync waits for news.
const SYNC: Duration = Duration::from_secs(2);

/// How long the client leaves a homeserver alone that does not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// A client that is signed in, and syncs until it is dropped.
pub struct MatrixClient {
    client: Client,
    id: String,
    password: String,
    journal: Arc<Journal>,
    syncing: JoinHandle<()>,
}

impl MatrixClient {
    /// Signs somebody in, on a device of its own. The first client that somebody has makes their cross-signing identity; a later
    /// one is of theirs only once it was verified, or given their recovery key.
    pub async fn sign_in(homeserver: SocketAddr, id: &str, password: &str, device: &str) -> Self {
        assert!(homeserver.ip().is_loopback(), "tests stay on this machine: {homeserver}");
        let settings = EncryptionSettings {
            auto_enable_cross_signing: true,
            backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
            auto_enable_backups: false,
        };
        let client = Client::builder()
            .homeserver_url(format!("http://{homeserver}"))
            // A proxy of the environment is not for this machine.
            .http_client(reqwest::Client::builder().no_proxy().build().unwrap())
            .request_config(RequestConfig::short_retry())
            .respect_login_well_known(false)
            .with_encryption_settings(settings)
            .build()
            .await
            .unwrap();
        let signing_in = client.matrix_auth().login_username(id, password).initial_device_display_name(device);
        signing_in.send().await.unwrap_or_else(|fault| panic!("{id} cannot sign in: {fault}"));
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        let journal = Arc::new(Journal::default());
        let (id, password) = (client.user_id().unwrap().to_string(), password.to_owned());
        let syncing = tokio::spawn(sync(client.clone(), Arc::clone(&journal)));
        let client = Self { client, id, password, journal, syncing };
        client.journal.until(|told| told.syncs > 0, || format!("{} to sync", client.id)).await;
        client
    }

    /// The user's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The device's id.
    pub fn device(&self) -> String {
        self.client.device_id().unwrap().to_string()
    }

    fn room(&self, room: &str) -> Room {
        let id = RoomId::parse(room).unwrap();
        self.client.get_room(&id).unwrap_or_else(|| panic!("{} does not know {room}", self.id))
    }
}

impl Drop for MatrixClient {
    fn drop(&mut self) {
        self.syncing.abort();
        if std::thread::panicking() {
            eprintln!(
                "---- what {} on {:?} has not looked at ----\n{}",
                self.id,
                self.client.device_id(),
                self.journal
            );
        }
    }
}

/// Syncs for ever. Whoever only waits is not thereby online.
async fn sync(client: Client, journal: Arc<Journal>) {
    let mut timeline = RoomEventFilter::default();
    // Rooms are told in one piece, as far as a test goes.
    timeline.limit = Some(uint!(1000));
    let mut room = RoomFilter::default();
    room.timeline = timeline;
    let mut filter = FilterDefinition::default();
    filter.room = room;
    let settings = SyncSettings::default().timeout(SYNC).set_presence(PresenceState::Offline).filter(filter.into());
    loop {
        match client.sync_once(settings.clone()).await {
            Ok(response) => journal.take(&client, response).await,
            Err(fault) => {
                journal.fails(&fault.to_string());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
