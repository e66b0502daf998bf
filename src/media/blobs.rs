//! Blobs in a directory.

mod incoming;
mod room;
mod sweep;

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use domain::media::BlobId;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt},
    sync::Semaphore,
    task::spawn_blocking,
};

pub use incoming::Incoming;
use room::Room;

/// How many blobs are written at once; further ones wait.
const MOST_WRITERS: usize = 16;
/// How much is read at a time, in bytes.
const PIECE: usize = 64 * 1024;
/// How many bytes tell what a blob is.
const SIGNATURE: u64 = 1024;
/// How the files of blobs that are not whole yet begin. No blob's directory does: those are named by two digits.
const UNFINISHED: &str = "incoming-";

/// A directory of blobs, each a file named by its hash: equal bytes are kept once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    directory: Arc<Path>,
    writers: Arc<Semaphore>,
    /// Held while a blob is given its name or is removed.
    naming: Arc<Mutex<()>>,
    room: Room,
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
    /// All blobs together have as many bytes as they may have; nothing of this one is kept.
    #[error("finds no room: everything together has {most} bytes, and may not have more")]
    Full {
        /// How many they may have.
        most: u64,
    },
    /// The directory could not be read or written, or the source could not be read.
    #[error("{0}: look at the media directory's permissions and free space")]
    Io(#[from] io::Error),
}

impl Blobs {
    /// The blobs in `directory`, which is made if it is missing. What a crash left half written is removed. They may have any number of
    /// bytes, until [`Blobs::bound`] is called.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self, BlobFault> {
        let directory: Arc<Path> = directory.into().into();
        let path = Arc::clone(&directory);
        let taken = blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
            for entry in std::fs::read_dir(&path)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            sweep::sum(&path)
        })
        .await?;
        let writers = Arc::new(Semaphore::new(MOST_WRITERS));
        Ok(Self { directory, writers, naming: Arc::default(), room: Room::with(taken) })
    }

    /// All blobs together may have so many bytes from now on. What is there beyond them stays.
    pub fn bound(&self, most: u64) {
        self.room.bound(most);
    }

    /// How many bytes all blobs together have, those that are just coming included.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.room.taken()
    }

    /// How many bytes more they may have.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.room.most().saturating_sub(self.room.taken())
    }

    /// Keeps all that `source` gives (`&[u8]` is a source), at most `limit` bytes, in a file that only this program may read.
    /// When it returns, the blob survives a crash.
    pub async fn put(&self, mut source: impl AsyncRead + Unpin, limit: u64) -> Result<BlobId, BlobFault> {
        let _place = self.writers.acquire().await.map_err(io::Error::other)?;
        let mut incoming = self.incoming(limit).await?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = source.read(&mut piece).await?;
            let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            incoming.write(bytes).await?;
        }
        Ok(incoming.finish().await?.0)
    }

    /// The blob, opened for reading; `None` when there is none of this id.
    pub async fn get(&self, id: BlobId) -> Result<Option<File>, BlobFault> {
        found(File::open(self.path(id)).await)
    }

    /// The blob's size in bytes; `None` when there is none of this id.
    pub async fn size(&self, id: BlobId) -> Result<Option<u64>, BlobFault> {
        Ok(found(tokio::fs::metadata(self.path(id)).await)?.map(|metadata| metadata.len()))
    }

    /// The blob's bytes, of which there may be `limit`; `None` when there is none of this id.
    pub async fn read(&self, id: BlobId, limit: u64) -> Result<Option<Vec<u8>>, BlobFault> {
        let Some(file) = self.get(id).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).await?;
        if bytes.len() as u64 > limit { Err(BlobFault::TooLarge { limit }) } else { Ok(Some(bytes)) }
    }

    /// The media type of the blob, by its first bytes; that of unknown bytes when there is none of this id.
    pub async fn sniff(&self, id: BlobId) -> Result<&'static str, BlobFault> {
        let mut start = Vec::new();
        if let Some(file) = self.get(id).await? {
            file.take(SIGNATURE).read_to_end(&mut start).await?;
        }
        Ok(crate::sniff(&start))
    }

    /// Where the blob lies, if it is kept: in one of 256 directories, by the first two digits of its id.
    #[must_use]
    pub fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.directory.join(name.get(..2).unwrap_or_default()).join(name)
    }
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
mod tests;
