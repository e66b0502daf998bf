//! What has to be known of rooms to encrypt in them: whether they are encrypted, how, and for whom.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::{Host, HostFault, Write};
use matrix_sdk_crypto::{CollectStrategy, EncryptionSettings};
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId, events::room::history_visibility::HistoryVisibility};
use tokio::time::Instant;

use super::fault::MachineFault;
use crate::{
    homeserver::{Homeserver, Trouble},
    intent::RoomEncryption,
};

/// Rooms that are encrypted are kept under this, with how.
const ENCRYPTED: &str = "encrypted/";
/// For how many people is encrypted at most: each of their devices is sent every new key by itself.
pub(super) const MOST_MEMBERS: usize = 2_000;
/// How many rooms are remembered at once with their members.
const REMEMBERED: usize = 256;
/// For how long what was seen of a room's members is believed though nothing was heard of a change: an event may be lost on the way.
const BELIEVED: Duration = Duration::from_mins(10);

/// What is known of rooms.
pub(super) struct Rooms {
    host: Arc<dyn Host>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// For good: no room stops being encrypted, whatever its state says later.
    encrypted: HashMap<OwnedRoomId, Encrypted>,
    audiences: HashMap<OwnedRoomId, (Arc<Audience>, Seen)>,
    /// Counts changes, so that what was asked for before one is not taken for what holds after it.
    changes: u64,
}

struct Encrypted {
    is_kept: bool,
}

/// When something was seen.
#[derive(Clone, Copy)]
struct Seen {
    at: Instant,
    outages: u64,
}

/// For whom is encrypted in a room, and how.
#[derive(Debug)]
pub(super) struct Audience {
    pub(super) members: Vec<OwnedUserId>,
    pub(super) settings: EncryptionSettings,
}

impl Seen {
    fn now(homeserver: &Homeserver) -> Self {
        Self { at: Instant::now(), outages: homeserver.outages_and_absence() }
    }

    fn holds(self, homeserver: &Homeserver) -> bool {
        self.at.elapsed() < BELIEVED && self.outages == homeserver.outages_and_absence()
    }
}

impl Rooms {
    /// Reads which are known to be encrypted.
    pub(super) async fn load(host: Arc<dyn Host>) -> Result<Self, HostFault> {
        let kept = host.list(ENCRYPTED).await?;
        let rooms = kept.into_iter().filter_map(|(key, _)| RoomId::parse(key.strip_prefix(ENCRYPTED)?).ok());
        let encrypted = rooms.map(|room| (room, Encrypted { is_kept: true })).collect();
        Ok(Self { host, known: Mutex::new(Known { encrypted, ..Known::default() }) })
    }

    /// Whether a room is encrypted, as `user` sees it, who is in it.
    pub(super) async fn is_encrypted(
        &self,
        homeserver: &Homeserver,
        user: &UserId,
        room: &RoomId,
    ) -> Result<bool, Trouble> {
        let is_kept = self.known().encrypted.get(room).map(|encrypted| encrypted.is_kept);
        if let Some(is_kept) = is_kept {
            if !is_kept {
                self.try_to_keep(room).await;
            }
            return Ok(true);
        }
        let encryption = homeserver.acting_as(user).encryption_of(room).await?;
        if encryption.is_some() {
            self.encrypted(room);
            self.try_to_keep(room).await;
            return Ok(true);
        }
        // It may have become so while the answer was on its way. That it is not is never remembered: what tells of the change may come
        // late, and what was said in clear until then can never be taken back.
        Ok(self.known().encrypted.contains_key(room))
    }

    /// Those that are known to be encrypted.
    pub(super) fn encrypted_ones(&self) -> Vec<OwnedRoomId> {
        self.known().encrypted.keys().cloned().collect()
    }

    /// A room is encrypted from now on, or in another way than before. When this returns it is kept.
    pub(super) async fn note(&self, room: &RoomId) -> Result<(), HostFault> {
        self.encrypted(room);
        self.keep(room).await
    }

    fn encrypted(&self, room: &RoomId) {
        let mut known = self.known();
        known.encrypted.entry(room.to_owned()).or_insert(Encrypted { is_kept: false });
        known.changes += 1;
        known.audiences.remove(room);
    }

    /// Somebody came or went, or what newcomers may read was changed.
    pub(super) fn changed(&self, room: &RoomId) {
        let mut known = self.known();
        known.changes += 1;
        known.audiences.remove(room);
    }

    async fn keep(&self, room: &RoomId) -> Result<(), HostFault> {
        if self.known().encrypted.get(room).is_some_and(|encrypted| encrypted.is_kept) {
            return Ok(());
        }
        self.host.write(vec![Write::Put(format!("{ENCRYPTED}{room}"), "{}".into())]).await?;
        if let Some(encrypted) = self.known().encrypted.get_mut(room) {
            encrypted.is_kept = true;
        }
        Ok(())
    }

    async fn try_to_keep(&self, room: &RoomId) {
        // It is tried again the next time, and known meanwhile.
        if let Err(fault) = self.keep(room).await {
            tracing::warn!(%room, %fault, "that a room is encrypted could not be kept");
        }
    }

    /// For whom `user` encrypts in a room that they are in.
    pub(super) async fn audience(
        &self,
        homeserver: &Homeserver,
        user: &UserId,
        room: &RoomId,
    ) -> Result<Arc<Audience>, MachineFault> {
        let before = {
            let known = self.known();
            if let Some((audience, seen)) = known.audiences.get(room)
                && seen.holds(homeserver)
            {
                return Ok(Arc::clone(audience));
            }
            known.changes
        };
        let seen = Seen::now(homeserver);
        let intent = homeserver.acting_as(user);
        let encryption = intent.encryption_of(room).await?.unwrap_or_default();
        let visibility = intent.history_visibility(room).await?;
        // Whoever is invited may read from the invitation on, except where only members may.
        let members = intent.members(room, visibility != HistoryVisibility::Joined).await?;
        if members.len() > MOST_MEMBERS {
            return Err(MachineFault::Crowded(members.len()));
        }
        let audience = Arc::new(Audience { members, settings: settings(&encryption, visibility) });
        let mut known = self.known();
        if known.changes == before {
            // It is rarely full, and asking anew is cheap.
            if known.audiences.len() >= REMEMBERED {
                known.audiences.clear();
            }
            known.audiences.insert(room.to_owned(), (Arc::clone(&audience), seen));
        }
        Ok(audience)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings(encryption: &RoomEncryption, history_visibility: HistoryVisibility) -> EncryptionSettings {
    let usual = EncryptionSettings::default();
    EncryptionSettings {
        rotation_period: encryption.rotation_period_ms.map_or(usual.rotation_period, Duration::from_millis),
        rotation_period_msgs: encryption.rotation_period_msgs.unwrap_or(usual.rotation_period_msgs),
        history_visibility,
        sharing_strategy: CollectStrategy::AllDevices,
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_says_how_often_its_keys_change() {
        let encryption = serde_json::from_str::<RoomEncryption>(
            r#"{"algorithm":"m.megolm.v1.aes-sha2","rotation_period_ms":3600000,"rotation_period_msgs":"many"}"#,
        );
        let settings = settings(&encryption.unwrap(), HistoryVisibility::Joined);
        assert_eq!(settings.rotation_period, Duration::from_hours(1));
        assert_eq!(settings.rotation_period_msgs, EncryptionSettings::default().rotation_period_msgs);
    }
}
