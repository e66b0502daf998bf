//! What is being handed over, and where its bytes are.

use std::io::{self, SeekFrom};

use crate::media::Receiving;
use bytes::{Bytes, BytesMut};
use domain::media::{Announcement, Attachment};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

/// What is being handed over.
pub(super) enum Transfer {
    /// An object of the client's.
    Fetched(Announcement),
    /// A file of the client's.
    Incoming {
        /// What there is of it.
        file: Box<Receiving>,
        /// What it is called.
        name: String,
    },
    /// A file of ours.
    Offered {
        /// The file.
        file: File,
        /// What it is.
        of: Attachment,
    },
}

/// Reads so many bytes of a file; fewer only at its end.
pub(super) async fn read(file: &mut File, offset: u64, length: usize) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(offset)).await?;
    let mut bytes = BytesMut::with_capacity(length);
    let mut piece = file.take(length as u64);
    while piece.read_buf(&mut bytes).await? > 0 {}
    Ok(bytes.freeze())
}
