//! Which message of a network is which of ours, and what is remembered of it after it was delivered.

use domain::{
    Content, NetworkName, Passport, RemoteMessage, RemoteUser, Timestamp,
    content::{Gist, Quote, shortened},
    conversation::MessageId,
};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreFault, clock,
    pruning::PORTION,
    rows::{filled, places_from},
    word,
};

/// Among how many messages of a window a quoted one is looked for.
const QUOTED_AMONG: i64 = 200;

/// How what the account itself has said is quoted to it.
pub(crate) const OWN_NAME: &str = "you";

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
    /// The message that it is a change of, or a sign on.
    pub(crate) target: Option<&'a RemoteMessage>,
}

impl Memory<'_> {
    /// That it is known, and nothing else.
    pub(crate) const KNOWN: Self = Self { message: NEVER_SHOWN, peer: None, gist: None, target: None };
}

/// What was remembered.
pub(crate) struct Remembered {
    pub(crate) message: MessageId,
    /// `None` too where it cannot be read: what is said of it is then said of a message that is not known.
    pub(crate) gist: Option<Gist>,
    /// The message that it is a change of, or a sign on; `None` too for what an earlier version took in.
    pub(crate) target: Option<RemoteMessage>,
}

impl Remembered {
    /// Whether its account has been shown it, or said it.
    pub(crate) fn was_shown(&self) -> bool {
        self.message != NEVER_SHOWN
    }
}

impl Store {
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

    /// The message in the window of `peer` that somebody means who quotes it so: the newest that begins with these words, whole ones
    /// or cut by three dots, among the last 200 that a network has an id for, if all that do are of one author. A mark of a change in
    /// front does not count. An author who is named said it under that name; `owner` is also called "you". Where the name and the
    /// words together begin a message, the name was none.
    pub async fn quoted(
        &self,
        owner: &Passport,
        peer: &Passport,
        quote: &Quote,
    ) -> Result<Option<RemoteMessage>, StoreFault> {
        if stem(&quote.words).is_empty() {
            return Ok(None);
        }
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT remote, gist FROM message_map
             WHERE owner = $1 AND peer = $2 AND message > 0 AND gist IS NOT NULL ORDER BY message DESC LIMIT $3",
        )
        .bind(owner.as_str())
        .bind(peer.as_str())
        .bind(QUOTED_AMONG)
        .fetch_all(&self.readers)
        .await?;
        let own_name = self.account_name(owner).await?.unwrap_or_default();
        let said: Vec<Said> = rows
            .into_iter()
            .filter_map(|(remote, gist)| {
                let Gist { author, name, words, sign, .. } = word::gist(&gist)?;
                sign.is_none().then_some(Said { remote, author, name, words })
            })
            .collect();
        let whole = format!("{}: {}", quote.author, quote.words);
        let nameless = if quote.author.is_empty() { &quote.words } else { &whole };
        let named = || {
            let is_theirs = |said: &&Said| said.is_of(&quote.author, &own_name);
            meant(said.iter().filter(is_theirs), &quote.words).filter(|_| !quote.author.is_empty())
        };
        Ok(meant(said.iter(), nameless).or_else(named))
    }
}

/// A message that may be quoted.
struct Said {
    remote: String,
    author: Option<RemoteUser>,
    name: String,
    words: String,
}

impl Said {
    /// Whether its author was called so; `own_name` is what the account is called.
    fn is_of(&self, name: &str, own_name: &str) -> bool {
        let is_called = |name: &str, own: &str| shortened(name).to_lowercase() == shortened(own).to_lowercase();
        match self.author {
            Some(_) => is_called(name, &self.name),
            None => is_called(name, OWN_NAME) || is_called(name, own_name),
        }
    }
}

/// The first that is quoted by `words`, exactly so if one is; `None` if those that are have several authors.
fn meant<'a>(said: impl Iterator<Item = &'a Said>, words: &str) -> Option<RemoteMessage> {
    let changed = words.trim().strip_prefix("* ");
    let is_meant = |said: &&Said| begins(&said.words, words) || changed.is_some_and(|words| begins(&said.words, words));
    let mut meant: Vec<_> = said.filter(is_meant).collect();
    let is_exact = |said: &Said| said.words.trim() == words.trim();
    if meant.iter().any(|said| is_exact(said)) {
        meant.retain(|said| is_exact(said));
    }
    let first = *meant.first()?;
    meant.iter().all(|said| said.author == first.author).then(|| RemoteMessage(first.remote.clone()))
}

/// What is cut by three dots, without them.
fn stem(words: &str) -> &str {
    let words = words.trim();
    words.strip_suffix("...").unwrap_or(words).trim_end()
}

/// Whether `quoted` is how `said` begins. Where it does not say that it is cut, words are not cut either. Of what is long only the
/// beginning is remembered: it is `said` that `quoted` begins with then.
fn begins(said: &str, quoted: &str) -> bool {
    let (long, short) = (stem(said), stem(quoted));
    let is_within = |whole: &str, part: &str, cut: bool| {
        whole
            .strip_prefix(part)
            .is_some_and(|rest| cut || rest.chars().next().is_none_or(|next| !next.is_alphanumeric()))
    };
    is_within(long, short, quoted.trim().ends_with("...")) || shortened(quoted) == said
}

/// What is remembered under this id, if it is known already for the owner: it was brought to them, or they sent it themselves.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<Option<Remembered>, StoreFault> {
    let row: Option<(i64, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT message, gist, target FROM message_map WHERE owner = $1 AND network = $2 AND remote = $3",
    )
    .bind(owner.as_str())
    .bind(network.as_str())
    .bind(word::text(remote.as_str()))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(message, gist, target)| Remembered {
        message: MessageId(message),
        gist: gist.as_deref().and_then(word::gist),
        target: target.map(RemoteMessage),
    }))
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
        "INSERT INTO message_map (owner, network, remote, message, kept, peer, gist, target)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (owner, network, remote) DO NOTHING",
    )
    .bind(owner.as_str())
    .bind(network.as_str())
    .bind(word::text(remote.as_str()))
    .bind(memory.message.0)
    .bind(clock::now().0)
    .bind(memory.peer.map(Passport::as_str))
    .bind(memory.gist.map(word::gist_json).transpose()?)
    .bind(memory.target.map(|target| word::text(target.as_str())))
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
        .bind(word::text(remote.as_str()))
        .bind(gist.map(word::gist_json).transpose()?)
        .execute(connection)
        .await?;
    Ok(())
}

/// What still waits to be read of a message, of its changes and of the signs on it is not shown any more: each line says so instead.
/// Says whether the message itself was among it. What a client of Messenger has said is left alone.
pub(crate) async fn erase(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<bool, StoreFault> {
    let erased: Vec<i64> = sqlx::query_scalar(
        "UPDATE message SET content = $4 WHERE content IS NOT NULL
         AND id IN (SELECT message FROM message_map WHERE owner = $1 AND network = $2 AND remote = $3
                    UNION SELECT message FROM message_map WHERE owner = $1 AND network = $2 AND target = $3)
         AND EXISTS (SELECT 1 FROM delivery WHERE delivery.owner = $1 AND delivery.message = message.id)
         RETURNING id",
    )
    .bind(owner.as_str())
    .bind(network.as_str())
    .bind(word::text(remote.as_str()))
    .bind(word::content_json(&Content::erased())?)
    .fetch_all(&mut *connection)
    .await?;
    if erased.is_empty() {
        return Ok(false);
    }
    let message = find(connection, owner, network, remote).await?.map(|remembered| remembered.message.0);
    Ok(message.is_some_and(|message| erased.contains(&message)))
}

/// Forgets a portion of what was kept before `oldest`; says how much that was.
pub(crate) async fn prune(connection: &mut AnyConnection, oldest: Timestamp) -> Result<u64, StoreFault> {
    let done = sqlx::query(
        "DELETE FROM message_map WHERE (owner, network, remote) IN
         (SELECT owner, network, remote FROM message_map WHERE kept < $1 ORDER BY kept LIMIT $2)",
    )
    .bind(oldest.0)
    .bind(i64::from(PORTION))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_or_what_says_that_it_is_cut_begin_a_message() {
        assert!(begins("are you coming to lunch?", "are you coming"));
        assert!(begins("lunch?", " lunch "));
        assert!(begins("one two three four five...", "one two three"));
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen";
        assert!(begins(&shortened(long), long), "quoted in full");
        assert!(begins(&shortened(long), &shortened(long)));
        assert!(begins("one two three", "one tw..."));
        assert!(!begins("not now", "no"));
        assert!(!begins("no", "not now"));
        assert!(!begins("well, no", "no"));
        for dots in ["...", "I...", "I ..."] {
            assert!(!begins(dots, "I mean the other one"), "whoever wrote these dots has cut nothing: {dots}");
        }
    }
}
