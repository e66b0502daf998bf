//! What a bridge is given.

use std::path::Path;

use async_trait::async_trait;
use domain::{NetworkName, Passport, RemoteUser, Timestamp, contact::RemoteTarget, presence::RemotePresence};

use crate::{Inbox, RemoteProfile};

/// What a bridge is given: its place in the installation. One host serves one network.
///
/// The signals ([`Host::presence`], [`Host::typing`], [`Host::profile`]) return at once; the latest value wins and one may be
/// lost in a crash. What must not be lost goes through [`Inbox::accept`].
#[async_trait]
pub trait Host: Inbox + 'static {
    /// The network's name in the configuration.
    fn network(&self) -> &NetworkName;

    /// This server's domain.
    fn domain(&self) -> &str;

    /// The directory where the bridge may keep files of its own; it exists, and only this program may read it.
    fn data_directory(&self) -> &Path;

    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Every account of this server.
    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault>;

    /// The bridge's value under `key`.
    async fn get(&self, key: &str) -> Result<Option<String>, HostFault>;

    /// All of the bridge's keys that begin with `prefix`, with their values, in the order of the keys.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault>;

    /// Commits the writes in one transaction.
    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault>;

    /// A remote person's presence, as `owner` may see it.
    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence);

    /// Somebody types to `owner` in `place`, or has stopped.
    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool);

    /// A person's profile, new or changed.
    fn profile(&self, profile: RemoteProfile);
}

/// One account as a network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOwner {
    /// The account.
    pub passport: Passport,
    /// Its friendly name.
    pub name: String,
}

/// A change of the bridge's own key-value store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a key.
    Put(String, String),
    /// Removes a key; nothing happens if it is not there.
    Delete(String),
}

/// The installation could not do its part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// The store did not take or give it; try again later, and tell the network nothing until then.
    #[error("the database did not answer: {0}")]
    Store(String),
    /// The program is stopping.
    #[error("the server is stopping")]
    Stopping,
}
