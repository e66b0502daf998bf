use proptest::prelude::*;
use ruma::{event_id, user_id};
use serde_json::{Value, json, value::RawValue};

use super::{
    backward::{DISORDER, MOST_BEHIND, MOST_READ},
    *,
};
use crate::{event::Event, names::tests::names};

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
    for failures in 0..PATIENCE {
        let id = OwnedEventId::try_from(format!("$waiting{failures}")).unwrap();
        assert_eq!(timeline.hears(&id, false, 0), Pushed::Noted, "it must not go first for {failures} failures");
        timeline.is_not_shown();
    }
    assert_eq!(timeline.hears(event_id!("$2"), false, 0), Pushed::Taken);
    assert_eq!(timeline.hears(event_id!("$3"), true, 0), Pushed::Noted);
    assert!(timeline.is_behind() && timeline.has_taken(event_id!("$2")), "the gap is still to be read");
    timeline.has_read(&read(&["$0", "$1", "$2", "$3"]));
    for missed in timeline.missed().to_vec() {
        timeline.settles(&missed);
    }
    assert!(timeline.is_caught_up(0) && !timeline.has_taken(event_id!("$2")));
}

#[test]
fn a_reading_that_advances_is_waited_for_however_often_it_fails() {
    let mut timeline = Timeline::unread();
    let ids: Vec<OwnedEventId> = (0..100).map(|number| OwnedEventId::try_from(format!("${number}")).unwrap()).collect();
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(timeline.hears(id, false, 0), Pushed::Noted, "after {number} failures");
        timeline.is_not_shown();
        match number % 10 {
            0 => timeline.has_read(&[(id.clone(), NOW)]),
            5 => timeline.settles(id),
            _ => {}
        }
    }
}

#[test]
fn what_is_pushed_long_after_it_was_read_asks_nothing_of_the_homeserver() {
    let mut timeline = compared();
    timeline.falls_behind();
    let ids: Vec<OwnedEventId> =
        (1..=MOST_KNOWN).map(|number| OwnedEventId::try_from(format!("${number}")).unwrap()).collect();
    for run in ids.chunks(50) {
        timeline.has_read(&run.iter().map(|id| (id.clone(), NOW)).collect::<Vec<_>>());
    }
    assert!(timeline.is_caught_up(0));
    let kept = serde_json::to_string(&timeline).unwrap();
    for id in &ids {
        assert_eq!(timeline.hears(id, true, 1), Pushed::Known, "{id}, even after an outage");
    }
    assert!(!timeline.is_behind());
    assert!(kept.len() < 200, "all that is written at every push: {kept}");
    assert_eq!(timeline.hears(event_id!("$0"), false, 1), Pushed::Noted, "bounded");
    timeline.settles(&OwnedEventId::from(event_id!("$0")));
    assert!(timeline.missed().is_empty());
    assert_eq!(timeline.hears(event_id!("$0"), false, 1), Pushed::Known, "it was taken by itself");
    assert_eq!(timeline.hears(event_id!("$new"), false, 1), Pushed::Noted);
    timeline.lets_go(event_id!("$new"));
    assert!(timeline.missed().is_empty());
    assert_eq!(timeline.hears(event_id!("$new"), false, 1), Pushed::Noted, "nobody has it yet");
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
        assert_eq!(timeline.is_long(), number > 0 && number % COMPARED_AFTER == 0, "{number}");
        let id = OwnedEventId::try_from(format!("$t{number}")).unwrap();
        assert_eq!(timeline.hears(&id, false, 0), Pushed::Taken);
    }
    assert!(!timeline.has_taken(event_id!("$t0")) && timeline.has_taken(event_id!("$t1")), "bounded");
    timeline.has_read(&read(&["$t1", "$t2"]));
    assert!(!timeline.has_taken(event_id!("$t2")) && timeline.has_taken(event_id!("$t3")), "taken after the reading");
}

fn event(id: &str, sent: i64) -> Value {
    json!({ "event_id": id, "type": "m.room.message", "room_id": "!r", "sender": "@a:a", "origin_server_ts": sent })
}

fn page(events: &[Value]) -> Vec<Box<RawValue>> {
    events.iter().map(|event| serde_json::value::to_raw_value(event).unwrap()).collect()
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

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn a_room_is_read_back_to_where_it_was_read() {
    let ghost = user_id!("@g:a");
    let (timeline, names) = (compared(), names());
    let mut backward = Backward::new(&timeline, ghost, &names);
    assert!(backward.read(&page(&[event("$4", NOW.0), event("$old clock", 7)])).is_continue());
    assert!(backward.read(&page(&[event("$2", NOW.0), event("$0", NOW.0), event("$before", NOW.0)])).is_break());
    assert_eq!(ids(&backward.oldest_first()), ["$2", "$old clock", "$4"], "whatever its clock says");
    // The last event is not shown any more: what is much older was taken.
    let mut backward = Backward::new(&timeline, ghost, &names);
    assert!(backward.read(&page(&[event("$2", NOW.0), event("$before", NOW.0 - DISORDER - 1)])).is_continue());
    assert_eq!(ids(&backward.oldest_first()), ["$2"]);
}

#[test]
fn what_was_pushed_and_stands_further_back_is_read_with_the_rest() {
    let (mut timeline, names) = (compared(), names());
    for id in ["$new", "$b", "$a", "$elsewhere"] {
        assert_eq!(timeline.hears(&OwnedEventId::try_from(id).unwrap(), true, 0), Pushed::Noted);
    }
    let mut backward = Backward::new(&timeline, user_id!("@g:a"), &names);
    let further = ["$new", "$newer", "$0", "$b", "$c"].map(|id| event(id, NOW.0));
    assert!(backward.read(&page(&further)).is_continue(), "$a and $elsewhere are not found yet");
    assert!(backward.read(&page(&[event("$d", NOW.0), event("$a", NOW.0)])).is_continue());
    assert!(backward.read(&page(&vec![event("$old", NOW.0); MOST_BEHIND])).is_break(), "there is an end");
    let lacking = backward.lacking();
    assert_eq!((ids(&lacking.late), ids(&lacking.events)), (vec!["$a", "$b"], vec!["$newer", "$new"]));
    assert!(lacking.has(event_id!("$a")) && lacking.has(event_id!("$new")) && !lacking.has(event_id!("$elsewhere")));

    timeline.lets_go(event_id!("$elsewhere"));
    let mut backward = Backward::new(&timeline, user_id!("@g:a"), &names);
    let all = ["$new", "$0", "$b", "$a"].map(|id| event(id, NOW.0));
    assert!(backward.read(&page(&all)).is_break(), "all is found");
}

#[test]
fn what_is_read_of_a_room_is_bounded() {
    let (timeline, names) = (Timeline::unread(), names());
    let mut backward = Backward::new(&timeline, user_id!("@g:a"), &names);
    let mut large = event("$large", NOW.0);
    large["content"] = json!({ "nothing that is shown": "x".repeat(60_000) });
    let large = page(&vec![large; 100]);
    let pages = (0..9).find(|_| backward.read(&large).is_break()).unwrap();
    assert_eq!(pages, 2, "2,000 events of 64 KiB would be 128 MiB");
    let read = backward.oldest_first();
    assert!(read.len() * 60_000 <= MOST_BYTES && read.len() * 61_000 > MOST_BYTES, "{}", read.len());

    let mut backward = Backward::new(&timeline, user_id!("@g:a"), &names);
    let small = page(&vec![event("$small", NOW.0); MOST_READ]);
    assert!(backward.read(&small).is_continue() && backward.read(&small).is_break());
    assert_eq!(backward.oldest_first().len(), MOST_READ);
}

#[test]
fn of_a_rooms_past_little_is_told_and_all_that_came_after() {
    let (timeline, names) = (Timeline::unread(), names());
    let mut backward = Backward::new(&timeline, user_id!("@g:a"), &names).with_past(2);
    let after = page(&vec![event("$after", NOW.0); 70]);
    assert!(backward.read(&after).is_continue(), "it is ours, whatever is told of the past");
    let before = |id| event(id, NOW.0);
    let joined = [membership("join", Some("invite")), before("$3"), before("$2"), before("$1")];
    assert!(backward.read(&page(&joined)).is_break());
    let Lacking { events: told, past, .. } = backward.lacking();
    assert_eq!(ids(&told[..3]), ["$2", "$3", "$member"]);
    assert_eq!((told.len(), past), (73, 2));
}

#[test]
fn the_newest_says_whether_the_ghost_is_gone() {
    let gone = |events: &[Value]| has_gone(&page(events), user_id!("@g:a"));
    let (left, joined) = (membership("leave", Some("join")), membership("join", Some("leave")));
    assert!(gone(&[event("$1", 0), left.clone(), joined.clone()]) && gone(&[membership("ban", None)]));
    assert!(!gone(&[joined, left.clone()]), "it has come back");
    let mut other = left;
    other["state_key"] = json!("@other:a");
    assert!(!gone(&[other]) && !gone(&[]));
}

#[test]
fn a_room_begins_with_the_ghosts_invitation_or_its_coming() {
    let ghost = user_id!("@g:a");
    let (timeline, names) = (Timeline::unread(), names());
    let begins = |event: Value| Backward::new(&timeline, ghost, &names).read(&page(&[event])).is_break();
    assert!(begins(membership("invite", None)) && begins(membership("invite", Some("leave"))));
    assert!(begins(membership("join", None)) && begins(membership("join", Some("leave"))));
    assert!(begins(membership("leave", Some("join"))) && begins(membership("ban", Some("join"))));
    assert!(!begins(membership("join", Some("invite"))), "what was said since the invitation is told");
    assert!(!begins(membership("invite", Some("invite"))) && !begins(membership("join", Some("join"))));
    let mut other = membership("join", None);
    other["state_key"] = json!("@other:a");
    assert!(!begins(other));
}

/// What may happen to a room, to the homeserver and to us.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// Somebody says something, which the homeserver pushes later.
    Say { picture: bool },
    /// The homeserver pushes the oldest that it has not pushed.
    Push,
    /// It is killed, and has lost what it had not pushed; we notice.
    Outage,
    /// It loses one, and nobody notices.
    Lose,
    /// It cannot show the room.
    Hides,
    /// The room is read, as far as `runs` commits; then we are killed.
    Read { runs: usize },
    /// The room is compared.
    Compare,
    /// We are killed.
    Crash,
}

/// A room, and what an account has of it.
#[derive(Default)]
struct Model {
    timeline: Timeline,
    room: Vec<(OwnedEventId, bool)>,
    unpushed: VecDeque<usize>,
    /// What was handed in, known ids left out: what the account sees.
    seen: Vec<OwnedEventId>,
    outages: u64,
}

impl Model {
    fn shows(&self) -> Vec<Value> {
        self.room.iter().rev().map(|(id, _)| event(id.as_str(), NOW.0)).collect()
    }

    fn see(&mut self, id: &OwnedEventId) {
        if !self.seen.contains(id) {
            self.seen.push(id.clone());
        }
    }

    fn lacking(&self) -> Vec<OwnedEventId> {
        let names = names();
        let mut backward = Backward::new(&self.timeline, user_id!("@g:a"), &names);
        let _ = backward.read(&page(&self.shows()));
        let lacking = backward.lacking();
        // Each is asked for once.
        assert!(lacking.late.iter().all(|late| self.timeline.missed().contains(&late.id)));
        lacking.events.into_iter().map(|event| event.id).collect()
    }

    /// Reads, two events a commit; says whether it came to the end.
    fn read(&mut self, runs: usize) -> bool {
        let lacking = self.lacking();
        // What stands before what is read is asked for by itself.
        for late in self.timeline.missed().to_vec() {
            if !lacking.contains(&late) {
                self.see(&late);
                self.timeline.settles(&late);
            }
        }
        for (run, events) in lacking.chunks(2).enumerate() {
            if run >= runs {
                return false;
            }
            for id in events {
                if !self.timeline.has_taken(id) {
                    self.see(id);
                }
            }
            let read: Vec<_> = events.iter().map(|id| (id.clone(), NOW)).collect();
            self.timeline.has_read(&read);
        }
        self.timeline.is_caught_up(self.outages)
    }

    fn compare(&mut self) {
        let lacking = self.lacking();
        if lacking.iter().any(|id| !self.timeline.has_taken(id)) {
            self.timeline.falls_behind();
            while !self.read(usize::MAX) {}
        } else {
            let read: Vec<_> = lacking.into_iter().map(|id| (id, NOW)).collect();
            self.timeline.has_read(&read);
            self.timeline.is_caught_up(self.outages);
        }
    }

    fn crash(&mut self) {
        self.timeline = serde_json::from_str(&serde_json::to_string(&self.timeline).unwrap()).unwrap();
    }

    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Say { picture } => {
                let id = OwnedEventId::try_from(format!("${}", self.room.len())).unwrap();
                self.unpushed.push_back(self.room.len());
                self.room.push((id, picture));
            }
            Turn::Push => {
                let Some(at) = self.unpushed.pop_front() else { return };
                let (id, picture) = self.room[at].clone();
                if self.timeline.hears(&id, picture, self.outages) == Pushed::Taken {
                    self.see(&id);
                }
            }
            Turn::Outage => {
                self.unpushed.clear();
                self.outages += 1;
            }
            Turn::Lose => drop(self.unpushed.pop_front()),
            Turn::Hides => (0..PATIENCE).for_each(|_| self.timeline.is_not_shown()),
            Turn::Read { runs } => {
                if self.timeline.is_behind() && !self.read(runs) {
                    self.crash();
                }
            }
            Turn::Compare => {
                if !self.timeline.is_behind() {
                    self.compare();
                }
            }
            Turn::Crash => self.crash(),
        }
    }
}

fn turns(quiet: bool) -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        6 => any::<bool>().prop_map(|picture| Turn::Say { picture }),
        6 => Just(Turn::Push),
        1 => Just(Turn::Outage),
        3 => (0..4_usize).prop_map(|runs| Turn::Read { runs }),
        1 => Just(Turn::Compare),
        1 => Just(Turn::Crash),
        u32::from(!quiet) => Just(Turn::Lose),
        u32::from(!quiet) => Just(Turn::Hides),
    ];
    prop::collection::vec(turn, 0..60)
}

fn all(model: &Model) -> Vec<OwnedEventId> {
    model.room.iter().map(|(id, _)| id.clone()).collect()
}

proptest! {
    #[test]
    fn whatever_is_killed_everything_is_seen_in_its_order(turns in turns(true)) {
        let mut model = Model::default();
        for turn in turns {
            model.turn(turn);
        }
        model.compare();
        prop_assert_eq!(&model.seen, &all(&model));
    }

    #[test]
    fn what_is_lost_without_a_trace_is_seen_all_the_same(turns in turns(false)) {
        let mut model = Model::default();
        for turn in turns {
            model.turn(turn);
        }
        model.compare();
        let mut seen = model.seen.clone();
        seen.sort_by_key(|id| all(&model).iter().position(|known| known == id));
        prop_assert_eq!(seen, all(&model));
    }
}
