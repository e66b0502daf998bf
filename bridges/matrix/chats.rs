//! All chats: kept by the host, and held in memory with the ways to find them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    chat::{Chat, Membership, Pair},
    timeline::Timeline,
};

const PREFIX: &str = "chat/";

/// All chats.
pub(crate) struct Chats {
    host: Arc<dyn Host>,
    directory: RwLock<Directory>,
    /// Held from reading a chat until its change is committed, so that no change overwrites another. Held over the database,
    /// never over the network.
    change: Mutex<()>,
}

/// Chats, and the ways to find them.
#[derive(Default)]
struct Directory {
    chats: BTreeMap<Passport, BTreeMap<OwnedUserId, Chat>>,
    rooms: HashMap<OwnedRoomId, BTreeSet<Pair>>,
    people: HashMap<OwnedUserId, BTreeSet<Pair>>,
}

impl Directory {
    fn get(&self, pair: &Pair) -> Option<&Chat> {
        self.chats.get(&pair.owner)?.get(&pair.user)
    }

    fn set(&mut self, pair: &Pair, chat: Chat) {
        let mut theirs = self.chats.remove(&pair.owner).unwrap_or_default();
        if let Some(old) = theirs.remove(&pair.user) {
            for room in rooms(&old) {
                remove(&mut self.rooms, room, pair);
            }
            remove(&mut self.people, &pair.user, pair);
        }
        if !chat.is_empty() {
            self.index(pair, &chat);
            theirs.insert(pair.user.clone(), chat);
        }
        if !theirs.is_empty() {
            self.chats.insert(pair.owner.clone(), theirs);
        }
    }

    fn index(&mut self, pair: &Pair, chat: &Chat) {
        for room in rooms(chat) {
            self.rooms.entry(room.clone()).or_default().insert(pair.clone());
        }
        self.people.entry(pair.user.clone()).or_default().insert(pair.clone());
    }

    fn pairs(&self) -> impl Iterator<Item = (Pair, &Chat)> {
        self.chats.iter().flat_map(|(owner, theirs)| {
            theirs.iter().map(|(user, chat)| (Pair { owner: owner.clone(), user: user.clone() }, chat))
        })
    }
}

/// The rooms that the pair has to do with: an invitation counts, as it may be taken back.
fn rooms(chat: &Chat) -> impl Iterator<Item = &OwnedRoomId> {
    chat.rooms.iter().map(|shared| &shared.room).chain(&chat.invited)
}

fn remove<K: std::hash::Hash + Eq + Clone>(index: &mut HashMap<K, BTreeSet<Pair>>, key: &K, pair: &Pair) {
    if let Some(pairs) = index.get_mut(key) {
        pairs.remove(pair);
        if pairs.is_empty() {
            index.remove(key);
        }
    }
}

impl Chats {
    /// Reads what is kept.
    pub(crate) async fn load(host: Arc<dyn Host>) -> Result<Self, HostFault> {
        let mut directory = Directory::default();
        for (key, value) in host.list(PREFIX).await? {
            if let (Some(pair), Ok(chat)) = (pair(&key), serde_json::from_str(&value)) {
                directory.set(&pair, chat);
            } else {
                tracing::error!(key, "a kept chat cannot be read; the person has to invite the account again");
            }
        }
        Ok(Self { host, directory: RwLock::new(directory), change: Mutex::new(()) })
    }

    /// The chat of a pair; an empty one if there is none.
    pub(crate) fn get(&self, pair: &Pair) -> Chat {
        self.read().get(pair).cloned().unwrap_or_default()
    }

    /// The same, after every change that is being committed: what the host has heard of already is in it.
    pub(crate) async fn latest(&self, pair: &Pair) -> Chat {
        let _turn = self.change.lock().await;
        self.get(pair)
    }

    /// The pairs that share this room.
    pub(crate) fn in_room(&self, room: &RoomId) -> Vec<Pair> {
        self.read().rooms.get(room).map(|pairs| pairs.iter().cloned().collect()).unwrap_or_default()
    }

    /// The pairs that this person is in.
    pub(crate) fn with(&self, user: &UserId) -> Vec<Pair> {
        self.read().people.get(user).map(|pairs| pairs.iter().cloned().collect()).unwrap_or_default()
    }

    /// The pairs that this account is in.
    pub(crate) fn of(&self, owner: &Passport) -> Vec<Pair> {
        let directory = self.read();
        let users = directory.chats.get(owner).into_iter().flat_map(BTreeMap::keys);
        users.map(|user| Pair { owner: owner.clone(), user: user.clone() }).collect()
    }

    /// Whether this account's ghost is in a room with somebody.
    pub(crate) fn has_company(&self, owner: &Passport) -> bool {
        let directory = self.read();
        let mut chats = directory.chats.get(owner).into_iter().flat_map(BTreeMap::values);
        chats.any(|chat| chat.rooms.iter().any(|shared| shared.person == Membership::Joined))
    }

    /// The pairs for which something is left to be done on Matrix.
    pub(crate) fn unsettled(&self) -> Vec<Pair> {
        self.read().pairs().filter(|(_, chat)| chat.is_unsettled()).map(|(pair, _)| pair).collect()
    }

    /// What `pick` says of the timelines of the rooms that accounts share with people.
    pub(crate) fn timelines<T>(&self, pick: &dyn Fn(&Timeline) -> Option<T>) -> Vec<(Passport, OwnedRoomId, T)> {
        let directory = self.read();
        let shared = directory.pairs().flat_map(|(pair, chat)| {
            let owner = pair.owner;
            chat.rooms.iter().map(move |shared| (owner.clone(), shared))
        });
        shared.filter_map(|(owner, shared)| Some((owner, shared.room.clone(), pick(&shared.timeline)?))).collect()
    }

    /// Begins a change. No other change begins before this one is committed or dropped.
    pub(crate) async fn begin(&self) -> Draft<'_> {
        Draft { _turn: self.change.lock().await, chats: self, changed: BTreeMap::new() }
    }

    /// Changes one chat and commits it.
    pub(crate) async fn change(&self, pair: &Pair, change: impl FnOnce(&mut Chat)) -> Result<(), HostFault> {
        let mut draft = self.begin().await;
        change(draft.chat(pair));
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

/// A change of chats that is not committed yet.
pub(crate) struct Draft<'chats> {
    _turn: MutexGuard<'chats, ()>,
    chats: &'chats Chats,
    changed: BTreeMap<Pair, Chat>,
}

impl Draft<'_> {
    /// The chat of a pair, to be changed.
    pub(crate) fn chat(&mut self, pair: &Pair) -> &mut Chat {
        self.changed.entry(pair.clone()).or_insert_with(|| self.chats.get(pair))
    }

    /// The pairs that share this room, as the draft has it.
    pub(crate) fn in_room(&self, room: &RoomId) -> Vec<Pair> {
        let mut pairs: BTreeSet<Pair> = self.chats.in_room(room).into_iter().collect();
        for (pair, chat) in &self.changed {
            if chat.has(room) {
                pairs.insert(pair.clone());
            } else {
                pairs.remove(pair);
            }
        }
        pairs.into_iter().collect()
    }

    /// What has to be committed for the draft to hold.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let changed = self.changed.iter().filter(|(pair, chat)| self.chats.get(pair) != **chat);
        changed.map(|(pair, chat)| write(pair, chat)).collect()
    }

    /// The writes are committed: from now on the change is what everybody sees.
    pub(crate) fn committed(self) {
        let mut directory = self.chats.directory.write().unwrap_or_else(PoisonError::into_inner);
        for (pair, chat) in self.changed {
            directory.set(&pair, chat);
        }
    }
}

fn write(pair: &Pair, chat: &Chat) -> Write {
    let key = format!("{PREFIX}{} {}", pair.owner, pair.user);
    match serde_json::to_string(chat) {
        Ok(value) if !chat.is_empty() => Write::Put(key, value),
        Ok(_) | Err(_) => Write::Delete(key),
    }
}

fn pair(key: &str) -> Option<Pair> {
    let (owner, user) = key.strip_prefix(PREFIX)?.split_once(' ')?;
    Some(Pair { owner: owner.parse().ok()?, user: UserId::parse(user).ok()? })
}
