//! Presence in Matrix's words and in the domain's.

use domain::{
    PersonalMessage, Status, Timestamp,
    presence::{Availability, OwnPresence, RemotePresence},
};
use ruma::presence::PresenceState;

/// MSC3026's word for not to be disturbed, as long as it is no part of the specification.
const BUSY: &str = "org.matrix.msc3026.busy";

/// What a ghost shows: always both parts together, as a presence without a status line would clear the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// How present it is.
    pub(crate) state: State,
    /// The status line; empty for none.
    pub(crate) line: String,
}

/// How present a ghost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// There.
    Online,
    /// There, but not to be disturbed.
    Busy,
    /// There, and speaking to somebody else.
    OnThePhone,
    /// Not at the keyboard.
    Away,
    /// Not there.
    Offline,
}

impl Shown {
    /// Not there, and nothing said.
    pub(crate) const fn offline() -> Self {
        Self { state: State::Offline, line: String::new() }
    }

    /// Whether it has to be repeated to stay: a homeserver takes whoever is silent for half a minute as offline.
    pub(crate) fn fades(&self) -> bool {
        self.state != State::Offline
    }

    /// Whether a homeserver takes the ghost for online once it has said something: Synapse does so with `unavailable`.
    pub(crate) fn is_mistaken_for_online(&self) -> bool {
        !matches!(self.state, State::Online | State::Offline)
    }

    /// The same in Matrix's words. Not every homeserver takes a busy state (MSC3026); without it, that word goes in front of the
    /// status line.
    pub(crate) fn in_words(&self, takes_busy: bool) -> (PresenceState, String) {
        let worded =
            |word: &str| if self.line.is_empty() { word.to_owned() } else { format!("{word} - {}", self.line) };
        let busy = || if takes_busy { PresenceState::from(BUSY) } else { PresenceState::Unavailable };
        match self.state {
            State::Online => (PresenceState::Online, self.line.clone()),
            State::Busy if takes_busy => (busy(), self.line.clone()),
            State::Busy => (busy(), worded("Busy")),
            State::OnThePhone => (busy(), worded("On the phone")),
            State::Away => (PresenceState::Unavailable, self.line.clone()),
            State::Offline => (PresenceState::Offline, self.line.clone()),
        }
    }
}

/// What an account's presence looks like on Matrix.
pub(crate) fn show(presence: &OwnPresence) -> Shown {
    let shown = |state| Shown { state, line: status_line(&presence.personal_message) };
    match presence.status {
        Status::Online => shown(State::Online),
        Status::Busy => shown(State::Busy),
        Status::OnThePhone => shown(State::OnThePhone),
        Status::Idle | Status::BeRightBack | Status::Away | Status::OutToLunch => shown(State::Away),
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
        "busy" | BUSY => Availability::Busy,
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
        let said = |status| own(status, "psm", "").in_words(false);
        assert_eq!(said(Status::Online), (PresenceState::Online, "psm".into()));
        assert_eq!(said(Status::Busy), (PresenceState::Unavailable, "Busy - psm".into()));
        assert_eq!(said(Status::OutToLunch), (PresenceState::Unavailable, "psm".into()));
        assert_eq!(said(Status::Hidden), (PresenceState::Offline, String::new()), "who hides says nothing");
        assert_eq!(own(Status::OnThePhone, "", "").in_words(false).1, "On the phone");
    }

    #[test]
    fn where_there_is_a_busy_state_it_is_used() {
        let said = |status| own(status, "psm", "").in_words(true);
        assert_eq!(said(Status::Busy), (PresenceState::from("org.matrix.msc3026.busy"), "psm".into()));
        assert_eq!(
            said(Status::OnThePhone),
            (PresenceState::from("org.matrix.msc3026.busy"), "On the phone - psm".into())
        );
        assert_eq!(said(Status::Away), (PresenceState::Unavailable, "psm".into()));
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
