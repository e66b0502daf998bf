//! Settings of the user.

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;
use crate::percent;

/// The longest friendly name, in encoded bytes; the original service disconnected on a longer one (`MSNPiki`).
const NAME_LIMIT: usize = 387;

/// The longest value of any other property, in encoded bytes; likewise.
const VALUE_LIMIT: usize = 95;

/// `PRP`: a property of the user, such as `MFN`, the friendly name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prp {
    /// The transaction id.
    pub transaction: u32,
    /// The property, at most three bytes.
    pub key: String,
    /// The value, decoded; `None` unsets the property.
    pub value: Option<String>,
}

impl Prp {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Prp, CommandFault> {
        let key = arguments.required()?;
        if key.len() > 3 {
            return Err(arguments.fatal(ErrorCode::NOT_EXPECTED));
        }
        let value = arguments.optional();
        let most = if key == "MFN" { NAME_LIMIT } else { VALUE_LIMIT };
        if value.as_ref().is_some_and(|value| value.len() > most) {
            return Err(arguments.fatal(ErrorCode::INVALID_PARAMETER));
        }
        Ok(Prp { transaction: arguments.transaction(), key, value: value.map(percent::decode_owned) })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = Line::new(out, "PRP").number(self.transaction).word(&self.key);
        match &self.value {
            Some(value) => line.name(value).end(),
            None => line.end(),
        }
    }
}

/// `BLP`: what people on no list may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blp {
    /// The transaction id.
    pub transaction: u32,
    /// `AL`: they may see and write to the user. `BL`: they may not.
    pub allow_unknown: bool,
}

impl Blp {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Blp, CommandFault> {
        let allow_unknown = match arguments.required()?.as_str() {
            "AL" => true,
            "BL" => false,
            _ => return Err(arguments.fault(ErrorCode::INVALID_PARAMETER)),
        };
        Ok(Blp { transaction: arguments.transaction(), allow_unknown })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let list = if self.allow_unknown { "AL" } else { "BL" };
        Line::new(out, "BLP").number(self.transaction).word(list).end();
    }
}

/// `GTC`: whether the client asks its user when somebody adds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gtc {
    /// The transaction id.
    pub transaction: u32,
    /// `A`: ask. `N`: do not.
    pub ask: bool,
}

impl Gtc {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Gtc, CommandFault> {
        let ask = match arguments.required()?.as_str() {
            "A" => true,
            "N" => false,
            _ => return Err(arguments.fault(ErrorCode::INVALID_PARAMETER)),
        };
        Ok(Gtc { transaction: arguments.transaction(), ask })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "GTC").number(self.transaction).word(if self.ask { "A" } else { "N" }).end();
    }
}
