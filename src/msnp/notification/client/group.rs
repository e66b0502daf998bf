//! Groups of contacts.

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;
use crate::percent;

/// The longest name of a new group, in encoded bytes (`MSNPiki`).
const NEW_NAME_LIMIT: usize = 61;

/// No dialog lets anybody type a name of so many encoded bytes: whoever sends one is disconnected, as the original service did
/// with far longer names.
const IMPOSSIBLE_NAME: usize = 1024;

/// The longest name a group can be given later, in encoded bytes; the original service disconnected on a longer one.
const RENAME_LIMIT: usize = 127;

/// `ADG`: a new group. Some clients add a ` 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adg {
    /// The transaction id.
    pub transaction: u32,
    /// The name, decoded.
    pub name: String,
}

impl Adg {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Adg, CommandFault> {
        let name = arguments.required()?;
        if name.len() > NEW_NAME_LIMIT {
            let fatal = name.len() > IMPOSSIBLE_NAME;
            return Err(CommandFault { fatal, ..arguments.fault(ErrorCode::GROUP_NAME_TOO_LONG) });
        }
        Ok(Adg { transaction: arguments.transaction(), name: percent::decode_owned(name) })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "ADG").number(self.transaction).name(&self.name).end();
    }
}

/// `RMG`: no more of that group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rmg {
    /// The transaction id.
    pub transaction: u32,
    /// The group's guid. Messenger 7.0 may send an encoded name instead, kept as it came.
    pub group: String,
}

impl Rmg {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Rmg, CommandFault> {
        Ok(Rmg { transaction: arguments.transaction(), group: arguments.required()? })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "RMG").number(self.transaction).word(&self.group).end();
    }
}

/// `REG`: another name for a group. Some clients add a ` 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reg {
    /// The transaction id.
    pub transaction: u32,
    /// The group's guid.
    pub group: String,
    /// The new name, decoded.
    pub name: String,
}

impl Reg {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Reg, CommandFault> {
        let group = arguments.required()?;
        let name = arguments.required()?;
        if name.len() > RENAME_LIMIT {
            return Err(arguments.fatal(ErrorCode::GROUP_NAME_TOO_LONG));
        }
        Ok(Reg { transaction: arguments.transaction(), group, name: percent::decode_owned(name) })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "REG").number(self.transaction).word(&self.group).name(&self.name).end();
    }
}
