//! What the notification server sends.

use bytes::Bytes;

use crate::code::ErrorCode;
use crate::dialect::Dialect;
use crate::frame::Frame;
use crate::list::List;
use crate::status::{Capabilities, Status};

mod parse;
mod write;

/// What a presence line tells about a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceLine {
    /// The contact's status, never [`Status::Hidden`] or [`Status::Offline`].
    pub status: Status,
    /// The contact.
    pub passport: String,
    /// The friendly name, decoded.
    pub name: String,
    /// What the contact's client can do.
    pub capabilities: Capabilities,
    /// The display picture's object, percent-encoded.
    pub object: Option<String>,
}

/// Why the server ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutReason {
    /// `OTH`: the user signed in elsewhere; the client does not come back by itself.
    Other,
    /// `SSD`: the server goes down; the client comes back later (MSNP11 and later; before, written without a reason).
    Ssd,
    /// `RCT`: come back after so many minutes (MSNP11 and later; before, written without a reason).
    Rct(u32),
}

/// A command of the server. Names are held decoded; objects are held percent-encoded, as clients sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerCommand {
    /// Chooses a dialect; without one, the client is too old or too new.
    Ver {
        /// The transaction id of the `VER`.
        transaction: u32,
        /// The dialect spoken from here on.
        dialect: Option<Dialect>,
    },
    /// Recommends a client version. It is written three times, as recommended and as least: no client is made to upgrade.
    Cvr {
        /// The transaction id of the `CVR`.
        transaction: u32,
        /// The client's own version.
        client_version: String,
        /// Where to get a client.
        download: String,
        /// Where to read about it.
        information: String,
    },
    /// Asks for a ticket.
    UsrPolicy {
        /// The transaction id of the `USR … I`.
        transaction: u32,
        /// What the client passes to the sign-in service: `key=value` pairs with commas between, without a space.
        policy: String,
    },
    /// Signed in.
    UsrOk {
        /// The transaction id of the `USR … S`.
        transaction: u32,
        /// Who signed in.
        passport: String,
        /// Whether the account's address is verified.
        verified: bool,
    },
    /// Sends the client to another notification server.
    XfrNotification {
        /// The transaction id of the `USR … I`.
        transaction: u32,
        /// The other server, `host:port`.
        address: String,
        /// This server, `host:port`.
        current: String,
    },
    /// Names a switchboard.
    XfrSwitchboard {
        /// The transaction id of the `XFR`.
        transaction: u32,
        /// The switchboard, `host:port`.
        address: String,
        /// What admits the client there, once.
        cookie: String,
    },
    /// No subscription (MSNP11 and later; nothing is written before).
    Sbs {
        /// The transaction id of the `GSB`, or 0 after sign-in.
        transaction: u32,
    },
    /// A message of the server itself: profile, mail, maintenance.
    Message {
        /// MIME headers and body.
        payload: Bytes,
    },
    /// Begins the contact list.
    Syn {
        /// The transaction id of the `SYN`.
        transaction: u32,
        /// When the lists changed last.
        list_timestamp: String,
        /// When the settings changed last.
        settings_timestamp: String,
        /// The numbers of `LST` and `LSG` lines that follow, in this order; `None` when the client's copy is the newest.
        counts: Option<(usize, usize)>,
    },
    /// Whether to ask when somebody adds the user.
    Gtc {
        /// The transaction id of the `GTC`; none within the contact list.
        transaction: Option<u32>,
        /// `A` or `N`.
        ask: bool,
    },
    /// What people on no list may do.
    Blp {
        /// The transaction id of the `BLP`; none within the contact list.
        transaction: Option<u32>,
        /// `AL` or `BL`.
        allow_unknown: bool,
    },
    /// A property of the user.
    Prp {
        /// The transaction id of the `PRP`; none within the contact list.
        transaction: Option<u32>,
        /// The property.
        key: String,
        /// Its value, decoded; none when it is not set.
        value: Option<String>,
    },
    /// A group.
    Lsg {
        /// The name, decoded.
        name: String,
        /// 36 characters, lower case, without braces.
        guid: String,
    },
    /// A contact.
    Lst {
        /// The contact's passport, or `tel:+` and digits.
        passport: String,
        /// The name as stored, decoded.
        name: Option<String>,
        /// The contact's guid; written only with the forward list.
        guid: Option<String>,
        /// The sum of the [`List::bit`]s.
        lists: u8,
        /// The network the contact is on (MSNP12; not written before).
        network: u32,
        /// The guids of the contact's groups; written only with the forward list.
        groups: Vec<String>,
    },
    /// A property of a contact.
    Bpr {
        /// The contact; none within the contact list, where the line follows its `LST`.
        passport: Option<String>,
        /// The property.
        key: String,
        /// Its value, decoded; none when it is not set.
        value: Option<String>,
    },
    /// A contact is on a list now.
    Adc {
        /// The transaction id of the `ADC`; 0 when somebody added the user.
        transaction: u32,
        /// The list.
        list: List,
        /// The contact's passport, or `tel:+` and digits.
        passport: String,
        /// The name, decoded.
        name: Option<String>,
        /// The contact's guid, on the forward list.
        guid: Option<String>,
    },
    /// A contact is in a group now.
    AdcGroup {
        /// The transaction id of the `ADC`.
        transaction: u32,
        /// The contact's guid.
        contact: String,
        /// The group's guid.
        group: String,
    },
    /// A contact is off a list, or out of a group.
    Rem {
        /// The transaction id of the `REM`; 0 when somebody removed the user.
        transaction: u32,
        /// The list.
        list: List,
        /// A guid on the forward list, elsewhere a passport.
        target: String,
        /// The group's guid, when the contact stays on the list.
        group: Option<String>,
    },
    /// A group was added.
    Adg {
        /// The transaction id of the `ADG`.
        transaction: u32,
        /// The name, decoded.
        name: String,
        /// The group's guid.
        guid: String,
    },
    /// A group was removed.
    Rmg {
        /// The transaction id of the `RMG`.
        transaction: u32,
        /// The group as the client named it.
        guid: String,
    },
    /// A group was renamed.
    Reg {
        /// The transaction id of the `REG`.
        transaction: u32,
        /// The group's guid.
        guid: String,
        /// The name, decoded.
        name: String,
    },
    /// A property of a contact was stored.
    Sbp {
        /// The transaction id of the `SBP`.
        transaction: u32,
        /// The contact's guid.
        contact: String,
        /// The property.
        key: String,
        /// Its value, decoded.
        value: String,
    },
    /// A configuration document.
    Gcf {
        /// The transaction id of the `GCF`.
        transaction: u32,
        /// The document's name.
        file: String,
        /// The document.
        document: Bytes,
    },
    /// The user's status as understood.
    Chg {
        /// The transaction id of the `CHG`.
        transaction: u32,
        /// The status.
        status: Status,
        /// What the client said it can do.
        capabilities: Capabilities,
        /// The display picture's object, percent-encoded.
        object: Option<String>,
    },
    /// A contact is there, told after the user's first `CHG`.
    Iln {
        /// The transaction id of that `CHG`.
        transaction: u32,
        /// The contact.
        presence: PresenceLine,
    },
    /// A contact came or changed.
    Nln {
        /// The contact.
        presence: PresenceLine,
    },
    /// A contact went.
    Fln {
        /// The contact.
        passport: String,
    },
    /// A contact's personal message (MSNP11 and later; nothing is written before).
    Ubx {
        /// The contact.
        passport: String,
        /// The document; an empty one clears the message.
        document: Bytes,
    },
    /// The personal message was taken.
    Uux {
        /// The transaction id of the `UUX`.
        transaction: u32,
    },
    /// The server is there.
    Qng {
        /// When to ask again.
        seconds: u32,
    },
    /// A challenge.
    Chl {
        /// The transaction id of a `CHL`, or 0.
        transaction: u32,
        /// What to answer, without a space.
        challenge: String,
    },
    /// The answer to the challenge was right.
    Qry {
        /// The transaction id of the `QRY`.
        transaction: u32,
    },
    /// Invites to a switchboard.
    Rng {
        /// The session's id.
        session: String,
        /// The switchboard, `host:port`.
        address: String,
        /// What admits the client there, once.
        cookie: String,
        /// Who invites.
        passport: String,
        /// The inviter's name, decoded.
        name: String,
    },
    /// The address of a web service.
    Url {
        /// The transaction id of the `URL`.
        transaction: u32,
        /// A path, or an absolute address.
        path: String,
        /// Where the client posts its credentials.
        login: String,
        /// The service's site id.
        site: u32,
    },
    /// A telephone number can be a contact.
    Lkp {
        /// The transaction id of the `LKP`.
        transaction: u32,
        /// The number as the client wrote it.
        telephone: String,
    },
    /// Instant messages are on or off.
    Ims {
        /// The transaction id of the `IMS`.
        transaction: u32,
        /// `ON` or `OFF`.
        enabled: bool,
    },
    /// The invitation mail was taken.
    SdcOk {
        /// The transaction id of the `SDC`.
        transaction: u32,
    },
    /// The invitation mail was taken, the older way.
    SndOk {
        /// The transaction id of the `SND`.
        transaction: u32,
    },
    /// A notification, an XML document whose body is at most 1024 bytes.
    Not {
        /// The document.
        payload: Bytes,
    },
    /// The session ends.
    Out(Option<OutReason>),
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

#[cfg(test)]
mod tests;
