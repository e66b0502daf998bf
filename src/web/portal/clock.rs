//! Times as pages write them.

use domain::Timestamp;

/// A time: for people, in UTC to the minute.
pub(crate) fn written(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_minute() {
        assert_eq!(written(Timestamp(1_795_454_411_000)), "2026-11-23 17:20 UTC");
        assert_eq!(written(Timestamp(i64::MAX)), "1970-01-01 00:00 UTC", "what is no time is none");
    }
}
