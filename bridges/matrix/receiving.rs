//! Taking transactions in: what happened is committed before the homeserver is told that it was received.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use bridge::{Accepted, Arrival, Batch, Bound, Host, HostFault, Undelivered, Write};
use domain::{Passport, RemoteUser, presence::RemotePresence};
use sha2::{Digest, Sha256};

use crate::{
    appservice::Appservice,
    encryption::KeyNews,
    event::{Event, What},
    intake::{Intake, Known, Signal, Taken, Typists},
    invitations::Invitations,
    places::Draft,
    status::{Outcome, UNREAD},
    succession::Succession,
    transaction::{Happening, Transaction},
};

/// The last transactions are kept under this.
const TRANSACTIONS: &str = "transactions";
/// How many of them; a homeserver repeats only the one that was not answered.
const REMEMBERED: usize = 16;

/// What is remembered from one transaction to the next.
pub(crate) struct Receiving {
    /// Ids with a digest of the body: ids begin anew when a homeserver is set up anew, and must not hide what it sends then.
    taken: VecDeque<(String, String)>,
    succession: Succession,
    invitations: Invitations,
    typing: Typists,
}

/// Why a transaction was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is no transaction.
    #[error("the body is no transaction: {0}")]
    Form(#[from] serde_json::Error),
    /// One before it has to come first.
    #[error("the transaction before it has not come")]
    Early,
    /// It could not be committed; it has to be sent again.
    #[error(transparent)]
    Host(#[from] HostFault),
}

impl Receiving {
    /// What an earlier run remembered.
    pub(crate) async fn load(host: &dyn Host, invitations_per_hour: u32) -> Result<Self, HostFault> {
        let kept = host.get(TRANSACTIONS).await?;
        let taken = kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        let invitations = Invitations::new(invitations_per_hour);
        Ok(Self { taken, succession: Succession::new(), invitations, typing: Typists::new() })
    }

    fn take(&mut self, transaction: (String, String)) {
        self.taken.push_back(transaction);
        while self.taken.len() > REMEMBERED {
            self.taken.pop_front();
        }
    }
}

impl Appservice {
    /// Takes a transaction in. When this returns without an error it is committed, and the homeserver may be told so.
    pub(crate) async fn receive(self: &Arc<Self>, id: &str, body: &[u8]) -> Result<(), Refusal> {
        let mut receiving = self.receiving.lock().await;
        let receiving = &mut *receiving;
        if receiving.succession.turns_away(id) {
            return Err(Refusal::Early);
        }
        let transaction = (id.to_owned(), digest(body));
        if receiving.taken.contains(&transaction) {
            tracing::debug!(id, "a transaction that was taken before");
            receiving.succession.took(id);
            return Ok(());
        }
        let happenings = Transaction::read(body)?.happenings(&self.configuration.names, self.host.now());
        // Before what is said is read, and all of it kept before the homeserver is told so: nobody sends a key twice.
        self.encryption.take_in(KeyNews::read(body)).await;
        self.note_rooms(&happenings).await?;
        let happenings = self.opened_all(happenings).await;
        let strangers = self.strangers(&happenings).await?;
        let draft = Draft::begin(&self.chats, &self.portals).await;
        let (draft, arrivals, taken, signals) = self.take_in(draft, happenings, &strangers, receiving);
        let mut writes = draft.writes();
        let mut accepted = Accepted::default();
        // What only signals something is not worth a write: repeated, it says the same.
        if !arrivals.is_empty() || !writes.is_empty() {
            receiving.take(transaction);
            writes
                .extend(serde_json::to_string(&receiving.taken).ok().map(|kept| Write::Put(TRANSACTIONS.into(), kept)));
            match self.host.accept(Batch { arrivals, writes }).await {
                Ok(done) => accepted = done,
                Err(fault) => {
                    receiving.taken.pop_back();
                    return Err(fault.into());
                }
            }
        }
        draft.committed();
        receiving.succession.took(id);
        tracing::debug!(id, "a transaction was taken");
        self.report(taken, &accepted);
        for signal in signals {
            self.signal(signal);
        }
        Ok(())
    }

    fn take_in<'a>(
        &'a self,
        draft: Draft<'a>,
        happenings: Vec<Happening>,
        strangers: &HashSet<Passport>,
        receiving: &mut Receiving,
    ) -> (Draft<'a>, Vec<Arrival>, Vec<Taken>, Vec<Signal>) {
        let called = self.called();
        let known = Known {
            rules: self.rules(),
            called: &called,
            strangers,
            chats: &self.chats,
            invitations: &mut receiving.invitations,
            typing: &mut receiving.typing,
            speakers: &mut self.speakers(),
            outages: self.homeserver.outages_and_absence(),
            now: self.host.now(),
        };
        let mut intake = Intake::new(draft, known);
        for happening in happenings {
            intake.take(happening);
        }
        let Intake { draft, arrivals, taken, signals, .. } = intake;
        (draft, arrivals, taken, signals)
    }

    /// Of the accounts that get a chat, those that do not exist.
    async fn strangers(&self, happenings: &[Happening]) -> Result<HashSet<Passport>, HostFault> {
        let mut strangers = HashSet::new();
        for happening in happenings {
            if let Happening::Event(Event { what: What::Invited { owner, .. } | What::Made { owner, .. }, .. }) =
                happening
                && !self.has_account(owner).await?
            {
                strangers.insert(owner.clone());
            }
        }
        Ok(strangers)
    }

    /// Tells the senders of what was committed what became of it.
    pub(crate) fn report(&self, taken: Vec<Taken>, accepted: &Accepted) {
        for Taken { owner, room, event } in taken {
            let is_it = |lost: &&Undelivered| lost.owner == owner && lost.id.as_str() == event.as_str();
            let outcome = match accepted.undelivered.iter().find(is_it) {
                Some(lost) => Outcome::Failed(lost.reason.clone()),
                None => Outcome::Kept,
            };
            self.report_status(room, event, outcome);
        }
    }

    /// Does what follows from something that was committed.
    pub(crate) fn signal(self: &Arc<Self>, signal: Signal) {
        match signal {
            // Whom the ghost sees no more the account may see by itself.
            Signal::Presence(pair, presence) if presence == RemotePresence::UNKNOWN && self.own.meets(&pair) => {}
            Signal::Presence(pair, presence) => {
                self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), presence);
            }
            Signal::Typing { owner, place, user, typing } => {
                self.host.typing(&owner, &place, &RemoteUser(user.to_string()), typing);
            }
            Signal::Profile(profile) => self.host.profile(profile),
            Signal::Room(profile) => self.host.room(profile),
            Signal::Picture(whose, avatar) => self.look_at(whose, avatar),
            Signal::Active(pair) => self.heard_from(&pair.owner, &pair.user),
            Signal::Entered(owner) => self.keeper.renew(&owner),
            Signal::Chore(chore) => self.chores.add(chore),
            Signal::BotInvited(room, by) => self.bot.invited(room, by),
            Signal::BotLeft(room) => self.bot.left(room),
            Signal::BotHears(room, by, event, words) => self.bot.hear(room, by, event, words),
            Signal::BotWaits(event) => self.bot.waits_for(*event),
            Signal::InvitesTooOften(sender) => self.host.reached(Bound::Invitations, sender.as_str()),
            Signal::Refused(room, event) => self.report_status(room, event, Outcome::Forbidden),
            Signal::Unread(room, event) => self.report_status(room, event, Outcome::Failed(UNREAD.to_owned())),
        }
    }
}

fn digest(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
