//! The task that owns what one account's client and one contact of another network hand each other: pictures, emoticons, clips
//! and files, over whatever switchboard there is.

mod transfer;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{
    Allowance, Content,
    conversation::{Body, Draft, SeatEvent},
    media::{Announcement, Attachment},
};
use msnp::message::Payload;
use session::{
    p2p::{Failure, Input, Limits, Output, Peer, TransferId},
    switchboard,
};
use tokio::sync::mpsc;
use tracing::{Instrument, debug, info_span, warn};

use crate::{
    core::{Core, moment, until, wall},
    lane::{ConnectionHandle, Credit},
    limit::Limit,
    peers::{Between, ToPeer},
};
use transfer::Transfer;

/// How many packets may be under way to the client: enough to keep a line busy, few enough that a text written meanwhile does not
/// wait behind them.
const WINDOW: usize = 16;

/// How long a peer with nothing to do stays in memory.
const REST: Duration = Duration::from_mins(2);

/// The most that a client may be asked for, and may hand over, at once.
const MOST_TRANSFERS: usize = 20;

/// The most files that a client is offered at once; for further ones there is the link in the text.
const MOST_OFFERS: usize = 5;

/// How many files and drawings a minute a client may hand over to one contact.
const FILES_PER_MINUTE: u32 = 30;

/// How long drawing the preview of a file may take.
const PREVIEW: Duration = Duration::from_secs(1);

/// How often a minute a user is told what became of something they handed over.
const LINES_PER_MINUTE: u32 = 10;

/// How long a client that was rung for a switchboard is waited for.
const SUMMONS: Duration = Duration::from_mins(1);

/// Starts the task of a peer.
pub(crate) fn spawn(core: &Arc<Core>, between: Between, sender: &mpsc::Sender<ToPeer>, queue: mpsc::Receiver<ToPeer>) {
    let span = info_span!(parent: None, "peer", owner = %between.owner, contact = %between.contact);
    let (returns, returned) = mpsc::channel(WINDOW);
    let limits = Limits { file: core.settings.limits.file, ..Limits::default() };
    let task = Task {
        peer: Peer::new(between.contact.as_str(), between.owner.as_str(), limits, rand::random()),
        core: Arc::clone(core),
        name: between.contact.to_string(),
        between,
        own: sender.downgrade(),
        route: None,
        summoned: None,
        files: Allowance::new(FILES_PER_MINUTE),
        lines: Allowance::new(LINES_PER_MINUTE),
        returns,
        transfers: HashMap::new(),
        next: 1,
    };
    core.tasks.spawn(Box::new(task).run(queue, returned).instrument(span));
}

struct Task {
    core: Arc<Core>,
    between: Between,
    /// The name that the contact shows.
    name: String,
    peer: Peer,
    /// The way back to this task.
    own: mpsc::WeakSender<ToPeer>,
    /// The client's switchboard.
    route: Option<ConnectionHandle>,
    /// When the client was rung for a switchboard.
    summoned: Option<Instant>,
    files: Allowance,
    lines: Allowance,
    /// Where credit comes back.
    returns: mpsc::Sender<()>,
    transfers: HashMap<TransferId, Transfer>,
    next: u64,
}

impl Task {
    async fn run(mut self: Box<Self>, mut queue: mpsc::Receiver<ToPeer>, mut returned: mpsc::Receiver<()>) {
        if let Ok(Some(party)) = self.core.party(&self.between.contact).await {
            self.name = party.name;
        }
        loop {
            let deadline = self.peer.deadline().map(tokio::time::Instant::from_std);
            // What a client that has gone did not take is worth nothing to the next one when no transfer goes on.
            let is_idle =
                self.transfers.is_empty() && (self.peer.is_idle() || (self.route.is_none() && deadline.is_none()));
            let route = self.route.clone();
            tokio::select! {
                biased;
                Some(()) = returned.recv(), if route.is_some() => self.process(Input::Ready { packets: 1 }).await,
                message = queue.recv() => match message {
                    Some(message) => self.take(message, &mut returned).await,
                    None => return,
                },
                () = gone(route.as_ref()) => self.lost().await,
                () = until(deadline) => self.process(Input::Tick).await,
                () = tokio::time::sleep(REST), if is_idle => {
                    if self.core.peers.retire(&self.between, &mut queue) {
                        return;
                    }
                }
                () = self.core.stop.cancelled() => return,
            }
        }
    }

    async fn take(&mut self, message: ToPeer, returned: &mut mpsc::Receiver<()>) {
        match message {
            ToPeer::Payload(payload, route) => {
                self.use_route(route, returned).await;
                match Payload::parse(&payload) {
                    Payload::PeerToPeer { body, .. } => self.process(Input::Packet(&body)).await,
                    Payload::Invitation { fields } => self.process(Input::Invitation(&fields)).await,
                    Payload::Text { .. }
                    | Payload::Typing { .. }
                    | Payload::Recording { .. }
                    | Payload::Nudge
                    | Payload::Datacast { .. }
                    | Payload::Emoticons { .. }
                    | Payload::Ink { .. }
                    | Payload::ClientCapabilities
                    | Payload::KeepAlive
                    | Payload::Chunk { .. }
                    | Payload::Other { .. } => debug!("a payload that is nothing for a peer"),
                }
            }
            ToPeer::Route(route) => self.use_route(route, returned).await,
            ToPeer::Fetch(announcement) => self.fetch(announcement).await,
            ToPeer::Offer(attachment) => self.offer(attachment).await,
        }
    }

    /// The client is to be reached over this switchboard from now on, unless another one works.
    async fn use_route(&mut self, route: ConnectionHandle, returned: &mut mpsc::Receiver<()>) {
        if self.route.as_ref().is_some_and(|known| !known.is_gone()) {
            return;
        }
        if self.route.take().is_some() {
            self.process(Input::Lost).await;
        }
        // What comes back of an earlier switchboard counts for nothing on this one.
        let (returns, receiver) = mpsc::channel(WINDOW);
        (self.returns, *returned) = (returns, receiver);
        self.route = Some(route);
        self.summoned = None;
        self.process(Input::Ready { packets: WINDOW }).await;
    }

    /// The client's switchboard has ended: what it was offered, or was to give, goes on over the next one.
    async fn lost(&mut self) {
        self.route = None;
        self.process(Input::Lost).await;
        if !self.transfers.is_empty() {
            self.summon();
        }
    }

    /// Rings the client for a switchboard, if there is none.
    fn summon(&mut self) {
        let is_rung = self.summoned.is_some_and(|since| since.elapsed() < SUMMONS);
        if self.route.is_none() && !is_rung {
            self.summoned = Some(Instant::now());
            self.core.directory.summon(&self.core, &self.between, self.own.clone());
        }
    }

    async fn fetch(&mut self, announcement: Announcement) {
        let is_known =
            |transfer: &Transfer| matches!(transfer, Transfer::Fetched(known) if known.hash == announcement.hash);
        if self.transfers.values().any(is_known) || self.core.media.has_object(&announcement.hash).await {
            return;
        }
        if self.transfers.len() >= MOST_TRANSFERS {
            Limit::Files.reached(&self.between.owner);
            self.core.media.gave_up(&announcement);
            return;
        }
        self.core.media.begin(&announcement);
        let (transfer, description) = (self.number(), announcement.description.to_string());
        self.transfers.insert(transfer, Transfer::Fetched(announcement));
        self.process(Input::Fetch { transfer, description }).await;
        self.summon();
    }

    async fn offer(&mut self, attachment: Attachment) {
        let offered = |transfer: &&Transfer| matches!(transfer, Transfer::Offered { .. });
        let is_known = |transfer: &Transfer| matches!(transfer, Transfer::Offered { of, .. } if *of == attachment);
        // What was not confirmed is shown again, and is still offered.
        if self.transfers.values().any(is_known) {
            return;
        }
        if self.transfers.values().filter(offered).count() >= MOST_OFFERS {
            // The link has to do.
            Limit::Files.reached(&self.between.owner);
            return;
        }
        // A picture that takes long to draw goes without.
        let preview = tokio::time::timeout(PREVIEW, self.core.media.preview(&attachment)).await;
        let preview = preview.ok().flatten().unwrap_or_default();
        match self.core.media.open_file(&attachment.source).await {
            Ok(Some((file, size))) => {
                let transfer = self.number();
                let name = attachment.name.clone();
                self.transfers.insert(transfer, Transfer::Offered { file, of: attachment });
                self.process(Input::OfferFile { transfer, name, size, preview }).await;
                self.summon();
            }
            Ok(None) => debug!("a file that is no longer kept is not offered"),
            Err(fault) => warn!(%fault, "a file cannot be read, and is not offered"),
        }
    }

    fn number(&mut self) -> TransferId {
        let number = TransferId(self.next);
        self.next += 1;
        number
    }

    async fn process(&mut self, input: Input<'_>) {
        // In the order in which the peer gave them: its packets must not overtake each other.
        let mut outputs: VecDeque<Output> = self.peer.process(moment().instant, rand::random(), input).into();
        while let Some(output) = outputs.pop_front() {
            if let Some(input) = self.carry_out(output).await {
                outputs.extend(self.peer.process(moment().instant, rand::random(), input));
            }
        }
    }

    async fn carry_out(&mut self, output: Output) -> Option<Input<'static>> {
        match output {
            Output::Send(payload) => self.send(payload),
            Output::ObjectWanted { transfer, object } => {
                let hash = object.data_hash.parse().ok();
                let data = match hash {
                    Some(hash) => self.core.media.object_bytes(&hash).await,
                    None => None,
                };
                return Some(match data {
                    Some(data) => Input::Provide { transfer, data },
                    None => Input::Unavailable { transfer },
                });
            }
            Output::FileOffered { transfer, name, size, .. } => return Some(self.accept(transfer, name, size).await),
            Output::FileTooLarge { name, size } => {
                Limit::FileSize.reached(&self.between.owner);
                let (size, most) = (domain::content::in_bytes(size), self.core.settings.limits.file);
                let most = domain::content::in_bytes(most);
                self.tell(format!("(not sent: {name} has {size}; files may have {most} at most)")).await;
            }
            Output::FileData { transfer, data } => return self.write(transfer, &data).await,
            Output::FileReceived { transfer } => self.received(transfer).await,
            Output::Want { transfer, offset, length } => {
                let data = match self.transfers.get_mut(&transfer) {
                    Some(Transfer::Offered { file, .. }) => transfer::read(file, offset, length).await,
                    Some(Transfer::Fetched(_) | Transfer::Incoming { .. }) | None => Ok(Bytes::new()),
                };
                return Some(match data {
                    Ok(data) => Input::Feed { transfer, offset, data },
                    Err(fault) => {
                        warn!(%fault, "a file that is being sent cannot be read");
                        self.transfers.remove(&transfer);
                        Input::Cancel { transfer }
                    }
                });
            }
            Output::ObjectFetched { transfer, data } => {
                if let Some(Transfer::Fetched(announcement)) = self.transfers.remove(&transfer) {
                    self.core.media.obtained(&announcement, data).await;
                    self.core.pictures.obtained(&self.core, &announcement);
                }
            }
            Output::FileAccepted { transfer } => debug!(%transfer, "the client takes a file"),
            Output::FileDeclined { transfer } | Output::FileSent { transfer } => {
                debug!(%transfer, "a file was handed over or declined");
                self.transfers.remove(&transfer);
            }
            Output::Failed { transfer, why } => self.failed(transfer, why).await,
            Output::InkReceived { content_type, data } if content_type == "image/gif" => {
                if !data.starts_with(b"GIF8") {
                    self.tell("(a drawing was not sent: it is no GIF)".to_owned()).await;
                    return None;
                }
                if !self.files.take(moment().instant) {
                    Limit::Files.reached(&self.between.owner);
                    self.tell("(a drawing was not sent: there were too many; try again in a minute)".to_owned()).await;
                    return None;
                }
                match self.core.media.keep_bytes("ink.gif", &data).await {
                    Ok(attachment) => self.say(Content::Ink(attachment)).await,
                    Err(fault) => warn!(%fault, "ink cannot be kept"),
                }
            }
            Output::InkReceived { content_type, .. } => {
                debug!(content_type, "ink that no network reads");
                self.tell("(a drawing was not sent: this contact takes drawings as GIF only)".to_owned()).await;
            }
            Output::InvitationDeclined { activity } => debug!(?activity, "declined"),
        }
        None
    }

    fn send(&self, payload: Bytes) {
        let Some(route) = &self.route else { return };
        let (from, name) = (self.between.contact.clone(), self.name.clone());
        let body = Body::Payload(payload);
        let event = SeatEvent::Message { from, name, speaker: None, sent: wall(), body, id: None };
        route.tell_paced(switchboard::Input::Seat(event), Credit::Peer(self.returns.clone()));
    }

    async fn accept(&mut self, transfer: TransferId, name: String, size: u64) -> Input<'static> {
        if self.transfers.len() >= MOST_TRANSFERS || !self.files.take(moment().instant) {
            Limit::Files.reached(&self.between.owner);
            return Input::DeclineFile { transfer };
        }
        if self.between.contact == self.core.settings.realm.service() {
            return Input::DeclineFile { transfer };
        }
        if !self.core.media.may_receive(&self.between.owner, size) {
            Limit::DailyMedia.reached(&self.between.owner);
            self.tell(format!("(not sent: {name}: you have sent as much today as this server takes)")).await;
            return Input::DeclineFile { transfer };
        }
        if !self.core.media.has_room(size).await {
            self.tell(format!("(not sent: {name}: this server has no room for it now; try again later)")).await;
            return Input::DeclineFile { transfer };
        }
        match self.core.media.incoming(size).await {
            Ok(file) => {
                self.transfers.insert(transfer, Transfer::Incoming { file: Box::new(file), name });
                Input::AcceptFile { transfer }
            }
            Err(fault) => {
                warn!(%fault, "a file cannot be taken");
                Input::DeclineFile { transfer }
            }
        }
    }

    async fn write(&mut self, transfer: TransferId, data: &[u8]) -> Option<Input<'static>> {
        let Some(Transfer::Incoming { file, name }) = self.transfers.get_mut(&transfer) else { return None };
        if let Err(fault) = file.write(data).await {
            warn!(%fault, "a file that is being received cannot be kept");
            let name = std::mem::take(name);
            self.transfers.remove(&transfer);
            self.tell(format!("(not sent: {name}: this server cannot keep it now; try again later)")).await;
            return Some(Input::Cancel { transfer });
        }
        None
    }

    /// A file of the client is here: from now on it goes the way of any message.
    async fn received(&mut self, transfer: TransferId) {
        let Some(Transfer::Incoming { file, name }) = self.transfers.remove(&transfer) else { return };
        match self.core.media.finish(*file, &name).await {
            Ok(attachment) if attachment.media_type.starts_with("image/") => self.say(Content::Image(attachment)).await,
            Ok(attachment) => self.say(Content::File(attachment)).await,
            Err(fault) => {
                warn!(%fault, "a file that was received cannot be kept");
                self.tell(format!("(not sent: {name}: this server cannot keep it now; try again later)")).await;
            }
        }
    }

    async fn failed(&mut self, transfer: TransferId, why: Failure) {
        debug!(%transfer, ?why, "a transfer failed");
        if why == Failure::TooMany {
            Limit::Files.reached(&self.between.owner);
        }
        match self.transfers.remove(&transfer) {
            Some(Transfer::Fetched(announcement)) => self.core.media.gave_up(&announcement),
            Some(Transfer::Incoming { name, .. }) if why != Failure::Cancelled => {
                self.tell(format!("(not sent: {name}: it broke off)")).await;
            }
            Some(Transfer::Incoming { .. } | Transfer::Offered { .. }) | None => {}
        }
    }

    /// The user says this to the contact.
    async fn say(&mut self, content: Content) {
        let Between { owner, contact } = self.between.clone();
        let draft = Draft {
            id: self.core.store.next_message(),
            author: owner.clone(),
            sent: wall(),
            payload: Bytes::new(),
            content: Some(content),
            enclosed: None,
            accounts: Vec::new(),
            remotes: vec![contact],
            gathers: Vec::new(),
        };
        match self.core.store.keep(draft).await {
            Ok(kept) if kept.left_out.is_empty() => {
                for contact in kept.ordered {
                    self.core.outbox.kick(&self.core, owner.clone(), contact);
                }
            }
            Ok(_) => self.tell("(not sent: this contact can no longer be reached)".to_owned()).await,
            Err(fault) => {
                warn!(%fault, "what a client handed over cannot be kept; its user is told");
                self.tell("(not sent: this server cannot keep it now; try again later)".to_owned()).await;
            }
        }
    }

    /// The user is told something in the window of the contact.
    async fn tell(&mut self, line: String) {
        // Each is kept until it is read: a client that does wrong without end is told so only now and then.
        if !self.lines.take(moment().instant) {
            return Limit::Notices.reached(&self.between.owner);
        }
        let Between { owner, contact } = self.between.clone();
        match self.core.store.notice(&owner, &contact, &self.name, Content::text(line)).await {
            Ok(_) => self.core.directory.doorbell(&self.core, owner, contact),
            Err(fault) => warn!(%fault, "a user cannot be told what became of a file"),
        }
    }
}

/// Waits until the switchboard has ended; for ever if there is none.
async fn gone(route: Option<&ConnectionHandle>) {
    match route {
        Some(route) => route.gone().await,
        None => std::future::pending().await,
    }
}
