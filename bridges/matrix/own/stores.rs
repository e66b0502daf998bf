//! What is kept of links: whose they are, their secrets, and the directories in which matrix-sdk keeps what it knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use matrix_sdk::authentication::matrix::MatrixSession;
use ruma::{OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Links are kept under this and the account's address.
const LINKS: &str = "own/";
/// The directory of their stores, in the data directory.
const DIRECTORY: &str = "own";

/// A link as it is kept; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Who the account is on Matrix.
    pub(crate) user: OwnedUserId,
    /// The device that it has here.
    pub(crate) device: OwnedDeviceId,
    /// Where its homeserver answers; none for the configured one, wherever that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) homeserver: Option<String>,
    /// The directory of its stores, below the account's own.
    pub(crate) store: String,
    /// The life of the installation in which its device was made: the keys of a device are never used in another one.
    pub(crate) generation: String,
    /// Whether Messenger's presence is shown as the account's.
    #[serde(default)]
    pub(crate) presence: bool,
    /// Why the homeserver does not know the device any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_out: Option<String>,
}

/// What opens a link.
pub(super) struct Keys {
    pub(super) session: MatrixSession,
    /// With what the stores are encrypted.
    pub(super) store: [u8; 32],
}

/// All links.
pub(super) async fn load(host: &dyn Host) -> Result<BTreeMap<Passport, Kept>, HostFault> {
    let mut links = BTreeMap::new();
    for (key, value) in host.list(LINKS).await? {
        let Some(owner) = key.strip_prefix(LINKS).and_then(|owner| owner.parse().ok()) else { continue };
        match serde_json::from_str(&value) {
            Ok(kept) => {
                links.insert(owner, kept);
            }
            Err(fault) => {
                tracing::error!(%owner, %fault, "what is kept of a link cannot be read; it has to be linked again");
            }
        }
    }
    Ok(links)
}

/// What opens an account's link; `None` where it is not kept any more.
pub(super) async fn keys(host: &dyn Host, owner: &Passport) -> Result<Option<Keys>, HostFault> {
    let session = host.secret(&session_key(owner)).await?.and_then(|session| serde_json::from_str(&session).ok());
    let store = host.secret(&store_key(owner)).await?.and_then(|store| from_hexadecimal(&store));
    Ok(session.zip(store).map(|(session, store)| Keys { session, store }))
}

/// Keeps a link.
pub(super) fn put(owner: &Passport, kept: &Kept) -> Vec<Write> {
    // It holds nothing that JSON could not.
    serde_json::to_string(kept).map(|kept| Write::Put(format!("{LINKS}{owner}"), kept)).into_iter().collect()
}

/// Keeps what opens a link.
pub(super) fn put_keys(owner: &Passport, keys: &Keys) -> Vec<Write> {
    let mut writes = put_session(owner, &keys.session);
    writes.push(Write::Seal(store_key(owner), hexadecimal(&keys.store)));
    writes
}

/// Keeps the tokens of a link.
pub(super) fn put_session(owner: &Passport, session: &MatrixSession) -> Vec<Write> {
    serde_json::to_string(session).map(|session| Write::Seal(session_key(owner), session)).into_iter().collect()
}

/// Forgets what was kept of a link, with everything that is known of its rooms.
pub(super) async fn forget(host: &dyn Host, owner: &Passport) -> Result<Vec<Write>, HostFault> {
    let mut gone = vec![format!("{LINKS}{owner}"), session_key(owner), store_key(owner)];
    gone.extend(forget_rooms(host, owner).await?);
    Ok(gone.into_iter().map(Write::Delete).collect())
}

/// The keys of what is known of an account's rooms, and up to where it was heard.
pub(super) async fn forget_rooms(host: &dyn Host, owner: &Passport) -> Result<Vec<String>, HostFault> {
    let rooms = host.list(&format!("own-room/{owner} ")).await?;
    Ok(rooms.into_iter().map(|(key, _)| key).chain([since(owner)]).collect())
}

/// Under which the token of the last sync is kept whose news have been committed, together with them.
pub(super) fn since(owner: &Passport) -> String {
    format!("own-since/{owner}")
}

fn session_key(owner: &Passport) -> String {
    format!("{LINKS}{owner}/session")
}

fn store_key(owner: &Passport) -> String {
    format!("{LINKS}{owner}/store")
}

/// A new store's name, and with what it is encrypted. Each link has one of its own: keys of one device are never taken up by another.
pub(super) fn new_store() -> (String, [u8; 32]) {
    (hexadecimal(&rand::random::<[u8; 8]>()), rand::random())
}

/// The directory of a store.
pub(super) fn directory(host: &dyn Host, owner: &Passport, store: &str) -> PathBuf {
    let digest = Sha256::digest(owner.as_str().as_bytes());
    host.data_directory().join(DIRECTORY).join(hexadecimal(digest.get(..16).unwrap_or_default())).join(store)
}

/// Removes a store. It is tried again at the next start, when nothing speaks of it any more.
pub(super) async fn remove(directory: &Path) {
    match tokio::fs::remove_dir_all(directory).await {
        Err(fault) if fault.kind() != ErrorKind::NotFound => {
            tracing::warn!(directory = %directory.display(), %fault, "what a link left cannot be removed");
        }
        Ok(()) | Err(_) => {
            if let Some(account) = directory.parent() {
                // It stays where another store is in it.
                let _ = tokio::fs::remove_dir(account).await;
            }
        }
    }
}

/// Removes all stores but these: a crash between the end of a link and that of its store leaves one.
pub(super) async fn remove_others(host: &dyn Host, kept: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    let root = host.data_directory().join(DIRECTORY);
    let mut accounts = match tokio::fs::read_dir(&root).await {
        Ok(accounts) => accounts,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(fault),
    };
    while let Some(account) = accounts.next_entry().await? {
        let mut stores = tokio::fs::read_dir(account.path()).await?;
        while let Some(store) = stores.next_entry().await? {
            if !kept.contains(&store.path()) {
                remove(&store.path()).await;
            }
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;
    use ruma::{device_id, owned_user_id};

    use super::*;

    #[tokio::test]
    async fn a_link_and_its_keys_are_found_again_until_they_are_forgotten() {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let carol: Passport = "carol@msn.example".parse().unwrap();
        let (store, key) = new_store();
        let kept = Kept {
            user: owned_user_id!("@ann:example.org"),
            device: device_id!("DEVICE").to_owned(),
            homeserver: None,
            store,
            generation: "first".into(),
            presence: true,
            signed_out: None,
        };
        let session =
            serde_json::from_str(r#"{"user_id":"@ann:example.org","device_id":"DEVICE","access_token":"t0ken"}"#);
        let keys = Keys { session: session.unwrap(), store: key };
        host.write([put(&carol, &kept), put_keys(&carol, &keys)].concat()).await.unwrap();
        let room = format!("own-room/{carol} !room");
        host.write(vec![Write::Put(since(&carol), "s1".into()), Write::Put(room.clone(), "{}".into())]).await.unwrap();

        assert_eq!(load(&*host).await.unwrap(), BTreeMap::from([(carol.clone(), kept)]));
        let found = super::keys(&*host, &carol).await.unwrap().unwrap();
        assert!(found.session == keys.session && found.store == key);
        host.write(forget(&*host, &carol).await.unwrap()).await.unwrap();
        assert!(load(&*host).await.unwrap().is_empty());
        assert!(super::keys(&*host, &carol).await.unwrap().is_none());
        for gone in [since(&carol), room] {
            assert_eq!(host.get(&gone).await.unwrap(), None, "{gone}");
        }
    }

    #[test]
    fn a_key_that_was_tampered_with_is_none() {
        assert_eq!(from_hexadecimal(&hexadecimal(&[0xab; 32])), Some([0xab; 32]));
        assert_eq!(from_hexadecimal("ab"), None);
        assert_eq!(from_hexadecimal(&"é".repeat(32)), None);
        assert_eq!(from_hexadecimal(&"x".repeat(64)), None);
    }

    #[tokio::test]
    async fn only_stores_that_nothing_speaks_of_are_removed() {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let carol: Passport = "carol@msn.example".parse().unwrap();
        let dave: Passport = "dave@msn.example".parse().unwrap();
        let [kept, left, other] = [(&carol, "one"), (&carol, "two"), (&dave, "one")].map(|(owner, store)| {
            let directory = directory(&*host, owner, store);
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(directory.join("store"), b"x").unwrap();
            directory
        });
        remove_others(&*host, &BTreeSet::from([kept.clone()])).await.unwrap();
        assert!(kept.join("store").exists() && !left.exists() && !other.exists());
        assert!(!other.parent().unwrap().exists(), "nothing is in it");
    }
}
