//! The network's state, shared by its links and tasks: what comes in from the accounts.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bridge::{Action, Failure, Host, Order, Receipt, RoomProfile, Write};
use domain::{Content, Passport, RemoteMessage};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    deeds::told_id,
    desk::{Desk, Errand, MOST_WAITING},
    drawings::Drawing,
    echo,
    gathering::Gatherings,
    room,
};

/// How long somebody types before they answer.
pub(crate) const TYPING: Duration = Duration::from_millis(600);

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
    /// How often Echo has changed their picture since the start.
    picture: AtomicUsize,
    /// What the room of five is about, for everybody, since the start.
    topic: Mutex<String>,
    desks: Mutex<HashMap<Passport, Desk>>,
    pub(crate) gatherings: Mutex<Gatherings>,
    /// Held while gatherings are changed: they are written in the order in which they change.
    pub(crate) regrouping: tokio::sync::Mutex<()>,
}

impl Parlour {
    /// Takes up what was left waiting by an earlier run. Nothing is answered before its account is opened.
    pub(crate) fn new(
        host: Arc<dyn Host>,
        friends: HashSet<String>,
        waiting: Vec<Errand>,
        gatherings: Gatherings,
    ) -> Self {
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
            picture: AtomicUsize::new(0),
            topic: Mutex::new(room::TOPIC.to_owned()),
            desks: Mutex::new(desks),
            gatherings: Mutex::new(gatherings),
            regrouping: tokio::sync::Mutex::default(),
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

    /// The picture that Echo wears, or the one after it, which they wear from then on.
    pub(crate) fn echos_picture(&self, change: bool) -> Drawing {
        let worn = if change {
            self.picture.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
        } else {
            self.picture.load(Ordering::Relaxed)
        };
        echo::PICTURES[worn % echo::PICTURES.len()]
    }

    /// The room of five, as it is now.
    pub(crate) fn room(&self) -> RoomProfile {
        room::profile(&self.topic.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The room of five is about this from now on.
    pub(crate) fn change_topic(&self, topic: &str) {
        topic.clone_into(&mut self.topic.lock().unwrap_or_else(PoisonError::into_inner));
        self.host.room(self.room());
    }

    /// Which accounts have Echo as a contact, by the keys under which it is remembered.
    pub(crate) fn friends(&self) -> MutexGuard<'_, HashSet<String>> {
        self.friends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn desks(&self) -> MutexGuard<'_, HashMap<Passport, Desk>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `order` says is heard in its place; the answer comes later. When it returns, the answer survives a crash.
    pub(crate) async fn hear(
        self: &Arc<Self>,
        owner: &Passport,
        order: &Order,
        told: &Content,
        answers: Option<&RemoteMessage>,
    ) -> Result<Receipt, Failure> {
        let receipt = Receipt { messages: vec![told_id(&order.key)] };
        let (open, known, waiting) = self.at_desk(owner, |desk| (desk.open, desk.knows(order), desk.errands.len()));
        if !open {
            return Err(Failure::retry("the link is closed"));
        }
        if known {
            return Ok(receipt);
        }
        if waiting >= MOST_WAITING {
            let reason = "there is too much to answer already".to_owned();
            return Err(Failure::Retry { after: Some(TYPING), reason });
        }
        let errand = Errand {
            sequence: self.sequence(),
            owner: owner.clone(),
            order: order.key.clone(),
            place: order.to.clone(),
            told: told.clone(),
            answers: answers.cloned(),
            heard: heard(order),
        };
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
}

/// Who has heard what `order` says already.
fn heard(order: &Order) -> Vec<Passport> {
    match &order.action {
        Action::Say { heard, .. } => heard.clone(),
        Action::Gather { .. } | Action::Befriend | Action::Welcome | Action::TurnAway | Action::Unfriend => Vec::new(),
    }
}
