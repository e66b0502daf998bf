//! Where Echo sits: the network's state, shared by its links and tasks.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bridge::{Arrival, Batch, Failure, Host, HostFault, Order, Receipt, Write};
use domain::{Content, Passport, RemoteMessage, contact::RemoteTarget};
use tokio::{sync::Notify, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    desk::{Desk, Errand, MOST_WAITING},
    echo,
};

/// How long Echo types before they answer.
const TYPING: Duration = Duration::from_millis(600);
/// How long to wait after the host first failed; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The network's state.
pub(crate) struct Parlour {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// The accounts that have Echo as a contact.
    friends: Mutex<HashSet<String>>,
    /// Woken whenever a desk changes.
    pub(crate) changed: Notify,
    next: AtomicU64,
    desks: Mutex<HashMap<Passport, Desk>>,
}

impl Parlour {
    /// Takes up what was left waiting by an earlier run. Nothing is answered before its account is opened.
    pub(crate) fn new(host: Arc<dyn Host>, friends: HashSet<String>, waiting: Vec<Errand>) -> Self {
        let next = waiting.iter().map(|errand| errand.sequence + 1).max().unwrap_or(0);
        let mut desks: HashMap<Passport, Desk> = HashMap::new();
        for errand in waiting {
            desks.entry(errand.owner.clone()).or_default().hear(errand);
        }
        Self {
            host,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            friends: Mutex::new(friends),
            changed: Notify::new(),
            next: AtomicU64::new(next),
            desks: Mutex::new(desks),
        }
    }

    /// Looks at or changes the desk of `owner`, and wakes who waits for it.
    pub(crate) fn at_desk<T>(&self, owner: &Passport, act: impl FnOnce(&mut Desk) -> T) -> T {
        let outcome = act(self.desks().entry(owner.clone()).or_default());
        self.changed.notify_waiters();
        outcome
    }

    /// Waits until `probe` finds what it looks for at the desk of `owner`.
    pub(crate) async fn wait_at_desk<T>(&self, owner: &Passport, probe: impl Fn(&Desk) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(found) = self.desks().get(owner).and_then(&probe) {
                return found;
            }
            changed.await;
        }
    }

    /// Forgets all of `owner`, and says what has to be deleted.
    pub(crate) fn forget(&self, owner: &Passport) -> Vec<Write> {
        let errands = self.desks().remove(owner).map(|desk| desk.errands).unwrap_or_default();
        errands.iter().map(|errand| Write::Delete(errand.key())).collect()
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Which accounts have Echo as a contact, by the keys under which it is remembered.
    pub(crate) fn friends(&self) -> MutexGuard<'_, HashSet<String>> {
        self.friends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn desks(&self) -> MutexGuard<'_, HashMap<Passport, Desk>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Echo hears what `order` says; they answer later. When it returns, the answer survives a crash.
    pub(crate) async fn hear(
        self: &Arc<Self>,
        owner: &Passport,
        order: &Order,
        told: &Content,
    ) -> Result<Receipt, Failure> {
        let receipt = Receipt { messages: vec![RemoteMessage(format!("told/{}", order.key))] };
        let (open, known, waiting) = self.at_desk(owner, |desk| (desk.open, desk.knows(order), desk.errands.len()));
        if !open {
            return Err(Failure::retry("the link is closed"));
        }
        if known {
            return Ok(receipt);
        }
        if waiting >= MOST_WAITING {
            let reason = "Echo has too much to answer".to_owned();
            return Err(Failure::Retry { after: Some(TYPING), reason });
        }
        let order = order.key.clone();
        let errand = Errand { sequence: self.sequence(), owner: owner.clone(), order, told: told.clone() };
        let write = errand.written().map_err(|fault| Failure::refused(format!("it cannot be kept: {fault}")))?;
        self.host.write(vec![write]).await.map_err(|fault| Failure::retry(fault.to_string()))?;
        self.at_desk(owner, |desk| desk.hear(errand));
        self.work(owner);
        Ok(receipt)
    }

    /// Sees to it that a task answers what waits for `owner`, if anything does.
    pub(crate) fn work(self: &Arc<Self>, owner: &Passport) {
        self.at_desk(owner, |desk| {
            if desk.open && desk.worker.is_none() && !desk.errands.is_empty() {
                let end = self.stop.child_token();
                desk.worker = Some(end.clone());
                self.tasks.spawn(Arc::clone(self).answer_all(owner.clone(), end));
            }
        });
    }

    /// Ends the task that answers for `owner`; when it returns, there is none.
    pub(crate) async fn rest(&self, owner: &Passport) {
        self.at_desk(owner, |desk| {
            if let Some(worker) = &desk.worker {
                worker.cancel();
            }
        });
        self.wait_at_desk(owner, |desk| desk.worker.is_none().then_some(())).await;
    }

    async fn answer_all(self: Arc<Self>, owner: Passport, end: CancellationToken) {
        let place = RemoteTarget::Person(echo::user());
        let answering = async {
            // Leaving and finding nothing to do are one step, so that no errand comes in between.
            while let Some(errand) = self.at_desk(&owner, |desk| {
                let errand = desk.errands.front().cloned();
                if errand.is_none() {
                    desk.worker = None;
                }
                errand
            }) {
                self.host.typing(&owner, &place, &echo::user(), true);
                sleep(TYPING).await;
                let answered = self.answer(&errand).await;
                self.host.typing(&owner, &place, &echo::user(), false);
                answered?;
            }
            Ok::<(), HostFault>(())
        };
        match end.run_until_cancelled(answering).await {
            Some(Ok(())) => return,
            Some(Err(fault)) => tracing::debug!(%owner, %fault, "Echo stopped answering"),
            None => self.host.typing(&owner, &place, &echo::user(), false),
        }
        self.at_desk(&owner, |desk| desk.worker = None);
    }

    /// Hands in the answer, and the errand's end with it.
    async fn answer(&self, errand: &Errand) -> Result<(), HostFault> {
        let owner = &errand.owner;
        let mut mood = self.at_desk(owner, |desk| desk.mood.clone());
        let before = mood.clone();
        let answers = mood.answer(&errand.told);
        let arrivals = answers.into_iter().enumerate().map(|(part, content)| {
            let id = RemoteMessage(format!("answer/{}/{part}", errand.order));
            self.said(owner, id, content)
        });
        let batch = Batch { arrivals: arrivals.collect(), writes: vec![Write::Delete(errand.key())] };
        self.hand_in(&batch).await?;
        self.at_desk(owner, |desk| {
            desk.mood = mood.clone();
            desk.errands.pop_front();
        });
        if mood != before {
            self.host.presence(owner, &echo::user(), mood.presence(self.host.now()));
        }
        Ok(())
    }

    /// Something that Echo says to `owner`.
    pub(crate) fn said(&self, owner: &Passport, id: RemoteMessage, content: Content) -> Arrival {
        let place = RemoteTarget::Person(echo::user());
        let sent = self.host.now();
        Arrival::Message { owner: owner.clone(), place, author: echo::profile(), id, sent, content }
    }

    /// Hands in `batch`, again and again until the host has taken it or stops.
    pub(crate) async fn hand_in(&self, batch: &Batch) -> Result<(), HostFault> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.host.accept(batch.clone()).await {
                Ok(_) => return Ok(()),
                Err(HostFault::Stopping) => return Err(HostFault::Stopping),
                Err(fault @ HostFault::Store(_)) => {
                    tracing::warn!(%fault, "what Echo said was not taken, and is handed in again");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}
