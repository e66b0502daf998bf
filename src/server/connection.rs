//! The task that owns one client's connection.

mod parting;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::{Passport, account, account::SessionId, conversation};
use msnp::{dialect::Dialect, frame::FrameFault};
use session::{
    Action, Closing, Connection, Input,
    notification::{self, SignInRefusal, SignedIn},
    switchboard,
};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tracing::{Instrument, debug, info_span};

use crate::{
    conversation::{ConversationHandle, ToConversation},
    cookies::Admits,
    core::{Core, moment, until},
    directory::manner,
    lane::{ConnectionHandle, Credit, LaneEnd, ToConnection},
    limit::Limit,
    mailbox::ToAccount,
    transport::Transport,
};
use parting::Parting;

/// How much of what waits for a client is written together; then it is its turn to be heard.
const TOGETHER: usize = 64;

/// How long after a message was sent it is asked whether it arrived.
const ASK_ARRIVAL: Duration = Duration::from_millis(500);

/// How long a closing connection may take to take what is left for it.
const LINGER: Duration = Duration::from_secs(5);

/// How long a client that was told of the end may take to hang up.
const HANGING_UP: Duration = Duration::from_secs(2);

/// Serves a client until it leaves; `address` is where such a client is told to connect to.
pub(crate) fn spawn(core: &Arc<Core>, transport: Transport, address: Arc<str>, permit: impl Send + 'static) {
    let span = info_span!(parent: None, "connection", peer = %transport.peer());
    let core_of_task = Arc::clone(core);
    core.tasks.spawn(
        async move {
            let closing = serve(core_of_task, transport, address).await;
            debug!(%closing, "closed");
            drop(permit);
        }
        .instrument(span),
    );
}

async fn serve(core: Arc<Core>, transport: Transport, address: Arc<str>) -> Ending {
    let (lane, mut queue) = LaneEnd::open();
    let settings = core.settings.of_sessions();
    let mut task = Task {
        connection: Connection::new(settings, moment().instant),
        core,
        transport,
        address,
        lane,
        unsent: Vec::new(),
        credits: Vec::new(),
        paced: false,
        place: Place::Nowhere,
        ask_arrival: None,
    };
    let ending = task.run(&mut queue).await;
    if let Ending::Closing(Closing::Fault(FrameFault::LineTooLong | FrameFault::PayloadTooLong { .. })) = &ending {
        Limit::RequestSize.reached(task.transport.peer());
    }
    Box::pin(task.leave(&ending)).await;
    if let Ending::Closing(_) = &ending {
        let _ = tokio::time::timeout(HANGING_UP, task.transport.hang_up()).await;
    }
    ending
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error(transparent)]
    Closing(#[from] Closing),
    #[error("the client hung up")]
    HungUp,
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the client does not take what it is sent")]
    TooSlow,
}

/// Where a client is.
enum Place {
    Nowhere,
    /// Signed in.
    Account(SessionId, mpsc::Sender<Box<ToAccount>>),
    /// Admitted to a switchboard, in no conversation yet.
    Lobby(Box<switchboard::Admission>),
    /// In a conversation.
    Conversation {
        seat: conversation::SeatId,
        conversation: ConversationHandle,
    },
}

struct Task {
    core: Arc<Core>,
    transport: Transport,
    address: Arc<str>,
    connection: Connection,
    lane: LaneEnd,
    unsent: Vec<u8>,
    /// What goes back to peers once nothing is unsent.
    credits: Vec<Credit>,
    /// Whether a peer has ever sent something.
    paced: bool,
    place: Place,
    /// When to ask whether what was sent has arrived.
    ask_arrival: Option<tokio::time::Instant>,
}

impl Task {
    async fn run(&mut self, queue: &mut mpsc::Receiver<Box<ToConnection>>) -> Ending {
        let stop = self.core.stop.clone();
        // When a server that stops parts from the client, who may be amid saying something.
        let mut parting: Option<Parting> = None;
        loop {
            let deadline = self.connection.deadline().map(tokio::time::Instant::from_std);
            let deadline = deadline.into_iter().chain(self.ask_arrival).min();
            // What is done for a moment lies on the heap for that moment only: a task mostly waits, and there are thousands.
            let step = tokio::select! {
                biased;
                // First, so that a client that never stops talking does not keep the server from its end.
                () = until(parting.as_ref().map(Parting::due)) => Box::pin(self.stop()).await,
                () = stop.cancelled(), if parting.is_none() => {
                    parting = Some(Parting::begin());
                    continue;
                }
                message = queue.recv() => match message {
                    Some(message) if !self.lane.has_overflown() => {
                        Box::pin(self.deliver_all(*message, queue)).await
                    }
                    Some(_) | None => {
                        Limit::Queue.reached(self.transport.peer());
                        Err(Ending::TooSlow)
                    }
                },
                writable = self.transport.writable(), if !self.unsent.is_empty() => match writable {
                    Ok(()) => self.write(),
                    Err(fault) => Err(fault.into()),
                },
                // A client that does not read is not read from either.
                readable = self.transport.readable(), if self.connection.is_ready() && self.unsent.is_empty() => {
                    match readable {
                        Ok(()) => Box::pin(self.read()).await,
                        Err(fault) => Err(fault.into()),
                    }
                }
                () = until(deadline) => Box::pin(self.tick()).await,
            };
            if let Some(parting) = &mut parting {
                parting.put_off();
            }
            // What a step says goes out together.
            if let Err(ending) = step.and_then(|()| self.flush()) {
                return ending;
            }
        }
    }

    /// Reads what has come. The buffer lives only here, so that an idle connection has none.
    async fn read(&mut self) -> Result<(), Ending> {
        let actions = {
            let mut buffer = [0; 8192];
            match self.transport.try_read(&mut buffer, &self.core.acknowledgements) {
                Ok(Some(input)) => {
                    // A client that speaks may have got all that was written, which is asked before it says anything else.
                    let shows = matches!(input, Input::Relayed(_)) && self.ask_arrival.is_some() && self.has_arrived();
                    let mut actions = Vec::new();
                    if shows {
                        self.ask_arrival = None;
                        actions = self.connection.process(&moment(), Input::Arrived);
                    }
                    actions.append(&mut self.connection.process(&moment(), input));
                    actions
                }
                Ok(None) => return Err(Ending::HungUp),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(fault) => return Err(fault.into()),
            }
        };
        self.carry_out(actions).await
    }

    fn write(&mut self) -> Result<(), Ending> {
        while !self.unsent.is_empty() {
            match self.transport.try_write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(fault) => return Err(fault.into()),
            }
        }
        self.unsent = Vec::new();
        self.credits.drain(..).for_each(Credit::give_back);
        Ok(())
    }

    /// Writes what there is, as far as the client takes it.
    fn flush(&mut self) -> Result<(), Ending> {
        self.write()?;
        if self.unsent.len() > self.core.settings.limits.unsent {
            Limit::Unsent.reached(self.transport.peer());
            return Err(Ending::TooSlow);
        }
        Ok(())
    }

    async fn deliver_all(
        &mut self,
        first: ToConnection,
        queue: &mut mpsc::Receiver<Box<ToConnection>>,
    ) -> Result<(), Ending> {
        self.deliver(first).await?;
        for _ in 1..TOGETHER {
            let Ok(message) = queue.try_recv() else { break };
            self.deliver(*message).await?;
        }
        Ok(())
    }

    async fn deliver(&mut self, message: ToConnection) -> Result<(), Ending> {
        match message {
            ToConnection::Notification(inputs) => {
                for input in inputs {
                    let actions = self.connection.process(&moment(), Input::Notification(input));
                    self.carry_out(actions).await?;
                }
            }
            ToConnection::Switchboard(input) => {
                if matches!(&input, switchboard::Input::Seat(conversation::SeatEvent::Message { id: Some(_), .. })) {
                    self.ask_arrival.get_or_insert_with(|| tokio::time::Instant::now() + ASK_ARRIVAL);
                }
                let actions = self.connection.process(&moment(), Input::Switchboard(input));
                self.carry_out(actions).await?;
            }
            ToConnection::Paced(input, credit) => {
                if !std::mem::replace(&mut self.paced, true) {
                    self.transport.hold_little();
                }
                self.credits.push(credit);
                let actions = self.connection.process(&moment(), Input::Switchboard(input));
                self.carry_out(actions).await?;
            }
        }
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), Ending> {
        if self.ask_arrival.is_some_and(|at| at <= tokio::time::Instant::now()) {
            self.ask_arrival = None;
            if self.has_arrived() {
                let actions = self.connection.process(&moment(), Input::Arrived);
                self.carry_out(actions).await?;
            } else {
                self.ask_arrival = Some(tokio::time::Instant::now() + ASK_ARRIVAL);
            }
        }
        let now = moment();
        if self.connection.deadline().is_some_and(|deadline| deadline <= now.instant) {
            let actions = self.connection.process(&now, Input::Tick);
            self.carry_out(actions).await?;
        }
        Ok(())
    }

    /// Whether the client's machine has everything that was sent.
    fn has_arrived(&self) -> bool {
        self.unsent.is_empty() && self.transport.has_arrived(&self.core.acknowledgements)
    }

    async fn carry_out(&mut self, actions: Vec<Action>) -> Result<(), Ending> {
        // What one action brings about is done before the next; the stack of that is only as deep as a sign-in is long.
        let mut waiting = actions;
        waiting.reverse();
        while let Some(action) = waiting.pop() {
            let input = match action {
                Action::Send(bytes) => {
                    if self.unsent.is_empty() {
                        self.unsent = bytes;
                    } else {
                        self.unsent.extend_from_slice(&bytes);
                    }
                    continue;
                }
                Action::Close(closing) => {
                    let _ = tokio::time::timeout(LINGER, self.finish()).await;
                    return Err(closing.into());
                }
                // What can go does not wait for what others have to be asked.
                Action::Notification(request) => {
                    self.flush()?;
                    self.notification(request).await.map(Input::Notification)
                }
                Action::Switchboard(request) => {
                    self.flush()?;
                    self.switchboard(request).await.map(Input::Switchboard)
                }
            };
            if let Some(input) = input {
                let more = self.connection.process(&moment(), input);
                waiting.extend(more.into_iter().rev());
            }
        }
        Ok(())
    }

    /// Sends what is left.
    async fn finish(&mut self) -> Result<(), Ending> {
        while !self.unsent.is_empty() {
            self.transport.writable().await?;
            self.write()?;
        }
        Ok(())
    }

    async fn notification(&mut self, request: notification::Request) -> Option<notification::Input> {
        match request {
            notification::Request::Admit { passport } => {
                let redirect = self.core.settings.dispatch
                    && !self.core.dispatch.is_expected(&passport, self.transport.peer().ip(), moment().instant);
                Some(notification::Input::Admitted { redirect: redirect.then(|| Arc::clone(&self.address)) })
            }
            notification::Request::SignIn { passport, ticket, dialect } => {
                Some(notification::Input::SignedIn(self.sign_in(&passport, ticket, dialect).await))
            }
            notification::Request::Ask { tag, request } => {
                if let Place::Account(session, account) = &self.place {
                    let cause = account::Cause::Asked { session: *session, tag, request };
                    let _ = account.send(Box::new(ToAccount::Cause(cause))).await;
                }
                None
            }
        }
    }

    async fn sign_in(&mut self, passport: &str, ticket: String, dialect: Dialect) -> Result<SignedIn, SignInRefusal> {
        let accepted = passport.parse::<Passport>().ok();
        let accepted =
            accepted.filter(|passport| self.core.authentication.accepts(passport, &ticket, moment().instant));
        let outcome = if accepted.is_some() { "accepted" } else { "refused" };
        metrics::counter!("chrysalis_sign_ins_total", "stage" => "ticket", "outcome" => outcome).increment(1);
        let Some(passport) = accepted else { return Err(SignInRefusal::Ticket) };
        let session = self.core.session_id();
        let handle = self.handle(session, dialect);
        let mut message = Box::new(ToAccount::SignedIn(handle));
        let account = loop {
            let account = self.core.directory.account(&self.core, &passport);
            match account.send(message).await {
                Ok(()) => break account,
                // The account was just being put to rest.
                Err(unsent) => message = unsent.0,
            }
        };
        self.place = Place::Account(session, account);
        let member = Sha256::digest(passport.as_str().as_bytes());
        let member = member.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Ok(SignedIn { passport, session, member, ticket, address: self.transport.peer() })
    }

    fn handle(&self, session: SessionId, dialect: Dialect) -> ConnectionHandle {
        self.lane.handle(session, dialect, (Arc::clone(&self.address), self.transport.peer().ip()))
    }

    async fn switchboard(&mut self, request: switchboard::Request) -> Option<switchboard::Input> {
        match request {
            switchboard::Request::Redeem { passport, cookie, answering } => {
                let admission = self.redeem(&passport, &cookie, answering).await;
                Some(switchboard::Input::Admitted(admission))
            }
            switchboard::Request::Call { tag, passport } => self.call(tag, &passport).await,
            switchboard::Request::Say { tag, wish, saying } => {
                let Place::Conversation { seat, conversation } = &self.place else {
                    // Nobody was called: there is nobody to hear it.
                    let refused = matches!(wish, conversation::Wish::Failure | conversation::Wish::Either);
                    let event = conversation::SeatEvent::NotTaken { tag };
                    return refused.then_some(switchboard::Input::Seat(event));
                };
                let _ = conversation.send(Box::new(ToConversation::Said { seat: *seat, tag, wish, saying })).await;
                None
            }
            switchboard::Request::Overran(pace) => {
                let limit = match pace {
                    switchboard::Pace::Calls => Limit::Calls,
                    switchboard::Pace::Messages => Limit::Messages,
                };
                limit.reached(self.transport.peer());
                None
            }
            switchboard::Request::Shown(messages) => {
                if let Place::Conversation { seat, conversation } = &self.place {
                    let cause = conversation::Cause::Shown { seat: *seat, messages };
                    let _ = conversation.send(Box::new(ToConversation::Cause(cause))).await;
                }
                None
            }
        }
    }

    async fn redeem(
        &mut self,
        passport: &str,
        cookie: &str,
        answering: Option<(String, u32)>,
    ) -> Option<switchboard::Admission> {
        let session = answering.as_ref().map(|(session, _)| session.as_str());
        let admits = self.core.cookies.redeem(cookie, passport, session, moment().instant)?;
        let Admits { admission, conversation } = admits;
        let Some(((_, conversation), (_, tag))) = conversation.zip(answering) else {
            self.place = Place::Lobby(Box::new(admission.clone()));
            return Some(admission);
        };
        let seat = self.core.seat_id();
        self.sit_down(seat, &admission, Some(tag), &conversation).await.ok()?;
        self.place = Place::Conversation { seat, conversation };
        Some(admission)
    }

    async fn sit_down(
        &self,
        seat: conversation::SeatId,
        admission: &switchboard::Admission,
        answering: Option<u32>,
        conversation: &ConversationHandle,
    ) -> Result<(), Box<ToConversation>> {
        let party = conversation::Party {
            passport: admission.passport.clone(),
            name: admission.name.clone(),
            capabilities: admission.capabilities,
            kind: conversation::PartyKind::Account,
        };
        let handle = self.handle(SessionId(seat.0), admission.dialect);
        let cause = conversation::Cause::Seated { seat, party, answering };
        conversation.send(Box::new(ToConversation::Seat(handle, cause))).await
    }

    async fn call(&mut self, tag: u32, passport: &Passport) -> Option<switchboard::Input> {
        let Ok(Some(callee)) = self.core.party(passport).await else {
            return Some(switchboard::Input::NotCallable { tag });
        };
        if let Place::Lobby(admission) = &self.place {
            if callee.passport == admission.passport {
                let reason = conversation::CallRefusal::AlreadyThere;
                return Some(switchboard::Input::Seat(conversation::SeatEvent::NotCalling { tag, reason }));
            }
            let admission = admission.clone();
            let caller = conversation::Party {
                passport: admission.passport.clone(),
                name: admission.name.clone(),
                capabilities: admission.capabilities,
                kind: conversation::PartyKind::Account,
            };
            let seat = self.core.seat_id();
            let rooms = manner(&self.core, &caller, &callee).await;
            let conversation = loop {
                let conversation = self.core.directory.conversation(&self.core, caller.clone(), callee.clone(), rooms);
                if self.sit_down(seat, &admission, None, &conversation).await.is_ok() {
                    break conversation;
                }
            };
            self.place = Place::Conversation { seat, conversation };
        }
        if let Place::Conversation { seat, conversation } = &self.place {
            let cause = conversation::Cause::Called { seat: *seat, tag, callee };
            let _ = conversation.send(Box::new(ToConversation::Cause(cause))).await;
        }
        None
    }
}
