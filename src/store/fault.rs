//! Why the database did not do what it was asked.

use domain::{NetworkName, Passport};

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

impl From<sqlx::Error> for StoreFault {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        if matches!(error, sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) {
            return Self::Closed;
        }
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let busy = code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY);
        if busy { Self::Busy } else { Self::Query(error.to_string()) }
    }
}
