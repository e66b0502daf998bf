//! Opening the database: where it lies, and its form.

use std::{fmt::Display, path::Path, sync::Once};

use sqlx::migrate::MigrateError;
use tempfile::TempDir;

use crate::{StoreFault, hold::Hold, place::Place, postgres, readers::Readers, sqlite};

/// How many read at the same time.
pub(crate) const READERS: u32 = 4;

static DRIVERS: Once = Once::new();

pub(crate) struct Opened {
    pub(crate) writer: Hold,
    pub(crate) readers: Readers,
    pub(crate) temporary: Option<TempDir>,
}

/// To be called before anything is opened.
pub(crate) fn install_drivers() {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
}

pub(crate) async fn open(url: &str, base: &Path) -> Result<Opened, StoreFault> {
    install_drivers();
    let place = Place::of(url, base)?;
    let (path, temporary) = match place {
        Place::File(path) => (path, None),
        Place::Temporary => {
            let directory = TempDir::new().map_err(|error| sqlite::unopened(&std::env::temp_dir(), &error))?;
            (directory.path().join("chrysalis.db"), Some(directory))
        }
        Place::Server(server) => {
            let (writer, readers) = postgres::open(server).await?;
            return Ok(Opened { writer, readers, temporary: None });
        }
    };
    let (writer, readers) = sqlite::open(&path).await?;
    Ok(Opened { writer: Hold::of_file(writer), readers: Readers::of_file(readers), temporary })
}

pub(crate) fn unmigrated(place: &dyn Display, error: &MigrateError) -> StoreFault {
    let newer = matches!(error, MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..));
    let mend = if newer {
        "a newer version has used it: run that version, or restore a backup from before"
    } else {
        "keep a copy of it and restore a backup, or report this"
    };
    StoreFault::Open {
        problem: format!("cannot bring the database {place} to this version's form: {error}"),
        mend: mend.to_owned(),
    }
}
