//! Numbered lines, and who has heard which.

use std::collections::BTreeMap;
use std::fmt;

use chrysalis_test_harness::{Room, text};
use msnp::switchboard::server::ServerCommand;

/// Who says lines: through whom, and where.
const SPEAKERS: [&str; 5] = ["carol-direct", "carol", "dave", "ann-direct", "ann"];

/// One line: who says it, and which of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) who: &'static str,
    pub(super) number: u32,
}

impl Line {
    pub(super) const fn new(who: &'static str, number: u32) -> Self {
        Self { who, number }
    }

    /// From what stands in a channel, or in a window behind the name of whoever spoke.
    pub(super) fn read(words: &str) -> Option<Self> {
        let (before, number) = words.rsplit_once(' ')?;
        let who = before.rsplit_once(": ").map_or(before, |(_, who)| who);
        let who = SPEAKERS.into_iter().find(|speaker| *speaker == who)?;
        Some(Self { who, number: number.parse().ok()? })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.who, self.number)
    }
}

/// Says a line, and waits until it is acknowledged: it is promised then.
pub(super) async fn tell(room: &mut Room, line: Line) {
    room.tell(text(&line.to_string())).await;
}

/// What one user of Messenger has heard, in its order, by the window; each with the number of the window's connection.
#[derive(Default)]
pub(super) struct Ears {
    heard: BTreeMap<&'static str, Vec<(u32, Line)>>,
    /// How many connections of each window have ended.
    ended: BTreeMap<&'static str, u32>,
    reports: Vec<String>,
}

impl Ears {
    /// A connection has ended; all that it still brought.
    pub(super) fn ends(&mut self, place: &'static str, brought: Vec<ServerCommand>) {
        for command in brought {
            self.take(place, &command);
        }
        *self.ended.entry(place).or_default() += 1;
    }

    /// Hears what comes until these were heard, now or before.
    pub(super) async fn hears(&mut self, room: &mut Room, place: &'static str, last: &[Line]) {
        while !last.iter().all(|line| self.heard(place).any(|(_, heard)| heard == *line)) {
            let command = room.next(&format!("{last:?}, after {:?}", self.heard(place).last())).await;
            self.take(place, &command);
        }
    }

    pub(super) fn heard(&self, place: &str) -> impl Iterator<Item = (u32, Line)> {
        self.heard.get(place).into_iter().flatten().copied()
    }

    /// What came beside the lines.
    pub(super) fn reports(&self) -> Vec<String> {
        self.reports.clone()
    }

    fn take(&mut self, place: &'static str, command: &ServerCommand) {
        let ServerCommand::Msg { payload, .. } = command else { return };
        let payload = String::from_utf8_lossy(payload);
        let Some((head, body)) = payload.split_once("\r\n\r\n") else { return };
        if !head.contains("text/plain") {
            return;
        }
        match Line::read(body) {
            Some(line) => {
                let connection = self.ended.get(place).copied().unwrap_or_default();
                self.heard.entry(place).or_default().push((connection, line));
            }
            None => self.reports.push(format!("in {place}: {body}")),
        }
    }
}
