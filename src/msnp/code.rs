//! Error numbers, and the fault that a bad command becomes.

use std::fmt;

use thiserror::Error;

/// The number of an error reply; always written with three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u16);

macro_rules! codes {
    ($($(#[doc = $text:literal])+ $name:ident = $number:literal;)+) => {
        impl ErrorCode {
            $($(#[doc = $text])+ pub const $name: ErrorCode = ErrorCode($number);)+
        }
    };
}

codes! {
    /// The line is malformed.
    SYNTAX_ERROR = 200;
    /// An argument has a value it cannot have.
    INVALID_PARAMETER = 201;
    /// The network of that user cannot be reached.
    INVALID_FEDERATED_USER = 203;
    /// No network is known for that user.
    UNROUTABLE_USER = 204;
    /// The user is invalid, up to MSNP9; later dialects use [`ErrorCode::INVALID_USER_NAME`].
    INVALID_USER = 205;
    /// The passport has no domain.
    DOMAIN_MISSING = 206;
    /// A second sign-in on one connection.
    ALREADY_LOGGED_IN = 207;
    /// No such account.
    INVALID_USER_NAME = 208;
    /// The friendly name is refused.
    INVALID_FRIENDLY_NAME = 209;
    /// The list has no room.
    LIST_FULL = 210;
    /// Already on that list, in that group, or in that conversation.
    ALREADY_THERE = 215;
    /// Not on that list.
    NOT_ON_LIST = 216;
    /// The user is offline, hidden or unreachable.
    NOT_ONLINE = 217;
    /// A setting already has that value.
    ALREADY_IN_MODE = 218;
    /// On the allow list while the block list is asked for, or the reverse.
    OPPOSITE_LIST = 219;
    /// More than 30 groups.
    TOO_MANY_GROUPS = 223;
    /// No such group.
    INVALID_GROUP = 224;
    /// The contact is not in that group.
    NOT_IN_GROUP = 225;
    /// The group still has contacts.
    GROUP_NOT_EMPTY = 227;
    /// A group of that name exists.
    GROUP_EXISTS = 228;
    /// The group's name is over 61 encoded bytes.
    GROUP_NAME_TOO_LONG = 229;
    /// The telephone number could not be resolved.
    UNRESOLVED_NUMBER = 235;
    /// No switchboard can be had.
    SWITCHBOARD_FAILED = 280;
    /// A switchboard message of class `D` is malformed.
    BAD_DATA_MESSAGE = 282;
    /// A required field is missing.
    FIELD_MISSING = 300;
    /// The command needs a sign-in first.
    NOT_LOGGED_IN = 302;
    /// The contact list cannot be read.
    LIST_UNAVAILABLE = 402;
    /// The contact list cannot be changed that way.
    ADDRESS_BOOK = 403;
    /// An internal failure.
    INTERNAL = 500;
    /// The command does not exist in this dialect.
    COMMAND_DISABLED = 502;
    /// The answer to the challenge is wrong; the connection is closed after it.
    CHALLENGE_FAILED = 540;
    /// Too busy; clients try again.
    SERVER_BUSY = 600;
    /// Not available; clients try again.
    SERVER_UNAVAILABLE = 601;
    /// The database failed.
    DATABASE = 603;
    /// Going down.
    GOING_DOWN = 604;
    /// Too many of that command in a row.
    TOO_ACTIVE = 713;
    /// Too many sessions.
    TOO_MANY_SESSIONS = 714;
    /// The command comes at the wrong time, or names an unknown property.
    NOT_EXPECTED = 715;
    /// Too fast.
    RATE_LIMITED = 800;
    /// Bad ticket, passport or cookie; the connection is closed after it.
    AUTHENTICATION_FAILED = 911;
    /// Not allowed while hidden or before the first `CHG`.
    NOT_WHILE_HIDDEN = 913;
    /// The account's address is not verified.
    PASSPORT_NOT_VERIFIED = 924;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:03}", self.0)
    }
}

/// A command that cannot be carried out as it stands: what to answer, and whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("error {code} to command {transaction}")]
pub struct CommandFault {
    /// The transaction id to answer with; 0 when the command had none.
    pub transaction: u32,
    /// The error number to answer with.
    pub code: ErrorCode,
    /// Whether the connection must be closed after the answer, as the original service did.
    pub fatal: bool,
}
