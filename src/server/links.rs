//! The links of all accounts to all networks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bridge::{Farewell, Features, Link, LinkOwner, Network};
use domain::{NetworkBit, NetworkName, Passport, presence::OwnPresence};
use store::StoreFault;
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::core::Core;

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

/// How long to wait before links that could not be opened are tried again.
const AGAIN: Duration = Duration::from_secs(15);

type ByNetwork = Vec<(NetworkName, Arc<dyn Link>)>;

/// The links that could not be opened, each with what the account has shown since.
type Unopened = HashMap<(Passport, NetworkName), Option<OwnPresence>>;

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
    opened: RwLock<HashMap<Passport, ByNetwork>>,
    unopened: Mutex<Unopened>,
    /// Rung when a link could not be opened.
    bell: Notify,
}

impl Links {
    pub(crate) fn new(networks: Vec<NetworkEntry>) -> Self {
        Self { networks, opened: RwLock::default(), unopened: Mutex::default(), bell: Notify::new() }
    }

    /// All networks.
    pub(crate) fn networks(&self) -> &[NetworkEntry] {
        &self.networks
    }

    /// The network of that name.
    pub(crate) fn network(&self, name: &NetworkName) -> Option<&NetworkEntry> {
        self.networks.iter().find(|entry| entry.name == *name)
    }

    /// The accounts that have links.
    pub(crate) fn owners(&self) -> Vec<Passport> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// How many links to that network are open, and how many could not be opened.
    pub(crate) fn count(&self, network: &NetworkName) -> (usize, usize) {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.values().flatten().filter(|(name, _)| name == network).count();
        (opened, self.unopened().keys().filter(|(_, name)| name == network).count())
    }

    /// The account's link to that network.
    pub(crate) fn link(&self, owner: &Passport, network: &NetworkName) -> Option<Arc<dyn Link>> {
        let links = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let (_, link) = links.get(owner)?.iter().find(|(name, _)| name == network)?;
        Some(Arc::clone(link))
    }

    /// Opens the account's link to every network.
    pub(crate) async fn open(&self, owner: &LinkOwner) {
        for entry in &self.networks {
            match entry.network.open(owner.clone()).await {
                Ok(link) => self.enter(&owner.passport, &entry.name, link),
                Err(failure) => {
                    warn!(owner = %owner.passport, network = %entry.name, %failure, "a link cannot be opened; it is tried again");
                    self.unopened().insert((owner.passport.clone(), entry.name.clone()), None);
                    self.bell.notify_one();
                }
            }
        }
    }

    /// Shows the account's presence on every network, in which what Messenger's users put into lines reads as it is meant.
    pub(crate) fn show(&self, owner: &Passport, mut presence: OwnPresence) {
        presence.name = shown_name(owner, &presence.name);
        presence.personal_message.text = session::text::name_outward(&presence.personal_message.text);
        for (_, shown) in self.unopened().iter_mut().filter(|((passport, _), _)| passport == owner) {
            *shown = Some(presence.clone());
        }
        let links = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        for (_, link) in links.get(owner).into_iter().flatten() {
            link.show(presence.clone());
        }
    }

    fn unopened(&self) -> MutexGuard<'_, Unopened> {
        self.unopened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link is used from now on.
    fn enter(&self, owner: &Passport, network: &NetworkName, link: Arc<dyn Link>) {
        let mut links = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        let of_account = links.entry(owner.clone()).or_default();
        of_account.retain(|(name, _)| name != network);
        of_account.push((network.clone(), link));
    }

    /// A link that was opened after all is used from now on, and shows what the account has shown meanwhile. `false` if the account was
    /// removed meanwhile: then the link is to be closed, unless that was done with the others.
    fn enter_late(&self, owner: &Passport, network: &NetworkName, link: &Arc<dyn Link>) -> bool {
        // Entered first: what is shown, and the account's end, find it from now on either here or among those that could not be opened.
        self.enter(owner, network, Arc::clone(link));
        let mut unopened = self.unopened();
        let Some(shown) = unopened.remove(&(owner.clone(), network.clone())) else { return false };
        // Under the lock, so that nothing older is shown after it.
        if let Some(presence) = shown {
            link.show(presence);
        }
        true
    }

    /// Takes out a link; `false` if it was taken out before.
    fn take_out(&self, owner: &Passport, network: &NetworkName, link: &Arc<dyn Link>) -> bool {
        let mut links = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        let Some(of_account) = links.get_mut(owner) else { return false };
        let before = of_account.len();
        of_account.retain(|(name, known)| name != network || !Arc::ptr_eq(known, link));
        let was_there = of_account.len() < before;
        if of_account.is_empty() {
            links.remove(owner);
        }
        was_there
    }

    /// Ends the account's links.
    pub(crate) async fn close(&self, owner: &Passport, farewell: Farewell) {
        self.unopened().retain(|(passport, _), _| passport != owner);
        let closing = self.opened.write().unwrap_or_else(PoisonError::into_inner).remove(owner);
        for (_, link) in closing.into_iter().flatten() {
            link.close(farewell).await;
        }
    }
}

/// An account was removed: the networks are told so, and forget it.
pub(crate) async fn part(core: &Core, owner: &Passport) {
    core.links.close(owner, Farewell::Removed).await;
    for entry in &core.links.networks {
        if let Err(fault) = core.store.forgotten(&entry.name, owner).await {
            warn!(%owner, network = %entry.name, %fault, "that an account was removed is told its network once more");
        }
    }
}

/// Tells the networks of the accounts that were removed while they could not be told: they were off, or no server ran.
pub(crate) async fn part_late(core: &Core) -> Result<(), StoreFault> {
    for entry in &core.links.networks {
        for removed in core.store.removed(&entry.name).await? {
            match entry.network.open(owner(removed.clone(), "")).await {
                Ok(link) => {
                    link.close(Farewell::Removed).await;
                    core.store.forgotten(&entry.name, &removed).await?;
                    info!(owner = %removed, network = %entry.name, "a network was told of a removed account");
                }
                Err(failure) => {
                    warn!(owner = %removed, network = %entry.name, %failure, "a network cannot be told of a removed account");
                }
            }
        }
    }
    Ok(())
}

/// Opens again, now and then, what could not be opened, until the server stops.
pub(crate) async fn reopen(core: Arc<Core>) {
    loop {
        let waiting: Vec<_> = core.links.unopened().keys().cloned().collect();
        let pause = async {
            if waiting.is_empty() { core.links.bell.notified().await } else { tokio::time::sleep(AGAIN).await }
        };
        tokio::select! {
            () = pause => {}
            () = core.stop.cancelled() => return,
        }
        for (owner, network) in waiting {
            tokio::select! {
                () = try_again(&core, &owner, &network) => {}
                () = core.stop.cancelled() => return,
            }
        }
    }
}

async fn try_again(core: &Core, passport: &Passport, network: &NetworkName) {
    let Some(entry) = core.links.network(network) else { return };
    let name = match core.store.account_name(passport).await {
        Ok(Some(name)) => name,
        Ok(None) => {
            core.links.unopened().remove(&(passport.clone(), network.clone()));
            return;
        }
        Err(fault) => return warn!(owner = %passport, %fault, "cannot read whose link is to be opened"),
    };
    match entry.network.open(owner(passport.clone(), &name)).await {
        Ok(link) => {
            if !core.links.enter_late(passport, network, &link) {
                // The account was removed meanwhile, or the server stops.
                let farewell = if core.stop.is_cancelled() { Farewell::Stopping } else { Farewell::Removed };
                if core.links.take_out(passport, network, &link) {
                    link.close(farewell).await;
                }
                return;
            }
            info!(owner = %passport, %network, "a link was opened after all");
        }
        Err(failure) => warn!(owner = %passport, %network, %failure, "a link still cannot be opened"),
    }
}
