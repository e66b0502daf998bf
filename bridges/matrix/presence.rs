//! Presence in Matrix's words and in the domain's.

use domain::{
    PersonalMessage, Status, Timestamp,
    presence::{Availability, OwnPresence, RemotePresence},
};
use ruma::presence::PresenceState;

/// What a ghost shows: always both parts together, as a presence without a status line would clear the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Matrix's word.
    pub(crate) state: PresenceState,
    /// The status line; empty for none.
    pub(crate) line: String,
}

impl Shown {
    /// Not there, and nothing said.
    pub(crate) const fn offline() -> Self {
        Self { state: PresenceState::Offline, line: String::new() }
    }

    /// Whether it has to be repeated to stay: a homeserver takes whoever is silent for half a minute as offline.
    pub(crate) fn fades(&self) -> bool {
        self.state != PresenceState::Offline
    }
}

/// What an account's presence looks like on Matrix. Not every homeserver knows a busy state, so that word goes in front of
/// the status line.
pub(crate) fn show(presence: &OwnPresence) -> Shown {
    let line = status_line(&presence.personal_message);
    let worded = |word: &str| if line.is_empty() { word.to_owned() } else { format!("{word} - {line}") };
    match presence.status {
        Status::Online => Shown { state: PresenceState::Online, line },
        Status::Busy => Shown { state: PresenceState::Unavailable, line: worded("Busy") },
        Status::OnThePhone => Shown { state: PresenceState::Unavailable, line: worded("On the phone") },
        Status::Idle | Status::BeRightBack | Status::Away | Status::OutToLunch => {
            Shown { state: PresenceState::Unavailable, line }
        }
        Status::Hidden | Status::Offline => Shown::offline(),
    }
}

/// The personal message, and behind it what is being listened to.
fn status_line(message: &PersonalMessage) -> String {
    match (message.text.is_empty(), playing(&message.current_media)) {
        (_, None) => message.text.clone(),
        (true, Some(playing)) => playing,
        (false, Some(playing)) => format!("{} {playing}", message.text),
    }
}

/// Reads Messenger's `CurrentMedia`: application, kind, whether it is on, a format with `{0}` for its first argument, and the
/// arguments, with `\0` (two characters) between them.
fn playing(current_media: &str) -> Option<String> {
    let mut parts = current_media.split("\\0").skip(1);
    let kind = parts.next()?;
    if parts.next()? != "1" {
        return None;
    }
    let format = parts.next()?;
    let arguments: Vec<&str> = parts.collect();
    let mut text = String::with_capacity(format.len());
    let mut rest = format;
    // One pass, so that braces within a title stay what they are.
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let filled = after
            .split_once('}')
            .and_then(|(number, tail)| Some((arguments.get(number.parse::<usize>().ok()?)?, tail)));
        if let Some((argument, tail)) = filled {
            text.push_str(argument);
            rest = tail;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(if kind == "Music" { format!("\u{266a} {text}") } else { text.to_owned() })
}

/// What Matrix tells of a person: `presence`, how many milliseconds ago they were active, and their status line.
pub(crate) fn seen(presence: &str, last_active_ago: Option<u64>, line: Option<&str>, now: Timestamp) -> RemotePresence {
    let availability = match presence {
        "online" => Availability::Online,
        "unavailable" => Availability::Away,
        // MSC3026.
        "busy" | "org.matrix.msc3026.busy" => Availability::Busy,
        _ => Availability::Offline,
    };
    let last_active = last_active_ago.and_then(|ago| Some(Timestamp(now.0.saturating_sub(i64::try_from(ago).ok()?))));
    RemotePresence { availability, last_active, personal_message: PersonalMessage::of(line.unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(status: Status, text: &str, current_media: &str) -> Shown {
        let personal_message = PersonalMessage { text: text.into(), current_media: current_media.into() };
        show(&OwnPresence { status, name: "Carol".into(), personal_message, picture: None })
    }

    #[test]
    fn every_status_has_a_form() {
        let said = |status| {
            let shown = own(status, "psm", "");
            (shown.state, shown.line)
        };
        assert_eq!(said(Status::Online), (PresenceState::Online, "psm".into()));
        assert_eq!(said(Status::Busy), (PresenceState::Unavailable, "Busy - psm".into()));
        assert_eq!(said(Status::OutToLunch), (PresenceState::Unavailable, "psm".into()));
        assert_eq!(said(Status::Hidden), (PresenceState::Offline, String::new()), "who hides says nothing");
        assert_eq!(own(Status::OnThePhone, "", "").line, "On the phone");
    }

    #[test]
    fn what_plays_stands_behind_the_personal_message() {
        let media = r"\0Music\01\0{0} - {1}\0Cat {1} Song\0The Band\0Album\0\0";
        assert_eq!(own(Status::Online, "hi", media).line, "hi \u{266a} Cat {1} Song - The Band");
        assert_eq!(own(Status::Online, "", r"iTunes\0Games\01\0Playing {0}\0Chess\0").line, "Playing Chess");
        assert_eq!(own(Status::Online, "hi", r"\0Music\00\0{0}\0x\0").line, "hi", "switched off");
        assert_eq!(own(Status::Online, "hi", "nonsense").line, "hi");
        assert_eq!(own(Status::Online, "", r"\0Music\01\0{9} {x {0}\0a").line, "\u{266a} {9} {x a");
    }

    #[test]
    fn people_are_seen_in_the_words_of_the_domain() {
        let now = Timestamp(100_000);
        let away = seen("unavailable", Some(40_000), Some("lunch"), now);
        assert_eq!((away.availability, away.last_active), (Availability::Away, Some(Timestamp(60_000))));
        assert_eq!(away.personal_message.text, "lunch");
        assert_eq!(seen("org.matrix.msc3026.busy", None, None, now).availability, Availability::Busy);
        assert_eq!(seen("odd", Some(u64::MAX), None, now).last_active, None);
    }
}
