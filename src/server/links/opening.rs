//! How links are opened: each once, and again later where that fails, while accounts and networks come and go.

use std::collections::{HashMap, hash_map::Entry};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bridge::{Failure, Farewell, Link, LinkOwner};
use domain::{NetworkName, Passport};
use futures_util::{StreamExt, stream};
use tracing::{info, warn};

use super::{Links, NetworkEntry, owner};
use crate::core::Core;

/// How long to wait before links that could not be opened are tried again.
const AGAIN: Duration = Duration::from_secs(15);

/// How many links are opened side by side.
const OPENED_AT_ONCE: usize = 64;

/// The links that are to be opened, and are not.
pub(super) type Unopened = HashMap<(Passport, NetworkName), Waiting>;

/// A link that is to be opened.
pub(super) struct Waiting {
    /// Whether somebody is about to open it.
    is_tried: bool,
}

impl Links {
    /// Opens the account's link to every network, but for those that somebody else has opened or is about to open.
    pub(crate) async fn open(&self, owner: &LinkOwner) {
        for entry in self.networks() {
            self.open_one(&entry, owner).await;
        }
    }

    async fn open_one(&self, entry: &NetworkEntry, owner: &LinkOwner) {
        if self.begin(entry, &owner.passport)
            && let Err(failure) = self.try_open(entry, owner).await
        {
            warn!(owner = %owner.passport, network = %entry.name, %failure, "a link cannot be opened; it is tried again");
            self.bell.notify_one();
        }
    }

    /// The link is to be opened by whoever asks; `false` if it is open, if somebody else is about to open it, or if the network has gone.
    fn begin(&self, entry: &NetworkEntry, owner: &Passport) -> bool {
        let mut unopened = self.unopened();
        // Under the lock: a network that goes is taken out of the list first, and then forgets what waits here.
        if !self.is_on(entry) || self.link(owner, &entry.name).is_some() {
            return false;
        }
        match unopened.entry((owner.clone(), entry.name.clone())) {
            Entry::Occupied(known) => !std::mem::replace(&mut known.into_mut().is_tried, true),
            Entry::Vacant(slot) => {
                slot.insert(Waiting { is_tried: true });
                true
            }
        }
    }

    /// Opens a link that was begun. `false` if it was closed again: its account was removed meanwhile, or its network has gone.
    async fn try_open(&self, entry: &NetworkEntry, owner: &LinkOwner) -> Result<bool, Failure> {
        let key = (owner.passport.clone(), entry.name.clone());
        let link = match entry.network.open(owner.clone()).await {
            Ok(link) => link,
            Err(failure) => {
                if let Some(waiting) = self.unopened().get_mut(&key).filter(|_| self.is_on(entry)) {
                    waiting.is_tried = false;
                }
                return Err(failure);
            }
        };
        if self.enter(entry, &owner.passport, &link) {
            return Ok(true);
        }
        // Whoever is taken for removed is forgotten by the network with all that is theirs.
        let farewell = if self.is_on(entry) { Farewell::Removed } else { Farewell::Stopping };
        link.close(farewell).await;
        Ok(false)
    }

    /// The link is used from now on, and shows what the account has shown last. `false` if nobody waits for it any more.
    fn enter(&self, entry: &NetworkEntry, owner: &Passport, link: &Arc<dyn Link>) -> bool {
        // Held to the end: the end of the account or the network finds the link either here or among those that are open.
        let mut unopened = self.unopened();
        if !self.is_on(entry) {
            return false;
        }
        if unopened.remove(&(owner.clone(), entry.name.clone())).is_none() {
            return false;
        }
        let showing = self.showing();
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.entry(owner.clone()).or_default().push((entry.name.clone(), Arc::clone(link)));
        drop(opened);
        if let Some(known) = showing.get(owner) {
            known.tell(&entry.name, link);
        }
        true
    }
}

/// Opens the links of all these accounts to all these networks, side by side, so that what networks keep of new accounts is committed in
/// groups.
pub(crate) async fn open_all(core: &Core, networks: &[NetworkEntry], owners: Vec<LinkOwner>) {
    stream::iter(owners)
        .for_each_concurrent(OPENED_AT_ONCE, async |owner| {
            for entry in networks {
                core.links.open_one(entry, &owner).await;
            }
        })
        .await;
}

/// Opens again, now and then, what could not be opened, until the server stops.
pub(crate) async fn reopen(core: Arc<Core>) {
    loop {
        let is_idle = |waiting: &Waiting| !waiting.is_tried;
        let waiting = core.links.unopened().values().any(is_idle);
        let pause = async { if waiting { tokio::time::sleep(AGAIN).await } else { core.links.bell.notified().await } };
        tokio::select! {
            () = pause => {}
            () = core.stop.cancelled() => return,
        }
        let again: Vec<_> = {
            let unopened = core.links.unopened();
            unopened.iter().filter(|(_, waiting)| is_idle(waiting)).map(|(key, _)| key.clone()).collect()
        };
        for (owner, network) in again {
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
    if !core.links.begin(&entry, passport) {
        return;
    }
    match core.links.try_open(&entry, &owner(passport.clone(), &name)).await {
        Ok(false) => {}
        Ok(true) => info!(owner = %passport, %network, "a link was opened after all"),
        Err(failure) => warn!(owner = %passport, %network, %failure, "a link still cannot be opened"),
    }
}
