//! What a bot shows of itself: in the gateway's form, and no more often than Discord allows.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use serenity::{
    gateway::{ActivityData, PresenceData},
    model::user::OnlineStatus,
};

use super::{Shown, ShownStatus};

/// How many changes Discord takes in [`WINDOW`] (its documentation: "Update Presence" and the limits of the gateway).
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_secs(20);
/// The least time from one to the next.
const SPACING: Duration = Duration::from_millis(4500);
/// How many characters a custom status may have.
const LONGEST_LINE: usize = 128;

/// What is to be shown, and what is shown: only the last value counts, and it is sent when its time comes.
#[derive(Debug)]
pub(super) struct Showing {
    wanted: Shown,
    shown: Option<Shown>,
    sent: VecDeque<Instant>,
}

impl Showing {
    /// Nothing has been shown yet.
    pub(super) const fn new(wanted: Shown) -> Self {
        Self { wanted, shown: None, sent: VecDeque::new() }
    }

    /// Something else is to be shown.
    pub(super) fn want(&mut self, shown: Shown) {
        self.wanted = shown;
    }

    /// A new session shows this from its beginning.
    pub(super) fn begun_with(&mut self, shown: Shown) {
        // Of several activities, the beginning of a session takes one.
        self.shown = (shown.line.is_none() || shown.listening.is_none()).then_some(shown);
    }

    /// When something is to be sent; `None` when all is shown.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.shown.as_ref() == Some(&self.wanted) {
            return None;
        }
        let spaced = self.sent.back().map(|&last| last + SPACING);
        let within =
            (self.sent.len() >= MOST).then(|| self.sent.iter().rev().nth(MOST - 1).map(|&first| first + WINDOW));
        Some(spaced.max(within.flatten()).unwrap_or(now).max(now))
    }

    /// The frame to send now, if its time has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<Value> {
        if self.due(now)? > now {
            return None;
        }
        self.sent.push_back(now);
        while self.sent.len() > MOST {
            self.sent.pop_front();
        }
        self.shown = Some(self.wanted.clone());
        Some(frame(&self.wanted))
    }
}

/// What is shown, as the gateway takes it.
fn frame(shown: &Shown) -> Value {
    let line = line(shown).map(|line| json!({ "type": 4, "name": "Custom Status", "state": line }));
    let listening = shown.listening.as_deref().map(|what| json!({ "type": 2, "name": cut(what) }));
    let activities: Vec<Value> = line.into_iter().chain(listening).collect();
    let status = match shown.status {
        ShownStatus::Online => "online",
        ShownStatus::Idle => "idle",
        ShownStatus::DoNotDisturb => "dnd",
        ShownStatus::Invisible => "invisible",
    };
    // `since` is of use for people only, and null says so.
    json!({ "op": 3, "d": { "since": null, "activities": activities, "status": status, "afk": false } })
}

/// The same for the beginning of a session, where serenity writes it.
pub(super) fn beginning(shown: &Shown) -> PresenceData {
    let activity = line(shown)
        .map(ActivityData::custom)
        .or_else(|| shown.listening.as_deref().map(|what| ActivityData::listening(cut(what))));
    let status = match shown.status {
        ShownStatus::Online => OnlineStatus::Online,
        ShownStatus::Idle => OnlineStatus::Idle,
        ShownStatus::DoNotDisturb => OnlineStatus::DoNotDisturb,
        ShownStatus::Invisible => OnlineStatus::Invisible,
    };
    PresenceData { activity, status }
}

fn line(shown: &Shown) -> Option<String> {
    shown.line.as_deref().filter(|line| !line.trim().is_empty()).map(cut)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Shown {
        Shown { line: Some(text.into()), ..Shown::default() }
    }

    #[test]
    fn the_last_value_wins_and_never_more_than_five_go_in_twenty_seconds() {
        let start = Instant::now();
        let mut showing = Showing::new(Shown::default());
        let mut sent: Vec<(Instant, Value)> = Vec::new();
        // Somebody types their status letter by letter for two minutes, ten times a second.
        for tick in 0..1200 {
            let now = start + Duration::from_millis(tick * 100);
            showing.want(line(&tick.to_string()));
            sent.extend(showing.take(now).map(|frame| (now, frame)));
        }
        let end = showing.due(start + Duration::from_mins(2)).unwrap();
        sent.extend(showing.take(end).map(|frame| (end, frame)));
        assert_eq!(sent.last().unwrap().1["d"]["activities"][0]["state"], "1199");
        assert_eq!(showing.due(end), None);
        assert!(sent.len() >= 24, "{}", sent.len());
        for window in sent.windows(6) {
            assert!(window[5].0 - window[0].0 >= WINDOW);
        }
    }

    #[test]
    fn what_a_session_begins_with_is_not_sent_again() {
        let now = Instant::now();
        let mut showing = Showing::new(line("a"));
        showing.begun_with(line("a"));
        assert_eq!(showing.due(now), None);
        showing.want(line("b"));
        assert_eq!(showing.due(now), Some(now));
        let both = Shown { listening: Some("Ride - Twisterella".into()), ..line("a") };
        showing.want(both.clone());
        showing.begun_with(both);
        let frame = showing.take(now).expect("a session begins with one activity only");
        assert_eq!(
            frame,
            json!({ "op": 3, "d": {
                "since": null, "status": "online", "afk": false,
                "activities": [
                    { "type": 4, "name": "Custom Status", "state": "a" },
                    { "type": 2, "name": "Ride - Twisterella" },
                ],
            } })
        );
    }

    #[test]
    fn a_line_is_cut_where_discord_ends_it() {
        let shown = Shown { status: ShownStatus::DoNotDisturb, ..line(&"ä".repeat(200)) };
        let frame = frame(&shown);
        assert_eq!(frame["d"]["activities"][0]["state"].as_str().unwrap().chars().count(), 128);
        assert_eq!(frame["d"]["status"], "dnd");
        assert_eq!(super::frame(&line(" "))["d"]["activities"], json!([]));
    }
}
