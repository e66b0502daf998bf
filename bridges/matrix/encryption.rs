//! End-to-end encryption of our own users, ghosts and the bot: each of them that is in an encrypted room has a device and an Olm machine
//! of its own (MSC4190), so that what it says is flagged nowhere.
//!
//! `news` reads what a transaction says of keys, `machines` has the machines, `machine` is one of them and `requests` what it asks of the
//! homeserver. `publishing` makes a device known, `opening` decrypts (`patience` knows how long a key is waited for), `sealing` encrypts
//! (`rooms` knows for whom). `agenda` and `keeping_up` fetch what was missed. `attachments` encrypts files.

mod agenda;
pub(crate) mod attachments;
mod check;
mod fault;
mod keeping_up;
mod machine;
mod machines;
mod news;
mod opening;
mod patience;
mod publishing;
mod records;
mod requests;
mod rooms;
mod sealing;

use std::sync::{Arc, Mutex, PoisonError};

use bridge::{Failure, Host, HostFault};
use ruma::{OwnedDeviceId, OwnedRoomId, RoomId, UserId};
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use self::{check::check, news::KeyNews, records::DEVICE};

use self::{agenda::Agenda, check::Probe, machines::Machines, patience::Patience, records::Records, rooms::Rooms};
use crate::{
    configuration::Configuration,
    homeserver::{Homeserver, Trouble},
};

/// What became of an event that was to be decrypted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Opened {
    /// The whole event in clear: its type and content are those that were encrypted, everything else is as it came.
    Clear(Value),
    /// Its key may still come: it has to be tried again, and what is said after it waits.
    Later,
    /// It cannot be decrypted, for good as far as is known: mostly its key has not come.
    Never,
}

/// The machines of all users of ours.
pub(crate) struct Encryption {
    is_on: bool,
    homeserver: Arc<Homeserver>,
    machines: Machines,
    rooms: Rooms,
    patience: Patience,
    agenda: Agenda,
    probe: Probe,
    /// What keeps all of it from working.
    fault: Mutex<Option<String>>,
}

impl Encryption {
    /// Reads what is kept. Nothing is asked of the homeserver yet.
    pub(crate) async fn load(
        configuration: &Configuration,
        homeserver: Arc<Homeserver>,
        host: Arc<dyn Host>,
    ) -> Result<Self, HostFault> {
        Ok(Self {
            is_on: configuration.encryption.ghosts,
            homeserver,
            machines: Machines::load(Records::new(Arc::clone(&host))).await?,
            rooms: Rooms::load(host).await?,
            patience: Patience::default(),
            agenda: Agenda::default(),
            probe: Probe::default(),
            fault: Mutex::default(),
        })
    }

    /// Whether our users take part in encrypted rooms.
    pub(crate) const fn is_on(&self) -> bool {
        self.is_on
    }

    /// What keeps our users from taking part in encrypted rooms, and what to do about it, if something does.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a room is encrypted, as one of our users in it sees it. Once it is, it is for good.
    pub(crate) async fn is_encrypted(&self, user: &UserId, room: &RoomId) -> Result<bool, Trouble> {
        self.rooms.is_encrypted(&self.homeserver, user, room).await
    }

    /// A room's `m.room.encryption` was seen: it is encrypted from now on, or in another way. When this returns it is known for good.
    pub(crate) async fn note_encrypted(&self, room: &RoomId) -> Result<(), HostFault> {
        self.rooms.note(room).await
    }

    /// The rooms that are known to be encrypted.
    pub(crate) fn encrypted_rooms(&self) -> Vec<OwnedRoomId> {
        self.rooms.encrypted_ones()
    }

    /// A room's `m.room.member` or `m.room.history_visibility` was seen: who can read what is said in it has changed.
    pub(crate) fn membership_changed(&self, room: &RoomId) {
        self.rooms.changed(room);
    }

    /// A user of ours is there, whom people may ask into an encrypted room at any time. Those who do encrypt their first words, which
    /// come with the question, for the devices that they find: so there is one from now on. Returns at once.
    pub(crate) fn expect(&self, user: &UserId) {
        // Where devices cannot be made, those that are needed are tried again and again, and tell when they can.
        if self.is_on && self.fault().is_none() && !self.machines.has(user) {
            self.agenda.make(user, Instant::now());
        }
    }

    /// Whether a user is ready for encrypted rooms, or none are: whoever speaks there finds their device.
    pub(crate) fn is_ready(&self, user: &UserId) -> bool {
        !self.is_on || self.machines.is_published(user)
    }

    /// Makes a user ready for encrypted rooms: their device is there, so that whoever writes next encrypts for it. Before an encrypted
    /// room is joined, it lets the first words be read.
    pub(crate) async fn prepare(&self, user: &UserId) -> Result<(), Failure> {
        if self.is_on {
            self.ready(user).await?;
            self.agenda.engage(user, Instant::now());
        }
        Ok(())
    }

    /// Waits until keys came to a room in which [`Opened::Later`] was the answer. For one task.
    pub(crate) async fn keys_came(&self) {
        self.patience.bell.notified().await;
    }

    /// Forgets a user who does not come back: their device is gone from the homeserver, and their keys from here.
    pub(crate) async fn forget(&self, user: &UserId) -> Result<(), Failure> {
        let record = self.machines.record(user).await;
        let devices = record.into_iter().flat_map(|record| [Some(record.device), record.before]).flatten();
        let devices: Vec<OwnedDeviceId> = devices.collect();
        for device in &devices {
            match self.homeserver.acting_as(user).delete_device(device).await {
                // Whoever is refused has no such device, or no name any more.
                Ok(()) | Err(Trouble::Refused { .. }) => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
        self.machines.remove(user).await?;
        self.agenda.forget(user);
        Ok(())
    }

    /// Notes what keeps all of it from working, or that nothing does; told once.
    fn note(&self, fault: Option<&str>) {
        let mut noted = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(fault)) = (&*noted, fault) {
            tracing::error!(fault, "encryption does not work");
        }
        *noted = fault.map(ToOwned::to_owned);
    }

    /// The homeserver has forgotten a user's device, or has other keys of it: another takes its place.
    async fn lost(&self, user: &UserId, device: &str) {
        tracing::warn!(%user, device, "the homeserver has lost a device; another is made");
        if let Err(fault) = self.machines.renew(user, device).await {
            tracing::error!(%user, %fault, "no other device could be made");
        }
        self.agenda.attend(user, Instant::now());
    }
}
