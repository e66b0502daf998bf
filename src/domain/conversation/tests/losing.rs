//! Nothing that was kept is lost, whatever happens.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const PEOPLE: [&str; 4] = ["carol", "dave", "erin", "echo"];

/// How many the store reads at once: few, so that more often waits.
const BATCH: usize = 2;

#[derive(Debug, Clone, Copy)]
enum Step {
    Sit { who: usize, answering: bool },
    Call { seat: usize, who: usize },
    Say { seat: usize, carried: bool, keeps: bool },
    Commit,
    SignIn { who: usize },
    Pass { seat: usize },
    Type { seat: usize },
    Leave { seat: usize },
    Verdict { ring: usize, verdict: Verdict },
    Arrive { who: usize },
    Show { seat: usize, some: bool },
    PeerTypes(bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, seat) = (|| 0..3_usize, || 0..8_usize);
    let verdict = prop::sample::select(vec![Verdict::Ringing, Verdict::Absent, Verdict::Blocked]);
    prop_oneof![
        5 => (who(), any::<bool>()).prop_map(|(who, answering)| Step::Sit { who, answering }),
        5 => (seat(), 0..PEOPLE.len()).prop_map(|(seat, who)| Step::Call { seat, who }),
        8 => (seat(), any::<bool>(), prop::bool::weighted(0.9))
            .prop_map(|(seat, carried, keeps)| Step::Say { seat, carried, keeps }),
        6 => Just(Step::Commit),
        3 => who().prop_map(|who| Step::SignIn { who }),
        1 => seat().prop_map(|seat| Step::Pass { seat }),
        1 => seat().prop_map(|seat| Step::Type { seat }),
        4 => seat().prop_map(|seat| Step::Leave { seat }),
        5 => (0..4_usize, verdict).prop_map(|(ring, verdict)| Step::Verdict { ring, verdict }),
        3 => who().prop_map(|who| Step::Arrive { who }),
        5 => (seat(), any::<bool>()).prop_map(|(seat, some)| Step::Show { seat, some }),
        1 => any::<bool>().prop_map(Step::PeerTypes),
        2 => (0..30_u64).prop_map(Step::Wait),
    ]
}

/// A client of this seat, with what it was given and has not confirmed.
struct Client {
    seat: SeatId,
    who: Passport,
    unconfirmed: Vec<MessageId>,
    /// Whether it may be told of others: it has answered a ring, or its call was answered.
    answered: bool,
}

/// Something on its way into the store.
struct Pending {
    seat: SeatId,
    tag: u32,
    wish: Wish,
    draft: Draft,
    keeps: bool,
    /// Who has confirmed it already.
    shown: BTreeSet<Passport>,
}

/// A conversation, a store that keeps what waits for each account, and clients that get what they are told.
struct World {
    scene: Scene,
    /// What waits, by number: for whom, and from whom.
    waiting: BTreeMap<(MessageId, Passport), Passport>,
    delivered: BTreeSet<(MessageId, Passport)>,
    clients: Vec<Client>,
    rings: Vec<(Passport, u64)>,
    /// Accounts that were away, or did not come: their next sign-in asks the store.
    away: BTreeSet<Passport>,
    /// Accounts whose own conversation was asked to see to it.
    doorbells: BTreeSet<Passport>,
    pending: VecDeque<Pending>,
    next_seat: u64,
    next_message: i64,
    keeps: bool,
}

impl World {
    fn new(other: &str) -> Self {
        Self {
            scene: Scene::with(other),
            waiting: BTreeMap::new(),
            delivered: BTreeSet::new(),
            clients: Vec::new(),
            rings: Vec::new(),
            away: BTreeSet::new(),
            doorbells: BTreeSet::new(),
            pending: VecDeque::new(),
            next_seat: 1,
            next_message: 1,
            keeps: true,
        }
    }

    fn seat(&self, number: usize) -> SeatId {
        self.clients.get(number).map_or(SeatId(0), |client| client.seat)
    }

    fn take(&mut self, step: Step) {
        let id = self.number();
        let said = |seat, saying| Cause::Said { seat, tag: 5, wish: Wish::Either, saying, id };
        let payload = Bytes::from_static(b"payload");
        let cause = match step {
            Step::Sit { who, answering } => {
                let (seat, party) = (SeatId(self.next_seat), party(PEOPLE[who]));
                // Callers sit down in the conversation of their pair only; others come because they were rung.
                let pair = self.scene.conversation.pair.as_ref();
                if pair.map_or(!answering, |pair| !pair.both().contains(&&party.passport)) {
                    return;
                }
                self.next_seat += 1;
                let who = party.passport.clone();
                self.clients.push(Client { seat, who, unconfirmed: Vec::new(), answered: answering });
                Cause::Seated { seat, party, answering: answering.then_some(9) }
            }
            Step::Call { seat, who } => Cause::Called { seat: self.seat(seat), tag: 8, callee: party(PEOPLE[who]) },
            Step::Say { seat, carried, keeps } => {
                self.keeps = keeps;
                let content = carried.then_some(Content::Nudge);
                said(self.seat(seat), Saying::Lasting { payload, content, announced: Vec::new(), enclosed: None })
            }
            Step::Commit => return self.commit(),
            Step::SignIn { who } => Cause::Reachable(passport(PEOPLE[who])),
            Step::Pass { seat } => {
                said(self.seat(seat), Saying::Passing { payload, to: None, matters: true, announced: Vec::new() })
            }
            Step::Type { seat } => said(self.seat(seat), Saying::Typing { payload }),
            Step::Leave { seat } => {
                let seat = self.seat(seat);
                self.clients.retain(|client| client.seat != seat);
                Cause::Left(seat)
            }
            Step::Verdict { ring, verdict } => {
                let Some((who, ring)) = self.rings.get(ring).cloned() else { return };
                self.rings.retain(|known| *known != (who.clone(), ring));
                if verdict != Verdict::Ringing {
                    self.away.insert(who.clone());
                }
                Cause::Answered { who, ring, verdict }
            }
            Step::Arrive { who } => return self.arrive(&passport(PEOPLE[who])),
            Step::Show { seat, some } => {
                let Some(client) = self.clients.get_mut(seat) else { return };
                let count = if some { client.unconfirmed.len().div_ceil(2) } else { client.unconfirmed.len() };
                let messages = client.unconfirmed.drain(..count).collect();
                Cause::Shown { seat: client.seat, messages }
            }
            Step::PeerTypes(typing) => Cause::PeerTyping { peer: passport("echo"), typing },
            Step::Wait(seconds) => {
                self.scene.now += Duration::from_secs(seconds);
                Cause::Tick
            }
        };
        self.cause(cause);
    }

    /// The other one of the pair, of whatever network, has said something elsewhere.
    fn arrive(&mut self, owner: &Passport) {
        let Some(pair) = self.scene.conversation.pair.clone() else { return };
        if !pair.both().contains(&owner) {
            return;
        }
        let id = self.number();
        self.waiting.insert((id, owner.clone()), pair.other(owner).clone());
        self.cause(Cause::Waiting(owner.clone()));
    }

    fn number(&mut self) -> MessageId {
        let id = MessageId(self.next_message);
        self.next_message += 1;
        id
    }

    /// The store commits what it was told first.
    fn commit(&mut self) {
        let Some(Pending { seat, tag, wish, draft, keeps, shown }) = self.pending.pop_front() else { return };
        if keeps {
            for owner in draft.accounts {
                if shown.contains(&owner) {
                    self.delivered.insert((draft.id, owner));
                } else {
                    self.waiting.insert((draft.id, owner), draft.author.clone());
                }
            }
        }
        self.cause(Cause::Kept { seat, tag, wish, id: draft.id, kept: keeps });
    }

    /// Does what the shell does: what comes of an effect is told before anything else.
    fn cause(&mut self, cause: Cause) {
        let mut causes = VecDeque::from([cause]);
        while let Some(cause) = causes.pop_front() {
            let ringing = self.ringing();
            let ticks = cause == Cause::Tick;
            for effect in self.scene.take(cause) {
                causes.extend(self.carry_out(effect));
            }
            if ticks {
                let given_up = ringing.difference(&self.ringing()).cloned().collect::<Vec<_>>();
                self.away.extend(given_up);
            }
        }
    }

    fn ringing(&self) -> BTreeSet<Passport> {
        let members = self.scene.conversation.members.values().filter(|member| member.ringing.is_some());
        members.map(|member| member.party.passport.clone()).collect()
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Cause> {
        match effect {
            Effect::Tell(seat, event) => self.told(seat, &event),
            Effect::Ring { id, to, .. } => {
                self.rings.retain(|(who, _)| *who != to);
                self.rings.push((to, id));
            }
            Effect::Keep { seat, tag, wish, draft } => {
                assert!(!draft.accounts.is_empty() || !draft.remotes.is_empty(), "kept for nobody");
                self.pending.push_back(Pending { seat, tag, wish, draft, keeps: self.keeps, shown: BTreeSet::new() });
            }
            Effect::Fetch { owner, peer } => {
                let from_peer = self.waiting.iter().filter(|((_, of), from)| *of == owner && **from == peer);
                let messages: Vec<Waiting> =
                    from_peer.map(|((id, _), from)| waiting(from.local(), id.0)).take(BATCH).collect();
                let more = messages.len() == BATCH;
                return Some(Cause::Fetched { owner, messages, more });
            }
            Effect::Delivered { owner, messages } => {
                for id in messages {
                    if let Some(pending) = self.pending.iter_mut().find(|pending| pending.draft.id == id) {
                        pending.shown.insert(owner.clone());
                        continue;
                    }
                    self.waiting.remove(&(id, owner.clone()));
                    self.delivered.insert((id, owner.clone()));
                }
            }
            Effect::Doorbell { owner, .. } => {
                self.doorbells.insert(owner);
            }
            Effect::Typing { .. }
            | Effect::Relay { .. }
            | Effect::Peer { .. }
            | Effect::Obtain { .. }
            | Effect::Offer { .. }
            | Effect::Gather { .. }
            | Effect::Widened
            | Effect::Dispersed => {}
        }
        None
    }

    fn told(&mut self, seat: SeatId, event: &SeatEvent) {
        let client = self.clients.iter_mut().find(|client| client.seat == seat);
        let client = client.unwrap_or_else(|| panic!("{seat:?} has gone and is told {event:?}"));
        match event {
            SeatEvent::Message { id: Some(id), .. } => {
                let key = (*id, client.who.clone());
                let is_pending = |pending: &Pending| pending.draft.id == *id && pending.draft.accounts.contains(&key.1);
                let exists = self.waiting.contains_key(&key) || self.pending.iter().any(is_pending);
                assert!(exists, "{id:?} is not for {}", client.who);
                assert!(!self.delivered.contains(&key), "{id:?} was confirmed");
                assert!(!client.unconfirmed.contains(id), "{id:?} twice at one client");
                assert!(client.answered, "a message before the call was answered");
                client.unconfirmed.push(*id);
            }
            SeatEvent::Calling { .. } => client.answered = true,
            // Whoever can be given what waits is no longer waited for.
            SeatEvent::Joined(_) if self.scene.conversation.pair.is_some() => {
                assert!(client.answered, "{event:?} before the call was answered");
                self.away.remove(&client.who);
            }
            SeatEvent::Joined(_) | SeatEvent::Left(_) | SeatEvent::Message { .. } | SeatEvent::Typing { .. } => {
                assert!(client.answered, "{event:?} before the call was answered");
            }
            SeatEvent::Welcome { .. }
            | SeatEvent::NotCalling { .. }
            | SeatEvent::Taken { .. }
            | SeatEvent::NotTaken { .. } => {}
        }
    }

    /// Every message is delivered, on its way to a client that is there, or known to wait by somebody who will see to it.
    fn check(&self) {
        for (id, owner) in self.waiting.keys() {
            let on_its_way = self.clients.iter().any(|client| client.who == *owner && client.unconfirmed.contains(id));
            let member = self.scene.conversation.members.get(owner);
            let seen_to = self.doorbells.contains(owner)
                || self.away.contains(owner)
                || member.is_some_and(|member| !member.more.is_empty() || member.ringing.is_some());
            assert!(on_its_way || seen_to, "{id:?} for {owner} is forgotten: {:#?}", self.scene.conversation);
            let flying = member.is_some_and(|member| member.in_flight.contains_key(id));
            assert_eq!(on_its_way, flying, "{id:?} for {owner}");
        }
        let conversation = &self.scene.conversation;
        assert!(!conversation.is_idle() || self.clients.is_empty(), "a client sits in what is idle");
        let late = conversation.deadline().is_some_and(|deadline| deadline < self.scene.now);
        assert!(!late, "a deadline was missed");
    }

    /// Everybody who is still there confirms all there is.
    fn settle(&mut self) {
        while !self.pending.is_empty() {
            self.commit();
        }
        while let Some(client) = self.clients.iter_mut().find(|client| !client.unconfirmed.is_empty()) {
            let (seat, messages) = (client.seat, std::mem::take(&mut client.unconfirmed));
            self.cause(Cause::Shown { seat, messages });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_kept_message_is_delivered_on_its_way_or_still_waiting(
        other in prop::sample::select(vec!["dave", "echo"]),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new(other);
        for step in steps {
            world.take(step);
            // What was due is done before anything else.
            world.cause(Cause::Tick);
            world.check();
        }
        world.settle();
        world.check();
    }
}
