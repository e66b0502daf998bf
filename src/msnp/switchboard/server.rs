//! What the switchboard sends.

use bytes::Bytes;

use crate::code::ErrorCode;
use crate::dialect::Dialect;
use crate::frame::Frame;
use crate::line::Line;
use crate::percent;
use crate::status::Capabilities;

/// A command of the switchboard. Names are held decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerCommand {
    /// The caller is in.
    UsrOk {
        /// The transaction id of the `USR`.
        transaction: u32,
        /// The caller.
        passport: String,
        /// The caller's name.
        name: String,
    },
    /// Somebody who was in before the one called.
    Iro {
        /// The transaction id of the `ANS`.
        transaction: u32,
        /// The number of this line, from 1.
        index: usize,
        /// How many such lines there are.
        total: usize,
        /// Who is in.
        passport: String,
        /// Their name.
        name: String,
        /// What their client can do (MSNP12; not written before).
        capabilities: Capabilities,
    },
    /// The one called is in.
    AnsOk {
        /// The transaction id of the `ANS`.
        transaction: u32,
    },
    /// Somebody entered.
    Joi {
        /// Who entered.
        passport: String,
        /// Their name.
        name: String,
        /// What their client can do (MSNP12; not written before).
        capabilities: Capabilities,
    },
    /// Somebody is being called.
    Cal {
        /// The transaction id of the `CAL`.
        transaction: u32,
        /// The session's id.
        session: String,
    },
    /// Somebody said something.
    Msg {
        /// Who.
        passport: String,
        /// Their name.
        name: String,
        /// The message.
        payload: Bytes,
    },
    /// A message arrived.
    Ack {
        /// The transaction id of the `MSG`.
        transaction: u32,
    },
    /// A message did not arrive.
    Nak {
        /// The transaction id of the `MSG`.
        transaction: u32,
    },
    /// Somebody left.
    Bye {
        /// Who.
        passport: String,
        /// Whether they were removed because nothing was said.
        idle: bool,
    },
    /// A command failed.
    Error {
        /// The transaction id of the command.
        transaction: u32,
        /// What failed.
        code: ErrorCode,
    },
    /// A command this grammar gives no meaning to.
    Other(Frame),
}

impl ServerCommand {
    /// Appends the command in the form that a client of that dialect understands.
    pub fn write(&self, dialect: Dialect, out: &mut Vec<u8>) {
        match self {
            ServerCommand::UsrOk { transaction, passport, name } => {
                Line::new(out, "USR").number(transaction).word("OK").word(passport).name(name).end();
            }
            ServerCommand::Iro { transaction, index, total, passport, name, capabilities } => {
                let line = Line::new(out, "IRO").number(transaction).number(index).number(total);
                with_capabilities(line.word(passport).name(name), dialect, *capabilities).end();
            }
            ServerCommand::AnsOk { transaction } => Line::new(out, "ANS").number(transaction).word("OK").end(),
            ServerCommand::Joi { passport, name, capabilities } => {
                let line = Line::new(out, "JOI").word(passport).name(name);
                with_capabilities(line, dialect, *capabilities).end();
            }
            ServerCommand::Cal { transaction, session } => {
                Line::new(out, "CAL").number(transaction).word("RINGING").word(session).end();
            }
            ServerCommand::Msg { passport, name, payload } => {
                Line::new(out, "MSG").word(passport).name(name).payload(payload);
            }
            ServerCommand::Ack { transaction } => Line::new(out, "ACK").number(transaction).end(),
            ServerCommand::Nak { transaction } => Line::new(out, "NAK").number(transaction).end(),
            ServerCommand::Bye { passport, idle } => {
                let line = Line::new(out, "BYE").word(passport);
                if *idle { line.number(1).end() } else { line.end() }
            }
            ServerCommand::Error { transaction, code } => Line::new(out, &code.to_string()).number(transaction).end(),
            ServerCommand::Other(frame) => frame.write(out),
        }
    }

    /// Understands a frame, for clients in tests. What is not understood is [`ServerCommand::Other`].
    #[must_use]
    pub fn parse(frame: Frame) -> ServerCommand {
        understand(&frame).unwrap_or(ServerCommand::Other(frame))
    }
}

fn with_capabilities(line: Line<'_>, dialect: Dialect, capabilities: Capabilities) -> Line<'_> {
    if dialect.has_switchboard_capabilities() { line.number(capabilities) } else { line }
}

fn understand(frame: &Frame) -> Option<ServerCommand> {
    let text = |place: usize| frame.arguments.get(place).cloned();
    let decoded = |place: usize| frame.arguments.get(place).map(|name| percent::decode(name));
    let capabilities =
        |place: usize| frame.arguments.get(place).map(|bits| Capabilities::parse(bits)).unwrap_or_default();
    if let Some(number) = frame.command.error_number() {
        return Some(ServerCommand::Error { transaction: frame.transaction()?, code: ErrorCode(number) });
    }
    match frame.command.as_str() {
        "USR" => {
            Some(ServerCommand::UsrOk { transaction: frame.transaction()?, passport: text(2)?, name: decoded(3)? })
        }
        "IRO" => Some(ServerCommand::Iro {
            transaction: frame.transaction()?,
            index: text(1)?.parse().ok()?,
            total: text(2)?.parse().ok()?,
            passport: text(3)?,
            name: decoded(4)?,
            capabilities: capabilities(5),
        }),
        "ANS" => Some(ServerCommand::AnsOk { transaction: frame.transaction()? }),
        "JOI" => Some(ServerCommand::Joi { passport: text(0)?, name: decoded(1)?, capabilities: capabilities(2) }),
        "CAL" => Some(ServerCommand::Cal { transaction: frame.transaction()?, session: text(2)? }),
        "MSG" => Some(ServerCommand::Msg { passport: text(0)?, name: decoded(1)?, payload: frame.payload.clone()? }),
        "ACK" => Some(ServerCommand::Ack { transaction: frame.transaction()? }),
        "NAK" => Some(ServerCommand::Nak { transaction: frame.transaction()? }),
        "BYE" => Some(ServerCommand::Bye { passport: text(0)?, idle: text(1).is_some() }),
        _ => None,
    }
}
