//! Opening a client of matrix-sdk: for an account that signs in, and again after a restart.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bridge::Failure;
use domain::Passport;
use futures_util::FutureExt as _;
use matrix_sdk::{
    Client, SqliteCryptoStore, SqliteStateStore, SqliteStoreConfig,
    config::{RequestConfig, StoreConfig},
    cross_process_lock::CrossProcessLockConfig,
    encryption::{BackupDownloadStrategy, EncryptionSettings},
    store::{RoomLoadSettings, StateStoreDataKey},
};

use super::super::{
    OwnAccounts,
    discovery::Door,
    stores::{self, Keys},
};

/// What the device is called among the account's sessions.
pub(crate) const CLIENT_NAME: &str = "Chrysalis (MSN Messenger)";
/// How long the homeserver may take to answer, apart from the syncs that wait for news.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// How many connections each of the two databases of a link may have: one writes, one reads.
const CONNECTIONS: usize = 2;
/// What each of these may keep in memory, in bytes.
const CACHE: u32 = 256 * 1024;
/// Up to where each database's log may grow on the disk, in bytes.
const LOG: u32 = 2 * 1024 * 1024;

/// A client in a new store, which has not signed in.
pub(crate) struct Fresh {
    pub(crate) client: Client,
    pub(crate) store: String,
    pub(crate) key: [u8; 32],
    pub(crate) directory: PathBuf,
}

/// Why a link's session does not open.
pub(super) enum Unopened {
    /// It may open later.
    Later(String),
    /// What would open it is lost.
    Lost(String),
}

/// A client that has not signed in, in a new store for this account.
pub(crate) async fn unopened(accounts: &OwnAccounts, owner: &Passport, door: &Door) -> Result<Fresh, Failure> {
    let (store, key) = stores::new_store();
    let directory = stores::directory(&*accounts.host, owner, &store);
    match client(door, &directory, &key).await {
        Ok(client) => Ok(Fresh { client, store, key, directory }),
        Err(reason) => {
            stores::remove(&directory).await;
            Err(Failure::retry(reason))
        }
    }
}

/// The client of a link that was made before, signed in as it was.
pub(super) async fn restored(
    accounts: &OwnAccounts,
    owner: &Passport,
    kept: &stores::Kept,
) -> Result<Client, Unopened> {
    let generation = accounts.host.generation().await.map_err(|fault| Unopened::Later(fault.to_string()))?;
    if generation != kept.generation {
        // Others have seen its ratchets further than the backup knows them.
        return Err(Unopened::Lost(
            "this server was put back from a backup, and the keys of a device must not be used twice".into(),
        ));
    }
    let Keys { session, store } = match stores::keys(&*accounts.host, owner).await {
        Ok(Some(keys)) => keys,
        Ok(None) => return Err(Unopened::Lost("what opens it is not kept any more".into())),
        // A key that is lost, or may not be read, or a disk that is not there can be put back: then everything is as it was.
        Err(fault) => return Err(Unopened::Later(fault.to_string())),
    };
    let door = accounts.doors.to(kept.homeserver.as_deref()).map_err(|failure| Unopened::Later(failure.to_string()))?;
    let directory = stores::directory(&*accounts.host, owner, &kept.store);
    let is_there = tokio::fs::try_exists(&directory).await.map_err(|fault| Unopened::Later(fault.to_string()))?;
    if !is_there {
        // New keys for a device that has some already would be taken for an attack.
        let directory = directory.display();
        return Err(Unopened::Later(format!(
            "the keys of its device are not in {directory}; put them back, or link it again"
        )));
    }
    let client = client(&door, &directory, &store).await.map_err(Unopened::Later)?;
    let later = |fault: &dyn std::fmt::Display| Unopened::Later(format!("its store cannot be read: {fault}"));
    // A sync is asked for again until what it brought is committed, perhaps after a crash. matrix-sdk has noted its token by then, and
    // would pass over the same answer as one that it knows.
    client.state_store().remove_kv_data(StateStoreDataKey::SyncToken).boxed().await.map_err(|fault| later(&fault))?;
    let restored = client.matrix_auth().restore_session(session, RoomLoadSettings::default()).boxed().await;
    restored.map_err(|fault| later(&fault))?;
    Ok(client)
}

/// A client in this store. Nothing is asked of the homeserver.
async fn client(door: &Door, directory: &std::path::Path, key: &[u8; 32]) -> Result<Client, String> {
    let stores = SqliteStoreConfig::new(directory)
        .pool_max_size(CONNECTIONS)
        .cache_size(CACHE)
        .journal_size_limit(LOG)
        .key(Some(key));
    let unusable = |fault: &dyn std::fmt::Display| format!("its store cannot be opened: {fault}");
    let state = SqliteStateStore::open_with_config(&stores).boxed().await.map_err(|fault| unusable(&fault))?;
    let crypto = SqliteCryptoStore::open_with_config(&stores).boxed().await.map_err(|fault| unusable(&fault))?;
    // Messages and media are kept by the installation: matrix-sdk needs no databases for them.
    let stores = StoreConfig::new(CrossProcessLockConfig::SingleProcess).state_store(state).crypto_store(crypto);
    let encryption = EncryptionSettings {
        auto_enable_cross_signing: true,
        backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
        auto_enable_backups: false,
    };
    // What fails is tried again where it is known what it was for.
    let requests = RequestConfig::new().timeout(ANSWER).disable_retry();
    let client = Client::builder()
        .homeserver_url(&door.url)
        .http_client(door.client.clone())
        .store_config(stores)
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        .request_config(requests)
        .handle_refresh_tokens()
        // A homeserver's answer must not send the token elsewhere.
        .respect_login_well_known(false)
        .with_encryption_settings(encryption);
    client.build().boxed().await.map_err(|fault| unusable(&fault))
}

impl super::OwnLink {
    /// The client of this link: the fresh one, or the one that it had before.
    pub(super) async fn client(&self, accounts: &Arc<OwnAccounts>, fresh: Option<Client>) -> Result<Client, Unopened> {
        match fresh {
            Some(client) => Ok(client),
            None => restored(accounts, &self.owner, &self.kept()).await,
        }
    }
}
