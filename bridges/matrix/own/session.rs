//! The session of a linked account: it syncs, one answer after another, and each is committed before the next is asked for.

mod opening;
mod syncing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge::{HostFault, LinkState};
use domain::Passport;
use matrix_sdk::Client;
use ruma::{OwnedUserId, UserId};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    OwnAccount,
    rooms::Heard,
    stores::{self, Kept},
};
use crate::appservice::Appservice;

pub(super) use opening::{CLIENT_NAME, unopened};

/// Who can speak for an account.
pub(crate) enum Voice {
    /// Its ghost alone: it has linked no account of its own.
    Ghost,
    /// The account that it has linked, but not yet: its rooms are not known.
    Later,
    /// The account that it has linked.
    Own(Arc<OwnAccount>),
    /// Nobody but the ghost: the account that it has linked has to be linked anew.
    SignedOut,
}

/// An account of this server that has linked itself to one of Matrix.
pub(super) struct OwnLink {
    pub(super) owner: Passport,
    me: OwnedUserId,
    kept: Mutex<Kept>,
    /// Held while it is changed, over the database.
    keeping: tokio::sync::Mutex<()>,
    standing: watch::Sender<Standing>,
    account: Mutex<Option<Arc<OwnAccount>>>,
    /// What it heard when it was open last.
    heard: Mutex<Heard>,
    /// Cancelled when the session has to end.
    ends: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Its homeserver has not been heard yet.
    Connecting,
    /// It works.
    Connected,
    /// It does not, for now.
    Away { why: String },
    /// The homeserver does not know it any more.
    SignedOut { reason: String },
}

impl OwnLink {
    /// A link whose session has not begun. It ends with everything else that `ends` ends.
    pub(super) fn new(owner: Passport, kept: Kept, heard: Heard, ends: CancellationToken) -> Self {
        let standing = match &kept.signed_out {
            Some(reason) => Standing::SignedOut { reason: reason.clone() },
            None => Standing::Connecting,
        };
        Self {
            owner,
            me: kept.user.clone(),
            kept: Mutex::new(kept),
            keeping: tokio::sync::Mutex::new(()),
            standing: watch::Sender::new(standing),
            account: Mutex::default(),
            heard: Mutex::new(heard),
            ends,
            task: Mutex::default(),
        }
    }

    /// Who the account is on Matrix.
    pub(super) fn me(&self) -> &UserId {
        &self.me
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> Kept {
        lock(&self.kept).clone()
    }

    /// Changes what is kept of it.
    pub(super) async fn keep(&self, host: &dyn bridge::Host, change: impl FnOnce(&mut Kept)) -> Result<(), HostFault> {
        let _turn = self.keeping.lock().await;
        let mut kept = self.kept();
        change(&mut kept);
        host.write(stores::put(&self.owner, &kept)).await?;
        *lock(&self.kept) = kept;
        Ok(())
    }

    /// The account, once its session is open.
    pub(super) fn account(&self) -> Option<Arc<OwnAccount>> {
        lock(&self.account).clone()
    }

    /// What it heard when it was open last. Held for moments only.
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.heard)
    }

    /// Who can speak for the account.
    pub(super) fn voice(&self) -> Voice {
        if matches!(&*self.standing.borrow(), Standing::SignedOut { .. }) {
            return Voice::SignedOut;
        }
        match self.account() {
            Some(account) if account.is_ready() => Voice::Own(account),
            Some(_) | None => Voice::Later,
        }
    }

    /// How it stands, and what is to be said of that.
    pub(super) fn state(&self) -> (LinkState, Option<String>) {
        match &*self.standing.borrow() {
            Standing::Connecting => (LinkState::Connecting, None),
            Standing::Connected => (LinkState::Connected, None),
            Standing::Away { why } => (LinkState::Connecting, Some(format!("It is tried again, as {why}."))),
            Standing::SignedOut { reason } => (LinkState::Failed { reason: reason.clone() }, None),
        }
    }

    /// Returns when its homeserver was heard, or does not know it.
    pub(super) async fn settled(&self) {
        let mut standing = self.standing.subscribe();
        let settles = |standing: &Standing| matches!(standing, Standing::Connected | Standing::SignedOut { .. });
        // The sender lives as long as this does.
        let _ = standing.wait_for(settles).await;
    }

    /// Begins its session, with the client that has just signed in if there is one. One that was begun or has ended is left as it is.
    pub(super) fn begin(self: &Arc<Self>, appservice: &Arc<Appservice>, fresh: Option<Client>) {
        let mut task = lock(&self.task);
        let is_over = matches!(&*self.standing.borrow(), Standing::SignedOut { .. });
        if task.is_none() && !is_over && !self.ends.is_cancelled() {
            let (link, appservice) = (Arc::clone(self), Arc::clone(appservice));
            let tasks = appservice.tasks.clone();
            *task = Some(tasks.spawn(async move { link.run(appservice, fresh).await }));
        }
    }

    /// Ends its session; when it returns, nothing is committed for it any more.
    pub(super) async fn end(&self) {
        self.ends.cancel();
        let task = lock(&self.task).take();
        if let Some(task) = task {
            // It ends without an error, unless it panicked: then it has ended as well.
            let _ = task.await;
        }
        lock(&self.account).take();
    }

    fn stands(&self, standing: Standing) {
        self.standing.send_if_modified(|before| {
            let changes = *before != standing;
            *before = standing;
            changes
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
