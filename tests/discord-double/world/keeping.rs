//! Files of the CDN, and the addresses under which they are found.

use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::id::Id;
use crate::world::World;
use crate::world::message::Attachment;

/// What signs the addresses of attachments: no secret, since nothing here is one.
const SIGNING: &[u8] = b"an attachment's address";

impl World {
    /// Keeps a picture under its hash, and gives that.
    pub(crate) fn keep_picture(&mut self, folder: &str, bytes: &Bytes) -> String {
        let mut hash = hexadecimal(&Sha256::digest(bytes));
        hash.truncate(32);
        if bytes.starts_with(b"GIF8") {
            hash.insert_str(0, "a_");
        }
        self.blobs.insert(format!("{folder}/{hash}"), bytes.clone());
        hash
    }

    /// Keeps a file of a message.
    pub(crate) fn keep_attachment(&mut self, channel: Id, attachment: &Attachment) {
        let path = format!("attachments/{channel}/{}/{}", attachment.id, attachment.name);
        self.blobs.insert(path, attachment.bytes.clone());
    }

    /// Where a file of a message is fetched, for as long as the rules say.
    pub(crate) fn attachment_url(&self, channel: Id, attachment: Id, name: &str) -> String {
        let issued = Timestamp::now().as_second();
        let expires = issued.saturating_add(i64::try_from(self.rules.attachments_live.as_secs()).unwrap_or(i64::MAX));
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string().replace("%2E", ".").replace("%5F", "_");
        let name = name.replace("%2D", "-");
        let path = format!("attachments/{channel}/{attachment}/{name}");
        let signature = signature(&path, expires);
        format!("{}/{path}?ex={expires:x}&is={issued:x}&hm={signature}&", self.cdn)
    }
}

/// What proves that an address was given by this CDN.
pub(crate) fn signature(path: &str, expires: i64) -> String {
    let mut digest = Sha256::new();
    digest.update(SIGNING);
    digest.update(path.as_bytes());
    digest.update(expires.to_be_bytes());
    hexadecimal(&digest.finalize())
}

/// How a file is called in an address: as Discord does, without blanks and what cannot stand there.
pub(crate) fn address_name(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|letter| if letter.is_whitespace() { '_' } else { letter })
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        .take(200)
        .collect();
    if kept.is_empty() { "unknown".into() } else { kept }
}

/// What kind of file it is, by its name.
pub(crate) fn content_type(name: &str) -> Option<&'static str> {
    let end = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match end.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ogg" => "audio/ogg",
        "wav" => "audio/x-wav",
        "mp4" => "video/mp4",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => return None,
    })
}

/// Width and height of a PNG or a GIF, read from its first bytes.
pub(crate) fn picture_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    let short = |at: usize| bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes);
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some((number(16)?, number(20)?))
    } else if bytes.starts_with(b"GIF8") {
        Some((short(6)?.into(), short(8)?.into()))
    } else {
        None
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
