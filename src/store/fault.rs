//! Why the database did not do what it was asked.

use domain::{NetworkName, Passport};
use sqlx::postgres::PgDatabaseError;

/// Why the database did not do what it was asked. The texts name tables and files, never what stands in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The database cannot be used; a person has to mend it.
    #[error("{problem}; {mend}")]
    Open {
        /// What is wrong with which file or value.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// The database cannot be opened now: its server does not answer, or another program has it. That may pass by itself.
    #[error("{problem}; {mend}")]
    Away {
        /// What does not answer, or who has what.
        problem: String,
        /// What to do if it does not pass.
        mend: String,
    },
    /// Secrets cannot be kept or read; a person has to mend it.
    #[error("{problem}; {mend}")]
    Secret {
        /// What is wrong with which file or secret; never the secret itself.
        problem: String,
        /// What to do.
        mend: String,
    },
    /// Somebody else holds the database; try again later.
    #[error("the database is in use by another process or overloaded; try again")]
    Busy,
    /// The server of the database is away, and did not come back in time; nothing of the job was kept. Try again later.
    #[error("the database cannot be reached ({0}); see that its server runs, and try again")]
    Unreachable(String),
    /// The server of the database went away while it was committing, and did not come back in time.
    #[error(
        "the database went away while it kept this, and whether it did is not known; look before it is tried again"
    )]
    Uncertain,
    /// The store was closed, or its writer has ended.
    #[error("the database is closed, the program is stopping")]
    Closed,
    /// The database refused a statement; nothing of the job was kept.
    #[error("the database refused: {0}")]
    Query(String),
    /// A row cannot be read back: the file was changed by other hands, or by a newer version.
    #[error(
        "the table {table} holds what this version cannot read ({problem}); restore a backup or use the version that wrote it"
    )]
    Damaged {
        /// Which table.
        table: &'static str,
        /// What is wrong with the row.
        problem: String,
    },
    /// An order or a message is for an address that no network was given.
    #[error("{0} is no address of another network; resolve and allot it first")]
    UnknownContact(Passport),
    /// Something is kept for an account that is not here.
    #[error("{0} is no account of this server; add it first")]
    UnknownAccount(Passport),
    /// So many accounts have this one on their lists that no more may.
    #[error("{0} is on as many contact lists as one account may be; raise limits.admirers")]
    Full(Passport),
    /// There is no room for an address under the server's domain.
    #[error("no address fits under the network {0} and the server's domain; set a shorter domain")]
    NoAddress(NetworkName),
}

/// `SQLITE_BUSY`, the low byte of all its extended codes.
const SQLITE_BUSY: u32 = 5;

/// What `PostgreSQL` says when a lock or a turn is not to be had: `lock_not_available`, `deadlock_detected`, `serialization_failure`
/// (its documentation, "Appendix A").
const POSTGRES_BUSY: [&str; 3] = ["55P03", "40P01", "40001"];
/// What it says when it ends a session, or cannot begin one: the class of connection exceptions, being shut down or started, sessions
/// that were idle for too long, and too many of them; and that nothing may be written, by which a server that others copy from has become one
/// that copies.
const POSTGRES_LOST: [&str; 8] = ["08", "57P01", "57P02", "57P03", "57P05", "25P03", "53300", "25006"];

impl StoreFault {
    /// Whether the connection is gone, and with it whatever was not committed.
    pub(crate) const fn is_loss(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// Whether this may pass by itself, so that it is worth while to try again later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Busy | Self::Unreachable(_) | Self::Uncertain => true,
            Self::Open { .. }
            | Self::Secret { .. }
            | Self::Closed
            | Self::Query(_)
            | Self::Damaged { .. }
            | Self::UnknownContact(_)
            | Self::UnknownAccount(_)
            | Self::Full(_)
            | Self::NoAddress(_) => false,
        }
    }
}

/// Whether a server of `PostgreSQL` may be there again, or have a turn for us, without anybody's doing. A certificate that is not
/// good, a wrong password and a database that is missing are no such things.
pub(crate) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            POSTGRES_LOST.iter().chain(&POSTGRES_BUSY).any(|one| code.starts_with(one))
        }
        _ => false,
    }
}

impl From<sqlx::Error> for StoreFault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            // What cannot be read as an answer leaves the connection in no state that is known.
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => Self::Unreachable(error.to_string()),
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                if refusal.try_downcast_ref::<PgDatabaseError>().is_some() {
                    let is_of = |codes: &[&str]| codes.iter().any(|one| code.starts_with(one));
                    if is_of(&POSTGRES_LOST) {
                        return Self::Unreachable(error.to_string());
                    }
                    return if is_of(&POSTGRES_BUSY) { Self::Busy } else { Self::Query(error.to_string()) };
                }
                let is_busy = code.parse::<u32>().is_ok_and(|code| code & 0xff == SQLITE_BUSY);
                if is_busy { Self::Busy } else { Self::Query(error.to_string()) }
            }
            _ => Self::Query(error.to_string()),
        }
    }
}
