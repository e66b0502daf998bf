//! How names and sizes of media are written in columns, and read back.

use domain::media::{BlobId, ObjectHash};

use crate::StoreFault;

pub(crate) fn blob(table: &'static str, text: &str) -> Result<BlobId, StoreFault> {
    text.parse().map_err(|fault| damaged(table, format!("a blob {fault}")))
}

pub(crate) fn object(table: &'static str, text: &str) -> Result<ObjectHash, StoreFault> {
    text.parse().map_err(|fault| damaged(table, format!("an object {fault}")))
}

pub(crate) fn size(table: &'static str, column: i64) -> Result<u64, StoreFault> {
    u64::try_from(column).map_err(|_| damaged(table, "a size below zero".to_owned()))
}

/// A size as its column has it. No file is larger than the column can say.
pub(crate) fn size_column(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

const fn damaged(table: &'static str, problem: String) -> StoreFault {
    StoreFault::Damaged { table, problem }
}
