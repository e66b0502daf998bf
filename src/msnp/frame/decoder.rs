//! The decoder: bytes in any portions in, frames out.

use bytes::Bytes;

use super::table::{self, Following};
use super::{CommandName, Direction, Frame, FrameFault, Limits, Side};

/// Cuts a stream of bytes into frames.
///
/// One decoder is kept per connection, most of which are idle, so it holds no heap memory while it waits between frames.
/// Call [`Decoder::next_frame`] until it has nothing more before pushing again: what is pushed is held until then.
#[derive(Debug)]
pub struct Decoder {
    side: Side,
    direction: Direction,
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the bytes begin that belong to no frame yet.
    start: usize,
    /// Up to where a line end was looked for in vain, so that a line in many portions is searched once.
    searched: usize,
    /// A line whose payload has not come whole, and the length of that payload.
    awaiting: Option<(Frame, usize)>,
    fault: Option<FrameFault>,
}

impl Decoder {
    /// A decoder for what clients send to that server.
    #[must_use]
    pub fn new(side: Side, limits: Limits) -> Decoder {
        Decoder::with_direction(side, Direction::FromClient, limits)
    }

    /// A decoder for either direction; test clients read [`Direction::FromServer`].
    #[must_use]
    pub fn with_direction(side: Side, direction: Direction, limits: Limits) -> Decoder {
        Decoder { side, direction, limits, buffer: Vec::new(), start: 0, searched: 0, awaiting: None, fault: None }
    }

    /// Takes the next bytes of the stream. After a fault they are ignored.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        // Moving the rest to the front only when it is the smaller half keeps the cost of all moves linear.
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The number of bytes held that belong to no frame yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Whether a frame has begun and is not whole yet. Asked when there is no next frame.
    #[must_use]
    pub fn is_amid_frame(&self) -> bool {
        self.pending() > 0 || self.awaiting.is_some()
    }

    /// Goes on as the decoder of another side: notification and switchboard connections share a port, and only the first
    /// command, which has no payload on either side, tells which of them a connection is.
    pub fn turn(&mut self, side: Side, limits: Limits) {
        self.side = side;
        self.limits = limits;
    }

    /// The heap memory held, in bytes: none when the stream rests between two frames.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// Gives the next frame, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// The first fault of the stream, which is then given for ever.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let result = self.advance();
        if let Err(fault) = result {
            self.fault = Some(fault);
            self.awaiting = None;
            self.consume(self.pending());
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Frame>, FrameFault> {
        loop {
            if let Some((frame, length)) = self.awaiting.take() {
                return Ok(self.complete(frame, length));
            }
            let Some(line) = self.find_line()? else {
                return Ok(None);
            };
            let parsed = parse_line(&self.buffer[line.clone()]);
            self.consume(line.end + 1 - self.start);
            let Some(frame) = parsed? else {
                continue;
            };
            let limit = match table::following(self.side, self.direction, frame.command, frame.arguments.len()) {
                Following::Nothing => return Ok(Some(frame)),
                Following::Payload => self.limits.payload,
                Following::PersonalMessage => self.limits.personal_message,
                Following::Foreign => return Err(FrameFault::UnknownPayloadCommand { command: frame.command }),
            };
            self.awaiting = Some(await_payload(frame, limit)?);
        }
    }

    /// The place of the next line in the buffer, without its LF.
    fn find_line(&mut self) -> Result<Option<std::ops::Range<usize>>, FrameFault> {
        let from = self.searched.max(self.start);
        let end = memchr::memchr(b'\n', &self.buffer[from..]).map(|offset| from + offset);
        self.searched = end.unwrap_or(self.buffer.len());
        let length = self.searched - self.start;
        // The CR of the line end is no part of the line, and may be the last byte to have come.
        let length = if self.buffer[self.start..self.searched].ends_with(b"\r") { length - 1 } else { length };
        if length > self.limits.line {
            return Err(FrameFault::LineTooLong);
        }
        Ok(end.map(|end| self.start..end))
    }

    /// Finishes a frame when its whole payload is there, else goes on waiting.
    fn complete(&mut self, mut frame: Frame, length: usize) -> Option<Frame> {
        let Some(payload) = self.buffer.get(self.start..self.start + length) else {
            self.awaiting = Some((frame, length));
            return None;
        };
        // A copy, since a payload may be kept for long and must not keep the whole buffer with it.
        frame.payload = Some(Bytes::copy_from_slice(payload));
        self.consume(length);
        Some(frame)
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
        self.searched = self.start;
        if self.start >= self.buffer.len() {
            self.buffer = Vec::new();
            self.start = 0;
            self.searched = 0;
        }
    }
}

/// Cuts a line into words; `None` for an empty line.
fn parse_line(line: &[u8]) -> Result<Option<Frame>, FrameFault> {
    let line = std::str::from_utf8(line).map_err(|_| FrameFault::NotUtf8)?;
    let line = line.trim_end_matches('\r');
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let Some(name) = words.next() else {
        return Ok(None);
    };
    let command = CommandName::parse(name.as_bytes()).ok_or(FrameFault::NotACommand)?;
    let arguments = words.map(str::to_owned).collect();
    Ok(Some(Frame { command, arguments, payload: None }))
}

/// Takes the payload's length off the line and judges it.
fn await_payload(mut frame: Frame, limit: usize) -> Result<(Frame, usize), FrameFault> {
    let command = frame.command;
    let announced = frame.arguments.pop().filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()));
    let announced = announced.ok_or(FrameFault::BadLength { command })?;
    // Digits that do not fit a number are simply too many bytes.
    let length = announced.parse().unwrap_or(usize::MAX);
    if length > limit {
        return Err(FrameFault::PayloadTooLong { command });
    }
    Ok((frame, length))
}

#[cfg(test)]
mod tests;
