//! The time of what comes late, since Messenger shows none.

use bytes::Bytes;
use domain::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use msnp::{message::LONGEST_PAYLOAD, mime};

/// When something was said, for people in this time zone of the IANA database: `[2026-11-22 19:08] `. An unknown one is UTC, and
/// then the time says so.
pub(super) fn time(sent: Timestamp, zone: Option<&str>) -> String {
    let time = jiff::Timestamp::from_millisecond(sent.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let zone = zone.and_then(|name| TimeZoneDatabase::bundled().get(name).ok()).unwrap_or(TimeZone::UTC);
    let form = if zone == TimeZone::UTC { "[%Y-%m-%d %H:%M UTC] " } else { "[%Y-%m-%d %H:%M] " };
    time.to_zoned(zone).strftime(form).to_string()
}

/// A Messenger user's own payload with `words` in front of its text; `None` where there is no room for them.
pub(super) fn preceded(payload: &Bytes, words: &str) -> Option<Bytes> {
    let (_, body) = mime::parse(payload)?;
    if payload.len() + words.len() > LONGEST_PAYLOAD {
        return None;
    }
    let headers = payload.get(..payload.len() - body.len())?;
    Some([headers, words.as_bytes(), &body].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Timestamp = Timestamp(1_795_374_520_123);

    #[test]
    fn a_time_is_that_of_the_readers_clock() {
        for (zone, wanted) in [
            (None, "[2026-11-22 19:08 UTC] "),
            (Some("UTC"), "[2026-11-22 19:08 UTC] "),
            (Some("Nowhere/Land"), "[2026-11-22 19:08 UTC] "),
            (Some("Europe/Berlin"), "[2026-11-22 20:08] "),
            (Some("America/New_York"), "[2026-11-22 14:08] "),
            (Some("Asia/Kolkata"), "[2026-11-23 00:38] "),
        ] {
            assert_eq!(time(SENT, zone), wanted, "{zone:?}");
        }
        let summer = Timestamp(SENT.0 - 150 * 86_400_000);
        assert_eq!(time(summer, Some("Europe/Berlin")), "[2026-06-25 21:08] ");
        assert_eq!(time(Timestamp(i64::MAX), None), "[1970-01-01 00:00 UTC] ");
    }

    #[test]
    fn a_late_message_carries_its_time_and_nothing_else_changes() {
        let payload = Bytes::from_static(b"Content-Type: text/plain; charset=UTF-8\r\nX-Odd: 1\r\n\r\nhi");
        let wanted = "Content-Type: text/plain; charset=UTF-8\r\nX-Odd: 1\r\n\r\n[then] hi";
        assert_eq!(preceded(&payload, "[then] "), Some(Bytes::from(wanted)));
    }

    #[test]
    fn a_full_payload_has_no_room() {
        let payload = |text: usize| {
            let payload = format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{}", "x".repeat(text));
            preceded(&payload.into(), "[then] ").map(|payload| payload.len())
        };
        assert_eq!(payload(1614), Some(1664));
        assert_eq!(payload(1615), None);
    }
}
