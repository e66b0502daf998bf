//! A room's events, read backward from the newest to where an account has got. Pure.

use std::{collections::HashSet, ops::ControlFlow};

use ruma::{EventId, UserId};
use serde_json::{Value, value::RawValue};

use super::Timeline;
use crate::{event::Event, names::Names, transaction::value};

/// How many events are read of a room at most; what is older is not told.
pub(super) const MOST_READ: usize = 2_000;
/// How much of a room is read at most, in bytes as the homeserver gives it; what is older is not told.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many events that were read are looked at once more for what was pushed and stands among them.
pub(super) const MOST_BEHIND: usize = 500;
/// Where a room does not show the event any more up to which it was read: what is older than that by this, in milliseconds, was
/// taken before it.
pub(super) const DISORDER: i64 = 24 * 60 * 60 * 1000;

/// What a timeline lacks.
#[derive(Debug, Default)]
pub(crate) struct Lacking {
    /// What was pushed and stands further back in the room than the last event up to which it was read, oldest first: other
    /// servers sent it late, or it was read before it was pushed.
    pub(crate) late: Vec<Event>,
    /// What the room shows after that event, oldest first.
    pub(crate) events: Vec<Event>,
    /// How many of those were there before the ghost came.
    pub(crate) past: usize,
}

impl Lacking {
    /// Whether this event is here.
    pub(crate) fn has(&self, event: &EventId) -> bool {
        self.events.iter().chain(&self.late).any(|here| here.id == event)
    }
}

/// A room's events on their way in, read backward from the newest. What is kept of them is bounded.
pub(crate) struct Backward<'a> {
    timeline: &'a Timeline,
    ghost: &'a UserId,
    names: &'a Names,
    /// How many more are read.
    most: usize,
    /// How many more are read once the ghost's own coming was.
    past: usize,
    /// How many bytes more are read.
    bytes: usize,
    is_past: bool,
    is_joined: bool,
    events: Vec<Event>,
    /// How many of them came before the ghost did.
    before: usize,
    /// How many events more are looked at for what was pushed and stands further back.
    behind: usize,
    /// What is looked for there.
    sought: HashSet<&'a str>,
    late: Vec<Event>,
}

impl<'a> Backward<'a> {
    /// Reads back to where this timeline stands, or to where the room begins for its ghost.
    pub(crate) fn new(timeline: &'a Timeline, ghost: &'a UserId, names: &'a Names) -> Self {
        Self {
            timeline,
            ghost,
            names,
            most: MOST_READ,
            past: MOST_READ,
            bytes: MOST_BYTES,
            is_past: false,
            is_joined: false,
            events: Vec::new(),
            before: 0,
            behind: MOST_BEHIND,
            sought: HashSet::new(),
            late: Vec::new(),
        }
    }

    /// Of what is older than the ghost's own coming, reads `past` events at the most.
    pub(crate) const fn with_past(mut self, past: usize) -> Self {
        self.past = past;
        self
    }

    /// A page, newest first: breaks when no further one is wanted.
    pub(crate) fn read(&mut self, page: &[Box<RawValue>]) -> ControlFlow<()> {
        for raw in page {
            let Some(event) = value(raw) else { continue };
            let size = raw.get().len();
            if is_beginning(&event, self.ghost) {
                self.is_joined = true;
                return ControlFlow::Break(());
            }
            if self.is_joined {
                self.look_behind(&event, size)?;
                continue;
            }
            if self.timeline.since.as_ref().is_some_and(|since| id_of(&event) == Some(since.as_str())) {
                self.is_joined = true;
                self.seek()?;
                continue;
            }
            if self.most == 0 || self.bytes < size || (self.is_past && self.past == 0) {
                tracing::info!(ghost = %self.ghost, "more has happened in a room than is read; what is older is not told");
                return ControlFlow::Break(());
            }
            self.most -= 1;
            self.bytes -= size;
            if self.is_past {
                self.past -= 1;
            }
            let was_past = self.is_past;
            self.is_past |= is_coming(&event, self.ghost);
            let read = Event::read(&event, self.names);
            self.before += usize::from(was_past && read.is_some());
            self.events.extend(read);
        }
        ControlFlow::Continue(())
    }

    /// What came after the last event up to which the room was read is here. What was pushed and is not among it stands further
    /// back: mostly it was read before it was pushed.
    fn seek(&mut self) -> ControlFlow<()> {
        let found: HashSet<&str> = self.events.iter().map(|event| event.id.as_str()).collect();
        let missed = self.timeline.missed().iter().map(|missed| missed.as_str());
        self.sought = missed.filter(|missed| !found.contains(missed)).collect();
        if self.sought.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// An event that stands further back.
    fn look_behind(&mut self, event: &Value, size: usize) -> ControlFlow<()> {
        let is_sought = id_of(event).is_some_and(|id| self.sought.remove(id));
        if is_sought && self.bytes >= size {
            self.bytes -= size;
            self.late.extend(Event::read(event, self.names));
        }
        self.behind = self.behind.saturating_sub(1);
        if self.sought.is_empty() || self.behind == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What was read.
    pub(crate) fn lacking(mut self) -> Lacking {
        if !self.is_joined && self.timeline.since.is_some() {
            let oldest = self.timeline.at().0.saturating_sub(DISORDER);
            self.events.retain(|event| event.sent.0 >= oldest);
            self.before = self.before.min(self.events.len());
        }
        self.events.reverse();
        self.late.reverse();
        Lacking { late: self.late, events: self.events, past: self.before }
    }

    /// What was read of what is new, oldest first.
    pub(crate) fn oldest_first(self) -> Vec<Event> {
        self.lacking().events
    }
}

fn id_of(event: &Value) -> Option<&str> {
    event.get("event_id").and_then(Value::as_str)
}

/// What an event says of this user's membership, with what it was before; `None` where it is about something else.
fn membership<'event>(event: &'event Value, user: &UserId) -> Option<(&'event str, Option<&'event str>)> {
    let membership = |content: Option<&'event Value>| content?.get("membership")?.as_str();
    let field = |name: &str| event.get(name).and_then(Value::as_str);
    if field("type") != Some("m.room.member") || field("state_key") != Some(user.as_str()) {
        return None;
    }
    let before = event.get("unsigned").and_then(|unsigned| unsigned.get("prev_content"));
    Some((membership(event.get("content"))?, membership(before)))
}

/// Whether what came before this event is not for this user: by it they were asked in, came without being asked, or went. An
/// invitation that only repeats another is no beginning.
fn is_beginning(event: &Value, user: &UserId) -> bool {
    match membership(event, user) {
        Some(("invite" | "join", before)) => !matches!(before, Some("invite" | "join")),
        Some(("leave" | "ban", _)) => true,
        Some(_) | None => false,
    }
}

/// Whether by this event the user came.
fn is_coming(event: &Value, user: &UserId) -> bool {
    matches!(membership(event, user), Some(("join", before)) if before != Some("join"))
}

/// Whether the newest that a page, newest first, says of this user is that they went or were put out.
pub(crate) fn has_gone(page: &[Box<RawValue>], user: &UserId) -> bool {
    let newest = page.iter().filter(|event| event.get().contains(user.as_str())).find_map(|event| {
        let event = value(event)?;
        membership(&event, user).map(|(now, _)| matches!(now, "leave" | "ban"))
    });
    newest.unwrap_or_default()
}
