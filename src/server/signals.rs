//! What networks say that may be lost: presence, typing, profiles. Each is a slot that holds the latest value, so that a storm on
//! a network costs nothing here but its last word.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge::RemoteProfile;
use domain::{
    NetworkName, Passport, Presence, RemoteUser,
    contact::RemoteTarget,
    conversation::Cause,
    presence::{Availability, RemotePresence},
};
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::core::{Core, REMOTE_CAPABILITIES, wall};

/// How often "last seen" is brought up to date.
const REFRESH: Duration = Duration::from_mins(5);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sight {
    network: NetworkName,
    owner: Passport,
    user: RemoteUser,
}

#[derive(Default)]
struct Slots {
    presence: HashMap<Sight, RemotePresence>,
    typing: HashMap<(Sight, RemoteTarget), bool>,
    profiles: HashMap<(NetworkName, RemoteUser), RemoteProfile>,
}

/// The slots, and the last known presence of everybody.
#[derive(Default)]
pub(crate) struct Signals {
    slots: Mutex<Slots>,
    bell: Notify,
    known: Mutex<HashMap<Sight, RemotePresence>>,
}

impl Signals {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Sight, RemotePresence>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_where(&self, wanted: impl Fn(&Sight, &RemotePresence) -> bool) -> Vec<(Sight, RemotePresence)> {
        let known = self.known();
        let wanted = known.iter().filter(|(sight, presence)| wanted(sight, presence));
        wanted.map(|(sight, presence)| (sight.clone(), presence.clone())).collect()
    }

    pub(crate) fn presence(
        &self,
        network: &NetworkName,
        owner: &Passport,
        user: &RemoteUser,
        presence: RemotePresence,
    ) {
        let sight = Sight { network: network.clone(), owner: owner.clone(), user: user.clone() };
        self.slots().presence.insert(sight, presence);
        self.bell.notify_one();
    }

    pub(crate) fn typing(
        &self,
        network: &NetworkName,
        owner: &Passport,
        place: &RemoteTarget,
        user: &RemoteUser,
        typing: bool,
    ) {
        let sight = Sight { network: network.clone(), owner: owner.clone(), user: user.clone() };
        self.slots().typing.insert((sight, place.clone()), typing);
        self.bell.notify_one();
    }

    pub(crate) fn profile(&self, network: &NetworkName, profile: RemoteProfile) {
        self.slots().profiles.insert((network.clone(), profile.user.clone()), profile);
        self.bell.notify_one();
    }
}

/// Works the slots off until the server stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut refresh = tokio::time::interval(REFRESH);
    loop {
        tokio::select! {
            () = core.signals.bell.notified() => {}
            _ = refresh.tick() => refresh_all(&core).await,
            () = core.stop.cancelled() => return,
        }
        let slots = std::mem::take(&mut *core.signals.slots());
        for ((network, _), profile) in slots.profiles {
            rename(&core, &network, &profile).await;
        }
        for (sight, presence) in slots.presence {
            core.signals.known().insert(sight.clone(), presence.clone());
            show(&core, &sight, &presence).await;
        }
        for ((sight, place), typing) in slots.typing {
            if let Some(peer) = address(&core, &sight.network, &place).await {
                let cause = Cause::PeerTyping { peer: peer.clone(), typing };
                core.directory.whisper(&sight.owner, &peer, cause);
            }
        }
    }
}

/// Shows the owner what the person looks like now.
async fn show(core: &Arc<Core>, sight: &Sight, presence: &RemotePresence) {
    let place = RemoteTarget::Person(sight.user.clone());
    let Some(contact) = address(core, &sight.network, &place).await else {
        debug!(network = %sight.network, "presence of somebody who has no address");
        return;
    };
    let name = match core.store.remote(&contact).await {
        Ok(Some(remote)) => core.shown_name(&remote.name, &contact),
        Ok(None) => contact.to_string(),
        Err(fault) => {
            warn!(%contact, %fault, "cannot read a contact's name");
            contact.to_string()
        }
    };
    let emoji = core.settings.session.emoji;
    let shown = core.settings.offline_contacts.show(presence, wall()).map(|(status, mut line)| {
        line.text = emoji.inward(&line.text).into_owned();
        Arc::new(Presence {
            status,
            name: name.into(),
            capabilities: REMOTE_CAPABILITIES,
            object: None,
            personal_message: line,
        })
    });
    core.directory.sight(&sight.owner, &contact, shown);
}

async fn address(core: &Core, network: &NetworkName, place: &RemoteTarget) -> Option<Passport> {
    match core.store.address(network, place).await {
        Ok(address) => address,
        Err(fault) => {
            warn!(%network, %fault, "cannot read an address");
            None
        }
    }
}

/// Somebody shows another name.
async fn rename(core: &Arc<Core>, network: &NetworkName, profile: &RemoteProfile) {
    let target = RemoteTarget::Person(profile.user.clone());
    match core.store.rename_remote(network, &target, &profile.name).await {
        Ok(true) => {
            let theirs = |sight: &Sight, _: &RemotePresence| sight.network == *network && sight.user == profile.user;
            for (sight, presence) in core.signals.known_where(theirs) {
                show(core, &sight, &presence).await;
            }
        }
        Ok(false) => {}
        Err(fault) => warn!(%network, %fault, "cannot keep a person's new name"),
    }
}

/// "Last seen an hour ago" grows old by itself.
async fn refresh_all(core: &Arc<Core>) {
    let ageing = |_: &Sight, presence: &RemotePresence| {
        matches!(presence.availability, Availability::Offline | Availability::Away) && presence.last_active.is_some()
    };
    for (sight, presence) in core.signals.known_where(ageing) {
        show(core, &sight, &presence).await;
    }
}
