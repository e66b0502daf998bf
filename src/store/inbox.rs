//! What the networks bring: each batch in one transaction with the bridge's own writes.

use bridge::{Accepted, Action, Arrival, Batch, RemoteProfile};
use domain::{
    Contact, Content, Lists, NetworkName, Passport, RemoteMessage, RemoteUser, Timestamp,
    contact::{List, RemoteTarget},
};
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault, account,
    address::{self, Introduction, Networks},
    clock,
    entry::{self, Entry},
    message::{self, Arrived},
    message_map,
    numbers::Numbers,
    outbox, record, value,
};

/// What became of a batch: who is to be told now. All of it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcceptOutcome {
    /// The answer to the bridge.
    pub accepted: Accepted,
    /// Accounts for whom a message waits, and from which contact; each pair once.
    pub rung: Vec<(Passport, Passport)>,
    /// Accounts, and who newly wants to be their contact.
    pub invited: Vec<(Passport, Contact)>,
    /// Accounts, and who invited them though their list says the answer already: welcomed when they are allowed or added,
    /// turned away when they are blocked, which counts as left out. The order is in the outbox, in the same transaction.
    pub answered: Vec<(Passport, Passport)>,
    /// Accounts, and who now stands on their contact list without a question.
    pub befriended: Vec<(Passport, Contact)>,
    /// Accounts, and who is no longer on their reverse list.
    pub withdrawn: Vec<(Passport, Passport)>,
}

impl Store {
    /// Commits the batch in one transaction: what arrived, and the bridge's own writes. Left out is what is for an account
    /// that is not here, what is known already, what comes from somebody the owner blocks, and a friend whom the owner took
    /// off the list.
    pub async fn accept(&self, network: &NetworkName, batch: Batch) -> Result<AcceptOutcome, StoreFault> {
        let (network, networks, numbers) = (network.clone(), self.networks.clone(), self.numbers.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let Batch { arrivals, writes } = batch;
                    let mut reception = Reception {
                        connection: &mut *connection,
                        network: &network,
                        networks: &networks,
                        numbers: &numbers,
                        now: clock::now(),
                        outcome: AcceptOutcome::default(),
                    };
                    for arrival in arrivals {
                        reception.take(arrival).await?;
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
    now: Timestamp,
    outcome: AcceptOutcome,
}

impl Reception<'_> {
    async fn take(&mut self, arrival: Arrival) -> Result<(), StoreFault> {
        let fresh = match self.sort(arrival).await {
            Ok(fresh) => fresh,
            // It would never fit, and must not hold up everything behind it.
            Err(StoreFault::NoAddress(network)) => {
                tracing::error!(%network, "an arrival was left out: its sender's id makes no address");
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
        if account::name(self.connection, arrival.owner()).await?.is_none() {
            return Ok(false);
        }
        match arrival {
            Arrival::Message { owner, place, author, id, sent, content, reply: _, addressed: _ } => {
                self.message(owner, place, author, id, sent, content).await
            }
            Arrival::Edit { .. }
            | Arrival::Reaction { .. }
            | Arrival::Removal { .. }
            | Arrival::Room { .. }
            | Arrival::RoomInvitation { .. }
            | Arrival::RoomLost { .. } => Ok(false),
            Arrival::Invitation { owner, from } => self.invitation(owner, from).await,
            Arrival::Friend { owner, who } => self.friend(owner, who).await,
            Arrival::Withdrawal { owner, from } => self.withdrawal(owner, from).await,
        }
    }

    async fn message(
        &mut self,
        owner: Passport,
        place: RemoteTarget,
        author: RemoteProfile,
        id: RemoteMessage,
        sent: Timestamp,
        content: Content,
    ) -> Result<bool, StoreFault> {
        if message_map::is_known(self.connection, &owner, self.network, &id).await? {
            return Ok(false);
        }
        let author_name = if author.name.is_empty() { author.login.clone() } else { author.name.clone() };
        let speaker = RemoteTarget::Person(author.user.clone());
        let introduction = if place == speaker { author.into() } else { Introduction::nameless(place) };
        if introduction.target != speaker && self.blocks_speaker(&owner, &speaker).await? {
            return Ok(false);
        }
        let peer = self.allot(&introduction).await?;
        if entry::find(self.connection, &owner, &peer).await?.is_some_and(|entry| entry.is_blocked()) {
            return Ok(false);
        }
        let arrived = Arrived { id: self.numbers.give(), author_name: &author_name, sent, content };
        let message = message::keep_content(self.connection, &owner, &peer, arrived).await?;
        message_map::remember(self.connection, &owner, self.network, &id, message, self.now).await?;
        let pair = (owner, peer);
        if !self.outcome.rung.contains(&pair) {
            self.outcome.rung.push(pair);
        }
        Ok(true)
    }

    /// Whether the owner blocks somebody who speaks in a room.
    async fn blocks_speaker(&mut self, owner: &Passport, speaker: &RemoteTarget) -> Result<bool, StoreFault> {
        let Some(address) = address::find(self.connection, self.network, speaker).await? else { return Ok(false) };
        Ok(entry::find(self.connection, owner, &address).await?.is_some_and(|entry| entry.is_blocked()))
    }

    async fn invitation(&mut self, owner: Passport, from: RemoteProfile) -> Result<bool, StoreFault> {
        let (passport, entry) = self.entry(&owner, from).await?;
        if entry.is_blocked() {
            self.answer(owner, passport, Action::TurnAway).await?;
            return Ok(false);
        }
        let fresh = (entry.guid, entry.name.as_str());
        let newly = entry::set_reverse(self.connection, &owner, &passport, true, fresh, self.now).await?;
        if entry.lists.contains(List::Forward) || entry.lists.contains(List::Allow) {
            self.answer(owner, passport, Action::Welcome).await?;
            return Ok(true);
        }
        if newly {
            let admirer = self.contact(&owner, &passport).await?;
            self.outcome.invited.extend(admirer.map(|admirer| (owner, admirer)));
        }
        Ok(newly)
    }

    /// Answers an invitation as the list says.
    async fn answer(&mut self, owner: Passport, contact: Passport, action: Action) -> Result<(), StoreFault> {
        outbox::enqueue(self.connection, &owner, &contact, None, &action).await?;
        self.outcome.answered.push((owner, contact));
        Ok(())
    }

    async fn friend(&mut self, owner: Passport, who: RemoteProfile) -> Result<bool, StoreFault> {
        let (passport, entry) = self.entry(&owner, who).await?;
        let lists = entry.lists.with(List::Forward).with(List::Allow);
        if entry.is_blocked() || lists == entry.lists || self.has_departed(&owner, &passport).await? {
            return Ok(false);
        }
        entry::put(self.connection, &owner, &passport, &Entry { lists, ..entry }).await?;
        entry::touch(self.connection, &owner, self.now).await?;
        let friend = self.contact(&owner, &passport).await?;
        self.outcome.befriended.extend(friend.map(|friend| (owner, friend)));
        Ok(true)
    }

    async fn withdrawal(&mut self, owner: Passport, from: RemoteUser) -> Result<bool, StoreFault> {
        let from = RemoteTarget::Person(from);
        let Some(passport) = address::find(self.connection, self.network, &from).await? else { return Ok(false) };
        let unused = (clock::guid(), "");
        let changed = entry::set_reverse(self.connection, &owner, &passport, false, unused, self.now).await?;
        if changed {
            self.outcome.withdrawn.push((owner, passport));
        }
        Ok(changed)
    }

    async fn allot(&mut self, introduction: &Introduction) -> Result<Passport, StoreFault> {
        address::allot(self.connection, &self.networks.realm, self.network, introduction).await
    }

    /// The address of a profile, and its entry on the owner's list: as it is kept, or as it would have to be made.
    async fn entry(&mut self, owner: &Passport, profile: RemoteProfile) -> Result<(Passport, Entry), StoreFault> {
        let introduction = Introduction::from(profile);
        let passport = self.allot(&introduction).await?;
        let kept = entry::find(self.connection, owner, &passport).await?;
        let Introduction { name, login, .. } = introduction;
        let name = if name.is_empty() { login } else { name };
        let entry = kept.unwrap_or_else(|| Entry { guid: clock::guid(), lists: Lists::NONE, name });
        Ok((passport, entry))
    }

    async fn contact(&mut self, owner: &Passport, passport: &Passport) -> Result<Option<Contact>, StoreFault> {
        record::contact(self.connection, owner, passport, self.networks).await
    }

    async fn has_departed(&mut self, owner: &Passport, contact: &Passport) -> Result<bool, StoreFault> {
        let found: Option<String> =
            sqlx::query_scalar("SELECT passport FROM departed WHERE owner = $1 AND passport = $2")
                .bind(owner.as_str())
                .bind(contact.as_str())
                .fetch_optional(&mut *self.connection)
                .await?;
        Ok(found.is_some())
    }
}
