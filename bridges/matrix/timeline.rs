//! How far an account has got in what happens in one room. Pure.
//!
//! Most of the time it is up to date: what the homeserver pushes is taken as it comes. It falls behind when something has to be
//! read or fetched first: after the ghost came, when a picture has to be fetched, or when the homeserver may have lost an
//! event. While it is behind, what is pushed is only noted; everything is then read in its order, and nothing overtakes.
//!
//! What is pushed does not prove that nothing was lost before it. So a timeline knows the last event up to which the room itself
//! was read, and what was taken after that: whatever else the room shows since then is lacking.

use std::ops::ControlFlow;

use domain::Timestamp;
use ruma::{EventId, OwnedEventId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{event::Event, names::Names, transaction::value};

/// How many events are noted by their ids. What is pushed beyond them is found by reading the room once more.
const MOST_MISSED: usize = 500;
/// After how many events that were taken as they came the room is compared.
const COMPARED_AFTER: usize = 64;
/// How many of them are known by their ids, if the room cannot be compared so soon. What was taken earlier would be handed in
/// once more, where its id is known.
const MOST_TAKEN: usize = 256;
/// How many events are read of a room at most; what is older is not told.
const MOST_READ: usize = 2_000;
/// How much of a room is read at most, in bytes as the homeserver gives it; what is older is not told.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Where a room does not show the event any more up to which it was read: what is older than that by this, in milliseconds, was
/// taken before it.
const DISORDER: i64 = 24 * 60 * 60 * 1000;

/// How far an account has got in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Timeline {
    /// The last event up to which the room was read; `None`: nothing since the ghost was asked in.
    since: Option<OwnedEventId>,
    /// When that one was sent.
    at: Timestamp,
    /// What was taken as it came, after that.
    taken: Vec<OwnedEventId>,
    /// What has to be caught up with; `None`: nothing that is known of.
    behind: Option<Behind>,
    /// Before which outage of the homeserver the room was compared last.
    #[serde(skip)]
    compared: Compared,
}

/// The number of outages of the homeserver that there were when a room was compared, counted from 1; 0 is never. It is known as
/// long as the program runs, and makes no difference that is worth a write.
#[derive(Debug, Clone, Copy, Default)]
struct Compared(u64);

impl PartialEq for Compared {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Compared {}

/// What has to be caught up with: everything since the last event up to which the room was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Behind {
    /// What was pushed meanwhile; the room may show it elsewhere than at its end, as it is older than it came.
    missed: Vec<OwnedEventId>,
    /// More was pushed than is noted.
    more: bool,
    /// The homeserver could not show the room. What can be taken as it comes is taken, as it must not wait for that.
    overtaken: bool,
}

/// What becomes of something that is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is taken as it comes.
    Taken,
    /// It was taken before.
    Known,
    /// It is noted, and will be read.
    Noted,
}

impl Timeline {
    /// Of a room whose past has to be read first.
    pub(crate) fn unread() -> Self {
        Self { behind: Some(Behind::default()), ..Self::default() }
    }

    /// Whether something has to be read.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Whether nothing was read yet since the ghost was asked in.
    pub(crate) const fn is_new(&self) -> bool {
        self.since.is_none()
    }

    /// Whether so much was taken as it came that the room is to be compared; now and then, as long as it is not.
    pub(crate) const fn is_long(&self) -> bool {
        self.taken.len() >= COMPARED_AFTER && self.taken.len().is_multiple_of(COMPARED_AFTER)
    }

    /// When the last event was sent up to which the room was read.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether this was taken after the last reading.
    pub(crate) fn has_taken(&self, event: &EventId) -> bool {
        self.taken.iter().any(|taken| taken == event)
    }

    /// What was pushed while it was behind.
    pub(crate) fn missed(&self) -> &[OwnedEventId] {
        self.behind.as_ref().map_or(&[], |behind| &behind.missed)
    }

    /// Something that is for the account is pushed. `waits` when something has to be fetched for it; `outages` is how often the
    /// homeserver has been away: after every time it may have lost something, which then comes first.
    pub(crate) fn hears(&mut self, event: &EventId, waits: bool, outages: u64) -> Pushed {
        if self.has_taken(event) {
            return Pushed::Known;
        }
        let is_in_doubt = self.compared.0 <= outages;
        if waits || is_in_doubt {
            self.falls_behind();
        }
        match &mut self.behind {
            Some(behind) if waits || !behind.overtaken => {
                if behind.missed.len() >= MOST_MISSED {
                    behind.more = true;
                } else if !behind.missed.iter().any(|missed| missed == event) {
                    behind.missed.push(event.to_owned());
                }
                Pushed::Noted
            }
            Some(_) | None => {
                self.taken.push(event.to_owned());
                if self.taken.len() > MOST_TAKEN {
                    self.taken.remove(0);
                }
                Pushed::Taken
            }
        }
    }

    /// The room was read up to the last of these; each of them was taken, or says nothing.
    pub(crate) fn has_read(&mut self, events: &[(OwnedEventId, Timestamp)]) {
        let is_read = |event: &OwnedEventId| events.iter().any(|(read, _)| read == event);
        self.taken.retain(|taken| !is_read(taken));
        if let Some(behind) = &mut self.behind {
            behind.missed.retain(|missed| !is_read(missed));
        }
        if let Some((last, sent)) = events.last() {
            self.since = Some(last.clone());
            self.at = *sent;
        }
    }

    /// This event, which was pushed, stands before what was read, and was taken by itself; or nobody shows it any more.
    pub(crate) fn settles(&mut self, event: &EventId) {
        if let Some(behind) = &mut self.behind {
            behind.missed.retain(|missed| missed != event);
        }
    }

    /// Everything was read that was there when the reading began, after so many outages: whether that is all. Where not, it has
    /// to be read again.
    pub(crate) fn is_caught_up(&mut self, outages: u64) -> bool {
        if let Some(behind) = &mut self.behind
            && (!behind.missed.is_empty() || std::mem::take(&mut behind.more))
        {
            return false;
        }
        self.behind = None;
        self.compared = Compared(outages.saturating_add(1));
        true
    }

    /// It may lack something: everything since the last reading has to be read.
    pub(crate) fn falls_behind(&mut self) {
        self.behind.get_or_insert_default();
    }

    /// The homeserver cannot show the room now.
    pub(crate) const fn is_overtaken(&mut self) {
        if let Some(behind) = &mut self.behind {
            behind.overtaken = true;
        }
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
}

impl<'a> Backward<'a> {
    /// Reads back to where this timeline stands, or to where the room begins for its ghost.
    pub(crate) const fn new(timeline: &'a Timeline, ghost: &'a UserId, names: &'a Names) -> Self {
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
            let is_known = self.timeline.since.as_ref().is_some_and(|since| id_of(&event) == Some(since.as_str()));
            if is_known || is_beginning(&event, self.ghost) {
                self.is_joined = true;
                return ControlFlow::Break(());
            }
            let size = raw.get().len();
            if self.most == 0 || self.bytes < size || (self.is_past && self.past == 0) {
                tracing::info!(ghost = %self.ghost, "more has happened in a room than is read; what is older is not told");
                return ControlFlow::Break(());
            }
            self.most -= 1;
            self.bytes -= size;
            if self.is_past {
                self.past -= 1;
            }
            self.is_past |= is_coming(&event, self.ghost);
            self.events.extend(Event::read(&event, self.names));
        }
        ControlFlow::Continue(())
    }

    /// What was read, oldest first.
    pub(crate) fn oldest_first(mut self) -> Vec<Event> {
        if !self.is_joined && self.timeline.since.is_some() {
            let oldest = self.timeline.at.0.saturating_sub(DISORDER);
            self.events.retain(|event| event.sent.0 >= oldest);
        }
        self.events.reverse();
        self.events
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

#[cfg(test)]
mod tests;
