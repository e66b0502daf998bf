//! Why something on a network did not work, said as what to do next.

use std::time::Duration;

/// Why a network did not do what it was asked, and what follows from it. The reasons are shown to people: whole phrases
/// without a full stop, never a token or a message's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later.
    #[error("{reason}")]
    Retry {
        /// How long to wait; `None` leaves it to the caller's back-off.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// The network said no, and will say no again.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The network, or this bridge, has no such thing.
    #[error("{reason}")]
    Unsupported {
        /// What is missing.
        reason: String,
    },
    /// The link is no longer signed in; its owner has to link again.
    #[error("{reason}")]
    SignedOut {
        /// Why.
        reason: String,
    },
}

impl Failure {
    /// A failure that may pass by itself.
    #[must_use]
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { after: None, reason: reason.into() }
    }

    /// A final no.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }
}
