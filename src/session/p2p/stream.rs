//! The data of one object or file on its way to the Messenger user.

use bytes::{Buf, Bytes, BytesMut};
use msnp::p2p::packet::{Flags, Header, LONGEST_DATA};

use super::line::Line;

/// How many bytes of a file are held, and asked for at once, at most.
const WINDOW: usize = 32 * LONGEST_DATA;

/// How many bytes that have left may not have been read when a switchboard is lost: what the sockets of both ends hold.
const MOST_UNREAD: u64 = 64 << 10;

/// Data on its way, packet by packet. All of its packets have one identifier, whatever is said meanwhile.
#[derive(Debug)]
pub(super) struct Stream {
    header: Header,
    application: u32,
    source: Source,
    /// The furthest that was ever sent: only what goes beyond is progress.
    furthest: u64,
}

#[derive(Debug)]
enum Source {
    /// All of it.
    Whole(Bytes),
    /// What the shell has fed, from the next byte to be sent on; and where and how much it was asked for.
    Fed { held: BytesMut, asked: Option<(u64, usize)> },
}

/// The shell has no more bytes, though the file should have.
pub(super) struct Truncated;

impl Stream {
    /// The data of an object.
    pub(super) fn object(data: Bytes, session: u32, application: u32, line: &mut Line) -> Stream {
        let total = data.len() as u64;
        Stream::new(total, Flags::OBJECT, session, application, Source::Whole(data), line)
    }

    /// The data of a file, which the shell feeds.
    pub(super) fn file(size: u64, session: u32, application: u32, line: &mut Line) -> Stream {
        let source = Source::Fed { held: BytesMut::new(), asked: None };
        Stream::new(size, Flags::FILE_DATA, session, application, source, line)
    }

    fn new(total: u64, flags: Flags, session: u32, application: u32, source: Source, line: &mut Line) -> Stream {
        let identifier = line.numbers().identifier();
        let header = Header { session, identifier, total, flags, ..Header::default() };
        Stream { header, application, source, furthest: 0 }
    }

    /// The number under which all of it will be acknowledged.
    pub(super) fn identifier(&self) -> u32 {
        self.header.identifier
    }

    pub(super) fn is_all_sent(&self) -> bool {
        self.header.offset == self.header.total
    }

    /// Whether a packet could be sent now.
    fn is_ready(&self) -> bool {
        !self.is_all_sent() && self.held() >= self.next_length()
    }

    /// The next packet, and whether it is progress.
    pub(super) fn next_packet(&mut self, line: &mut Line) -> Option<(Bytes, bool)> {
        if !self.is_ready() {
            return None;
        }
        let length = self.next_length();
        let start = self.header.offset;
        let data = match &mut self.source {
            Source::Whole(data) => {
                let start = usize::try_from(start).ok()?;
                data.slice(start..start + length)
            }
            Source::Fed { held, .. } => held.copy_to_bytes(length),
        };
        let payload = line.data(self.header, data, self.application);
        self.header.offset += length as u64;
        let is_progress = self.header.offset > self.furthest;
        self.furthest = self.furthest.max(self.header.offset);
        Some((payload, is_progress))
    }

    /// Goes back to an offset; never forward.
    pub(super) fn rewind(&mut self, offset: u64) {
        if offset < self.header.offset {
            self.header.offset = offset;
            if let Source::Fed { held, asked } = &mut self.source {
                held.clear();
                *asked = None;
            }
        }
    }

    /// The switchboard was lost. What has not left, from an offset on, goes again, and so does the last of what has left: it may
    /// have been in a buffer on the way. Whoever has it already writes it to the same place once more, or passes over it, and
    /// acknowledges the end.
    pub(super) fn step_back(&mut self, not_left: Option<u64>) {
        let left = not_left.map_or(self.header.offset, |offset| offset.min(self.header.offset));
        let start = left.saturating_sub(MOST_UNREAD);
        self.rewind(start - start % LONGEST_DATA as u64);
    }

    /// Offset and length of what the shell must feed, once for each need.
    pub(super) fn want(&mut self) -> Option<(u64, usize)> {
        let Source::Fed { held, asked } = &mut self.source else { return None };
        let offset = self.header.offset + held.len() as u64;
        let rest = self.header.total - offset;
        if asked.is_some() || rest == 0 || held.len() >= WINDOW / 2 {
            return None;
        }
        let room = WINDOW - held.len();
        let want = (offset, usize::try_from(rest).map_or(room, |rest| rest.min(room)));
        *asked = Some(want);
        Some(want)
    }

    /// Takes what the shell feeds.
    pub(super) fn feed(&mut self, offset: u64, data: &[u8]) -> Result<(), Truncated> {
        let Source::Fed { held, asked } = &mut self.source else { return Ok(()) };
        let Some((_, length)) = asked.filter(|(wanted, _)| *wanted == offset) else { return Ok(()) };
        if data.is_empty() {
            return Err(Truncated);
        }
        *asked = None;
        held.extend_from_slice(data.get(..length).unwrap_or(data));
        Ok(())
    }

    fn next_length(&self) -> usize {
        let rest = self.header.total - self.header.offset;
        usize::try_from(rest).map_or(LONGEST_DATA, |rest| rest.min(LONGEST_DATA))
    }

    fn held(&self) -> usize {
        match &self.source {
            Source::Whole(data) => data.len().saturating_sub(usize::try_from(self.header.offset).unwrap_or(usize::MAX)),
            Source::Fed { held, .. } => held.len(),
        }
    }
}
