//! Contacts: adding, removing, renaming.

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;
use crate::list::List;
use crate::percent;

/// How a command names a contact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `N=passport`.
    Passport(String),
    /// `C=guid`, for contacts on the forward list.
    Guid(String),
    /// `N=tel:+number` (MSNP11 and later): the number with its plus sign.
    Telephone(String),
}

impl Target {
    /// What stands behind `N=`; `None` unless it is `tel:` and a number or does not begin with `tel:`.
    fn named(name: String) -> Option<Target> {
        let Some(number) = name.strip_prefix("tel:") else {
            return (!name.is_empty()).then_some(Target::Passport(name));
        };
        let digits = number.strip_prefix('+')?;
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Target::Telephone(number.to_owned()))
    }

    /// Appends the target with its prefix, as `ADC` has it.
    fn write<'a>(&self, line: Line<'a>) -> Line<'a> {
        match self {
            Target::Passport(passport) => line.prefixed("N=", passport),
            Target::Guid(guid) => line.prefixed("C=", guid),
            Target::Telephone(number) => line.prefixed("N=tel:", number),
        }
    }

    /// Appends the target bare, as `REM` has it.
    fn write_bare<'a>(&self, line: Line<'a>) -> Line<'a> {
        match self {
            Target::Passport(name) | Target::Guid(name) => line.word(name),
            Target::Telephone(number) => line.prefixed("tel:", number),
        }
    }
}

/// `ADC`: a contact onto a list, or into a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adc {
    /// The transaction id.
    pub transaction: u32,
    /// Any list but [`List::Pending`], which clients cannot write.
    pub list: List,
    /// Who is added.
    pub target: Target,
    /// The name to store (`F=`), decoded.
    pub name: Option<String>,
    /// The guid of the group to put the contact in.
    pub group: Option<String>,
}

impl Adc {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Adc, CommandFault> {
        let list = List::parse(&arguments.required()?).filter(|&list| list != List::Pending);
        let list = list.ok_or_else(|| arguments.fatal(ErrorCode::INVALID_PARAMETER))?;
        let invalid = arguments.fault(ErrorCode::INVALID_PARAMETER);
        let transaction = arguments.transaction();

        let (mut named, mut guid, mut name, mut group) = (None, None, None, None);
        for argument in arguments {
            if let Some(value) = argument.strip_prefix("N=") {
                named = Some(Target::named(value.to_owned()).ok_or(invalid)?);
            } else if let Some(value) = argument.strip_prefix("F=") {
                name = Some(percent::decode(value));
            } else if let Some(value) = argument.strip_prefix("C=") {
                guid = Some(Target::Guid(value.to_owned()));
            } else if named.is_none() && guid.is_none() {
                named = Some(Target::named(argument).ok_or(invalid)?);
            } else {
                group = Some(argument);
            }
        }
        let target = named.or(guid).ok_or(invalid)?;
        Ok(Adc { transaction, list, target, name, group })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = Line::new(out, "ADC").number(self.transaction).word(self.list.code());
        let line = self.target.write(line);
        let line = match &self.name {
            Some(name) => line.prefixed_name("F=", name),
            None => line,
        };
        line.optional(self.group.as_deref()).end();
    }
}

/// `REM`: a contact off a list, or out of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rem {
    /// The transaction id.
    pub transaction: u32,
    /// Any list but [`List::Reverse`], which belongs to the server.
    pub list: List,
    /// Who is removed: on the forward list a guid, elsewhere a passport or a telephone number.
    pub target: Target,
    /// The guid of the group to take the contact out of, when it shall stay on the list.
    pub group: Option<String>,
}

impl Rem {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Rem, CommandFault> {
        let list = List::parse(&arguments.required()?).filter(|&list| list != List::Reverse);
        let list = list.ok_or_else(|| arguments.fatal(ErrorCode::INVALID_PARAMETER))?;
        let word = arguments.required()?;
        let target = if let Some(name) = word.strip_prefix("N=") {
            Target::named(name.to_owned())
        } else if let Some(guid) = word.strip_prefix("C=") {
            Some(Target::Guid(guid.to_owned()))
        } else if list == List::Forward && !word.contains('@') && !word.starts_with("tel:") {
            Some(Target::Guid(word))
        } else {
            Target::named(word)
        };
        Ok(Rem {
            transaction: arguments.transaction(),
            list,
            target: target.ok_or_else(|| arguments.fault(ErrorCode::INVALID_PARAMETER))?,
            group: arguments.optional(),
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let line = Line::new(out, "REM").number(self.transaction).word(self.list.code());
        self.target.write_bare(line).optional(self.group.as_deref()).end();
    }
}

/// `SBP`: a property of a contact, as the user's list keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbp {
    /// The transaction id.
    pub transaction: u32,
    /// The contact's guid.
    pub contact: String,
    /// The property, such as `MFN`.
    pub key: String,
    /// The value, decoded.
    pub value: String,
}

impl Sbp {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Sbp, CommandFault> {
        Ok(Sbp {
            transaction: arguments.transaction(),
            contact: arguments.required()?,
            key: arguments.required()?,
            value: percent::decode_owned(arguments.lenient()),
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "SBP").number(self.transaction).word(&self.contact).word(&self.key).name(&self.value).end();
    }
}
