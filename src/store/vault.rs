//! The key under which secrets are sealed, in a file of its own: whoever has the database alone has none of them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use domain::NetworkName;

use crate::StoreFault;

/// How many bytes a key has.
const KEY: usize = 32;

/// How many bytes of what is sealed are its nonce: they stand first.
const NONCE: usize = 24;

/// Seals and opens secrets with XChaCha20-Poly1305, each under a nonce of chance, and bound to its network and its name: moved to
/// another row, it does not open.
pub(crate) struct Vault {
    /// Where the key lies; `None` where no place was named.
    path: Option<PathBuf>,
    /// The key, once it was needed.
    cipher: Mutex<Option<XChaCha20Poly1305>>,
}

impl Vault {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, cipher: Mutex::default() }
    }

    /// Seals a secret. The key is made when there is none.
    pub(crate) fn seal(&self, network: &NetworkName, key: &str, secret: &str) -> Result<Vec<u8>, StoreFault> {
        let cipher = self.cipher(Absence::Make)?;
        let nonce = XNonce::try_generate().map_err(|_| fault("the system gives no chance", "look at its log"))?;
        let bound = bound_to(network, key);
        let payload = Payload { msg: secret.as_bytes(), aad: &bound };
        let sealed =
            cipher.encrypt(&nonce, payload).map_err(|_| fault("a secret is too long", "give a shorter one"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed.
    pub(crate) fn open(&self, network: &NetworkName, key: &str, sealed: &[u8]) -> Result<String, StoreFault> {
        let cipher = self.cipher(Absence::Fail)?;
        let opened = sealed.split_first_chunk::<NONCE>().and_then(|(nonce, sealed)| {
            let payload = Payload { msg: sealed, aad: &bound_to(network, key) };
            let bytes = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
            String::from_utf8(bytes).ok()
        });
        opened.ok_or_else(|| {
            let place = self.path.as_deref().unwrap_or(Path::new("")).display();
            let problem = format!("the secret {key} of {network} was not sealed with the key in {place}");
            fault(&problem, "put the file back from the backup that the database is of, or link the account anew")
        })
    }

    fn cipher(&self, absence: Absence) -> Result<XChaCha20Poly1305, StoreFault> {
        let mut cipher = self.cipher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cipher) = &*cipher {
            return Ok(cipher.clone());
        }
        let path = self.path.as_deref();
        let path =
            path.ok_or_else(|| fault("there is no place for the key of secrets", "this program has to name one"))?;
        let key = match (read(path)?, absence) {
            (Some(key), _) => key,
            (None, Absence::Make) => make(path).map_err(|error| unusable(path, &error))?,
            (None, Absence::Fail) => {
                let problem = format!("{} is gone, and secrets were sealed with the key in it", path.display());
                return Err(fault(&problem, "put it back from a backup, or link the accounts anew"));
            }
        };
        let ready = XChaCha20Poly1305::new(&Key::from(key));
        *cipher = Some(ready.clone());
        Ok(ready)
    }
}

/// What to do where there is no key yet.
#[derive(Clone, Copy)]
enum Absence {
    Make,
    Fail,
}

/// What a secret is bound to. No network's name has a zero in it.
fn bound_to(network: &NetworkName, key: &str) -> Vec<u8> {
    [network.as_str().as_bytes(), b"\0", key.as_bytes()].concat()
}

/// The key in the file; `None` if there is no such file.
fn read(path: &Path) -> Result<Option<[u8; KEY]>, StoreFault> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, &error)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let problem = format!("{} is open to others (mode {mode:o}), and it holds the key of secrets", path.display());
        return Err(fault(&problem, &format!("run `chmod 600 {}`", path.display())));
    }
    let wrong_length = || {
        let problem = format!("{} has {} bytes instead of {KEY}", path.display(), metadata.len());
        fault(&problem, "put it back from a backup; if no secret was ever kept, remove it")
    };
    if metadata.len() != KEY as u64 {
        return Err(wrong_length());
    }
    let bytes = fs::read(path).map_err(|error| unusable(path, &error))?;
    bytes.try_into().map(Some).map_err(|_| wrong_length())
}

/// Makes the file with a fresh key. It is on the disk before anything is sealed with it.
fn make(path: &Path) -> io::Result<[u8; KEY]> {
    let key: [u8; KEY] = Key::try_generate().map_err(|_| io::Error::other("the system gives no chance"))?.into();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
    }
    tracing::info!(path = %path.display(), "made the key of secrets; it belongs into every backup, apart from the database");
    Ok(key)
}

fn unusable(path: &Path, error: &io::Error) -> StoreFault {
    let problem = format!("cannot use the key of secrets in {}: {error}", path.display());
    fault(&problem, "see that this user may read and write there")
}

fn fault(problem: &str, mend: &str) -> StoreFault {
    StoreFault::Secret { problem: problem.to_owned(), mend: mend.to_owned() }
}

#[cfg(test)]
mod tests {
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
        let (net, vault) = (network("net"), Vault::new(Some(path.clone())));
        let sealed = vault.seal(&net, "token/a", "s3cret").unwrap();
        assert_ne!(sealed, vault.seal(&net, "token/a", "s3cret").unwrap(), "each has a nonce of its own");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let again = Vault::new(Some(path));
        assert_eq!(again.open(&net, "token/a", &sealed).unwrap(), "s3cret");
        assert!(again.open(&net, "token/b", &sealed).is_err(), "not under another name");
        assert!(again.open(&network("other"), "token/a", &sealed).is_err(), "not on another network");
        assert!(again.open(&net, "token/a", &sealed[..20]).is_err(), "not when cut");
    }

    #[test]
    fn a_wrong_or_missing_key_is_said_with_its_mend() {
        let ((_folder, path), net) = (place(), network("net"));
        let sealed = Vault::new(Some(path.clone())).seal(&net, "token", "s3cret").unwrap();
        let complaint = || Vault::new(Some(path.clone())).open(&net, "token", &sealed).unwrap_err().to_string();

        fs::write(&path, [7; KEY]).unwrap();
        assert!(complaint().contains("was not sealed with the key in") && complaint().contains("backup"));
        fs::write(&path, [7; KEY - 1]).unwrap();
        assert!(complaint().contains("has 31 bytes instead of 32"), "{}", complaint());
        set_mode(&path, 0o640);
        assert!(complaint().contains("mode 640") && complaint().contains("chmod 600"), "{}", complaint());
        fs::remove_file(&path).unwrap();
        assert!(complaint().contains("is gone"), "{}", complaint());
        assert!(!path.exists(), "looking for a secret makes no key");
        assert!(!complaint().contains("s3cret"));
    }
}
