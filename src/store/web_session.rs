//! Browsers that are signed in to this server's pages, each known by the hash of what it shows: whoever has the database alone can
//! show none of it.

use domain::{Passport, Timestamp};
use sqlx::AnyConnection;

use crate::{Store, StoreFault, account, word};

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// The SHA-256 of what the browser shows, in hexadecimal digits.
    pub hash: String,
    /// Whose account it is signed in to.
    pub owner: Passport,
    /// When it signed in.
    pub begun: Timestamp,
    /// When it was last seen, within some minutes.
    pub seen: Timestamp,
    /// When it last gave the account's password.
    pub proven: Timestamp,
    /// What it calls itself; empty if nothing.
    pub agent: String,
    /// From where it was last seen.
    pub address: String,
}

type Row = (String, String, i64, i64, i64, String, String);

impl Store {
    /// A browser is signed in from now on, if what is kept of the account's password is still `proven`, which the browser has given the
    /// password to; `None` if it is not. Of one account there are at most `most`: those that were not seen for longest make way, and it
    /// says how many did.
    pub async fn begin_web_session(
        &self,
        session: WebSession,
        proven: &str,
        most: u32,
    ) -> Result<Option<u64>, StoreFault> {
        let proven = proven.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    if account::password_hash(&mut *connection, &session.owner).await? != Some(proven) {
                        return Ok(None);
                    }
                    insert(connection, &session).await?;
                    let ended = sqlx::query(
                        "DELETE FROM web_session WHERE owner = $1 AND hash NOT IN
                         (SELECT hash FROM web_session WHERE owner = $1 ORDER BY seen DESC, begun DESC, hash LIMIT $2)",
                    )
                    .bind(session.owner.as_str())
                    .bind(i64::from(most))
                    .execute(connection)
                    .await?;
                    Ok(Some(ended.rows_affected()))
                })
            })
            .await
    }

    /// The browser that shows what has this hash; `None` if it is not signed in. How long ago it was seen is for the caller to judge.
    pub async fn web_session(&self, hash: &str) -> Result<Option<WebSession>, StoreFault> {
        let row: Option<Row> =
            sqlx::query_as("SELECT hash, owner, begun, seen, proven, agent, address FROM web_session WHERE hash = $1")
                .bind(hash)
                .fetch_optional(&self.readers)
                .await?;
        row.map(read).transpose()
    }

    /// The browsers that are signed in to an account, the one that was seen last first.
    pub async fn web_sessions(&self, owner: &Passport) -> Result<Vec<WebSession>, StoreFault> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT hash, owner, begun, seen, proven, agent, address FROM web_session
             WHERE owner = $1 ORDER BY seen DESC, begun DESC, hash",
        )
        .bind(owner.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// A browser was seen just now. Nothing happens to one that is not signed in any more.
    pub async fn see_web_session(&self, hash: &str, seen: Timestamp, address: &str) -> Result<(), StoreFault> {
        let (hash, address) = (hash.to_owned(), address.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE web_session SET seen = $2, address = $3 WHERE hash = $1")
                        .bind(hash)
                        .bind(seen.0)
                        .bind(address)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// A browser has given the account's password just now.
    pub async fn prove_web_session(&self, hash: &str, proven: Timestamp) -> Result<(), StoreFault> {
        let hash = hash.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE web_session SET proven = $2 WHERE hash = $1")
                        .bind(hash)
                        .bind(proven.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Signs a browser of this account out; says whether it was signed in.
    pub async fn end_web_session(&self, owner: &Passport, hash: &str) -> Result<bool, StoreFault> {
        let (owner, hash) = (owner.clone(), hash.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query("DELETE FROM web_session WHERE owner = $1 AND hash = $2")
                        .bind(owner.as_str())
                        .bind(hash)
                        .execute(connection)
                        .await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// Signs every browser of this account out but the one of this hash.
    pub async fn end_web_sessions(&self, owner: &Passport, but: Option<&str>) -> Result<(), StoreFault> {
        let (owner, but) = (owner.clone(), but.unwrap_or_default().to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM web_session WHERE owner = $1 AND hash <> $2")
                        .bind(owner.as_str())
                        .bind(but)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets the browsers that were last seen, or signed in, before these times.
    pub async fn forget_web_sessions(&self, seen: Timestamp, begun: Timestamp) -> Result<(), StoreFault> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM web_session WHERE seen < $1 OR begun < $2")
                        .bind(seen.0)
                        .bind(begun.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn insert(connection: &mut AnyConnection, session: &WebSession) -> Result<(), StoreFault> {
    sqlx::query(
        "INSERT INTO web_session (hash, owner, begun, seen, proven, agent, address) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&session.hash)
    .bind(session.owner.as_str())
    .bind(session.begun.0)
    .bind(session.seen.0)
    .bind(session.proven.0)
    .bind(&session.agent)
    .bind(&session.address)
    .execute(connection)
    .await?;
    Ok(())
}

fn read((hash, owner, begun, seen, proven, agent, address): Row) -> Result<WebSession, StoreFault> {
    let owner = word::passport("web_session", &owner)?;
    let [begun, seen, proven] = [begun, seen, proven].map(Timestamp);
    Ok(WebSession { hash, owner, begun, seen, proven, agent, address })
}
