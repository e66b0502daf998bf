//! Whole databases on their way: from a file to a server and back, into a backup, and out of one.

use std::{path::Path, time::Duration};

use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tokio::time::{sleep, timeout};

use crate::{
    StoreFault,
    copy::{self, Progress},
    dialect::Dialect,
    group::execute,
    hold::{Ending, ending},
    open::install_drivers,
    place::{Place, Server},
    postgres::{self, Session},
    snapshot::snapshot,
    sqlite,
};

/// How long is asked what became of a restoring whose last answer was lost, and how often.
const ASKING: Duration = Duration::from_mins(1);
const ASKING_PAUSE: Duration = Duration::from_millis(200);

/// Nobody writes while it is read.
const READ_FILE: &str = "BEGIN IMMEDIATE";
/// Everything is read as it is at one moment, though somebody write.
const READ_SERVER: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Whether anything is kept at this url; whatever was opened once counts, and on a server any table of another program.
pub async fn is_in_use(url: &str, base: &Path) -> Result<bool, StoreFault> {
    install_drivers();
    match Place::of(url, base)? {
        Place::File(path) => Ok(path.exists()),
        Place::Temporary => Ok(false),
        Place::Server(server) => {
            let mut connection =
                postgres::connect(&server).await.map_err(|error| postgres::unopened(&server, &error))?;
            let is_used = holds_anything(&mut connection).await?;
            connection.close().await?;
            Ok(is_used)
        }
    }
}

/// Copies the database at the url `from`, on which no server may run, to the url `to`, where nothing may be kept yet: from a file to a
/// server, or back. Relative paths are relative to `base`. Says how many rows there are.
///
/// Either all of it is there at the end, or nothing. The copy has the same accounts, messages and numbers, so that only one of the two
/// may be used from then on.
pub async fn copy_database(
    from: &str,
    to: &str,
    base: &Path,
    mut told: impl FnMut(Progress<'_>) + Send,
) -> Result<u64, StoreFault> {
    install_drivers();
    match (Place::of(from, base)?, Place::of(to, base)?) {
        (Place::File(path), Place::Server(server)) => {
            if !path.is_file() {
                return Err(missing(&path.display()));
            }
            let mut file = sqlite::open_writer(&path).await?;
            let mut there = open_server(&server).await?;
            if is_used(&mut there).await? {
                return Err(full(&server));
            }
            let count = carry(&mut file, &mut there, &mut told).await?;
            file.close().await?;
            there.close().await?;
            Ok(count)
        }
        (Place::Server(server), Place::File(path)) => {
            if path.exists() {
                return Err(full(&path.display()));
            }
            let mut there = open_server(&server).await?;
            if !is_used(&mut there).await? {
                return Err(missing(&server));
            }
            let count = carry_into_file(&mut there, &path, &mut told).await?;
            there.close().await?;
            Ok(count)
        }
        (Place::File(_) | Place::Temporary, Place::File(_) | Place::Temporary)
        | (Place::Temporary, Place::Server(_))
        | (Place::Server(_), Place::Temporary | Place::Server(_)) => Err(StoreFault::Open {
            problem: "one of the two databases has to be a file, and the other one on a server".to_owned(),
            mend: "name a url that begins with sqlite://, and one that begins with postgres://; for two files use `chrysalis backup`, \
                   for two servers pg_dump"
                .to_owned(),
        }),
    }
}

/// Writes all that stands in the database at `url` to a new file of `SQLite`, as it is at one moment; it may be in use.
pub async fn back_up(
    url: &str,
    base: &Path,
    into: &Path,
    mut told: impl FnMut(Progress<'_>) + Send,
) -> Result<(), StoreFault> {
    install_drivers();
    match Place::of(url, base)? {
        Place::File(path) if !path.is_file() => Err(missing(&path.display())),
        Place::File(path) => snapshot(&path, into).await,
        Place::Temporary => Err(StoreFault::Open {
            problem: "a database in memory ends with its server, and cannot be backed up".to_owned(),
            mend: "set [database] url to a file or a server".to_owned(),
        }),
        Place::Server(server) => {
            let mut there = postgres::connect(&server).await.map_err(|error| postgres::unopened(&server, &error))?;
            let newest = postgres::MIGRATIONS.iter().map(|migration| migration.version).max();
            match form(&mut there).await? {
                None => return Err(missing(&server)),
                found if found == newest => {}
                Some(_) => {
                    return Err(StoreFault::Open {
                        problem: format!("the database {server} has the form of another version"),
                        mend: "use the version that runs on it, or start this one on it once".to_owned(),
                    });
                }
            }
            carry_into_file(&mut there, into, &mut told).await?;
            there.close().await?;
            Ok(())
        }
    }
}

/// Puts the database in the file `staged` onto the server at `url`, where no server of ours may run. What is there is moved into a schema
/// of its own, whose name comes back. Before the last step, `before_commit` is called; if that fails, or anything else, everything there
/// stays as it is. Only where it says [`StoreFault::Uncertain`] nobody knows whether the last step was done.
pub async fn put_back(
    staged: &Path,
    url: &str,
    before_commit: impl FnOnce() -> Result<(), StoreFault>,
    mut told: impl FnMut(Progress<'_>) + Send,
) -> Result<Option<String>, StoreFault> {
    install_drivers();
    let Place::Server(server) = Place::of(url, Path::new("/"))? else {
        return Err(StoreFault::Open {
            problem: "the database url names no server".to_owned(),
            mend: "set [database] url to one that begins with postgres://".to_owned(),
        });
    };
    let mut file = sqlite::open_writer(staged).await?;
    let (mut there, session) = postgres::lock(&server).await?;
    let tables = copy::tables(&mut file).await?;
    let mut reading = file.begin_with(READ_FILE).await?;
    let mut writing = there.begin().await?;
    let transaction: String = sqlx::query_scalar("SELECT pg_current_xact_id()::TEXT").fetch_one(&mut *writing).await?;
    let aside = move_aside(&mut writing, &server).await?;
    postgres::form(&mut writing, &server).await?;
    copy::copy(&mut reading, &mut writing, &tables, &mut told).await?;
    before_commit()?;
    let committed = execute(&mut writing, "COMMIT").await;
    drop(writing);
    match committed {
        Ok(()) => there.close().await?,
        Err(fault) if fault.is_loss() => match ending_of(&server, &session, &transaction).await {
            Ending::Committed => {}
            Ending::Aborted => return Err(fault),
            Ending::Unknown => return Err(StoreFault::Uncertain),
        },
        Err(fault) => return Err(fault),
    }
    reading.rollback().await?;
    file.close().await?;
    Ok(aside)
}

/// Asks, again and again for a while, what became of a transaction whose session is lost.
async fn ending_of(server: &Server, session: &Session, transaction: &str) -> Ending {
    let asking = async {
        loop {
            // Who has the lock knows that the lost session has come to its end.
            if let Ok((mut connection, _)) = postgres::take(server, Some(session)).await
                && let Ok(ending) = ending(&mut connection, transaction).await
            {
                return ending;
            }
            sleep(ASKING_PAUSE).await;
        }
    };
    timeout(ASKING, asking).await.unwrap_or(Ending::Unknown)
}

/// Moves all tables of the schema into a new one; `None` if there are none.
async fn move_aside(connection: &mut AnyConnection, server: &Server) -> Result<Option<String>, StoreFault> {
    let tables = tables(connection).await?;
    if tables.is_empty() {
        return Ok(None);
    }
    let schemas: Vec<String> =
        sqlx::query_scalar("SELECT nspname::TEXT FROM pg_namespace").fetch_all(&mut *connection).await?;
    let names = (1..).map(|number: u32| format!("before_restore_{number}"));
    let Some(aside) = names.into_iter().find(|name| !schemas.contains(name)) else { return Ok(None) };
    let made = sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {aside}"))).execute(&mut *connection).await;
    made.map_err(|error| unschemed(server, error))?;
    for table in tables {
        let table = table.replace('"', "\"\"");
        let moving = format!("ALTER TABLE \"{table}\" SET SCHEMA {aside}");
        sqlx::query(AssertSqlSafe(moving)).execute(&mut *connection).await?;
    }
    Ok(Some(aside))
}

/// Why what is there cannot be moved aside.
fn unschemed(server: &Server, error: sqlx::Error) -> StoreFault {
    if !postgres::is_privilege_missing(&error) {
        return error.into();
    }
    StoreFault::Open {
        problem: format!("cannot make a schema in {server} for what is there now: {error}"),
        mend: "make the user its owner (ALTER DATABASE chrysalis OWNER TO chrysalis), or let it make schemas (GRANT CREATE ON DATABASE \
               chrysalis TO chrysalis)"
            .to_owned(),
    }
}

/// All tables of the schema.
async fn tables(connection: &mut AnyConnection) -> Result<Vec<String>, StoreFault> {
    Ok(sqlx::query_scalar("SELECT tablename::TEXT FROM pg_tables WHERE schemaname = current_schema()")
        .fetch_all(connection)
        .await?)
}

/// Whether anything is there: something of ours that was used, or any table of somebody else.
async fn holds_anything(connection: &mut AnyConnection) -> Result<bool, StoreFault> {
    let tables = tables(connection).await?;
    if ["_sqlx_migrations", "message_number"].iter().all(|ours| tables.iter().any(|table| table == ours)) {
        return is_used(connection).await;
    }
    Ok(!tables.is_empty())
}

/// Opens a database on a server for us alone, and brings it to this version's form.
async fn open_server(server: &Server) -> Result<AnyConnection, StoreFault> {
    let (mut there, _) = postgres::lock(server).await?;
    postgres::form(&mut there, server).await?;
    Ok(there)
}

/// The form that the database on a server has; `None` if it was never given one.
async fn form(connection: &mut AnyConnection) -> Result<Option<i64>, StoreFault> {
    let is_there: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'",
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_there == 0 {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(connection).await?)
}

/// Whether a store was ever opened on the database: each reserves numbers.
async fn is_used(connection: &mut AnyConnection) -> Result<bool, StoreFault> {
    let reserved: i64 = sqlx::query_scalar("SELECT reserved FROM message_number").fetch_one(connection).await?;
    Ok(reserved > 0)
}

/// The same as [`carry`], into a file that is made for it, and gone again if that fails.
async fn carry_into_file(
    there: &mut AnyConnection,
    path: &Path,
    told: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<u64, StoreFault> {
    let mut file = sqlite::open_writer(path).await?;
    let carried = carry(there, &mut file, told).await;
    // The log is folded into the file.
    let closed = file.close().await;
    match (carried, closed) {
        (Ok(count), Ok(())) => Ok(count),
        (outcome, closed) => {
            for ending in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
            }
            outcome.and_then(|_| Ok(closed.map(|()| 0)?))
        }
    }
}

async fn carry(
    from: &mut AnyConnection,
    into: &mut AnyConnection,
    told: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<u64, StoreFault> {
    let (tables, begin) = match Dialect::of(from) {
        Dialect::Sqlite => (copy::tables(from).await?, READ_FILE),
        Dialect::Postgres => (copy::tables(into).await?, READ_SERVER),
    };
    let mut reading = from.begin_with(begin).await?;
    let mut writing = into.begin().await?;
    let count = copy::copy(&mut reading, &mut writing, &tables, told).await?;
    writing.commit().await?;
    reading.rollback().await?;
    Ok(count)
}

fn missing(place: &dyn std::fmt::Display) -> StoreFault {
    StoreFault::Open {
        problem: format!("there is no database at {place}: nothing was ever kept here"),
        mend: "name the one that was used".to_owned(),
    }
}

fn full(place: &dyn std::fmt::Display) -> StoreFault {
    StoreFault::Open {
        problem: format!("the database {place} is not empty"),
        mend: "name another one: what is there would be mixed with what comes".to_owned(),
    }
}
