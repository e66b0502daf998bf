//! The wall clock and chance, where the store needs them itself.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Guid, Timestamp};

/// The time.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A fresh id for an entry that the store makes.
pub(crate) fn guid() -> Guid {
    Guid::of_chance(uuid::Uuid::new_v4().as_u128())
}
