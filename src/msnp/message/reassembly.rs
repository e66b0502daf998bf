//! Chunks put together to messages again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::ChunkPlace;
use crate::mime::Headers;

/// How long the chunks of a message may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a [`Reassembly`] holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReassemblyLimits {
    /// How many messages are put together at once. One more drops the oldest.
    pub messages: usize,
    /// How many chunks one message has.
    pub chunks: u32,
    /// How many bytes the body of one message has.
    pub bytes: usize,
}

impl Default for ReassemblyLimits {
    fn default() -> ReassemblyLimits {
        ReassemblyLimits { messages: 8, chunks: 256, bytes: 256 << 10 }
    }
}

/// The messages of ONE sender that are being put together. Chunks may come in any order and more than once.
#[derive(Debug, Default)]
pub struct Reassembly {
    limits: ReassemblyLimits,
    /// The oldest first.
    open: Vec<Partial>,
}

#[derive(Debug)]
struct Partial {
    message: String,
    begun: Instant,
    /// The headers of the whole, and how many chunks there are; known with the first.
    first: Option<(Headers, u32)>,
    chunks: BTreeMap<u32, Bytes>,
    bytes: usize,
}

impl Reassembly {
    /// Nothing yet.
    #[must_use]
    pub fn new(limits: ReassemblyLimits) -> Reassembly {
        Reassembly { limits, open: Vec::new() }
    }

    /// Takes a chunk, as [`super::Payload::Chunk`] has it, and gives the headers and the body of the message that it completes.
    ///
    /// Messages older than 60 seconds are forgotten, and so is one that is over the limits or contradicts itself.
    pub fn take(
        &mut self,
        now: Instant,
        message: &str,
        place: ChunkPlace,
        headers: &Headers,
        body: &Bytes,
    ) -> Option<(Headers, Bytes)> {
        self.expire(now);
        let known = self.open.iter().position(|partial| partial.message == message);
        let mut partial = match known {
            Some(place) => self.open.remove(place),
            None => Partial::new(message, now),
        };
        partial.take(place, headers, body, &self.limits)?;
        if let Some(whole) = partial.whole() {
            return Some(whole);
        }
        if self.open.len() >= self.limits.messages.max(1) {
            self.open.remove(0);
        }
        // In the order of their age, though this one was out of its place for a moment.
        let place = self.open.partition_point(|other| other.begun <= partial.begun);
        self.open.insert(place, partial);
        None
    }

    /// Forgets the messages that have taken too long.
    pub fn expire(&mut self, now: Instant) {
        self.open.retain(|partial| now.saturating_duration_since(partial.begun) < PATIENCE);
    }

    /// Whether no message is being put together.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Partial {
    fn new(message: &str, begun: Instant) -> Partial {
        Partial { message: message.to_owned(), begun, first: None, chunks: BTreeMap::new(), bytes: 0 }
    }

    /// `None` when the message is over the limits or contradicts itself.
    fn take(&mut self, place: ChunkPlace, headers: &Headers, body: &Bytes, limits: &ReassemblyLimits) -> Option<()> {
        let index = match place {
            ChunkPlace::First { total } => {
                if total > limits.chunks {
                    return None;
                }
                self.first.get_or_insert_with(|| (headers.clone(), total));
                0
            }
            ChunkPlace::Later { index } => index,
        };
        let total = self.first.as_ref().map_or(limits.chunks, |(_, total)| *total);
        let last = self.chunks.last_key_value().map_or(index, |(&last, _)| last.max(index));
        if last >= total || (index == 0 && matches!(place, ChunkPlace::Later { .. })) {
            return None;
        }
        if !self.chunks.contains_key(&index) {
            self.bytes += body.len();
            if self.bytes > limits.bytes {
                return None;
            }
            // A copy: what is held must not keep the buffers of a connection.
            self.chunks.insert(index, Bytes::copy_from_slice(body));
        }
        Some(())
    }

    fn whole(&self) -> Option<(Headers, Bytes)> {
        let (headers, total) = self.first.as_ref()?;
        let is_whole = self.chunks.len() == *total as usize;
        is_whole.then(|| {
            let body: Vec<u8> = self.chunks.values().flatten().copied().collect();
            (headers.clone(), body.into())
        })
    }
}

#[cfg(test)]
mod tests;
