//! What a conversation does: a cause goes in, these effects come out.

mod calling;
mod gathering;
mod losing;
mod remote;
mod rooms;
mod several;
mod speaking;

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::{Content, Timestamp};

fn passport(name: &str) -> Passport {
    format!("{name}@msn.example").parse().unwrap()
}

fn party(name: &str) -> Party {
    let kind = match name {
        "echo" | "iris" => PartyKind::Person,
        "room" => PartyKind::Room,
        "service" => PartyKind::Service,
        _ => PartyKind::Account,
    };
    Party { passport: passport(name), name: name.to_uppercase(), capabilities: 16, kind }
}

/// A conversation with its clock.
struct Scene {
    conversation: Conversation,
    now: Instant,
}

impl Scene {
    /// Carol and this one, with nobody in it yet.
    fn with(other: &str) -> Self {
        Self { conversation: Conversation::direct(party("carol"), party(other), true), now: Instant::now() }
    }

    /// Carol at seat 1 has called Dave, who has answered at seat 2.
    fn carol_and_dave() -> Self {
        let mut scene = Self::with("dave");
        scene.sit(1, "carol");
        let ring = scene.ring_of(1, "dave");
        scene.answer_ring("dave", ring, Verdict::Ringing);
        scene.answer(2, "dave");
        scene
    }

    /// Carol at seat 1 has called Echo, who is of another network.
    fn carol_and_echo() -> Self {
        let mut scene = Self::with("echo");
        scene.sit(1, "carol");
        scene.call(1, "echo");
        scene
    }

    fn take(&mut self, cause: Cause) -> Vec<Effect> {
        let moment = Moment { instant: self.now, wall: Timestamp(1_000), chance: 0 };
        self.conversation.handle(&moment, cause)
    }

    fn sit(&mut self, seat: u64, who: &str) -> Vec<Effect> {
        self.take(Cause::Seated { seat: SeatId(seat), party: party(who), answering: None })
    }

    fn answer(&mut self, seat: u64, who: &str) -> Vec<Effect> {
        self.take(Cause::Seated { seat: SeatId(seat), party: party(who), answering: Some(9) })
    }

    fn call(&mut self, seat: u64, who: &str) -> Vec<Effect> {
        self.take(Cause::Called { seat: SeatId(seat), tag: 8, callee: party(who) })
    }

    /// Calls, and gives the number of the ring that comes of it.
    fn ring_of(&mut self, seat: u64, who: &str) -> u64 {
        let effects = self.call(seat, who);
        rung(&effects).unwrap_or_else(|| panic!("nobody was rung: {effects:?}"))
    }

    fn answer_ring(&mut self, who: &str, ring: u64, verdict: Verdict) -> Vec<Effect> {
        self.take(Cause::Answered { who: passport(who), ring, verdict })
    }

    fn leave(&mut self, seat: u64) -> Vec<Effect> {
        self.take(Cause::Left(SeatId(seat)))
    }

    /// Says something that is to be kept under this number.
    fn say(&mut self, seat: u64, text: &'static str, id: i64) -> Vec<Effect> {
        let id = MessageId(id);
        self.take(Cause::Said { seat: SeatId(seat), tag: 5, wish: Wish::Either, saying: lasting(text), id })
    }

    fn kept(&mut self, seat: u64, id: i64, kept: bool) -> Vec<Effect> {
        self.take(Cause::Kept { seat: SeatId(seat), tag: 5, wish: Wish::Either, id: MessageId(id), kept })
    }

    /// Says something, which is kept at once: all that comes of it, but that it is to be kept.
    fn tell(&mut self, seat: u64, text: &'static str, id: i64) -> Vec<Effect> {
        let mut effects = self.say(seat, text, id);
        effects.retain(|effect| !matches!(effect, Effect::Keep { .. }));
        effects.extend(self.kept(seat, id, true));
        effects
    }

    fn wait(&mut self, who: &str) -> Vec<Effect> {
        self.take(Cause::Waiting(passport(who)))
    }

    fn fetched(&mut self, who: &str, from: &str, ids: &[i64], more: bool) -> Vec<Effect> {
        let messages = ids.iter().map(|id| waiting(from, *id)).collect();
        self.take(Cause::Fetched { owner: passport(who), messages, more })
    }

    fn shown(&mut self, seat: u64, ids: &[i64]) -> Vec<Effect> {
        self.take(Cause::Shown { seat: SeatId(seat), messages: ids.iter().copied().map(MessageId).collect() })
    }

    /// Lets the deadline come, which must be this far away.
    fn tick_after(&mut self, seconds: u64) -> Vec<Effect> {
        let deadline = self.conversation.deadline().map(|deadline| deadline - self.now);
        assert_eq!(deadline, Some(Duration::from_secs(seconds)));
        self.now += Duration::from_secs(seconds);
        self.take(Cause::Tick)
    }
}

fn lasting(text: &'static str) -> Saying {
    Saying::Lasting {
        payload: Bytes::from_static(text.as_bytes()),
        content: Some(Content::text(text)),
        announced: Vec::new(),
        enclosed: None,
    }
}

fn waiting(from: &str, id: i64) -> Waiting {
    Waiting {
        id: MessageId(id),
        peer: passport(from),
        author_name: String::new(),
        speaker: None,
        sent: Timestamp(id),
        body: Body::Content(Content::text(id.to_string())),
    }
}

fn rung(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| if let Effect::Ring { id, .. } = effect { Some(*id) } else { None })
}

const fn tell(seat: u64, event: SeatEvent) -> Effect {
    Effect::Tell(SeatId(seat), event)
}

fn joined(seat: u64, who: &str) -> Effect {
    tell(seat, SeatEvent::Joined(party(who)))
}

fn left(seat: u64, who: &str) -> Effect {
    tell(seat, SeatEvent::Left(passport(who)))
}

const fn calling(seat: u64) -> Effect {
    tell(seat, SeatEvent::Calling { tag: 8 })
}

const fn not_calling(seat: u64, reason: CallRefusal) -> Effect {
    tell(seat, SeatEvent::NotCalling { tag: 8, reason })
}

fn welcome(seat: u64, roster: &[&str]) -> Effect {
    tell(seat, SeatEvent::Welcome { tag: 9, roster: roster.iter().map(|who| party(who)).collect() })
}

const fn taken(seat: u64) -> Effect {
    tell(seat, SeatEvent::Taken { tag: 5 })
}

const fn not_taken(seat: u64) -> Effect {
    tell(seat, SeatEvent::NotTaken { tag: 5 })
}

fn fetch(owner: &str, peer: &str) -> Effect {
    Effect::Fetch { owner: passport(owner), peer: passport(peer) }
}

fn ring(id: u64, to: &str, from: &str) -> Effect {
    Effect::Ring { id, to: passport(to), from: passport(from), name: party(from).name }
}

fn doorbell(owner: &str, peer: &str) -> Effect {
    Effect::Doorbell { owner: passport(owner), peer: passport(peer) }
}

fn delivered(owner: &str, ids: &[i64]) -> Effect {
    Effect::Delivered { owner: passport(owner), messages: ids.iter().copied().map(MessageId).collect() }
}

/// A Messenger user's message as a client gets it.
fn message(seat: u64, from: &str, text: &'static str, id: Option<i64>) -> Effect {
    let event = SeatEvent::Message {
        from: passport(from),
        name: party(from).name,
        speaker: None,
        sent: Timestamp(1_000),
        body: Body::Payload(Bytes::from_static(text.as_bytes())),
        id: id.map(MessageId),
    };
    tell(seat, event)
}

/// Which kept messages a client was given, and where.
fn given(effects: &[Effect]) -> Vec<(u64, i64)> {
    let each = effects.iter().filter_map(|effect| match effect {
        Effect::Tell(seat, SeatEvent::Message { id: Some(id), .. }) => Some((seat.0, id.0)),
        _ => None,
    });
    each.collect()
}
