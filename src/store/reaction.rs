//! Reactions: they wait for a moment, and those on one message become one line.

use domain::{
    Content, NetworkName, Passport, RemoteMessage, RemoteUser, Timestamp,
    contact::RemoteTarget,
    content::{Gist, shortened},
};
use sqlx::AnyConnection;

use crate::{
    Store, StoreFault, address,
    message::{self, Arrived},
    message_map::{self, Memory},
    numbers::Numbers,
    word,
};

/// How many reactions become lines at once; the rest does at the next call.
const AT_ONCE: i64 = 1024;

/// How many different signs a line shows.
const MOST_SIGNS: usize = 8;

/// A sign that somebody put on a message, while it waits.
pub(crate) struct Reaction {
    pub(crate) owner: Passport,
    pub(crate) network: NetworkName,
    /// Its own id.
    pub(crate) remote: RemoteMessage,
    /// The contact in whose window it belongs.
    pub(crate) peer: Passport,
    pub(crate) author: RemoteUser,
    pub(crate) author_name: String,
    /// The message that it is on.
    pub(crate) target: RemoteMessage,
    /// The first words of that; empty if it is not known.
    pub(crate) words: String,
    pub(crate) sign: String,
    pub(crate) sent: Timestamp,
}

impl Store {
    /// When the reaction came that waits longest; `None` if none waits.
    pub async fn next_reaction(&self) -> Result<Option<Timestamp>, StoreFault> {
        let arrived: Option<i64> =
            sqlx::query_scalar("SELECT MIN(arrived) FROM reaction").fetch_one(&self.readers).await?;
        Ok(arrived.map(Timestamp))
    }

    /// Makes lines of the reactions that came at `before` or earlier, together with later ones on the same messages; says for whom
    /// a line waits, and from which contact, each pair once.
    pub async fn flush_reactions(&self, before: Timestamp) -> Result<Vec<(Passport, Passport)>, StoreFault> {
        let numbers = self.numbers.clone();
        self.writer.run(move |connection| Box::pin(async move { flush(connection, before, &numbers).await })).await
    }
}

async fn flush(
    connection: &mut AnyConnection,
    before: Timestamp,
    numbers: &Numbers,
) -> Result<Vec<(Passport, Passport)>, StoreFault> {
    let mut groups: Vec<Vec<Reaction>> = Vec::new();
    for reaction in due(connection, before).await? {
        let together = groups.iter_mut().find(|group| group.first().is_some_and(|first| first.is_beside(&reaction)));
        match together {
            Some(group) => group.push(reaction),
            None => groups.push(vec![reaction]),
        }
    }
    let mut rung = Vec::new();
    for group in groups {
        let Some(first) = group.first() else { continue };
        tell(connection, first, &group, numbers).await?;
        let pair = (first.owner.clone(), first.peer.clone());
        if !rung.contains(&pair) {
            rung.push(pair);
        }
    }
    Ok(rung)
}

/// Makes one line of reactions on one message.
async fn tell(
    connection: &mut AnyConnection,
    first: &Reaction,
    group: &[Reaction],
    numbers: &Numbers,
) -> Result<(), StoreFault> {
    let (mut others, mut signs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for reaction in group {
        if reaction.author != first.author && !others.contains(&reaction.author_name) {
            others.push(reaction.author_name.clone());
        }
        if signs.len() < MOST_SIGNS && !signs.contains(&reaction.sign) {
            signs.push(reaction.sign.clone());
        }
    }
    let speaker = address::find(connection, &first.network, &RemoteTarget::Person(first.author.clone())).await?;
    let line = Arrived {
        id: numbers.give(),
        author_name: &first.author_name,
        speaker: speaker.as_ref().filter(|speaker| **speaker != first.peer),
        sent: first.sent,
        content: Content::reacted(&others, &signs, &first.words),
    };
    let message = message::keep_content(connection, &first.owner, &first.peer, line).await?;
    for reaction in group {
        let gist = Gist {
            author: Some(reaction.author.clone()),
            name: shortened(&reaction.author_name),
            words: reaction.words.clone(),
            digest: 0,
            sign: Some(reaction.sign.clone()),
        };
        let memory = Memory { message, peer: Some(&reaction.peer), gist: Some(&gist) };
        let Reaction { owner, network, remote, .. } = reaction;
        message_map::remember(connection, owner, network, remote, memory).await?;
        withdraw(connection, owner, network, remote).await?;
    }
    Ok(())
}

impl Reaction {
    /// Whether both are on the same message, for the same account.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.owner, &self.network, &self.target) == (&other.owner, &other.network, &other.target)
    }

    /// Lets it wait; `false` if it waits already.
    pub(crate) async fn put(&self, connection: &mut AnyConnection, now: Timestamp) -> Result<bool, StoreFault> {
        let done = sqlx::query(
            "INSERT INTO reaction (owner, network, remote, peer, author, author_name, target, words, sign, sent, arrived)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (owner, network, remote) DO NOTHING",
        )
        .bind(self.owner.as_str())
        .bind(self.network.as_str())
        .bind(self.remote.as_str())
        .bind(self.peer.as_str())
        .bind(self.author.as_str())
        .bind(&self.author_name)
        .bind(self.target.as_str())
        .bind(&self.words)
        .bind(&self.sign)
        .bind(self.sent.0)
        .bind(now.0)
        .execute(connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// Takes a reaction back while it waits; `false` if it does not.
pub(crate) async fn withdraw(
    connection: &mut AnyConnection,
    owner: &Passport,
    network: &NetworkName,
    remote: &RemoteMessage,
) -> Result<bool, StoreFault> {
    let done = sqlx::query("DELETE FROM reaction WHERE owner = $1 AND network = $2 AND remote = $3")
        .bind(owner.as_str())
        .bind(network.as_str())
        .bind(remote.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

type Row = (String, String, String, String, String, String, String, String, String, i64);

async fn due(connection: &mut AnyConnection, before: Timestamp) -> Result<Vec<Reaction>, StoreFault> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT owner, network, remote, peer, author, author_name, target, words, sign, sent FROM reaction
         WHERE EXISTS (SELECT 1 FROM reaction AS due
                       WHERE due.owner = reaction.owner AND due.network = reaction.network
                       AND due.target = reaction.target AND due.arrived <= $1)
         ORDER BY arrived, sent, remote LIMIT $2",
    )
    .bind(before.0)
    .bind(AT_ONCE)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(owner, network, remote, peer, author, author_name, target, words, sign, sent)| {
            Ok(Reaction {
                owner: word::passport("reaction", &owner)?,
                network: word::network("reaction", &network)?,
                remote: RemoteMessage(remote),
                peer: word::passport("reaction", &peer)?,
                author: RemoteUser(author),
                author_name,
                target: RemoteMessage(target),
                words,
                sign,
                sent: Timestamp(sent),
            })
        })
        .collect()
}
