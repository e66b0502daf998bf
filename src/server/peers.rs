//! The peers that play contacts of other networks towards Messenger clients: one for each account and contact that has something
//! to hand over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::{
    Passport,
    media::{Announcement, Attachment},
};
use tokio::sync::mpsc;

use crate::{core::Core, lane::ConnectionHandle, peer};

/// How much may wait for a peer's task. Whoever sends it more waits: a client that hands over a file is slowed down so.
const QUEUE: usize = 64;

/// Whose peer, and whom it plays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Between {
    /// The account.
    pub(crate) owner: Passport,
    /// The contact.
    pub(crate) contact: Passport,
}

/// What a peer's task is sent.
pub(crate) enum ToPeer {
    /// The client sent this payload to the contact, over this connection.
    Payload(Bytes, ConnectionHandle),
    /// The client's switchboard, which the task had asked for.
    Route(ConnectionHandle),
    /// Fetch what the client has announced.
    Fetch(Announcement),
    /// Offer a file to the client.
    Offer(Attachment),
}

/// All peers that have a task.
#[derive(Default)]
pub(crate) struct Peers {
    tasks: Mutex<HashMap<Between, mpsc::Sender<ToPeer>>>,
}

impl Peers {
    fn tasks(&self) -> MutexGuard<'_, HashMap<Between, mpsc::Sender<ToPeer>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends something to a peer, which is brought to life if need be. Waits for room; a peer never waits for whoever sends.
    pub(crate) async fn send(&self, core: &Arc<Core>, between: Between, message: ToPeer) {
        let mut message = message;
        loop {
            let task = self.task(core, &between);
            match task.send(message).await {
                Ok(()) => return,
                // It was just being put to rest.
                Err(unsent) => message = unsent.0,
            }
        }
    }

    /// Shows a peer, if it has a task, the way to its client.
    pub(crate) fn show_route(&self, between: &Between, route: &ConnectionHandle) {
        if let Some(task) = self.tasks().get(between) {
            // A full queue belongs to a peer that is hearing from its client, and so has the way to it.
            let _ = task.try_send(ToPeer::Route(route.clone()));
        }
    }

    fn task(&self, core: &Arc<Core>, between: &Between) -> mpsc::Sender<ToPeer> {
        let mut tasks = self.tasks();
        if let Some(task) = tasks.get(between).filter(|task| !task.is_closed()) {
            return task.clone();
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        tasks.insert(between.clone(), sender.clone());
        peer::spawn(core, between.clone(), &sender, queue);
        sender
    }

    /// Ends a peer's task, unless something has come in.
    pub(crate) fn retire(&self, between: &Between, queue: &mut mpsc::Receiver<ToPeer>) -> bool {
        // The lock is what makes it safe: nobody can get hold of the task while it is being ended.
        let mut tasks = self.tasks();
        if !queue.is_empty() {
            return false;
        }
        queue.close();
        tasks.remove(between);
        true
    }
}
