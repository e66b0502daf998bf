//! Copies of `SQLite` databases that are in use: whole, of one moment, without waiting for whoever writes.

use std::{path::Path, time::Duration};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{StoreFault, place::Place};

/// The first bytes of every `SQLite` database (`SQLite`'s documentation, "Database File Format").
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the database of this url lies; `None` for one that ends with its process, or lies on a server.
pub fn database_file(url: &str, base: &Path) -> Result<Option<std::path::PathBuf>, StoreFault> {
    Ok(match Place::of(url, base)? {
        Place::File(path) => Some(path),
        Place::Temporary | Place::Server(_) => None,
    })
}

/// Whether the database of this url lies on a server.
pub fn is_on_server(url: &str, base: &Path) -> Result<bool, StoreFault> {
    Ok(match Place::of(url, base)? {
        Place::Server(_) => true,
        Place::File(_) | Place::Temporary => false,
    })
}

/// Whether these are the first bytes of an `SQLite` database. An empty file may become one, and is none.
#[must_use]
pub fn is_database(first: &[u8]) -> bool {
    first.starts_with(MAGIC)
}

/// Copies the `SQLite` database at `from`, which may be in use, to `into`, where nothing may be: all that was committed at one moment, without
/// the log files beside it.
pub async fn snapshot(from: &Path, into: &Path) -> Result<(), StoreFault> {
    let options = SqliteConnectOptions::new().filename(from).busy_timeout(PATIENCE).disable_statement_logging();
    let mut connection = options.connect().await?;
    let into = into.to_str().ok_or_else(|| StoreFault::Open {
        problem: format!("{} is no path that SQLite can be given", into.display()),
        mend: "name a folder whose name is UTF-8".to_owned(),
    })?;
    let copied = sqlx::query("VACUUM INTO $1").bind(into).execute(&mut connection).await;
    let closed = connection.close().await;
    copied?;
    closed?;
    Ok(())
}

async fn begin(connection: &mut SqliteConnection, generation: &str) -> Result<(), sqlx::Error> {
    let mut all = connection.begin().await?;
    sqlx::query("UPDATE installation SET generation = $1").bind(generation).execute(&mut *all).await?;
    // What was waiting then may have been done since: it is looked for before it is done again.
    sqlx::query("UPDATE outbox SET attempt = 1 WHERE attempt = 0").execute(&mut *all).await?;
    // A browser that was signed out since, and a code that was used up since, must not be good again.
    for table in ["web_session", "invite"] {
        let is_there = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1").bind(table);
        if is_there.fetch_optional(&mut *all).await?.is_some() {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *all).await?;
        }
    }
    all.commit().await
}

/// Begins another life of the installation whose database lies at `path`, where no server runs on it.
pub async fn begin_another_life(path: &Path) -> Result<(), StoreFault> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).disable_statement_logging();
    let mut connection: SqliteConnection = options.connect().await?;
    let generation = Uuid::new_v4().simple().to_string();
    let begun = begin(&mut connection, &generation).await;
    let closed = connection.close().await;
    begun?;
    closed?;
    Ok(())
}
