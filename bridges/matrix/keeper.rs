//! What each ghost shows: that it exists, its name, its picture, its presence. The latest value wins, and is repeated before it
//! fades.

mod agenda;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge::{Failure, Host, HostFault, Write};
use domain::{Passport, Status, media::Attachment, presence::OwnPresence};
use ruma::{OwnedUserId, UserId};
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::{
    appservice::Appservice,
    chores::at,
    homeserver::Homeserver,
    keeper::agenda::{Agenda, Audience, Picture, Task},
    media::{source_key, source_of},
    presence::{self, Shown},
};

/// The name that was last set for a ghost is kept under this and the account's address; so is, that it exists.
const GHOST: &str = "ghost/";
/// What the avatar was made of that was last set for a ghost.
const PORTRAIT: &str = "portrait/";
/// How many ghosts are worked on at once.
const AT_ONCE: usize = 8;
/// How long the farewell of all ghosts together may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the ghosts show.
pub(crate) struct Keeper {
    agenda: Mutex<Agenda>,
    bell: Notify,
}

impl Keeper {
    /// Nobody shown yet; which ghosts exist is read.
    pub(crate) async fn load(host: &dyn Host) -> Result<Self, HostFault> {
        let mut agenda = Agenda::default();
        for (key, name) in host.list(GHOST).await? {
            if let Some(owner) = key.strip_prefix(GHOST).and_then(|owner| owner.parse().ok()) {
                agenda.known.entry(owner).or_default().name = Some(name);
            }
        }
        for (key, source) in host.list(PORTRAIT).await? {
            if let Some(owner) = key.strip_prefix(PORTRAIT).and_then(|owner| owner.parse().ok()) {
                agenda.known.entry(owner).or_default().portrait = source_of(&source);
            }
        }
        Ok(Self { agenda: Mutex::new(agenda), bell: Notify::new() })
    }

    /// An account was opened: its ghost exists soon, by this name.
    pub(crate) fn add(&self, owner: &Passport, ghost: OwnedUserId, name: &str) {
        self.lock().add(owner, ghost, shown_name(owner, name), Instant::now());
        self.bell.notify_one();
    }

    /// The ghost shows this from now on.
    pub(crate) fn show(&self, owner: &Passport, presence: OwnPresence) {
        let (name, shown) = (shown_name(owner, &presence.name), presence::show(&presence));
        // Whoever is not here may have a picture that is not here either: only who is here can have none.
        let picture = match presence.picture {
            Some(picture) => Picture::Shown(picture),
            None if presence.status != Status::Offline => Picture::None,
            None => Picture::Kept,
        };
        self.lock().show(owner, name, picture, shown, Instant::now());
        self.bell.notify_one();
    }

    /// Somebody new can see the ghost.
    pub(crate) fn renew(&self, owner: &Passport) {
        self.lock().renew(owner, Instant::now());
        self.bell.notify_one();
    }

    /// The ghost said or typed something: Synapse takes whoever was `unavailable` for `online` then, and is told again.
    pub(crate) fn has_stirred(&self, owner: &Passport) {
        let is_mistaken = self.lock().shown(owner).is_some_and(Shown::is_mistaken_for_online);
        if is_mistaken {
            self.renew(owner);
        }
    }

    /// The account was removed: nothing of it is shown any more. Says what has to be committed for that.
    pub(crate) fn remove(&self, owner: &Passport) -> [Write; 2] {
        self.lock().remove(owner);
        [GHOST, PORTRAIT].map(|prefix| Write::Delete(format!("{prefix}{owner}")))
    }

    /// Every ghost that the homeserver shows as present is shown as offline, as far as that can be done in a few seconds.
    pub(crate) async fn all_offline(&self, homeserver: &Arc<Homeserver>) {
        let mut ghosts = self.lock().present().into_iter();
        let mut working = JoinSet::new();
        let all = async {
            loop {
                while working.len() < AT_ONCE {
                    let Some(ghost) = ghosts.next() else { break };
                    let homeserver = Arc::clone(homeserver);
                    working.spawn(async move { homeserver.acting_as(&ghost).set_presence(&Shown::offline()).await });
                }
                if working.join_next().await.is_none() {
                    break;
                }
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::info!(
                "not every ghost could be shown as offline; the homeserver notices by itself in half a minute"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name for whoever has none.
fn shown_name(owner: &Passport, name: &str) -> String {
    if name.trim().is_empty() { owner.to_string() } else { name.to_owned() }
}

impl Appservice {
    /// Tells the homeserver what the ghosts show, until everything ends.
    pub(crate) async fn keep_ghosts(self: Arc<Self>) {
        let mut working = JoinSet::new();
        while !self.stopping.is_cancelled() {
            let mut next = None;
            while working.len() < AT_ONCE {
                let task = self.keeper.lock().next(Instant::now());
                match task {
                    Ok(task) => {
                        let appservice = Arc::clone(&self);
                        working.spawn(async move {
                            let outcome = appservice.tell(&task).await;
                            appservice.keeper.lock().told(task, outcome, Instant::now(), rand::random());
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
                () = self.keeper.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = at(next) => {}
            }
        }
    }

    async fn tell(&self, task: &Task) -> Result<Audience, Failure> {
        let ghost = self.homeserver.acting_as(&task.ghost);
        if task.register {
            ghost.register().await?;
        }
        if let Some(name) = &task.name {
            ghost.set_name(name).await?;
            self.note(&task.owner, Write::Put(format!("{GHOST}{}", task.owner), name.clone())).await;
        }
        let audience = match &task.presence {
            Some(shown) if self.is_watched(&task.owner) => {
                ghost.set_presence(shown).await?;
                Audience::Some
            }
            // A thousand unseen ghosts would keep a homeserver busy.
            Some(_) | None => Audience::Nobody,
        };
        // Last, as a picture that cannot be had must not keep the ghost from being seen.
        match &task.picture {
            Picture::Kept => {}
            Picture::None => self.portray(&task.owner, &task.ghost, None).await?,
            Picture::Shown(picture) => self.portray(&task.owner, &task.ghost, Some(picture)).await?,
        }
        Ok(audience)
    }

    /// Whether somebody can see what the account's ghost shows: people see those with whom they are in a room.
    fn is_watched(&self, owner: &Passport) -> bool {
        self.chats.has_company(owner) || self.portals.has_any(owner)
    }

    /// Gives a ghost its avatar. A picture that the homeserver will never take is passed over.
    async fn portray(&self, owner: &Passport, ghost: &UserId, picture: Option<&Attachment>) -> Result<(), Failure> {
        let uri = match picture {
            Some(picture) => match self.upload(ghost, picture).await {
                Ok(uploaded) => Some(uploaded.uri),
                Err(failure) if failure.is_passing() => return Err(failure),
                Err(failure) => {
                    tracing::warn!(%owner, %failure, "a ghost goes without its picture");
                    return Ok(());
                }
            },
            None => None,
        };
        self.homeserver.acting_as(ghost).set_avatar(uri.as_deref()).await?;
        let key = format!("{PORTRAIT}{owner}");
        let kept = picture
            .map_or_else(|| Write::Delete(key.clone()), |picture| Write::Put(key.clone(), source_key(&picture.source)));
        self.note(owner, kept).await;
        Ok(())
    }

    async fn note(&self, owner: &Passport, write: Write) {
        if let Err(fault) = self.host.write(vec![write]).await {
            // Then it is told once more at the next start.
            tracing::debug!(%owner, %fault, "what a ghost shows is not kept");
        }
    }
}
