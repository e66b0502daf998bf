//! How people and rooms of Matrix look: their avatars, fetched when they change, and told to the host.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bridge::{Failure, HostFault, Write};
use domain::{
    contact::RemoteTarget,
    media::{BlobId, Source},
};
use ruma::{MxcUri, OwnedMxcUri};
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::{
    appservice::{Appservice, host_failure},
    chores::at,
};

/// What was shown last of somebody is kept under this and whose it is.
const AVATAR: &str = "avatar/";
/// How many are fetched at once.
const AT_ONCE: usize = 4;
/// How many can wait; of those beyond it the next change is seen.
const WAITING: usize = 10_000;
/// An avatar that is larger is fetched in the small form that the homeserver makes of it; Messenger shows 96 pixels anyway.
const LARGEST: u64 = 1024 * 1024;
/// How often one is tried.
const TRIES: u32 = 6;
/// The longest wait before the next try.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// The avatars that have to be looked at.
#[derive(Default)]
pub(crate) struct Looks {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

/// Whose avatars, by their keys; the latest value wins.
#[derive(Default)]
struct Waiting {
    wanted: BTreeMap<String, Look>,
    due: BTreeSet<(Instant, String)>,
    /// Those that are being looked at: none twice at the same time.
    busy: BTreeSet<String>,
    /// Those that were told to the host since the start.
    told: BTreeSet<String>,
}

/// One avatar to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    whose: RemoteTarget,
    avatar: Option<OwnedMxcUri>,
    due: Instant,
    tries: u32,
}

/// What was shown last, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    avatar: OwnedMxcUri,
    picture: BlobId,
}

impl Waiting {
    fn put(&mut self, key: String, look: Look) {
        if self.wanted.len() >= WAITING && !self.wanted.contains_key(&key) {
            tracing::debug!(key, "too many avatars wait to be looked at");
            return;
        }
        let due = look.due;
        if let Some(old) = self.wanted.insert(key.clone(), look) {
            self.due.remove(&(old.due, key.clone()));
        }
        self.due.insert((due, key));
    }

    /// The next that can be looked at now, or when there will be one.
    fn next(&mut self, now: Instant) -> Result<(String, Look), Option<Instant>> {
        let free = self.due.iter().find(|(_, key)| !self.busy.contains(key)).cloned();
        match free {
            Some((due, _)) if due > now => Err(Some(due)),
            Some((due, key)) => {
                self.due.remove(&(due, key.clone()));
                let look = self.wanted.remove(&key).ok_or(None)?;
                self.busy.insert(key.clone());
                Ok((key, look))
            }
            None => Err(None),
        }
    }

    /// What came of it.
    fn ended(&mut self, key: String, look: Look, outcome: Result<(), Failure>, now: Instant) {
        self.busy.remove(&key);
        match outcome {
            Ok(()) => {
                if self.told.len() >= WAITING {
                    self.told.clear();
                }
                self.told.insert(key);
            }
            Err(Failure::Retry { after, reason }) if look.tries < TRIES => {
                let wait = after.unwrap_or(Duration::from_secs(4 << look.tries)).min(LONGEST_WAIT);
                tracing::debug!(key, reason, ?wait, "an avatar is looked at later");
                // A newer one may wait already.
                if !self.wanted.contains_key(&key) {
                    self.put(key, Look { due: now + wait, tries: look.tries + 1, ..look });
                }
            }
            Err(failure) => tracing::info!(key, %failure, "an avatar cannot be shown"),
        }
    }
}

impl Looks {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appservice {
    /// Somebody, or a room, has this avatar, or none. Returns at once; the host is told if that is new to it.
    pub(crate) fn look_at(&self, whose: RemoteTarget, avatar: Option<OwnedMxcUri>) {
        // Clients take an avatar away by an empty address as well.
        let avatar = avatar.filter(|avatar| avatar.is_valid());
        self.looks.lock().put(key(&whose), Look { whose, avatar, due: Instant::now(), tries: 0 });
        self.looks.bell.notify_one();
    }

    /// Looks at avatars until everything ends.
    pub(crate) async fn look_at_avatars(self: Arc<Self>) {
        let mut working = JoinSet::new();
        while !self.stopping.is_cancelled() {
            let mut next = None;
            while working.len() < AT_ONCE {
                let look = self.looks.lock().next(Instant::now());
                match look {
                    Ok((key, look)) => {
                        let appservice = Arc::clone(&self);
                        working.spawn(async move {
                            let is_known = appservice.looks.lock().told.contains(&key);
                            let outcome = appservice.show(&key, &look, is_known).await;
                            appservice.looks.lock().ended(key, look, outcome, Instant::now());
                        });
                    }
                    Err(at) => {
                        next = at;
                        break;
                    }
                }
            }
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.looks.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = at(next) => {}
            }
        }
    }

    /// Tells the host of an avatar. One that it was told of on an earlier run is not fetched again, but told again: what is told
    /// just before a crash may be lost.
    async fn show(&self, key: &str, look: &Look, is_known: bool) -> Result<(), Failure> {
        let kept = self.host.get(key).await.map_err(|fault| host_failure(&fault))?;
        let kept: Option<Kept> = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        let Some(avatar) = &look.avatar else {
            if kept.is_some() {
                self.host.picture(&look.whose, None);
                self.note_look(Write::Delete(key.to_owned())).await?;
            }
            return Ok(());
        };
        if let Some(kept) = kept.filter(|kept| kept.avatar == *avatar) {
            if is_known {
                return Ok(());
            }
            let opened =
                self.host.open_media(Source::Blob(kept.picture)).await.map_err(|fault| host_failure(&fault))?;
            if opened.is_some() {
                self.host.picture(&look.whose, Some(kept.picture));
                return Ok(());
            }
        }
        let picture = self.picture(avatar).await?;
        self.host.picture(&look.whose, Some(picture));
        let kept = Kept { avatar: avatar.clone(), picture };
        let Ok(kept) = serde_json::to_string(&kept) else { return Ok(()) };
        self.note_look(Write::Put(key.to_owned(), kept)).await
    }

    /// Fetches an avatar: itself, or its small form where it is large.
    async fn picture(&self, avatar: &MxcUri) -> Result<BlobId, Failure> {
        let bot = self.bot();
        let whole = bot.download(avatar, LARGEST).await?;
        let is_small = whole.length.is_some_and(|length| length <= LARGEST);
        let bytes = if is_small { whole } else { bot.thumbnail(avatar, LARGEST).await? };
        let kept = self.keep("avatar", bytes.stream, LARGEST).await?;
        match kept.source {
            Source::Blob(blob) => Ok(blob),
            Source::Object(_) => Err(Failure::refused("it is kept under another name than a picture can be told by")),
        }
    }

    async fn note_look(&self, write: Write) -> Result<(), Failure> {
        self.host.write(vec![write]).await.map_err(|fault: HostFault| host_failure(&fault))
    }
}

fn key(whose: &RemoteTarget) -> String {
    match whose {
        RemoteTarget::Person(user) => format!("{AVATAR}person {user}"),
        RemoteTarget::Room(room) => format!("{AVATAR}room {room}"),
    }
}

#[cfg(test)]
mod tests {
    use domain::RemoteUser;

    use super::*;

    fn look(avatar: Option<&str>, due: Instant) -> Look {
        let whose = RemoteTarget::Person(RemoteUser("@alice:example.org".into()));
        Look { whose, avatar: avatar.map(Into::into), due, tries: 0 }
    }

    #[test]
    fn the_latest_avatar_wins_and_none_is_fetched_twice_at_once() {
        let mut waiting = Waiting::default();
        let now = Instant::now();
        waiting.put("a".into(), look(Some("mxc://x/1"), now));
        waiting.put("a".into(), look(Some("mxc://x/2"), now));
        let (key, first) = waiting.next(now).unwrap();
        assert_eq!(first.avatar.as_deref().map(MxcUri::as_str), Some("mxc://x/2"));
        waiting.put("a".into(), look(None, now));
        assert_eq!(waiting.next(now), Err(None), "it is being looked at");
        // The failure of the older one must not undo the newer one.
        waiting.ended(key, first, Err(Failure::retry("away")), now);
        assert_eq!(waiting.next(now).unwrap().1.avatar, None);
    }

    #[test]
    fn what_does_not_come_is_tried_for_a_while() {
        let mut waiting = Waiting::default();
        let mut now = Instant::now();
        waiting.put("a".into(), look(Some("mxc://x/1"), now));
        let mut tries = 0;
        loop {
            match waiting.next(now) {
                Ok((key, look)) => {
                    tries += 1;
                    waiting.ended(key, look, Err(Failure::retry("away")), now);
                }
                Err(Some(next)) => now = next,
                Err(None) => break,
            }
        }
        assert_eq!(tries, TRIES + 1);
    }
}
