//! Links that an account makes by itself: what is asked for, and what came of it.

use serde::{Deserialize, Serialize};

/// One thing to ask of whoever links an account. The steps are data: the command line, the server's own contact and the web page
/// drive them alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStep {
    /// The name of the answer, such as `token`: lower-case letters, digits and hyphens. It is an option of the command line.
    pub key: &'static str,
    /// The question: a whole sentence that says where the answer is found.
    pub ask: String,
    /// Whether the answer is a secret, which is not to be echoed, logged or kept in a chat. At most one step of a network is.
    pub secret: bool,
}

/// What a link is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// As whom the account is there, as its network writes it: `chrysalis-bot#1234`. Never a secret.
    pub identity: String,
    /// Whether it works.
    #[serde(flatten)]
    pub state: LinkState,
    /// What works less well than it could, why, and what to do: whole sentences.
    pub notes: Vec<String>,
}

/// Whether a link works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// It connects, or waits until it may try again.
    Connecting,
    /// It works.
    Connected,
    /// It has stopped, until it is linked anew.
    Failed {
        /// Why: a phrase without a full stop, never a secret.
        reason: String,
    },
}
