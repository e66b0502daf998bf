//! Messages, kept until everybody they are for has them.

use bytes::Bytes;
use domain::{
    Content, Passport, Timestamp,
    conversation::{Body, Draft, MessageId, Waiting},
};
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault, account, clock,
    keeping::{Delivery, Kept, Letter},
    word,
};

/// How many lines of the server's own contact may wait for one account.
const MOST_NOTICES: i64 = 200;

/// A contact from whom something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPeer {
    /// The contact in whose window it belongs.
    pub peer: Passport,
    /// How many messages.
    pub count: u64,
    /// When the last of them was said.
    pub newest: Timestamp,
}

/// A line that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noticed {
    /// Its number.
    pub id: MessageId,
    /// How many older lines were forgotten for it.
    pub dropped: usize,
}

impl Store {
    /// Keeps a message under the number that its draft has, of [`Store::next_message`]: it waits for each account, and is ordered to
    /// be said to each remote contact, in one transaction; where others were merged into that contact, to the one of them that the
    /// author speaks to at that moment. A draft without content orders nothing from other networks. An account for whom as many
    /// messages of the author wait as may is left out, as one that is not here.
    ///
    /// It takes its place at the first poll: whatever is handed to the store later comes after it, so that a caller who has polled
    /// once may go on, and deliver the message, before it is kept. What is delivered before it was written is never written. Only
    /// when more than 16,000 wait to be written is there no place yet; what is delivered then may be kept, and shown again.
    pub async fn keep(&self, draft: Draft) -> Result<Kept, StoreFault> {
        self.writer.keep(Letter { draft, most_waiting: self.bounds.get().waiting_messages }).await
    }

    /// Keeps something that `peer` says to `owner` and that comes from nobody else: the server's own contact, which has no address
    /// of a network, says what it has to say in this way. `author_name` is the name to show beside it. Of that contact's own lines the last 200 wait.
    pub async fn notice(
        &self,
        owner: &Passport,
        peer: &Passport,
        author_name: &str,
        content: Content,
    ) -> Result<Noticed, StoreFault> {
        let (owner, peer, author_name) = (owner.clone(), peer.clone(), author_name.to_owned());
        let (numbers, service) = (self.numbers.clone(), self.networks.now().realm.service());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::name(connection, &owner).await?.is_none() {
                        return Err(StoreFault::UnknownAccount(owner));
                    }
                    let (id, sent) = (numbers.give(), clock::now());
                    let notice = Arrived { id, author_name: &author_name, speaker: None, sent, content };
                    keep_content(connection, &owner, &peer, notice).await?;
                    let dropped = if peer == service { drop_oldest(connection, &owner, &peer).await? } else { 0 };
                    Ok(Noticed { id, dropped })
                })
            })
            .await
    }

    /// What waits for `owner`, oldest first: at most `limit`, only those after `after`.
    pub async fn waiting(
        &self,
        owner: &Passport,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreFault> {
        let rows = sqlx::query_as(
            "SELECT message.id, delivery.peer, message.author_name, message.author, message.sent, message.payload,
                    message.content
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
    pub async fn waiting_peers(&self, owner: &Passport) -> Result<Vec<WaitingPeer>, StoreFault> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT delivery.peer, COUNT(*), MAX(message.sent)
             FROM delivery JOIN message ON message.id = delivery.message
             WHERE delivery.owner = $1 GROUP BY delivery.peer ORDER BY MIN(delivery.message)",
        )
        .bind(owner.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(peer, count, newest)| {
                Ok(WaitingPeer {
                    peer: word::passport("delivery", &peer)?,
                    count: u64::try_from(count).unwrap_or(0),
                    newest: Timestamp(newest),
                })
            })
            .collect()
    }

    /// What waits for `owner` in the window of `peer`, oldest first, at most `limit`.
    pub async fn waiting_from(
        &self,
        owner: &Passport,
        peer: &Passport,
        limit: u32,
    ) -> Result<Vec<Waiting>, StoreFault> {
        let rows = sqlx::query_as(
            "SELECT message.id, delivery.peer, message.author_name, message.author, message.sent, message.payload,
                    message.content
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
    /// passed over. They take their place as [`Store::keep`] does.
    pub async fn delivered(&self, owner: &Passport, messages: &[MessageId]) -> Result<(), StoreFault> {
        self.writer.delivered(Delivery { owner: owner.clone(), messages: messages.to_vec() }).await
    }
}

type Row = (i64, String, String, Option<String>, i64, Option<Vec<u8>>, Option<String>);

fn read((id, peer, author_name, speaker, sent, payload, content): Row) -> Result<Waiting, StoreFault> {
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
        speaker: speaker.map(|speaker| word::passport("message", &speaker)).transpose()?,
        sent: Timestamp(sent),
        body,
    })
}

/// Something that came from elsewhere than a Messenger user.
pub(crate) struct Arrived<'a> {
    /// Given within the writer: these numbers are in the order of the commits.
    pub(crate) id: MessageId,
    /// The name to show beside it.
    pub(crate) author_name: &'a str,
    /// Who said it, where it was said in a room.
    pub(crate) speaker: Option<&'a Passport>,
    /// When it was said.
    pub(crate) sent: Timestamp,
    /// What.
    pub(crate) content: Content,
}

/// Keeps something for `owner` in the window of `peer`.
pub(crate) async fn keep_content(
    connection: &mut AnyConnection,
    owner: &Passport,
    peer: &Passport,
    arrived: Arrived<'_>,
) -> Result<MessageId, StoreFault> {
    let Arrived { id, author_name, speaker, sent, content } = arrived;
    sqlx::query("INSERT INTO message (id, author_name, sent, content, author) VALUES ($1, $2, $3, $4, $5)")
        .bind(id.0)
        .bind(word::text(author_name))
        .bind(sent.0)
        .bind(word::content_json(&content)?)
        .bind(speaker.map(Passport::as_str))
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO delivery (owner, message, peer) VALUES ($1, $2, $3)")
        .bind(owner.as_str())
        .bind(id.0)
        .bind(peer.as_str())
        .execute(connection)
        .await?;
    Ok(id)
}

/// Forgets what waits longest of the lines of `peer`, where too many wait; how many that were.
async fn drop_oldest(connection: &mut AnyConnection, owner: &Passport, peer: &Passport) -> Result<usize, StoreFault> {
    let dropped: Vec<i64> = sqlx::query_scalar(
        "DELETE FROM delivery WHERE owner = $1 AND peer = $2 AND message <= (
             SELECT message FROM delivery WHERE owner = $1 AND peer = $2 ORDER BY message DESC LIMIT 1 OFFSET $3)
         RETURNING message",
    )
    .bind(owner.as_str())
    .bind(peer.as_str())
    .bind(MOST_NOTICES)
    .fetch_all(&mut *connection)
    .await?;
    for message in &dropped {
        forget_if_nobody_waits(connection, *message).await?;
    }
    Ok(dropped.len())
}

pub(crate) async fn forget_if_nobody_waits(connection: &mut AnyConnection, message: i64) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM message WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = $1)")
        .bind(message)
        .execute(connection)
        .await?;
    Ok(())
}
