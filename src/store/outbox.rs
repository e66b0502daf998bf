//! What is to be done on other networks, in order for each account and contact, until it is done or given up.

use bridge::{Action, Order, Receipt};
use domain::{
    Content, NetworkName, Passport, Timestamp,
    content::{Gist, answered},
    conversation::MessageId,
};
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault, account, clock, invitation, merged,
    message::{self, Arrived},
    message_map::{self, Memory},
    pruning::PORTION,
    word,
};

/// The number of an order; it grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub i64);

/// What one account has to do with one remote contact: its orders are carried out one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lane {
    /// Whose orders.
    pub owner: Passport,
    /// Whom or what they concern.
    pub contact: Passport,
}

/// An order that waits to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOrder {
    /// Its number.
    pub id: OrderId,
    /// What the bridge is given; `attempt` is how many tries were begun before.
    pub order: Order,
    /// The network that is to do it.
    pub network: NetworkName,
    /// Whose order it is: over their link it goes.
    pub author: Passport,
    /// Whom or what it concerns.
    pub contact: Passport,
    /// The message it says, if it says one.
    pub message: Option<MessageId>,
}

impl Store {
    /// Orders something other than a message from the network of `contact`.
    pub async fn order(&self, owner: &Passport, contact: &Passport, action: Action) -> Result<OrderId, StoreFault> {
        let (owner, contact) = (owner.clone(), contact.clone());
        self.writer
            .run(move |connection| Box::pin(async move { enqueue(connection, &owner, &contact, None, &action).await }))
            .await
    }

    /// The lanes in which something waits, on networks that are on; the one that waits longest first.
    pub async fn lanes(&self) -> Result<Vec<Lane>, StoreFault> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT outbox.owner, outbox.contact, address.network
             FROM outbox JOIN address ON address.passport = outbox.contact
             WHERE outbox.parked IS NULL
             GROUP BY outbox.owner, outbox.contact, address.network ORDER BY MIN(outbox.id)",
        )
        .fetch_all(&self.readers)
        .await?;
        let networks = self.networks.now();
        let mut lanes = Vec::with_capacity(rows.len());
        for (owner, contact, network) in rows {
            if networks.bits.contains_key(&word::network("address", &network)?) {
                lanes.push(Lane {
                    owner: word::passport("outbox", &owner)?,
                    contact: word::passport("outbox", &contact)?,
                });
            }
        }
        Ok(lanes)
    }

    /// The order of a lane whose turn it is; `None` when nothing waits.
    pub async fn next_order(&self, lane: &Lane) -> Result<Option<PendingOrder>, StoreFault> {
        type Row = (i64, String, i64, String, Option<i64>, String, String, String);
        let row: Option<Row> = sqlx::query_as(
            "SELECT outbox.id, outbox.key, outbox.attempt, outbox.action, outbox.message,
                    address.network, address.kind, address.target
             FROM outbox JOIN address ON address.passport = outbox.contact
             WHERE outbox.owner = $1 AND outbox.contact = $2 AND outbox.parked IS NULL ORDER BY outbox.id LIMIT 1",
        )
        .bind(lane.owner.as_str())
        .bind(lane.contact.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(id, key, attempt, action, message, network, kind, target)| {
            Ok(PendingOrder {
                id: OrderId(id),
                order: Order {
                    key,
                    attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
                    to: word::target(&kind, target)?,
                    action: word::action(&action)?,
                },
                network: word::network("address", &network)?,
                author: lane.owner.clone(),
                contact: lane.contact.clone(),
                message: message.map(MessageId),
            })
        })
        .transpose()
    }

    /// A try begins. To be called before it: what then crashes is known to have been tried.
    pub async fn order_tried(&self, id: OrderId) -> Result<(), StoreFault> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE outbox SET attempt = attempt + 1 WHERE id = $1")
                        .bind(id.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The order was carried out: it is removed, and the network's ids of what was said are remembered, with what was said.
    pub async fn order_done(&self, id: OrderId, receipt: Receipt) -> Result<(), StoreFault> {
        self.writer.run(move |connection| Box::pin(async move { done(connection, id, &receipt).await })).await
    }

    /// The order is given up for now, because of `reason`: a phrase for people, without secrets. In the same transaction its
    /// author is told so by `report`, in the window of the contact, which comes back: that of the one that it is merged into, if it is.
    /// [`Store::prune`] forgets it 30 days later.
    pub async fn order_failed(
        &self,
        id: OrderId,
        reason: &str,
        report: Option<&str>,
    ) -> Result<Option<Passport>, StoreFault> {
        let (reason, report) = (reason.to_owned(), report.map(str::to_owned));
        let (numbers, networks) = (self.numbers.clone(), self.networks.clone());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let parked: Option<(String, String)> = sqlx::query_as(
                        "UPDATE outbox SET parked = $2, given_up = $3 WHERE id = $1 RETURNING owner, contact",
                    )
                    .bind(id.0)
                    .bind(word::text(&reason))
                    .bind(clock::now().0)
                    .fetch_optional(&mut *connection)
                    .await?;
                    let Some((owner, contact)) = parked else { return Ok(None) };
                    let (owner, contact) = (word::passport("outbox", &owner)?, word::passport("outbox", &contact)?);
                    let window = merged::window(connection, &networks.now(), &owner, &contact).await?;
                    if let Some(report) = report {
                        let (sent, content) = (clock::now(), Content::text(report));
                        let report = Arrived { id: numbers.give(), author_name: "", speaker: None, sent, content };
                        message::keep_content(connection, &owner, &window, report).await?;
                    }
                    Ok(Some(window))
                })
            })
            .await
    }
}

pub(crate) async fn enqueue(
    connection: &mut AnyConnection,
    owner: &Passport,
    contact: &Passport,
    message: Option<MessageId>,
    action: &Action,
) -> Result<OrderId, StoreFault> {
    if account::name(connection, owner).await?.is_none() {
        return Err(StoreFault::UnknownAccount(owner.clone()));
    }
    let known: Option<String> = sqlx::query_scalar("SELECT network FROM address WHERE passport = $1")
        .bind(contact.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    if known.is_none() {
        return Err(StoreFault::UnknownContact(contact.clone()));
    }
    if !matches!(action, Action::Say { .. }) {
        // Whatever else is ordered of a room, the account has decided about it.
        invitation::close(connection, owner, contact).await?;
    }
    let id = sqlx::query_scalar(
        "INSERT INTO outbox (key, owner, contact, message, action, attempt) VALUES ($1, $2, $3, $4, $5, 0)
         RETURNING id",
    )
    // Of chance and not of the row's number: a database restored from a backup gives out numbers again, and a network would
    // take the new message for the old one.
    .bind(uuid::Uuid::new_v4().simple().to_string())
    .bind(owner.as_str())
    .bind(contact.as_str())
    .bind(message.map(|id| id.0))
    .bind(word::action_json(action)?)
    .fetch_one(connection)
    .await?;
    Ok(OrderId(id))
}

async fn done(connection: &mut AnyConnection, id: OrderId, receipt: &Receipt) -> Result<(), StoreFault> {
    let row: Option<(String, String, Option<i64>, String, String)> = sqlx::query_as(
        "SELECT outbox.owner, outbox.contact, outbox.message, outbox.action, address.network
         FROM outbox JOIN address ON address.passport = outbox.contact WHERE outbox.id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut *connection)
    .await?;
    // Done already, or the account is gone.
    let Some((owner, contact, message, action, network)) = row else { return Ok(()) };
    if let Some(message) = message.map(MessageId) {
        let (owner, network) = (word::passport("outbox", &owner)?, word::network("address", &network)?);
        let (contact, gist) = (word::passport("outbox", &contact)?, gist(&word::action(&action)?));
        let memory = Memory { message, peer: Some(&contact), gist: gist.as_ref(), target: None };
        for remote in &receipt.messages {
            message_map::remember(connection, &owner, &network, remote, memory).await?;
        }
    }
    sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id.0).execute(connection).await?;
    Ok(())
}

/// What is remembered of what was said: of an answer, without what it answers.
fn gist(action: &Action) -> Option<Gist> {
    match action {
        Action::Say { content: Content::Text(text), .. } => {
            let rest = answered(text).map(|(_, rest)| rest);
            Some(Gist::of(&Content::Text(rest.unwrap_or_else(|| text.clone())), None, ""))
        }
        Action::Say { content, .. } => Some(Gist::of(content, None, "")),
        Action::Gather { .. } | Action::Befriend | Action::Welcome | Action::TurnAway | Action::Unfriend => None,
    }
}

/// Notes for a portion of the orders of which it is not known when they were given up that this was `now`; says how many those were.
pub(crate) async fn note_given_up(connection: &mut AnyConnection, now: Timestamp) -> Result<u64, StoreFault> {
    let done = sqlx::query(
        "UPDATE outbox SET given_up = $1 WHERE id IN
         (SELECT id FROM outbox WHERE parked IS NOT NULL AND given_up IS NULL ORDER BY id LIMIT $2)",
    )
    .bind(now.0)
    .bind(i64::from(PORTION))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets a portion of the orders that were given up before `oldest`; says how many those were.
pub(crate) async fn prune(connection: &mut AnyConnection, oldest: Timestamp) -> Result<u64, StoreFault> {
    let done = sqlx::query(
        "DELETE FROM outbox WHERE id IN
         (SELECT id FROM outbox WHERE parked IS NOT NULL AND given_up < $1 ORDER BY id LIMIT $2)",
    )
    .bind(oldest.0)
    .bind(i64::from(PORTION))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
