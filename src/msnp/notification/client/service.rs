//! Everything that is neither sign-in nor contact list nor presence.

use bytes::Bytes;

use crate::argument::Arguments;
use crate::code::{CommandFault, ErrorCode};
use crate::line::Line;
use crate::percent;

/// `GCF`: a configuration document, in practice `Shields.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gcf {
    /// The transaction id.
    pub transaction: u32,
    /// The document's name.
    pub file: String,
}

impl Gcf {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Gcf, CommandFault> {
        Ok(Gcf { transaction: arguments.transaction(), file: arguments.required()? })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "GCF").number(self.transaction).word(&self.file).end();
    }
}

/// `QRY`: the answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qry {
    /// The transaction id.
    pub transaction: u32,
    /// Which client program answers.
    pub product_id: String,
    /// 32 hexadecimal digits.
    pub digest: String,
}

impl Qry {
    pub(super) fn parse(mut arguments: Arguments, payload: &[u8]) -> Result<Qry, CommandFault> {
        Ok(Qry {
            transaction: arguments.transaction(),
            product_id: arguments.required()?,
            digest: String::from_utf8_lossy(payload).trim().to_owned(),
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "QRY").number(self.transaction).word(&self.product_id).payload(self.digest.as_bytes());
    }
}

/// `XFR`: another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xfr {
    /// The transaction id.
    pub transaction: u32,
    /// `SB`, a switchboard; anything else is an invalid parameter for the session to refuse.
    pub target: String,
}

impl Xfr {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Xfr, CommandFault> {
        Ok(Xfr { transaction: arguments.transaction(), target: arguments.required()? })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "XFR").number(self.transaction).word(&self.target).end();
    }
}

/// `LKP`: whether a telephone number can be a contact (MSNP12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lkp {
    /// The transaction id.
    pub transaction: u32,
    /// As sent, `tel:+` and digits.
    pub telephone: String,
}

impl Lkp {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Lkp, CommandFault> {
        Ok(Lkp { transaction: arguments.transaction(), telephone: arguments.required()? })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "LKP").number(self.transaction).word(&self.telephone).end();
    }
}

/// `URL`: the address of a web service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The transaction id.
    pub transaction: u32,
    /// The service, such as `INBOX` or `PROFILE`.
    pub service: String,
    /// Its parameter, such as a locale or an address.
    pub parameter: Option<String>,
}

impl Url {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Url, CommandFault> {
        Ok(Url {
            transaction: arguments.transaction(),
            service: arguments.required()?,
            parameter: arguments.optional(),
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "URL").number(self.transaction).word(&self.service).optional(self.parameter.as_deref()).end();
    }
}

/// `IMS`: instant messages on or off, sent by Web TV only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ims {
    /// The transaction id.
    pub transaction: u32,
    /// `ON` or `OFF`.
    pub enabled: bool,
}

impl Ims {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Ims, CommandFault> {
        let enabled = match arguments.required()?.as_str() {
            "ON" => true,
            "OFF" => false,
            _ => return Err(arguments.fault(ErrorCode::INVALID_PARAMETER)),
        };
        Ok(Ims { transaction: arguments.transaction(), enabled })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "IMS").number(self.transaction).word(if self.enabled { "ON" } else { "OFF" }).end();
    }
}

/// `SDC`: an invitation mail to somebody who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdc {
    /// The transaction id.
    pub transaction: u32,
    /// Where the mail shall go.
    pub address: String,
    /// The locale as a hexadecimal number; empty when the client does not say.
    pub locale: String,
    /// The inviter's name, decoded; the last argument of the line.
    pub name: String,
    /// What the inviter wrote.
    pub text: Bytes,
}

impl Sdc {
    pub(super) fn parse(mut arguments: Arguments, text: Bytes) -> Result<Sdc, CommandFault> {
        Ok(Sdc {
            transaction: arguments.transaction(),
            address: arguments.required()?,
            locale: arguments.lenient(),
            name: arguments.last().map(percent::decode_owned).unwrap_or_default(),
            text,
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "SDC")
            .number(self.transaction)
            .word(&self.address)
            .word(&self.locale)
            .word("MSMSGS")
            .word("MSMSGS")
            .word("X")
            .word("X")
            .name(&self.name)
            .payload(&self.text);
    }
}

/// `SND`: an invitation mail, the older way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snd {
    /// The transaction id.
    pub transaction: u32,
    /// Where the mail shall go.
    pub address: String,
}

impl Snd {
    pub(super) fn parse(mut arguments: Arguments) -> Result<Snd, CommandFault> {
        Ok(Snd { transaction: arguments.transaction(), address: arguments.required()? })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "SND").number(self.transaction).word(&self.address).end();
    }
}

/// `PGD`: a page to a mobile device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pgd {
    /// The transaction id.
    pub transaction: u32,
    /// To whom.
    pub passport: String,
    /// `1` a mobile device, `2` MSN Direct; empty when the client does not say.
    pub device: String,
    /// The page's document.
    pub document: Bytes,
}

impl Pgd {
    pub(super) fn parse(mut arguments: Arguments, document: Bytes) -> Result<Pgd, CommandFault> {
        Ok(Pgd {
            transaction: arguments.transaction(),
            passport: arguments.required()?,
            device: arguments.lenient(),
            document,
        })
    }

    /// Appends the command in wire form.
    pub fn write(&self, out: &mut Vec<u8>) {
        Line::new(out, "PGD").number(self.transaction).word(&self.passport).word(&self.device).payload(&self.document);
    }
}
