//! A database for the tests of this crate's own rooms: on `PostgreSQL`, if that was chosen for the run, else in a file.

use std::path::Path;

use chrysalis_test_postgres::Database;
use tempfile::TempDir;

use crate::{
    hold::Hold,
    open::{self, Opened},
    readers::Readers,
};

/// What goes with the test.
pub(crate) struct Trial {
    _database: Option<Database>,
    _directory: Option<TempDir>,
}

pub(crate) async fn open() -> (Hold, Readers, Trial) {
    let database = if chrysalis_test_postgres::is_chosen() { Some(Database::new().await) } else { None };
    let url = database.as_ref().map_or_else(|| "sqlite::memory:".to_owned(), Database::url);
    let Opened { writer, readers, temporary } = open::open(&url, Path::new("/")).await.unwrap();
    (writer, readers, Trial { _database: database, _directory: temporary })
}
