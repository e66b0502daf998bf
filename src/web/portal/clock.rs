//! Times as pages write them.

use domain::Timestamp;

/// A time: for people, in UTC to the minute.
pub(crate) fn written(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How long something has lasted, in the largest unit of which it has one or more.
pub(crate) fn lasted(since: Timestamp, until: Timestamp) -> String {
    let seconds = until.0.saturating_sub(since.0).max(0) / 1000;
    match (seconds / 60, seconds / 3600, seconds / 86400) {
        (0, _, _) => format!("{seconds} s"),
        (minutes, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (_, _, 1) => "1 day".to_owned(),
        (_, _, days) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_minute() {
        assert_eq!(written(Timestamp(1_795_454_411_000)), "2026-11-23 17:20 UTC");
        assert_eq!(written(Timestamp(i64::MAX)), "1970-01-01 00:00 UTC", "what is no time is none");
    }

    #[test]
    fn what_lasts_is_told_in_its_largest_unit() {
        for (seconds, told) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (7200, "2 h"),
            (86_400, "1 day"),
            (180_000, "2 days"),
        ] {
            assert_eq!(lasted(Timestamp(1_000), Timestamp(1_000 + seconds * 1000)), told);
        }
    }
}
