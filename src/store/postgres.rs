//! Opening a database on a server: the connection, its settings, and the lock that only one server of ours has.
//!
//! The lock is held by the very session that writes. So nobody else writes as long as that session lives, and whoever has the lock
//! knows that the session before it has ended, and with it whatever it was about to commit.

use std::time::Duration;

use sqlx::{
    AnyConnection, Connection,
    any::AnyPoolOptions,
    error::DatabaseError,
    migrate::{MigrateError, Migrator},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    StoreFault,
    fault::may_pass,
    group::LONGEST_STEP,
    hold::Hold,
    open::{READERS, unmigrated},
    place::Server,
    readers::Readers,
};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Every connection waits this long for a lock that another session holds on a table; and the server finds within a minute that we are
/// not here any more.
const SETTINGS: &str =
    "SET lock_timeout = '5s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
     SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";
/// A commit is on the disk when it returns, whatever is usual on that server: an answer must survive a power loss.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
     WHERE current_setting('synchronous_commit') = 'off'";
/// All statements of a transaction see one state, and the one writer is the only writer.
const READING: &str = "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on";

/// The oldest server that can say what became of a transaction: 13.
const OLDEST: i64 = 130_000;

/// Who we are among the holders of locks: `Chry`, in front of the number of the schema.
const LOCK: &str =
    "SELECT CASE WHEN pg_try_advisory_lock((1130918521::BIGINT << 32) + oid::BIGINT) THEN 1::BIGINT ELSE 0::BIGINT END
     FROM pg_namespace WHERE nspname = current_schema()";

/// What is said to whom may not do something (`PostgreSQL`'s documentation, "Appendix A").
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long a reader waits for a connection, while the server is away or all are in use.
const READER_PATIENCE: Duration = Duration::from_secs(10);
/// How long is waited for a lock whose holder may be about to end: the server that was killed a moment ago.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// A session of ours on the server, which may have outlived its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    process: i64,
    /// Numbers of processes are given out again.
    started: String,
}

/// Why there is no session that may write.
pub(crate) enum Refusal {
    /// Another session has the lock.
    Locked,
    /// Something that a person has to mend.
    Unfit(StoreFault),
    /// The server does not answer, or does not want us.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// Opens the database, and brings it to this version's form.
pub(crate) async fn open(server: Server) -> Result<(Hold, Readers), StoreFault> {
    let (mut writer, session) = lock(&server).await?;
    form(&mut writer, &server).await?;
    let readers = AnyPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_PATIENCE)
        // One that broke is found before it is used, and replaced, for which the pool waits while the server is away.
        .test_before_acquire(true)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
                sqlx::raw_sql(READING).execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect_with(server.options().map_err(|error| unopened(&server, &error))?)
        .await
        .map_err(|error| unopened(&server, &error))?;
    Ok((Hold::of_server(writer, server, session), Readers::of_server(readers, LONGEST_STEP)))
}

/// Brings the database to this version's form.
pub(crate) async fn form(connection: &mut AnyConnection, server: &Server) -> Result<(), StoreFault> {
    let Err(error) = MIGRATIONS.run(connection).await else { return Ok(()) };
    let cause = match &error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => Some(cause),
        _ => None,
    };
    if let Some(cause) = cause.filter(|cause| may_pass(cause)) {
        return Err(unopened(server, cause));
    }
    if !cause.is_some_and(is_privilege_missing) {
        return Err(unmigrated(server, &error));
    }
    Err(StoreFault::Open {
        problem: format!("cannot make tables in the database {server}: {error}"),
        mend: "make the user its owner (ALTER DATABASE chrysalis OWNER TO chrysalis), or let it make tables (GRANT CREATE ON SCHEMA public TO \
               chrysalis)"
            .to_owned(),
    })
}

/// Whether the user may not do what was asked.
pub(crate) fn is_privilege_missing(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some(INSUFFICIENT_PRIVILEGE)
}

/// Takes the database for us alone.
pub(crate) async fn lock(server: &Server) -> Result<(AnyConnection, Session), StoreFault> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match take(server, None).await {
            Ok(taken) => return Ok(taken),
            Err(Refusal::Locked) if Instant::now() < until => sleep(LOCK_PAUSE).await,
            Err(Refusal::Locked) => {
                return Err(StoreFault::Away {
                    problem: format!("another server, or another command, writes to the database {server}"),
                    mend: "stop it first: two would lose each other's messages".to_owned(),
                });
            }
            Err(Refusal::Unfit(fault)) => return Err(fault),
            Err(Refusal::Failed(error)) => return Err(unopened(server, &error)),
        }
    }
}

/// Connects, ends what may be left of the session before, and takes the lock.
pub(crate) async fn take(server: &Server, before: Option<&Session>) -> Result<(AnyConnection, Session), Refusal> {
    let taken = timeout(CONNECTING, async {
        let mut connection = connect(server).await?;
        sqlx::raw_sql(DURABLE).execute(&mut connection).await?;
        check(&mut connection, server).await?;
        if let Some(Session { process, started }) = before {
            sqlx::query(
                "SELECT CASE WHEN pg_terminate_backend(pid) THEN 1::BIGINT ELSE 0::BIGINT END FROM pg_stat_activity
                 WHERE pid = $1 AND backend_start::TEXT = $2",
            )
            .bind(process)
            .bind(started)
            .execute(&mut connection)
            .await?;
        }
        match sqlx::query_scalar(LOCK).fetch_optional(&mut connection).await? {
            Some(1_i64) => {}
            Some(_) => return Err(Refusal::Locked),
            None => return Err(Refusal::Unfit(no_schema(server))),
        }
        let (process, started) = sqlx::query_as(
            "SELECT pid::BIGINT, backend_start::TEXT FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        )
        .fetch_one(&mut connection)
        .await?;
        Ok((connection, Session { process, started }))
    });
    taken.await.unwrap_or_else(|_| Err(Refusal::Failed(silent())))
}

/// Connects to read or to write, without the lock.
pub(crate) async fn connect(server: &Server) -> Result<AnyConnection, sqlx::Error> {
    let options = server.options()?;
    let connecting = timeout(CONNECTING, AnyConnection::connect_with(&options));
    let mut connection = connecting.await.unwrap_or_else(|_| Err(silent()))?;
    sqlx::raw_sql(SETTINGS).execute(&mut connection).await?;
    Ok(connection)
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "it does not answer"))
}

/// Whether this is a server that can serve.
async fn check(connection: &mut AnyConnection, server: &Server) -> Result<(), Refusal> {
    let (version, encoding, copying): (i64, String, i64) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::BIGINT, current_setting('server_encoding'),
             CASE WHEN pg_is_in_recovery() THEN 1::BIGINT ELSE 0::BIGINT END",
    )
    .fetch_one(connection)
    .await?;
    if copying == 1 {
        // One that takes over answers here sooner or later, or this one is told to.
        let standby = "it is a standby, on which nothing can be written";
        return Err(Refusal::Failed(sqlx::Error::Io(std::io::Error::other(standby))));
    }
    let (problem, mend) = if version < OLDEST {
        let major = version / 10_000;
        (format!("the database {server} is on PostgreSQL {major}"), "use PostgreSQL 13 or newer".to_owned())
    } else if encoding != "UTF8" {
        let mend = "make one with CREATE DATABASE chrysalis OWNER chrysalis ENCODING 'UTF8' TEMPLATE template0";
        (format!("the database {server} is written in {encoding}"), mend.to_owned())
    } else {
        return Ok(());
    };
    Err(Refusal::Unfit(StoreFault::Open { problem, mend }))
}

fn no_schema(server: &Server) -> StoreFault {
    StoreFault::Open {
        problem: format!("there is no schema in the database {server} that this user's search_path names"),
        mend: "make one with CREATE SCHEMA, or make the user the owner of the database".to_owned(),
    }
}

pub(crate) fn unopened(server: &Server, error: &sqlx::Error) -> StoreFault {
    let problem = format!("cannot open the database {server}: {error}");
    let mend = "see that PostgreSQL runs there and lets this user in, that the database is there (CREATE DATABASE chrysalis OWNER \
                chrysalis), or set [database] url to another one"
        .to_owned();
    if may_pass(error) { StoreFault::Away { problem, mend } } else { StoreFault::Open { problem, mend } }
}
