//! The rooms of a linked account: kept by the host, and held in memory with the ways to find them.

mod facts;
mod room;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex as SyncMutex, MutexGuard as SyncMutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

use bridge::{Host, HostFault, Write};
use domain::Passport;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::{Mutex, MutexGuard, Notify};

#[cfg(test)]
pub(crate) use facts::Person;
pub(crate) use facts::{Facts, muted, profile};
pub(crate) use room::{Kind, Moved, OwnRoom, Stage};

use super::{held::Held, stores};
use crate::{chat::Membership, intake::Typists, timeline::Timeline};

/// Rooms are kept under this, the account's address and their own id.
const PREFIX: &str = "own-room/";

/// Which rooms a linked account has, and what is known of each.
pub(crate) struct OwnRooms {
    owner: Passport,
    known: RwLock<Known>,
    /// Held from reading a room until its change is committed, so that no change overwrites another. Held over the database,
    /// never over the network.
    change: Mutex<()>,
    /// Held while a direct chat is made and noted, over the network: half made, it would be taken for a room of several people.
    making: Mutex<()>,
    /// Rung when something has to be read.
    pub(super) bell: Notify,
    /// Rung when a room says that it goes on elsewhere.
    pub(super) moving: Notify,
    passing: SyncMutex<Passing>,
}

#[derive(Default)]
struct Known {
    rooms: BTreeMap<OwnedRoomId, OwnRoom>,
    /// The direct chats of each person.
    people: HashMap<OwnedUserId, Vec<OwnedRoomId>>,
    /// Whether a sync was ever taken.
    has_begun: bool,
}

/// What a restart forgets.
#[derive(Default)]
pub(super) struct Passing {
    /// Who types where.
    pub(super) typing: Typists,
    /// What waits for its keys.
    pub(super) held: Held,
}

impl Known {
    fn set(&mut self, room: OwnedRoomId, now: Option<OwnRoom>) {
        if let Some(user) = self.rooms.get(&room).and_then(|before| before.kind.person())
            && let Some(rooms) = self.people.get_mut(user)
        {
            rooms.retain(|known| *known != room);
        }
        match now {
            Some(now) => {
                if let Some(user) = now.kind.person() {
                    self.people.entry(user.to_owned()).or_default().push(room.clone());
                }
                self.rooms.insert(room, now);
            }
            None => {
                self.rooms.remove(&room);
            }
        }
    }

    fn of_person<'known>(&'known self, user: &UserId) -> impl Iterator<Item = (&'known OwnedRoomId, &'known OwnRoom)> {
        self.people.get(user).into_iter().flatten().filter_map(|room| self.rooms.get_key_value(room))
    }
}

/// What is an account's own, while it cannot be asked.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The rooms in which it hears by itself.
    pub(super) rooms: HashSet<OwnedRoomId>,
    /// The people with whom it has chats of its own.
    pub(super) people: HashSet<OwnedUserId>,
}

impl Heard {
    fn note(&mut self, id: &RoomId, room: &OwnRoom) {
        if room.is_heard() {
            self.rooms.insert(id.to_owned());
        }
        if let (Kind::Direct { user, person: Membership::Joined | Membership::Invited }, Stage::Joined) =
            (&room.kind, room.stage)
        {
            self.people.insert(user.clone());
        }
    }
}

/// What was each linked account's own when it was kept last.
pub(super) async fn heard(host: &dyn Host) -> Result<BTreeMap<Passport, Heard>, HostFault> {
    let mut heard: BTreeMap<Passport, Heard> = BTreeMap::new();
    for (key, value) in host.list(PREFIX).await? {
        let place = key.strip_prefix(PREFIX).and_then(|place| place.split_once(' '));
        let Some((Ok(owner), Ok(room))) = place.map(|(owner, room)| (owner.parse(), RoomId::parse(room))) else {
            continue;
        };
        if let Ok(kept) = serde_json::from_str::<OwnRoom>(&value) {
            heard.entry(owner).or_default().note(&room, &kept);
        }
    }
    Ok(heard)
}

/// What has to be written to keep these rooms of an account for another device of it, which knows nothing yet of what happens there.
pub(super) fn begun_anew<'rooms>(
    owner: &Passport,
    rooms: impl Iterator<Item = (&'rooms OwnedRoomId, &'rooms OwnRoom)>,
) -> Vec<Write> {
    let anew = rooms.filter_map(|(id, room)| Some((id, serde_json::to_string(&room.clone().anew()).ok()?)));
    anew.map(|(id, room)| Write::Put(format!("{PREFIX}{owner} {id}"), room)).collect()
}

impl OwnRooms {
    /// What is kept of an account's rooms.
    pub(crate) async fn load(host: &dyn Host, owner: &Passport) -> Result<Self, HostFault> {
        let mut known = Known::default();
        let prefix = format!("{PREFIX}{owner} ");
        for (key, value) in host.list(&prefix).await? {
            let room = key.strip_prefix(&prefix).and_then(|room| RoomId::parse(room).ok());
            if let (Some(room), Ok(mut kept)) = (room, serde_json::from_str::<OwnRoom>(&value)) {
                if !kept.timeline.is_behind() {
                    // A sync leaves nothing out: what is up to date need not be compared.
                    kept.timeline.is_caught_up(0);
                }
                known.set(room, Some(kept));
            } else {
                tracing::error!(key, "a kept room of a linked account cannot be read; it is taken for a new one");
            }
        }
        known.has_begun = host.get(&stores::since(owner)).await?.is_some();
        Ok(Self {
            owner: owner.clone(),
            known: RwLock::new(known),
            change: Mutex::new(()),
            making: Mutex::new(()),
            bell: Notify::new(),
            moving: Notify::new(),
            passing: SyncMutex::default(),
        })
    }

    /// The direct chat with a person that is spoken in: the one that something was said in last, of those where the person is, else of
    /// those they were asked into; `None` if there is none.
    pub(crate) fn direct(&self, user: &UserId) -> Option<OwnedRoomId> {
        let known = self.read();
        let standing = |room: &OwnRoom| match (&room.kind, room.stage) {
            (Kind::Direct { person: Membership::Joined, .. }, Stage::Joined) => 2,
            (Kind::Direct { person: Membership::Invited, .. }, Stage::Joined) => 1,
            (Kind::Direct { person: Membership::Left, .. } | Kind::Room, _) | (_, Stage::Invited) => 0,
        };
        let candidates = known.of_person(user).filter(|(_, room)| standing(room) > 0);
        candidates.max_by_key(|(_, room)| (standing(room), room.timeline.at())).map(|(id, _)| id.clone())
    }

    /// What a room that the account is in is to it.
    pub(crate) fn kind(&self, room: &RoomId) -> Option<Kind> {
        self.get(room).filter(OwnRoom::is_joined).map(|room| room.kind)
    }

    /// Whether the account is in a room.
    pub(crate) fn is_joined(&self, room: &RoomId) -> bool {
        self.read().rooms.get(room).is_some_and(OwnRoom::is_joined)
    }

    /// Whether the account hears by itself what is said in a room.
    pub(crate) fn hears_in(&self, room: &RoomId) -> bool {
        self.read().rooms.get(room).is_some_and(OwnRoom::is_heard)
    }

    /// Whether the account is asked into a room.
    pub(crate) fn is_invited(&self, room: &RoomId) -> bool {
        self.read().rooms.get(room).is_some_and(|room| room.stage == Stage::Invited)
    }

    /// The direct chats that a person asks the account into.
    pub(crate) fn invitations_of(&self, user: &UserId) -> Vec<OwnedRoomId> {
        let known = self.read();
        let open = known.of_person(user).filter(|(_, room)| room.stage == Stage::Invited);
        open.map(|(id, _)| id.clone()).collect()
    }

    /// The account has come into a room, or made it, by an order of its own: known before the sync tells of it.
    pub(crate) async fn entered(&self, host: &dyn Host, room: &RoomId, kind: Kind) -> Result<(), HostFault> {
        let mut draft = self.begin().await;
        let was_passed_over = draft.get(room).is_some_and(|kept| kept.is_joined() && !kept.listed);
        let kept = draft.room(room, || OwnRoom::joined(kind.clone()));
        if !kept.is_joined() {
            *kept = OwnRoom::joined(kind.clone());
        }
        if was_passed_over {
            // Nothing of what was said while it was not on the list.
            (kept.timeline, kept.unread) = (Timeline::unread(), Some(0));
        }
        kept.kind = kind;
        kept.listed = true;
        let writes = draft.writes();
        if !writes.is_empty() {
            host.write(writes).await?;
        }
        draft.committed();
        self.bell.notify_one();
        Ok(())
    }

    /// Held while a direct chat is made: no sync is taken until this is dropped.
    pub(super) async fn make(&self) -> MutexGuard<'_, ()> {
        self.making.lock().await
    }

    /// Waits until no direct chat is half made.
    pub(super) async fn made(&self) {
        drop(self.making.lock().await);
    }

    /// Waits until no change is half committed: what the host has heard of already is known then.
    pub(crate) async fn committed(&self) {
        drop(self.change.lock().await);
    }

    /// What is known of a room.
    pub(super) fn get(&self, room: &RoomId) -> Option<OwnRoom> {
        self.read().rooms.get(room).cloned()
    }

    /// All rooms.
    pub(super) fn all(&self) -> Vec<(OwnedRoomId, OwnRoom)> {
        self.read().rooms.iter().map(|(id, room)| (id.clone(), room.clone())).collect()
    }

    /// The rooms of which something has to be read.
    pub(super) fn behind(&self) -> Vec<OwnedRoomId> {
        let known = self.read();
        known.rooms.iter().filter(|(_, room)| room.is_behind()).map(|(id, _)| id.clone()).collect()
    }

    /// The rooms that go on elsewhere, where the account has yet to follow.
    pub(super) fn moved(&self) -> Vec<(OwnedRoomId, OwnRoom, Moved)> {
        let moved = self.all().into_iter().filter(|(_, room)| room.is_heard());
        moved.filter_map(|(id, room)| Some((id, room.clone(), room.moved?))).collect()
    }

    /// What is the account's own.
    pub(super) fn heard(&self) -> Heard {
        let mut heard = Heard::default();
        self.read().rooms.iter().for_each(|(id, room)| heard.note(id, room));
        heard
    }

    /// Whether a sync was ever taken.
    pub(super) fn has_begun(&self) -> bool {
        self.read().has_begun
    }

    /// What a restart forgets. Held for moments only.
    pub(super) fn passing(&self) -> SyncMutexGuard<'_, Passing> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a change. No other change begins before this one is committed or dropped.
    pub(super) async fn begin(&self) -> Draft<'_> {
        Draft { _turn: self.change.lock().await, rooms: self, changed: BTreeMap::new() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of rooms that is not committed yet.
pub(super) struct Draft<'rooms> {
    _turn: MutexGuard<'rooms, ()>,
    rooms: &'rooms OwnRooms,
    changed: BTreeMap<OwnedRoomId, Option<OwnRoom>>,
}

impl Draft<'_> {
    /// A room as the draft has it.
    pub(super) fn get(&self, room: &RoomId) -> Option<OwnRoom> {
        match self.changed.get(room) {
            Some(changed) => changed.clone(),
            None => self.rooms.get(room),
        }
    }

    /// A room, to be changed; made if it is not known.
    pub(super) fn room(&mut self, room: &RoomId, make: impl FnOnce() -> OwnRoom) -> &mut OwnRoom {
        let rooms = self.rooms;
        let kept = self.changed.entry(room.to_owned()).or_insert_with(|| rooms.get(room));
        kept.get_or_insert_with(make)
    }

    /// A room that is known, to be changed.
    pub(super) fn known(&mut self, room: &RoomId) -> Option<&mut OwnRoom> {
        let rooms = self.rooms;
        self.changed.entry(room.to_owned()).or_insert_with(|| rooms.get(room)).as_mut()
    }

    /// The account has nothing to do with a room any more.
    pub(super) fn forget(&mut self, room: &RoomId) {
        self.changed.insert(room.to_owned(), None);
    }

    /// Whether the account has a direct chat with somebody, which they have not left.
    pub(super) fn has_chat_with(&self, user: &UserId) -> bool {
        let is_with = |room: &OwnRoom| match &room.kind {
            Kind::Direct { user: with, person } => room.is_heard() && with == user && *person != Membership::Left,
            Kind::Room => false,
        };
        let known = self.rooms.read();
        let mut untouched = known.of_person(user).filter(|(id, _)| !self.changed.contains_key(*id));
        self.changed.values().flatten().any(is_with) || untouched.any(|(_, room)| is_with(room))
    }

    /// How many rooms of several people are on the list.
    pub(super) fn listed(&self) -> usize {
        let known = self.rooms.read();
        let is_listed = |room: &OwnRoom| room.is_heard() && matches!(room.kind, Kind::Room);
        let untouched = known.rooms.iter().filter(|(id, room)| !self.changed.contains_key(*id) && is_listed(room));
        untouched.count() + self.changed.values().flatten().filter(|room| is_listed(room)).count()
    }

    /// What has to be committed for the draft to hold.
    pub(super) fn writes(&self) -> Vec<Write> {
        let owner = &self.rooms.owner;
        let changed = self.changed.iter().filter(|(id, room)| self.rooms.get(id) != **room);
        changed
            .map(|(id, room)| {
                let key = format!("{PREFIX}{owner} {id}");
                match room.as_ref().map(serde_json::to_string) {
                    Some(Ok(value)) => Write::Put(key, value),
                    Some(Err(_)) | None => Write::Delete(key),
                }
            })
            .collect()
    }

    /// The writes are committed: from now on the change is what everybody sees.
    pub(super) fn committed(self) {
        let mut known = self.rooms.known.write().unwrap_or_else(PoisonError::into_inner);
        for (id, room) in self.changed {
            known.set(id, room);
        }
    }

    /// As [`Draft::committed`], of a sync that was taken.
    pub(super) fn committed_with_sync(self) {
        self.rooms.known.write().unwrap_or_else(PoisonError::into_inner).has_begun = true;
        self.committed();
    }
}
