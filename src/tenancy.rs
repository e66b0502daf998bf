//! Who works on the data directory: one server at most, backups beside it, and nobody else while what all of them rely on is changed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// The file, in the data directory, by which those who copy it and those who change it keep apart. It is always empty.
pub(crate) const LOCK: &str = "chrysalis.lock";

/// What the data directory is locked by, until it is dropped or the program ends, however that happens.
pub(crate) struct Tenancy {
    _locked: Vec<File>,
}

impl Tenancy {
    /// Of the one server; an error says what to do.
    pub(crate) fn serving(directory: &Path) -> Result<Self, String> {
        let busy = "another server runs on it, or it is restored or copied, or its key of secrets is being changed; stop that, or wait";
        let opened = opened(directory, File::open(directory))?;
        Ok(Self { _locked: locked(directory, opened, busy, File::try_lock)? })
    }

    /// Of those who copy what is there, beside a server; an error says what to do.
    pub(crate) fn copying(directory: &Path) -> Result<Self, String> {
        let busy = "it is restored or copied, or its key of secrets is being changed; wait until that is done";
        let opened = lock_file(directory)?;
        Ok(Self { _locked: locked(directory, opened, busy, File::try_lock_shared)? })
    }

    /// Alone; an error says what to do.
    pub(crate) fn alone(directory: &Path) -> Result<Self, String> {
        let Self { _locked: mut all } = Self::serving(directory)?;
        let busy = "a backup is written, or something else is done to it; wait until that is done";
        all.extend(locked(directory, lock_file(directory)?, busy, File::try_lock)?);
        Ok(Self { _locked: all })
    }
}

/// What was opened; `None` where there is no data directory, and nobody works on it.
fn opened(directory: &Path, opened: io::Result<File>) -> Result<Option<File>, String> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => {
            Err(format!("cannot open {}: {fault}; run this as the user who runs the server", directory.display()))
        }
    }
}

fn lock_file(directory: &Path) -> Result<Option<File>, String> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = opened(directory, options.open(directory.join(LOCK)))?;
    if let (Some(lock), Ok(directory)) = (&lock, directory.metadata()) {
        // One that root has made would be in the way of whom the directory belongs to. Nobody else can give it away, or has to.
        let _ = fchown(lock, Some(directory.uid()), Some(directory.gid()));
    }
    Ok(lock)
}

fn locked(
    directory: &Path,
    opened: Option<File>,
    busy: &str,
    lock: impl FnOnce(&File) -> Result<(), TryLockError>,
) -> Result<Vec<File>, String> {
    let place = directory.display();
    let Some(opened) = opened else { return Ok(Vec::new()) };
    match lock(&opened) {
        Ok(()) => Ok(vec![opened]),
        Err(TryLockError::WouldBlock) => Err(format!("{place} is in use: {busy}")),
        // Some file systems of networks have no locks.
        Err(TryLockError::Error(fault)) if fault.kind() == io::ErrorKind::Unsupported => Ok(Vec::new()),
        Err(TryLockError::Error(fault)) => Err(format!("cannot lock {place}: {fault}; name a folder on a local disk")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_serves_and_whoever_changes_what_it_relies_on_is_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let serving = Tenancy::serving(place).unwrap();
        let (one, other) = (Tenancy::copying(place).unwrap(), Tenancy::copying(place).unwrap());
        for refused in [Tenancy::serving(place), Tenancy::alone(place)] {
            let fault = refused.err().unwrap();
            assert!(fault.contains("is in use: another server runs on it"), "{fault}");
        }
        drop((serving, one));
        let fault = Tenancy::alone(place).err().unwrap();
        assert!(fault.contains("is in use: a backup is written"), "{fault}");
        drop(other);
        let alone = Tenancy::alone(place).unwrap();
        for refused in [Tenancy::serving(place), Tenancy::copying(place)] {
            let fault = refused.err().unwrap();
            assert!(fault.contains("it is restored or copied"), "{fault}");
        }
        drop(alone);
        assert!(Tenancy::serving(place).is_ok());
        assert!(Tenancy::alone(&place.join("none")).is_ok(), "where there is nothing, nobody works");
    }
}
