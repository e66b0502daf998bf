//! Moments, which Discord's clients tell in the reader's own time.

use domain::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MONTH: u64 = 30 * DAY;
const YEAR: u64 = 365 * DAY;

/// A moment in words, in `zone`: `seconds` of Unix time, in one of Discord's styles (`t` to `R`; `f` where there is none). How long
/// it is until then is counted from when it was said, and stands beside the moment itself: it may be read later. `None` for
/// what is no moment.
pub(super) fn told(seconds: i64, style: Option<char>, said: Timestamp, zone: TimeZone) -> Option<String> {
    let moment = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(zone);
    let form = match style {
        Some('t') => "%H:%M %Z",
        Some('T') => "%H:%M:%S %Z",
        Some('d' | 'D') => "%-d %B %Y",
        Some('F') => "%A, %-d %B %Y %H:%M %Z",
        Some('S') => "%-d %B %Y %H:%M:%S %Z",
        Some(_) | None => "%-d %B %Y %H:%M %Z",
    };
    let told = moment.strftime(form).to_string();
    Some(if style == Some('R') { format!("{} ({told})", apart(seconds, said.0.div_euclid(1000))) } else { told })
}

fn apart(seconds: i64, from: i64) -> String {
    let distance = seconds.abs_diff(from);
    let (count, unit) = match distance {
        0..MINUTE => (distance, "second"),
        MINUTE..HOUR => (distance / MINUTE, "minute"),
        HOUR..DAY => (distance / HOUR, "hour"),
        DAY..MONTH => (distance / DAY, "day"),
        MONTH..YEAR => (distance / MONTH, "month"),
        YEAR.. => (distance / YEAR, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds >= from { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_every_style() {
        let told = |style| told(1_618_932_030, style, Timestamp(1_618_924_830_000), TimeZone::UTC).unwrap();
        assert_eq!(told(Some('t')), "15:20 UTC");
        assert_eq!(told(Some('T')), "15:20:30 UTC");
        assert_eq!((told(Some('d')), told(Some('D'))), ("20 April 2021".into(), "20 April 2021".into()));
        assert_eq!((told(None), told(Some('f'))), ("20 April 2021 15:20 UTC".into(), "20 April 2021 15:20 UTC".into()));
        assert_eq!(told(Some('F')), "Tuesday, 20 April 2021 15:20 UTC");
        assert_eq!(told(Some('R')), "in 2 hours (20 April 2021 15:20 UTC)");
    }

    #[test]
    fn a_moment_is_told_in_a_zone_and_what_is_none_is_not() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(told(0, Some('t'), Timestamp(0), zone).unwrap(), "02:00 +02");
        assert_eq!(told(i64::MAX, None, Timestamp(0), TimeZone::UTC), None);
        assert_eq!(
            (apart(0, 90), apart(i64::MAX, i64::MIN).as_str()),
            ("1 minute ago".into(), "in 584942417355 years")
        );
    }
}
