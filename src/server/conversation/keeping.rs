//! What was said, on its way into the store.

use std::sync::Arc;
use std::task::Poll;

use domain::{
    Content, Passport, Residence,
    conversation::{Cause, Draft, SeatId, Wish},
};
use futures_util::FutureExt;
use store::Kept;
use tracing::warn;

use super::{MOST_KEEPING, Task, is_reachable};
use crate::{core::Core, limit::Limit};

impl Task {
    /// Has what was said kept. It is on its way into the store when this returns, before whatever is kept or delivered later.
    /// What the server itself answers comes back with it.
    pub(super) async fn keep(&mut self, seat: SeatId, tag: u32, wish: Wish, mut draft: Draft) -> Vec<Cause> {
        let id = draft.id;
        if let Some(bytes) = &draft.enclosed
            && let Err(fault) = self.core.media.keep_enclosed(bytes).await
        {
            warn!(%fault, "what a message brought cannot be kept; its author is told");
            self.keeping.push(std::future::ready(Cause::Kept { seat, tag, wish, id, kept: false }).boxed());
            return Vec::new();
        }
        let core = Arc::clone(&self.core);
        let mut answers = Vec::new();
        let service = core.settings.realm.service();
        if draft.remotes.contains(&service) {
            draft.remotes.retain(|contact| *contact != service);
            let answer = match &draft.content {
                Some(content) => core.service.hear(&core, &draft.author, &self.handle, content).await,
                None => None,
            };
            let told = answer.map(|line| Cause::Told { owner: draft.author.clone(), line: Content::text(line) });
            if draft.remotes.is_empty() && draft.accounts.is_empty() {
                let kept = Cause::Kept { seat, tag, wish, id, kept: true };
                return std::iter::once(kept).chain(told).collect();
            }
            answers.extend(told);
        }
        if !draft.accounts.is_empty() {
            let kind = draft.content.as_ref().map_or("other", Content::kind);
            metrics::counter!("chrysalis_messages_total", "direction" => "between accounts", "network" => "msn", "kind" => kind)
                .increment(1);
        }
        let recipients = draft.accounts.len() + draft.remotes.len();
        let unreachable = take_unreachable(&core, &mut draft).await;
        if unreachable.len() == recipients {
            self.keeping.push(std::future::ready(Cause::Kept { seat, tag, wish, id, kept: false }).boxed());
            return answers;
        }
        // What is said next waits.
        if self.keeping.len() + 1 >= MOST_KEEPING || core.store.is_crowded() {
            Limit::Queue.reached(&draft.author);
        }
        let author = draft.author.clone();
        let mut keeping = async move {
            let outcome = core.store.keep(draft).await;
            if let Ok(kept) = &outcome {
                (0..kept.crowded).for_each(|_| Limit::WaitingMessages.reached(&author));
            }
            let kept = match outcome {
                // Those it was for are gone, or their network is off: nobody will ever have it.
                Ok(kept) if kept.left_out.len() + unreachable.len() == recipients => false,
                Ok(mut kept) => {
                    kept.left_out.extend(unreachable);
                    report(&core, &author, &kept).await;
                    for contact in kept.ordered {
                        core.outbox.kick(&core, author.clone(), contact);
                    }
                    true
                }
                Err(fault) => {
                    warn!(%fault, "cannot keep a message; its author is told");
                    false
                }
            };
            Cause::Kept { seat, tag, wish, id, kept }
        }
        .boxed();
        match futures_util::poll!(&mut keeping) {
            Poll::Ready(cause) => self.keeping.push(std::future::ready(cause).boxed()),
            Poll::Pending => self.keeping.push(keeping),
        }
        answers
    }
}

/// Takes out those to whom nothing can be said now. A contact that several people were merged into is spoken to on one network, which
/// may be on while its own is off.
async fn take_unreachable(core: &Core, draft: &mut Draft) -> Vec<Passport> {
    let mut unreachable: Vec<Passport> = draft.remotes.extract_if(.., |contact| !is_reachable(core, contact)).collect();
    for contact in std::mem::take(&mut unreachable) {
        match core.store.spoken(&draft.author, &contact).await {
            Ok(spoken) if is_reachable(core, &spoken) => draft.remotes.push(contact),
            Ok(_) => unreachable.push(contact),
            Err(fault) => {
                warn!(%fault, "whom somebody speaks to cannot be read; they are told that this contact is off");
                unreachable.push(contact);
            }
        }
    }
    unreachable
}

/// Tells the author which of several do not get what was said.
async fn report(core: &Arc<Core>, author: &Passport, kept: &Kept) {
    for recipient in &kept.left_out {
        let is_local = core.settings.realm.residence(recipient) == Residence::Local;
        if !is_local && !is_reachable(core, recipient) {
            // Their own window is shown to nobody before their network is on again.
            let line = format!("(not delivered to {recipient}: their network is switched off on this server)");
            core.service.tell(core, author, line).await;
            continue;
        }
        let line = Content::text("(not delivered to this contact: too much waits for them, or they are gone)");
        match core.store.notice(author, recipient, recipient.as_str(), line).await {
            Ok(_) => core.directory.doorbell(core, author.clone(), recipient.clone()),
            Err(fault) => warn!(%fault, "an author cannot be told that a message was not delivered to all"),
        }
    }
}
