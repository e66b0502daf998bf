//! Pictures, voice clips and files: kept once each, named by their hash, known by their first bytes, and made into what
//! Messenger shows.
//!
//! Everything here comes from strangers. What reads it has bounds for bytes, points, frames and memory, gives a fault for what it
//! cannot read, and works on threads that may block.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod blobs;
mod cabinet;
mod drawing;
pub mod emoticon;
pub mod ink;
pub mod picture;
pub mod wink;

pub use blobs::{BlobFault, Blobs, Incoming};
pub use drawing::{LONGEST_FILE, PictureFault};
pub use picture::Picture;

/// The media type of what begins with `bytes` (a few hundred are enough), by its signature and never by a name or a claim;
/// `application/octet-stream` for what has none.
#[must_use]
pub fn sniff(bytes: &[u8]) -> &'static str {
    infer::get(bytes).map_or("application/octet-stream", |kind| kind.mime_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_known_by_their_first_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png");
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\0\x10JFIF"), "image/jpeg");
        assert_eq!(sniff(b"GIF89a"), "image/gif");
        assert_eq!(sniff(b"just words"), "application/octet-stream");
        assert_eq!(sniff(b""), "application/octet-stream");
    }
}
