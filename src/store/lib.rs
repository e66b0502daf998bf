//! What must not be forgotten: accounts and their lists, messages on their way, and what the bridges remember.
//!
//! One task owns the only connection that writes. Jobs come to it over a bounded channel and are committed in groups, which
//! makes a durable commit cheap and leaves nobody waiting for a lock; each is answered after its commit, so what [`Store`]
//! has answered survives a crash and a power loss. Reading goes over a small pool and never waits for the writer.
//!
//! The database is a file of `SQLite`, or lies on a `PostgreSQL` server. Every statement is one text for both.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod address;
mod attention;
mod bounds;
mod change;
mod clock;
mod copy;
mod dialect;
mod entry;
mod fault;
mod figures;
mod generation;
mod group;
mod hold;
mod inbox;
mod invitation;
mod invite;
mod keeping;
mod link;
mod media_word;
mod merged;
mod message;
mod message_map;
mod moving;
mod numbers;
mod object;
mod open;
mod outbox;
mod parked;
mod place;
mod postgres;
mod pruning;
mod reaction;
mod readers;
mod record;
mod removed;
mod room;
mod rows;
mod secrets;
mod setting;
mod snapshot;
mod sqlite;
mod sweep;
#[cfg(test)]
mod trial;
mod value;
mod vault;
mod web_session;
mod word;
mod writer;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{NetworkBit, NetworkName, Realm, conversation::MessageId};
use tempfile::TempDir;

pub use account::AccountSummary;
pub use address::{Introduction, RemoteContact};
pub use attention::Attention;
pub use bounds::Bounds;
pub use copy::Progress;
pub use fault::StoreFault;
pub use figures::{Figures, OutboxFigures};
pub use inbox::{AcceptOutcome, KeptOut, RoomAsked};
pub use invite::{Invite, InviteOutcome};
pub use keeping::Kept;
pub use link::LinkedMedia;
pub use merged::PersonEntry;
pub use message::{Noticed, WaitingPeer};
pub use moving::{back_up, copy_database, is_in_use, put_back};
pub use object::{Object, Portrait};
pub use outbox::{Lane, OrderId, PendingOrder};
pub use parked::{ParkedFilter, ParkedOrder};
pub use room::RoomEntry;
pub use setting::RoomStyle;
pub use snapshot::{begin_another_life, database_file, is_database, is_on_server, snapshot};
pub use vault::{SecretsKey, SecretsKeyFault};
pub use web_session::WebSession;

use address::{CurrentNetworks, Networks};
use bounds::CurrentBounds;
use numbers::{Numbers, Reservation};
use open::Opened;
use readers::Readers;
use vault::Vault;
use writer::Writer;

/// The database. Cheap to clone; the writer ends, after everything that was handed in, when the last clone is dropped or
/// [`Store::close`] is called.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    networks: CurrentNetworks,
    numbers: Arc<Numbers>,
    bounds: CurrentBounds,
    vault: Arc<Vault>,
    /// Where a database lies that is only for this process; gone with the last clone.
    _temporary: Option<Arc<TempDir>>,
}

impl Store {
    /// Opens the database, makes it when it is missing, and brings it to this version's form. `url` is `sqlite://` and a
    /// path, a relative one relative to `base`, or `sqlite::memory:` for a database that ends with the store; or `postgres://` and
    /// where a database is that was made for it, which it then has for itself. `realm` allots
    /// addresses to remote contacts; `bits` are the networks that are on, whose contacts [`Store::load`] shows, until
    /// [`Store::have_networks`] says otherwise.
    pub async fn open(
        url: &str,
        base: &Path,
        realm: Realm,
        bits: HashMap<NetworkName, NetworkBit>,
    ) -> Result<Self, StoreFault> {
        let Opened { mut writer, readers, temporary } = open::open(url, base).await?;
        let connection = writer.connection()?;
        let (reservation, numbers) = Reservation::open(connection).await?;
        let networks = Networks { realm, bits };
        merged::leave_networks_that_are_off(connection, &networks).await?;
        Ok(Self {
            writer: Writer::start(writer, reservation),
            readers,
            networks: CurrentNetworks::new(networks),
            numbers,
            bounds: CurrentBounds::default(),
            vault: Arc::new(Vault::nowhere()),
            _temporary: temporary.map(Arc::new),
        })
    }

    /// These bounds hold from now on, for all clones. What is there beyond them stays.
    pub fn bound(&self, bounds: Bounds) {
        self.bounds.change(|now| *now = bounds);
    }

    /// Whether as much waits to be written as may: whoever hands in something now waits until there is a place.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.writer.is_crowded()
    }

    /// The store, with another [`Bounds::waiting_messages`].
    #[must_use]
    pub fn keeping_at_most(self, waiting_messages: u32) -> Self {
        self.bounds.change(|bounds| bounds.waiting_messages = waiting_messages);
        self
    }

    /// The store, with another [`Bounds::room_prompts_per_hour`].
    #[must_use]
    pub fn prompting_at_most(self, room_prompts_per_hour: u32) -> Self {
        self.bounds.change(|bounds| bounds.room_prompts_per_hour = room_prompts_per_hour);
        self
    }

    /// The store, with another [`Bounds::groups`].
    #[must_use]
    pub fn grouping_at_most(self, groups: usize) -> Self {
        self.bounds.change(|bounds| bounds.groups = groups);
        self
    }

    /// The store, with the file whose key seals secrets. It is made with the first secret; without it none can be kept. It is of this
    /// value and its later clones.
    #[must_use]
    pub fn sealing_with(mut self, key_file: PathBuf) -> Self {
        self.vault = Arc::new(Vault::in_file(key_file));
        self
    }

    /// The store, with this key, with which secrets are sealed; it stands in no file. It is of this value and its later clones.
    #[must_use]
    pub fn sealing_under(mut self, key: SecretsKey) -> Self {
        self.vault = Arc::new(Vault::with(key));
        self
    }

    /// The number of a message to come; above all numbers given before, by this program and by those that ran before it.
    #[must_use]
    pub fn next_message(&self) -> MessageId {
        self.numbers.give()
    }

    /// Commits what was handed in, ends the writer and closes the database. Every clone answers [`StoreFault::Closed`] from
    /// then on.
    pub async fn close(&self) {
        // First: whoever reads may wait for a server that does not answer.
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Returns when nothing can be written any more: after [`Store::close`], or because the writer was ended by a fault, which the log
    /// names. Whoever goes on after that promises what nobody keeps.
    pub async fn ended(&self) {
        self.writer.ended().await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").finish_non_exhaustive()
    }
}
