//! From the first byte to the contact list.

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;

/// `VER`: the dialects a client speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ver {
    /// The transaction id.
    pub transaction: u32,
    /// The dialects as offered, `CVR0` among them.
    pub dialects: Vec<String>,
}

impl Ver {
    pub(super) fn parse(arguments: Arguments) -> Ver {
        Ver { transaction: arguments.transaction(), dialects: arguments.collect() }
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = Line::new(out, "VER").number(self.transaction);
        self.dialects.iter().fold(line, |line, dialect| line.word(dialect)).end();
    }
}

/// `CVR`: the client and its system. What a client leaves out is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cvr {
    /// The transaction id.
    pub transaction: u32,
    /// The locale as a hexadecimal number, such as `0x0409`.
    pub locale: String,
    /// Such as `winnt`.
    pub operating_system: String,
    /// Such as `5.1`.
    pub operating_system_version: String,
    /// Such as `i386`.
    pub architecture: String,
    /// The client's library, such as `MSNMSGR`.
    pub client_name: String,
    /// Such as `7.5.0324`.
    pub client_version: String,
    /// Such as `msmsgs`.
    pub client_id: String,
    /// Who is about to sign in.
    pub passport: String,
}

impl Cvr {
    pub(super) fn parse(mut arguments: Arguments) -> Cvr {
        Cvr {
            transaction: arguments.transaction(),
            locale: arguments.lenient(),
            operating_system: arguments.lenient(),
            operating_system_version: arguments.lenient(),
            architecture: arguments.lenient(),
            client_name: arguments.lenient(),
            client_version: arguments.lenient(),
            client_id: arguments.lenient(),
            passport: arguments.lenient(),
        }
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "CVR")
            .number(self.transaction)
            .word(&self.locale)
            .word(&self.operating_system)
            .word(&self.operating_system_version)
            .word(&self.architecture)
            .word(&self.client_name)
            .word(&self.client_version)
            .word(&self.client_id)
            .word(&self.passport)
            .end();
    }
}

/// `USR`: the two steps of sign-in with a Passport ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usr {
    /// `USR n TWN I passport`: who wants to sign in.
    Initiate {
        /// The transaction id.
        transaction: u32,
        /// The passport as typed, not encoded.
        passport: String,
    },
    /// `USR n TWN S ticket`: the proof.
    Ticket {
        /// The transaction id.
        transaction: u32,
        /// The rest of the line as received: `TICKET`, `t=TICKET` or `t=TICKET&p=PROFILE`.
        ticket: String,
    },
}

impl Usr {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Usr, CommandFault> {
        let refusal = arguments.fatal(ErrorCode::AUTHENTICATION_FAILED);
        let transaction = arguments.transaction();
        let package = arguments.required()?;
        let step = arguments.required()?;
        if package != "TWN" {
            return Err(refusal);
        }
        match step.as_str() {
            "I" => Ok(Usr::Initiate { transaction, passport: arguments.next().ok_or(refusal)? }),
            "S" => {
                let mut ticket = arguments.next().ok_or(refusal)?;
                for more in arguments {
                    ticket.push(' ');
                    ticket.push_str(&more);
                }
                Ok(Usr::Ticket { transaction, ticket })
            }
            _ => Err(refusal),
        }
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Usr::Initiate { transaction, passport } => {
                Line::new(out, "USR").number(transaction).word("TWN").word("I").word(passport).end();
            }
            Usr::Ticket { transaction, ticket } => {
                let line = Line::new(out, "USR").number(transaction).word("TWN").word("S");
                ticket.split(' ').fold(line, Line::word).end();
            }
        }
    }
}

/// `SYN`: asks for the contact list unless the client's copy is the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syn {
    /// The transaction id.
    pub transaction: u32,
    /// The time stamp of the client's copy of the lists, or `0`.
    pub list_timestamp: String,
    /// The time stamp of the client's copy of the settings, or `0`.
    pub settings_timestamp: String,
}

impl Syn {
    pub(super) fn parse(mut arguments: Arguments) -> Syn {
        let mut timestamp = || arguments.next().unwrap_or_else(|| "0".to_owned());
        let (list_timestamp, settings_timestamp) = (timestamp(), timestamp());
        Syn { transaction: arguments.transaction(), list_timestamp, settings_timestamp }
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "SYN").number(self.transaction).word(&self.list_timestamp).word(&self.settings_timestamp).end();
    }
}
