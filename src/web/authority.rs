//! Who decides about passwords.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;

/// Decides who may sign in, and gives out tickets. The server implements it.
#[async_trait]
pub trait Authority: Send + Sync + 'static {
    /// Gives a ticket when the password is right. Slow on purpose, and equally slow for an account that does not exist, so
    /// that nobody learns who has one. `passport` is what the client wrote: it may be no address at all.
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal>;
}

/// What a client shows on its notification connection instead of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket, of the base64url alphabet without `=`: nothing in it has to be escaped in any dialect. At most 100 bytes.
    pub value: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for Ticket {
    /// Never shows the ticket itself: it is as good as a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ticket").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Why no ticket was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such account, or this is not its password; the two are never told apart.
    WrongCredentials,
    /// Too many wrong passwords came from this address or for this account.
    TooManyAttempts {
        /// How long to wait before the next attempt is looked at.
        retry_after: Duration,
    },
    /// The server cannot look now.
    Unavailable,
}
