//! Messages that are longer than a payload may be, cut into several.

use crate::mime::Headers;
use crate::p2p::guid::Guid;

/// The longest payload of a switchboard, in bytes, headers and all; the original service closed on longer ones (hypothetic.org).
pub const LONGEST_PAYLOAD: usize = 1664;

/// How much of a body each chunk has, in bytes, as official clients cut it.
pub const CHUNK_LENGTH: usize = 1202;

/// The payloads of a message: itself if it is short enough, else chunks of [`CHUNK_LENGTH`]. The first chunk has the message's headers,
/// which must be short enough to leave room for it.
///
/// Only clients with the chunking capability (0x20) put chunks together again.
#[must_use]
pub fn payloads(headers: &Headers, body: &[u8], message: Guid) -> Vec<Vec<u8>> {
    let whole = payload(headers, body);
    if whole.len() <= LONGEST_PAYLOAD {
        return vec![whole];
    }
    let chunks = body.chunks(CHUNK_LENGTH);
    let (message, total) = (message.to_string(), chunks.len());
    let with_headers = |(index, chunk): (usize, &[u8])| {
        if index == 0 {
            let headers = headers.clone().with("Message-ID", &message).with("Chunks", &total.to_string());
            payload(&headers, chunk)
        } else {
            payload(&Headers::new().with("Message-ID", &message).with("Chunk", &index.to_string()), chunk)
        }
    };
    chunks.enumerate().map(with_headers).collect()
}

fn payload(headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    headers.write(&mut out);
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests;
