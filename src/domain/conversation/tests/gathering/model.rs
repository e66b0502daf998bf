//! Whoever comes and goes: what is said reaches everybody else once, and what is said in a room is lost to nobody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

/// How many waiting messages are read at once.
const BATCH: usize = 3;

const ACCOUNTS: [&str; 4] = ["carol", "dave", "erin", "frank"];

/// People, with the room of their network, if it has one.
const PEOPLE: [(&str, Option<&str>); 4] =
    [("echo", Some("one")), ("iris", Some("one")), ("ann", Some("other")), ("bob", None)];

#[derive(Debug, Clone)]
enum Act {
    /// Somebody who is here calls an account.
    Bring(usize),
    /// Somebody who is here calls a person.
    Call(usize),
    /// The client of this place says something, which is kept or not.
    Say(usize, bool),
    /// A person says something in the room of their network.
    Speak(usize),
    /// The client of this place shows that it has so much more.
    Show(usize, usize),
    /// The client of this place leaves.
    Leave(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..ACCOUNTS.len()).prop_map(Act::Bring),
        2 => (0..PEOPLE.len()).prop_map(Act::Call),
        4 => (0_usize..4, prop::bool::weighted(0.8)).prop_map(|(seat, kept)| Act::Say(seat, kept)),
        4 => (0..PEOPLE.len()).prop_map(Act::Speak),
        2 => (0_usize..4, 1_usize..4).prop_map(|(seat, count)| Act::Show(seat, count)),
        1 => (0_usize..4).prop_map(Act::Leave),
    ]
}

fn person(name: &str) -> Party {
    Party { kind: PartyKind::Person, ..party(name) }
}

/// What a client knows.
struct Client {
    who: Passport,
    roster: BTreeSet<Passport>,
    /// What it was given and has not shown that it got.
    given: Vec<MessageId>,
    ever: BTreeSet<MessageId>,
}

#[derive(Default)]
struct Ordered {
    people: BTreeSet<RemoteUser>,
    accounts: BTreeSet<Passport>,
}

struct World {
    scene: Scene,
    clients: BTreeMap<u64, Client>,
    /// Who was let into each room, by whose order.
    orders: BTreeMap<(Passport, Passport), Ordered>,
    /// What waits in the store: for whom, and in which window.
    store: BTreeMap<(MessageId, Passport), Waiting>,
    doorbells: BTreeSet<(Passport, Passport)>,
    next: u64,
}

impl World {
    fn new() -> Self {
        let scene = Scene::carol_and_dave();
        let client = |who: &str, other: &str| Client {
            who: passport(who),
            roster: [passport(other)].into(),
            given: Vec::new(),
            ever: BTreeSet::new(),
        };
        let clients = [(1, client("carol", "dave")), (2, client("dave", "carol"))].into();
        let (orders, store, doorbells) = Default::default();
        let mut world = Self { scene, clients, orders, store, doorbells, next: 2 };
        // What waits between two is another affair.
        world.act(&Act::Call(0));
        world
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn message(&mut self) -> MessageId {
        MessageId(i64::try_from(self.number()).unwrap())
    }

    fn seat(&self, place: usize) -> Option<u64> {
        self.clients.keys().nth(place).copied()
    }

    fn take(&mut self, cause: Cause) {
        let mut causes = VecDeque::from([cause]);
        while let Some(cause) = causes.pop_front() {
            for effect in self.scene.take(cause) {
                causes.extend(self.carry_out(effect));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Cause> {
        match effect {
            Effect::Tell(seat, event) => self.told(seat.0, event),
            Effect::Fetch { owner, peer } => {
                let waiting = self.store.iter().filter(|((_, of), message)| *of == owner && message.peer == peer);
                let messages: Vec<Waiting> = waiting.map(|(_, message)| message.clone()).take(BATCH).collect();
                let more = messages.len() == BATCH;
                return Some(Cause::Fetched { owner, messages, more });
            }
            Effect::Gather { known, fresh, people, .. } => {
                let room = known.unwrap_or(fresh);
                return Some(Cause::Gathered { room, gatherings: rooms(&people) });
            }
            Effect::Ring { id, to, .. } => {
                return Some(Cause::Answered { who: to, ring: id, verdict: Verdict::Ringing });
            }
            Effect::Delivered { owner, messages } => {
                for message in messages {
                    self.store.remove(&(message, owner.clone()));
                }
            }
            Effect::Doorbell { owner, peer } => {
                self.doorbells.insert((owner, peer));
            }
            Effect::Keep { .. }
            | Effect::Typing { .. }
            | Effect::Relay { .. }
            | Effect::Peer { .. }
            | Effect::Obtain { .. }
            | Effect::Offer { .. }
            | Effect::Widened
            | Effect::Dispersed => {}
        }
        None
    }

    fn told(&mut self, seat: u64, event: SeatEvent) {
        let client = self.clients.get_mut(&seat).expect("nobody sits there");
        match event {
            SeatEvent::Welcome { roster, .. } => {
                client.roster = roster.into_iter().map(|party| party.passport).collect();
            }
            SeatEvent::Joined(party) => assert!(client.roster.insert(party.passport.clone()), "{party:?} is here"),
            SeatEvent::Left(who) => assert!(client.roster.remove(&who), "{who} is not here"),
            SeatEvent::Message { from, id, .. } => {
                assert!(client.roster.contains(&from), "{from} speaks and is not here");
                let id = id.expect("all of it is kept");
                assert!(client.ever.insert(id), "{id:?} was given twice");
                client.given.push(id);
            }
            SeatEvent::Calling { .. }
            | SeatEvent::NotCalling { .. }
            | SeatEvent::Typing { .. }
            | SeatEvent::Taken { .. }
            | SeatEvent::NotTaken { .. } => {}
        }
    }

    /// Somebody says something: it reaches everybody else who is here, once.
    fn say(&mut self, seat: u64, keeps: bool) {
        let id = self.message();
        let who = self.clients[&seat].who.clone();
        let here = self.scene.conversation.members.values().filter(|member| member.here);
        let others: BTreeSet<Passport> =
            here.map(|member| member.party.passport.clone()).filter(|other| *other != who).collect();
        let mut effects = self.scene.say(seat, "hi", id.0);
        if let [Effect::Gather { known, fresh, people, .. }] = &effects[..] {
            let (room, gatherings) = (known.as_ref().unwrap_or(fresh).clone(), rooms(people));
            effects = self.scene.take(Cause::Gathered { room, gatherings });
        }
        let Some(draft) = effects.iter().find_map(|effect| match effect {
            Effect::Keep { draft, .. } => Some(draft.clone()),
            _ => None,
        }) else {
            assert!(others.is_empty(), "{others:?} hear nothing of it");
            return;
        };
        for Gather { contact, people, accounts, .. } in draft.gathers.iter().filter(|_| keeps) {
            let ordered = self.orders.entry((who.clone(), contact.clone())).or_default();
            ordered.people.extend(people.iter().cloned());
            ordered.accounts.extend(accounts.iter().cloned());
        }
        let mut reached = draft.accounts.clone();
        let accounts: BTreeSet<Passport> = draft.accounts.iter().chain([&who]).cloned().collect();
        for remote in &draft.remotes {
            let mut people = others.iter().filter(|other| room_of(other).as_ref() == Some(remote)).peekable();
            if people.peek().is_none() {
                reached.push(remote.clone());
                continue;
            }
            let ordered = self.orders.get(&(who.clone(), remote.clone()));
            for person in people {
                let is_in = |ordered: &Ordered| ordered.people.contains(&user(person.local()));
                assert!(!keeps || ordered.is_some_and(is_in), "{person} was not asked in by {who}");
                reached.push(person.clone());
            }
            let is_let_in = |ordered: &Ordered| accounts.is_subset(&ordered.accounts);
            assert!(!keeps || ordered.is_some_and(is_let_in), "{accounts:?} were not let in by {who}");
        }
        assert_eq!(reached.len(), others.len(), "{reached:?}");
        assert_eq!(reached.into_iter().collect::<BTreeSet<_>>(), others);
        for effect in effects {
            self.carry_out(effect);
        }
        if keeps {
            for account in &draft.accounts {
                self.store.insert((id, account.clone()), Waiting { id, ..waiting(who.local(), id.0) });
            }
        }
        self.take(Cause::Kept { seat: SeatId(seat), tag: 5, wish: Wish::Either, id, kept: keeps });
    }

    /// A person says something in the room: their network hands it in for every account there.
    fn speak(&mut self, name: &str, room: &str) {
        let room = passport(room);
        let orders = self.orders.iter().filter(|((_, of), _)| *of == room);
        let accounts: BTreeSet<Passport> = orders.flat_map(|(_, ordered)| ordered.accounts.clone()).collect();
        for owner in accounts {
            let id = self.message();
            let message = Waiting { speaker: Some(passport(name)), id, ..waiting(room.local(), id.0) };
            self.store.insert((id, owner.clone()), message);
            if self.scene.conversation.shows(&owner, &room) {
                self.take(Cause::Waiting(owner));
            } else {
                self.doorbells.insert((owner, room.clone()));
            }
        }
    }

    fn show(&mut self, seat: u64, count: usize) {
        let Some(client) = self.clients.get_mut(&seat) else { return };
        let messages: Vec<MessageId> = client.given.drain(..count.min(client.given.len())).collect();
        if !messages.is_empty() {
            self.take(Cause::Shown { seat: SeatId(seat), messages });
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Bring(account) => {
                let who = passport(ACCOUNTS[account]);
                let Some(caller) = self.seat(0) else { return };
                if self.clients.values().any(|client| client.who == who) {
                    return;
                }
                self.take(Cause::Called { seat: SeatId(caller), tag: 8, callee: party(ACCOUNTS[account]) });
                let seat = self.number();
                let client = Client { who, roster: BTreeSet::new(), given: Vec::new(), ever: BTreeSet::new() };
                self.clients.insert(seat, client);
                self.take(Cause::Seated { seat: SeatId(seat), party: party(ACCOUNTS[account]), answering: Some(9) });
            }
            Act::Call(place) => {
                if let Some(caller) = self.seat(0) {
                    self.take(Cause::Called { seat: SeatId(caller), tag: 8, callee: person(PEOPLE[place].0) });
                }
            }
            Act::Say(place, keeps) => {
                if let Some(seat) = self.seat(place) {
                    self.say(seat, keeps);
                }
            }
            Act::Speak(place) => {
                if let (name, Some(room)) = PEOPLE[place] {
                    self.speak(name, room);
                }
            }
            Act::Show(place, count) => {
                if let Some(seat) = self.seat(place) {
                    self.show(seat, count);
                }
            }
            Act::Leave(place) => {
                if let Some(seat) = self.seat(place) {
                    // What comes of it must not be told to a client that is gone.
                    self.clients.remove(&seat);
                    self.take(Cause::Left(SeatId(seat)));
                }
            }
        }
    }

    /// Clients that show all they are given get all that waits for them here; for all else a doorbell was rung.
    fn end(mut self) {
        while let Some(seat) = self.clients.iter().find(|(_, client)| !client.given.is_empty()).map(|(seat, _)| *seat) {
            self.show(seat, 1);
        }
        for ((id, owner), message) in &self.store {
            let rung = self.doorbells.contains(&(owner.clone(), message.peer.clone()));
            assert!(rung, "{id:?} is lost to {owner}");
            assert!(!self.scene.conversation.shows(owner, &message.peer), "{id:?} was not shown to {owner}");
        }
    }
}

fn room_of(person: &Passport) -> Option<Passport> {
    PEOPLE.iter().find(|(name, _)| passport(name) == *person).and_then(|(_, room)| room.map(passport))
}

/// The rooms for these people.
fn rooms(people: &BTreeSet<Passport>) -> Vec<Gathering> {
    let mut rooms: BTreeMap<Passport, BTreeMap<Passport, RemoteUser>> = BTreeMap::new();
    for person in people {
        if let Some(room) = room_of(person) {
            rooms.entry(room).or_default().insert(person.clone(), user(person.local()));
        }
    }
    let contact = |room: &Passport| Party { kind: PartyKind::Room, ..party(room.local()) };
    rooms.into_iter().map(|(room, people)| Gathering { contact: contact(&room), people }).collect()
}

proptest! {
    #[test]
    fn everybody_reads_everybody_once_and_nothing_is_lost(acts in prop::collection::vec(act(), 0..60)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.end();
    }
}
