//! Forgetting blobs that nothing speaks of.

use std::{
    collections::HashSet,
    io,
    path::Path,
    sync::PoisonError,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{Timestamp, media::BlobId};

use super::{BlobFault, Blobs, blocking};

impl Blobs {
    /// Removes every blob that was last put before `before` and is not `in_use`; says how many. One that is put again meanwhile
    /// stays.
    pub async fn sweep(&self, before: Timestamp, in_use: HashSet<BlobId>) -> Result<u64, BlobFault> {
        let blobs = self.clone();
        let before = UNIX_EPOCH + Duration::from_millis(u64::try_from(before.0).unwrap_or(0));
        Ok(blocking(move || blobs.sweep_directories(before, &in_use)).await?)
    }

    fn sweep_directories(&self, before: SystemTime, in_use: &HashSet<BlobId>) -> io::Result<u64> {
        let mut removed = 0;
        for directory in std::fs::read_dir(&self.directory)? {
            let directory = directory?;
            if !directory.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(directory.path())? {
                let file = file?;
                // What is not named as a blob was not put here by this program.
                let id = file.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok());
                if id.is_some_and(|id| !in_use.contains(&id)) && self.remove_older(&file.path(), before)? {
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Removes the file unless it was put since. No blob is given its name between the look and the removal.
    fn remove_older(&self, path: &Path, before: SystemTime) -> io::Result<bool> {
        let _alone = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = std::fs::metadata(path)?;
        if metadata.modified()? >= before {
            return Ok(false);
        }
        std::fs::remove_file(path)?;
        self.room.give_back(metadata.len());
        Ok(true)
    }
}

/// How many bytes all blobs in a directory have.
pub(super) fn sum(blobs: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for directory in std::fs::read_dir(blobs)? {
        let directory = directory?;
        if !directory.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(directory.path())? {
            let file = file?;
            if file.file_name().to_str().is_some_and(|name| name.parse::<BlobId>().is_ok()) {
                sum += file.metadata()?.len();
            }
        }
    }
    Ok(sum)
}
