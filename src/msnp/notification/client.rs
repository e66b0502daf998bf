//! What clients send to the notification server.

use crate::argument::Arguments;
use crate::code::CommandFault;
use crate::frame::{CommandName, Frame};
use crate::line::Line;

mod contact;
mod group;
mod presence;
mod service;
mod setting;
mod sign_in;

pub use contact::{Adc, Rem, Sbp, Target};
pub use group::{Adg, Reg, Rmg};
pub use presence::{Chg, Uux};
pub use service::{Gcf, Ims, Lkp, Pgd, Qry, Sdc, Snd, Url, Xfr};
pub use setting::{Blp, Gtc, Prp};
pub use sign_in::{Cvr, Syn, Usr, Ver};

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCommand {
    /// Offers dialects.
    Ver(Ver),
    /// Tells about the client and its system.
    Cvr(Cvr),
    /// Signs in, in two steps.
    Usr(Usr),
    /// Asks for the contact list.
    Syn(Syn),
    /// Asks for a configuration document.
    Gcf(Gcf),
    /// Changes status, capabilities and display picture.
    Chg(Chg),
    /// Changes the personal message.
    Uux(Uux),
    /// Asks whether the server is there.
    Png,
    /// Answers a challenge.
    Qry(Qry),
    /// Asks for a challenge.
    Chl {
        /// The transaction id.
        transaction: u32,
    },
    /// Adds a contact to a list or a group.
    Adc(Adc),
    /// Removes a contact from a list or a group.
    Rem(Rem),
    /// Adds a group.
    Adg(Adg),
    /// Removes a group.
    Rmg(Rmg),
    /// Renames a group.
    Reg(Reg),
    /// Sets a property of a contact.
    Sbp(Sbp),
    /// Sets a property of the user.
    Prp(Prp),
    /// Sets what people on no list may do.
    Blp(Blp),
    /// Sets whether to ask when somebody adds the user.
    Gtc(Gtc),
    /// Asks for a switchboard.
    Xfr(Xfr),
    /// Looks up a telephone number.
    Lkp(Lkp),
    /// Asks for the address of a web service.
    Url(Url),
    /// Turns instant messages on or off (Web TV).
    Ims(Ims),
    /// Sends an invitation mail.
    Sdc(Sdc),
    /// Sends an invitation mail, the older way.
    Snd(Snd),
    /// Asks for the subscription.
    Gsb {
        /// The transaction id.
        transaction: u32,
    },
    /// Sends a page to a mobile device.
    Pgd(Pgd),
    /// Signs out.
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
        let payload = payload.unwrap_or_default();
        Ok(match command.as_str() {
            "PNG" => ClientCommand::Png,
            "OUT" => ClientCommand::Out,
            "VER" => ClientCommand::Ver(Ver::parse(Arguments::new(arguments)?)),
            "CVR" => ClientCommand::Cvr(Cvr::parse(Arguments::new(arguments)?)),
            "USR" => ClientCommand::Usr(Usr::parse(Arguments::new(arguments)?)?),
            "SYN" => ClientCommand::Syn(Syn::parse(Arguments::new(arguments)?)),
            "GCF" => ClientCommand::Gcf(Gcf::parse(Arguments::new(arguments)?)?),
            "CHG" => ClientCommand::Chg(Chg::parse(Arguments::new(arguments)?)?),
            "UUX" => ClientCommand::Uux(Uux::parse(&Arguments::new(arguments)?, payload)),
            "QRY" => ClientCommand::Qry(Qry::parse(Arguments::new(arguments)?, &payload)?),
            "CHL" => ClientCommand::Chl { transaction: Arguments::new(arguments)?.transaction() },
            "ADC" => ClientCommand::Adc(Adc::parse(Arguments::new(arguments)?)?),
            "REM" => ClientCommand::Rem(Rem::parse(Arguments::new(arguments)?)?),
            "ADG" => ClientCommand::Adg(Adg::parse(Arguments::new(arguments)?)?),
            "RMG" => ClientCommand::Rmg(Rmg::parse(Arguments::new(arguments)?)?),
            "REG" => ClientCommand::Reg(Reg::parse(Arguments::new(arguments)?)?),
            "SBP" => ClientCommand::Sbp(Sbp::parse(Arguments::new(arguments)?)?),
            "PRP" => ClientCommand::Prp(Prp::parse(Arguments::new(arguments)?)?),
            "BLP" => ClientCommand::Blp(Blp::parse(Arguments::new(arguments)?)?),
            "GTC" => ClientCommand::Gtc(Gtc::parse(Arguments::new(arguments)?)?),
            "XFR" => ClientCommand::Xfr(Xfr::parse(Arguments::new(arguments)?)?),
            "LKP" => ClientCommand::Lkp(Lkp::parse(Arguments::new(arguments)?)?),
            "URL" => ClientCommand::Url(Url::parse(Arguments::new(arguments)?)?),
            "IMS" => ClientCommand::Ims(Ims::parse(Arguments::new(arguments)?)?),
            "SDC" => ClientCommand::Sdc(Sdc::parse(Arguments::new(arguments)?, payload)?),
            "SND" => ClientCommand::Snd(Snd::parse(Arguments::new(arguments)?)?),
            "GSB" => ClientCommand::Gsb { transaction: Arguments::new(arguments)?.transaction() },
            "PGD" => ClientCommand::Pgd(Pgd::parse(Arguments::new(arguments)?, payload)?),
            _ => ClientCommand::Unknown { command, transaction },
        })
    }

    /// Appends the command in wire form, as a client sends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            ClientCommand::Png => Line::new(out, "PNG").end(),
            ClientCommand::Out => Line::new(out, "OUT").end(),
            ClientCommand::Ver(ver) => ver.write(out),
            ClientCommand::Cvr(cvr) => cvr.write(out),
            ClientCommand::Usr(usr) => usr.write(out),
            ClientCommand::Syn(syn) => syn.write(out),
            ClientCommand::Gcf(gcf) => gcf.write(out),
            ClientCommand::Chg(chg) => chg.write(out),
            ClientCommand::Uux(uux) => uux.write(out),
            ClientCommand::Qry(qry) => qry.write(out),
            ClientCommand::Chl { transaction } => Line::new(out, "CHL").number(transaction).end(),
            ClientCommand::Adc(adc) => adc.write(out),
            ClientCommand::Rem(rem) => rem.write(out),
            ClientCommand::Adg(adg) => adg.write(out),
            ClientCommand::Rmg(rmg) => rmg.write(out),
            ClientCommand::Reg(reg) => reg.write(out),
            ClientCommand::Sbp(sbp) => sbp.write(out),
            ClientCommand::Prp(prp) => prp.write(out),
            ClientCommand::Blp(blp) => blp.write(out),
            ClientCommand::Gtc(gtc) => gtc.write(out),
            ClientCommand::Xfr(xfr) => xfr.write(out),
            ClientCommand::Lkp(lkp) => lkp.write(out),
            ClientCommand::Url(url) => url.write(out),
            ClientCommand::Ims(ims) => ims.write(out),
            ClientCommand::Sdc(sdc) => sdc.write(out),
            ClientCommand::Snd(snd) => snd.write(out),
            ClientCommand::Gsb { transaction } => Line::new(out, "GSB").number(transaction).end(),
            ClientCommand::Pgd(pgd) => pgd.write(out),
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

#[cfg(test)]
mod tests;
