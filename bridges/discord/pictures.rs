//! How people and guilds look: their pictures, fetched when they change, a few at a time, and told to the host.

mod queue;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bridge::{Failure, Host, HostFault, MediaStream, Write};
use domain::media::{BlobId, Source};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    contacts::Target,
    model::{Guild, GuildId, User, UserId},
    rest::Cdn,
    roster::Picture,
};
use queue::Queue;

/// What was shown last of somebody is kept under this and whose it is.
const KEY: &str = "picture/";
/// How many are fetched at once.
const AT_ONCE: usize = 3;
/// The largest picture that is fetched; those of Discord are asked for in a small size.
const LARGEST: u64 = 1024 * 1024;

/// Where pictures come from.
#[async_trait]
pub(crate) trait Gallery: Send + Sync {
    /// The picture of this name, at most `limit` bytes of it.
    async fn open(&self, whose: Portrayed, name: &Picture, limit: u64) -> Result<MediaStream, Failure>;
}

/// Whose picture it is. That of a guild is shown by its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Portrayed {
    Guild(GuildId),
    Person(UserId),
}

/// A picture to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// `None` is no picture.
    pub(crate) name: Option<Picture>,
    /// Who and what shows it.
    pub(crate) shown_by: BTreeSet<Target>,
}

/// The pictures that have to be looked at.
pub(crate) struct Pictures {
    host: Arc<dyn Host>,
    gallery: Arc<dyn Gallery>,
    queue: Mutex<Queue>,
    bell: Notify,
}

impl Pictures {
    pub(crate) fn new(host: Arc<dyn Host>, gallery: Arc<dyn Gallery>) -> Self {
        Self { host, gallery, queue: Mutex::default(), bell: Notify::new() }
    }

    /// Somebody, or a guild, has this picture, or none. Returns at once; the host is told if that is new to it.
    pub(crate) fn look_at(&self, whose: Portrayed, look: Look) {
        self.lock().put(whose, look, Instant::now());
        self.bell.notify_one();
    }

    /// Looks at pictures until everything ends.
    pub(crate) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let mut working = JoinSet::new();
        while !stopping.is_cancelled() {
            let mut next = None;
            while working.len() < AT_ONCE {
                let look = self.lock().next(Instant::now());
                match look {
                    Ok((whose, look)) => {
                        let pictures = Arc::clone(&self);
                        working.spawn(async move {
                            let outcome = pictures.show(whose, &look).await;
                            pictures.lock().ended(whose, look, outcome, Instant::now());
                        });
                    }
                    Err(at) => {
                        next = at;
                        break;
                    }
                }
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = at(next) => {}
            }
        }
        working.shutdown().await;
    }

    /// Tells the host of a picture, and says which one. What an earlier run fetched is not fetched again, but told again: what is
    /// told just before a crash may be lost.
    async fn show(&self, whose: Portrayed, look: &Look) -> Result<Option<BlobId>, Failure> {
        let known = self.lock().shown(whose, look.name.as_ref());
        let blob = match (known, &look.name) {
            (Some(known), _) => known.blob,
            (None, None) => {
                let has_had_one = self.host.get(&key(whose)).await.map_err(|fault| host_failure(&fault))?.is_some();
                if !has_had_one {
                    return Ok(None);
                }
                self.note(Write::Delete(key(whose))).await?;
                None
            }
            (None, Some(name)) => Some(self.blob(whose, name).await?),
        };
        for target in &look.shown_by {
            self.host.picture(&target.remote(), blob);
        }
        Ok(blob)
    }

    /// The bytes of a picture, as they are kept here.
    async fn blob(&self, whose: Portrayed, name: &Picture) -> Result<BlobId, Failure> {
        let kept = self.host.get(&key(whose)).await.map_err(|fault| host_failure(&fault))?;
        let kept = kept.as_deref().and_then(|kept| kept.split_once(' ')).filter(|(kept, _)| *kept == name.to_string());
        if let Some(blob) = kept.and_then(|(_, blob)| blob.parse().ok())
            && self.host.open_media(Source::Blob(blob)).await.map_err(|fault| host_failure(&fault))?.is_some()
        {
            return Ok(blob);
        }
        let stream = self.gallery.open(whose, name, LARGEST).await?;
        let kept = self.host.keep_media("picture", stream, LARGEST).await.map_err(|fault| host_failure(&fault))?;
        let Source::Blob(blob) = kept.source else {
            return Err(Failure::refused("it is kept under another name than a picture can be told by"));
        };
        self.note(Write::Put(key(whose), format!("{name} {blob}"))).await?;
        Ok(blob)
    }

    async fn note(&self, write: Write) -> Result<(), Failure> {
        self.host.write(vec![write]).await.map_err(|fault| host_failure(&fault))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Gallery for Cdn {
    async fn open(&self, whose: Portrayed, name: &Picture, limit: u64) -> Result<MediaStream, Failure> {
        let name = Some(name.to_string());
        let address = match whose {
            Portrayed::Person(id) => self.avatar(&User { id, avatar: name, ..User::default() }),
            Portrayed::Guild(id) => self.icon(&Guild { id, icon: name, ..Guild::default() }),
        };
        let address = address.ok_or_else(|| Failure::refused("its name is none of a picture on Discord"))?;
        let fetched = self.fetch(address.as_str(), limit).await.map_err(|failure| failure.failure())?;
        Ok(fetched.stream)
    }
}

/// Waits until `moment`, or for ever.
pub(crate) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn key(whose: Portrayed) -> String {
    match whose {
        Portrayed::Guild(guild) => format!("{KEY}guild/{guild}"),
        Portrayed::Person(user) => format!("{KEY}person/{user}"),
    }
}

fn host_failure(fault: &HostFault) -> Failure {
    match fault {
        HostFault::TooLarge { .. } | HostFault::Full | HostFault::Secrets(_) => Failure::refused(fault.to_string()),
        HostFault::Store(_) | HostFault::Media(_) | HostFault::Stopping => Failure::retry(fault.to_string()),
    }
}
