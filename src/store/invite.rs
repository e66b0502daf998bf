//! Codes by which people make themselves accounts, each known by its hash: whoever has the database alone makes none.

use domain::{Passport, Timestamp};

use crate::{Store, StoreFault, account, word};

/// A code that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The SHA-256 of the code, in hexadecimal digits.
    pub hash: String,
    /// Who made it.
    pub maker: Passport,
    /// For whom, in its maker's words.
    pub note: String,
    /// When it was made.
    pub made: Timestamp,
    /// From when on it is good no more.
    pub expires: Timestamp,
    /// How many accounts may still be made by it.
    pub remaining: u32,
}

/// What came of an account that was to be made by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteOutcome {
    /// It is made, and the code has one use less.
    Made,
    /// There is one of that address already; the code has as many uses as before.
    Exists,
    /// The code is none, is used up or is good no more.
    NoInvite,
}

type Row = (String, String, String, i64, i64, i64);

impl Store {
    /// Keeps a code. Those that are good no more, or used up, since `now` are forgotten.
    pub async fn add_invite(&self, invite: Invite, now: Timestamp) -> Result<(), StoreFault> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM invite WHERE expires <= $1 OR remaining = 0")
                        .bind(now.0)
                        .execute(&mut *connection)
                        .await?;
                    sqlx::query(
                        "INSERT INTO invite (hash, maker, note, made, expires, remaining) VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(invite.hash)
                    .bind(invite.maker.as_str())
                    .bind(invite.note)
                    .bind(invite.made.0)
                    .bind(invite.expires.0)
                    .bind(i64::from(invite.remaining))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The codes by which accounts can be made at `now`, the newest first.
    pub async fn invites(&self, now: Timestamp) -> Result<Vec<Invite>, StoreFault> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT hash, maker, note, made, expires, remaining FROM invite
             WHERE expires > $1 AND remaining > 0 ORDER BY made DESC, hash",
        )
        .bind(now.0)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Whether an account can be made at `now` by the code of this hash.
    pub async fn is_invite(&self, hash: &str, now: Timestamp) -> Result<bool, StoreFault> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT remaining FROM invite WHERE hash = $1 AND expires > $2 AND remaining > 0")
                .bind(hash)
                .bind(now.0)
                .fetch_optional(&self.readers)
                .await?;
        Ok(found.is_some())
    }

    /// Takes a code back; says whether there was one.
    pub async fn revoke_invite(&self, hash: &str) -> Result<bool, StoreFault> {
        let hash = hash.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query("DELETE FROM invite WHERE hash = $1").bind(hash).execute(connection).await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// Makes an account by the code of this hash, as [`Store::add_account`] does: both or neither.
    pub async fn add_account_by_invite(
        &self,
        hash: &str,
        now: Timestamp,
        (passport, name, password_hash): (&Passport, &str, &str),
    ) -> Result<InviteOutcome, StoreFault> {
        let (hash, passport) = (hash.to_owned(), passport.clone());
        let (name, password_hash) = (name.to_owned(), password_hash.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let used = sqlx::query(
                        "UPDATE invite SET remaining = remaining - 1 WHERE hash = $1 AND expires > $2 AND remaining > 0",
                    )
                    .bind(&hash)
                    .bind(now.0)
                    .execute(&mut *connection)
                    .await?;
                    if used.rows_affected() == 0 {
                        return Ok(InviteOutcome::NoInvite);
                    }
                    if account::add(connection, &passport, &name, &password_hash).await? {
                        return Ok(InviteOutcome::Made);
                    }
                    sqlx::query("UPDATE invite SET remaining = remaining + 1 WHERE hash = $1")
                        .bind(&hash)
                        .execute(connection)
                        .await?;
                    Ok(InviteOutcome::Exists)
                })
            })
            .await
    }
}

fn read((hash, maker, note, made, expires, remaining): Row) -> Result<Invite, StoreFault> {
    Ok(Invite {
        hash,
        maker: word::passport("invite", &maker)?,
        note,
        made: Timestamp(made),
        expires: Timestamp(expires),
        remaining: u32::try_from(remaining).unwrap_or(0),
    })
}
