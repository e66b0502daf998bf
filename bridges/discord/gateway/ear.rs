//! What one bot hears: events of serenity in, [`Heard`] out, in the same order.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde::Deserialize as _;
use serde_json::Value;
use serenity::{
    async_trait,
    client::{Context, RawEventHandler},
    model::event::Event,
};
use tokio::sync::{mpsc, watch};

use super::{
    Heard, Told,
    asking::TooSoon,
    reading::{happening, is_wanted},
};
use crate::{event::Happening, model::UserId};

/// How many events of one bot wait until they are taken; what comes beyond is left out, and that is told.
pub(super) const WAITING: usize = 4096;
/// How many kinds of unreadable events are told apart in logs.
const MOST_KINDS: usize = 64;

/// One bot's ear. It outlives its connections.
pub(super) struct Ear {
    bot: UserId,
    heard: mpsc::Sender<Heard>,
    /// Events were left out, and nobody has been told yet.
    gap: AtomicBool,
    /// How many sessions have been greeted: something may be sent only then.
    greeted: watch::Sender<u64>,
    too_soon: mpsc::Sender<TooSoon>,
    unreadable: AtomicU64,
    complained: Mutex<HashSet<String>>,
}

impl Ear {
    pub(super) fn new(bot: UserId, heard: mpsc::Sender<Heard>, too_soon: mpsc::Sender<TooSoon>) -> Self {
        let (greeted, _) = watch::channel(0);
        let gap = AtomicBool::new(false);
        Self { bot, heard, gap, greeted, too_soon, unreadable: AtomicU64::new(0), complained: Mutex::default() }
    }

    /// Tells how many sessions have been greeted.
    pub(super) fn greetings(&self) -> watch::Receiver<u64> {
        self.greeted.subscribe()
    }

    /// Passes something on. What is said that there is no room for is left out, and so is what is said after it until the gap
    /// itself has been told: nobody may think that they heard all up to something later. The last of the room is kept for what
    /// nobody could ask for later.
    pub(super) fn tell(&self, what: Told) {
        let can_be_fetched = can_be_fetched(&what);
        if can_be_fetched && self.gap.load(Ordering::Relaxed) && !self.tell_gap() {
            return;
        }
        let told = (!can_be_fetched || self.has_room()) && self.heard.try_send(Heard { bot: self.bot, what }).is_ok();
        if !told && !self.heard.is_closed() {
            self.gap.store(true, Ordering::Relaxed);
            tracing::warn!(bot = %self.bot, "discord: events come faster than they are taken; some are left out");
        }
    }

    /// Tells of a gap, if there is one and room to tell it; whether there is none any more.
    pub(super) fn tell_gap(&self) -> bool {
        let is_told = || self.has_room() && self.heard.try_send(Heard { bot: self.bot, what: Told::Gap }).is_ok();
        if self.gap.load(Ordering::Relaxed) && is_told() {
            self.gap.store(false, Ordering::Relaxed);
        }
        !self.gap.load(Ordering::Relaxed)
    }

    fn has_room(&self) -> bool {
        self.heard.capacity() > self.heard.max_capacity() / 4
    }

    /// Takes an event in. Never waits: while it would, a later event could come before this one.
    fn hear(&self, event: &Event) {
        // What serenity cannot read it hands on as it came; it is read more loosely here.
        let unread = match event {
            Event::Unknown(unknown) => Some((unknown.kind.as_str(), &unknown.value)),
            _ => None,
        };
        if let Some((name, value)) = unread {
            if name == "RATE_LIMITED" {
                // One that is lost here leaves a question unanswered, no more.
                let _ = TooSoon::deserialize(value).map(|told| self.too_soon.try_send(told));
                return;
            }
            if is_wanted(name) {
                self.complain(name, "is not in the form that serenity knows");
                self.read(name, value.clone());
            }
            return;
        }
        let Some(name) = event.name().filter(|name| is_wanted(name)) else { return };
        match serde_json::to_value(event).map(|mut event| event.get_mut("d").map(Value::take)) {
            Ok(data) => self.read(&name, data.unwrap_or_default()),
            Err(_) => self.complain(&name, "cannot be read"),
        }
    }

    fn read(&self, name: &str, data: Value) {
        match happening(name, data) {
            Ok(Some(happening)) => {
                let greeting = matches!(happening, Happening::Ready { .. });
                self.tell(Told::Happened(happening));
                if greeting {
                    self.greeted.send_modify(|greeted| *greeted += 1);
                }
            }
            Ok(None) => {}
            Err(_) => self.complain(name, "cannot be read"),
        }
    }

    /// Counts what is amiss, and writes it down once for each kind of event.
    fn complain(&self, name: &str, problem: &str) {
        let count = self.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.len() < MOST_KINDS && complained.insert(format!("{name} {problem}")) {
            tracing::warn!(bot = %self.bot, event = name, count, "discord: an event {problem}");
        }
    }
}

/// Whether something is asked for anew after a gap: what was said, and who is there. Of guilds and their channels Discord tells in
/// events alone.
fn can_be_fetched(what: &Told) -> bool {
    matches!(
        what,
        Told::Happened(
            Happening::Message(_)
                | Happening::MessageChanged(_)
                | Happening::MessagesGone { .. }
                | Happening::Reaction { .. }
                | Happening::Typing { .. }
                | Happening::Presence { .. }
        )
    )
}

#[async_trait]
impl RawEventHandler for Ear {
    async fn raw_event(&self, _context: Context, event: Event) {
        self.hear(&event);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ear(room: usize) -> (Ear, mpsc::Receiver<Heard>, mpsc::Receiver<TooSoon>) {
        let (heard, hearing) = mpsc::channel(room);
        let (too_soon, later) = mpsc::channel(4);
        (Ear::new(UserId(1000), heard, too_soon), hearing, later)
    }

    fn event(name: &str, data: &Value) -> Event {
        serde_json::from_value(json!({ "t": name, "d": data })).unwrap()
    }

    fn typing(user: u64) -> Event {
        event("TYPING_START", &json!({ "channel_id": "5", "user_id": user.to_string(), "timestamp": 1 }))
    }

    fn user(told: &Told) -> u64 {
        match told {
            Told::Happened(Happening::Typing { user, .. }) => user.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_gap_is_told_before_anything_that_came_after_it() {
        let (ear, mut hearing, _later) = ear(2);
        for number in 1..=4 {
            ear.hear(&typing(number));
        }
        assert_eq!(user(&hearing.try_recv().unwrap().what), 1);
        ear.hear(&typing(5));
        assert_eq!(user(&hearing.try_recv().unwrap().what), 2);
        assert_eq!(hearing.try_recv().unwrap().what, Told::Gap);
        assert!(hearing.try_recv().is_err(), "what came while there was no room is left out");
        ear.hear(&typing(6));
        assert_eq!(hearing.try_recv().unwrap().what, Told::Gap, "the fifth was left out too");
        assert_eq!(user(&hearing.try_recv().unwrap().what), 6);
    }

    #[test]
    fn a_storm_of_messages_leaves_room_for_what_is_told_only_once() {
        let (ear, mut hearing, _later) = ear(8);
        for number in 1..=20 {
            ear.hear(&typing(number));
        }
        ear.hear(&event("GUILD_DELETE", &json!({ "id": "900" })));
        let mut heard = std::iter::from_fn(|| hearing.try_recv().ok().map(|heard| heard.what));
        assert!(heard.any(|told| matches!(told, Told::Happened(Happening::GuildGone { .. }))));
        assert!(heard.next().is_none() && ear.tell_gap());
        assert_eq!(hearing.try_recv().unwrap().what, Told::Gap);
    }

    #[test]
    fn what_serenity_cannot_read_is_heard_all_the_same() {
        let (ear, mut hearing, _later) = ear(9);
        let odd = event("MESSAGE_CREATE", &json!({ "id": "10", "channel_id": "5", "content": "hi", "type": "odd" }));
        assert!(matches!(odd, Event::Unknown(_)), "serenity has become more tolerant: take another example");
        ear.hear(&odd);
        let Told::Happened(Happening::Message(message)) = hearing.try_recv().unwrap().what else { panic!("a message") };
        assert_eq!(message.content, "hi");
        ear.hear(&event("MESSAGE_CREATE", &json!({ "content": "without an id" })));
        ear.hear(&event("NEWS_OF_2027", &json!({ "id": "1" })));
        assert!(hearing.try_recv().is_err());
        assert_eq!(ear.unreadable.load(Ordering::Relaxed), 3);
        assert_eq!(ear.complained.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_greeting_and_a_question_that_came_too_soon_are_noticed() {
        let (ear, _hearing, mut later) = ear(9);
        let greetings = ear.greetings();
        ear.hear(&event("READY", &json!({ "user": { "id": "1000" }, "application": { "id": "1000" }, "guilds": [] })));
        assert_eq!(*greetings.borrow(), 1);
        ear.hear(&event("RATE_LIMITED", &json!({ "opcode": 8, "retry_after": 5.0, "meta": { "nonce": "1" } })));
        later.try_recv().expect("the answer is handed on");
    }
}
