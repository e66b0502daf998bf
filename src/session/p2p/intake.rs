//! Pieces of messages that come in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::p2p::packet::Packet;
use msnp::p2p::slp::LONGEST_TEXT;

use super::line::Line;

/// The session of ink, which needs no invitation.
pub(super) const INK_SESSION: u32 = 64;

/// The most bytes of ink in one message.
const LONGEST_INK: u64 = 128 << 10;

/// How many messages are put together at once. One more drops the oldest.
const MOST_OPEN: usize = 16;

/// How many messages are remembered, so that none is taken twice when it comes again after a lost switchboard.
const MOST_REMEMBERED: usize = 32;

/// How long the pieces of a message may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// How far a message has come: its pieces are taken in order, and asked for again when one is missing.
#[derive(Debug, Default)]
pub(super) struct Intake {
    next: u64,
    /// Where the first missing piece was, and the offset of the last packet behind it.
    gap: Option<(u64, u64)>,
}

impl Intake {
    /// How much has come without a gap, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.next
    }

    /// The bytes of a packet that follow on what has come; nothing when it is a repetition, or when something is missing before it.
    pub(super) fn take(&mut self, packet: &Packet, line: &mut Line) -> Option<Bytes> {
        let offset = packet.header.offset;
        if offset > self.next {
            // Once for each run of packets, not once for each packet.
            let is_asked = self.gap.is_some_and(|(next, last)| next == self.next && offset > last);
            self.gap = Some((self.next, offset));
            if !is_asked {
                line.ask_again(packet, self.next);
            }
            return None;
        }
        let known = usize::try_from(self.next - offset).ok()?;
        let fresh = packet.data.get(known..).filter(|fresh| !fresh.is_empty())?;
        self.next += fresh.len() as u64;
        Some(packet.data.slice_ref(fresh))
    }
}

/// The messages without a call that are being put together: MSNSLP texts and ink.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The oldest first.
    open: Vec<Open>,
    /// What has come as a whole, the oldest first.
    done: VecDeque<(Instant, Name)>,
}

/// What tells one message from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    session: u32,
    identifier: u32,
    total: u64,
}

#[derive(Debug)]
struct Open {
    name: Name,
    begun: Instant,
    intake: Intake,
    content: Vec<u8>,
}

impl Desk {
    /// Takes a packet, and gives the message that it completes, which it acknowledges.
    pub(super) fn take(&mut self, now: Instant, packet: &Packet, line: &mut Line) -> Option<Vec<u8>> {
        let header = &packet.header;
        let limit = if header.session == INK_SESSION { LONGEST_INK } else { LONGEST_TEXT as u64 };
        if header.total > limit {
            return None;
        }
        let name = Name { session: header.session, identifier: header.identifier, total: header.total };
        if self.done.iter().any(|(_, done)| *done == name) {
            if packet.ends_message() {
                line.acknowledge(packet);
            }
            return None;
        }
        let mut open = match self.open.iter().position(|open| open.name == name) {
            Some(place) => self.open.remove(place),
            None if header.offset == 0 => Open { name, begun: now, intake: Intake::default(), content: Vec::new() },
            // The rest of something that was given up.
            None => return None,
        };
        if let Some(data) = open.intake.take(packet, line) {
            open.content.extend_from_slice(&data);
        }
        if open.intake.length() == header.total {
            line.acknowledge(packet);
            if self.done.len() >= MOST_REMEMBERED {
                self.done.pop_front();
            }
            self.done.push_back((now, name));
            return Some(open.content);
        }
        if self.open.len() >= MOST_OPEN {
            self.open.remove(0);
        }
        let place = self.open.partition_point(|other| other.begun <= open.begun);
        self.open.insert(place, open);
        None
    }

    pub(super) fn expire(&mut self, now: Instant) {
        let is_young = |begun: Instant| now.saturating_duration_since(begun) < PATIENCE;
        self.open.retain(|open| is_young(open.begun));
        self.done.retain(|(since, _)| is_young(*since));
    }

    /// When the oldest message has taken too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.first().map(|oldest| oldest.begun + PATIENCE)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
