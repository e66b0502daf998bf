//! The networks that are on, and the links of all accounts to them.

mod opening;
mod parting;
mod showing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bridge::{Farewell, Features, Link, LinkOwner, Network};
use domain::{NetworkBit, NetworkName, Passport};
use opening::Unopened;
pub(crate) use opening::{open_all, reopen};
pub(crate) use parting::{part, part_late};
use showing::Showing;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

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

/// A network that runs.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) entry: NetworkEntry,
    /// Cancelled when it goes: nothing is begun with it any more, and what is under way is broken off.
    pub(crate) going: CancellationToken,
    /// Cancelled when it has gone: its host takes nothing from it any more.
    pub(crate) gone: CancellationToken,
}

impl Running {
    pub(crate) fn of(entry: NetworkEntry) -> Self {
        Self { entry, going: CancellationToken::new(), gone: CancellationToken::new() }
    }

    fn is(&self, entry: &NetworkEntry) -> bool {
        Arc::ptr_eq(&self.entry.network, &entry.network)
    }
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

/// The networks that are on, and the links of all accounts to them. Whoever wants to know a network asks here each time: it may have gone.
pub(crate) struct Links {
    on: RwLock<Vec<Running>>,
    /// Networks that run, and that nobody may use yet, or any more.
    apart: Mutex<Vec<Running>>,
    /// Never held by somebody who waits for another lock of these.
    opened: RwLock<HashMap<Passport, ByNetwork>>,
    unopened: Mutex<Unopened>,
    showing: Mutex<HashMap<Passport, Showing>>,
    /// Held while an account's choice of what networks see is written and taken up.
    choosing: tokio::sync::Mutex<()>,
    /// Rung when a link could not be opened.
    bell: Notify,
}

impl Links {
    pub(crate) fn new(networks: Vec<NetworkEntry>) -> Self {
        Self {
            on: RwLock::new(networks.into_iter().map(Running::of).collect()),
            apart: Mutex::default(),
            opened: RwLock::default(),
            unopened: Mutex::default(),
            showing: Mutex::default(),
            choosing: tokio::sync::Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// All networks that are on at this moment.
    pub(crate) fn networks(&self) -> Vec<NetworkEntry> {
        self.running().into_iter().map(|running| running.entry).collect()
    }

    /// The network of that name.
    pub(crate) fn network(&self, name: &NetworkName) -> Option<NetworkEntry> {
        self.running_as(name).map(|running| running.entry)
    }

    /// As [`Links::networks`].
    pub(crate) fn running(&self) -> Vec<Running> {
        self.on.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As [`Links::network`].
    pub(crate) fn running_as(&self, name: &NetworkName) -> Option<Running> {
        let on = self.on.read().unwrap_or_else(PoisonError::into_inner);
        on.iter().find(|running| running.entry.name == *name).cloned()
    }

    /// Whether it is this very network that is on, and that is not about to go.
    fn is_on(&self, entry: &NetworkEntry) -> bool {
        self.running_as(&entry.name).is_some_and(|running| running.is(entry) && !running.going.is_cancelled())
    }

    /// Networks that run, and that nobody may use yet, or any more.
    pub(crate) fn apart(&self) -> MutexGuard<'_, Vec<Running>> {
        self.apart.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A network that runs may be used from now on.
    pub(crate) fn turn_on(&self, running: &Running) {
        self.on.write().unwrap_or_else(PoisonError::into_inner).push(running.clone());
        self.forget_apart(running);
    }

    /// Nobody may use the network any more: no link to it is opened from now on, and its links come back, which are to be closed.
    pub(crate) fn turn_off(&self, running: &Running) -> Vec<Arc<dyn Link>> {
        self.apart().push(running.clone());
        self.on.write().unwrap_or_else(PoisonError::into_inner).retain(|known| !known.is(&running.entry));
        let name = &running.entry.name;
        self.unopened().retain(|(_, network), _| network != name);
        let mut closing = Vec::new();
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        for links in opened.values_mut() {
            closing.extend(links.extract_if(.., |(network, _)| network == name).map(|(_, link)| link));
        }
        opened.retain(|_, links| !links.is_empty());
        closing
    }

    /// The network does not run any more.
    pub(crate) fn forget_apart(&self, running: &Running) {
        self.apart().retain(|known| !known.is(&running.entry));
    }

    /// The accounts that have links.
    pub(crate) fn owners(&self) -> Vec<Passport> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// How many links to that network are open, and how many could not be opened.
    pub(crate) fn count(&self, network: &NetworkName) -> (usize, usize) {
        let unopened = self.unopened().keys().filter(|(_, name)| name == network).count();
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        (opened.values().flatten().filter(|(name, _)| name == network).count(), unopened)
    }

    /// Whose links could not be opened, and to which network.
    pub(crate) fn closed(&self) -> Vec<(Passport, NetworkName)> {
        self.unopened().keys().cloned().collect()
    }

    /// The account's link to that network.
    pub(crate) fn link(&self, owner: &Passport, network: &NetworkName) -> Option<Arc<dyn Link>> {
        let links = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let (_, link) = links.get(owner)?.iter().find(|(name, _)| name == network)?;
        Some(Arc::clone(link))
    }

    fn unopened(&self) -> MutexGuard<'_, Unopened> {
        self.unopened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the account's links.
    pub(crate) async fn close(&self, owner: &Passport, farewell: Farewell) -> Vec<NetworkName> {
        self.unopened().retain(|(passport, _), _| passport != owner);
        self.forget_showing(owner);
        let closing = self.opened.write().unwrap_or_else(PoisonError::into_inner).remove(owner);
        let mut closed = Vec::new();
        for (network, link) in closing.into_iter().flatten() {
            link.close(farewell).await;
            closed.push(network);
        }
        closed
    }
}
