//! What linked accounts show of themselves, where their users want that: the presence of Messenger. Nothing is shown otherwise.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Passport, presence::OwnPresence};
use futures_util::{StreamExt as _, stream};
use ruma::api::client::presence::set_presence;
use tokio::{sync::Notify, time::Instant};

use super::{OwnAccount, OwnAccounts};
use crate::{
    appservice::Appservice,
    homeserver::Trouble,
    presence::{self, Shown},
};

/// How often it is repeated: a homeserver takes whoever is silent for half a minute as offline.
const REPEAT: Duration = Duration::from_secs(20);
/// How soon what was not taken is tried again.
const AGAIN: Duration = Duration::from_secs(15);
/// How long a homeserver may take over it: a later presence waits for that.
const PATIENCE: Duration = Duration::from_secs(10);
/// For how many accounts it is shown at once.
const AT_ONCE: usize = 8;

/// What is to be shown, and what was.
#[derive(Default)]
pub(super) struct Presences {
    shown: Mutex<BTreeMap<Passport, Showing>>,
    bell: Notify,
}

/// What one account shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Showing {
    wanted: Shown,
    /// What its homeserver was told last, and when.
    told: Option<(Shown, Instant)>,
    /// When that failed last, if it did.
    failed: Option<Instant>,
}

impl Showing {
    /// Whether something has to be told now.
    fn is_due(&self, now: Instant) -> bool {
        if self.failed.is_some_and(|failed| now < failed + AGAIN) {
            return false;
        }
        match &self.told {
            Some((told, at)) => *told != self.wanted || (self.wanted.fades() && *at + REPEAT <= now),
            // Whoever was never shown as present need not be shown as gone.
            None => self.wanted.fades(),
        }
    }
}

impl Presences {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Passport, Showing>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self, now: Instant) -> Vec<(Passport, Shown)> {
        let shown = self.lock();
        let due = shown.iter().filter(|(_, showing)| showing.is_due(now));
        due.map(|(owner, showing)| (owner.clone(), showing.wanted.clone())).collect()
    }

    fn told(&self, owner: &Passport, shown: Shown, is_taken: bool, now: Instant) {
        if let Some(showing) = self.lock().get_mut(owner) {
            showing.failed = (!is_taken).then_some(now);
            if is_taken {
                showing.told = Some((shown, now));
            }
        }
    }
}

impl OwnAccounts {
    /// The account shows this from now on, where its user wants that.
    pub(crate) fn show(&self, owner: &Passport, presence: &OwnPresence) {
        let wanted = presence::show(presence);
        {
            let mut shown = self.presences.lock();
            let fresh = Showing { wanted: wanted.clone(), told: None, failed: None };
            shown.entry(owner.clone()).or_insert(fresh).wanted = wanted;
        }
        self.presences.bell.notify_one();
    }

    /// Nothing is shown for an account any more.
    pub(crate) fn show_nothing(&self, owner: &Passport) {
        self.presences.lock().remove(owner);
    }
}

impl Appservice {
    /// Shows the presence of linked accounts, until everything ends.
    pub(crate) async fn show_own_presence(self: Arc<Self>) {
        let presences = &self.own.presences;
        while !self.stopping.is_cancelled() {
            stream::iter(presences.due(Instant::now()))
                .for_each_concurrent(AT_ONCE, |(owner, wanted)| self.tell_own_presence(owner, wanted))
                .await;
            let next = async {
                tokio::select! {
                    () = presences.bell.notified() => {}
                    () = tokio::time::sleep(REPEAT / 5) => {}
                }
            };
            let _ = self.stopping.run_until_cancelled(next).await;
        }
    }

    async fn tell_own_presence(&self, owner: Passport, wanted: Shown) {
        let Some(account) = self.own.of(&owner).filter(|account| account.shows_presence()) else { return };
        let takes_busy = account.me.server_name() == self.configuration.names.server() && self.homeserver.takes_busy();
        let telling = tokio::time::timeout(PATIENCE, account.set_presence(&wanted, takes_busy));
        let Some(told) = self.stopping.run_until_cancelled(telling).await else { return };
        let is_taken = match told {
            Ok(Ok(())) => true,
            Ok(Err(trouble)) => {
                tracing::debug!(%owner, %trouble, "a presence is not shown");
                false
            }
            Err(_) => false,
        };
        self.own.presences.told(&owner, wanted, is_taken, Instant::now());
    }
}

impl OwnAccount {
    async fn set_presence(&self, shown: &Shown, takes_busy: bool) -> Result<(), Trouble> {
        let (state, line) = shown.in_words(takes_busy);
        let mut request = set_presence::v3::Request::new(self.me.clone(), state);
        // Without a line Synapse would clear the one there is, and so it does with an empty one.
        request.status_msg = Some(line);
        self.client.send(request).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::presence::State;

    use super::*;

    fn showing(state: State) -> Showing {
        Showing { wanted: Shown { state, line: "psm".into() }, told: None, failed: None }
    }

    #[test]
    fn what_fades_is_repeated_and_what_has_gone_is_told_once() {
        let now = Instant::now();
        let mut carol = showing(State::Online);
        assert!(carol.is_due(now));
        carol.told = Some((carol.wanted.clone(), now));
        assert!(!carol.is_due(now + Duration::from_secs(5)));
        assert!(carol.is_due(now + REPEAT), "before it fades");
        carol.wanted = Shown::offline();
        assert!(carol.is_due(now + Duration::from_secs(1)), "a change is told at once");
        carol.told = Some((Shown::offline(), now));
        assert!(!carol.is_due(now + 10 * REPEAT));
    }

    #[test]
    fn whoever_was_never_there_has_not_gone_and_refusals_are_not_insisted_on() {
        let now = Instant::now();
        assert!(!showing(State::Offline).is_due(now));
        let mut carol = showing(State::Online);
        carol.failed = Some(now);
        assert!(!carol.is_due(now + Duration::from_secs(5)) && carol.is_due(now + AGAIN));
    }
}
