//! The bot: whom people on Matrix ask for help, for accounts and for chats.
//!
//! It goes into rooms that it is asked into by whoever has a permission. A room of it and one person is a management room,
//! where every line is a command; elsewhere it answers lines that begin with `!msn`. What reaches it waits in a bounded queue
//! and is done by one task, so that nothing here ever holds up a transaction, and answers come in the order of the questions.

mod accounts;
mod answers;
mod commands;
mod errands;
mod operators;
mod pace;
mod portals;
mod sealed;
mod secrets;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use bridge::{Bound, Host, HostFault, Write};
use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};

use self::{
    pace::{Pace, Verdict},
    sealed::Waiting,
    secrets::Secrets,
};
use crate::invitations::Invitations;

/// The rooms of the bot are kept under this and their id, each with whom it manages things there, or with nothing.
const ROOM: &str = "bot/";
/// What a command begins with where the bot is not alone with somebody.
const PREFIX: &str = "!msn";
/// How much may wait to be done. Everybody's commands are counted, so that it takes many people to fill it.
const WAITING: usize = 256;
/// How many of the last commands are known again when a transaction that told of them is repeated.
const REMEMBERED: usize = 1024;
/// The longest command that is looked at, in bytes.
const LONGEST: usize = 4096;

/// The bot.
pub(crate) struct Bot {
    host: Arc<dyn Host>,
    /// The rooms that it is in; a management room with its person.
    rooms: RwLock<HashMap<OwnedRoomId, Option<OwnedUserId>>>,
    pace: Mutex<Pace>,
    /// The last commands, the oldest first.
    heard: Mutex<VecDeque<OwnedEventId>>,
    /// The rooms that somebody left since it was looked who is left.
    departures: Mutex<BTreeSet<OwnedRoomId>>,
    departed: Notify,
    secrets: Secrets,
    sealed: Waiting,
    /// The chats that people asked for: an account is not asked more often this way than by invitations.
    requests: Mutex<Invitations>,
    errands: mpsc::Sender<Errand>,
    waiting: Mutex<Option<mpsc::Receiver<Errand>>>,
}

/// Something for the bot to do.
enum Errand {
    /// Somebody asked it into a room.
    Invited { room: OwnedRoomId, by: OwnedUserId },
    /// A ghost did, of a room that is being made.
    Made { room: OwnedRoomId },
    /// Somebody gave it a command.
    Heard(Heard),
    /// Somebody who commands too much is to be told so.
    TooMuch(Heard),
    /// What somebody said could not be decrypted, which they are to be told.
    Unread(Heard),
}

/// A line for the bot.
struct Heard {
    room: OwnedRoomId,
    by: OwnedUserId,
    event: OwnedEventId,
    /// It may hold a password, and is shown to nobody.
    body: String,
}

impl Bot {
    /// Reads what is kept. `requests_per_hour` bounds the chats that one person may ask for.
    pub(crate) async fn load(host: Arc<dyn Host>, requests_per_hour: u32) -> Result<Self, HostFault> {
        let kept = host.list(ROOM).await?.into_iter();
        let rooms = kept.filter_map(|(key, with)| {
            let room = RoomId::parse(key.strip_prefix(ROOM)?).ok()?;
            Some((room, UserId::parse(with).ok()))
        });
        let (errands, waiting) = mpsc::channel(WAITING);
        Ok(Self {
            rooms: RwLock::new(rooms.collect()),
            host,
            pace: Mutex::default(),
            heard: Mutex::default(),
            departures: Mutex::default(),
            departed: Notify::new(),
            secrets: Secrets::default(),
            sealed: Waiting::default(),
            requests: Mutex::new(Invitations::new(requests_per_hour)),
            errands,
            waiting: Mutex::new(Some(waiting)),
        })
    }

    /// Whether these words are for the bot, and so no message. Costs nothing.
    pub(crate) fn hears(&self, room: &RoomId, by: &UserId, body: &str) -> bool {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let is_for_it = |with: &Option<OwnedUserId>| with.as_deref() == Some(by) || without_prefix(body).is_some();
        // A password is for nobody else, even where whoever says it has not noticed that others are there.
        rooms.get(room).is_some_and(|with| is_for_it(with) || commands::gives_away_a_secret(body))
    }

    /// Somebody invited the bot. Returns at once.
    pub(crate) fn invited(&self, room: OwnedRoomId, by: OwnedUserId) {
        self.send(Errand::Invited { room, by });
    }

    /// A ghost asked the bot into a room that it made. Returns at once.
    pub(crate) fn asked_by_ghost(&self, room: OwnedRoomId) {
        self.send(Errand::Made { room });
    }

    /// Somebody said something in a room where it may be for the bot; what is not, is passed over. Returns at once.
    pub(crate) fn hear(&self, room: OwnedRoomId, by: OwnedUserId, event: OwnedEventId, body: String) {
        if !self.hears(&room, &by, &body) || !self.is_new(&event) {
            return;
        }
        let verdict = self.pace.lock().unwrap_or_else(PoisonError::into_inner).admits(&by, self.host.now());
        if verdict != Verdict::Go {
            self.host.reached(Bound::Commands, by.as_str());
        }
        if commands::holds_a_secret(&body) {
            self.secrets.note((room.clone(), event.clone()), verdict != Verdict::Silence);
        }
        if body.len() > LONGEST {
            return;
        }
        let heard = Heard { room, by, event, body };
        match verdict {
            Verdict::Go => self.send(Errand::Heard(heard)),
            Verdict::SayWait => self.send(Errand::TooMuch(heard)),
            Verdict::Silence => {}
        }
    }

    /// Somebody left a room, or was put out; the bot itself, perhaps. Returns at once.
    pub(crate) fn left(&self, room: OwnedRoomId) {
        if self.is_in(&room) {
            self.somebody_left(room);
            self.departed.notify_one();
        }
    }

    fn somebody_left(&self, room: OwnedRoomId) {
        self.departures.lock().unwrap_or_else(PoisonError::into_inner).insert(room);
    }

    /// A room that somebody left, if there is one.
    fn next_departure(&self) -> Option<OwnedRoomId> {
        self.departures.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }

    /// Whether a command was not heard before: a transaction that only tells of commands is taken whole when it comes again.
    fn is_new(&self, event: &EventId) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.iter().any(|known| known == event) {
            return false;
        }
        if heard.len() >= REMEMBERED {
            heard.pop_front();
        }
        heard.push_back(event.to_owned());
        true
    }

    /// Whether the bot is in this room, as far as it knows.
    pub(crate) fn is_in(&self, room: &RoomId) -> bool {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).contains_key(room)
    }

    /// With whom the bot manages things in this room; `None` where it is not alone with somebody.
    fn manages(&self, room: &RoomId) -> Option<OwnedUserId> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner).get(room).cloned().flatten()
    }

    /// The bot is in this room now, `with` somebody alone or with several.
    async fn enter(&self, room: &RoomId, with: Option<&UserId>) -> Result<(), HostFault> {
        let value = with.map(ToString::to_string).unwrap_or_default();
        self.host.write(vec![Write::Put(format!("{ROOM}{room}"), value)]).await?;
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        rooms.insert(room.to_owned(), with.map(ToOwned::to_owned));
        Ok(())
    }

    /// The bot is not in this room any more.
    async fn forget(&self, room: &RoomId) -> Result<(), HostFault> {
        self.host.write(vec![Write::Delete(format!("{ROOM}{room}"))]).await?;
        self.rooms.write().unwrap_or_else(PoisonError::into_inner).remove(room);
        Ok(())
    }

    fn send(&self, errand: Errand) {
        // What was too much has been counted; at the end nobody takes anything any more.
        let is_counted = matches!(errand, Errand::TooMuch(_));
        if let Err(TrySendError::Full(_)) = self.errands.try_send(errand)
            && !is_counted
        {
            // One wish is passed over.
            self.host.reached(Bound::Commands, "everybody together");
        }
    }
}

/// What stands behind the prefix, if a line begins with it.
fn without_prefix(body: &str) -> Option<&str> {
    let (first, rest) = body.trim_start().split_at_checked(PREFIX.len())?;
    let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (first.eq_ignore_ascii_case(PREFIX) && ends).then_some(rest)
}

#[cfg(test)]
mod tests {
    use bridge::conformance::FakeHost;
    use ruma::{owned_event_id, owned_room_id, owned_user_id};

    use super::*;

    /// A bot that is in a room with several people, and with alice alone in another.
    async fn bot() -> Bot {
        bot_of(&FakeHost::new("matrix".parse().unwrap(), Vec::new())).await
    }

    /// The same, of this host.
    async fn bot_of(host: &Arc<FakeHost>) -> Bot {
        let host = Arc::clone(host);
        let rooms = [("bot/!several", ""), ("bot/!alone", "@alice:example.org")];
        host.write(rooms.map(|(key, with)| Write::Put(key.into(), with.into())).into()).await.unwrap();
        Bot::load(host, 4).await.unwrap()
    }

    fn waits(bot: &Bot) -> usize {
        bot.waiting.lock().unwrap().as_ref().unwrap().len()
    }

    #[tokio::test]
    async fn a_password_is_hidden_whatever_becomes_of_its_line() {
        let bot = bot().await;
        let (room, alice) = (owned_room_id!("!several"), owned_user_id!("@alice:example.org"));
        let say = |event: &str, body: &str| {
            bot.hear(room.clone(), alice.clone(), EventId::parse(event).unwrap(), body.into());
            bot.secrets.has(&(room.clone(), EventId::parse(event).unwrap()))
        };
        assert!(say("$bare", "register a@b.c hunter22"), "though it lacks the prefix");
        assert!(say("$long", &format!("!msn register a@b.c {}", "x".repeat(LONGEST))), "though it is not obeyed");
        for number in 0..100 {
            assert!(!say(&format!("$help{number}"), "!msn help"));
        }
        assert!(say("$fast", "!msn register a@b.c hunter22"), "though it is too fast");
        assert!(!say("$search", "!msn search register a@b.c"));
    }

    #[tokio::test]
    async fn a_command_that_is_told_twice_is_heard_once() {
        let bot = bot().await;
        let say =
            |event| bot.hear(owned_room_id!("!alone"), owned_user_id!("@alice:example.org"), event, "help".into());
        say(owned_event_id!("$1"));
        say(owned_event_id!("$1"));
        assert_eq!(waits(&bot), 1);
        say(owned_event_id!("$2"));
        assert_eq!(waits(&bot), 2);
    }

    #[tokio::test]
    async fn whoever_says_too_much_is_told_of_to_the_host() {
        let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
        let bot = bot_of(&host).await;
        for number in 0..22 {
            let event = EventId::parse(format!("${number}")).unwrap();
            bot.hear(owned_room_id!("!alone"), owned_user_id!("@alice:example.org"), event, "help".into());
        }
        let alice = (Bound::Commands, "@alice:example.org".to_owned());
        assert_eq!(host.seen().bounds, [alice.clone(), alice], "twenty are carried out");
    }

    #[tokio::test]
    async fn a_crowd_that_leaves_is_one_thing_to_do() {
        let bot = bot().await;
        for _ in 0..1000 {
            bot.left(owned_room_id!("!several"));
            bot.left(owned_room_id!("!where_it_is_not"));
        }
        assert_eq!(waits(&bot), 0, "commands find room");
        assert_eq!(bot.next_departure(), Some(owned_room_id!("!several")));
        assert_eq!(bot.next_departure(), None);
    }

    #[test]
    fn the_prefix_is_a_word() {
        for (body, expected) in [
            ("!msn help", Some(" help")),
            ("  !MSN\thelp", Some("\thelp")),
            ("!msn", Some("")),
            ("!msnhelp", None),
            ("say !msn", None),
            ("!ms\u{e9}", None),
            ("", None),
        ] {
            assert_eq!(without_prefix(body), expected, "{body:?}");
        }
    }
}
