//! Opening a database in a file: the file, its settings.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use sqlx::{
    AnyConnection, AnyPool, Connection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};

use crate::{
    StoreFault,
    open::{READERS, unmigrated},
};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Every connection waits this long for a lock that another process holds.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON";

/// Opens the file, makes it when it is missing, and brings it to this version's form.
pub(crate) async fn open(path: &Path) -> Result<(AnyConnection, AnyPool), StoreFault> {
    let writer = open_writer(path).await?;
    let readers = AnyPoolOptions::new()
        .max_connections(READERS)
        // A file does not hang up.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
                // The one writer is the only writer.
                sqlx::raw_sql("PRAGMA query_only = ON").execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect_with(options(path)?)
        .await
        .map_err(|error| unopened(path, &error))?;
    Ok((writer, readers))
}

/// Opens the file to write to it, makes it when it is missing, and brings it to this version's form.
pub(crate) async fn open_writer(path: &Path) -> Result<AnyConnection, StoreFault> {
    make_file(path)?;
    let mut writer =
        AnyConnection::connect_with(&options(path)?).await.map_err(|error: sqlx::Error| unopened(path, &error))?;
    set_up_writer(&mut writer, path).await?;
    MIGRATIONS.run(&mut writer).await.map_err(|error| unmigrated(&path.display(), &error))?;
    Ok(writer)
}

async fn set_up_writer(writer: &mut AnyConnection, path: &Path) -> Result<(), StoreFault> {
    let unopened = |error: sqlx::Error| unopened(path, &error);
    sqlx::raw_sql(SETTINGS).execute(&mut *writer).await.map_err(unopened)?;
    // With a write-ahead log, readers and the writer do not wait for each other.
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *writer).await.map_err(unopened)?;
    if journal != "wal" {
        return Err(StoreFault::Open {
            problem: format!("the file system of {} cannot hold a write-ahead log", path.display()),
            mend: "set [database] url to a path on a local disk".to_owned(),
        });
    }
    // A commit is on the disk when it returns: an answer must survive a power loss.
    sqlx::raw_sql("PRAGMA synchronous = FULL").execute(&mut *writer).await.map_err(unopened)?;
    Ok(())
}

/// Makes the file, and its directory, so that only this user reads them; the log files beside it take over the file's mode.
fn make_file(path: &Path) -> Result<(), StoreFault> {
    let unopened = |error: std::io::Error| unopened(path, &error);
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unopened)?;
    }
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map_err(unopened)?;
    let mode = file.metadata().map_err(unopened)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the database could be read by others; taking that away");
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(unopened)?;
    }
    Ok(())
}

pub(crate) fn options(path: &Path) -> Result<AnyConnectOptions, StoreFault> {
    let path = std::path::absolute(path).map_err(|error| unopened(path, &error))?;
    let written: String = path.as_os_str().as_encoded_bytes().iter().map(|byte| written_byte(*byte)).collect();
    format!("sqlite://{written}?mode=rw").parse().map_err(|error: sqlx::Error| unopened(&path, &error))
}

/// A byte of a path as a URL has it.
fn written_byte(byte: u8) -> String {
    let plain = byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    if plain { char::from(byte).to_string() } else { format!("%{byte:02x}") }
}

pub(crate) fn unopened(path: &Path, error: &impl std::fmt::Display) -> StoreFault {
    StoreFault::Open {
        problem: format!("cannot open the database {}: {error}", path.display()),
        mend: "see that this user may write the file and its directory, or set [database] url to another path"
            .to_owned(),
    }
}
