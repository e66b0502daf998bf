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
use serde_json::Value;

/// How many events are noted by their ids. What is pushed beyond them is found by reading the room once more.
const MOST_MISSED: usize = 500;
/// After how many events that were taken as they came the room is compared.
const COMPARED_AFTER: usize = 64;
/// How many of them are known by their ids, if the room cannot be compared so soon. What was taken earlier would be handed in
/// once more, where its id is known.
const MOST_TAKEN: usize = 256;
/// How many events are read of a room at most; what is older is not told.
const MOST_READ: usize = 2_000;
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

    /// Whether so much was taken as it came that the room is to be compared.
    pub(crate) const fn is_long(&self) -> bool {
        self.taken.len() >= COMPARED_AFTER
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

/// A room's events on their way in, read backward from the newest.
pub(crate) struct Backward<'a> {
    timeline: &'a Timeline,
    ghost: &'a UserId,
    most: usize,
    is_joined: bool,
    events: Vec<Value>,
}

impl<'a> Backward<'a> {
    /// Reads back to where this timeline stands, or to where the room begins for its ghost.
    pub(crate) const fn new(timeline: &'a Timeline, ghost: &'a UserId) -> Self {
        Self { timeline, ghost, most: MOST_READ, is_joined: false, events: Vec::new() }
    }

    /// Reads `most` events at the most.
    pub(crate) const fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// A page, newest first: breaks when no further one is wanted.
    pub(crate) fn read(&mut self, page: Vec<Value>) -> ControlFlow<()> {
        for event in page {
            let is_known = self.timeline.since.as_ref().is_some_and(|since| id_of(&event) == Some(since.as_str()));
            if is_known || is_beginning(&event, self.ghost) {
                self.is_joined = true;
                return ControlFlow::Break(());
            }
            if self.events.len() >= self.most {
                tracing::info!(ghost = %self.ghost, "more has happened in a room than is read; what is older is not told");
                return ControlFlow::Break(());
            }
            self.events.push(event);
        }
        ControlFlow::Continue(())
    }

    /// What was read, oldest first.
    pub(crate) fn oldest_first(mut self) -> Vec<Value> {
        if !self.is_joined && self.timeline.since.is_some() {
            let oldest = self.timeline.at.0.saturating_sub(DISORDER);
            let is_newer =
                |event: &Value| event.get("origin_server_ts").and_then(Value::as_i64).is_none_or(|at| at >= oldest);
            self.events.retain(is_newer);
        }
        self.events.reverse();
        self.events
    }
}

fn id_of(event: &Value) -> Option<&str> {
    event.get("event_id").and_then(Value::as_str)
}

/// Whether what came before this event is not for this user: by it they were asked in, came without being asked, or went. An
/// invitation that only repeats another is no beginning.
fn is_beginning(event: &Value, user: &UserId) -> bool {
    let membership = |content: Option<&Value>| content?.get("membership")?.as_str().map(str::to_owned);
    if event.get("type").and_then(Value::as_str) != Some("m.room.member")
        || event.get("state_key").and_then(Value::as_str) != Some(user.as_str())
    {
        return false;
    }
    let before = event.get("unsigned").and_then(|unsigned| unsigned.get("prev_content"));
    match membership(event.get("content")).as_deref() {
        Some("invite" | "join") => !matches!(membership(before).as_deref(), Some("invite" | "join")),
        Some("leave" | "ban") => true,
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use ruma::{event_id, user_id};
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(10_000_000_000);

    fn read(ids: &[&str]) -> Vec<(OwnedEventId, Timestamp)> {
        ids.iter().map(|id| (OwnedEventId::try_from(*id).unwrap(), NOW)).collect()
    }

    /// A room that was read up to `$0`.
    fn compared() -> Timeline {
        let mut timeline = Timeline::unread();
        timeline.has_read(&read(&["$0"]));
        assert!(timeline.is_caught_up(0));
        timeline
    }

    #[test]
    fn what_needs_nothing_is_taken_as_it_comes() {
        let mut timeline = compared();
        assert_eq!(timeline.hears(event_id!("$1"), false, 0), Pushed::Taken);
        assert_eq!(timeline.hears(event_id!("$1"), false, 0), Pushed::Known, "pushed twice");
        assert!(!timeline.is_behind());
    }

    #[test]
    fn nothing_overtakes_a_picture() {
        let mut timeline = compared();
        assert_eq!(timeline.hears(event_id!("$picture"), true, 0), Pushed::Noted);
        assert_eq!(timeline.hears(event_id!("$text"), false, 0), Pushed::Noted);
        assert_eq!(timeline.hears(event_id!("$text"), false, 0), Pushed::Noted);
        assert_eq!(timeline.missed(), [event_id!("$picture"), event_id!("$text")]);
        timeline.has_read(&read(&["$picture"]));
        assert!(!timeline.is_caught_up(0), "the text was said meanwhile");
        timeline.has_read(&read(&["$text", "$join"]));
        assert!(timeline.is_caught_up(0));
        assert_eq!(timeline.hears(event_id!("$3"), false, 0), Pushed::Taken);
    }

    #[test]
    fn after_an_outage_what_was_lost_comes_first() {
        let mut timeline = compared();
        assert_eq!(timeline.hears(event_id!("$1"), false, 1), Pushed::Noted, "there was an outage");
        timeline.has_read(&read(&["$lost", "$1"]));
        assert!(timeline.is_caught_up(1));
        assert_eq!(timeline.hears(event_id!("$2"), false, 1), Pushed::Taken);
        let kept = serde_json::to_string(&timeline).unwrap();
        let mut restarted: Timeline = serde_json::from_str(&kept).unwrap();
        assert_eq!(restarted, timeline);
        assert_eq!(
            restarted.hears(event_id!("$3"), false, 0),
            Pushed::Noted,
            "while we were away something may be lost, too"
        );
    }

    #[test]
    fn a_homeserver_that_shows_nothing_holds_up_no_text() {
        let mut timeline = Timeline::unread();
        assert_eq!(timeline.hears(event_id!("$1"), false, 0), Pushed::Noted);
        timeline.is_overtaken();
        assert_eq!(timeline.hears(event_id!("$2"), false, 0), Pushed::Taken);
        assert_eq!(timeline.hears(event_id!("$3"), true, 0), Pushed::Noted);
        assert!(timeline.is_behind() && timeline.has_taken(event_id!("$2")), "the gap is still to be read");
        timeline.has_read(&read(&["$0", "$1", "$2", "$3"]));
        assert!(timeline.is_caught_up(0) && !timeline.has_taken(event_id!("$2")));
    }

    #[test]
    fn more_than_can_be_noted_is_found_by_reading_again() {
        let mut timeline = Timeline::unread();
        let ids: Vec<OwnedEventId> =
            (0..=MOST_MISSED).map(|number| OwnedEventId::try_from(format!("${number}")).unwrap()).collect();
        for id in &ids {
            assert_eq!(timeline.hears(id, false, 0), Pushed::Noted);
        }
        assert_eq!(timeline.missed().len(), MOST_MISSED);
        let noted: Vec<_> = ids[..MOST_MISSED].iter().map(|id| (id.clone(), NOW)).collect();
        timeline.has_read(&noted);
        assert!(!timeline.is_caught_up(0), "the last one was not noted");
        timeline.has_read(&[(ids[MOST_MISSED].clone(), NOW)]);
        assert!(timeline.is_caught_up(0));
    }

    #[test]
    fn what_was_taken_is_known_until_the_room_is_compared() {
        let mut timeline = compared();
        for number in 0..=MOST_TAKEN {
            assert_eq!(timeline.is_long(), number >= COMPARED_AFTER);
            let id = OwnedEventId::try_from(format!("$t{number}")).unwrap();
            assert_eq!(timeline.hears(&id, false, 0), Pushed::Taken);
        }
        assert!(!timeline.has_taken(event_id!("$t0")) && timeline.has_taken(event_id!("$t1")), "bounded");
        timeline.has_read(&read(&["$t1", "$t2"]));
        assert!(
            !timeline.has_taken(event_id!("$t2")) && timeline.has_taken(event_id!("$t3")),
            "taken after the reading"
        );
    }

    fn event(id: &str, sent: i64) -> Value {
        json!({ "event_id": id, "type": "m.room.message", "origin_server_ts": sent })
    }

    fn membership(now: &str, before: Option<&str>) -> Value {
        let mut event = event("$member", NOW.0);
        event["type"] = json!("m.room.member");
        event["state_key"] = json!("@g:a");
        event["content"] = json!({ "membership": now });
        if let Some(before) = before {
            event["unsigned"] = json!({ "prev_content": { "membership": before } });
        }
        event
    }

    fn ids(events: &[Value]) -> Vec<&str> {
        events.iter().filter_map(id_of).collect()
    }

    #[test]
    fn a_room_is_read_back_to_where_it_was_read() {
        let ghost = user_id!("@g:a");
        let timeline = compared();
        let mut backward = Backward::new(&timeline, ghost);
        assert!(backward.read(vec![event("$4", NOW.0), event("$old clock", 7)]).is_continue());
        assert!(backward.read(vec![event("$2", NOW.0), event("$0", NOW.0), event("$before", NOW.0)]).is_break());
        assert_eq!(ids(&backward.oldest_first()), ["$2", "$old clock", "$4"], "whatever its clock says");
        // The last event is not shown any more: what is much older was taken.
        let mut backward = Backward::new(&timeline, ghost);
        assert!(backward.read(vec![event("$2", NOW.0), event("$before", NOW.0 - DISORDER - 1)]).is_continue());
        assert_eq!(ids(&backward.oldest_first()), ["$2"]);
        let mut backward = Backward::new(&timeline, ghost).at_most(1);
        assert!(backward.read(vec![event("$3", NOW.0), event("$2", NOW.0)]).is_break());
        assert_eq!(ids(&backward.oldest_first()), ["$3"], "the newest are told");
    }

    #[test]
    fn a_room_begins_with_the_ghosts_invitation_or_its_coming() {
        let ghost = user_id!("@g:a");
        let timeline = Timeline::unread();
        let begins = |event: Value| Backward::new(&timeline, ghost).read(vec![event]).is_break();
        assert!(begins(membership("invite", None)) && begins(membership("invite", Some("leave"))));
        assert!(begins(membership("join", None)) && begins(membership("join", Some("leave"))));
        assert!(begins(membership("leave", Some("join"))) && begins(membership("ban", Some("join"))));
        assert!(!begins(membership("join", Some("invite"))), "what was said since the invitation is told");
        assert!(!begins(membership("invite", Some("invite"))) && !begins(membership("join", Some("join"))));
        let mut other = membership("join", None);
        other["state_key"] = json!("@other:a");
        assert!(!begins(other));
    }
}
