//! What the networks bring: each batch in one transaction with the bridge's own writes.

mod grouping;
mod messages;
mod people;
mod relations;
mod rooms;
mod window;

use bridge::{Accepted, Arrival, Batch, RemoteProfile, Undelivered};
use domain::{Contact, Group, Lists, NetworkName, Passport, RemoteMessage, Timestamp};
use sqlx::AnyConnection;

use crate::{
    Bounds, Store, StoreFault, account,
    address::{self, Introduction, Networks},
    clock,
    entry::{self, Entry},
    numbers::Numbers,
    record, value,
};
use messages::Spoken;
use relations::Relation;

/// Why a message is not shown, where its author is not to know whether the account is here, or whom it blocks.
const NOT_DELIVERED: &str = "it could not be delivered";
/// Why a message is not shown, where the account has not read a great many others.
const TOO_MUCH_WAITS: &str = "too much waits to be read";

/// What became of a batch: who is to be told now. All of it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcceptOutcome {
    /// The answer to the bridge.
    pub accepted: Accepted,
    /// Accounts for whom a message waits, and from which contact; each pair once.
    pub rung: Vec<(Passport, Passport)>,
    /// Whether reactions came, for which [`Store::flush_reactions`] is to be called a moment later.
    pub reactions_wait: bool,
    /// Accounts, and who newly wants to be their contact.
    pub invited: Vec<(Passport, Contact)>,
    /// Accounts, and who invited them though their list says the answer already: welcomed when they are allowed or added,
    /// turned away when they are blocked, which counts as left out. The order is in the outbox, in the same transaction.
    pub answered: Vec<(Passport, Passport)>,
    /// Accounts, and who or which room now stands on their contact list without a question.
    pub befriended: Vec<(Passport, Contact)>,
    /// Accounts, and the groups that were made for who came on their lists.
    pub grouped: Vec<(Passport, Group)>,
    /// Accounts, and who or which room is no longer on their reverse list.
    pub withdrawn: Vec<(Passport, Passport)>,
    /// Invitations to rooms that were not known before, as far as they are told by themselves.
    pub asked: Vec<RoomAsked>,
    /// Accounts that are asked into more rooms than they are told of within the hour: one line says so.
    pub crowded: Vec<Passport>,
    /// Accounts, and which room, or who that is shown as another entry, is no longer on any of their lists, without them having removed
    /// it; one that they block stays blocked.
    pub departed: Vec<(Passport, Passport)>,
    /// How often a bound of [`Bounds`] kept something out.
    pub kept_out: KeptOut,
}

/// How often each bound of [`Bounds`] kept something out of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptOut {
    /// Messages, because too many wait in their windows.
    pub messages: usize,
    /// Groups that were not made.
    pub groups: usize,
    /// Rooms that were not put on a list.
    pub rooms: usize,
    /// Invitations to rooms of which an account is not told, because it was told of too many within the hour.
    pub prompts: usize,
    /// Older invitations to rooms that were closed, because too many waited for an answer.
    pub invitations: usize,
}

/// An invitation to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomAsked {
    /// Who is asked.
    pub owner: Passport,
    /// The room's address.
    pub room: Passport,
    /// What it is called: never empty.
    pub name: String,
    /// What it is about; empty if that is not known.
    pub topic: String,
    /// The name of who asks.
    pub asker: String,
    /// The room as somebody who newly wants to be a contact; `None` if it stands on a list, or was shown so
    /// within the hour. It can be answered all the same.
    pub prompt: Option<Contact>,
}

impl Store {
    /// Commits the batch in one transaction: what arrived, and the bridge's own writes. Left out is what is for an account
    /// that is not here, what is known already, what comes from somebody the owner blocks, what does not fit beside all that waits
    /// in its window, and a friend whom the owner took off the list.
    ///
    /// What speaks of an earlier message becomes a line that names its first words. Reactions wait for
    /// [`Store::flush_reactions`].
    pub async fn accept(&self, network: &NetworkName, batch: Batch) -> Result<AcceptOutcome, StoreFault> {
        let (network, networks, numbers) = (network.clone(), self.networks.clone(), self.numbers.clone());
        let bounds = self.bounds.get();
        let Batch { arrivals, writes } = batch;
        let writes = self.sealed(&network, writes)?;
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    // As they are when it is its turn: what is written after a network came is shown as of one that is on.
                    let networks = networks.now();
                    let mut reception = Reception {
                        connection: &mut *connection,
                        network: &network,
                        networks: &networks,
                        numbers: &numbers,
                        bounds,
                        now: clock::now(),
                        outcome: AcceptOutcome::default(),
                    };
                    for arrival in arrivals {
                        reception.take(arrival.bounded()).await?;
                    }
                    let outcome = reception.outcome;
                    value::write(connection, &network, writes).await?;
                    Ok(outcome)
                })
            })
            .await
    }
}

/// A batch on its way in.
struct Reception<'a> {
    connection: &'a mut AnyConnection,
    network: &'a NetworkName,
    networks: &'a Networks,
    numbers: &'a Numbers,
    bounds: Bounds,
    now: Timestamp,
    outcome: AcceptOutcome,
}

impl Reception<'_> {
    async fn take(&mut self, arrival: Arrival) -> Result<(), StoreFault> {
        let message = match &arrival {
            Arrival::Message { owner, id, .. } => Some((owner.clone(), id.clone())),
            Arrival::Edit { .. }
            | Arrival::Reaction { .. }
            | Arrival::Removal { .. }
            | Arrival::Room { .. }
            | Arrival::RoomInvitation { .. }
            | Arrival::RoomLost { .. }
            | Arrival::Invitation { .. }
            | Arrival::Friend { .. }
            | Arrival::Withdrawal { .. } => None,
        };
        let sorted = if account::name(self.connection, arrival.owner()).await?.is_some() {
            self.sort(arrival).await.map(Some)
        } else {
            Ok(None)
        };
        let fresh = match sorted {
            Ok(Some(fresh)) => fresh,
            Ok(None) => {
                self.fail_all(message);
                false
            }
            // It would never fit, and must not hold up everything behind it.
            Err(StoreFault::NoAddress(network)) => {
                tracing::error!(%network, "an arrival was left out: its sender's id makes no address");
                self.fail_all(message);
                false
            }
            Err(fault) => return Err(fault),
        };
        let accepted = &mut self.outcome.accepted;
        let count = if fresh { &mut accepted.fresh } else { &mut accepted.left_out };
        *count += 1;
        Ok(())
    }

    /// Takes one arrival to where it belongs; says whether it was new.
    async fn sort(&mut self, arrival: Arrival) -> Result<bool, StoreFault> {
        match arrival {
            Arrival::Message { owner, place, author, id, sent, content, reply, addressed } => {
                self.message(Spoken { owner, place, author, id, sent, content, reply, addressed }).await
            }
            Arrival::Edit { owner, place, author, id, of, sent, content } => {
                self.edit(Relation { owner, place, author, id, of, sent }, content).await
            }
            Arrival::Reaction { owner, place, author, id, to, sent, sign } => {
                self.reaction(Relation { owner, place, author, id, of: to, sent }, &sign).await
            }
            Arrival::Removal { owner, place, author, id, of, sent } => {
                self.removal(Relation { owner, place, author, id, of, sent }).await
            }
            Arrival::Room { owner, room, group } => self.room(owner, room, group.as_deref()).await,
            Arrival::RoomInvitation { owner, room, from } => self.room_invitation(owner, room, &from).await,
            Arrival::RoomLost { owner, room } => self.room_lost(owner, room).await,
            Arrival::Invitation { owner, from } => self.invitation(owner, from).await,
            Arrival::Friend { owner, who, group } => self.friend(owner, who, group.as_deref()).await,
            Arrival::Withdrawal { owner, from } => self.withdrawal(owner, from).await,
        }
    }

    fn fail_all(&mut self, messages: impl IntoIterator<Item = (Passport, RemoteMessage)>) {
        for (owner, id) in messages {
            self.fail(owner, id, NOT_DELIVERED);
        }
    }

    /// A message will never be shown.
    fn fail(&mut self, owner: Passport, id: RemoteMessage, reason: &str) {
        self.outcome.accepted.undelivered.push(Undelivered { owner, id, reason: reason.to_owned() });
    }

    async fn allot(&mut self, introduction: &Introduction) -> Result<Passport, StoreFault> {
        address::allot(self.connection, &self.networks.realm, self.network, introduction).await
    }

    /// The address of somebody or something, and its entry on the owner's list: as it is kept, or as it would have to be made.
    async fn entry(&mut self, owner: &Passport, introduction: Introduction) -> Result<(Passport, Entry), StoreFault> {
        let passport = self.allot(&introduction).await?;
        let kept = entry::find(self.connection, owner, &passport).await?;
        let Introduction { name, login, .. } = introduction;
        let name = if name.is_empty() { login } else { name };
        let entry = kept.unwrap_or_else(|| Entry { guid: clock::guid(), lists: Lists::NONE, name });
        Ok((passport, entry))
    }

    /// The account that somebody is, if it is still here.
    async fn account(&mut self, profile: &RemoteProfile) -> Result<Option<Passport>, StoreFault> {
        let Some(passport) = &profile.account else { return Ok(None) };
        Ok(account::name(self.connection, passport).await?.map(|_| passport.clone()))
    }

    async fn contact(&mut self, owner: &Passport, passport: &Passport) -> Result<Option<Contact>, StoreFault> {
        record::contact(self.connection, owner, passport, self.networks).await
    }
}

/// The name that somebody is shown by.
fn shown_name(profile: &RemoteProfile) -> &str {
    if profile.name.is_empty() { &profile.login } else { &profile.name }
}
