//! Accounts that people of this server have on Matrix themselves, and have linked: each is a client of matrix-sdk, which syncs, and speaks
//! for its account wherever it can.
//!
//! `linking` makes a link and takes it away (`discovery` finds its homeserver, `proof` lets somebody prove by the bot who they are, `stores`
//! keeps what belongs to it), `session` syncs; in: `inward` commits what a sync brought, `rooms` knows which rooms there are; out:
//! `outward`. `tasks` is what can be done with a link that is there, `handing_over` what its end leaves to the ghost.

mod directs;
mod discovery;
mod first_sync;
mod handing_over;
mod held;
mod inward;
mod linking;
mod lists;
mod media;
mod outward;
mod presence;
mod proof;
mod reach;
mod rooms;
mod session;
mod stores;
mod tasks;
pub(crate) mod trouble;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use bridge::{Failure, Host, HostFault};
use domain::Passport;
use matrix_sdk::Client;
use ruma::{OwnedUserId, RoomId, UserId};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    discovery::Doors, first_sync::FirstSync, media::OwnMedia, presence::Presences, proof::Proofs, rooms::OwnRooms,
    session::OwnLink, tasks::Verification,
};
use crate::{appservice::Appservice, chat::Pair, configuration::Configuration};

pub(crate) use self::{linking::ways, session::Voice};

/// Every linked account.
pub(crate) struct OwnAccounts {
    configuration: Arc<Configuration>,
    host: Arc<dyn Host>,
    /// How homeservers are spoken to.
    doors: Doors,
    links: RwLock<BTreeMap<Passport, Arc<OwnLink>>>,
    /// Who has yet to prove who they are.
    proofs: Proofs,
    /// Links come and go one after another: one account of Matrix is never two accounts here.
    turn: Mutex<()>,
    /// What they show of themselves.
    presences: Presences,
    /// What everything that runs shares, once it runs.
    appservice: OnceLock<Weak<Appservice>>,
    /// Cancelled when everything has to end.
    stopping: CancellationToken,
}

impl OwnAccounts {
    /// Those that were linked in earlier runs. None of them is signed in yet.
    pub(crate) async fn load(
        configuration: Arc<Configuration>,
        host: Arc<dyn Host>,
        stopping: CancellationToken,
    ) -> Result<Self, HostFault> {
        let mut heard = rooms::heard(&*host).await?;
        let links = stores::load(&*host).await?;
        let links = links.into_iter().map(|(owner, kept)| {
            let heard = heard.remove(&owner).unwrap_or_default();
            let link = OwnLink::new(owner.clone(), kept, heard, stopping.child_token());
            (owner, Arc::new(link))
        });
        let accounts = Self {
            doors: Doors::new(&configuration),
            configuration,
            host,
            links: RwLock::new(links.collect()),
            proofs: Proofs::default(),
            turn: Mutex::new(()),
            presences: Presences::default(),
            appservice: OnceLock::new(),
            stopping,
        };
        accounts.tell_names();
        Ok(accounts)
    }

    /// The account that somebody has linked, if it works.
    pub(crate) fn of(&self, owner: &Passport) -> Option<Arc<OwnAccount>> {
        match self.voice(owner) {
            Voice::Own(account) => Some(account),
            Voice::Ghost | Voice::Later | Voice::SignedOut => None,
        }
    }

    /// Who can speak for an account besides its ghost.
    pub(crate) fn voice(&self, owner: &Passport) -> Voice {
        // What was linked before links were switched off is kept, and does nothing.
        let link = self.entry(owner).filter(|_| self.configuration.linked.enabled);
        link.map_or(Voice::Ghost, |link| link.voice())
    }

    /// Whether the account that somebody has linked hears by itself what is said in a room.
    pub(crate) fn hears_in(&self, owner: &Passport, room: &RoomId) -> bool {
        let Some(link) = self.entry(owner) else { return false };
        match (self.voice(owner), link.account()) {
            (Voice::Ghost | Voice::SignedOut, _) => false,
            (Voice::Own(account), _) | (Voice::Later, Some(account)) => account.rooms.hears_in(room),
            (Voice::Later, None) => link.heard().rooms.contains(room),
        }
    }

    /// Whether the account that somebody has linked has a chat with this person by itself.
    pub(crate) fn meets(&self, pair: &Pair) -> bool {
        let Some(link) = self.entry(&pair.owner) else { return false };
        match (self.voice(&pair.owner), link.account()) {
            (Voice::Ghost | Voice::SignedOut, _) => false,
            (Voice::Own(account), _) | (Voice::Later, Some(account)) => account.rooms.direct(&pair.user).is_some(),
            (Voice::Later, None) => link.heard().people.contains(&pair.user),
        }
    }

    fn appservice(&self) -> Result<Arc<Appservice>, Failure> {
        self.appservice.get().and_then(Weak::upgrade).ok_or_else(|| Failure::retry("the bridge is stopping"))
    }

    fn entry(&self, owner: &Passport) -> Option<Arc<OwnLink>> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).get(owner).cloned()
    }

    fn all(&self) -> Vec<Arc<OwnLink>> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Whose account of Matrix this is already.
    fn owner_of(&self, user: &UserId) -> Option<Passport> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        links.values().find(|link| link.me() == user).map(|link| link.owner.clone())
    }

    fn put(&self, link: Arc<OwnLink>) -> Option<Arc<OwnLink>> {
        let before = self.links.write().unwrap_or_else(PoisonError::into_inner).insert(link.owner.clone(), link);
        self.tell_names();
        before
    }

    fn remove(&self, owner: &Passport) -> Option<Arc<OwnLink>> {
        let before = self.links.write().unwrap_or_else(PoisonError::into_inner).remove(owner);
        self.tell_names();
        before
    }

    /// Whoever reads an event has to know who is linked.
    fn tell_names(&self) {
        self.configuration.names.link(self.all().into_iter().map(|link| link.me().to_owned()).collect());
    }
}

/// An account on Matrix that an account of this server is linked to.
pub(crate) struct OwnAccount {
    /// Whose it is.
    pub(crate) owner: Passport,
    /// Who it is on Matrix.
    pub(crate) me: OwnedUserId,
    /// It, as matrix-sdk speaks for it.
    pub(crate) client: Client,
    /// The set-up.
    pub(crate) configuration: Arc<Configuration>,
    /// The installation.
    pub(crate) host: Arc<dyn Host>,
    /// Its rooms.
    pub(crate) rooms: OwnRooms,
    /// Its files.
    media: OwnMedia,
    /// What is known of verifying it.
    verification: Arc<Verification>,
    /// Whether its rooms are known: one sync was committed.
    ready: AtomicBool,
    /// How far its first sync is.
    first_sync: FirstSync,
    appservice: Weak<Appservice>,
    /// What runs with its client ends with it: the keys of a device must not be used by two at once.
    _ends: DropGuard,
}

impl OwnAccount {
    /// What everything that runs shares.
    pub(crate) fn appservice(&self) -> Result<Arc<Appservice>, Failure> {
        self.appservice.upgrade().ok_or_else(|| Failure::retry("the bridge is stopping"))
    }

    /// Whether its rooms are known, so that it can speak in them.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether Messenger's presence is to be shown as this account's.
    pub(crate) fn shows_presence(&self) -> bool {
        self.appservice
            .upgrade()
            .and_then(|appservice| appservice.own.entry(&self.owner))
            .is_some_and(|link| link.kept().presence)
    }
}
