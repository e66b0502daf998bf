//! Making a user's device known: the device itself, its keys, and what the device before it could read.

use futures_util::FutureExt as _;
use matrix_sdk_crypto::store::types::CrossSigningKeyExport;
use ruma::{OwnedDeviceId, UserId};

use super::{
    Encryption,
    fault::MachineFault,
    machine::{Machine, open_store},
    machines::{STORE, Using},
};
use crate::homeserver::Trouble;

/// What a session is called in a list of sessions.
const NAME: &str = "Chrysalis";
/// What has to be switched on for a homeserver to give us devices.
pub(super) const MAKE_DEVICES: &str = "the homeserver makes no devices for this appservice (MSC4190), so that nobody of Messenger can read or write in encrypted rooms; \
     make the registration again (chrysalis registration; it holds io.element.msc4190: true), give it to the homeserver and restart \
     it; update Synapse where it is older than 1.141";

impl Encryption {
    /// A user's machine, made where there is none, whose device the homeserver knows.
    pub(super) async fn ready(&self, user: &UserId) -> Result<Using, MachineFault> {
        for _ in 0..3 {
            let using = self.machines.make(user).await?;
            if using.is_published() {
                return Ok(using);
            }
            self.publish(user, using).await?;
        }
        Err(MachineFault::store("its device is made anew again and again"))
    }

    /// Makes a device known. Begun anew after any fault; each step may have been done before.
    async fn publish(&self, user: &UserId, using: Using) -> Result<(), MachineFault> {
        let turn = using.speaking.lock().await;
        if using.is_published() {
            return Ok(());
        }
        let record = using.record.clone();
        let intent = self.homeserver.acting_as(user);
        match intent.make_device(&record.device, NAME).await {
            Ok(()) => {}
            Err(trouble) => return Err(self.no_device(trouble)),
        }
        let is_known = match &record.before {
            Some(before) => self.take_over(user, before, &using).await?,
            None => false,
        };
        match using.introduce(&self.homeserver, is_known).await {
            // A homeserver that does not let us speak as a device cannot be given its keys.
            Err(MachineFault::Homeserver(trouble)) => return Err(self.no_device(trouble)),
            introduced => introduced?,
        }
        if let Some(before) = &record.before {
            match intent.delete_device(before).await {
                Ok(()) => {}
                Err(trouble @ Trouble::Refused { .. }) => {
                    tracing::warn!(%user, device = %before, %trouble, "a device that is not used any more stays");
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        using.published();
        self.note(None);
        drop(turn);
        drop(using);
        tracing::info!(%user, device = %record.device, "a device was made");
        self.machines.published(user, &record).await
    }

    /// What it means that a device could not be made: mostly that none can. A user who was deactivated says nothing of all others.
    fn no_device(&self, trouble: Trouble) -> MachineFault {
        if !trouble.is_final() || trouble.is("M_USER_DEACTIVATED") {
            return trouble.into();
        }
        let fault = format!("{MAKE_DEVICES} ({trouble})");
        self.note(Some(&fault));
        MachineFault::NoDevice(fault)
    }

    /// Gives a new machine what the one before it could read, and the identity by which people know its user; says whether it has that.
    async fn take_over(&self, user: &UserId, before: &OwnedDeviceId, using: &Machine) -> Result<bool, MachineFault> {
        let records = &self.machines.records;
        let path = records.path(user, before);
        let Some(key) = records.key(user, before).await? else { return Ok(false) };
        if !tokio::fs::try_exists(&path.join(STORE)).await.unwrap_or(false) {
            return Ok(false);
        }
        // It only gives what it has: nothing of it is used to encrypt.
        let old = match open_store(&path, &key, user, before).await {
            Ok(old) => old,
            Err(fault) => {
                tracing::error!(%user, %fault, "the store of an earlier device cannot be read; what only it could read stays closed");
                return Ok(false);
            }
        };
        let keys = old.store().export_room_keys(|_| true).await.map_err(MachineFault::store)?;
        let count = keys.len();
        using.olm.store().import_exported_room_keys(keys, |_, _| {}).boxed().await.map_err(MachineFault::store)?;
        let identity = old.export_cross_signing_keys().await.map_err(MachineFault::store)?;
        let is_known = match identity {
            Some(identity) => self.take_identity(user, identity, using).await?,
            None => false,
        };
        tracing::info!(%user, count, is_known, "a device took over what the one before it could read");
        Ok(is_known)
    }

    async fn take_identity(
        &self,
        user: &UserId,
        identity: CrossSigningKeyExport,
        using: &Machine,
    ) -> Result<bool, MachineFault> {
        // An identity is taken only where it is the one that the homeserver shows.
        using.look_at_itself(&self.homeserver).await?;
        match using.olm.import_cross_signing_keys(identity).await {
            Ok(status) if status.is_complete() => Ok(true),
            Ok(_) => Ok(false),
            Err(fault) => {
                tracing::warn!(%user, %fault, "the user's identity is made anew, which people are told");
                Ok(false)
            }
        }
    }
}
