//! Taking in what the homeserver pushes of keys, and fetching what it did not.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ruma::{OneTimeKeyAlgorithm, OwnedUserId, UserId, api::client::sync::sync_events::DeviceLists};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Encryption,
    agenda::{Errand, Outcome},
    fault::{MachineFault, unbroken},
    machine::{Feed, KeyIds},
    news::{KeyNews, UserNews},
};

/// How often it is looked whether the homeserver was away.
const LOOK: Duration = Duration::from_secs(5);
/// As many one-time keys as a machine keeps at the homeserver: with fewer it has to make some.
const ENOUGH_KEYS: u32 = 50;
impl Encryption {
    /// Gives the machines what a transaction brought for them, before its events are read. When this returns, whatever could be taken in
    /// is stored; what could not is fetched soon. Nothing is asked of the homeserver meanwhile.
    pub(crate) async fn take_in(&self, news: KeyNews) {
        self.probe.look(&news);
        if !self.is_on || news.is_empty() {
            return;
        }
        let KeyNews { users, lists } = news;
        let mut keys = KeyIds::new();
        let open = self.machines.open_ones();
        let mut told = BTreeSet::new();
        for (user, news) in users {
            if news.messages.is_empty() && !open.contains(&user) && news.has_enough() {
                continue;
            }
            keys.extend(self.tell(&user, news, &lists).await);
            told.insert(user);
        }
        // A machine that is closed catches up before it encrypts anything.
        let others = open.iter().filter(|user| !told.contains(*user));
        for user in others.filter(|_| !lists.is_empty()) {
            keys.extend(self.tell(user, UserNews::default(), &lists).await);
        }
        self.patience.came(&keys);
    }

    async fn tell(&self, user: &UserId, news: UserNews, lists: &DeviceLists) -> KeyIds {
        match self.feed(user, news, lists).await {
            Ok(keys) => keys,
            Err(fault) => {
                tracing::error!(%user, %fault, "keys that came cannot be kept now; they are fetched later");
                self.agenda.catch_up(user, Instant::now());
                KeyIds::new()
            }
        }
    }

    async fn feed(&self, user: &UserId, mut news: UserNews, lists: &DeviceLists) -> Result<KeyIds, MachineFault> {
        let Some(machine) = self.machines.of(user).await? else { return Ok(KeyIds::new()) };
        let device = machine.olm.device_id();
        let feed = Feed {
            messages: news.messages.remove(device).unwrap_or_default(),
            lists: lists.clone(),
            counts: news.counts.remove(device).unwrap_or_default(),
            fallback: news.fallback.remove(device),
            next: None,
        };
        let keys = machine.feed(feed).await?;
        // It may want to say something now: new keys, say.
        self.agenda.attend(user, Instant::now());
        Ok(keys)
    }

    /// Lets the machines of these users, who are in encrypted rooms, catch up, and all say what they have to say, until `stopping`.
    pub(crate) async fn keep_up(self: Arc<Self>, engaged: Vec<OwnedUserId>, stopping: CancellationToken) {
        if !self.is_on {
            return;
        }
        let now = Instant::now();
        self.agenda.all_catch_up(&engaged, now);
        // What was begun is finished, and what a restored installation may not use any more is replaced, before somebody relies on it.
        self.agenda.attend_to_all(&self.machines.unpublished(), now);
        let mut outages = self.homeserver.outages();
        let mut working = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        while !stopping.is_cancelled() {
            let next = loop {
                match self.agenda.next(Instant::now()) {
                    Ok(errand) => {
                        let this = Arc::clone(&self);
                        working.spawn(async move { this.run(errand).await });
                    }
                    Err(at) => break at,
                }
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.agenda.bell.notified() => {}
                Some(_) = working.join_next() => {}
                () = crate::chores::at(next) => {}
                _ = look.tick() => {
                    let now = self.homeserver.outages();
                    if now != outages {
                        outages = now;
                        self.agenda.all_catch_up(&self.agenda.engaged(), Instant::now());
                    }
                }
            }
        }
        // What is being written into a store is finished.
        while working.join_next().await.is_some() {}
    }

    async fn run(&self, errand: Errand) {
        let outcome = match unbroken(self.attend(&errand)).await {
            Ok(outcome) => outcome,
            Err(MachineFault::Lost(device)) => {
                self.lost(&errand.user, &device).await;
                Outcome::Failed
            }
            Err(fault) => {
                tracing::debug!(user = %errand.user, %fault, "a machine is attended to later");
                Outcome::Failed
            }
        };
        self.agenda.ended(&errand, outcome, Instant::now(), rand::random());
    }

    async fn attend(&self, errand: &Errand) -> Result<Outcome, MachineFault> {
        if self.machines.of(&errand.user).await?.is_none() && (errand.catches_up || self.fault().is_some()) {
            // Forgotten meanwhile; or made later, once those who need one have shown that devices can be made.
            return Ok(Outcome::Done);
        }
        let machine = self.ready(&errand.user).await?;
        if !errand.catches_up {
            machine.flush(&self.homeserver).await?;
            return Ok(Outcome::Done);
        }
        let keys = machine.catch_up(&self.homeserver).await?;
        // What came is told though something else fails.
        self.patience.came(&keys);
        machine.flush(&self.homeserver).await?;
        let is_whole = machine.is_up_to_date(&self.homeserver);
        Ok(if is_whole { Outcome::Done } else { Outcome::More })
    }
}

impl UserNews {
    /// Whether, as far as it says, the homeserver needs no keys.
    fn has_enough(&self) -> bool {
        let counts = self.counts.values().filter_map(|counts| counts.get(&OneTimeKeyAlgorithm::SignedCurve25519));
        counts.into_iter().all(|count| *count >= ENOUGH_KEYS.into())
    }
}
