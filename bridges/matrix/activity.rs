//! Presence where a homeserver has none: who says something, types or reads is there, and was last seen then.

mod presumed;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{Passport, RemoteUser, presence::RemotePresence};
use ruma::UserId;
use tokio::{sync::Notify, time::Instant};

use crate::{
    activity::presumed::Presumed,
    appservice::Appservice,
    chat::Pair,
    chores::at,
    homeserver::Trouble,
    presence::{Shown, State},
};

/// How often the homeserver is asked whether it has presence.
const AGAIN: Duration = Duration::from_hours(1);
/// When it is asked again after it could not answer.
const SOON: Duration = Duration::from_secs(30);
/// How often what was just set is looked for before it counts as lost: one process of a homeserver may lag behind another.
const LOOKS: u32 = 3;
/// How long between these.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Who was heard of when; used only while the homeserver has no presence.
#[derive(Default)]
pub(crate) struct Activity {
    /// Whether presence is derived.
    derives: AtomicBool,
    presumed: Mutex<Presumed>,
    bell: Notify,
}

impl Activity {
    /// What activity says of a person; `None` where the homeserver itself tells. Somebody who was not heard of is offline.
    pub(crate) fn presence_of(&self, pair: &Pair) -> Option<RemotePresence> {
        self.derives.load(Ordering::Relaxed).then(|| self.lock().presence_of(pair))
    }

    fn lock(&self) -> MutexGuard<'_, Presumed> {
        self.presumed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Appservice {
    /// A person who shares a room with an account has said something, typed or read. Returns at once.
    pub(crate) fn heard_from(&self, owner: &Passport, user: &UserId) {
        if !self.activity.derives.load(Ordering::Relaxed) {
            return;
        }
        let pair = Pair { owner: owner.clone(), user: user.to_owned() };
        let changes = self.activity.lock().heard(pair, self.host.now());
        self.tell_derived(changes);
        self.activity.bell.notify_one();
    }

    /// Finds out whether the homeserver has presence, and derives it while it has none, until everything ends.
    pub(crate) async fn derive_presence(self: Arc<Self>) {
        let mut look = Instant::now();
        while !self.stopping.is_cancelled() {
            if look <= Instant::now() {
                let found = self.stopping.run_until_cancelled(self.look_for_presence()).await;
                look = Instant::now() + if matches!(found, Some(Ok(()))) { AGAIN } else { SOON };
            }
            let now = self.host.now();
            let (changes, next) = {
                let mut presumed = self.activity.lock();
                (presumed.fade(now), presumed.next())
            };
            self.tell_derived(changes);
            let next = next.map(|next| Instant::now() + Duration::from_millis(next.since(now)));
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.activity.bell.notified() => {}
                () = at(Some(next.map_or(look, |next| next.min(look)))) => {}
            }
        }
    }

    /// A homeserver whose presence is switched off takes what is shown, and shows nothing of it.
    async fn look_for_presence(&self) -> Result<(), Trouble> {
        self.homeserver.learn().await?;
        let bot = self.bot();
        bot.set_presence(&Shown { state: State::Online, line: String::new() }).await?;
        let mut is_there = false;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            is_there = bot.is_seen_online().await?;
            if is_there {
                break;
            }
        }
        bot.set_presence(&Shown::offline()).await?;
        if self.activity.derives.swap(!is_there, Ordering::Relaxed) == is_there {
            if is_there {
                tracing::info!("the homeserver has presence again");
                *self.activity.lock() = Presumed::default();
            } else {
                tracing::info!("the homeserver has no presence: who is there is derived from what people do");
            }
        }
        Ok(())
    }

    fn tell_derived(&self, changes: Vec<(Pair, RemotePresence)>) {
        for (pair, presence) in changes {
            self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), presence);
        }
    }
}
