//! What can go wrong.

use std::fmt;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The connection is cut before the server has heard anything.
    CutBefore,
    /// The server does what it is asked, and the connection is cut instead of its answer.
    AnswerLost,
    /// The server does what it is asked, and the connection is cut in the middle of its answer.
    AnswerCut,
    /// The server is asked a while later.
    Delayed,
    /// `502` with a page for people; the server has heard nothing.
    BadGateway,
    /// `504` with a page for people; the server has done what it was asked.
    GatewayTimeout,
    /// `503`; the server has heard nothing.
    Unavailable,
    /// `500` in the form of Matrix; the server has heard nothing.
    Internal,
    /// `429` in the form of Matrix, with a time to wait; the server has heard nothing.
    Limited,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CutBefore,
        Self::AnswerLost,
        Self::AnswerCut,
        Self::Delayed,
        Self::BadGateway,
        Self::GatewayTimeout,
        Self::Unavailable,
        Self::Internal,
        Self::Limited,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::CutBefore => "cut before",
            Self::AnswerLost => "answer lost",
            Self::AnswerCut => "answer cut short",
            Self::Delayed => "delayed",
            Self::BadGateway => "502, not done",
            Self::GatewayTimeout => "504, done",
            Self::Unavailable => "503",
            Self::Internal => "500",
            Self::Limited => "429",
        })
    }
}
