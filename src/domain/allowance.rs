//! How often something may be done.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_mins(1);

/// So many times a minute, and as many at once after a minute of rest: a bucket that fills evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    per_minute: u32,
    /// When everything that was taken will be there again.
    whole: Option<Instant>,
}

impl Allowance {
    /// An allowance that nothing was taken of. Zero allows nothing.
    #[must_use]
    pub const fn new(per_minute: u32) -> Self {
        Self { per_minute, whole: None }
    }

    /// Takes one, if one is left; says whether it was.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> bool {
        let Some(each) = MINUTE.checked_div(self.per_minute) else { return false };
        let whole = self.whole.map_or(now, |whole| whole.max(now)) + each;
        let left = whole.duration_since(now) <= MINUTE;
        if left {
            self.whole = Some(whole);
        }
        left
    }
}

#[cfg(test)]
mod tests;
