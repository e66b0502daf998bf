//! Accounts: made, named, removed.

use domain::{Passport, Timestamp, account::Prompt, policy::Privacy};
use sqlx::AnyConnection;

use crate::{Store, StoreFault, clock, entry, message, removed, word};

/// An account at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its address.
    pub passport: Passport,
    /// Its friendly name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// How many stand on its contact list.
    pub contacts: usize,
}

impl Store {
    /// Makes an account; `false` if it is there already, and then nothing is changed. Accounts that have the address on
    /// their contact lists stand on its reverse list from the start.
    pub async fn add_account(&self, passport: &Passport, name: &str, password_hash: &str) -> Result<bool, StoreFault> {
        let (passport, name, password_hash) = (passport.clone(), name.to_owned(), password_hash.to_owned());
        self.writer
            .run(move |connection| Box::pin(async move { add(connection, &passport, &name, &password_hash).await }))
            .await
    }

    /// Replaces the password's hash, and signs every browser out; `false` if there is no such account.
    pub async fn set_password(&self, passport: &Passport, password_hash: &str) -> Result<bool, StoreFault> {
        let (passport, password_hash) = (passport.clone(), password_hash.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query("UPDATE account SET password_hash = $2 WHERE passport = $1")
                        .bind(passport.as_str())
                        .bind(&password_hash)
                        .execute(&mut *connection)
                        .await?;
                    end_web_sessions(connection, &passport).await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }

    /// As [`Store::set_password`], unless the hash is not `known` any more; says whether it was.
    pub async fn change_password(&self, passport: &Passport, known: &str, changed: &str) -> Result<bool, StoreFault> {
        let (passport, known, changed) = (passport.clone(), known.to_owned(), changed.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let is_done = replace_hash(connection, &passport, &known, &changed).await?;
                    if is_done {
                        end_web_sessions(connection, &passport).await?;
                    }
                    Ok(is_done)
                })
            })
            .await
    }

    /// Replaces the password's hash by another one of the same password, unless it is not `known` any more; says whether it was.
    pub async fn renew_password(&self, passport: &Passport, known: &str, renewed: &str) -> Result<bool, StoreFault> {
        let (passport, known, renewed) = (passport.clone(), known.to_owned(), renewed.to_owned());
        self.writer
            .run(move |connection| Box::pin(async move { replace_hash(connection, &passport, &known, &renewed).await }))
            .await
    }

    /// The password's hash; `None` if there is no such account.
    pub async fn password_hash(&self, passport: &Passport) -> Result<Option<String>, StoreFault> {
        self.readers.read(async |reader| password_hash(reader, passport).await).await
    }

    /// The friendly name; `None` if there is no such account.
    pub async fn account_name(&self, passport: &Passport) -> Result<Option<String>, StoreFault> {
        self.readers.read(async |reader| name(reader, passport).await).await
    }

    /// One account at a glance; `None` if there is no such account.
    pub async fn account_summary(&self, passport: &Passport) -> Result<Option<AccountSummary>, StoreFault> {
        let row: Option<(String, i64, i64)> = sqlx::query_as(
            "SELECT name, created,
                    (SELECT COUNT(*) FROM contact WHERE owner = account.passport AND lists & 1 = 1)
             FROM account WHERE passport = $1",
        )
        .bind(passport.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|(name, created, contacts)| AccountSummary {
            passport: passport.clone(),
            name,
            created: Timestamp(created),
            contacts: usize::try_from(contacts).unwrap_or(0),
        }))
    }

    /// Every account, in the order of the addresses.
    pub async fn accounts(&self) -> Result<Vec<AccountSummary>, StoreFault> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT passport, name, created,
                    (SELECT COUNT(*) FROM contact WHERE owner = account.passport AND lists & 1 = 1)
             FROM account ORDER BY passport",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(passport, name, created, contacts)| {
                Ok(AccountSummary {
                    passport: word::passport("account", &passport)?,
                    name,
                    created: Timestamp(created),
                    contacts: usize::try_from(contacts).unwrap_or(0),
                })
            })
            .collect()
    }

    /// Removes an account with everything that is its own, and takes it off the reverse lists of others; their own entries
    /// stay. `false` if there is no such account.
    pub async fn remove_account(&self, passport: &Passport, now: Timestamp) -> Result<bool, StoreFault> {
        let passport = passport.clone();
        self.writer.run(move |connection| Box::pin(async move { remove(connection, &passport, now).await })).await
    }
}

/// The friendly name of an account.
pub(crate) async fn name(connection: &mut AnyConnection, passport: &Passport) -> Result<Option<String>, StoreFault> {
    Ok(sqlx::query_scalar("SELECT name FROM account WHERE passport = $1")
        .bind(passport.as_str())
        .fetch_optional(connection)
        .await?)
}

/// The password's hash; `None` if there is no such account.
pub(crate) async fn password_hash(
    connection: &mut AnyConnection,
    passport: &Passport,
) -> Result<Option<String>, StoreFault> {
    Ok(sqlx::query_scalar("SELECT password_hash FROM account WHERE passport = $1")
        .bind(passport.as_str())
        .fetch_optional(connection)
        .await?)
}

/// Replaces the password's hash if it is `known`; says whether it was.
async fn replace_hash(
    connection: &mut AnyConnection,
    passport: &Passport,
    known: &str,
    hash: &str,
) -> Result<bool, StoreFault> {
    let done = sqlx::query("UPDATE account SET password_hash = $3 WHERE passport = $1 AND password_hash = $2")
        .bind(passport.as_str())
        .bind(known)
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn end_web_sessions(connection: &mut AnyConnection, passport: &Passport) -> Result<(), StoreFault> {
    sqlx::query("DELETE FROM web_session WHERE owner = $1").bind(passport.as_str()).execute(connection).await?;
    Ok(())
}

/// As [`Store::add_account`].
pub(crate) async fn add(
    connection: &mut AnyConnection,
    passport: &Passport,
    name: &str,
    password_hash: &str,
) -> Result<bool, StoreFault> {
    let now = clock::now();
    let done = sqlx::query(
        "INSERT INTO account (passport, name, password_hash, created, privacy, prompt, list_changed, settings_changed)
         VALUES ($1, $2, $3, $4, $5, $6, $4, $4) ON CONFLICT (passport) DO NOTHING",
    )
    .bind(passport.as_str())
    .bind(word::text(name))
    .bind(password_hash)
    .bind(now.0)
    .bind(word::privacy_word(Privacy::default()))
    .bind(word::prompt_word(Prompt::default()))
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let admirers: Vec<(String, String)> = sqlx::query_as(
        "SELECT contact.owner, account.name FROM contact JOIN account ON account.passport = contact.owner
         WHERE contact.passport = $1 AND contact.lists & 1 = 1",
    )
    .bind(passport.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for (admirer, name) in admirers {
        let admirer = word::passport("contact", &admirer)?;
        entry::set_reverse(connection, passport, &admirer, true, (clock::guid(), &name), now).await?;
    }
    Ok(true)
}

async fn remove(connection: &mut AnyConnection, passport: &Passport, now: Timestamp) -> Result<bool, StoreFault> {
    let waiting: Vec<i64> = sqlx::query_scalar("SELECT message FROM delivery WHERE owner = $1")
        .bind(passport.as_str())
        .fetch_all(&mut *connection)
        .await?;
    let done = sqlx::query("DELETE FROM account WHERE passport = $1")
        .bind(passport.as_str())
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    removed::note(connection, passport).await?;
    sqlx::query("DELETE FROM invite WHERE maker = $1").bind(passport.as_str()).execute(&mut *connection).await?;
    for message in waiting {
        message::forget_if_nobody_waits(connection, message).await?;
    }
    let holders: Vec<String> = sqlx::query_scalar("SELECT owner FROM contact WHERE passport = $1 AND lists & 8 = 8")
        .bind(passport.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for holder in holders {
        let holder = word::passport("contact", &holder)?;
        entry::set_reverse(connection, &holder, passport, false, (clock::guid(), ""), now).await?;
    }
    Ok(true)
}
