//! What clients send to the switchboard.

use bytes::Bytes;

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::frame::{CommandName, Frame};
use crate::line::Line;
use crate::message;

/// When the sender of a message wants to hear of its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// `U`: never. Typing, nudges.
    None,
    /// `N`: `NAK` when it failed.
    NegativeOnly,
    /// `A`: `ACK` or `NAK`.
    Always,
    /// `D`: `ACK`, `NAK` or error 282. Peer-to-peer data only, which stalls until it is answered.
    Data,
    /// `S`: `ACK` when it arrived. Invitations.
    PositiveOnly,
}

impl Acknowledgement {
    /// The letter on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Acknowledgement::None => "U",
            Acknowledgement::NegativeOnly => "N",
            Acknowledgement::Always => "A",
            Acknowledgement::Data => "D",
            Acknowledgement::PositiveOnly => "S",
        }
    }

    /// Reads the letter.
    #[must_use]
    pub fn parse(code: &str) -> Option<Acknowledgement> {
        match code {
            "U" => Some(Acknowledgement::None),
            "N" => Some(Acknowledgement::NegativeOnly),
            "A" => Some(Acknowledgement::Always),
            "D" => Some(Acknowledgement::Data),
            "S" => Some(Acknowledgement::PositiveOnly),
            _ => None,
        }
    }

    /// Whether success is answered with `ACK`.
    #[must_use]
    pub fn wants_ack(self) -> bool {
        match self {
            Acknowledgement::Always | Acknowledgement::Data | Acknowledgement::PositiveOnly => true,
            Acknowledgement::None | Acknowledgement::NegativeOnly => false,
        }
    }

    /// Whether failure is answered with `NAK`.
    #[must_use]
    pub fn wants_nak(self) -> bool {
        match self {
            Acknowledgement::Always | Acknowledgement::Data | Acknowledgement::NegativeOnly => true,
            Acknowledgement::None | Acknowledgement::PositiveOnly => false,
        }
    }
}

/// `USR`: enters with the cookie of an `XFR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usr {
    /// The transaction id; it may carry on from the notification connection.
    pub transaction: u32,
    /// Who enters.
    pub passport: String,
    /// What the `XFR` gave.
    pub cookie: String,
}

/// `ANS`: enters with the cookie of an `RNG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ans {
    /// The transaction id.
    pub transaction: u32,
    /// Who enters.
    pub passport: String,
    /// What the `RNG` gave.
    pub cookie: String,
    /// The session of the `RNG`.
    pub session: String,
}

/// `CAL`: invites somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cal {
    /// The transaction id.
    pub transaction: u32,
    /// Who is invited.
    pub passport: String,
}

/// `MSG`: a message to everybody else in the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msg {
    /// The transaction id.
    pub transaction: u32,
    /// What the sender wants to hear.
    pub acknowledgement: Acknowledgement,
    /// The message, for [`Payload::parse`](message::Payload::parse).
    pub payload: Bytes,
}

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCommand {
    /// Enters as the caller.
    Usr(Usr),
    /// Enters as one called.
    Ans(Ans),
    /// Invites somebody.
    Cal(Cal),
    /// Says something.
    Msg(Msg),
    /// Leaves.
    Out,
    /// Anything else.
    Unknown {
        /// The command's name.
        command: CommandName,
        /// The transaction id, when the first argument is a number.
        transaction: Option<u32>,
    },
}

impl ClientCommand {
    /// Understands a frame.
    ///
    /// # Errors
    /// The answer that a malformed command deserves.
    pub fn parse(frame: Frame) -> Result<ClientCommand, CommandFault> {
        let transaction = frame.transaction();
        let Frame { command, arguments, payload } = frame;
        match command.as_str() {
            "USR" => {
                let mut arguments = Arguments::new(arguments)?;
                Ok(ClientCommand::Usr(Usr {
                    transaction: arguments.transaction(),
                    passport: credential(&mut arguments)?,
                    cookie: credential(&mut arguments)?,
                }))
            }
            "ANS" => {
                let mut arguments = Arguments::new(arguments)?;
                Ok(ClientCommand::Ans(Ans {
                    transaction: arguments.transaction(),
                    passport: credential(&mut arguments)?,
                    cookie: credential(&mut arguments)?,
                    session: credential(&mut arguments)?,
                }))
            }
            "CAL" => {
                let mut arguments = Arguments::new(arguments)?;
                let passport = arguments.required()?;
                Ok(ClientCommand::Cal(Cal { transaction: arguments.transaction(), passport }))
            }
            "MSG" => Ok(ClientCommand::Msg(said(Arguments::new(arguments)?, payload.unwrap_or_default())?)),
            "OUT" => Ok(ClientCommand::Out),
            _ => Ok(ClientCommand::Unknown { command, transaction }),
        }
    }

    /// Appends the command in wire form, as a client sends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            ClientCommand::Usr(Usr { transaction, passport, cookie }) => {
                Line::new(out, "USR").number(transaction).word(passport).word(cookie).end();
            }
            ClientCommand::Ans(Ans { transaction, passport, cookie, session }) => {
                Line::new(out, "ANS").number(transaction).word(passport).word(cookie).word(session).end();
            }
            ClientCommand::Cal(Cal { transaction, passport }) => {
                Line::new(out, "CAL").number(transaction).word(passport).end();
            }
            ClientCommand::Msg(Msg { transaction, acknowledgement, payload }) => {
                Line::new(out, "MSG").number(transaction).word(acknowledgement.code()).payload(payload);
            }
            ClientCommand::Out => Line::new(out, "OUT").end(),
            ClientCommand::Unknown { command, transaction } => {
                let line = Line::new(out, command.as_str());
                match transaction {
                    Some(transaction) => line.number(transaction).end(),
                    None => line.end(),
                }
            }
        }
    }
}

/// A part of what admits a client; without it the client is not admitted.
fn credential(arguments: &mut Arguments) -> Result<String, CommandFault> {
    arguments.optional().ok_or_else(|| arguments.fatal(ErrorCode::AUTHENTICATION_FAILED))
}

fn said(mut arguments: Arguments, payload: Bytes) -> Result<Msg, CommandFault> {
    let acknowledgement =
        Acknowledgement::parse(&arguments.required()?).ok_or_else(|| arguments.fault(ErrorCode::INVALID_PARAMETER))?;
    if acknowledgement == Acknowledgement::Data && !message::is_peer_to_peer(&payload) {
        return Err(arguments.fault(ErrorCode::BAD_DATA_MESSAGE));
    }
    Ok(Msg { transaction: arguments.transaction(), acknowledgement, payload })
}

#[cfg(test)]
mod tests;
