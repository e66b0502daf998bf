//! The links of all accounts to all networks.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bridge::{Farewell, Features, Link, LinkOwner, Network};
use domain::{NetworkBit, NetworkName, Passport, presence::OwnPresence};
use tracing::warn;

/// A network that is on.
#[derive(Clone)]
pub struct NetworkEntry {
    /// Its name in the configuration.
    pub name: NetworkName,
    /// The bit that marks its people.
    pub bit: NetworkBit,
    /// The network itself.
    pub network: Arc<dyn Network>,
    /// What it can carry.
    pub features: Features,
}

type ByNetwork = Vec<(NetworkName, Arc<dyn Link>)>;

/// An account as networks see it: what Messenger's users put into names reads as it is meant.
pub(crate) fn owner(passport: Passport, name: &str) -> LinkOwner {
    LinkOwner { name: shown_name(&passport, name), passport }
}

/// The friendly name of an account as networks see it.
pub(crate) fn shown_name(passport: &Passport, name: &str) -> String {
    let shown = session::text::name_outward(name);
    if shown.trim().is_empty() { passport.to_string() } else { shown }
}

/// The links of all accounts to all networks.
pub(crate) struct Links {
    networks: Vec<NetworkEntry>,
    links: RwLock<HashMap<Passport, ByNetwork>>,
}

impl Links {
    pub(crate) fn new(networks: Vec<NetworkEntry>) -> Self {
        Self { networks, links: RwLock::default() }
    }

    /// All networks.
    pub(crate) fn networks(&self) -> &[NetworkEntry] {
        &self.networks
    }

    /// The network of that name.
    pub(crate) fn network(&self, name: &NetworkName) -> Option<&NetworkEntry> {
        self.networks.iter().find(|entry| entry.name == *name)
    }

    /// The account's link to that network.
    pub(crate) fn link(&self, owner: &Passport, network: &NetworkName) -> Option<Arc<dyn Link>> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let (_, link) = links.get(owner)?.iter().find(|(name, _)| name == network)?;
        Some(Arc::clone(link))
    }

    /// Opens the account's link to every network.
    pub(crate) async fn open(&self, owner: &LinkOwner) {
        let mut opened = ByNetwork::new();
        for entry in &self.networks {
            match entry.network.open(owner.clone()).await {
                Ok(link) => opened.push((entry.name.clone(), link)),
                Err(failure) => {
                    warn!(owner = %owner.passport, network = %entry.name, %failure, "a link cannot be opened");
                }
            }
        }
        self.links.write().unwrap_or_else(PoisonError::into_inner).insert(owner.passport.clone(), opened);
    }

    /// Shows the account's presence on every network, in which what Messenger's users put into lines reads as it is meant.
    pub(crate) fn show(&self, owner: &Passport, mut presence: OwnPresence) {
        presence.name = shown_name(owner, &presence.name);
        presence.personal_message.text = session::text::name_outward(&presence.personal_message.text);
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        for (_, link) in links.get(owner).into_iter().flatten() {
            link.show(presence.clone());
        }
    }

    /// Ends the account's links.
    pub(crate) async fn close(&self, owner: &Passport, farewell: Farewell) {
        let closing = self.links.write().unwrap_or_else(PoisonError::into_inner).remove(owner);
        for (_, link) in closing.into_iter().flatten() {
            link.close(farewell).await;
        }
    }
}
