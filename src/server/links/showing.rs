//! What accounts show of themselves to networks, and how much of it each network sees.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use bridge::Link;
use domain::{
    NetworkName, Passport,
    presence::{OwnPresence, Sharing},
};
use store::{Store, StoreFault};

use super::{Links, NetworkEntry, shown_name};

/// What one account shows.
#[derive(Default)]
pub(super) struct Showing {
    /// What it has shown last.
    last: Option<OwnPresence>,
    /// How much of it the networks see for which the account has said so. `None` where that could not be read: nothing is shown then,
    /// rather than what its user keeps to themselves.
    sharing: Option<BTreeMap<NetworkName, Sharing>>,
}

impl Showing {
    /// Tells a link what its network sees.
    pub(super) fn tell(&self, network: &NetworkName, link: &Arc<dyn Link>) {
        if let Some(last) = &self.last {
            link.show(self.sharing(network).limit(last.clone()));
        }
    }

    fn sharing(&self, network: &NetworkName) -> Sharing {
        match &self.sharing {
            Some(chosen) => chosen.get(network).copied().unwrap_or_default(),
            None => Sharing::Nothing,
        }
    }
}

impl Links {
    /// Held while links are told, so that nothing older is shown after what is newer. Taken after the lock of those that are not open, and
    /// before that of those that are.
    pub(super) fn showing(&self) -> MutexGuard<'_, HashMap<Passport, Showing>> {
        self.showing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up how much of its presence an account shares. Nothing of an account is shown before.
    pub(crate) async fn load_sharing(&self, store: &Store, owner: &Passport) -> Result<(), StoreFault> {
        let _one_at_a_time = self.choosing.lock().await;
        let sharing = store.sharing(owner).await;
        let mut showing = self.showing();
        let known = showing.entry(owner.clone()).or_default();
        known.sharing = Some(sharing?);
        Ok(())
    }

    /// An account is no more: nothing of it is shown as its successor's.
    pub(crate) fn forget_showing(&self, owner: &Passport) {
        self.showing().remove(owner);
    }

    /// How much of its presence the account lets each network see, of those that are on and know presence.
    pub(crate) async fn sharing(
        &self,
        store: &Store,
        owner: &Passport,
    ) -> Result<BTreeMap<NetworkName, Sharing>, StoreFault> {
        let chosen = store.sharing(owner).await?;
        let know_presence = self.networks().into_iter().filter(|entry| entry.features.presence);
        let shared = |NetworkEntry { name, .. }| {
            let sharing = chosen.get(&name).copied().unwrap_or_default();
            (name, sharing)
        };
        Ok(know_presence.map(shared).collect())
    }

    /// Whether that network is on, and knows presence.
    pub(crate) fn knows_presence(&self, network: &NetworkName) -> bool {
        self.network(network).is_some_and(|entry| entry.features.presence)
    }

    /// A network sees so much of the account's presence from now on.
    pub(crate) async fn share(
        &self,
        store: &Store,
        owner: &Passport,
        network: &NetworkName,
        sharing: Sharing,
    ) -> Result<(), StoreFault> {
        let _one_at_a_time = self.choosing.lock().await;
        store.set_sharing(owner, network, sharing).await?;
        let read = store.sharing(owner).await;
        let mut showing = self.showing();
        // Whoever is not known yet begins with what is written.
        let Some(known) = showing.get_mut(owner) else { return Ok(()) };
        if let Some(chosen) = &mut known.sharing {
            chosen.insert(network.clone(), sharing);
            if let Some(link) = self.link(owner, network) {
                known.tell(network, &link);
            }
        } else {
            // It could not be read before, and all networks saw nothing.
            known.sharing = Some(read?);
            self.tell_all(owner, known);
        }
        Ok(())
    }

    /// Shows the account's presence on every network, as much of it as that is to see. What Messenger's users put into lines reads there as
    /// it is meant.
    pub(crate) fn show(&self, owner: &Passport, mut presence: OwnPresence) {
        presence.name = shown_name(owner, &presence.name);
        presence.personal_message.text = session::text::name_outward(&presence.personal_message.text);
        let mut showing = self.showing();
        // An account that was removed has none, and its successor is not to begin with this.
        let Some(known) = showing.get_mut(owner) else { return };
        known.last = Some(presence);
        self.tell_all(owner, known);
    }

    fn tell_all(&self, owner: &Passport, showing: &Showing) {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        for (network, link) in opened.get(owner).into_iter().flatten() {
            showing.tell(network, link);
        }
    }
}
