//! An installation in memory, which also survives its bridge being started anew.

use std::{
    collections::BTreeMap,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bridge::{
    Accepted, Arrival, Batch, Bound, Host, HostFault, Inbox, LinkOwner, MediaStream, Registration, RemoteProfile,
    RoomProfile, Write,
};
use domain::{
    Content, NetworkName, Passport, RemoteUser, Timestamp,
    contact::RemoteTarget,
    media::{Attachment, BlobId, Source},
    presence::RemotePresence,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::{io::AsyncReadExt as _, sync::watch};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// How far the program's clock is put forward at once: several of these fit into the time that a homeserver has for an answer.
const LEAP: Duration = Duration::from_secs(5);
/// How long is waited from one leap to the next: the homeserver's own time does not run ahead.
const BETWEEN_LEAPS: Duration = Duration::from_millis(500);

/// What a bridge told.
#[derive(Default, Debug, Clone)]
pub(crate) struct Told {
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) presences: Vec<(Passport, RemoteUser, RemotePresence)>,
    pub(crate) typing: Vec<(Passport, RemoteUser, bool)>,
    /// Where was typed in rooms of several people.
    pub(crate) typing_in: Vec<(Passport, RemoteTarget, bool)>,
    pub(crate) profiles: Vec<RemoteProfile>,
    /// Whose picture is which.
    pub(crate) pictures: Vec<(RemoteTarget, Option<BlobId>)>,
    /// The accounts that were made, with their passwords.
    pub(crate) registered: Vec<(Passport, String)>,
    pub(crate) rooms: Vec<RoomProfile>,
    /// What accounts were told by the server's own contact.
    pub(crate) notices: Vec<(Passport, String)>,
}

impl Told {
    /// The messages that arrived, as author and content.
    pub(crate) fn messages(&self) -> Vec<(String, Content)> {
        let messages = self.arrivals.iter().filter_map(|arrival| {
            let Arrival::Message { author, content, .. } = arrival else { return None };
            Some((author.user.to_string(), content.clone()))
        });
        messages.collect()
    }

    /// What was said to an account, in order: where, by what name, and what.
    pub(crate) fn heard(&self, account: &str) -> Vec<(String, String, Content)> {
        let heard = self.arrivals.iter().filter_map(|arrival| {
            let Arrival::Message { owner, place, author, content, .. } = arrival else { return None };
            let place = match place {
                RemoteTarget::Person(user) => user.to_string(),
                RemoteTarget::Room(room) => room.to_string(),
            };
            (owner.as_str() == account).then(|| (place, author.name.clone(), content.clone()))
        });
        heard.collect()
    }

    /// The texts among it.
    pub(crate) fn texts(&self, account: &str) -> Vec<String> {
        let heard = self.heard(account).into_iter();
        heard
            .filter_map(|(_, _, content)| if let Content::Text(text) = content { Some(text.text) } else { None })
            .collect()
    }

    /// The last presence that was told of this person.
    pub(crate) fn presence_of(&self, user: &str) -> Option<&RemotePresence> {
        self.presences.iter().rev().find(|(_, of, _)| of.as_str() == user).map(|(_, _, presence)| presence)
    }
}

pub(crate) struct MemoryHost {
    network: NetworkName,
    data: PathBuf,
    owners: Vec<LinkOwner>,
    told: watch::Sender<Told>,
    messages: Mutex<Vec<(Passport, String)>>,
    blobs: Mutex<BTreeMap<BlobId, Vec<u8>>>,
    /// While set, nothing is committed.
    pub(crate) broken: AtomicBool,
    /// While held, what arrives is told, but whoever brought it waits for the answer.
    pub(crate) answering: tokio::sync::Mutex<()>,
    /// Which life of the installation this is.
    pub(crate) generation: Mutex<String>,
}

impl MemoryHost {
    pub(crate) fn new(data: &Path, owners: &[(&str, &str)]) -> Self {
        let owner = |(passport, name): &(&str, &str)| LinkOwner {
            passport: passport.parse().unwrap(),
            name: (*name).to_owned(),
        };
        Self {
            network: "matrix".parse().unwrap(),
            data: data.to_owned(),
            owners: owners.iter().map(owner).collect(),
            told: watch::Sender::new(Told::default()),
            messages: Mutex::default(),
            blobs: Mutex::default(),
            broken: AtomicBool::new(false),
            answering: tokio::sync::Mutex::default(),
            generation: Mutex::new("first".into()),
        }
    }

    /// Waits until what was told fulfils `wanted`, and gives it.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        let mut told = self.told.subscribe();
        let seen = tokio::time::timeout(PATIENCE, told.wait_for(|told| wanted(told))).await;
        match seen {
            Ok(told) => told.unwrap().clone(),
            Err(elapsed) => panic!("never: {what} ({elapsed}); told so far: {:#?}", self.told.borrow()),
        }
    }

    /// The same, where the program waits for what never comes: its clock runs ahead meanwhile. Only in a runtime of one thread.
    pub(crate) async fn until_at_last(&self, what: &str, wanted: impl Fn(&Told) -> bool) -> Told {
        let (mut told, began) = (self.told.subscribe(), Instant::now());
        loop {
            if let Ok(told) = tokio::time::timeout(BETWEEN_LEAPS, told.wait_for(&wanted)).await {
                return told.unwrap().clone();
            }
            assert!(began.elapsed() < PATIENCE, "never: {what}; told so far: {:#?}", self.told.borrow());
            tokio::time::pause();
            tokio::time::advance(LEAP).await;
            tokio::time::resume();
        }
    }

    pub(crate) fn told(&self) -> Told {
        self.told.borrow().clone()
    }

    /// Sets one of the things that the bridge kept.
    pub(crate) fn put(&self, key: &str, value: &Value) {
        self.told.send_modify(|told| {
            told.kept.insert(key.to_owned(), value.to_string());
        });
    }

    /// Puts back what the bridge kept at an earlier time, as if the program had been killed then.
    pub(crate) fn forget_since(&self, earlier: &Told) {
        self.told.send_modify(|told| told.kept.clone_from(&earlier.kept));
    }

    /// Keeps bytes, of which messages can speak then.
    pub(crate) fn keep(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Attachment {
        let (blob, size) = (BlobId(Sha256::digest(&bytes).into()), bytes.len() as u64);
        self.blobs.lock().unwrap().insert(blob, bytes);
        let (name, media_type) = (name.to_owned(), media_type.to_owned());
        Attachment { name, media_type, size, source: Source::Blob(blob), link: None }
    }

    /// The bytes of what is kept.
    pub(crate) fn bytes(&self, source: Source) -> Option<Vec<u8>> {
        let Source::Blob(blob) = source else { return None };
        self.blobs.lock().unwrap().get(&blob).cloned()
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(HostFault::Store("the disk is full, says the test".into()));
        }
        self.told.send_modify(|told| {
            for write in writes {
                match write {
                    Write::Put(key, value) | Write::Seal(key, value) => told.kept.insert(key, value),
                    Write::Delete(key) => told.kept.remove(&key),
                };
            }
        });
        Ok(())
    }
}

#[async_trait]
impl Inbox for MemoryHost {
    async fn accept(&self, batch: Batch) -> Result<Accepted, HostFault> {
        self.commit(batch.writes)?;
        let mut accepted = Accepted::default();
        for arrival in batch.arrivals {
            let known = |arrival: &Arrival| {
                let Some(id) = arrival.id() else { return false };
                let key = (arrival.owner().clone(), id.to_string());
                let mut messages = self.messages.lock().unwrap();
                let known = messages.contains(&key);
                messages.push(key);
                known
            };
            if known(&arrival) {
                accepted.left_out += 1;
            } else {
                accepted.fresh += 1;
                self.told.send_modify(|told| told.arrivals.push(arrival));
            }
        }
        if accepted.fresh > 0 {
            drop(self.answering.lock().await);
        }
        Ok(accepted)
    }
}

#[async_trait]
impl Host for MemoryHost {
    fn network(&self) -> &NetworkName {
        &self.network
    }

    fn domain(&self) -> &'static str {
        "msn.example"
    }

    fn data_directory(&self) -> &Path {
        &self.data
    }

    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    }

    async fn generation(&self) -> Result<String, HostFault> {
        Ok(self.generation.lock().unwrap().clone())
    }

    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault> {
        Ok(self.owners.clone())
    }

    async fn register(&self, passport: &Passport, password: &str) -> Result<Registration, HostFault> {
        if password.len() < 8 {
            return Ok(Registration::Refused("the password is too short".to_owned()));
        }
        self.told.send_modify(|told| told.registered.push((passport.clone(), password.to_owned())));
        Ok(Registration::Made)
    }

    async fn get(&self, key: &str) -> Result<Option<String>, HostFault> {
        Ok(self.told.borrow().kept.get(key).cloned())
    }

    async fn secret(&self, key: &str) -> Result<Option<String>, HostFault> {
        self.get(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault> {
        let told = self.told.borrow();
        let found = told.kept.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        self.commit(writes)
    }

    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence) {
        self.told.send_modify(|told| told.presences.push((owner.clone(), user.clone(), presence)));
    }

    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool) {
        self.told.send_modify(|told| match place {
            RemoteTarget::Person(_) => told.typing.push((owner.clone(), user.clone(), typing)),
            RemoteTarget::Room(_) => told.typing_in.push((owner.clone(), place.clone(), typing)),
        });
    }

    fn profile(&self, profile: RemoteProfile) {
        self.told.send_modify(|told| told.profiles.push(profile));
    }

    fn room(&self, room: RoomProfile) {
        self.told.send_modify(|told| told.rooms.push(room));
    }

    fn picture(&self, whose: &RemoteTarget, picture: Option<BlobId>) {
        self.told.send_modify(|told| told.pictures.push((whose.clone(), picture)));
    }

    async fn keep_media(&self, name: &str, stream: MediaStream, limit: u64) -> Result<Attachment, HostFault> {
        let mut bytes = Vec::new();
        let read = stream.take(limit + 1).read_to_end(&mut bytes).await;
        read.map_err(|fault| HostFault::Media(fault.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(HostFault::TooLarge { limit });
        }
        let is_picture = bytes.starts_with(b"\x89PNG");
        Ok(self.keep(name, if is_picture { "image/png" } else { "application/octet-stream" }, bytes))
    }

    async fn open_media(&self, source: Source) -> Result<Option<MediaStream>, HostFault> {
        Ok(self.bytes(source).map(|bytes| Box::pin(Cursor::new(bytes)) as MediaStream))
    }

    async fn publish(&self, _attachment: &Attachment) -> Result<Option<String>, HostFault> {
        Ok(None)
    }

    fn notify(&self, owner: &Passport, line: String) {
        self.told.send_modify(|told| told.notices.push((owner.clone(), line)));
    }

    fn reached(&self, _bound: Bound, _by: &str) {}
}
