//! Time and chance as arguments.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds from `earlier` to `self`; zero when `earlier` is later, as clocks step.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// What a pure function may know of the outside at the instant it is called.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The monotonic clock, for deadlines.
    pub instant: Instant,
    /// The wall clock, for what people and databases see.
    pub wall: Timestamp,
    /// 128 random bits, fresh for each call; identifiers are made of them.
    pub chance: u128,
}
