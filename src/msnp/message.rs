//! The payloads of the switchboard: what is said, and what is said about it.

use bytes::Bytes;

use crate::mime::{self, Headers};
use crate::text_format::TextFormat;

mod build;
mod chunk;
mod reassembly;
mod text;

pub use build::{MOST_EMOTICONS, emoticons, ink, invitation_refusal, nudge, peer_to_peer, text, typing};
pub use chunk::{CHUNK_LENGTH, LONGEST_PAYLOAD, payloads};
pub use reassembly::{Reassembled, Reassembly, ReassemblyLimits};
pub use text::{split_text, wire_text};

/// The place of a chunk in a message of several payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkPlace {
    /// The first, with the headers of the whole; `total` counts it too.
    First {
        /// How many chunks there are.
        total: u32,
    },
    /// A later one, counted from 1.
    Later {
        /// The number of this chunk.
        index: u32,
    },
}

/// A switchboard payload, understood. The original bytes remain the thing to pass on between Messenger clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A line of text.
    Text {
        /// The text, with `\n` for every line end.
        text: String,
        /// How it looks.
        format: Option<TextFormat>,
        /// The name to show for this message instead of the sender's (`P4-Context`).
        sender_name: Option<String>,
    },
    /// The sender is typing; to be forgotten after some seven seconds.
    Typing {
        /// Who types. Anybody but the sender is to be ignored.
        user: String,
    },
    /// The sender is recording a voice clip.
    Recording {
        /// Who records.
        user: String,
    },
    /// The window shakes.
    Nudge,
    /// Another datacast: 2 is a wink, 3 a voice clip, 4 an action text.
    Datacast {
        /// What is cast.
        id: u32,
        /// Its object, or its text.
        data: Option<String>,
    },
    /// Definitions of custom emoticons for the texts that follow; see [`emoticon_definitions`].
    Emoticons {
        /// Whether they move.
        animated: bool,
        /// The definitions.
        body: Bytes,
    },
    /// A peer-to-peer packet: a header of 48 bytes, data, a footer of 4.
    PeerToPeer {
        /// For whom; compare it in any case.
        destination: String,
        /// The packet.
        body: Bytes,
    },
    /// An invitation of the older kind: audio, video, application sharing.
    Invitation {
        /// The fields of the body.
        fields: Headers,
    },
    /// Handwriting.
    Ink {
        /// `image/gif` or `application/x-ms-ink`.
        content_type: String,
        /// `base64:` and base64.
        body: Bytes,
    },
    /// What a third-party client tells about itself.
    ClientCapabilities,
    /// A third-party client's sign of life.
    KeepAlive,
    /// A part of a message; see [`Payload::from_parts`] for the whole.
    Chunk {
        /// The message, among those of one sender.
        message_id: String,
        /// Which part.
        place: ChunkPlace,
        /// The headers of this part.
        headers: Headers,
        /// The bytes of this part, which may end within a character.
        body: Bytes,
    },
    /// Something else.
    Other {
        /// The media type in lower case; empty when there is none.
        content_type: String,
    },
}

impl Payload {
    /// Understands a payload, as far as it can be understood.
    #[must_use]
    pub fn parse(payload: &Bytes) -> Payload {
        let Some((headers, body)) = mime::parse(payload) else {
            return Payload::Other { content_type: String::new() };
        };
        match chunk_place(&headers) {
            Some((message_id, place)) => Payload::Chunk { message_id, place, headers, body },
            None => Payload::from_parts(&headers, &body),
        }
    }

    /// Understands a message put together from its chunks: the headers of the first, the bodies of all.
    #[must_use]
    pub fn from_parts(headers: &Headers, body: &Bytes) -> Payload {
        let content_type = headers.media_type();
        match content_type.as_str() {
            "text/plain" => Payload::Text {
                text: text::decode(body, headers.charset().as_deref()),
                format: headers.get("X-MMS-IM-Format").map(TextFormat::parse),
                sender_name: headers.get("P4-Context").filter(|name| !name.is_empty()).map(str::to_owned),
            },
            "text/x-msmsgscontrol" => control(headers).unwrap_or(Payload::Other { content_type }),
            "text/x-msnmsgr-datacast" => datacast(body).unwrap_or(Payload::Other { content_type }),
            "text/x-mms-emoticon" => Payload::Emoticons { animated: false, body: body.clone() },
            "text/x-mms-animemoticon" => Payload::Emoticons { animated: true, body: body.clone() },
            PEER_TO_PEER => Payload::PeerToPeer {
                destination: headers.get("P2P-Dest").unwrap_or_default().to_owned(),
                body: body.clone(),
            },
            "text/x-msmsgsinvite" => Payload::Invitation { fields: fields(body) },
            "image/gif" | "application/x-ms-ink" => Payload::Ink { content_type, body: body.clone() },
            "text/x-clientcaps" => Payload::ClientCapabilities,
            "text/x-keepalive" => Payload::KeepAlive,
            _ => Payload::Other { content_type },
        }
    }
}

const PEER_TO_PEER: &str = "application/x-msnmsgrp2p";

/// The length of a peer-to-peer packet without data and footer.
const PEER_TO_PEER_HEADER: usize = 48;

/// Whether a payload may be sent as a message of class `D`.
pub(crate) fn is_peer_to_peer(payload: &Bytes) -> bool {
    mime::parse(payload)
        .is_some_and(|(headers, body)| headers.media_type() == PEER_TO_PEER && body.len() >= PEER_TO_PEER_HEADER)
}

/// The shortcuts and objects of an emoticon message. Objects are in their XML form.
#[must_use]
pub fn emoticon_definitions(body: &[u8]) -> Vec<(String, String)> {
    let body = String::from_utf8_lossy(body);
    let fields: Vec<&str> = body.trim_end_matches(['\r', '\n']).split('\t').collect();
    fields
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [shortcut, object] if !shortcut.is_empty() => Some(((*shortcut).to_owned(), (*object).to_owned())),
            _ => None,
        })
        .collect()
}

/// The picture in the body of [`Payload::Ink`]: what stands in base64 behind `base64:`. `None` if it is not in that form.
#[must_use]
pub fn ink_data(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?.trim_start();
    let is_marked = text.get(..INK_MARK.len()).is_some_and(|mark| mark.eq_ignore_ascii_case(INK_MARK));
    crate::object::lenient_base64(text.get(INK_MARK.len()..).filter(|_| is_marked)?)
}

/// What precedes the base64 of ink.
const INK_MARK: &str = "base64:";

/// Which part of which message the headers announce. A message of one chunk is whole.
fn chunk_place(headers: &Headers) -> Option<(String, ChunkPlace)> {
    let message_id = headers.get("Message-ID")?.to_owned();
    let number = |name: &str| headers.get(name).and_then(|number| number.parse().ok());
    if let Some(index) = number("Chunk") {
        return Some((message_id, ChunkPlace::Later { index }));
    }
    let total = number("Chunks").filter(|&total| total > 1)?;
    Some((message_id, ChunkPlace::First { total }))
}

fn control(headers: &Headers) -> Option<Payload> {
    let typing = headers.get("TypingUser").map(|user| Payload::Typing { user: user.to_owned() });
    typing.or_else(|| headers.get("RecordingUser").map(|user| Payload::Recording { user: user.to_owned() }))
}

fn datacast(body: &Bytes) -> Option<Payload> {
    let fields = fields(body);
    match fields.get("ID")?.parse().ok()? {
        1 => Some(Payload::Nudge),
        id => Some(Payload::Datacast { id, data: fields.get("Data").map(str::to_owned) }),
    }
}

/// A body that is itself a block of fields.
fn fields(body: &Bytes) -> Headers {
    mime::parse(body).map(|(fields, _)| fields).unwrap_or_default()
}

#[cfg(test)]
mod tests;
