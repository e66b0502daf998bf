//! Chunks put together to messages again.

use std::collections::{BTreeMap, VecDeque};
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

/// What has become of a message with its latest chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reassembled {
    /// Chunks are missing.
    Waiting,
    /// It is whole: its headers and its body.
    Whole(Headers, Bytes),
    /// It will never be whole: it is over the limits, contradicts itself or took too long, or others have pushed it out.
    Refused,
}

/// The messages of ONE sender that are being put together. Chunks may come in any order and more than once.
#[derive(Debug, Default)]
pub struct Reassembly {
    limits: ReassemblyLimits,
    /// The oldest first.
    open: Vec<Partial>,
    /// The names of those that were given up, the oldest first: as many as may be open, so that their late chunks do not seem to
    /// begin something new.
    given_up: VecDeque<String>,
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
        Reassembly { limits, ..Reassembly::default() }
    }

    /// Takes a chunk, as [`super::Payload::Chunk`] has it, and says what has become of its message.
    ///
    /// Messages older than 60 seconds are given up, and so is one that is over the limits or contradicts itself.
    pub fn take(
        &mut self,
        now: Instant,
        message: &str,
        place: ChunkPlace,
        headers: &Headers,
        body: &Bytes,
    ) -> Reassembled {
        self.expire(now);
        if self.given_up.iter().any(|given_up| given_up == message) {
            return Reassembled::Refused;
        }
        let known = self.open.iter().position(|partial| partial.message == message);
        let mut partial = match known {
            Some(place) => self.open.remove(place),
            None => Partial::new(message, now),
        };
        if partial.take(place, headers, body, &self.limits).is_none() {
            self.give_up(partial);
            return Reassembled::Refused;
        }
        if let Some((headers, body)) = partial.whole() {
            return Reassembled::Whole(headers, body);
        }
        if self.open.len() >= self.limits.messages.max(1) {
            let oldest = self.open.remove(0);
            self.give_up(oldest);
        }
        // In the order of their age, though this one was out of its place for a moment.
        let place = self.open.partition_point(|other| other.begun <= partial.begun);
        self.open.insert(place, partial);
        Reassembled::Waiting
    }

    /// Gives up the messages that have taken too long.
    pub fn expire(&mut self, now: Instant) {
        let is_over = |partial: &Partial| now.saturating_duration_since(partial.begun) >= PATIENCE;
        let count = self.open.partition_point(is_over);
        let over: Vec<Partial> = self.open.drain(..count).collect();
        for partial in over {
            self.give_up(partial);
        }
    }

    fn give_up(&mut self, partial: Partial) {
        if self.given_up.len() >= self.limits.messages.max(1) {
            self.given_up.pop_front();
        }
        self.given_up.push_back(partial.message);
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
