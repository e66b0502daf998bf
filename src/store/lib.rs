//! What must not be forgotten: accounts and their lists, messages on their way, and what the bridges remember.
//!
//! One task owns the only connection that writes. Jobs come to it over a bounded channel and are committed in groups, which
//! makes a durable commit cheap and leaves nobody waiting for a lock; each is answered after its commit, so what [`Store`]
//! has answered survives a crash and a power loss. Reading goes over a small pool and never waits for the writer.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod address;
mod change;
mod clock;
mod entry;
mod fault;
mod inbox;
mod message;
mod message_map;
mod open;
mod outbox;
mod record;
mod value;
mod word;
mod writer;

use std::{collections::HashMap, path::Path, sync::Arc};

use domain::{NetworkBit, NetworkName, Realm};
use sqlx::AnyPool;
use tempfile::TempDir;

pub use account::AccountSummary;
pub use address::{Introduction, RemoteContact};
pub use fault::StoreFault;
pub use inbox::AcceptOutcome;
pub use message::Kept;
pub use outbox::{Lane, OrderId, ParkedOrder, PendingOrder};

use address::Networks;
use open::Opened;
use writer::Writer;

/// The database. Cheap to clone; the writer ends, after everything that was handed in, when the last clone is dropped or
/// [`Store::close`] is called.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: AnyPool,
    networks: Arc<Networks>,
    /// Where a database lies that is only for this process; gone with the last clone.
    _temporary: Option<Arc<TempDir>>,
}

impl Store {
    /// Opens the database, makes it when it is missing, and brings it to this version's form. `url` is `sqlite://` and a
    /// path, a relative one relative to `base`, or `sqlite::memory:` for a database that ends with the store. `realm` allots
    /// addresses to remote contacts; `bits` are the networks that are on, whose contacts [`Store::load`] shows.
    pub async fn open(
        url: &str,
        base: &Path,
        realm: Realm,
        bits: HashMap<NetworkName, NetworkBit>,
    ) -> Result<Self, StoreFault> {
        let Opened { writer, readers, temporary } = open::open(url, base).await?;
        Ok(Self {
            writer: Writer::start(writer),
            readers,
            networks: Arc::new(Networks { realm, bits }),
            _temporary: temporary.map(Arc::new),
        })
    }

    /// Commits what was handed in, ends the writer and closes the database. Every clone answers [`StoreFault::Closed`] from
    /// then on.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").finish_non_exhaustive()
    }
}
