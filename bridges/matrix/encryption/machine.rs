//! One user's Olm machine: what it is fed with, and what it decrypts.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::FutureExt as _;
use matrix_sdk::deserialized_responses::{VerificationLevel, VerificationState};
use matrix_sdk_crypto::{
    DecryptionSettings, EncryptionSyncChanges, MegolmError, OlmMachine, TrustRequirement,
    types::events::room::encrypted::EncryptedEvent, vodozemac::megolm::DecryptionError,
};
use matrix_sdk_sqlite::{SqliteCryptoStore, SqliteStoreConfig};
use ruma::{
    DeviceId, OneTimeKeyAlgorithm, OwnedRoomId, RoomId, UInt, UserId, api::client::sync::sync_events::DeviceLists,
    events::AnyToDeviceEvent, serde::Raw,
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    fault::{MachineFault, unbroken},
    records::{Record, StoreKey},
};
use crate::homeserver::{Homeserver, Trouble};

/// How many connections a store has: one that reads and one that writes. Each is two file descriptors.
const CONNECTIONS: usize = 2;
/// How much of a store is held in memory at most, in bytes.
const CACHE: u32 = 500_000;
/// How large a store's journal stays, in bytes.
const JOURNAL: u32 = 2_000_000;
/// How often more is asked for at once, when much was missed; Synapse gives a hundred messages each time.
const PAGES: usize = 50;

/// Whoever sends keys is believed as far as the homeserver is: nobody compares emoji with a ghost.
const SETTINGS: DecryptionSettings =
    DecryptionSettings { sender_device_trust_requirement: TrustRequirement::Untrusted };

/// A machine, open.
pub(super) struct Machine {
    pub(super) olm: OlmMachine,
    /// What was kept of its device when it was opened.
    pub(super) record: Record,
    /// Whether the homeserver has its device and keys.
    is_published: AtomicBool,
    /// Held while it is fed: one after another, so that no ratchet is turned twice.
    feeding: Mutex<()>,
    /// Held while it asks the homeserver for something. Decrypting and feeding go on meanwhile.
    pub(super) speaking: Mutex<()>,
    /// One more than how many outages of the homeserver there were when it had caught up last; 0 while it has not since it was opened.
    caught_up: AtomicU64,
}

/// Keys of rooms, by the ids of their sessions.
pub(super) type KeyIds = BTreeSet<(OwnedRoomId, String)>;

/// What a machine is told.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Messages to its device.
    pub(super) messages: Vec<Raw<AnyToDeviceEvent>>,
    /// Whose devices have changed.
    pub(super) lists: DeviceLists,
    /// How many one-time keys the homeserver has of it, where it says so.
    pub(super) counts: BTreeMap<OneTimeKeyAlgorithm, UInt>,
    /// Which kinds of fallback keys of it are unused, where it says so.
    pub(super) fallback: Option<Vec<OneTimeKeyAlgorithm>>,
    /// Where the homeserver goes on, if this is what it had missed.
    pub(super) next: Option<String>,
}

/// What became of an event that a machine tried to decrypt.
#[derive(Debug)]
pub(super) enum Tried {
    /// The event in clear.
    Clear(Value),
    /// It has no key to it.
    Missing,
    /// It has the key, and the event is none that could be shown.
    Broken(String),
}

/// Opens the store at `path`, or makes it.
pub(super) async fn open_store(
    path: &Path,
    key: &StoreKey,
    user: &UserId,
    device: &DeviceId,
) -> Result<OlmMachine, MachineFault> {
    let configuration = SqliteStoreConfig::new(path)
        .key(Some(key))
        .pool_max_size(CONNECTIONS)
        .cache_size(CACHE)
        .journal_size_limit(JOURNAL);
    let store = SqliteCryptoStore::open_with_config(&configuration).boxed().await.map_err(MachineFault::store)?;
    let olm = OlmMachine::with_store(user, device, store, None).boxed().await.map_err(MachineFault::store)?;
    // Keys can be asked of devices of the same user only, and ours have one each.
    olm.set_room_key_requests_enabled(false);
    Ok(olm)
}

impl Machine {
    /// A machine whose store was opened just now.
    pub(super) fn new(olm: OlmMachine, record: Record) -> Self {
        Self {
            olm,
            is_published: AtomicBool::new(record.published),
            record,
            feeding: Mutex::default(),
            speaking: Mutex::default(),
            caught_up: AtomicU64::new(0),
        }
    }

    /// Whether the homeserver has its device and keys.
    pub(super) fn is_published(&self) -> bool {
        self.is_published.load(Ordering::Acquire)
    }

    /// The homeserver has its device and keys now.
    pub(super) fn published(&self) {
        self.is_published.store(true, Ordering::Release);
    }

    /// Takes in what the homeserver told it. What it was told before does nothing. When this returns without an error it is in the
    /// store. Gives the keys that are new.
    pub(super) async fn feed(&self, feed: Feed) -> Result<KeyIds, MachineFault> {
        let _turn = self.feeding.lock().await;
        let Feed { messages, lists, counts, fallback, next } = feed;
        let changes = EncryptionSyncChanges {
            to_device_events: messages,
            changed_devices: &lists,
            one_time_keys_counts: &counts,
            unused_fallback_keys: fallback.as_deref(),
            next_batch_token: next,
        };
        let taken = self.olm.receive_sync_changes(changes, &SETTINGS).boxed();
        let (_, keys) = unbroken(async { taken.await.map_err(MachineFault::store) }).await?;
        Ok(keys.into_iter().map(|key| (key.room_id, key.session_id)).collect())
    }

    /// Whether it has missed nothing, as far as is known: neither while it was closed, nor in an outage.
    pub(super) fn is_up_to_date(&self, homeserver: &Homeserver) -> bool {
        self.caught_up.load(Ordering::Acquire) > homeserver.outages_and_absence()
    }

    /// Fetches what it has missed, as pushes to an appservice are lost while it cannot take them. Gives the keys that are new.
    pub(super) async fn catch_up(&self, homeserver: &Homeserver) -> Result<KeyIds, MachineFault> {
        let outages = homeserver.outages_and_absence();
        let device = homeserver.acting_from(self.olm.user_id(), self.olm.device_id());
        let mut since = self.olm.store().next_batch_token().await.map_err(MachineFault::store)?;
        if since.is_none() {
            // Nothing tells whose devices have changed until now.
            self.olm.mark_all_tracked_users_as_dirty().boxed().await.map_err(MachineFault::store)?;
        }
        let mut keys = KeyIds::new();
        for _ in 0..PAGES {
            let answer = match device.missed(since.clone()).await {
                Err(trouble) if since.is_some() && is_token_refused(&trouble) => {
                    tracing::warn!(user = %self.olm.user_id(), %trouble, "the homeserver begins anew");
                    since = None;
                    self.olm.mark_all_tracked_users_as_dirty().boxed().await.map_err(MachineFault::store)?;
                    continue;
                }
                answer => answer.map_err(|trouble| self.lost_or(trouble))?,
            };
            let is_last = answer.to_device.events.is_empty();
            let feed = Feed {
                messages: answer.to_device.events,
                lists: answer.device_lists,
                counts: answer.device_one_time_keys_count,
                fallback: answer.device_unused_fallback_key_types,
                next: Some(answer.next_batch.clone()),
            };
            keys.extend(self.feed(feed).await?);
            since = Some(answer.next_batch);
            if is_last {
                // An absence that was noted before this answer is over with it.
                self.caught_up.store(outages.max(homeserver.outages()) + 1, Ordering::Release);
                break;
            }
        }
        Ok(keys)
    }

    /// What a refusal means for this device.
    pub(super) fn lost_or(&self, trouble: Trouble) -> MachineFault {
        if trouble.is("M_UNKNOWN_DEVICE") {
            return MachineFault::Lost(self.olm.device_id().to_string());
        }
        MachineFault::Homeserver(trouble)
    }

    /// Decrypts an event of a room, if it can.
    pub(super) async fn decrypt(&self, room: &RoomId, event: &Raw<EncryptedEvent>) -> Result<Tried, MachineFault> {
        let opened = self.olm.decrypt_room_event(event, room, &SETTINGS).boxed();
        // An event that the library breaks at is broken, too: nothing is waited for.
        let Ok(opened) = unbroken(async { Ok(opened.await) }).await else {
            return Ok(Tried::Broken("the library gave up at it".into()));
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(MegolmError::MissingRoomKey(_) | MegolmError::Decryption(DecryptionError::UnknownMessageIndex(..))) => {
                return Ok(Tried::Missing);
            }
            Err(MegolmError::Store(fault)) => return Err(MachineFault::store(fault)),
            // Its own words would have some of what was said in them.
            Err(MegolmError::JsonError(_)) => return Ok(Tried::Broken("what was encrypted is no event".into())),
            Err(fault) => return Ok(Tried::Broken(fault.to_string())),
        };
        // Whoever has a key can encrypt with it, and a homeserver can write any sender beside it.
        if opened.encryption_info.verification_state
            == VerificationState::Unverified(VerificationLevel::MismatchedSender)
        {
            return Ok(Tried::Broken("its sender is not whose key it was encrypted with".into()));
        }
        match serde_json::from_str(opened.event.json().get()) {
            Ok(event) => Ok(Tried::Clear(event)),
            Err(_) => Ok(Tried::Broken("what was encrypted is nested too deeply".into())),
        }
    }
}

/// Whether the homeserver does not know where it went on, as after it was set up anew.
fn is_token_refused(trouble: &Trouble) -> bool {
    trouble.is("M_INVALID_PARAM") || trouble.is("M_UNKNOWN") || trouble.is("M_UNKNOWN_POS")
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use ruma::{device_id, user_id};

    use super::*;

    /// How many files within a folder this program has open.
    fn open_in(folder: &Path) -> usize {
        let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        files.filter(|file| file.starts_with(folder)).count()
    }

    #[tokio::test]
    async fn a_store_has_few_files_open_and_none_when_it_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().canonicalize().unwrap();
        let (user, device) = (user_id!("@msn_a:example.org"), device_id!("CHRYSALISA"));
        let olm = open_store(&folder, &[7; 32], user, device).await.unwrap();
        let identity = olm.identity_keys();
        assert!((1..=5).contains(&open_in(&folder)), "{}", open_in(&folder));
        drop(olm);
        // They are closed on another thread.
        let closed = async {
            while open_in(&folder) > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), closed).await.expect("they stay open");
        let again = open_store(&folder, &[7; 32], user, device).await.unwrap();
        assert_eq!(again.identity_keys(), identity);
        drop(again);
        assert!(open_store(&folder, &[8; 32], user, device).await.is_err(), "with another key");
    }
}
