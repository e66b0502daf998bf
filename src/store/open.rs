//! Opening the database: the file, its settings, its form.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Once,
};

use sqlx::{
    AnyConnection, AnyPool, Connection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{MigrateError, Migrator},
};
use tempfile::TempDir;

use crate::StoreFault;

/// How many read at the same time.
const READERS: u32 = 4;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static DRIVERS: Once = Once::new();

/// Every connection waits this long for a lock that another process holds.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON";

pub(crate) struct Opened {
    pub(crate) writer: AnyConnection,
    pub(crate) readers: AnyPool,
    pub(crate) temporary: Option<TempDir>,
}

pub(crate) async fn open(url: &str, base: &Path) -> Result<Opened, StoreFault> {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let (path, temporary) = match Place::of(url, base)? {
        Place::File(path) => (path, None),
        Place::Temporary => {
            let directory = TempDir::new().map_err(|error| unopened(&std::env::temp_dir(), &error))?;
            (directory.path().join("chrysalis.db"), Some(directory))
        }
    };
    make_file(&path)?;
    let options = options(&path)?;
    let unopened = |error: sqlx::Error| unopened(&path, &error);
    let mut writer = AnyConnection::connect_with(&options).await.map_err(unopened)?;
    set_up_writer(&mut writer, &path).await?;
    MIGRATIONS.run(&mut writer).await.map_err(|error| unmigrated(&path, &error))?;
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
        .connect_with(options)
        .await
        .map_err(unopened)?;
    Ok(Opened { writer, readers, temporary })
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

/// Where a database lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Temporary,
}

impl Place {
    pub(crate) fn of(url: &str, base: &Path) -> Result<Self, StoreFault> {
        // What stands behind the scheme is not repeated: it may hold a password.
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        if scheme != "sqlite" {
            let problem = if scheme.is_empty() {
                "the database url has no scheme".to_owned()
            } else {
                format!("the database url begins with `{scheme}:`, which this version does not speak")
            };
            return Err(StoreFault::Open { problem, mend: mend_url() });
        }
        if rest == ":memory:" {
            return Ok(Self::Temporary);
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.contains('?') {
            return Err(StoreFault::Open {
                problem: format!("the database url `{url}` is not a path, without parameters"),
                mend: mend_url(),
            });
        }
        Ok(Self::File(base.join(path)))
    }
}

fn mend_url() -> String {
    "set [database] url to sqlite:// and a path, like sqlite://data/chrysalis.db".to_owned()
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

fn options(path: &Path) -> Result<AnyConnectOptions, StoreFault> {
    let path = std::path::absolute(path).map_err(|error| unopened(path, &error))?;
    let written: String = path.as_os_str().as_encoded_bytes().iter().map(|byte| written_byte(*byte)).collect();
    format!("sqlite://{written}?mode=rw").parse().map_err(|error: sqlx::Error| unopened(&path, &error))
}

/// A byte of a path as a URL has it.
fn written_byte(byte: u8) -> String {
    let plain = byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    if plain { char::from(byte).to_string() } else { format!("%{byte:02x}") }
}

fn unopened(path: &Path, error: &impl std::fmt::Display) -> StoreFault {
    StoreFault::Open {
        problem: format!("cannot open the database {}: {error}", path.display()),
        mend: "see that this user may write the file and its directory, or set [database] url to another path"
            .to_owned(),
    }
}

fn unmigrated(path: &Path, error: &MigrateError) -> StoreFault {
    let newer = matches!(error, MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..));
    let mend = if newer {
        "a newer version has used it: run that version, or restore a backup from before"
    } else {
        "keep a copy of the file and restore a backup, or report this"
    };
    StoreFault::Open {
        problem: format!("cannot bring the database {} to this version's form: {error}", path.display()),
        mend: mend.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_relative_to_the_base() {
        let of = |url: &str| Place::of(url, Path::new("/etc/chrysalis")).unwrap();
        assert_eq!(of("sqlite://data/a.db"), Place::File("/etc/chrysalis/data/a.db".into()));
        assert_eq!(of("sqlite:a.db"), Place::File("/etc/chrysalis/a.db".into()));
        assert_eq!(of("sqlite:///var/a.db"), Place::File("/var/a.db".into()));
        assert_eq!(of("sqlite::memory:"), Place::Temporary);
    }

    #[test]
    fn a_wrong_url_is_named_without_its_password_and_with_its_mend() {
        let fault = Place::of("postgres://chrysalis:hunter2@db/chrysalis", Path::new("/")).unwrap_err().to_string();
        assert!(fault.contains("postgres:") && fault.contains("sqlite://data/chrysalis.db"), "{fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
        for url in ["", "data/chrysalis.db", "sqlite://", "sqlite://a.db?mode=ro"] {
            assert!(Place::of(url, Path::new("/")).is_err(), "{url}");
        }
    }
}
