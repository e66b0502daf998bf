//! What goes wrong on purpose: for the next requests and events of a kind, or by chance.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::id::Id;
use crate::rest::Route;
use crate::world::session::{Order, Session};

/// What befalls a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, nothing is done.
    RateLimited {
        /// After which time it may be tried again.
        retry_after: Duration,
        /// Whether it holds for all routes.
        global: bool,
    },
    /// This status, 500, 502 or 503, with a page instead of JSON; nothing is done.
    Status(u16),
    /// It is done, and answered with this status all the same.
    StatusAfterEffect(u16),
    /// Refused in Discord's form; nothing is done.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's code.
        code: u32,
        /// Discord's words.
        message: String,
    },
    /// It is done, and the connection ends without an answer.
    AnswerLost,
    /// The connection ends, and nothing is done.
    Cut,
    /// It waits before it is done.
    Delay(Duration),
    /// It is done, and the answer waits.
    LateAnswer(Duration),
    /// It is done, and half of the JSON comes back.
    Truncated,
    /// It is done, and what comes back is no JSON.
    Unreadable,
    /// It is done, and one field of the answer has a type that nobody expects.
    WrongType(String),
}

/// What befalls an event of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFault {
    /// This field has a type that nobody expects.
    Malformed(String),
    /// It comes twice.
    Duplicated,
    /// It comes after the next of its kind.
    Late,
    /// It does not come at all.
    Lost,
    /// Op 7 follows it.
    Reconnect,
    /// Op 9 follows it; whether a resume is possible.
    Invalidated(bool),
    /// A close with this code follows it.
    Closed(u16),
    /// The connection ends after it without a word.
    Cut,
}

/// What is to go wrong.
#[derive(Default)]
pub(crate) struct Faults {
    planned: Vec<Planned<Option<Route>, Fault>>,
    chance: Option<Chance<Fault>>,
    planned_events: Vec<Planned<String, EventFault>>,
    event_chance: Option<Chance<EventFault>>,
    held: Vec<Held>,
    refused_resumes: BTreeMap<Id, u32>,
    met: u32,
}

struct Planned<Where, What> {
    place: Where,
    left: u32,
    what: What,
}

struct Chance<What> {
    generator: StdRng,
    per_mille: u32,
    choice: Vec<What>,
}

struct Held {
    session: String,
    name: String,
    data: Value,
}

impl<What: Clone> Chance<What> {
    fn new(seed: u64, per_mille: u32, choice: &[What]) -> Option<Self> {
        let generator = StdRng::seed_from_u64(seed);
        (!choice.is_empty()).then(|| Self { generator, per_mille, choice: choice.to_vec() })
    }

    fn draw(&mut self) -> Option<What> {
        if self.generator.random_range(0..1000) >= self.per_mille {
            return None;
        }
        let index = self.generator.random_range(0..self.choice.len());
        self.choice.get(index).cloned()
    }
}

impl Faults {
    /// The next so many requests of a route meet this; of any route, without one.
    pub(crate) fn plan(&mut self, route: Option<Route>, times: u32, what: Fault) {
        self.planned.push(Planned { place: route, left: times, what });
    }

    /// From now on so many of a thousand requests meet one of these.
    pub(crate) fn strike(&mut self, seed: u64, per_mille: u32, faults: &[Fault]) {
        self.chance = Chance::new(seed, per_mille, faults);
    }

    /// The next so many events of this name meet this, counted over all sessions.
    pub(crate) fn plan_event(&mut self, name: &str, times: u32, what: EventFault) {
        self.planned_events.push(Planned { place: name.into(), left: times, what });
    }

    /// From now on so many of a thousand events meet one of these.
    pub(crate) fn strike_events(&mut self, seed: u64, per_mille: u32, faults: &[EventFault]) {
        self.event_chance = Chance::new(seed, per_mille, faults);
    }

    /// The next so many resumes of a bot are refused.
    pub(crate) fn refuse_resumes(&mut self, bot: Id, times: u32) {
        self.refused_resumes.insert(bot, times);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn rest(&mut self) {
        let met = self.met;
        let held = std::mem::take(&mut self.held);
        *self = Self { held, met, ..Self::default() };
    }

    /// How many requests and events have met one.
    pub(crate) const fn met(&self) -> u32 {
        self.met
    }

    /// What befalls this request.
    pub(crate) fn draw(&mut self, route: Route) -> Option<Fault> {
        let planned = self.planned.iter_mut().find(|planned| planned.place.is_none_or(|place| place == route));
        let drawn = match planned {
            Some(planned) => {
                planned.left = planned.left.saturating_sub(1);
                Some(planned.what.clone())
            }
            None => self.chance.as_mut().and_then(Chance::draw),
        };
        self.planned.retain(|planned| planned.left > 0);
        self.met += u32::from(drawn.is_some());
        drawn
    }

    /// Whether this resume is refused.
    pub(crate) fn refuses_resume(&mut self, bot: Id) -> bool {
        let Some(left) = self.refused_resumes.get_mut(&bot).filter(|left| **left > 0) else { return false };
        *left -= 1;
        self.met += 1;
        true
    }

    /// Lets an event through to a session, or does to it what is to befall it.
    pub(crate) fn pass(&mut self, session: &mut Session, name: &str, data: &Value) {
        match self.draw_event(name) {
            None => session.push(name, data),
            Some(EventFault::Malformed(field)) => session.push(name, &spoilt(data, &field)),
            Some(EventFault::Duplicated) => {
                session.push(name, data);
                session.push(name, data);
            }
            Some(EventFault::Late) => {
                self.held.push(Held { session: session.id.clone(), name: name.into(), data: data.clone() });
                return;
            }
            Some(EventFault::Lost) => return,
            Some(EventFault::Reconnect) => push_with(session, name, data, Order::Reconnect),
            Some(EventFault::Invalidated(resumable)) => push_with(session, name, data, Order::Invalidate(resumable)),
            Some(EventFault::Closed(code)) => push_with(session, name, data, Order::Close(code)),
            Some(EventFault::Cut) => push_with(session, name, data, Order::Cut),
        }
        let (due, kept) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| held.session == session.id && held.name == name);
        self.held = kept;
        let due: Vec<Held> = due;
        for held in due {
            session.push(&held.name, &held.data);
        }
    }

    fn draw_event(&mut self, name: &str) -> Option<EventFault> {
        let drawn = match self.planned_events.iter_mut().find(|planned| planned.place == name) {
            Some(planned) => {
                planned.left = planned.left.saturating_sub(1);
                Some(planned.what.clone())
            }
            // Without these there would be no session in which anything could befall.
            None if matches!(name, "READY" | "RESUMED") => None,
            None => self.event_chance.as_mut().and_then(Chance::draw),
        };
        self.planned_events.retain(|planned| planned.left > 0);
        self.met += u32::from(drawn.is_some());
        drawn
    }
}

fn push_with(session: &mut Session, name: &str, data: &Value, order: Order) {
    session.push(name, data);
    session.orders.push_back(order);
}

/// The same with one field of a type that nobody expects.
pub(crate) fn spoilt(data: &Value, field: &str) -> Value {
    let mut data = data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.insert(field.into(), json!({"unexpected": [true]}));
    }
    data
}
