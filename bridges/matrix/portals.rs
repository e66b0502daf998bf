//! All portals: kept by the host, and held in memory with the ways to find them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use bridge::{Host, HostFault, Write};
use domain::{Passport, RemoteRoom};
use ruma::{OwnedRoomId, RoomId};
use tokio::sync::{Mutex, MutexGuard};

use crate::portal::{Place, Portal};

const PREFIX: &str = "portal/";

/// All portals.
pub(crate) struct Portals {
    host: Arc<dyn Host>,
    directory: RwLock<Directory>,
    /// Held from reading a portal until its change is committed, so that no change overwrites another. Held over the database,
    /// never over the network; taken after that of the chats where both are.
    change: Mutex<()>,
}

/// Portals, and the ways to find them.
#[derive(Default)]
struct Directory {
    portals: BTreeMap<Passport, BTreeMap<OwnedRoomId, Portal>>,
    rooms: HashMap<OwnedRoomId, BTreeSet<Passport>>,
}

impl Directory {
    fn get(&self, place: &Place) -> Option<&Portal> {
        self.portals.get(&place.owner)?.get(&place.room)
    }

    fn set(&mut self, place: &Place, portal: Portal) {
        if portal.is_empty() {
            if let Some(theirs) = self.portals.get_mut(&place.owner) {
                theirs.remove(&place.room);
                if theirs.is_empty() {
                    self.portals.remove(&place.owner);
                }
            }
            if let Some(owners) = self.rooms.get_mut(&place.room) {
                owners.remove(&place.owner);
                if owners.is_empty() {
                    self.rooms.remove(&place.room);
                }
            }
        } else {
            self.rooms.entry(place.room.clone()).or_default().insert(place.owner.clone());
            self.portals.entry(place.owner.clone()).or_default().insert(place.room.clone(), portal);
        }
    }
}

impl Portals {
    /// Reads what is kept.
    pub(crate) async fn load(host: Arc<dyn Host>) -> Result<Self, HostFault> {
        let mut directory = Directory::default();
        for (key, value) in host.list(PREFIX).await? {
            if let (Some(place), Ok(portal)) = (place(&key), serde_json::from_str(&value)) {
                directory.set(&place, portal);
            } else {
                tracing::error!(key, "a kept room cannot be read; the account has to be invited to it again");
            }
        }
        Ok(Self { host, directory: RwLock::new(directory), change: Mutex::new(()) })
    }

    /// The portal of a place; an empty one if there is none.
    pub(crate) fn get(&self, place: &Place) -> Portal {
        self.read().get(place).cloned().unwrap_or_default()
    }

    /// The same, after every change that is being committed: what the host has heard of already is in it.
    pub(crate) async fn latest(&self, place: &Place) -> Portal {
        let _turn = self.change.lock().await;
        self.get(place)
    }

    /// The accounts that have to do with this room.
    pub(crate) fn in_room(&self, room: &RoomId) -> Vec<Place> {
        let directory = self.read();
        let owners = directory.rooms.get(room).into_iter().flatten();
        owners.map(|owner| Place { owner: owner.clone(), room: room.to_owned() }).collect()
    }

    /// The rooms that this account has to do with.
    pub(crate) fn of(&self, owner: &Passport) -> Vec<Place> {
        let directory = self.read();
        let rooms = directory.portals.get(owner).into_iter().flat_map(BTreeMap::keys);
        rooms.map(|room| Place { owner: owner.clone(), room: room.clone() }).collect()
    }

    /// Where the account has this gathering.
    pub(crate) fn gathering_of(&self, owner: &Passport, gathering: &RemoteRoom) -> Option<Place> {
        let directory = self.read();
        let mut theirs = directory.portals.get(owner)?.iter();
        let (room, _) = theirs.find(|(_, portal)| portal.gathering.as_ref() == Some(gathering))?;
        Some(Place { owner: owner.clone(), room: room.clone() })
    }

    /// Whether this account has to do with any room.
    pub(crate) fn has_any(&self, owner: &Passport) -> bool {
        self.read().portals.contains_key(owner)
    }

    /// The places that `wanted` picks, with a value of its own for each.
    pub(crate) fn pick<T>(&self, wanted: impl Fn(&Portal) -> Option<T>) -> Vec<(Place, T)> {
        let directory = self.read();
        let all = directory
            .portals
            .iter()
            .flat_map(|(owner, theirs)| theirs.iter().map(move |(room, portal)| (owner, room, portal)));
        let picked = all.filter_map(|(owner, room, portal)| {
            Some((Place { owner: owner.clone(), room: room.clone() }, wanted(portal)?))
        });
        picked.collect()
    }

    /// Begins a change. No other change begins before this one is committed or dropped.
    pub(crate) async fn begin(&self) -> Draft<'_> {
        Draft { _turn: self.change.lock().await, portals: self, changed: BTreeMap::new() }
    }

    /// Changes one portal and commits it.
    pub(crate) async fn change(&self, place: &Place, change: impl FnOnce(&mut Portal)) -> Result<(), HostFault> {
        let mut draft = self.begin().await;
        change(draft.portal(place));
        let writes = draft.writes();
        if !writes.is_empty() {
            self.host.write(writes).await?;
        }
        draft.committed();
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of portals that is not committed yet.
pub(crate) struct Draft<'portals> {
    _turn: MutexGuard<'portals, ()>,
    portals: &'portals Portals,
    changed: BTreeMap<Place, Portal>,
}

impl Draft<'_> {
    /// The portal of a place, to be changed.
    pub(crate) fn portal(&mut self, place: &Place) -> &mut Portal {
        self.changed.entry(place.clone()).or_insert_with(|| self.portals.get(place))
    }

    /// The accounts that have to do with this room, as the draft has it.
    pub(crate) fn in_room(&self, room: &RoomId) -> Vec<Place> {
        let mut places: BTreeSet<Place> = self.portals.in_room(room).into_iter().collect();
        for (place, portal) in self.changed.iter().filter(|(place, _)| place.room == room) {
            if portal.is_empty() {
                places.remove(place);
            } else {
                places.insert(place.clone());
            }
        }
        places.into_iter().collect()
    }

    /// What has to be committed for the draft to hold.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let changed = self.changed.iter().filter(|(place, portal)| self.portals.get(place) != **portal);
        changed.map(|(place, portal)| write(place, portal)).collect()
    }

    /// The writes are committed: from now on the change is what everybody sees.
    pub(crate) fn committed(self) {
        let mut directory = self.portals.directory.write().unwrap_or_else(PoisonError::into_inner);
        for (place, portal) in self.changed {
            directory.set(&place, portal);
        }
    }
}

fn write(place: &Place, portal: &Portal) -> Write {
    let key = format!("{PREFIX}{} {}", place.owner, place.room);
    match serde_json::to_string(portal) {
        Ok(value) if !portal.is_empty() => Write::Put(key, value),
        Ok(_) | Err(_) => Write::Delete(key),
    }
}

fn place(key: &str) -> Option<Place> {
    let (owner, room) = key.strip_prefix(PREFIX)?.split_once(' ')?;
    Some(Place { owner: owner.parse().ok()?, room: RoomId::parse(room).ok()? })
}
