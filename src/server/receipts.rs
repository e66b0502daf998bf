//! What accounts have been shown, as their networks are told of it: by window, the latest only, beside the way of messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Passport, conversation::MessageId};
use store::StoreFault;
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::core::Core;

/// Of how many messages of a window it is remembered that they were shown, until their network is told: one of them it knows.
const MOST_SHOWN: usize = 64;

type Windows = HashMap<(Passport, Passport), Vec<MessageId>>;

/// What was shown, and not told the networks yet.
#[derive(Default)]
pub(crate) struct Receipts {
    windows: Mutex<Windows>,
    bell: Notify,
}

impl Receipts {
    /// The client of `owner` has shown that it got these, in the window of `contact`.
    pub(crate) fn shown(&self, owner: &Passport, contact: &Passport, messages: &[MessageId]) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = windows.entry((owner.clone(), contact.clone())).or_default();
        shown.extend(messages);
        shown.drain(..shown.len().saturating_sub(MOST_SHOWN));
        drop(windows);
        self.bell.notify_one();
    }

    fn take(&self) -> Windows {
        std::mem::take(&mut *self.windows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the networks what was shown, until the server stops.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = core.receipts.bell.notified() => {}
            () = core.stop.cancelled() => return,
        }
        for ((owner, contact), shown) in core.receipts.take() {
            if let Err(fault) = tell(&core, &owner, &contact, &shown).await {
                warn!(%owner, %contact, %fault, "a network is not told what was read");
            }
        }
    }
}

async fn tell(core: &Core, owner: &Passport, contact: &Passport, shown: &[MessageId]) -> Result<(), StoreFault> {
    if !core.store.receipts(owner).await?.unwrap_or(core.settings.receipts) {
        return Ok(());
    }
    let known = core.store.remote_ids(owner, shown).await?;
    for identity in core.store.identities(owner, contact).await? {
        let Some(remote) = core.store.remote(&identity).await? else { continue };
        let Some(link) = core.links.link(owner, &remote.network) else { continue };
        if let Some((_, _, message)) = known.iter().rfind(|(_, network, _)| *network == remote.network) {
            debug!(%owner, contact = %identity, "the network is told what was read");
            link.read(&remote.target, message);
        }
    }
    Ok(())
}
