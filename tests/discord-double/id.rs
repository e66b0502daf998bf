//! Snowflakes: the ids of everything, and the moment that each carries.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// The first millisecond of 2015, from which Discord counts (Discord's developer documentation, "Snowflakes").
const EPOCH: u64 = 1_420_070_400_000;

/// How far the milliseconds stand to the left in an id.
const SHIFT: u32 = 22;

/// A snowflake: later ones are greater, and each holds the millisecond of its making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u64);

impl Id {
    /// Of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The first of the present moment, or the one after `last` when that moment's first is taken already.
    pub(crate) fn after(last: Self) -> Self {
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(EPOCH);
        Self((now.saturating_sub(EPOCH) << SHIFT).max(last.0 + 1))
    }

    /// When it was made.
    pub fn made(self) -> Timestamp {
        let milliseconds = (self.0 >> SHIFT).saturating_add(EPOCH);
        Timestamp::from_millisecond(i64::try_from(milliseconds).unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Id {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A moment as Discord writes it: with microseconds, and the offset in full.
pub(crate) fn written(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_its_moment() {
        // The example of Discord's documentation.
        assert_eq!(written(Id::new(175_928_847_299_117_063).made()), "2016-04-30T11:18:25.796000+00:00");
    }

    #[test]
    fn ids_rise_within_one_millisecond() {
        let mut last = Id::new(0);
        for _ in 0..1000 {
            let next = Id::after(last);
            assert!(next > last);
            last = next;
        }
    }
}
