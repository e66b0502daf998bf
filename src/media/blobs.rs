//! Blobs in a directory.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
    task::spawn_blocking,
};

use crate::BlobId;

/// How many blobs are written at once; further ones wait.
const MOST_WRITERS: usize = 16;
/// How much is read at a time, in bytes.
const PIECE: usize = 64 * 1024;
/// How the files of blobs that are not whole yet begin. No blob's directory does: those are named by two digits.
const UNFINISHED: &str = "incoming-";

/// A directory of blobs, each a file named by its hash: equal bytes are kept once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    directory: Arc<Path>,
    writers: Arc<Semaphore>,
}

/// Why a blob was not kept or not found out about.
#[derive(Debug, thiserror::Error)]
pub enum BlobFault {
    /// It has more bytes than it may have; nothing of it is kept.
    #[error("is larger than {limit} bytes: send a smaller one")]
    TooLarge {
        /// The limit that it was put with.
        limit: u64,
    },
    /// The directory could not be read or written, or the source could not be read.
    #[error("{0}: look at the media directory's permissions and free space")]
    Io(#[from] io::Error),
}

impl Blobs {
    /// The blobs in `directory`, which is made if it is missing. What a crash left half written is removed.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self, BlobFault> {
        let directory: Arc<Path> = directory.into().into();
        let path = Arc::clone(&directory);
        blocking(move || {
            std::fs::create_dir_all(&path)?;
            for entry in std::fs::read_dir(&path)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        })
        .await?;
        Ok(Self { directory, writers: Arc::new(Semaphore::new(MOST_WRITERS)) })
    }

    /// Keeps all that `source` gives (`&[u8]` is a source), at most `limit` bytes, in a file that only this program may read.
    /// When it returns, the blob survives a crash.
    pub async fn put(&self, mut source: impl AsyncRead + Unpin, limit: u64) -> Result<BlobId, BlobFault> {
        let _place = self.writers.acquire().await.map_err(io::Error::other)?;
        let directory = Arc::clone(&self.directory);
        let (unfinished, file) = blocking(move || {
            // Made with mode 0600, and removed when dropped before it is whole.
            let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(directory)?;
            let file = unfinished.reopen()?;
            Ok((unfinished, file))
        })
        .await?;

        let mut file = File::from_std(file);
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE];
        let mut size: u64 = 0;
        loop {
            let count = source.read(&mut piece).await?;
            let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            size += count as u64;
            if size > limit {
                return Err(BlobFault::TooLarge { limit });
            }
            hash.update(bytes);
            file.write_all(bytes).await?;
        }
        file.sync_all().await?;
        let id = BlobId::of_hash(hash.finalize().into());
        let path = self.path(id);
        blocking(move || finish(unfinished, &path)).await?;
        Ok(id)
    }

    /// The blob, opened for reading; `None` when there is none of this id.
    pub async fn get(&self, id: BlobId) -> Result<Option<File>, BlobFault> {
        found(File::open(self.path(id)).await)
    }

    /// The blob's size in bytes; `None` when there is none of this id.
    pub async fn size(&self, id: BlobId) -> Result<Option<u64>, BlobFault> {
        Ok(found(tokio::fs::metadata(self.path(id)).await)?.map(|metadata| metadata.len()))
    }

    /// Blobs lie in 256 directories, by the first two digits of their ids.
    fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.directory.join(name.get(..2).unwrap_or_default()).join(name)
    }
}

/// Gives a whole blob its name. A blob of the same id is the same blob, so it does no harm to put it there again.
fn finish(unfinished: NamedTempFile, path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    std::fs::create_dir_all(directory)?;
    unfinished.persist(path)?;
    // The name itself is safe only when the directories that lead to it are.
    std::fs::File::open(directory)?.sync_all()?;
    directory.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
}

fn found<T>(result: io::Result<T>) -> Result<Option<T>, BlobFault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn blobs() -> (tempfile::TempDir, Blobs) {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(directory.path().join("media")).await.unwrap();
        (directory, blobs)
    }

    #[tokio::test]
    async fn a_blob_is_kept_under_its_hash_for_this_program_alone() {
        let (_directory, blobs) = blobs().await;
        let id = blobs.put(b"abc".as_slice(), 3).await.unwrap();
        assert_eq!(id.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(blobs.put(b"abc".as_slice(), 3).await.unwrap(), id, "put again, it is the same");
        assert_eq!(blobs.size(id).await.unwrap(), Some(3));
        let mut text = String::new();
        blobs.get(id).await.unwrap().unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "abc");
        let mode = std::fs::metadata(blobs.path(id)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn large_blobs_come_in_pieces_and_too_large_ones_leave_nothing() {
        let (_directory, blobs) = blobs().await;
        let large: Vec<u8> = (0..3 * PIECE + 17).map(|at| (at / 7) as u8).collect();
        let id = blobs.put(large.as_slice(), large.len() as u64).await.unwrap();
        let mut back = Vec::new();
        blobs.get(id).await.unwrap().unwrap().read_to_end(&mut back).await.unwrap();
        assert!(back == large);
        let fault = blobs.put([large.as_slice(), b"x"].concat().as_slice(), large.len() as u64).await.unwrap_err();
        assert!(matches!(fault, BlobFault::TooLarge { limit } if limit == large.len() as u64), "{fault}");
        let names = std::fs::read_dir(&blobs.directory).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), [&id.to_string()[..2]]);
    }

    #[tokio::test]
    async fn what_is_not_there_is_none_and_leftovers_go() {
        let (_directory, blobs) = blobs().await;
        let id = "0".repeat(64).parse().unwrap();
        assert!(blobs.get(id).await.unwrap().is_none());
        assert_eq!(blobs.size(id).await.unwrap(), None);
        let leftover = blobs.directory.join("incoming-x");
        std::fs::write(&leftover, "half").unwrap();
        Blobs::open(blobs.directory.to_path_buf()).await.unwrap();
        assert!(!leftover.exists());
    }
}
