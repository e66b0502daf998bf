//! The task that owns one live conversation.

mod confiding;
mod keeping;
mod turns;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Content, Conversation, Passport,
    account::Ring,
    address::Residence,
    conversation::{Body, CallRefusal, Cause, Effect, Pair, Saying, SeatEvent, SeatId, Waiting, Wish},
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use session::switchboard::Input;
use store::StoreFault;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, info_span, warn};
pub(crate) use turns::Turns;

use crate::{
    core::{Core, moment, until},
    gathering,
    lane::{ConnectionHandle, Credit, ToConnection},
    limit::Limit,
    peers::{Between, ToPeer},
};

/// How much may wait for a conversation's task.
const QUEUE: usize = 256;

/// How long a conversation with nobody in it stays in memory.
const REST: Duration = Duration::from_secs(2);

/// How long to wait before an account that was just rung is rung again.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of one conversation may be on its way into the store.
const MOST_KEEPING: usize = 256;

/// How many kept messages a client is given at once.
const FETCH: usize = 50;

/// What a conversation's task is sent.
pub(crate) enum ToConversation {
    /// A client sits down.
    Seat(ConnectionHandle, Cause),
    /// Something happened.
    Cause(Cause),
    /// Something waits in the store for `owner` from `peer`.
    Doorbell { owner: Passport, peer: Passport },
    /// As [`ToConversation::Doorbell`], and the owner's client can be rung from now on.
    Reachable { owner: Passport, peer: Passport },
    /// A client said this; what it is kept under is made of `id`.
    Said { seat: SeatId, tag: u32, wish: Wish, saying: Saying },
    /// The peer that plays a contact wants the owner's switchboard.
    Summon { owner: Passport, peer: mpsc::WeakSender<ToPeer> },
}

/// The way to a conversation's task.
#[derive(Clone)]
pub(crate) struct ConversationHandle(mpsc::Sender<Box<ToConversation>>);

impl ConversationHandle {
    /// A way, and its other end.
    pub(crate) fn open() -> (Self, mpsc::Receiver<Box<ToConversation>>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Self(sender), queue)
    }

    /// Sends, waiting for room; gives the message back when the conversation has ended.
    pub(crate) async fn send(&self, message: Box<ToConversation>) -> Result<(), Box<ToConversation>> {
        self.0.send(message).await.map_err(|fault| fault.0)
    }

    /// Sends if there is room. Only for what is repeated or does not matter when it is lost.
    pub(crate) fn try_send(&self, message: ToConversation) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.0.try_send(Box::new(message)) {
            Limit::Queue.reached("a conversation, of which a sign was dropped");
        }
    }

    /// All places of the queue, if nothing is in it. As long as they are held nobody puts anything in.
    pub(crate) fn all_places(&self) -> Option<mpsc::PermitIterator<'_, Box<ToConversation>>> {
        self.0.try_reserve_many(self.0.max_capacity()).ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

/// Starts the task of a direct conversation.
pub(crate) fn spawn(core: &Arc<Core>, conversation: Conversation, pair: Pair) -> ConversationHandle {
    let (handle, queue) = ConversationHandle::open();
    let [one, other] = pair.both();
    let span = info_span!(parent: None, "conversation", %one, %other);
    let contact = pair.both().into_iter().find(|party| is_remote(core, party)).cloned();
    let task = Box::new(Task {
        core: Arc::clone(core),
        conversation,
        pair: Some(pair),
        contact,
        gatherings: BTreeSet::new(),
        seats: HashMap::new(),
        handle: handle.clone(),
        rung: HashMap::new(),
        keeping: FuturesUnordered::new(),
        relaying: FuturesUnordered::new(),
        noting: FuturesUnordered::new(),
        is_of_gathering: None,
        turns: HashSet::new(),
        summoned: Vec::new(),
    });
    core.tasks.spawn(run(task, queue).instrument(span));
    handle
}

async fn run(mut task: Box<Task>, mut queue: mpsc::Receiver<Box<ToConversation>>) {
    loop {
        // Whoever waits for its turn waits until all is noted.
        let idle = task.conversation.is_idle() && task.noting.is_empty();
        // At the end of the server nobody answers a ring any more.
        let at_rest = idle || task.is_deserted();
        let deadline = task.conversation.deadline().map(tokio::time::Instant::from_std);
        tokio::select! {
            biased;
            // What is on its way into the store has its order; a conversation that goes on faster than it is kept waits.
            message = queue.recv(), if task.keeping.len() < MOST_KEEPING => match message.map(|message| *message) {
                Some(ToConversation::Seat(client, cause)) => {
                    if let Cause::Seated { seat, .. } = &cause {
                        task.seats.insert(*seat, client);
                    }
                    task.handle(cause).await;
                }
                Some(ToConversation::Cause(cause)) => {
                    let left = if let Cause::Left(seat) = &cause { Some(*seat) } else { None };
                    task.handle(cause).await;
                    left.map(|seat| task.seats.remove(&seat));
                }
                Some(ToConversation::Doorbell { owner, peer }) if task.sees_to(&owner, &peer) => {
                    task.handle(Cause::Waiting(owner)).await;
                }
                Some(ToConversation::Reachable { owner, peer }) if task.sees_to(&owner, &peer) => {
                    task.handle(Cause::Reachable(owner)).await;
                }
                // The two have another conversation now.
                Some(ToConversation::Reachable { owner, peer }) => {
                    task.core.directory.reachable_alone(&task.core, owner, peer);
                }
                Some(ToConversation::Doorbell { owner, peer }) => {
                    task.core.directory.doorbell_alone(&task.core, owner, peer);
                }
                Some(ToConversation::Said { seat, tag, wish, saying }) => {
                    let id = task.core.store.next_message();
                    if !task.is_confided(seat, (tag, wish), id, &saying).await {
                        task.handle(Cause::Said { seat, tag, wish, saying, id }).await;
                    }
                }
                Some(ToConversation::Summon { owner, peer }) => {
                    task.summoned.push((owner.clone(), peer));
                    task.handle(Cause::Summoned(owner)).await;
                }
                None => return,
            },
            Some(kept) = task.keeping.next() => task.handle(kept).await,
            Some(relayed) = task.relaying.next() => task.handle(relayed).await,
            Some(()) = task.noting.next() => task.give_up_turns(),
            () = until(deadline) => task.handle(Cause::Tick).await,
            () = tokio::time::sleep(REST), if idle => {
                if task.core.directory.retire(task.pair.as_ref(), &task.handle, &mut queue) {
                    return;
                }
            }
            () = task.core.stop.cancelled(), if at_rest => return,
        }
    }
}

struct Task {
    core: Arc<Core>,
    conversation: Conversation,
    pair: Option<Pair>,
    /// The contact of another network whose window it began as: there it is told what was read.
    contact: Option<Passport>,
    /// The contacts that its rooms on networks are, where it is one of several.
    gatherings: BTreeSet<Passport>,
    seats: HashMap<SeatId, ConnectionHandle>,
    handle: ConversationHandle,
    /// When each account was last rung.
    rung: HashMap<Passport, Instant>,
    /// What is on its way into the store.
    keeping: FuturesUnordered<BoxFuture<'static, Cause>>,
    /// Packets on their way from one client to another. A client has few of them under way: it is not read from meanwhile.
    relaying: FuturesUnordered<BoxFuture<'static, Cause>>,
    /// What is being noted as delivered.
    noting: FuturesUnordered<BoxFuture<'static, ()>>,
    /// Whether the contact of a direct conversation is the room of a gathering; `None` before that is asked.
    is_of_gathering: Option<bool>,
    /// What is shown here of rooms of gatherings, and therefore nowhere else.
    turns: HashSet<Between>,
    /// Peers that want somebody's switchboard.
    summoned: Vec<(Passport, mpsc::WeakSender<ToPeer>)>,
}

impl Task {
    /// Lets the conversation decide, and does what it says; what comes of that is told it before anything else.
    async fn handle(&mut self, cause: Cause) {
        let comes_in = matches!(cause, Cause::Seated { .. } | Cause::Called { .. });
        let mut causes = VecDeque::from([cause]);
        while let Some(cause) = causes.pop_front() {
            for effect in self.conversation.handle(&moment(), cause) {
                causes.extend(self.carry_out(effect).await);
            }
        }
        self.give_up_turns();
        if !self.summoned.is_empty() {
            self.show_routes();
        }
        if comes_in && let Some(pair) = &self.pair {
            for owner in pair.both() {
                if let Some(client) = self.conversation.seat_of(owner).and_then(|seat| self.seats.get(&seat)) {
                    let between = Between { owner: owner.clone(), contact: pair.other(owner).clone() };
                    self.core.peers.show_route(&between, client);
                }
            }
        }
    }

    /// Whether what waits for `owner` from `peer` is shown here.
    fn sees_to(&self, owner: &Passport, peer: &Passport) -> bool {
        self.pair.is_some() || self.conversation.shows(owner, peer)
    }

    /// Gives the peers that wait for it the switchboard of whom they want, once there is one.
    fn show_routes(&mut self) {
        let (conversation, seats) = (&self.conversation, &self.seats);
        self.summoned.retain(|(owner, peer)| {
            let Some(peer) = peer.upgrade() else { return false };
            let Some(client) = conversation.seat_of(owner).and_then(|seat| seats.get(&seat)) else {
                // Nobody comes who is not being rung.
                return !conversation.is_idle();
            };
            // A full queue belongs to a peer that is hearing from its client, and so has the way to it.
            let _ = peer.try_send(ToPeer::Route(client.clone()));
            false
        });
    }

    /// Whether nobody is here, and nothing of what was said here is still on its way.
    fn is_deserted(&self) -> bool {
        self.seats.is_empty() && self.keeping.is_empty() && self.relaying.is_empty() && self.noting.is_empty()
    }

    /// Rings an account; one that was rung a moment ago only after a pause, so that a client that leaves whenever it is rung does
    /// not keep the server busy.
    fn ring(&mut self, to: Passport, ring: Ring) {
        let now = Instant::now();
        let again = self.rung.insert(to.clone(), now).is_some_and(|before| now.duration_since(before) < PAUSE);
        let (core, handle) = (Arc::clone(&self.core), self.handle.clone());
        if again {
            self.core.tasks.spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => core.directory.ring(&core, &to, ring, handle),
                    () = core.stop.cancelled() => {}
                }
            });
        } else {
            core.directory.ring(&core, &to, ring, handle);
        }
    }

    /// What waits, at most [`FETCH`], and whether there is more; `None` where another conversation shows it. What is only just being
    /// noted as delivered would be given again, and so would what could not be noted.
    async fn read_waiting(
        &mut self,
        owner: &Passport,
        peer: &Passport,
    ) -> Result<Option<(Vec<Waiting>, bool)>, StoreFault> {
        while self.noting.next().await.is_some() {}
        if self.is_gathering(peer).await? {
            let turn = Between { owner: owner.clone(), contact: peer.clone() };
            if !self.core.turns.take(&turn, &self.handle) {
                return Ok(None);
            }
            self.turns.insert(turn);
        }
        // Looked up before what waits is read: meanwhile it may be noted, and no longer be remembered.
        let unnoted = self.core.deliveries.unnoted(owner);
        let most = FETCH + unnoted.len();
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let mut messages = self.core.store.waiting_from(owner, peer, limit).await?;
        let is_full = messages.len() >= most;
        messages.retain(|message| !unnoted.contains(&message.id));
        let more = is_full || messages.len() > FETCH;
        messages.truncate(FETCH);
        Ok(Some((messages, more)))
    }

    /// Does one thing; what comes of it at once is told the conversation before anything else.
    async fn carry_out(&mut self, effect: Effect) -> Vec<Cause> {
        match effect {
            Effect::Tell(seat, event) => {
                if let Some(client) = self.seats.get(&seat) {
                    if matches!(event, SeatEvent::NotCalling { reason: CallRefusal::Full, .. }) {
                        Limit::Participants.reached(client.peer());
                    }
                    client.tell(ToConnection::Switchboard(Input::Seat(event)));
                }
            }
            Effect::Ring { id, to, from, name } => self.ring(to, Ring { id, from, name }),
            Effect::Keep { seat, tag, wish, draft } => return self.keep(seat, tag, wish, draft).await,
            Effect::Fetch { owner, peer } => match self.read_waiting(&owner, &peer).await {
                Ok(Some((mut messages, more))) => {
                    for message in &mut messages {
                        with_ink(&self.core, &mut message.body).await;
                    }
                    return vec![Cause::Fetched { owner, messages, more }];
                }
                Ok(None) => {}
                Err(fault) => {
                    warn!(%fault, "cannot read what waits for an account; it is tried again");
                    let core = Arc::clone(&self.core);
                    self.core.later(async move { core.directory.doorbell(&core, owner, peer) });
                }
            },
            Effect::Delivered { owner, messages } => {
                for contact in self.contact.iter().chain(&self.gatherings) {
                    self.core.receipts.shown(&owner, contact, &messages);
                }
                let core = Arc::clone(&self.core);
                let mut noting = async move {
                    if let Err(fault) = core.store.delivered(&owner, &messages).await {
                        warn!(%owner, %fault, "cannot note that messages were delivered; it is tried again");
                        core.deliveries.owe(&core, &owner, messages);
                    }
                }
                .boxed();
                // It is in the writer's queue after the first look, before whatever is kept later.
                if futures_util::poll!(&mut noting).is_pending() {
                    self.noting.push(noting);
                }
            }
            Effect::Doorbell { owner, peer } => self.core.directory.doorbell(&self.core, owner, peer),
            Effect::Typing { owner, contact, typing } => {
                let core = Arc::clone(&self.core);
                self.core.tasks.spawn(async move { core.show_typing(&owner, &contact, typing).await });
            }
            Effect::Relay { seat, tag, wish, to, event } => {
                let (credit, taken) = oneshot::channel();
                if let Some(client) = self.seats.get(&to) {
                    client.tell_paced(Input::Seat(event), Credit::Client(credit));
                }
                let relayed = taken.map(move |taken| Cause::Relayed { seat, tag, wish, taken: taken.is_ok() });
                self.relaying.push(relayed.boxed());
            }
            Effect::Peer { owner, contact, payload } => {
                if let Some(client) = self.conversation.seat_of(&owner).and_then(|seat| self.seats.get(&seat)) {
                    let message = ToPeer::Payload(payload, client.clone());
                    self.core.peers.send(&self.core, Between { owner, contact }, message).await;
                }
            }
            Effect::Obtain { owner, contact, announced } => {
                let between = Between { owner: owner.clone(), contact };
                if let Some(client) = self.conversation.seat_of(&owner).and_then(|seat| self.seats.get(&seat)) {
                    self.core.peers.send(&self.core, between.clone(), ToPeer::Route(client.clone())).await;
                }
                for announcement in announced {
                    self.core.peers.send(&self.core, between.clone(), ToPeer::Fetch(announcement)).await;
                }
            }
            Effect::Offer { owner, contact, attachment } => {
                let between = Between { owner: owner.clone(), contact };
                if let Some(client) = self.conversation.seat_of(&owner).and_then(|seat| self.seats.get(&seat)) {
                    self.core.peers.send(&self.core, between.clone(), ToPeer::Route(client.clone())).await;
                }
                self.core.peers.send(&self.core, between, ToPeer::Offer(attachment)).await;
            }
            Effect::Gather { known, fresh, people, accounts, name } => {
                let (core, rooms) = (&self.core, (known, fresh));
                let (room, gatherings) = gathering::find(core, &self.handle, rooms, (people, accounts), &name).await;
                for contact in gatherings.iter().map(|gathering| &gathering.contact.passport) {
                    self.core.directory.gathered(contact, &self.handle);
                    self.gatherings.insert(contact.clone());
                }
                return vec![Cause::Gathered { room, gatherings }];
            }
            Effect::Widened => {
                // What is read from now on was said elsewhere.
                self.contact = None;
                if let Some(pair) = self.pair.take() {
                    self.core.directory.release(&pair, &self.handle);
                }
            }
            Effect::Dispersed => {
                self.gatherings.clear();
                self.core.directory.dispersed(&self.handle);
                self.core.rosters.give_up(&self.handle);
            }
        }
        Vec::new()
    }
}

/// Whether somebody is of another network.
fn is_remote(core: &Core, who: &Passport) -> bool {
    match core.settings.realm.residence(who) {
        Residence::Person(_) | Residence::Room(_) => true,
        Residence::Local | Residence::Service | Residence::Reserved => false,
    }
}

/// Whether something can be said to somebody who is of another network: what is said while that is off would not go before it is on again.
fn is_reachable(core: &Core, who: &Passport) -> bool {
    match core.settings.realm.residence(who) {
        Residence::Person(network) | Residence::Room(network) => core.links.network(&network).is_some(),
        Residence::Local | Residence::Service | Residence::Reserved => false,
    }
}

/// Handwriting is shown as such where its bytes are here, and else as the file that it is.
async fn with_ink(core: &Core, body: &mut Body) {
    if let Body::Content(Content::Ink(attachment)) = body {
        *body = match core.media.ink_bytes(attachment).await {
            Some(gif) => Body::Ink(gif),
            None => Body::Content(Content::Image(attachment.clone())),
        };
    }
}
