//! Taking transactions in: what happened is committed before the homeserver is told that it was received.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use bridge::{Arrival, Batch, Host, HostFault, RemoteProfile, Write};
use domain::{
    Content, Passport, RemoteMessage, RemoteUser, Timestamp, contact::RemoteTarget, presence::RemotePresence,
};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use sha2::{Digest, Sha256};

use crate::{
    appservice::Appservice,
    chat::{Membership, Pair, Past, profile},
    chats::{Chats, Draft},
    chores::Chore,
    invitations::Invitations,
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
    typing: HashMap<OwnedRoomId, BTreeSet<OwnedUserId>>,
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
        Ok(Self { taken, succession: Succession::new(), invitations, typing: HashMap::new() })
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
        let now = self.host.now();
        let happenings = Transaction::read(body)?.happenings(&self.configuration.names, now);
        let strangers = self.strangers(&happenings).await?;
        let mut intake = Intake {
            draft: self.chats.begin().await,
            chats: &self.chats,
            invitations: &mut receiving.invitations,
            typing: &mut receiving.typing,
            strangers: &strangers,
            now,
            arrivals: Vec::new(),
            signals: Vec::new(),
        };
        for happening in happenings {
            intake.take(happening);
        }
        let Intake { draft, arrivals, signals, .. } = intake;
        let mut writes = draft.writes();
        // What only signals something is not worth a write: repeated, it says the same.
        if !arrivals.is_empty() || !writes.is_empty() {
            receiving.take(transaction);
            writes
                .extend(serde_json::to_string(&receiving.taken).ok().map(|kept| Write::Put(TRANSACTIONS.into(), kept)));
            if let Err(fault) = self.host.accept(Batch { arrivals, writes }).await {
                receiving.taken.pop_back();
                return Err(fault.into());
            }
        }
        draft.committed();
        receiving.succession.took(id);
        tracing::debug!(id, "a transaction was taken");
        for signal in signals {
            self.signal(signal);
        }
        Ok(())
    }

    /// Of the accounts that get a chat, those that do not exist.
    async fn strangers(&self, happenings: &[Happening]) -> Result<HashSet<Passport>, HostFault> {
        let mut strangers = HashSet::new();
        for happening in happenings {
            if let Happening::Invited { owner, .. } | Happening::Made { owner, .. } = happening
                && !self.has_account(owner).await?
            {
                strangers.insert(owner.clone());
            }
        }
        Ok(strangers)
    }

    fn signal(&self, signal: Signal) {
        match signal {
            Signal::Presence(pair, presence) => self.host.presence(&pair.owner, &remote(&pair.user), presence),
            Signal::Typing(pair, typing) => {
                let user = remote(&pair.user);
                self.host.typing(&pair.owner, &RemoteTarget::Person(user.clone()), &user, typing);
            }
            Signal::Profile(profile) => self.host.profile(profile),
            Signal::Entered(owner) => self.keeper.renew(&owner),
            Signal::Chore(chore) => self.chores.add(chore),
        }
    }
}

/// What follows once a transaction is committed.
#[derive(Debug, PartialEq, Eq)]
enum Signal {
    Presence(Pair, RemotePresence),
    Typing(Pair, bool),
    Profile(RemoteProfile),
    /// The account's ghost is in a room more.
    Entered(Passport),
    Chore(Chore),
}

/// One transaction on its way in.
struct Intake<'chats, 'memory> {
    draft: Draft<'chats>,
    chats: &'chats Chats,
    invitations: &'memory mut Invitations,
    typing: &'memory mut HashMap<OwnedRoomId, BTreeSet<OwnedUserId>>,
    strangers: &'memory HashSet<Passport>,
    now: Timestamp,
    arrivals: Vec<Arrival>,
    signals: Vec<Signal>,
}

impl Intake<'_, '_> {
    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Invited { owner, by, name, room, id } => {
                self.invited(&Pair { owner, user: by }, name, &room, &id);
            }
            Happening::Removed { owner, room } => self.removed(&owner, &room),
            Happening::Made { owner, user, room } => {
                // The ghost of an account that was removed meanwhile is leaving its rooms.
                if !self.strangers.contains(&owner) {
                    let pair = Pair { owner, user };
                    let chat = self.draft.chat(&pair);
                    chat.welcomed = true;
                    chat.enter(&room, Membership::Invited, Past::Known);
                    self.signals.push(Signal::Entered(pair.owner));
                }
            }
            Happening::Present { room, user, name } => self.present(&room, &user, &name),
            Happening::Gone { room, user } => self.gone(&room, &user),
            Happening::Said { room, user, id, sent, content } => self.said(&room, &user, &id, sent, &content),
            Happening::Typing { room, users } => self.types(room, users),
            Happening::Seen { user, presence } => {
                for pair in self.chats.with(&user) {
                    if self.draft.chat(&pair).is_reachable() {
                        self.signals.push(Signal::Presence(pair, presence.clone()));
                    }
                }
            }
        }
    }

    fn invited(&mut self, pair: &Pair, name: String, room: &RoomId, id: &OwnedEventId) {
        let declined = if self.strangers.contains(&pair.owner) {
            Some("there is no such account")
        } else if self.invitations.admits(&pair.user, id, self.now) {
            None
        } else {
            Some("too many invitations of this sender within an hour")
        };
        let chat = self.draft.chat(pair);
        // Whoever is invited is not in the room, whatever was known before.
        chat.forget(room);
        if let Some(reason) = declined {
            tracing::info!(owner = %pair.owner, sender = %pair.user, %room, reason, "an invitation is declined");
            chat.declining.push(room.to_owned());
            self.signals.push(Signal::Chore(Chore::Settle(pair.clone())));
            return;
        }
        let open = chat.is_open();
        chat.invite(room);
        chat.name = name;
        if open {
            self.signals.push(Signal::Chore(Chore::Settle(pair.clone())));
        } else {
            let from = profile(&pair.user, &chat.name);
            self.arrivals.push(Arrival::Invitation { owner: pair.owner.clone(), from });
        }
    }

    fn removed(&mut self, owner: &Passport, room: &RoomId) {
        for pair in self.draft.in_room(room).into_iter().filter(|pair| pair.owner == *owner) {
            let chat = self.draft.chat(&pair);
            let was_asked = chat.invited.iter().any(|invited| invited == room);
            let was_reachable = chat.is_reachable();
            chat.forget(room);
            let is_reachable = chat.is_reachable();
            if was_asked && !chat.is_open() && chat.invited.is_empty() {
                self.arrivals.push(Arrival::Withdrawal { owner: pair.owner.clone(), from: remote(&pair.user) });
            }
            if was_reachable && !is_reachable {
                self.signals.push(Signal::Presence(pair, RemotePresence::UNKNOWN));
            }
        }
    }

    fn present(&mut self, room: &RoomId, user: &UserId, name: &str) {
        for pair in self.pairs(room, user) {
            let chat = self.draft.chat(&pair);
            let was_reachable = chat.is_reachable();
            chat.place(room, Membership::Joined);
            let is_reachable = chat.is_reachable();
            if chat.name != name {
                name.clone_into(&mut chat.name);
                let profile = Signal::Profile(profile(user, name));
                // One profile for all accounts that know the person.
                if !self.signals.contains(&profile) {
                    self.signals.push(profile);
                }
            }
            if is_reachable && !was_reachable {
                self.signals.push(Signal::Chore(Chore::Look(pair)));
            }
        }
    }

    fn gone(&mut self, room: &RoomId, user: &UserId) {
        for pair in self.pairs(room, user) {
            let chat = self.draft.chat(&pair);
            let was_reachable = chat.is_reachable();
            chat.place(room, Membership::Left);
            if was_reachable && !chat.is_reachable() {
                self.signals.push(Signal::Presence(pair, RemotePresence::UNKNOWN));
            }
        }
    }

    fn said(&mut self, room: &RoomId, user: &UserId, id: &OwnedEventId, sent: Timestamp, content: &Content) {
        let mut heard = false;
        for pair in self.draft.in_room(room) {
            let chat = self.draft.chat(&pair);
            // The first words may overtake our own knowledge of having joined: they are read then.
            if chat.hears(room) {
                heard = true;
                self.arrivals.push(message(&pair, &chat.name, user, id, sent, content));
            }
        }
        if !heard {
            tracing::debug!(%room, %id, "said in a room in which no account hears it now");
        }
    }

    fn types(&mut self, room: OwnedRoomId, users: Vec<OwnedUserId>) {
        let now: BTreeSet<OwnedUserId> = users.into_iter().collect();
        let before = self.typing.remove(&room).unwrap_or_default();
        for user in now.union(&before) {
            for pair in self.pairs(&room, user) {
                self.signals.push(Signal::Typing(pair, now.contains(user)));
            }
        }
        if !now.is_empty() {
            self.typing.insert(room, now);
        }
    }

    /// The pairs that share this room and have this person.
    fn pairs(&self, room: &RoomId, user: &UserId) -> Vec<Pair> {
        let mut pairs = self.draft.in_room(room);
        pairs.retain(|pair| pair.user == user);
        pairs
    }
}

/// What `user` said in a room of the pair's, whose person shows `name`.
pub(crate) fn message(
    pair: &Pair,
    name: &str,
    user: &UserId,
    id: &OwnedEventId,
    sent: Timestamp,
    content: &Content,
) -> Arrival {
    Arrival::Message {
        owner: pair.owner.clone(),
        place: RemoteTarget::Person(remote(&pair.user)),
        author: profile(&pair.user, name),
        id: RemoteMessage(id.to_string()),
        sent,
        content: if pair.user == user { content.clone() } else { told_by(user, content) },
        reply: None,
        addressed: true,
    }
}

/// What a third person said in a direct room, in words that show whose they are.
fn told_by(user: &UserId, content: &Content) -> Content {
    let name = user.localpart();
    match content {
        Content::Text(text) => Content::Text(text.clone().preceded_by(&format!("{name}: "))),
        Content::Emote { text } => Content::text(format!("* {name} {text}")),
        Content::Nudge => Content::text(format!("* {name} sends a nudge")),
        Content::File(_) | Content::Image(_) | Content::Voice(_) | Content::Ink(_) | Content::Wink { .. } => {
            content.clone()
        }
    }
}

fn remote(user: &UserId) -> RemoteUser {
    RemoteUser(user.to_string())
}

fn digest(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
