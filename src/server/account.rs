//! The task that owns one account while it is in memory.

mod reading;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Account, Passport, PersonalMessage, Status, Timestamp,
    account::{Answer, Cause, Change, ContactProperty, Dismissal, Effect, Event, Refusal, SessionId, Verdict},
    conversation,
};
use metrics::gauge;
use session::notification::Input;
use store::StoreFault;
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, debug, info, info_span, warn};

use crate::{
    conversation::{ConversationHandle, ToConversation},
    cookies::{Admits, admission},
    core::{Core, moment, wall},
    lane::{ConnectionHandle, ToConnection},
    limit::Limit,
    listener::Counted,
    mailbox::{Mailbox, Posted, ToAccount},
    signals,
};
use reading::{rooms, shown};

/// How long an account without a client stays in memory.
const REST: Duration = Duration::from_secs(20);

/// How often a commit is tried again before a client is told that it failed.
const COMMITS: u32 = 3;

/// The client that is signed in, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// What it speaks: `MSNP12`.
    pub dialect: &'static str,
    /// From where it is connected, as far as this server sees.
    pub from: IpAddr,
    /// Since when it is signed in.
    pub since: Timestamp,
    /// What it shows of its user; `None` before it has said anything.
    pub status: Option<Status>,
    /// The line under the name, and what is being listened to.
    pub personal_message: PersonalMessage,
}

/// Starts the task of an account.
pub(crate) fn spawn(
    core: &Arc<Core>,
    passport: Passport,
    mailbox: Arc<Mailbox>,
    queue: mpsc::Receiver<Box<ToAccount>>,
) {
    let span = info_span!(parent: None, "account", %passport);
    let task = run(Arc::clone(core), passport, mailbox, queue);
    core.tasks.spawn(task.instrument(span));
}

async fn run(core: Arc<Core>, passport: Passport, mailbox: Arc<Mailbox>, mut queue: mpsc::Receiver<Box<ToAccount>>) {
    // What is done for a moment lies on the heap for that moment only: a task mostly waits, and there are thousands.
    let record = match Box::pin(core.store.load(&passport)).await {
        Ok(Some(record)) => shown(&core, record),
        Ok(None) => {
            debug!("no such account");
            refuse_all(&core, &passport, &mailbox, &mut queue);
            return;
        }
        Err(fault) => {
            warn!(%fault, "cannot read the account; its client has to sign in again");
            refuse_all(&core, &passport, &mailbox, &mut queue);
            return;
        }
    };
    let rooms: Vec<Passport> = rooms(&record);
    let account = Account::new(record, core.settings.limits.account);
    let mut task = Box::new(Task {
        core,
        account,
        clients: HashMap::new(),
        wish: None,
        pages: HashMap::new(),
        removed: false,
        measured: Measured::default(),
    });
    Box::pin(task.begin(&passport, rooms, &mailbox)).await;
    loop {
        let resting = task.clients.is_empty();
        tokio::select! {
            biased;
            () = mailbox.rung() => {}
            message = queue.recv() => {
                // What contacts look like comes first, so that a first status is answered with all of it.
                Box::pin(task.take_mail(&mailbox)).await;
                match message {
                    Some(message) => Box::pin(task.take(*message)).await,
                    None => return,
                }
            }
            () = tokio::time::sleep(REST), if resting && !task.is_awaited() => {
                if mailbox.retire(&mut queue) {
                    return;
                }
            }
            () = task.core.stop.cancelled(), if resting => return,
        }
        Box::pin(task.take_mail(&mailbox)).await;
        if task.removed {
            // What is in memory is of an account that is no more; one that is made anew begins anew.
            task.core.links.forget_showing(&passport);
            refuse_all(&task.core, &passport, &mailbox, &mut queue);
            return;
        }
    }
}

/// Nobody can be served: whoever rings hears that nobody is there, and clients are dropped.
fn refuse_all(core: &Core, passport: &Passport, mailbox: &Mailbox, queue: &mut mpsc::Receiver<Box<ToAccount>>) {
    loop {
        while let Ok(message) = queue.try_recv() {
            if let ToAccount::SignedIn(client) = *message {
                client.tell(ToConnection::Notification(vec![Input::Dismissed(Dismissal::Removed)]));
            }
        }
        for posted in mailbox.take().posted {
            if let Posted::Rung(ring, conversation) = posted {
                answer_ring(passport, ring.id, Verdict::Absent, &conversation);
            }
        }
        if core.stop.is_cancelled() || mailbox.retire(queue) {
            return;
        }
    }
}

fn answer_ring(who: &Passport, ring: u64, verdict: Verdict, conversation: &ConversationHandle) {
    let cause = conversation::Cause::Answered { who: who.clone(), ring, verdict };
    conversation.try_send(ToConversation::Cause(cause));
}

struct Task {
    core: Arc<Core>,
    account: Account,
    clients: HashMap<SessionId, (ConnectionHandle, Timestamp)>,
    /// The server's own contact, while it waits for what becomes of a change of the list.
    wish: Option<oneshot::Sender<Result<(), Refusal>>>,
    /// Pages that wait for what becomes of what was asked there.
    pages: HashMap<SessionId, oneshot::Sender<Result<(), Refusal>>>,
    removed: bool,
    measured: Measured,
}

/// The account as it is measured.
#[derive(Default)]
struct Measured {
    signed_in: Option<Counted>,
    sessions: HashMap<SessionId, Counted>,
}

impl Task {
    /// Measures who is signed in now.
    fn measure(&mut self) {
        let clients = &self.clients;
        self.measured.sessions.retain(|session, _| clients.contains_key(session));
        if clients.is_empty() {
            self.measured.signed_in = None;
        } else {
            let signed_in = &mut self.measured.signed_in;
            signed_in.get_or_insert_with(|| Counted::of(gauge!("chrysalis_signed_in_accounts")));
        }
    }

    /// Takes up what is known of the account beside its record.
    async fn begin(&mut self, passport: &Passport, rooms: Vec<Passport>, mailbox: &Mailbox) {
        if let Err(fault) = self.core.service.load(&self.core, passport).await {
            warn!(%fault, "cannot read the account's time zone; times are in UTC");
        }
        if let Err(fault) = self.core.links.load_sharing(&self.core.store, passport).await {
            warn!(%fault, "cannot read what the account shares with networks; they see nothing of its presence until it begins again");
        }
        if let Some(picture) = self.core.pictures.last(&self.core, passport).await {
            self.handle(Cause::Pictured(Some(picture)), None).await;
        }
        for room in rooms {
            signals::show_room(&self.core, passport, &room).await;
        }
        self.take_mail(mailbox).await;
    }

    async fn take_mail(&mut self, mailbox: &Mailbox) {
        let mail = mailbox.take();
        if mail.overflown {
            self.reload().await;
        }
        for sighting in mail.sightings {
            self.handle(Cause::Seen(sighting), None).await;
        }
        for posted in mail.posted {
            match posted {
                Posted::Cause(cause) => self.handle(cause, None).await,
                Posted::Rung(ring, conversation) => self.handle(Cause::Rung(ring), Some(&conversation)).await,
            }
        }
        if let Some(come) = mail.reread {
            self.reread(come).await;
        }
    }

    async fn take(&mut self, message: ToAccount) {
        match message {
            ToAccount::SignedIn(client) => {
                let session = client.session();
                info!(session = session.0, "signed in");
                let protocol = gauge!("chrysalis_sessions", "protocol" => client.dialect().name());
                self.measured.sessions.insert(session, Counted::of(protocol));
                self.clients.insert(session, (client, wall()));
                self.measure();
                self.handle(Cause::SignedIn(session), None).await;
            }
            ToAccount::Cause(Cause::SignedOut(session)) => {
                info!(session = session.0, "signed out");
                self.clients.remove(&session);
                self.measure();
                self.handle(Cause::SignedOut(session), None).await;
            }
            ToAccount::Cause(cause) => self.handle(cause, None).await,
            ToAccount::Wish(cause, answer) => {
                self.wish = Some(answer);
                self.handle(cause, None).await;
                self.wish = None;
            }
            ToAccount::Page(request, answer) => {
                // Whoever does not wait any more need not be remembered.
                self.pages.retain(|_, waiting| !waiting.is_closed());
                let session = self.core.session_id();
                self.pages.insert(session, answer);
                self.handle(Cause::AskedOnPage { session, request }, None).await;
            }
            ToAccount::Look(answer) => drop(answer.send(self.present())),
        }
    }

    /// Tells the server's own contact what became of the change.
    fn grant(&mut self, outcome: Result<(), Refusal>) {
        if let Err(refusal) = &outcome {
            self.note_limit(*refusal);
        }
        if let Some(wish) = self.wish.take() {
            // Whoever no longer waits need not know.
            let _ = wish.send(outcome);
        }
    }

    /// Whether a limit was the reason.
    fn note_limit(&self, refusal: Refusal) {
        if let Some(limit) = Limit::behind(refusal) {
            limit.reached(self.account.passport());
        }
    }

    /// Whether a page waits for something.
    fn is_awaited(&self) -> bool {
        self.pages.values().any(|page| !page.is_closed())
    }

    /// The client that is signed in.
    fn present(&self) -> Option<Present> {
        let (client, since) = self.clients.get(&self.account.session()?)?;
        Some(Present {
            dialect: client.dialect().name(),
            from: client.peer(),
            since: *since,
            status: self.account.status(),
            personal_message: self.account.personal_message().clone(),
        })
    }

    /// Answers a client, or the page that asked under this number.
    fn answer(&mut self, session: SessionId, tag: u32, answer: Answer) {
        let Some(page) = self.pages.remove(&session) else {
            return self.tell(session, vec![Input::Answer { tag, answer }]);
        };
        let outcome = if let Answer::Refused(refusal) = answer { Err(refusal) } else { Ok(()) };
        // Whoever no longer waits need not know.
        let _ = page.send(outcome);
    }

    /// Lets the account decide, and does what it says.
    async fn handle(&mut self, cause: Cause, ringing: Option<&ConversationHandle>) {
        self.removed |= cause == Cause::Removed;
        self.account.limit(self.core.settings.limits.account);
        let effects = self.account.handle(&moment(), cause);
        // Whoever is answered in the end has to hear of it when a commit fails before that.
        let asked = effects.iter().find_map(|effect| {
            if let Effect::Answer { session, tag, .. } = effect { Some((*session, *tag)) } else { None }
        });
        // Neighbouring lines for one client go as one, so that a long list is one entry of its queue.
        let mut lines: Option<(SessionId, Vec<Input>)> = None;
        for effect in effects {
            let (session, input) = match effect {
                Effect::Answer { session, tag, answer } => {
                    if let Answer::Refused(refusal) = &answer {
                        self.note_limit(*refusal);
                    }
                    if self.pages.contains_key(&session) {
                        self.answer(session, tag, answer);
                        continue;
                    }
                    (session, Input::Answer { tag, answer })
                }
                Effect::Tell { event: Event::Entered(_) | Event::Departed(_), .. } if !self.core.settings.live_list => {
                    continue;
                }
                Effect::Tell { session, event } => (session, Input::Event(event)),
                other => {
                    self.flush(&mut lines);
                    if !self.carry_out(other, asked, ringing).await {
                        return;
                    }
                    continue;
                }
            };
            if lines.as_ref().is_some_and(|(known, _)| *known != session) {
                self.flush(&mut lines);
            }
            lines.get_or_insert_with(|| (session, Vec::new())).1.push(input);
        }
        self.flush(&mut lines);
    }

    fn flush(&self, lines: &mut Option<(SessionId, Vec<Input>)>) {
        if let Some((session, inputs)) = lines.take() {
            self.tell(session, inputs);
        }
    }

    fn tell(&self, session: SessionId, inputs: Vec<Input>) {
        if let Some((client, _)) = self.clients.get(&session) {
            client.tell(ToConnection::Notification(inputs));
        }
    }

    /// Does one thing; `false` when what follows must not happen.
    async fn carry_out(
        &mut self,
        effect: Effect,
        asked: Option<(SessionId, u32)>,
        ringing: Option<&ConversationHandle>,
    ) -> bool {
        let passport = self.account.passport().clone();
        match effect {
            Effect::Answer { .. } | Effect::Tell { .. } => {}
            Effect::Keep(changes) => {
                let Err(refusal) = self.keep(&passport, &changes).await else { return true };
                self.reload().await;
                self.grant(Err(refusal));
                if let Some((session, tag)) = asked {
                    self.answer(session, tag, Answer::Refused(refusal));
                }
                return false;
            }
            Effect::Granted(outcome) => self.grant(outcome),
            Effect::Admit { session, tag } => {
                if let Some((client, _)) = self.clients.get(&session) {
                    let zone = self.core.service.time_zone(&passport);
                    let admits = Admits::caller(admission(&self.account, client.dialect(), zone));
                    let cookie = self.core.cookies.bake(admits);
                    let address = client.address();
                    self.tell(session, vec![Input::Answer { tag, answer: Answer::Switchboard { address, cookie } }]);
                }
            }
            Effect::Invite { session, ring } => {
                if let (Some((client, _)), Some(conversation)) = (self.clients.get(&session), ringing) {
                    let number = self.core.number();
                    let zone = self.core.service.time_zone(&passport);
                    let admission = admission(&self.account, client.dialect(), zone);
                    let admits = Admits::guest(admission, (number, conversation.clone()));
                    let cookie = self.core.cookies.bake(admits);
                    let address = client.address();
                    let event = Event::Ring { ring: number, address, cookie, from: ring.from, name: ring.name };
                    self.tell(session, vec![Input::Event(event)]);
                }
            }
            Effect::Ring { id, verdict, .. } => {
                if let Some(conversation) = ringing {
                    answer_ring(&passport, id, verdict, conversation);
                }
            }
            Effect::Publish { to, presence } => self.core.directory.sight(&to, &passport, presence),
            Effect::PublishProperty { to, key, value } => {
                let property = ContactProperty { contact: passport, key, value };
                self.core.directory.post(&to, Cause::Showed(property));
            }
            Effect::Show(presence) => self.core.links.show(&passport, presence),
            Effect::Picture { object, through } => {
                self.core.pictures.changed(&self.core, passport, object, through);
            }
            Effect::Mirror { to, listed } => {
                let cause = Cause::Listed { by: passport, name: self.account.name().to_owned(), listed };
                self.core.directory.post(&to, cause);
            }
            Effect::Outbox { contact } => self.core.outbox.kick(&self.core, passport, contact),
            Effect::Inquire { of } => match self.core.store.properties_shown(&passport, &of).await {
                Ok(properties) => {
                    // At once, so that what the contact changes from here on is heard after it.
                    for property in properties {
                        Box::pin(self.handle(Cause::Showed(property), None)).await;
                    }
                }
                Err(fault) => warn!(%of, %fault, "cannot read what a contact shows; the next list will show it"),
            },
            Effect::LookUp { session, tag, telephone } => {
                let answer = match self.core.store.is_mobile(&telephone).await {
                    Ok(true) => Answer::Found(telephone),
                    Ok(false) => Answer::Refused(Refusal::NoSuchNumber),
                    Err(fault) => {
                        warn!(%fault, "cannot look a telephone number up");
                        Answer::Refused(Refusal::Unavailable)
                    }
                };
                self.tell(session, vec![Input::Answer { tag, answer }]);
            }
            Effect::Resolve { query, passport: wanted } => {
                let core = Arc::clone(&self.core);
                let task = core.directory.account(&core, &passport);
                self.core.tasks.spawn(async move {
                    let outcome = core.resolve(&wanted).await;
                    // A task that has ended meanwhile has no client left to tell.
                    let _ = task.send(Box::new(ToAccount::Cause(Cause::Resolved { query, outcome }))).await;
                });
            }
            Effect::Reachable => self.ring_doorbells(&passport).await,
            Effect::Dismiss { session, reason } => {
                self.tell(session, vec![Input::Dismissed(reason)]);
                self.clients.remove(&session);
                self.measure();
            }
        }
        true
    }

    /// Commits, and tries again where that may help.
    async fn keep(&self, passport: &Passport, changes: &[Change]) -> Result<(), Refusal> {
        for attempt in 1..=COMMITS {
            match self.core.store.change(passport, changes.to_vec()).await {
                Ok(()) => return Ok(()),
                Err(StoreFault::Full(whom)) => {
                    debug!(%whom, "is on as many lists as may be");
                    return Err(Refusal::ListFull);
                }
                Err(fault) => warn!(%fault, attempt, "cannot keep a change of the account"),
            }
        }
        Err(Refusal::Unavailable)
    }

    /// Everything that was kept for the account may ring now.
    async fn ring_doorbells(&self, passport: &Passport) {
        match self.core.service.show_what_waits(&self.core, passport).await {
            Ok(()) => {}
            Err(fault) => {
                warn!(%fault, "cannot read what waits for the account; it is tried again");
                let (core, passport) = (Arc::clone(&self.core), passport.clone());
                let task = core.directory.mailbox(&passport);
                self.core.later(async move { task.post(Cause::Reachable) });
            }
        }
    }
}
