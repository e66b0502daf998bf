//! What a bridge is given.

use std::{fmt, path::Path, pin::Pin};

use async_trait::async_trait;
use domain::{
    NetworkName, Passport, RemoteUser, Timestamp,
    contact::RemoteTarget,
    media::{Attachment, BlobId, Source},
    presence::RemotePresence,
};
use tokio::io::AsyncRead;

use crate::{Inbox, RemoteProfile, RoomProfile};

/// What a bridge is given: its place in the installation. One host serves one network.
///
/// The signals ([`Host::presence`], [`Host::typing`], [`Host::profile`], [`Host::room`], [`Host::picture`]) return at once; the latest value wins
/// and one may be lost in a crash, so that a bridge tells them anew at each start. What must not be lost goes through [`Inbox::accept`].
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

    /// Which life of the installation this is: another word each time it was restored from a backup. What must never be used twice, such
    /// as the ratchet of an encrypted session, belongs to one life, and is made anew in the next.
    async fn generation(&self) -> Result<String, HostFault>;

    /// Every account of this server.
    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault>;

    /// Makes an account of this server, as somebody of the network asks for one, where the configuration lets networks do so. The
    /// password is never logged.
    async fn register(&self, passport: &Passport, password: &str) -> Result<Registration, HostFault>;

    /// The bridge's value under `key`.
    async fn get(&self, key: &str) -> Result<Option<String>, HostFault>;

    /// All of the bridge's keys that begin with `prefix`, with their values, in the order of the keys.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault>;

    /// The secret that the bridge has kept under `key` with [`Write::Seal`]. One that was written with another key than the
    /// installation's is a fault.
    async fn secret(&self, key: &str) -> Result<Option<String>, HostFault>;

    /// Commits the writes in one transaction.
    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault>;

    /// A remote person's presence, as `owner` may see it.
    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence);

    /// Somebody types to `owner` in `place`, or has stopped.
    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool);

    /// A person's profile, new or changed.
    fn profile(&self, profile: RemoteProfile);

    /// A room's profile, changed. Shown to all who have it as a contact.
    fn room(&self, room: RoomProfile);

    /// The picture of a person or room, new or changed; `None` when there is none any more. It may be of any size and of any kind
    /// of image: the server makes of it what Messenger shows, and what is no image is ignored. It is the same for every account,
    /// and may be told before anybody has them as a contact.
    fn picture(&self, whose: &RemoteTarget, picture: Option<BlobId>);

    /// Keeps what `stream` gives under this name, at most `limit` bytes, without ever having all of them in memory. The
    /// attachment's source is always a [`Source::Blob`], and its media type is found out from the bytes; no bytes at all are kept
    /// as well. When it returns, they survive a crash; what no message speaks of is forgotten after some days.
    async fn keep_media(&self, name: &str, stream: MediaStream, limit: u64) -> Result<Attachment, HostFault>;

    /// The bytes of an attachment; `None` if they are no longer kept.
    async fn open_media(&self, source: Source) -> Result<Option<MediaStream>, HostFault>;

    /// An address on this server's web pages under which everybody can fetch the attachment for some days, without signing in.
    /// `None` if the server's pages cannot be reached from outside (no https, or a host of a private network), or the bytes are
    /// not kept.
    async fn publish(&self, attachment: &Attachment) -> Result<Option<String>, HostFault>;

    /// Tells the account something, as a line of the server's own contact, which waits until the account signs in. Returns at
    /// once. Only a few lines a minute are shown to an account: more are left out. Never a secret.
    fn notify(&self, owner: &Passport, line: String);

    /// A bound of the bridge bit, on account of this address, account or person of the network: it is counted, and told in the log, where a
    /// flood of it is one line in a while. Returns at once.
    fn reached(&self, bound: Bound, by: &str);
}

/// A bound of a bridge: what is beyond it waits, or is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// How many may be connected to the bridge's own port.
    Connections,
    /// How often somebody of the network may invite accounts, or ask for a chat with one.
    Invitations,
    /// How much the bridge's bot may be told by one person, and by all together.
    Commands,
    /// How many accounts may be linked by something of their own.
    Links,
}

/// Bytes that come piece by piece.
pub type MediaStream = Pin<Box<dyn AsyncRead + Send>>;

/// One account as a network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOwner {
    /// The account.
    pub passport: Passport,
    /// Its friendly name.
    pub name: String,
}

/// What became of the wish for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The account exists, and can sign in.
    Made,
    /// There is none, and why: a phrase for whoever asked.
    Refused(String),
}

/// A change of the bridge's own key-value store.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a key.
    Put(String, String),
    /// Sets a secret, which is encrypted where it is kept. Secrets have keys of their own: [`Host::secret`] alone reads them, and
    /// [`Host::get`] and [`Host::list`] do not know them.
    Seal(String, String),
    /// Removes a key and the secret of that key; nothing happens if neither is there.
    Delete(String),
}

impl fmt::Debug for Write {
    /// Without the secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, value) => formatter.debug_tuple("Put").field(key).field(value).finish(),
            Self::Seal(key, _) => formatter.debug_tuple("Seal").field(key).finish_non_exhaustive(),
            Self::Delete(key) => formatter.debug_tuple("Delete").field(key).finish(),
        }
    }
}

/// The installation could not do its part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// The store did not take or give it; try again later, and tell the network nothing until then.
    #[error("the database did not answer: {0}")]
    Store(String),
    /// Secrets cannot be kept or read; a person has to mend it.
    #[error("{0}")]
    Secrets(String),
    /// There are more bytes than were allowed; nothing was kept.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The installation keeps as many bytes as it may; nothing was kept.
    #[error("there is no room for it: this server keeps as much as it may")]
    Full,
    /// The source of the bytes broke off; nothing was kept.
    #[error("the bytes could not be read or kept: {0}")]
    Media(String),
    /// The program is stopping.
    #[error("the server is stopping")]
    Stopping,
}
