//! Whatever happens to a room's window: what a client is told of comings and goings is consistent, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// How many waiting messages are read at once.
const BATCH: usize = 3;

#[derive(Debug, Clone)]
enum Act {
    /// One of the speakers, or nobody known.
    Speak(Option<usize>),
    /// A new window calls the room.
    Open,
    /// The last ring is answered.
    Answer,
    /// The window of this place shows that it has so much more.
    Show(usize, usize),
    /// The window of this place is closed.
    Close(usize),
    /// Carol says something in the window of this place.
    Say(usize),
    /// The window of this place calls one of the speakers.
    Call(usize, usize),
    Tick,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => prop::option::weighted(0.9, 0_usize..6).prop_map(Act::Speak),
        1 => Just(Act::Open),
        2 => Just(Act::Answer),
        2 => (0_usize..3, 1_usize..4).prop_map(|(window, count)| Act::Show(window, count)),
        1 => (0_usize..3).prop_map(Act::Close),
        1 => (0_usize..3).prop_map(Act::Say),
        1 => (0_usize..3, 0_usize..6).prop_map(|(window, who)| Act::Call(window, who)),
        1 => Just(Act::Tick),
    ]
}

/// What a client knows.
#[derive(Debug, Default)]
struct Window {
    roster: BTreeSet<Passport>,
    /// What it was given and has not shown that it got.
    given: Vec<i64>,
    ever: BTreeSet<i64>,
}

struct World {
    scene: Scene,
    at_most: usize,
    windows: BTreeMap<u64, Window>,
    /// What waits in the store.
    store: BTreeMap<i64, Waiting>,
    rung: bool,
    widened: bool,
    next: u64,
}

fn speaker(place: usize) -> String {
    format!("speaker{place}")
}

impl World {
    fn new(at_most: usize) -> Self {
        let mut scene = Scene::with("room");
        scene.conversation = scene.conversation.showing_rooms(RoomManner::Members { at_most });
        let (windows, store) = (BTreeMap::new(), BTreeMap::new());
        Self { scene, at_most, windows, store, rung: false, widened: false, next: 1 }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn seat(&self, place: usize) -> Option<u64> {
        self.windows.keys().nth(place).copied()
    }

    fn take(&mut self, cause: Cause) {
        let effects = self.scene.take(cause);
        self.check(effects);
    }

    fn check(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Tell(seat, event) => self.told(seat.0, event),
                Effect::Fetch { .. } => {
                    let messages: Vec<Waiting> = self.store.values().take(BATCH).cloned().collect();
                    let more = messages.len() == BATCH;
                    self.take(Cause::Fetched { owner: passport("carol"), messages, more });
                }
                Effect::Delivered { messages, .. } => {
                    for message in messages {
                        assert!(self.store.remove(&message.0).is_some(), "{message:?} was delivered twice");
                    }
                }
                Effect::Ring { .. } => self.rung = true,
                Effect::Widened => self.widened = true,
                Effect::Keep { draft, .. } if !self.widened => {
                    assert_eq!((draft.accounts, draft.remotes), (vec![], vec![passport("room")]));
                }
                Effect::Keep { .. } | Effect::Doorbell { .. } | Effect::Gather { .. } | Effect::Dispersed => {}
                other => panic!("{other:?}"),
            }
        }
        for (seat, window) in &self.windows {
            let sits_in = window.roster.iter().filter(|who| who.as_str().starts_with("speaker")).count();
            assert!(sits_in <= self.at_most || self.widened, "{sits_in} at {seat}");
        }
    }

    fn told(&mut self, seat: u64, event: SeatEvent) {
        let window = self.windows.get_mut(&seat).expect("nobody sits there");
        match event {
            SeatEvent::Welcome { roster, .. } => {
                window.roster = roster.into_iter().map(|party| party.passport).collect();
            }
            SeatEvent::Joined(party) => assert!(window.roster.insert(party.passport.clone()), "{party:?} is here"),
            SeatEvent::Left(who) => assert!(window.roster.remove(&who), "{who} is not here"),
            SeatEvent::Message { from, speaker, id, .. } => {
                let voice = if let Some(Speaker::Seated { passport, .. }) = speaker { passport } else { from };
                assert!(window.roster.contains(&voice), "{voice} speaks and is not here");
                let id = id.expect("all of it is kept").0;
                assert!(self.store.contains_key(&id), "{id} does not wait");
                assert!(window.ever.insert(id), "{id} was given twice");
                window.given.push(id);
            }
            SeatEvent::Calling { .. }
            | SeatEvent::NotCalling { .. }
            | SeatEvent::Typing { .. }
            | SeatEvent::Taken { .. }
            | SeatEvent::NotTaken { .. } => {}
        }
    }

    fn open(&mut self) {
        let seat = self.number();
        self.windows.insert(seat, Window::default());
        self.take(Cause::Seated { seat: SeatId(seat), party: party("carol"), answering: None });
        self.take(Cause::Called { seat: SeatId(seat), tag: 8, callee: party("room") });
    }

    fn show(&mut self, seat: u64, count: usize) {
        let Some(window) = self.windows.get_mut(&seat) else { return };
        let messages: Vec<MessageId> = window.given.drain(..count.min(window.given.len())).map(MessageId).collect();
        if !messages.is_empty() {
            self.take(Cause::Shown { seat: SeatId(seat), messages });
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Speak(who) => {
                let id = i64::try_from(self.number()).expect("few numbers");
                let waiting = match who {
                    Some(place) => spoken(&speaker(place), id),
                    None => Waiting { speaker: None, ..spoken("somebody", id) },
                };
                self.store.insert(id, waiting);
                if !self.widened {
                    self.take(Cause::Waiting(passport("carol")));
                }
            }
            Act::Open if self.windows.len() < 3 && !self.widened => self.open(),
            Act::Answer if std::mem::take(&mut self.rung) && self.windows.len() < 3 && !self.widened => {
                let seat = self.number();
                self.windows.insert(seat, Window::default());
                self.take(Cause::Seated { seat: SeatId(seat), party: party("carol"), answering: Some(9) });
            }
            Act::Show(place, count) => {
                if let Some(seat) = self.seat(place) {
                    self.show(seat, count);
                }
            }
            Act::Close(place) => {
                if let Some(seat) = self.seat(place) {
                    // What comes of it must not be told to a window that is closed.
                    self.windows.remove(&seat);
                    self.take(Cause::Left(SeatId(seat)));
                }
            }
            Act::Say(place) => {
                if let Some(seat) = self.seat(place) {
                    let id = i64::try_from(self.number()).expect("few numbers");
                    let effects = self.scene.say(seat, "hi", id);
                    self.check(effects);
                    let effects = self.scene.kept(seat, id, true);
                    self.check(effects);
                }
            }
            Act::Call(place, who) => {
                if let Some(seat) = self.seat(place) {
                    let callee = Party { kind: PartyKind::Person, ..party(&speaker(who)) };
                    self.take(Cause::Called { seat: SeatId(seat), tag: 8, callee });
                }
            }
            Act::Tick => {
                if let Some(deadline) = self.scene.conversation.deadline() {
                    self.scene.now = self.scene.now.max(deadline);
                    self.take(Cause::Tick);
                }
            }
            Act::Open | Act::Answer => {}
        }
    }

    /// One window that shows all it is given gets all that waits.
    fn end(mut self) {
        for seat in self.windows.keys().copied().collect::<Vec<_>>() {
            self.windows.remove(&seat);
            self.take(Cause::Left(SeatId(seat)));
        }
        if self.widened {
            return;
        }
        self.open();
        let seat = self.seat(0).expect("it is open");
        while self.windows.values().any(|window| !window.given.is_empty()) {
            self.show(seat, 1);
        }
        assert!(self.store.is_empty(), "lost: {:?}", self.store.keys());
        self.windows.clear();
        self.take(Cause::Left(SeatId(seat)));
        assert!(self.scene.conversation.is_idle(), "something is still on its way");
    }
}

proptest! {
    #[test]
    fn comings_and_goings_are_consistent_and_nothing_is_lost(
        at_most in 1_usize..4,
        acts in prop::collection::vec(act(), 0..60),
    ) {
        let mut world = World::new(at_most);
        for act in &acts {
            world.act(act);
        }
        world.end();
    }
}
