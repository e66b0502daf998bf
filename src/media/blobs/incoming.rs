//! Blobs on their way in.

use std::{fs::DirBuilder, io, os::unix::fs::DirBuilderExt, path::Path, sync::PoisonError};

use domain::media::{BlobId, ObjectHash};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

use super::{BlobFault, Blobs, PIECE, UNFINISHED, blocking, room::Reserved};

/// A blob that comes piece by piece. Dropped before [`Incoming::finish`], it is forgotten.
#[derive(Debug)]
pub struct Incoming {
    blobs: Blobs,
    unfinished: NamedTempFile,
    file: BufWriter<File>,
    hash: Sha256,
    size: u64,
    limit: u64,
    reserved: Reserved,
}

impl Incoming {
    pub(super) async fn begin(blobs: &Blobs, limit: u64) -> Result<Self, BlobFault> {
        let directory = blobs.directory.clone();
        let (unfinished, file) = blocking(move || {
            // Made with mode 0600, and removed when dropped before it is whole.
            let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(directory)?;
            let file = unfinished.reopen()?;
            Ok((unfinished, file))
        })
        .await?;
        let file = BufWriter::with_capacity(PIECE, File::from_std(file));
        let reserved = Reserved::none(blobs.room.clone());
        Ok(Self { blobs: blobs.clone(), unfinished, file, hash: Sha256::new(), size: 0, limit, reserved })
    }

    /// Takes the next piece. Once it is too large, or there is no room for it, it can only be dropped.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), BlobFault> {
        self.size = self.size.saturating_add(piece.len() as u64);
        self.check_size()?;
        self.reserved.grow(piece.len() as u64)?;
        self.hash.update(piece);
        self.file.write_all(piece).await?;
        Ok(())
    }

    /// How many bytes it has so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Keeps it, and gives its name and its size in bytes. When it returns, the blob survives a crash.
    pub async fn finish(mut self) -> Result<(BlobId, u64), BlobFault> {
        self.check_size()?;
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        let id = BlobId(self.hash.finalize().into());
        let (blobs, unfinished, reserved) = (self.blobs, self.unfinished, self.reserved);
        blocking(move || {
            let _alone = blobs.naming.lock().unwrap_or_else(PoisonError::into_inner);
            let path = blobs.path(id);
            let is_new = !path.exists();
            name(unfinished, &path)?;
            // The same blob takes no room twice.
            if is_new {
                reserved.keep();
            }
            Ok(())
        })
        .await?;
        Ok((id, self.size))
    }

    const fn check_size(&self) -> Result<(), BlobFault> {
        if self.size > self.limit { Err(BlobFault::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl Blobs {
    /// Begins a blob of at most `limit` bytes.
    pub async fn incoming(&self, limit: u64) -> Result<Incoming, BlobFault> {
        Incoming::begin(self, limit).await
    }

    /// Keeps an object of Messenger's, and gives the names it has: its blob's, and the hash by which clients know it.
    pub async fn put_object(&self, bytes: &[u8]) -> Result<(BlobId, ObjectHash), BlobFault> {
        let id = self.put(bytes, bytes.len() as u64).await?;
        Ok((id, ObjectHash(sha1::Sha1::digest(bytes).into())))
    }
}

/// Gives a whole blob its name. A blob of the same id is the same blob, so it does no harm to put it there again.
fn name(unfinished: NamedTempFile, path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    unfinished.persist(path)?;
    // The name itself is safe only when the directories that lead to it are.
    std::fs::File::open(directory)?.sync_all()?;
    directory.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
}
