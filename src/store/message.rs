//! Messages, kept until everybody they are for has them.

use bridge::Action;
use bytes::Bytes;
use domain::{
    Content, Passport, Timestamp,
    conversation::{Body, Draft, MessageId, Waiting},
};
use sqlx::AnyConnection;

use crate::{Store, StoreFault, account, outbox, word};

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: MessageId,
    /// Those of its recipients who are not here any more; nothing waits for them.
    pub left_out: Vec<Passport>,
}

impl Store {
    /// Keeps a message: it waits for each account, and is ordered to be said to each remote contact, in one transaction. A
    /// draft without content orders nothing from other networks.
    pub async fn keep(&self, draft: Draft) -> Result<Kept, StoreFault> {
        self.writer.run(move |connection| Box::pin(async move { keep(connection, draft).await })).await
    }

    /// What waits for `owner`, oldest first: at most `limit`, only those after `after`.
    pub async fn waiting(
        &self,
        owner: &Passport,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreFault> {
        let rows = sqlx::query_as(
            "SELECT message.id, delivery.peer, message.author_name, message.sent, message.payload, message.content
             FROM delivery JOIN message ON message.id = delivery.message
             WHERE delivery.owner = $1 AND delivery.message > $2 ORDER BY delivery.message LIMIT $3",
        )
        .bind(owner.as_str())
        .bind(after.map_or(0, |id| id.0))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// The contacts from whom something waits for `owner`, the one that waits longest first.
    pub async fn waiting_peers(&self, owner: &Passport) -> Result<Vec<Passport>, StoreFault> {
        let peers: Vec<String> =
            sqlx::query_scalar("SELECT peer FROM delivery WHERE owner = $1 GROUP BY peer ORDER BY MIN(message)")
                .bind(owner.as_str())
                .fetch_all(&self.readers)
                .await?;
        peers.iter().map(|peer| word::passport("delivery", peer)).collect()
    }

    /// What waits for `owner` in the window of `peer`, oldest first, at most `limit`.
    pub async fn waiting_from(
        &self,
        owner: &Passport,
        peer: &Passport,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreFault> {
        let rows = sqlx::query_as(
            "SELECT message.id, delivery.peer, message.author_name, message.sent, message.payload, message.content
             FROM delivery JOIN message ON message.id = delivery.message
             WHERE delivery.owner = $1 AND delivery.peer = $2 ORDER BY delivery.message LIMIT $3",
        )
        .bind(owner.as_str())
        .bind(peer.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// `owner` has these messages: they no longer wait, and those that wait for nobody are forgotten. Unknown ones are
    /// passed over.
    pub async fn delivered(&self, owner: &Passport, messages: &[MessageId]) -> Result<(), StoreFault> {
        let (owner, messages) = (owner.clone(), messages.to_vec());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    for message in messages {
                        sqlx::query("DELETE FROM delivery WHERE owner = $1 AND message = $2")
                            .bind(owner.as_str())
                            .bind(message.0)
                            .execute(&mut *connection)
                            .await?;
                        forget_if_nobody_waits(connection, message.0).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

type Row = (i64, String, String, i64, Option<Vec<u8>>, Option<String>);

fn read((id, peer, author_name, sent, payload, content): Row) -> Result<Waiting, StoreFault> {
    let body = match (payload, content) {
        (Some(payload), _) => Body::Payload(Bytes::from(payload)),
        (None, Some(content)) => Body::Content(word::content(&content)?),
        (None, None) => {
            return Err(StoreFault::Damaged { table: "message", problem: "a message without a body".to_owned() });
        }
    };
    Ok(Waiting {
        id: MessageId(id),
        peer: word::passport("delivery", &peer)?,
        author_name,
        sent: Timestamp(sent),
        body,
    })
}

async fn keep(connection: &mut AnyConnection, draft: Draft) -> Result<Kept, StoreFault> {
    let Draft { author, sent, payload, content, accounts, remotes } = draft;
    let name = account::name(connection, &author).await?.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| author.to_string());
    let id = add(connection, &name, sent, &Body::Payload(payload)).await?;
    let (mut left_out, mut awaited) = (Vec::new(), false);
    for recipient in accounts {
        if account::name(connection, &recipient).await?.is_some() {
            wait(connection, &recipient, id, &author).await?;
            awaited = true;
        } else {
            left_out.push(recipient);
        }
    }
    if let Some(content) = content {
        let action = Action::Say { content, sent };
        for contact in remotes {
            match outbox::enqueue(connection, &author, &contact, Some(id), &action).await {
                Ok(_) => {}
                Err(StoreFault::UnknownContact(_)) => left_out.push(contact),
                Err(fault) => return Err(fault),
            }
        }
    }
    if !awaited {
        forget_if_nobody_waits(connection, id.0).await?;
    }
    Ok(Kept { id, left_out })
}

/// Keeps something that a remote person said to `owner` in the window of `peer`.
pub(crate) async fn keep_content(
    connection: &mut AnyConnection,
    owner: &Passport,
    peer: &Passport,
    author_name: &str,
    sent: Timestamp,
    content: Content,
) -> Result<MessageId, StoreFault> {
    let id = add(connection, author_name, sent, &Body::Content(content)).await?;
    wait(connection, owner, id, peer).await?;
    Ok(id)
}

async fn add(
    connection: &mut AnyConnection,
    author_name: &str,
    sent: Timestamp,
    body: &Body,
) -> Result<MessageId, StoreFault> {
    let (payload, content) = match body {
        Body::Payload(payload) => (Some(payload.to_vec()), None),
        Body::Content(content) => (None, Some(word::content_json(content)?)),
    };
    let id = sqlx::query_scalar(
        "INSERT INTO message (author_name, sent, payload, content) VALUES ($1, $2, $3, $4) RETURNING id",
    )
    .bind(author_name)
    .bind(sent.0)
    .bind(payload)
    .bind(content)
    .fetch_one(connection)
    .await?;
    Ok(MessageId(id))
}

async fn wait(
    connection: &mut AnyConnection,
    owner: &Passport,
    message: MessageId,
    peer: &Passport,
) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO delivery (owner, message, peer) VALUES ($1, $2, $3) ON CONFLICT (owner, message) DO NOTHING",
    )
    .bind(owner.as_str())
    .bind(message.0)
    .bind(peer.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn forget_if_nobody_waits(connection: &mut AnyConnection, message: i64) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM message WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = $1)")
        .bind(message)
        .execute(connection)
        .await?;
    Ok(())
}
