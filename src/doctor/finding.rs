//! What was found.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::Cause;

/// One thing that is looked at. They are in the order in which they depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// A server runs on this machine.
    Here,
    /// The names that Messenger asks for lead to the server.
    Names,
    /// MSNP12 is spoken at the public address.
    Conversation,
    /// Where clients are sent on to, they are served.
    Redirect,
    /// The public address is that of this very server.
    Address,
    /// The public URL leads to this very server.
    Web,
    /// TLS as Windows XP speaks it.
    Tls,
    /// The dates and names of the certificate.
    Certificate,
    /// The nexus of Passport 1.4.
    Nexus,
    /// The login of Passport 1.4.
    Login,
    /// The sign-in of Messenger 7.5.
    Rst,
    /// MSNP within HTTP.
    Gateway,
    /// The letters of header names.
    Headers,
    /// What stands before the web listener.
    Proxy,
    /// The clocks.
    Clock,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Here,
        Self::Names,
        Self::Conversation,
        Self::Redirect,
        Self::Address,
        Self::Web,
        Self::Tls,
        Self::Certificate,
        Self::Nexus,
        Self::Login,
        Self::Rst,
        Self::Gateway,
        Self::Headers,
        Self::Proxy,
        Self::Clock,
    ];

    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Names => "names",
            Self::Conversation => "conversation",
            Self::Redirect => "redirect",
            Self::Address => "address",
            Self::Web => "web",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Nexus => "nexus",
            Self::Login => "login",
            Self::Rst => "rst",
            Self::Gateway => "gateway",
            Self::Headers => "headers",
            Self::Proxy => "proxy",
            Self::Clock => "clock",
        }
    }

    /// What is looked at, in words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Here => "The server on this machine",
            Self::Names => "The names that Messenger asks for",
            Self::Conversation => "MSNP at the public address",
            Self::Redirect => "Where clients are sent on to",
            Self::Address => "Whether the public address is this server",
            Self::Web => "Whether the public URL is this server",
            Self::Tls => "TLS as Windows XP speaks it",
            Self::Certificate => "The certificate",
            Self::Nexus => "Passport 1.4: the nexus",
            Self::Login => "Passport 1.4: the login",
            Self::Rst => "RST, the sign-in of 7.5",
            Self::Gateway => "The HTTP gateway",
            Self::Headers => "The spelling of headers",
            Self::Proxy => "What the proxy says of clients",
            Self::Clock => "The clocks",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// There is no such check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no check: write one of {}", Check::ALL.map(Check::word).join(", "))]
pub struct UnknownCheck;

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        Self::ALL.into_iter().find(|check| check.word() == text).ok_or(UnknownCheck)
    }
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it has to be.
    Well,
    /// Not as it has to be.
    Fault(Cause),
    /// Nobody can say: something else failed before, or there was nothing to look at.
    Untested,
}

impl Verdict {
    /// One word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Fault(_) => "fault",
            Self::Untested => "untested",
        }
    }

    /// The cause, where there is a fault.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Fault(cause) => Some(cause),
            Self::Well | Self::Untested => None,
        }
    }
}

/// What one look brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen there, or why nothing was: addresses and words of servers, which are for those who run this one.
    pub seen: String,
}

impl Finding {
    pub(crate) fn well(check: Check, seen: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Well, seen: seen.into() }
    }

    pub(crate) fn fault(check: Check, cause: Cause, seen: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fault(cause), seen: seen.into() }
    }

    pub(crate) fn untested(check: Check, why: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Untested, seen: why.into() }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    check: &'a str,
    verdict: &'a str,
    seen: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<&'a str>,
    errors: &'a [&'a str],
}

/// An object with `check`, `verdict`, `seen` and `errors`, and where there is a fault `cause`, `says` and `mend`.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cause = self.verdict.cause();
        let written = Written {
            check: self.check.word(),
            verdict: self.verdict.word(),
            seen: &self.seen,
            cause: cause.map(Cause::word),
            says: cause.map(Cause::says),
            mend: cause.map(Cause::mend),
            errors: cause.map_or(&[], Cause::errors),
        };
        written.serialize(serializer)
    }
}
