//! What is kept of our users' devices: which each has, where its store is, and the key to that.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bridge::{Host, HostFault, Write};
use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Records are kept under this and the user's id; the keys of stores under that, a slash and the device's id, as secrets.
const RECORD: &str = "encryption/";
/// Stores are in this folder of the bridge's own.
const FOLDER: &str = "encryption";
/// By which our devices are known among others that somebody may have made.
pub(crate) const DEVICE: &str = "CHRYSALIS";
/// How many letters follow.
const DEVICE_LETTERS: usize = 10;

/// The key that a store is encrypted with.
pub(super) type StoreKey = [u8; 32];

/// What is kept of a user's device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Which it is.
    pub(super) device: OwnedDeviceId,
    /// The life of the installation that it was made in: in another one its ratchets could be used a second time.
    pub(super) generation: String,
    /// Whether the homeserver has it, with its keys.
    #[serde(default)]
    pub(super) published: bool,
    /// The device in whose place it comes, until it has taken over what that knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<OwnedDeviceId>,
}

impl Record {
    /// A device that nobody knows yet.
    pub(super) fn new(generation: &str) -> Self {
        Self { device: new_device(), generation: generation.to_owned(), published: false, before: None }
    }

    /// A new device in place of this one.
    pub(super) fn renewed(&self, generation: &str) -> Self {
        // One that never came to be knows nothing; what was before it may.
        let before = if self.published { Some(self.device.clone()) } else { self.before.clone() };
        Self { before, ..Self::new(generation) }
    }
}

fn new_device() -> OwnedDeviceId {
    let letters = (0..DEVICE_LETTERS).map(|_| char::from(rand::random_range(b'A'..=b'Z')));
    DEVICE.chars().chain(letters).collect::<String>().into()
}

/// What is kept of all devices.
pub(super) struct Records {
    host: Arc<dyn Host>,
    folder: PathBuf,
}

impl Records {
    /// Nothing is read yet.
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        let folder = host.data_directory().join(FOLDER);
        Self { host, folder }
    }

    /// Which life of the installation this is.
    pub(super) async fn generation(&self) -> Result<String, HostFault> {
        self.host.generation().await
    }

    /// Every user of ours who has a device.
    pub(super) async fn all(&self) -> Result<Vec<(OwnedUserId, Record)>, HostFault> {
        let kept = self.host.list(RECORD).await?;
        let records = kept.into_iter().filter_map(|(key, value)| {
            let user = UserId::parse(key.strip_prefix(RECORD)?).ok()?;
            let record = serde_json::from_str(&value);
            let record = record
                .inspect_err(
                    |fault| tracing::error!(%user, %fault, "a device's record cannot be read; it gets another"),
                )
                .ok()?;
            Some((user, record))
        });
        Ok(records.collect())
    }

    /// Keeps a device that is new, with a key for its store.
    pub(super) async fn add(&self, user: &UserId, record: &Record) -> Result<(), HostFault> {
        let key = rand::random::<StoreKey>().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        self.host.write(vec![Write::Seal(key_of(user, &record.device), key), put(user, record)]).await
    }

    /// Keeps what has become of a device, and forgets the one that was before it.
    pub(super) async fn update(
        &self,
        user: &UserId,
        record: &Record,
        before: Option<&DeviceId>,
    ) -> Result<(), HostFault> {
        let gone = before.map(|device| Write::Delete(key_of(user, device)));
        self.host.write(std::iter::once(put(user, record)).chain(gone).collect()).await
    }

    /// Forgets a user's device.
    pub(super) async fn remove(&self, user: &UserId, record: &Record) -> Result<(), HostFault> {
        let devices = std::iter::once(&record.device).chain(&record.before);
        let keys = devices.map(|device| Write::Delete(key_of(user, device)));
        self.host.write(keys.chain([Write::Delete(format!("{RECORD}{user}"))]).collect()).await
    }

    /// The key to a device's store; `None` where it is not kept.
    pub(super) async fn key(&self, user: &UserId, device: &DeviceId) -> Result<Option<StoreKey>, HostFault> {
        let kept = self.host.secret(&key_of(user, device)).await?;
        Ok(kept.and_then(|kept| key_in(&kept)))
    }

    /// Where a user's stores are.
    pub(super) fn folder(&self, user: &UserId) -> PathBuf {
        self.folder.join(digest(user))
    }

    /// Where a device's store is.
    pub(super) fn path(&self, user: &UserId, device: &DeviceId) -> PathBuf {
        // Ours are letters only; a record is no reason to leave the folder.
        let letters: String = device.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        self.folder(user).join(letters)
    }
}

fn put(user: &UserId, record: &Record) -> Write {
    // Text keys and strings always become JSON.
    Write::Put(format!("{RECORD}{user}"), serde_json::to_string(record).unwrap_or_default())
}

fn key_of(user: &UserId, device: &DeviceId) -> String {
    format!("{RECORD}{user}/{device}")
}

fn key_in(text: &str) -> Option<StoreKey> {
    let mut key = StoreKey::default();
    if text.len() != 2 * key.len() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

fn digest(user: &UserId) -> String {
    Sha256::digest(user.as_bytes()).iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Removes a folder; one that is not there is removed already.
pub(super) async fn remove_folder(path: &Path) {
    match tokio::fs::remove_dir_all(path).await {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %fault, "the store of a device that is gone could not be removed; remove it by hand");
        }
        Ok(()) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn a_device_that_never_came_to_be_leaves_nothing_to_take_over() {
        let first = Record::new("one");
        assert!(first.device.as_str().starts_with(DEVICE) && first.device != Record::new("one").device);
        assert_eq!(first.renewed("two").before, None);
        let known = Record { published: true, ..first.clone() };
        let second = known.renewed("two");
        assert_eq!((second.before.as_ref(), second.published), (Some(&first.device), false));
        assert_eq!(second.renewed("three").before, Some(first.device));
    }

    #[test]
    fn keys_are_read_back_and_nothing_else_is_one() {
        let key = key_in(&"0aff".repeat(16)).unwrap();
        assert_eq!((key[0], key[1], key[31]), (0x0a, 0xff, 0xff));
        for text in ["", "zz", &"0".repeat(63), &"zz".repeat(32), &"\u{20ac}".repeat(22)] {
            assert_eq!(key_in(text), None, "{text}");
        }
    }

    #[test]
    fn users_have_folders_of_their_own() {
        assert_ne!(digest(user_id!("@a:example.org")), digest(user_id!("@b:example.org")));
    }
}
