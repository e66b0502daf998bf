//! Lines that have to be decrypted before the bot can hear them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{Bot, Errand, Heard};
use crate::{appservice::Appservice, encryption::Opened, event::Event};

/// How many lines may wait. Keys mostly come before what they are for; what is too much is told as what cannot be read.
const MOST: usize = 64;
/// How soon those that wait are tried again, though no key has come.
const AGAIN: Duration = Duration::from_secs(2);

/// The lines that wait, the oldest first.
#[derive(Default)]
pub(super) struct Waiting {
    lines: Mutex<VecDeque<Event>>,
    bell: Notify,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bot {
    /// Somebody said something, perhaps to the bot, that cannot be read now, or never. Returns at once.
    pub(crate) fn waits_for(&self, event: Event) {
        let is_hopeless = !event.is_sealed();
        if is_hopeless || self.sealed.lock().len() >= MOST {
            self.cannot_read(&event);
            return;
        }
        self.sealed.lock().push_back(event);
        self.sealed.bell.notify_one();
    }

    /// Keys have come.
    pub(crate) fn keys_came(&self) {
        self.sealed.bell.notify_one();
    }

    /// Where everything is for the bot, who said what cannot be read is told so. Elsewhere it was hardly meant for it.
    fn cannot_read(&self, event: &Event) {
        if self.manages(&event.room).is_some_and(|with| with == event.sender) && self.is_new(&event.id) {
            let (room, by, event) = (event.room.clone(), event.sender.clone(), event.id.clone());
            self.send(Errand::Unread(Heard { room, by, event, body: String::new() }));
        }
    }
}

impl Appservice {
    /// Decrypts for the bot what it could not read at once, until everything ends.
    pub(crate) async fn open_for_bot(self: Arc<Self>) {
        loop {
            let is_idle = self.bot.sealed.lock().is_empty();
            let next = async {
                tokio::select! {
                    () = self.bot.sealed.bell.notified() => {}
                    () = tokio::time::sleep(AGAIN), if !is_idle => {}
                }
            };
            if self.stopping.run_until_cancelled(next).await.is_none() {
                return;
            }
            // In their order, and each to its end: one that waits holds up no other room, but its own.
            let waiting = std::mem::take(&mut *self.bot.sealed.lock());
            let mut left: VecDeque<Event> = VecDeque::new();
            for event in waiting {
                let is_behind = left.iter().any(|before| before.room == event.room);
                if is_behind || !self.open_one_for_bot(&event).await {
                    left.push_back(event);
                }
            }
            let mut lines = self.bot.sealed.lock();
            left.append(&mut lines);
            *lines = left;
        }
    }

    /// Decrypts a line for the bot; says whether that has come to an end.
    async fn open_one_for_bot(&self, event: &Event) -> bool {
        match self.open(event, Some(self.configuration.names.bot())).await {
            Some(Opened::Later) => false,
            Some(opened @ Opened::Clear(_)) => {
                let clear = event.clone().opened(&opened, &self.configuration.names);
                if let Some(words) = clear.words() {
                    self.bot.hear(clear.room.clone(), clear.sender.clone(), clear.id.clone(), words.to_owned());
                }
                true
            }
            Some(Opened::Never) => {
                self.bot.cannot_read(event);
                true
            }
            // It is in the room no more.
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use bridge::{Host as _, Write, conformance::FakeHost};
    use domain::Timestamp;
    use ruma::{owned_event_id, owned_room_id, owned_user_id};
    use serde_json::Value;

    use super::*;
    use crate::{event::What, message};

    fn line(room: &str, what: What) -> Event {
        Event {
            room: ruma::RoomId::parse(room).unwrap(),
            id: owned_event_id!("$1"),
            sender: owned_user_id!("@alice:example.org"),
            sent: Timestamp(7),
            heard: Vec::new(),
            what,
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_answered_where_it_was_meant_for_the_bot() {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let rooms = [("bot/!several", ""), ("bot/!alone", "@alice:example.org")];
        host.write(rooms.map(|(key, with)| Write::Put(key.into(), with.into())).into()).await.unwrap();
        let bot = Bot::load(host, 4).await.unwrap();
        let waits = || bot.waiting.lock().unwrap().as_ref().unwrap().len();
        let lost = || What::Unread(message::unread(1));
        bot.waits_for(line("!several", lost()));
        assert_eq!(waits(), 0, "others speak there, too");
        bot.waits_for(line("!alone", What::Sealed(Box::new(Value::Null))));
        assert_eq!((waits(), bot.sealed.lock().len()), (0, 1), "its key may come");
        bot.waits_for(line("!alone", lost()));
        bot.waits_for(line("!alone", lost()));
        assert_eq!(waits(), 1, "told once");
        assert!(bot.manages(&owned_room_id!("!alone")).is_some());
    }

    #[tokio::test]
    async fn no_more_wait_than_memory_is_for() {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let bot = Bot::load(host, 4).await.unwrap();
        for _ in 0..MOST * 2 {
            bot.waits_for(line("!r", What::Sealed(Box::new(Value::Null))));
        }
        assert_eq!(bot.sealed.lock().len(), MOST);
    }
}
