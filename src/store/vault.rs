//! The key under which secrets are sealed, in a file of its own or in the environment: whoever has the database alone has none of them.
//!
//! While one key takes the place of another, both are there: the next one in a file beside the first. Whatever is sealed with either can
//! be opened, so that nothing is lost however that breaks off.

mod key;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use domain::NetworkName;

pub use self::key::{SecretsKey, SecretsKeyFault};
use self::key::{make, read, sync_folder};
use crate::{StoreFault, word};

/// How many bytes of what is sealed are its nonce: they stand first.
const NONCE: usize = 24;

/// Seals and opens secrets with XChaCha20-Poly1305, each under a nonce of chance, and bound to its network and its name: moved to
/// another row, it does not open.
pub(crate) struct Vault {
    place: Place,
    /// The keys, once they were needed.
    keys: Mutex<Option<Keys>>,
}

/// Where the key is.
enum Place {
    /// Nowhere: nothing can be sealed.
    Nowhere,
    /// In a file, and the next one, if there is one, beside it.
    File(PathBuf),
    /// Somebody has given it, and keeps it; and the next one, while it takes its place.
    Given(SecretsKey, Option<SecretsKey>),
}

/// What opens what is sealed.
#[derive(Clone)]
struct Keys {
    key: XChaCha20Poly1305,
    /// The one that takes its place; what is sealed now, is sealed with this one.
    next: Option<XChaCha20Poly1305>,
}

impl Vault {
    /// Nothing can be sealed.
    pub(crate) fn nowhere() -> Self {
        Self::at(Place::Nowhere)
    }

    /// With the key in this file, which is made when it is first needed.
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Self::at(Place::File(path))
    }

    /// With this key.
    pub(crate) fn with(key: SecretsKey) -> Self {
        Self::at(Place::Given(key, None))
    }

    fn at(place: Place) -> Self {
        Self { place, keys: Mutex::default() }
    }

    /// The vault in which another key takes the place of this one's: in a file one of chance, or the one with which that was begun
    /// before; else `given`. The next key is on the disk before anything is sealed with it.
    pub(crate) fn with_next(&self, given: Option<SecretsKey>) -> Result<Self, StoreFault> {
        match (&self.place, given) {
            (Place::File(path), None) => {
                // Without a key, it is made first: what was kept before then says that it is gone.
                if read(path)?.is_none() {
                    return Err(fault(
                        &format!("there is no key of secrets in {}", path.display()),
                        "put it back from a backup; if no secret was ever kept, one is made with the first",
                    ));
                }
                let next = next_to(path);
                if read(&next)?.is_none() {
                    make(&next).map_err(|error| key::unusable(&next, &error))?;
                }
                Ok(Self::in_file(path.clone()))
            }
            (Place::Given(key, _), Some(next)) => Ok(Self::at(Place::Given(key.clone(), Some(next)))),
            (Place::File(_), Some(_)) => {
                Err(fault("the key of secrets is in a file, and the next one is made there", "give none"))
            }
            (Place::Given(..), None) => {
                Err(fault("the key of secrets comes from outside, and so does the next one", "give that as well"))
            }
            (Place::Nowhere, _) => Err(nowhere()),
        }
    }

    /// The vault of the next key alone: what it does not open was not sealed anew.
    pub(crate) fn of_next(&self) -> Result<Self, StoreFault> {
        match &self.place {
            Place::File(path) => Ok(Self::in_file(next_to(path))),
            Place::Given(_, Some(next)) => Ok(Self::with(next.clone())),
            Place::Given(_, None) | Place::Nowhere => Err(nowhere()),
        }
    }

    /// Everything is sealed with the next key: it is the only one from now on.
    pub(crate) fn finish(&self) -> Result<(), StoreFault> {
        let Place::File(path) = &self.place else { return Ok(()) };
        let placed = fs::rename(next_to(path), path).and_then(|()| sync_folder(path));
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = None;
        placed.map_err(|error| {
            let problem = format!("{} cannot take the place of {}: {error}", next_to(path).display(), path.display());
            fault(&problem, "nothing is lost while both are there; see that this user may write there, and begin anew")
        })
    }

    /// Whether another key was to take the place of this one, and has not: both are needed.
    pub(crate) fn is_changing(&self) -> bool {
        match &self.place {
            Place::File(path) => next_to(path).exists(),
            Place::Given(_, next) => next.is_some(),
            Place::Nowhere => false,
        }
    }

    /// Seals a secret. The key is made when there is none.
    pub(crate) fn seal(&self, network: &NetworkName, key: &str, secret: &str) -> Result<Vec<u8>, StoreFault> {
        let Keys { key: now, next } = self.keys(Absence::Make)?;
        let nonce = XNonce::try_generate().map_err(|_| fault("the system gives no chance", "look at its log"))?;
        let bound = bound_to(network, key);
        let payload = Payload { msg: secret.as_bytes(), aad: &bound };
        let sealed = next.unwrap_or(now).encrypt(&nonce, payload);
        let sealed = sealed.map_err(|_| fault("a secret is too long", "give a shorter one"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed.
    pub(crate) fn open(&self, network: &NetworkName, key: &str, sealed: &[u8]) -> Result<String, StoreFault> {
        let Keys { key: now, next } = self.keys(Absence::Fail)?;
        let opened = sealed.split_first_chunk::<NONCE>().and_then(|(nonce, sealed)| {
            let bound = bound_to(network, key);
            let bytes = [Some(now), next]
                .into_iter()
                .flatten()
                .find_map(|cipher| cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &bound }).ok())?;
            String::from_utf8(bytes).ok()
        });
        opened.ok_or_else(|| {
            let place = match &self.place {
                Place::File(path) => format!("the key in {}", path.display()),
                Place::Given(..) | Place::Nowhere => "the key that was given".to_owned(),
            };
            let problem = format!("the secret {key} of {network} was not sealed with {place}");
            fault(&problem, "put the key back from the backup that the database is of, or link the account anew")
        })
    }

    fn keys(&self, absence: Absence) -> Result<Keys, StoreFault> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*keys {
            return Ok(keys.clone());
        }
        let cipher = |key: SecretsKey| XChaCha20Poly1305::new(&Key::from(key.bytes()));
        let ready = match &self.place {
            Place::Nowhere => return Err(nowhere()),
            Place::Given(key, next) => Keys { key: cipher(key.clone()), next: next.clone().map(cipher) },
            Place::File(path) => {
                let key = match (read(path)?, absence) {
                    (Some(key), _) => key,
                    (None, Absence::Make) => make(path).map_err(|error| key::unusable(path, &error))?,
                    (None, Absence::Fail) => {
                        let problem = format!("{} is gone, and secrets were sealed with the key in it", path.display());
                        return Err(fault(&problem, "put it back from a backup, or link the accounts anew"));
                    }
                };
                Keys { key: cipher(key), next: read(&next_to(path))?.map(cipher) }
            }
        };
        *keys = Some(ready.clone());
        Ok(ready)
    }
}

/// What to do where there is no key yet.
#[derive(Clone, Copy)]
enum Absence {
    Make,
    Fail,
}

/// Where the key lies that takes the place of the one in this file.
fn next_to(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// What a secret is bound to: its row. No network's name has a zero in it.
fn bound_to(network: &NetworkName, key: &str) -> Vec<u8> {
    [network.as_str().as_bytes(), b"\0", word::text(key).as_bytes()].concat()
}

fn nowhere() -> StoreFault {
    fault("there is no place for the key of secrets", "this program has to name one")
}

fn fault(problem: &str, mend: &str) -> StoreFault {
    StoreFault::Secret { problem: problem.to_owned(), mend: mend.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn network(name: &str) -> NetworkName {
        name.parse().unwrap()
    }

    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        (folder, path)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_secret_opens_with_the_same_key_in_its_own_place_only() {
        let (_folder, path) = place();
        let (net, vault) = (network("net"), Vault::in_file(path.clone()));
        let sealed = vault.seal(&net, "token/a", "s3cret").unwrap();
        assert_ne!(sealed, vault.seal(&net, "token/a", "s3cret").unwrap(), "each has a nonce of its own");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let again = Vault::in_file(path);
        assert_eq!(again.open(&net, "token/a", &sealed).unwrap(), "s3cret");
        assert!(again.open(&net, "token/b", &sealed).is_err(), "not under another name");
        assert!(again.open(&network("other"), "token/a", &sealed).is_err(), "not on another network");
        assert!(again.open(&net, "token/a", &sealed[..20]).is_err(), "not when cut");
    }

    #[test]
    fn a_wrong_or_missing_key_is_said_with_its_mend() {
        let ((_folder, path), net) = (place(), network("net"));
        let sealed = Vault::in_file(path.clone()).seal(&net, "token", "s3cret").unwrap();
        let complaint = || Vault::in_file(path.clone()).open(&net, "token", &sealed).unwrap_err().to_string();

        fs::write(&path, [7; 32]).unwrap();
        assert!(complaint().contains("was not sealed with the key in") && complaint().contains("backup"));
        fs::write(&path, [7; 31]).unwrap();
        assert!(complaint().contains("has 31 bytes instead of 32"), "{}", complaint());
        set_mode(&path, 0o640);
        assert!(complaint().contains("mode 640") && complaint().contains("chmod 600"), "{}", complaint());
        fs::remove_file(&path).unwrap();
        assert!(complaint().contains("is gone"), "{}", complaint());
        assert!(!path.exists(), "looking for a secret makes no key");
        assert!(!complaint().contains("s3cret"));
    }

    #[test]
    fn while_a_key_takes_the_place_of_another_both_open() {
        let ((_folder, path), net) = (place(), network("net"));
        let old = Vault::in_file(path.clone());
        let before = old.seal(&net, "token", "s3cret").unwrap();
        let changing = old.with_next(None).unwrap();
        let meanwhile = changing.seal(&net, "token", "s3cret").unwrap();
        assert!(Vault::in_file(path.clone()).is_changing());
        // Broken off here, or begun once more, both are opened; what comes is sealed with the next.
        for vault in [Vault::in_file(path.clone()), changing.with_next(None).unwrap()] {
            for sealed in [&before, &meanwhile] {
                assert_eq!(vault.open(&net, "token", sealed).unwrap(), "s3cret");
            }
        }
        let next = changing.of_next().unwrap();
        assert_eq!(next.open(&net, "token", &meanwhile).unwrap(), "s3cret");
        assert!(next.open(&net, "token", &before).is_err());
        changing.finish().unwrap();
        let after = Vault::in_file(path.clone());
        assert!(!after.is_changing());
        for vault in [after, changing] {
            assert_eq!(vault.open(&net, "token", &meanwhile).unwrap(), "s3cret");
            assert!(vault.open(&net, "token", &before).is_err(), "the key of before is gone");
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(
            Vault::in_file(path.with_file_name("none")).with_next(None).is_err(),
            "there is none to take the place of"
        );
    }

    #[test]
    fn a_key_that_is_given_needs_no_file() {
        let net = network("net");
        let [one, two]: [SecretsKey; 2] = ["11".repeat(32), "22".repeat(32)].map(|digits| digits.parse().unwrap());
        let vault = Vault::with(one.clone());
        let before = vault.seal(&net, "token", "s3cret").unwrap();
        assert_eq!(Vault::with(one).open(&net, "token", &before).unwrap(), "s3cret");
        let complaint = Vault::with(two.clone()).open(&net, "token", &before).unwrap_err().to_string();
        assert!(complaint.contains("was not sealed with the key that was given"), "{complaint}");
        assert!(vault.with_next(None).is_err());
        let changing = vault.with_next(Some(two.clone())).unwrap();
        assert_eq!(changing.open(&net, "token", &before).unwrap(), "s3cret");
        let after = changing.seal(&net, "token", "s3cret").unwrap();
        changing.finish().unwrap();
        assert_eq!(Vault::with(two).open(&net, "token", &after).unwrap(), "s3cret");
    }
}
