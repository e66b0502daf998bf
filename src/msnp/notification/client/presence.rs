//! What a user shows of themselves.

use bytes::Bytes;

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;
use crate::status::{Capabilities, Status};

/// `CHG`: status, capabilities and display picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chg {
    /// The transaction id.
    pub transaction: u32,
    /// The new status, never [`Status::Offline`].
    pub status: Status,
    /// What the client can do; none when the client does not say.
    pub capabilities: Capabilities,
    /// The display picture's object, percent-encoded as it came. Some clients write `0` for none.
    pub object: Option<String>,
}

impl Chg {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Chg, CommandFault> {
        let status = Status::parse(&arguments.required()?).filter(|&status| status != Status::Offline);
        Ok(Chg {
            transaction: arguments.transaction(),
            status: status.ok_or_else(|| arguments.fault(ErrorCode::INVALID_PARAMETER))?,
            capabilities: arguments.optional().map(|text| Capabilities::parse(&text)).unwrap_or_default(),
            object: arguments.optional().filter(|object| object != "0"),
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "CHG")
            .number(self.transaction)
            .word(self.status.code())
            .number(self.capabilities)
            .optional(self.object.as_deref())
            .end();
    }
}

/// `UUX`: the personal message and what is playing (MSNP11 and later).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uux {
    /// The transaction id.
    pub transaction: u32,
    /// The document, for [`PersonalMessage::parse`](crate::personal_message::PersonalMessage::parse).
    pub document: Bytes,
}

impl Uux {
    pub(super) fn parse(arguments: &Arguments, document: Bytes) -> Uux {
        Uux { transaction: arguments.transaction(), document }
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "UUX").number(self.transaction).payload(&self.document);
    }
}
