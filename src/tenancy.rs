//! Who works on the data directory: many may, unless something is changed there that all of them rely on.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A lock on the data directory, until it is dropped or the program ends, however that happens.
pub(crate) struct Tenancy {
    _directory: Option<File>,
}

impl Tenancy {
    /// Beside others; an error says what to do.
    pub(crate) fn shared(directory: &Path) -> Result<Self, String> {
        let busy = "it is restored or copied, or its key of secrets is being changed; wait until that is done";
        Self::taken(directory, busy, File::try_lock_shared)
    }

    /// Alone; an error says what to do.
    pub(crate) fn alone(directory: &Path) -> Result<Self, String> {
        let busy = "a server runs on it, or a backup is written; stop it first, or wait";
        Self::taken(directory, busy, File::try_lock)
    }

    fn taken(
        directory: &Path,
        busy: &str,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, String> {
        let place = directory.display();
        let opened = match File::open(directory) {
            Ok(opened) => opened,
            // Where there is nothing, nobody works.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Self { _directory: None }),
            Err(fault) => {
                return Err(format!("cannot open {place}: {fault}; run this as the user who runs the server"));
            }
        };
        match lock(&opened) {
            Ok(()) => Ok(Self { _directory: Some(opened) }),
            Err(TryLockError::WouldBlock) => Err(format!("{place} is in use: {busy}")),
            // Some file systems of networks have no locks.
            Err(TryLockError::Error(fault)) if fault.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { _directory: None })
            }
            Err(TryLockError::Error(fault)) => {
                Err(format!("cannot lock {place}: {fault}; name a folder on a local disk"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_share_it_and_whoever_wants_it_alone_has_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Tenancy::shared(folder.path()).unwrap(), Tenancy::shared(folder.path()).unwrap());
        drop(one);
        let fault = Tenancy::alone(folder.path()).err().unwrap();
        assert!(fault.contains("is in use: a server runs on it"), "{fault}");
        drop(other);
        let _alone = Tenancy::alone(folder.path()).unwrap();
        let fault = Tenancy::shared(folder.path()).err().unwrap();
        assert!(fault.contains("key of secrets is being changed"), "{fault}");
        assert!(Tenancy::alone(&folder.path().join("none")).is_ok());
    }
}
