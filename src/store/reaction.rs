//! Reactions: they wait for a moment, and those on one message become one line.

use domain::{
    Content, NetworkName, Passport, RemoteMessage, RemoteUser, Timestamp,
    contact::RemoteTarget,
    content::{Gist, shortened},
};
use sqlx::AnyConnection;

use crate::{
    Attention, Store, StoreFault, account,
    address::{self, Networks},
    attention, entry, merged,
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
#[derive(Clone)]
pub(crate) struct Reaction {
    pub(crate) owner: Passport,
    pub(crate) network: NetworkName,
    /// Its own id.
    pub(crate) remote: RemoteMessage,
    /// The contact in whose window it belongs, unless that is merged into another one when it is shown.
    pub(crate) peer: Passport,
    pub(crate) author: RemoteUser,
    pub(crate) author_name: String,
    /// The account that its author is, if it is one.
    pub(crate) account: Option<Passport>,
    /// The message that it is on.
    pub(crate) target: RemoteMessage,
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
    /// a line waits, and from which contact, each pair once. What an account has blocked or muted meanwhile is not shown.
    pub async fn flush_reactions(&self, before: Timestamp) -> Result<Vec<(Passport, Passport)>, StoreFault> {
        let (numbers, networks) = (self.numbers.clone(), self.networks.clone());
        self.writer
            .run(move |connection| Box::pin(async move { flush(connection, before, &numbers, &networks.now()).await }))
            .await
    }
}

async fn flush(
    connection: &mut AnyConnection,
    before: Timestamp,
    numbers: &Numbers,
    networks: &Networks,
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
        let Some(pair) = tell(connection, group, numbers, networks).await? else { continue };
        if !rung.contains(&pair) {
            rung.push(pair);
        }
    }
    Ok(rung)
}

/// Makes one line of reactions on one message, of those that their owner still wants to see; says for whom and where it waits, if
/// there is any.
async fn tell(
    connection: &mut AnyConnection,
    group: Vec<Reaction>,
    numbers: &Numbers,
    networks: &Networks,
) -> Result<Option<(Passport, Passport)>, StoreFault> {
    let Some(Reaction { owner, network, peer, target, .. }) = group.first().cloned() else { return Ok(None) };
    let said = message_map::find(connection, &owner, &network, &target).await?.and_then(|said| said.gist);
    let attention = attention::find(connection, &owner, &peer).await?;
    let is_open = is_wanted(attention, said.as_ref()) && !blocks(connection, &owner, &peer).await?;
    let mut shown: Vec<(Reaction, Option<Passport>)> = Vec::new();
    for reaction in group {
        withdraw(connection, &owner, &network, &reaction.remote).await?;
        let speaker = reaction.speaker(connection).await?;
        let is_blocked = match &speaker {
            Some(speaker) => blocks(connection, &owner, speaker).await?,
            None => false,
        };
        if is_open && !is_blocked {
            shown.push((reaction, speaker));
        } else {
            message_map::remember(connection, &owner, &network, &reaction.remote, Memory::KNOWN).await?;
        }
    }
    let Some((first, speaker)) = shown.first() else { return Ok(None) };
    let (mut others, mut signs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (reaction, _) in &shown {
        if reaction.author != first.author && !others.contains(&reaction.author_name) {
            others.push(reaction.author_name.clone());
        }
        if signs.len() < MOST_SIGNS && !signs.contains(&reaction.sign) {
            signs.push(reaction.sign.clone());
        }
    }
    let words = said.map(|said| said.words).unwrap_or_default();
    let line = Arrived {
        id: numbers.give(),
        author_name: &first.author_name,
        speaker: speaker.as_ref().filter(|speaker| **speaker != peer),
        sent: first.sent,
        content: Content::reacted(&others, &signs, &words),
    };
    let window = merged::window(connection, networks, &owner, &peer).await?;
    let message = message::keep_content(connection, &owner, &window, line).await?;
    for (Reaction { remote, author, author_name, sign, .. }, _) in shown {
        let name = shortened(&author_name);
        let gist = Gist { author: Some(author), name, sign: Some(sign), ..Gist::default() };
        let memory = Memory { message, peer: Some(&peer), gist: Some(&gist), target: Some(&target) };
        message_map::remember(connection, &owner, &network, &remote, memory).await?;
    }
    Ok(Some((owner, window)))
}

/// Whether somebody who wants to see this much of a room wants to see a sign on what was said there.
pub(crate) const fn is_wanted(attention: Attention, said: Option<&Gist>) -> bool {
    match attention {
        Attention::All => true,
        // A sign on what the owner said speaks to the owner.
        Attention::Mentions => matches!(said, Some(Gist { author: None, .. })),
        Attention::Nothing => false,
    }
}

async fn blocks(connection: &mut AnyConnection, owner: &Passport, contact: &Passport) -> Result<bool, StoreFault> {
    Ok(entry::find(connection, owner, contact).await?.is_some_and(|entry| entry.is_blocked()))
}

impl Reaction {
    /// Whether both are on the same message, for the same account.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.owner, &self.network, &self.target) == (&other.owner, &other.network, &other.target)
    }

    /// Who has put it there: an account of this server as itself, as long as it is here.
    async fn speaker(&self, connection: &mut AnyConnection) -> Result<Option<Passport>, StoreFault> {
        if let Some(passport) = &self.account
            && account::name(connection, passport).await?.is_some()
        {
            return Ok(Some(passport.clone()));
        }
        address::find(connection, &self.network, &RemoteTarget::Person(self.author.clone())).await
    }

    /// Lets it wait; `false` if it waits already.
    pub(crate) async fn put(&self, connection: &mut AnyConnection, now: Timestamp) -> Result<bool, StoreFault> {
        let done = sqlx::query(
            "INSERT INTO reaction (owner, network, remote, peer, author, author_name, account, target, sign, sent, arrived)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (owner, network, remote) DO NOTHING",
        )
        .bind(self.owner.as_str())
        .bind(self.network.as_str())
        .bind(word::text(self.remote.as_str()))
        .bind(self.peer.as_str())
        .bind(word::text(self.author.as_str()))
        .bind(word::text(&self.author_name))
        .bind(self.account.as_ref().map(Passport::as_str))
        .bind(word::text(self.target.as_str()))
        .bind(word::text(&self.sign))
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
        .bind(word::text(remote.as_str()))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

type Row = (String, String, String, String, String, String, Option<String>, String, String, i64);

async fn due(connection: &mut AnyConnection, before: Timestamp) -> Result<Vec<Reaction>, StoreFault> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT owner, network, remote, peer, author, author_name, account, target, sign, sent FROM reaction
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
        .map(|(owner, network, remote, peer, author, author_name, account, target, sign, sent)| {
            Ok(Reaction {
                owner: word::passport("reaction", &owner)?,
                network: word::network("reaction", &network)?,
                remote: RemoteMessage(remote),
                peer: word::passport("reaction", &peer)?,
                author: RemoteUser(author),
                author_name,
                account: account.map(|account| word::passport("reaction", &account)).transpose()?,
                target: RemoteMessage(target),
                sign,
                sent: Timestamp(sent),
            })
        })
        .collect()
}
