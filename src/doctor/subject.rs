//! What is examined.

use url::Url;

use crate::{Check, Place};

/// What is examined: where clients are told to find the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Under which URL clients reach the web listener, through whatever stands before it. Without it nothing of sign-in is tested.
    pub url: Option<Url>,
    /// Where clients are told to connect to, for each listener.
    pub addresses: Vec<Place>,
    /// The server on this machine that all of this is to lead to, if it is to be one.
    pub local: Option<Local>,
    /// Where port 443 of Messenger's names leads; without it the URL's own host.
    pub sign_in: Option<Place>,
    /// Whether this machine asks names as a Messenger's machine does, so that all of Messenger's names have to lead to the server. If not, they
    /// are judged only where one of them does.
    pub asks_as_messenger: bool,
    /// What is not looked at.
    pub skipped: Vec<Check>,
}

/// The listeners of a server on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The web listener.
    pub web: Place,
    /// The listener of each of [`Subject::addresses`], in their order.
    pub messenger: Vec<Place>,
}
