//! Frames: one command line and, for some commands, the payload that follows it.
//!
//! A line is `CMD argument argument…` ended by CRLF. A payload follows its line directly, without a line end of its own,
//! and its length in bytes is the last argument of that line.

use std::fmt;

use bytes::Bytes;
use thiserror::Error;

mod decoder;
mod table;

pub use decoder::Decoder;

/// Which of the two servers a connection belongs to; they share the framing but not the payload commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The notification server: sign-in, contact list, presence.
    Notification,
    /// The switchboard: one conversation.
    Switchboard,
}

/// Who wrote the bytes. `GCF`, for one, carries a payload only when the server sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The decoder stands in the server.
    FromClient,
    /// The decoder stands in a client.
    FromServer,
}

/// The most a peer may make the decoder hold, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, without its line end.
    pub line: usize,
    /// The longest payload of any command but the personal message.
    pub payload: usize,
    /// The longest payload of `UUX` and `UBX`.
    pub personal_message: usize,
}

impl Limits {
    /// The limits of a switchboard. The original service closed the connection on a payload above 1664 bytes (`MSNPiki`).
    #[must_use]
    pub fn switchboard() -> Limits {
        Limits { payload: 1664, ..Limits::default() }
    }
}

impl Default for Limits {
    /// The limits of a notification connection. A ticket with its profile part, the longest line known, can pass 1.5 KB.
    fn default() -> Limits {
        Limits { line: 8192, payload: 65_536, personal_message: 8192 }
    }
}

/// The three bytes that begin a line: upper-case letters, or the digits of an error number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandName([u8; 3]);

impl CommandName {
    /// Reads a name, in either case; `None` unless it is three ASCII letters or digits.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<CommandName> {
        let bytes: [u8; 3] = name.try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then(|| CommandName(bytes.map(|byte| byte.to_ascii_uppercase())))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number, when the line is an error reply.
    #[must_use]
    pub fn error_number(&self) -> Option<u16> {
        self.as_str().parse().ok()
    }
}

impl fmt::Debug for CommandName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One command as it came, cut into words but not yet understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The first word of the line.
    pub command: CommandName,
    /// The words after it, still percent-encoded. The length of a payload is not among them.
    pub arguments: Vec<String>,
    /// The bytes after the line, for commands that carry any.
    pub payload: Option<Bytes>,
}

impl Frame {
    /// The transaction id, when the first argument is a number. The client chose it; it need not be unique.
    #[must_use]
    pub fn transaction(&self) -> Option<u32> {
        self.arguments.first()?.parse().ok()
    }

    /// Appends the frame in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.command.0);
        for argument in &self.arguments {
            out.push(b' ');
            out.extend_from_slice(argument.as_bytes());
        }
        if let Some(payload) = &self.payload {
            out.extend_from_slice(format!(" {}\r\n", payload.len()).as_bytes());
            out.extend_from_slice(payload);
        } else {
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Why a stream cannot be read any further. The connection must be closed: where the next frame begins is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameFault {
    /// No line end within [`Limits::line`] bytes.
    #[error("a line is longer than allowed")]
    LineTooLong,
    /// The line announces more bytes than allowed; none of them was kept.
    #[error("the payload of {command} is longer than allowed")]
    PayloadTooLong {
        /// The command that announced it.
        command: CommandName,
    },
    /// The last argument of a payload command is missing or not a number.
    #[error("{command} does not say how long its payload is")]
    BadLength {
        /// The command without a length.
        command: CommandName,
    },
    /// A line is not UTF-8.
    #[error("a line is not UTF-8")]
    NotUtf8,
    /// A line does not begin with three letters or digits.
    #[error("a line does not begin with a command")]
    NotACommand,
    /// A command of a later protocol, whose payload would be taken for lines.
    #[error("{command} carries a payload and does not belong to this connection")]
    UnknownPayloadCommand {
        /// The command that does not belong here.
        command: CommandName,
    },
}
