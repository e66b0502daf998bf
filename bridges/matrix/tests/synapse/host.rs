//! An installation in memory, which also survives its bridge being started anew.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bridge::{Accepted, Arrival, Batch, Host, HostFault, Inbox, LinkOwner, MediaStream, RemoteProfile, Registration, RoomProfile, Write};
use domain::{
    NetworkName, Passport, RemoteUser, Timestamp,
    contact::RemoteTarget,
    media::{Attachment, BlobId, Source},
    presence::RemotePresence,
};
use serde_json::Value;
use tokio::sync::watch;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// What a bridge told.
#[derive(Default, Debug, Clone)]
pub(crate) struct Told {
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) presences: Vec<(Passport, RemoteUser, RemotePresence)>,
    pub(crate) typing: Vec<(Passport, RemoteUser, bool)>,
    pub(crate) profiles: Vec<RemoteProfile>,
}

impl Told {
    /// The messages that arrived, as author and content.
    pub(crate) fn messages(&self) -> Vec<(String, domain::Content)> {
        let messages = self.arrivals.iter().filter_map(|arrival| {
            let Arrival::Message { author, content, .. } = arrival else { return None };
            Some((author.user.to_string(), content.clone()))
        });
        messages.collect()
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
    /// While set, nothing is committed.
    pub(crate) broken: AtomicBool,
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
            broken: AtomicBool::new(false),
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

    fn commit(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(HostFault::Store("the disk is full, says the test".into()));
        }
        self.told.send_modify(|told| {
            for write in writes {
                match write {
                    Write::Put(key, value) => told.kept.insert(key, value),
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

    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault> {
        Ok(self.owners.clone())
    }

    async fn register(&self, _passport: &Passport, _password: &str) -> Result<Registration, HostFault> {
        Ok(Registration::Refused("accounts are made by the administrator".to_owned()))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, HostFault> {
        Ok(self.told.borrow().kept.get(key).cloned())
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

    fn typing(&self, owner: &Passport, _place: &RemoteTarget, user: &RemoteUser, typing: bool) {
        self.told.send_modify(|told| told.typing.push((owner.clone(), user.clone(), typing)));
    }

    fn profile(&self, profile: RemoteProfile) {
        self.told.send_modify(|told| told.profiles.push(profile));
    }

    fn room(&self, _room: RoomProfile) {}

    fn picture(&self, _whose: &RemoteTarget, _picture: Option<BlobId>) {}

    // This bridge carries no files yet: its features say so, and nothing asks for any.
    async fn keep_media(&self, _name: &str, _stream: MediaStream, _limit: u64) -> Result<Attachment, HostFault> {
        Err(HostFault::Media("this host keeps no files".to_owned()))
    }

    async fn open_media(&self, _source: Source) -> Result<Option<MediaStream>, HostFault> {
        Ok(None)
    }
}
