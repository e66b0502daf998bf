//! What a homeserver pushes, put into what has happened. Pure.

mod checking;

use std::collections::{BTreeMap, BTreeSet};

use domain::{Timestamp, presence::RemotePresence};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{event::Event, names::Names, presence};

pub(crate) use checking::check;

/// The body of a transaction, without what it says of keys.
///
/// Each event is read by itself: one that cannot be must never keep the homeserver from sending all others.
#[derive(Debug, Deserialize)]
pub(crate) struct Transaction {
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    ephemeral: Vec<Box<RawValue>>,
    /// The same under its older name; a server may send both.
    #[serde(default, rename = "de.sorunome.msc2409.ephemeral")]
    older_ephemeral: Vec<Box<RawValue>>,
}

/// Something that happened on Matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are events")]
pub(crate) enum Happening {
    /// Something that stays, in a room.
    Event(Event),
    /// Exactly these people type in a room; our own are left out.
    Typing {
        /// Which room.
        room: OwnedRoomId,
        /// Who.
        users: BTreeSet<OwnedUserId>,
    },
    /// These people have read in a room; our own are left out.
    Read {
        /// Which room.
        room: OwnedRoomId,
        /// Who.
        users: BTreeSet<OwnedUserId>,
    },
    /// Somebody's presence.
    Seen {
        /// Whose.
        user: OwnedUserId,
        /// What it is.
        presence: RemotePresence,
    },
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Ephemeral {
    #[serde(rename = "m.typing")]
    Typing { room_id: OwnedRoomId, content: TypingContent },
    #[serde(rename = "m.receipt")]
    Receipt { room_id: OwnedRoomId, content: BTreeMap<OwnedEventId, Receipts> },
    #[serde(rename = "m.presence")]
    Presence { sender: OwnedUserId, content: PresenceContent },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct TypingContent {
    user_ids: Vec<OwnedUserId>,
}

#[derive(Deserialize)]
struct Receipts {
    #[serde(default, rename = "m.read")]
    read: BTreeMap<OwnedUserId, Value>,
}

#[derive(Deserialize)]
struct PresenceContent {
    presence: String,
    last_active_ago: Option<u64>,
    status_msg: Option<String>,
}

impl Transaction {
    /// Reads a body; the error says what it lacks.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// What has happened, in order.
    pub(crate) fn happenings(&self, names: &Names, now: Timestamp) -> Vec<Happening> {
        let events = self.events.iter().filter_map(|event| Event::read(&value(event)?, names)).map(Happening::Event);
        let signals: Vec<Value> = self.ephemeral.iter().filter_map(|event| value(event)).collect();
        let older =
            self.older_ephemeral.iter().filter_map(|event| value(event)).filter(|event| !signals.contains(event));
        let older: Vec<Value> = older.collect();
        let signals = signals.iter().chain(&older).filter_map(|event| signal(names, event, now));
        events.chain(signals).collect()
    }
}

/// An event by itself; `None` for one that is passed over, such as one that is nested more deeply than is read.
pub(crate) fn value(event: &RawValue) -> Option<Value> {
    serde_json::from_str(event.get())
        .inspect_err(|fault| tracing::warn!(%fault, "an event that cannot be read is passed over"))
        .ok()
}

/// What an ephemeral event tells; `None` for one that is passed over, or that is about our own users.
pub(crate) fn signal(names: &Names, event: &Value, now: Timestamp) -> Option<Happening> {
    let others = |users: &mut dyn Iterator<Item = OwnedUserId>| users.filter(|user| !names.is_ours(user)).collect();
    match Ephemeral::deserialize(event).ok()? {
        Ephemeral::Typing { room_id: room, content } => {
            Some(Happening::Typing { room, users: others(&mut content.user_ids.into_iter()) })
        }
        Ephemeral::Receipt { room_id: room, content } => {
            let users = others(&mut content.into_values().flat_map(|receipts| receipts.read.into_keys()));
            Some(Happening::Read { room, users })
        }
        Ephemeral::Presence { sender, .. } if names.is_ours(&sender) => None,
        Ephemeral::Presence { sender: user, content } => {
            let line = content.status_msg.as_deref();
            let presence = presence::seen(&content.presence, content.last_active_ago, line, now);
            Some(Happening::Seen { user, presence })
        }
        Ephemeral::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::presence::Availability;
    use ruma::owned_user_id;
    use serde_json::json;

    use super::*;
    use crate::{event::tests::GHOST, names::tests::names};

    fn happenings(transaction: &Value) -> Vec<Happening> {
        let transaction = Transaction::read(transaction.to_string().as_bytes()).unwrap();
        transaction.happenings(&names(), Timestamp(50_000))
    }

    #[test]
    fn signals_come_under_two_names_and_count_once() {
        let typing =
            json!({"type": "m.typing", "room_id": "!r", "content": {"user_ids": ["@alice:example.org", GHOST]}});
        let presence = json!({"type": "m.presence", "sender": "@alice:example.org",
            "content": {"presence": "unavailable", "last_active_ago": 20_000, "status_msg": "tea"}});
        let own = json!({"type": "m.presence", "sender": GHOST, "content": {"presence": "online"}});
        let receipt = json!({"type": "m.receipt", "room_id": "!r", "content": {
            "$a": {"m.read": {"@alice:example.org": {"ts": 3}, GHOST: {"ts": 4}}},
            "$b": {"m.read.private": {"@bob:example.org": {}}},
        }});
        let all = happenings(&json!({
            "events": [],
            "ephemeral": [typing, presence, own, receipt],
            "de.sorunome.msc2409.ephemeral": [typing, presence],
        }));
        let [Happening::Typing { users, .. }, Happening::Seen { presence, .. }, Happening::Read { users: read, .. }] =
            all.as_slice()
        else {
            panic!("{all:?}")
        };
        let alice = BTreeSet::from([owned_user_id!("@alice:example.org")]);
        assert_eq!((users, read), (&alice, &alice));
        assert_eq!((presence.availability, presence.last_active), (Availability::Away, Some(Timestamp(30_000))));
    }

    #[test]
    fn what_is_malformed_does_not_hold_up_the_rest() {
        let good = json!({ "type": "m.room.message", "sender": "@alice:example.org", "event_id": "$e", "room_id": "!r",
            "content": {"msgtype": "m.text", "body": "x"} });
        let all = happenings(&json!({ "events": [3, {}, {"type": "m.room.message"}, good], "ephemeral": ["x", {}] }));
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(Transaction::read(b"{}").is_err() && Transaction::read(b"\xff").is_err());
    }

    #[test]
    fn an_event_nested_too_deeply_is_passed_over_alone() {
        let said = |id: &str, body: &str| {
            format!(
                r#"{{"type":"m.room.message","sender":"@alice:example.org","event_id":"{id}","room_id":"!r","content":{{"msgtype":"m.text","body":"x","nested":{body}}}}}"#
            )
        };
        // The event's own two levels come on top.
        for (levels, is_read) in [(122, true), (123, true), (124, true), (125, true), (126, false), (60_000, false)] {
            let nested = said("$deep", &format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
            let body = format!(r#"{{"events":[{nested},{}],"ephemeral":[{nested}]}}"#, said("$after", "1"));
            let transaction = Transaction::read(body.as_bytes()).unwrap();
            let all = transaction.happenings(&names(), Timestamp(0));
            assert_eq!(all.len(), if is_read { 2 } else { 1 }, "{levels} levels");
            assert!(matches!(all.last(), Some(Happening::Event(event)) if event.id == "$after"), "{levels} levels");
        }
    }
}
