//! The machines of all our users. Their stores are opened as they are used, and only some are open at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bridge::HostFault;
use ruma::{OwnedUserId, UserId};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::{
    fault::MachineFault,
    machine::{Machine, open_store},
    records::{Record, Records, remove_folder},
};

/// How many stores are open at once: each has five files open, of the 1024 that a program usually may.
const MOST_OPEN: usize = 48;
/// The file of a store, as matrix-sdk-sqlite calls it.
pub(super) const STORE: &str = "matrix-sdk-crypto.sqlite3";

/// Every user of ours who has a device.
pub(super) struct Machines {
    pub(super) records: Records,
    generation: String,
    seats: Mutex<HashMap<OwnedUserId, Arc<Seat>>>,
    /// How many stores are open at once.
    most_open: usize,
    /// Counts uses, which tells what was not used for longest.
    uses: AtomicU64,
}

/// The place of one user's machine, open or not.
struct Seat {
    user: OwnedUserId,
    /// Whoever uses the machine reads; whoever opens, closes or replaces it writes, and waits for those who use it: so that is never
    /// done to a machine that works, as whoever wants to read then waits behind it.
    state: Arc<RwLock<State>>,
    used: AtomicU64,
    is_open: AtomicBool,
}

/// What is at a seat.
pub(super) struct State {
    record: Option<Record>,
    machine: Option<Machine>,
}

/// A machine in use: meanwhile it is not closed.
pub(super) type Using = OwnedRwLockReadGuard<State, Machine>;

impl Machines {
    /// Reads what is kept. What another life of the installation made is put aside for something new.
    pub(super) async fn load(records: Records) -> Result<Self, HostFault> {
        let generation = records.generation().await?;
        let mut seats = HashMap::new();
        for (user, mut record) in records.all().await? {
            if record.generation != generation {
                record = record.renewed(&generation);
                records.add(&user, &record).await?;
                tracing::info!(%user, device = %record.device, "a device is made anew, as the installation was restored");
            }
            seats.insert(user.clone(), Arc::new(Seat::new(user, Some(record))));
        }
        Ok(Self { records, generation, seats: Mutex::new(seats), most_open: MOST_OPEN, uses: AtomicU64::new(0) })
    }

    /// Whether this user has a device, or one is being made or unmade.
    pub(super) fn has(&self, user: &UserId) -> bool {
        let seat = self.seats().get(user).cloned();
        seat.is_some_and(|seat| seat.state.try_read().map_or(true, |state| state.record.is_some()))
    }

    /// Whether the homeserver has this user's device, with its keys.
    pub(super) fn is_published(&self, user: &UserId) -> bool {
        let seat = self.seats().get(user).cloned();
        let is_published = |state: &State| state.record.as_ref().is_some_and(|record| record.published);
        seat.is_some_and(|seat| seat.state.try_read().is_ok_and(|state| is_published(&state)))
    }

    /// What is kept of a user's device. Its store is not opened for it.
    pub(super) async fn record(&self, user: &UserId) -> Option<Record> {
        let seat = self.seats().get(user).cloned()?;
        let state = seat.state.read().await;
        state.record.clone()
    }

    /// Those whose devices the homeserver does not have yet, with their keys.
    pub(super) fn unpublished(&self) -> Vec<OwnedUserId> {
        let is_unpublished = |seat: &&Arc<Seat>| {
            seat.state.try_read().is_ok_and(|state| state.record.as_ref().is_some_and(|record| !record.published))
        };
        self.seats().values().filter(is_unpublished).map(|seat| seat.user.clone()).collect()
    }

    /// Those whose machines are open.
    pub(super) fn open_ones(&self) -> Vec<OwnedUserId> {
        let seats = self.seats();
        seats.values().filter(|seat| seat.is_open.load(Ordering::Acquire)).map(|seat| seat.user.clone()).collect()
    }

    /// A user's machine; `None` for who has none.
    pub(super) async fn of(&self, user: &UserId) -> Result<Option<Using>, MachineFault> {
        let Some(seat) = self.seats().get(user).cloned() else { return Ok(None) };
        self.sit(&seat).await
    }

    /// A user's machine, made where there is none. Nothing is asked of the homeserver.
    pub(super) async fn make(&self, user: &UserId) -> Result<Using, MachineFault> {
        loop {
            let seat = {
                let mut seats = self.seats();
                let new = || Arc::new(Seat::new(user.to_owned(), None));
                Arc::clone(seats.entry(user.to_owned()).or_insert_with(new))
            };
            // Never written to where there is a machine: that would wait for whoever uses it, who may be waiting for the homeserver, and
            // whoever reads would wait behind it.
            if let Some(using) = self.sit(&seat).await? {
                return Ok(using);
            }
            let mut state = seat.state.write().await;
            if state.record.is_none() {
                let record = Record::new(&self.generation);
                self.records.add(user, &record).await?;
                state.record = Some(record);
            }
        }
    }

    async fn sit(&self, seat: &Arc<Seat>) -> Result<Option<Using>, MachineFault> {
        seat.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let state = Arc::clone(&seat.state).read_owned().await;
        if let Ok(using) = OwnedRwLockReadGuard::try_map(state, |state| state.machine.as_ref()) {
            return Ok(Some(using));
        }
        let mut state = Arc::clone(&seat.state).write_owned().await;
        if state.machine.is_none() {
            let Some(record) = state.record.clone() else { return Ok(None) };
            let machine = self.open(&seat.user, record).await?;
            *state = State { record: Some(machine.record.clone()), machine: Some(machine) };
            seat.is_open.store(true, Ordering::Release);
        }
        let using =
            OwnedRwLockReadGuard::try_map(OwnedRwLockWriteGuard::downgrade(state), |state| state.machine.as_ref());
        self.close_the_oldest();
        Ok(using.ok())
    }

    async fn open(&self, user: &UserId, record: Record) -> Result<Machine, MachineFault> {
        let is_there = tokio::fs::try_exists(self.records.path(user, &record.device).join(STORE)).await;
        let key = self.records.key(user, &record.device).await?;
        let (record, key) = match key {
            Some(key) if !record.published || is_there.unwrap_or(true) => (record, key),
            Some(_) | None => {
                // With other keys under a known name, people would be warned of an impostor.
                tracing::error!(%user, device = %record.device, "the store of a device's keys is lost, and what it could read; another device is made");
                // It takes the place of what is lost, which the homeserver is told to forget.
                let record = record.renewed(&self.generation);
                self.records.add(user, &record).await?;
                let key = self.records.key(user, &record.device).await?;
                (record, key.ok_or_else(|| MachineFault::store("its key was not kept"))?)
            }
        };
        let olm = open_store(&self.records.path(user, &record.device), &key, user, &record.device).await?;
        Ok(Machine::new(olm, record))
    }

    /// Gives a user a new device in place of `lost`, which takes over what that can read; nothing happens where it was done already.
    pub(super) async fn renew(&self, user: &UserId, lost: &str) -> Result<(), MachineFault> {
        let Some(seat) = self.seats().get(user).cloned() else { return Ok(()) };
        let mut state = seat.state.write().await;
        let Some(record) = state.record.as_ref().filter(|record| record.device == lost) else { return Ok(()) };
        let record = record.renewed(&self.generation);
        self.records.add(user, &record).await?;
        seat.is_open.store(false, Ordering::Release);
        *state = State { record: Some(record), machine: None };
        Ok(())
    }

    /// A user's device is known to the homeserver now, and what was before it is not needed any more. Whoever calls may not be using the
    /// user's machine, which is waited for.
    pub(super) async fn published(&self, user: &UserId, record: &Record) -> Result<(), MachineFault> {
        let Some(seat) = self.seats().get(user).cloned() else { return Ok(()) };
        let mut state = seat.state.write().await;
        if state.record.as_ref().is_none_or(|now| now.device != record.device) {
            return Ok(());
        }
        let done = Record { published: true, before: None, ..record.clone() };
        self.records.update(user, &done, record.before.as_deref()).await?;
        if let Some(before) = &record.before {
            remove_folder(&self.records.path(user, before)).await;
        }
        state.record = Some(done);
        Ok(())
    }

    /// Forgets a user's device, once nobody uses its machine. The homeserver hears nothing of it.
    pub(super) async fn remove(&self, user: &UserId) -> Result<(), MachineFault> {
        let Some(seat) = self.seats().get(user).cloned() else { return Ok(()) };
        // The seat stays, empty: somebody may be waiting for it.
        let mut state = seat.state.write().await;
        if let Some(record) = &state.record {
            self.records.remove(user, record).await?;
        }
        seat.is_open.store(false, Ordering::Release);
        *state = State { record: None, machine: None };
        remove_folder(&self.records.folder(user)).await;
        Ok(())
    }

    /// Closes those that were not used for longest, except what is in use.
    fn close_the_oldest(&self) {
        let mut open: Vec<Arc<Seat>> = {
            let seats = self.seats();
            seats.values().filter(|seat| seat.is_open.load(Ordering::Acquire)).cloned().collect()
        };
        open.sort_by_key(|seat| seat.used.load(Ordering::Relaxed));
        let mut excess = open.len().saturating_sub(self.most_open);
        for seat in open {
            if excess == 0 {
                break;
            }
            if let Ok(mut state) = seat.state.try_write() {
                state.machine = None;
                seat.is_open.store(false, Ordering::Release);
                excess -= 1;
            }
        }
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<OwnedUserId, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn new(user: OwnedUserId, record: Option<Record>) -> Self {
        let state = Arc::new(RwLock::new(State { record, machine: None }));
        Self { user, state, used: AtomicU64::new(0), is_open: AtomicBool::new(false) }
    }
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;
    use futures_util::FutureExt as _;
    use matrix_sdk_crypto::EncryptionSettings;
    use ruma::{owned_user_id, room_id, serde::Raw, user_id};
    use serde_json::{json, value::to_raw_value};

    use super::{super::machine::Tried, *};

    async fn machines() -> Machines {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        Machines::load(Records::new(host)).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_uses_a_machine_keeps_nobody_from_it() {
        let (machines, user) = (machines().await, user_id!("@msn_a:example.org"));
        assert!(!machines.has(user));
        let first = machines.make(user).await.unwrap();
        let second = machines.make(user).now_or_never().expect("it waits for the first to be done").unwrap();
        let third = machines.of(user).now_or_never().expect("it waits, too").unwrap().unwrap();
        assert!(first.record == second.record && second.record == third.record);
        assert!(machines.has(user) && machines.unpublished() == [user]);
        drop((first, second, third));
        machines.remove(user).await.unwrap();
        assert!(!machines.has(user) && machines.unpublished().is_empty());
        assert!(!machines.records.folder(user).exists(), "its keys are gone");
    }

    #[tokio::test]
    async fn another_device_takes_the_place_of_one_whose_keys_are_lost() {
        let mut machines = machines().await;
        machines.most_open = 1;
        let (user, other) = (user_id!("@msn_a:example.org"), user_id!("@msn_b:example.org"));
        let record = machines.make(user).await.unwrap().record.clone();
        machines.published(user, &record).await.unwrap();
        assert!(machines.is_published(user));
        machines.make(other).await.unwrap();
        std::fs::remove_dir_all(machines.records.path(user, &record.device)).unwrap();
        let renewed = machines.of(user).await.unwrap().unwrap().record.clone();
        assert!(
            renewed.device != record.device && renewed.before == Some(record.device),
            "the old one is still told of"
        );
        assert!(!machines.is_published(user) && machines.unpublished().contains(&user.to_owned()));
    }

    #[tokio::test]
    async fn what_was_not_used_for_longest_is_closed_and_reads_on_when_it_is_opened_again() {
        let mut machines = machines().await;
        machines.most_open = 2;
        let (user, room) = (user_id!("@msn_a:example.org"), room_id!("!r:example.org"));
        let (event, identity) = {
            let machine = machines.make(user).await.unwrap();
            let nobody = || std::iter::empty::<&UserId>();
            machine.olm.share_room_key(room, nobody(), EncryptionSettings::default()).await.unwrap();
            let content = to_raw_value(&json!({ "msgtype": "m.text", "body": "secret" })).unwrap();
            let sealed = machine.olm.encrypt_room_event_raw(room, "m.room.message", &Raw::from_json(content)).await;
            let content = serde_json::to_value(sealed.unwrap().content).unwrap();
            let event = json!({ "type": "m.room.encrypted", "event_id": "$e", "sender": user, "origin_server_ts": 1,
                "room_id": room, "content": content });
            (Raw::from_json(to_raw_value(&event).unwrap()), machine.olm.identity_keys())
        };
        let others = [owned_user_id!("@msn_b:example.org"), owned_user_id!("@msn_c:example.org")];
        for other in &others {
            machines.make(other).await.unwrap();
        }
        let mut open = machines.open_ones();
        open.sort();
        assert_eq!(open, others);

        let machine = machines.of(user).await.unwrap().unwrap();
        assert_eq!(machine.olm.identity_keys(), identity);
        let Tried::Clear(clear) = machine.decrypt(room, &event).await.unwrap() else { panic!("it cannot be read") };
        assert_eq!(clear["content"]["body"], "secret");
        assert_eq!(machines.open_ones().len(), 2);
        let busy = machines.of(&others[0]).await.unwrap().unwrap();
        machines.make(&others[1]).await.unwrap();
        assert_eq!(machines.open_ones().len(), 3, "what is in use is not closed");
        drop((machine, busy));
        machines.make(user_id!("@msn_d:example.org")).await.unwrap();
        assert_eq!(machines.open_ones().len(), 2);
    }
}
