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

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use bridge::{Host, HostFault, Write};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::mpsc;

use self::pace::{Pace, Verdict};
use crate::invitations::Invitations;

/// The rooms of the bot are kept under this and their id, each with whom it manages things there, or with nothing.
const ROOM: &str = "bot/";
/// What a command begins with where the bot is not alone with somebody.
const PREFIX: &str = "!msn";
/// How much may wait to be done. Everybody's commands are counted, so that it takes many people to fill it.
const WAITING: usize = 256;
/// The longest command that is looked at, in bytes.
const LONGEST: usize = 4096;

/// The bot.
pub(crate) struct Bot {
    host: Arc<dyn Host>,
    /// The rooms that it is in; a management room with its person.
    rooms: RwLock<HashMap<OwnedRoomId, Option<OwnedUserId>>>,
    pace: Mutex<Pace>,
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
    /// Somebody left a room that it is in, or it was put out.
    Left { room: OwnedRoomId },
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
            requests: Mutex::new(Invitations::new(requests_per_hour)),
            errands,
            waiting: Mutex::new(Some(waiting)),
        })
    }

    /// Whether these words are for the bot, and so no message. Costs nothing.
    pub(crate) fn hears(&self, room: &RoomId, by: &UserId, body: &str) -> bool {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room).is_some_and(|with| with.as_deref() == Some(by) || without_prefix(body).is_some())
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
        if body.len() > LONGEST || !self.hears(&room, &by, &body) {
            return;
        }
        let verdict = self.pace.lock().unwrap_or_else(PoisonError::into_inner).admits(&by, self.host.now());
        let heard = Heard { room, by, event, body };
        match verdict {
            Verdict::Go => self.send(Errand::Heard(heard)),
            Verdict::SayWait => self.send(Errand::TooMuch(heard)),
            Verdict::Silence => tracing::debug!(by = %heard.by, "commands too fast"),
        }
    }

    /// Somebody left a room, or was put out; the bot itself, perhaps. Returns at once.
    pub(crate) fn left(&self, room: OwnedRoomId) {
        if self.is_in(&room) {
            self.send(Errand::Left { room });
        }
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
        if self.errands.try_send(errand).is_err() {
            tracing::warn!("more is asked of the bot than it can do; one wish is passed over");
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
    use super::*;

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
