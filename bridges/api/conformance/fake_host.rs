//! A host in memory, for tests.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Cursor,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use domain::{
    Content, NetworkName, Passport, RemoteMessage, RemoteRoom, RemoteUser, Timestamp,
    contact::RemoteTarget,
    media::{Attachment, BlobId, ObjectHash, Source},
    presence::RemotePresence,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt, sync::Notify, time::timeout};

use crate::{
    Accepted, Arrival, Batch, Bound, Host, HostFault, Inbox, LinkOwner, MediaStream, Registration, RemoteProfile,
    RoomProfile, Write,
};

/// How long [`FakeHost::wait_for`] waits: a real homeserver on a busy machine may take seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A host that keeps everything in memory and lets a test wait for it.
#[derive(Debug)]
pub struct FakeHost {
    network: NetworkName,
    owners: Vec<LinkOwner>,
    directory: TempDir,
    state: Mutex<State>,
    changed: Notify,
}

/// What a bridge has told a [`FakeHost`] so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Everything accepted, oldest first, known messages left out.
    pub arrivals: Vec<Arrival>,
    /// The latest presence of each person, for each account.
    pub presences: HashMap<(Passport, RemoteUser), RemotePresence>,
    /// Who types to each account now, and where.
    pub typing: HashSet<(Passport, RemoteUser, RemoteTarget)>,
    /// Each person's latest profile.
    pub profiles: HashMap<RemoteUser, RemoteProfile>,
    /// Each room's latest profile.
    pub rooms: HashMap<RemoteRoom, RoomProfile>,
    /// The latest picture of each person and room.
    pub pictures: HashMap<RemoteTarget, Option<BlobId>>,
    /// What the accounts were told, oldest first.
    pub notices: Vec<(Passport, String)>,
    /// The bounds that bit, and on whose account, oldest first.
    pub bounds: Vec<(Bound, String)>,
    /// How many calls told something: acceptances that failed, and signals of nothing new, included.
    pub calls: usize,
}

impl Seen {
    /// What `user` said to `owner`, oldest first.
    #[must_use]
    pub fn said(&self, owner: &Passport, user: &RemoteUser) -> Vec<Content> {
        let said = self.arrivals.iter().filter_map(|arrival| {
            let Arrival::Message { owner: to, author, content, .. } = arrival else { return None };
            (to == owner && author.user == *user).then(|| content.clone())
        });
        said.collect()
    }
}

#[derive(Debug, Default)]
struct State {
    seen: Seen,
    known: HashSet<(Passport, RemoteMessage)>,
    values: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    public_url: Option<String>,
    media: HashMap<Source, Vec<u8>>,
    failures: usize,
}

impl FakeHost {
    /// A host of a network of this name, at `msn.example`, with these accounts.
    ///
    /// # Panics
    /// When there is no place for its temporary directory.
    #[must_use]
    pub fn new(network: NetworkName, owners: Vec<LinkOwner>) -> Arc<Self> {
        let directory = TempDir::new().unwrap_or_else(|fault| panic!("no temporary directory for the bridge: {fault}"));
        Arc::new(Self { network, owners, directory, state: Mutex::default(), changed: Notify::new() })
    }

    /// The next `count` calls of [`Inbox::accept`] fail, as with a database that is away.
    pub fn fail_next(&self, count: usize) {
        self.state().failures = count;
    }

    /// How many failures that were asked for have not happened yet.
    #[must_use]
    pub fn failures_left(&self) -> usize {
        self.state().failures
    }

    /// From now on attachments are published under this address, such as `https://msn.example`; before that, they cannot be.
    pub fn publish_under(&self, public_url: &str) {
        self.state().public_url = Some(public_url.to_owned());
    }

    /// The keys of all secrets that the bridge keeps, in their order.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.state().secrets.keys().cloned().collect()
    }

    /// Keeps these bytes, as if they had been handed in.
    #[must_use]
    pub fn keep(&self, name: &str, bytes: Vec<u8>) -> Attachment {
        let blob = BlobId(Sha256::digest(&bytes).into());
        self.keep_as(Source::Blob(blob), name, bytes)
    }

    /// Keeps these bytes, as if a client had announced and given them: they are known by the hash alone.
    #[must_use]
    pub fn keep_object(&self, hash: ObjectHash, name: &str, bytes: Vec<u8>) -> Attachment {
        self.keep_as(Source::Object(hash), name, bytes)
    }

    fn keep_as(&self, source: Source, name: &str, bytes: Vec<u8>) -> Attachment {
        let media_type = infer::get(&bytes).map_or("application/octet-stream", |kind| kind.mime_type());
        let (name, media_type) = (name.to_owned(), media_type.to_owned());
        let attachment = Attachment { name, media_type, size: bytes.len() as u64, source, link: None };
        self.state().media.insert(source, bytes);
        attachment
    }

    /// The bytes of an attachment; `None` if nobody has kept them.
    #[must_use]
    pub fn bytes(&self, attachment: &Attachment) -> Option<Vec<u8>> {
        self.kept(attachment.source)
    }

    /// The latest picture of `whose`; `None` if there is none, or nobody has kept it.
    #[must_use]
    pub fn picture_of(&self, whose: &RemoteTarget) -> Option<Vec<u8>> {
        let blob = (*self.state().seen.pictures.get(whose)?)?;
        self.kept(Source::Blob(blob))
    }

    fn kept(&self, source: Source) -> Option<Vec<u8>> {
        self.state().media.get(&source).cloned()
    }

    /// What the bridge has told so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// Waits until `probe` finds what it looks for in what the bridge has told.
    ///
    /// # Panics
    /// After half a minute, naming `what` was waited for.
    pub async fn wait_for<T>(&self, what: &str, probe: impl Fn(&Seen) -> Option<T>) -> T {
        let found = async {
            loop {
                // Registered before looking, so that nothing slips through in between.
                let changed = self.changed.notified();
                // A copy, so that a probe may ask the host for more.
                if let Some(found) = probe(&self.seen()) {
                    return found;
                }
                changed.await;
            }
        };
        let told = || format!("waited in vain for {what}; the bridge told: {:#?}", self.seen());
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{}", told()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Seen)) {
        let mut state = self.state();
        state.seen.calls += 1;
        change(&mut state.seen);
        drop(state);
        self.changed.notify_waiters();
    }
}

/// What an attachment's address ends with.
fn word_of(source: Source) -> String {
    match source {
        Source::Blob(blob) => blob.to_string(),
        Source::Object(hash) => hash.to_string().replace('/', "_"),
    }
}

impl State {
    fn commit(&mut self, batch: Batch, owners: &[LinkOwner]) -> Accepted {
        let mut accepted = Accepted::default();
        for arrival in batch.arrivals {
            let here = owners.iter().any(|owner| owner.passport == *arrival.owner());
            let fresh = here && arrival.id().is_none_or(|id| self.known.insert((arrival.owner().clone(), id.clone())));
            if fresh {
                accepted.fresh += 1;
                self.seen.arrivals.push(arrival);
            } else {
                accepted.left_out += 1;
            }
        }
        self.write(batch.writes);
        accepted
    }

    fn write(&mut self, writes: Vec<Write>) {
        for write in writes {
            match write {
                Write::Put(key, value) => drop(self.values.insert(key, value)),
                Write::Seal(key, value) => drop(self.secrets.insert(key, value)),
                Write::Delete(key) => {
                    self.values.remove(&key);
                    self.secrets.remove(&key);
                }
            }
        }
    }
}

#[async_trait]
impl Inbox for FakeHost {
    async fn accept(&self, batch: Batch) -> Result<Accepted, HostFault> {
        let mut state = self.state();
        state.seen.calls += 1;
        let outcome = if state.failures > 0 {
            state.failures -= 1;
            Err(HostFault::Store("the test wants it to fail".to_owned()))
        } else {
            Ok(state.commit(batch, &self.owners))
        };
        drop(state);
        self.changed.notify_waiters();
        outcome
    }
}

#[async_trait]
impl Host for FakeHost {
    fn network(&self) -> &NetworkName {
        &self.network
    }

    fn domain(&self) -> &'static str {
        "msn.example"
    }

    fn data_directory(&self) -> &Path {
        self.directory.path()
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(since.as_millis() as i64)
    }

    async fn generation(&self) -> Result<String, HostFault> {
        Ok("first".into())
    }

    async fn owners(&self) -> Result<Vec<LinkOwner>, HostFault> {
        Ok(self.owners.clone())
    }

    async fn register(&self, _passport: &Passport, _password: &str) -> Result<Registration, HostFault> {
        Ok(Registration::Refused("this host makes no accounts".to_owned()))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, HostFault> {
        Ok(self.state().values.get(key).cloned())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, String)>, HostFault> {
        let state = self.state();
        let values = state.values.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(values.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn secret(&self, key: &str) -> Result<Option<String>, HostFault> {
        Ok(self.state().secrets.get(key).cloned())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), HostFault> {
        self.state().write(writes);
        Ok(())
    }

    fn presence(&self, owner: &Passport, user: &RemoteUser, presence: RemotePresence) {
        self.tell(|seen| drop(seen.presences.insert((owner.clone(), user.clone()), presence)));
    }

    fn typing(&self, owner: &Passport, place: &RemoteTarget, user: &RemoteUser, typing: bool) {
        let who = (owner.clone(), user.clone(), place.clone());
        self.tell(|seen| {
            if typing {
                seen.typing.insert(who);
            } else {
                seen.typing.remove(&who);
            }
        });
    }

    fn profile(&self, profile: RemoteProfile) {
        self.tell(|seen| drop(seen.profiles.insert(profile.user.clone(), profile)));
    }

    fn room(&self, room: RoomProfile) {
        self.tell(|seen| drop(seen.rooms.insert(room.room.clone(), room)));
    }

    fn picture(&self, whose: &RemoteTarget, picture: Option<BlobId>) {
        self.tell(|seen| {
            seen.pictures.insert(whose.clone(), picture);
        });
    }

    async fn keep_media(&self, name: &str, stream: MediaStream, limit: u64) -> Result<Attachment, HostFault> {
        let mut bytes = Vec::new();
        let mut stream = stream.take(limit.saturating_add(1));
        stream.read_to_end(&mut bytes).await.map_err(|fault| HostFault::Media(fault.to_string()))?;
        if bytes.len() as u64 > limit {
            return Err(HostFault::TooLarge { limit });
        }
        Ok(self.keep(name, bytes))
    }

    async fn open_media(&self, source: Source) -> Result<Option<MediaStream>, HostFault> {
        Ok(self.kept(source).map(|bytes| Box::pin(Cursor::new(bytes)) as MediaStream))
    }

    async fn publish(&self, attachment: &Attachment) -> Result<Option<String>, HostFault> {
        let state = self.state();
        let public_url = state.public_url.as_ref().filter(|_| state.media.contains_key(&attachment.source));
        Ok(public_url.map(|url| format!("{url}/media/{}", word_of(attachment.source))))
    }

    fn notify(&self, owner: &Passport, line: String) {
        self.tell(|seen| seen.notices.push((owner.clone(), line)));
    }

    fn reached(&self, bound: Bound, by: &str) {
        self.tell(|seen| seen.bounds.push((bound, by.to_owned())));
    }
}
