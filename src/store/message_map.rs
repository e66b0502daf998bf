//! Which message of a network is which of ours, and what is remembered of it after it was delivered.

use domain::{NetworkName, Passport, RemoteMessage, Timestamp, content::Gist, conversation::MessageId};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreFault, clock, invitation, outbox,
    rows::{filled, places_from},
    word,
};

/// How long a network's message is remembered, in milliseconds: 30 days.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1000;

/// Among how many messages of a window a quoted one is looked for.
const QUOTED_AMONG: i64 = 200;

/// The number of what is known and was never shown.
pub(crate) const NEVER_SHOWN: MessageId = MessageId(0);

/// What is remembered of a message, a reaction, or anything else that a network has an id for.
#[derive(Clone, Copy)]
pub(crate) struct Memory<'a> {
    /// The line that shows it.
    pub(crate) message: MessageId,
    /// In whose window.
    pub(crate) peer: Option<&'a Passport>,
    /// What it says, where something may be said of it later.
    pub(crate) gist: Option<&'a Gist>,
}

impl Memory<'_> {
    /// That it is known, and nothing else.
    pub(crate) const KNOWN: Self = Self { message: NEVER_SHOWN, peer: None, gist: None };
}

/// What was remembered.
pub(crate) struct Remembered {
    pub(crate) message: MessageId,
    /// `None` too where it cannot be read: what is said of it is then said of a message that is not known.
    pub(crate) gist: Option<Gist>,
}

impl Remembered {
    /// Whether its account has been shown it, or said it.
    pub(crate) fn was_shown(&self) -> bool {
        self.message != NEVER_SHOWN
    }
}

impl Store {
    /// Forgets what is older than 30 days: what is only kept to recognise repetitions and to know of what is spoken, and orders that
    /// were given up. Says how much was forgotten.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, StoreFault> {
        let oldest = Timestamp(now.0.saturating_sub(REMEMBERED));
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query("DELETE FROM message_map WHERE kept < $1")
                        .bind(oldest.0)
                        .execute(&mut *connection)
                        .await?;
                    invitation::prune(connection, now).await?;
                    Ok(done.rows_affected() + outbox::prune(connection, oldest, now).await?)
                })
            })
            .await
    }

    /// The networks' ids of these messages of `owner`, as far as they have any: of what was shown to them, and of what they said.
    /// In the order of the messages.
    pub async fn remote_ids(
        &self,
        owner: &Passport,
        messages: &[MessageId],
    ) -> Result<Vec<(MessageId, NetworkName, RemoteMessage)>, StoreFault> {
        let mut found = Vec::new();
        for portion in filled(messages) {
            let text = format!(
                "SELECT message, network, remote FROM message_map
                 WHERE owner = $1 AND message IN (VALUES {}) ORDER BY message",
                places_from(2, portion.len(), 1)
            );
            let query = sqlx::query_as::<_, (i64, String, String)>(AssertSqlSafe(text)).bind(owner.as_str());
            let query = portion.iter().fold(query, |query, message| query.bind(message.0));
            for (message, network, remote) in query.fetch_all(&self.readers).await? {
                found.push((MessageId(message), word::network("message_map", &network)?, RemoteMessage(remote)));
            }
        }
        Ok(found)
    }

    /// The message in the window of `peer` that somebody means who quotes it by `words`: the newest that begins with them, whole
    /// words or cut by three dots, among the last 200 that a network has an id for. A mark of a change in front does not count.
    pub async fn quoted(
        &self,
        owner: &Passport,
        peer: &Passport,
        words: &str,
    ) -> Result<Option<RemoteMessage>, StoreFault> {
        if stem(words).is_empty() {
            return Ok(None);
        }
        let changed = words.trim().strip_prefix("* ");
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT remote, gist FROM message_map
             WHERE owner = $1 AND peer = $2 AND message > 0 AND gist IS NOT NULL ORDER BY message DESC LIMIT $3",
        )
        .bind(owner.as_str())
        .bind(peer.as_str())
        .bind(QUOTED_AMONG)
        .fetch_all(&self.readers)
        .await?;
        let said = rows.into_iter().filter_map(|(remote, gist)| {
            let gist = word::gist(&gist).filter(|gist| gist.sign.is_none())?;
            Some((remote, gist.words))
        });
        let is_meant = |said: &str| begins(said, words) || changed.is_some_and(|words| begins(said, words));
        let meant: Vec<_> = said.filter(|(_, said)| is_meant(said)).collect();
        let exactly = meant.iter().find(|(_, said)| said.trim() == words.trim());
        Ok(exactly.or_else(|| meant.first()).map(|(remote, _)| RemoteMessage(remote.clone())))
    }
}

/// What is cut by three dots, without them.
fn stem(words: &str) -> &str {
    let words = words.trim();
    words.strip_suffix("...").unwrap_or(words).trim_end()
}

/// Whether `quoted` is how `said` begins. Where one of them does not say that it is cut, words are not cut either.
fn begins(said: &str, quoted: &str) -> bool {
    let (long, short) = (stem(said), stem(quoted));
    let is_within = |whole: &str, part: &str, cut: bool| {
        whole
            .strip_prefix(part)
            .is_some_and(|rest| cut || rest.chars().next().is_none_or(|next| !next.is_alphanumeric()))
    };
    is_within(long, short, quoted.trim().ends_with("...")) || (said.ends_with("...") && is_within(short, long, true))
}

/// What is remembered under this id, if it is known already for the owner: it was brought to them, or they sent it themselves.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<Option<Remembered>, StoreFault> {
    let row: Option<(i64, Option<String>)> =
        sqlx::query_as("SELECT message, gist FROM message_map WHERE owner = $1 AND network = $2 AND remote = $3")
            .bind(owner.as_str())
            .bind(network.as_str())
            .bind(remote.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(row
        .map(|(message, gist)| Remembered { message: MessageId(message), gist: gist.as_deref().and_then(word::gist) }))
}

pub(crate) async fn is_known(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<bool, StoreFault> {
    Ok(find(connection, owner, network, remote).await?.is_some())
}

pub(crate) async fn remember(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
    memory: Memory<'_>,
) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO message_map (owner, network, remote, message, kept, peer, gist) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (owner, network, remote) DO NOTHING",
    )
    .bind(owner.as_str())
    .bind(network.as_str())
    .bind(remote.as_str())
    .bind(memory.message.0)
    .bind(clock::now().0)
    .bind(memory.peer.map(Passport::as_str))
    .bind(memory.gist.map(word::gist_json).transpose()?)
    .execute(connection)
    .await?;
    Ok(())
}

/// From now on it says this, or nothing any more.
pub(crate) async fn revise(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
    gist: Option<&Gist>,
) -> Result<(), StoreFault> {
    sqlx::query("UPDATE message_map SET gist = $4 WHERE owner = $1 AND network = $2 AND remote = $3")
        .bind(owner.as_str())
        .bind(network.as_str())
        .bind(remote.as_str())
        .bind(gist.map(word::gist_json).transpose()?)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_or_what_says_that_it_is_cut_begin_a_message() {
        assert!(begins("are you coming to lunch?", "are you coming"));
        assert!(begins("lunch?", " lunch "));
        assert!(begins("one two three four five...", "one two three"));
        assert!(begins("one two three four five...", "one two three four five six"), "quoted in full");
        assert!(begins("one two three", "one tw..."));
        assert!(!begins("not now", "no"));
        assert!(!begins("no", "not now"));
        assert!(!begins("well, no", "no"));
    }
}
