//! The workers that carry orders to the networks: one for each account and contact that has something pending, so that order
//! holds in a conversation and one that is stuck holds up no other.

use std::collections::{HashMap, hash_map::Entry};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge::{Action, Failure, Features, Order, Receipt};
use domain::{Content, Passport, contact::RemoteTarget, content};
use store::{Lane, ParkedFilter, PendingOrder};
use tokio::sync::Notify;
use tracing::{Instrument, debug, info_span, warn};

use crate::{
    core::Core,
    links::{self, NetworkEntry, Running},
    signals,
};

/// The first wait after a passing failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The longest wait that a network may ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(10);

/// How long one try may take. After it the outcome is not known, and the next try finds out.
const ONE_TRY: Duration = Duration::from_mins(1);

/// The lanes that have a worker.
#[derive(Default)]
pub(crate) struct Outbox {
    lanes: Mutex<HashMap<Lane, Worker>>,
    /// Rung when a worker has nothing more to do, or waits.
    bell: Notify,
}

/// How a lane's worker is.
#[derive(Default)]
struct Worker {
    /// Whether something was added since it last looked.
    has_more: bool,
    /// Whether it waits before it tries again.
    rests: bool,
}

impl Outbox {
    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, Worker>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is pending for this contact.
    pub(crate) fn kick(&self, core: &Arc<Core>, owner: Passport, contact: Passport) {
        let lane = Lane { owner, contact };
        let is_new = match self.lanes().entry(lane.clone()) {
            Entry::Occupied(mut worker) => {
                worker.get_mut().has_more = true;
                false
            }
            Entry::Vacant(slot) => {
                slot.insert(Worker { has_more: true, rests: false });
                true
            }
        };
        if is_new {
            let span = info_span!(parent: None, "lane", owner = %lane.owner, contact = %lane.contact);
            core.tasks.spawn(work(Arc::clone(core), lane).instrument(span));
        }
    }

    /// Something may be pending for these contacts of anybody: the program has just started, or their network has come.
    pub(crate) async fn resume(
        &self,
        core: &Arc<Core>,
        is_meant: impl Fn(&Passport) -> bool,
    ) -> Result<(), store::StoreFault> {
        for Lane { owner, contact } in core.store.lanes().await? {
            if is_meant(&contact) {
                self.kick(core, owner, contact);
            }
        }
        Ok(())
    }

    /// Takes up again what was given up; says how many orders.
    pub(crate) async fn retry(&self, core: &Arc<Core>, filter: &ParkedFilter) -> Result<usize, store::StoreFault> {
        let lanes = core.store.retry_parked(filter).await?;
        let count = lanes.len();
        for Lane { owner, contact } in lanes {
            self.kick(core, owner, contact);
        }
        Ok(count)
    }

    /// Returns when nothing is under way: what is left waits for a network that could not take it.
    pub(crate) async fn quiet(&self) {
        self.until(|| self.under_way() == 0).await;
    }

    /// As [`Outbox::quiet`], of these contacts.
    pub(crate) async fn quiet_of(&self, is_meant: impl Fn(&Passport) -> bool) {
        self.until(|| self.under_way_to(&is_meant) == 0).await;
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let rung = self.bell.notified();
            let mut rung = pin!(rung);
            rung.as_mut().enable();
            if holds() {
                return;
            }
            rung.await;
        }
    }

    /// How many workers do something now.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way_to(|_| true)
    }

    /// As [`Outbox::under_way`], of these contacts.
    pub(crate) fn under_way_to(&self, is_meant: impl Fn(&Passport) -> bool) -> usize {
        self.lanes().iter().filter(|(lane, worker)| !worker.rests && is_meant(&lane.contact)).count()
    }

    fn rests(&self, lane: &Lane, rests: bool) {
        if let Some(worker) = self.lanes().get_mut(lane) {
            worker.rests = rests;
        }
    }

    /// Whether the worker goes on; if not, the lane has none any more.
    fn has_more(&self, lane: &Lane) -> bool {
        let mut lanes = self.lanes();
        let more = lanes.get_mut(lane).is_some_and(|worker| std::mem::take(&mut worker.has_more));
        if !more {
            lanes.remove(lane);
            drop(lanes);
            self.bell.notify_waiters();
        }
        more
    }
}

async fn work(core: Arc<Core>, lane: Lane) {
    let mut delay = FIRST_WAIT;
    loop {
        let worked = tokio::select! {
            worked = empty(&core, &lane) => worked,
            () = core.stop.cancelled() => return,
        };
        if let Err(fault) = worked {
            warn!(%fault, "cannot read what is to be sent, or write what became of it; it is tried again");
            if wait(&core, &lane, None, delay).await.is_err() {
                return;
            }
            delay = (delay * 2).min(LONGEST_WAIT);
        } else if core.outbox.has_more(&lane) {
            delay = FIRST_WAIT;
        } else {
            return;
        }
    }
}

/// Carries out all orders of the lane, unless its network is off: then they wait until it is on again.
async fn empty(core: &Arc<Core>, lane: &Lane) -> Result<(), store::StoreFault> {
    while let Some(pending) = core.store.next_order(lane).await? {
        let mut delay = FIRST_WAIT;
        let mut attempt = pending.order.attempt;
        // Decided once in a run, so that its attempts say the same. After a restart what is quoted may be known no more, or newly: the
        // order's key is the same all the same, by which a network knows what it has got already.
        let action = answering(core, &pending).await?;
        loop {
            let Some(running) = core.links.running_as(&pending.network) else { return Ok(()) };
            core.store.order_tried(pending.id).await?;
            let tried = tokio::select! {
                tried = attempt_once(core, &running.entry, &pending, &action, attempt) => tried,
                () = running.going.cancelled() => Err(Failure::retry("the network is switched off")),
            };
            match tried {
                Ok(receipt) => {
                    debug!(action = pending.order.action.kind(), attempt, "an order was carried out");
                    count(&pending, "done");
                    core.store.order_done(pending.id, receipt).await?;
                    let is_room = matches!(pending.order.to, RemoteTarget::Room(_));
                    if is_room && matches!(pending.order.action, Action::Befriend | Action::Welcome) {
                        signals::show_room(core, &lane.owner, &lane.contact).await;
                    }
                    break;
                }
                Err(Failure::Retry { after, reason }) => {
                    debug!(action = pending.order.action.kind(), attempt, reason, "an order is tried again later");
                    count(&pending, "put off");
                    if wait(core, lane, Some(&running), after.unwrap_or(delay).min(LONGEST_ASKED)).await.is_err() {
                        return Ok(());
                    }
                    delay = (delay * 2).min(LONGEST_WAIT);
                }
                Err(failure @ (Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. })) => {
                    warn!(action = pending.order.action.kind(), attempt, %failure, "an order was given up");
                    count(&pending, "given up");
                    let report = report(&pending, &failure);
                    let window = core.store.order_failed(pending.id, &failure.to_string(), report.as_deref()).await?;
                    if let Some(window) = window {
                        core.directory.doorbell(core, pending.author.clone(), window);
                    }
                    break;
                }
            }
            attempt += 1;
        }
    }
    Ok(())
}

/// What is to be done, where what a client of Messenger says with a quotation becomes an answer to what it quotes. It stays as it is
/// where nothing of the window is known under those words, or where several people have said them.
async fn answering(core: &Core, pending: &PendingOrder) -> Result<Action, store::StoreFault> {
    let action = pending.order.action.clone();
    let Action::Say { content: Content::Text(text), sent, reply: None, heard } = &action else { return Ok(action) };
    let Some((quote, rest)) = content::answered(text) else { return Ok(action) };
    Ok(match core.store.quoted(&pending.author, &pending.contact, &quote).await? {
        Some(meant) => {
            Action::Say { content: Content::Text(rest), sent: *sent, reply: Some(meant), heard: heard.clone() }
        }
        None => action,
    })
}

async fn attempt_once(
    core: &Core,
    entry: &NetworkEntry,
    pending: &PendingOrder,
    action: &Action,
    attempt: u32,
) -> Result<Receipt, Failure> {
    let Some(link) = core.links.link(&pending.author, &pending.network) else {
        return Err(Failure::retry("the account's link is not open"));
    };
    let action = match action {
        Action::Say { content, sent, reply, heard } => {
            let sender = core.store.account_name(&pending.author).await.ok().flatten();
            let sender = links::shown_name(&pending.author, sender.as_deref().unwrap_or_default());
            let content = fitted(core, entry.features, pending, content.clone(), &sender).await?;
            Action::Say { content, sent: *sent, reply: reply.clone(), heard: heard.clone() }
        }
        Action::Gather { people, accounts, name } => Action::Gather {
            people: people.clone(),
            accounts: accounts.clone(),
            name: session::text::name_outward(name),
        },
        other @ (Action::Befriend | Action::Welcome | Action::TurnAway | Action::Unfriend) => other.clone(),
    };
    let order = Order { attempt, action, ..pending.order.clone() };
    match tokio::time::timeout(ONE_TRY, link.deliver(&order)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::retry("the network did not answer in time")),
    }
}

/// What the network is to be told: all of it here, and nothing that it cannot carry.
async fn fitted(
    core: &Core,
    features: Features,
    pending: &PendingOrder,
    mut content: Content,
    sender: &str,
) -> Result<Content, Failure> {
    core.media.settle(&pending.author, &mut content).await.map_err(Failure::refused)?;
    if let Some(attachment) = features.too_large(&mut content) {
        core.media
            .link_of_order(&pending.order.key, attachment)
            .await
            .map_err(|fault| Failure::retry(fault.to_string()))?;
    }
    Ok(features.fit(content, sender, &core.settings.session.web))
}

/// What the author is told, in the same conversation, of an order that was given up.
fn report(pending: &PendingOrder, failure: &Failure) -> Option<String> {
    match &pending.order.action {
        Action::Say { content: Content::Text(text), .. } => {
            let text = &text.text;
            let words: String = text.chars().take(30).collect();
            let dots = if text.chars().count() > 30 { "..." } else { "" };
            Some(format!("(not delivered: \"{words}{dots}\": {failure})"))
        }
        Action::Say { .. } => Some(format!("(not delivered: {failure})")),
        Action::Befriend | Action::Welcome => Some(format!("(this contact could not be reached: {failure})")),
        // What is said there from now on reaches those who are in it already, if anybody.
        Action::Gather { .. } => Some(format!("(not everybody could be let into this group conversation: {failure})")),
        Action::TurnAway | Action::Unfriend => None,
    }
}

/// Waits, for a network not after it has gone; an error when the server stops.
async fn wait(core: &Core, lane: &Lane, network: Option<&Running>, delay: Duration) -> Result<(), ()> {
    let _rest = Rest::begin(&core.outbox, lane);
    let going = async {
        match network {
            Some(network) => network.going.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = tokio::time::sleep(delay) => Ok(()),
        () = going => Ok(()),
        () = core.stop.cancelled() => Err(()),
    }
}

/// That a worker waits, until it is dropped.
struct Rest<'a>(&'a Outbox, &'a Lane);

impl<'a> Rest<'a> {
    fn begin(outbox: &'a Outbox, lane: &'a Lane) -> Self {
        outbox.rests(lane, true);
        outbox.bell.notify_waiters();
        Self(outbox, lane)
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.rests(self.1, false);
    }
}

/// Counts what became of a try.
fn count(pending: &PendingOrder, outcome: &'static str) {
    let (network, action) = (pending.network.to_string(), pending.order.action.kind());
    metrics::counter!("chrysalis_orders_total", "network" => network.clone(), "action" => action, "outcome" => outcome)
        .increment(1);
    if let (Action::Say { content, .. }, "done") = (&pending.order.action, outcome) {
        metrics::counter!("chrysalis_messages_total", "direction" => "to network", "network" => network, "kind" => content.kind())
            .increment(1);
    }
}
