//! The key itself, and its file.

use std::{
    fmt::{self, Write as _},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    str::FromStr,
};

use chacha20poly1305::{Key, aead::Generate};

use super::fault;
use crate::StoreFault;

/// How many bytes a key has.
const LENGTH: usize = 32;

/// The key under which secrets are sealed: 256 bits. No form of it says what it is.
#[derive(Clone)]
pub struct SecretsKey([u8; LENGTH]);

/// What is no key, with what one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no key of secrets: give 64 hexadecimal digits, such as `openssl rand -hex 32` makes")]
pub struct SecretsKeyFault;

impl SecretsKey {
    pub(super) const fn bytes(&self) -> [u8; LENGTH] {
        self.0
    }
}

impl fmt::Debug for SecretsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretsKey").finish_non_exhaustive()
    }
}

impl FromStr for SecretsKey {
    type Err = SecretsKeyFault;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        let digits = written.trim().as_bytes();
        let mut key = [0; LENGTH];
        if digits.len() != 2 * LENGTH {
            return Err(SecretsKeyFault);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let pair =
                std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
            *byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(SecretsKeyFault)?;
        }
        Ok(Self(key))
    }
}

/// The key in the file; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<SecretsKey>, StoreFault> {
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
        let problem = format!("{} has {} bytes instead of {LENGTH}", path.display(), metadata.len());
        fault(&problem, "put it back from a backup; if no secret was ever kept, remove it")
    };
    if metadata.len() != LENGTH as u64 {
        return Err(wrong_length());
    }
    let bytes = fs::read(path).map_err(|error| unusable(path, &error))?;
    bytes.try_into().map(|bytes| Some(SecretsKey(bytes))).map_err(|_| wrong_length())
}

/// Makes the file with a fresh key. It is on the disk before anything is sealed with it, and never half of it.
pub(super) fn make(path: &Path) -> io::Result<SecretsKey> {
    let key: [u8; LENGTH] = Key::try_generate().map_err(|_| io::Error::other("the system gives no chance"))?.into();
    let part = {
        let mut name = path.as_os_str().to_owned();
        let _ = write!(name, ".part-{}", std::process::id());
        std::path::PathBuf::from(name)
    };
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    let whole = file.write_all(&key).and_then(|()| file.sync_all());
    // Somebody else's key is never written over.
    let placed = whole.and_then(|()| fs::hard_link(&part, path));
    fs::remove_file(&part)?;
    placed?;
    sync_folder(path)?;
    tracing::info!(path = %path.display(), "made a key of secrets; it belongs into every backup, apart from the database");
    Ok(SecretsKey(key))
}

/// The names in the file's folder are on the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> StoreFault {
    let problem = format!("cannot use the key of secrets in {}: {error}", path.display());
    fault(&problem, "see that this user may read and write there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key: SecretsKey = format!(" {}\n", "0aF9".repeat(16)).parse().unwrap();
        assert_eq!(key.bytes()[..4], [0x0a, 0xf9, 0x0a, 0xf9]);
        for wrong in ["", "0a", &"0a".repeat(31), &"0a".repeat(33), &"+1".repeat(32), &"0g".repeat(32), &"é".repeat(32)]
        {
            assert!(wrong.parse::<SecretsKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        let made = make(&path).unwrap();
        assert_eq!(make(&path).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path).unwrap().unwrap().bytes(), made.bytes());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
