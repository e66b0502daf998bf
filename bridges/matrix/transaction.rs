//! What a homeserver pushes, put into what has happened. Pure: nothing is looked up and nothing is done here.

use domain::{Content, Passport, Timestamp, presence::RemotePresence};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::{message, names::Names, presence};

/// The type of the state event by which a room that we made is known again; it has no state key, as one that begins with
/// `@` could be set by nobody but that user.
pub(crate) const DIRECT: &str = "im.chrysalis.direct";

/// The body of a transaction. What is not read yet (to-device messages, device lists) is left out.
#[derive(Debug, Deserialize)]
pub(crate) struct Transaction {
    events: Vec<Value>,
    #[serde(default)]
    ephemeral: Vec<Value>,
    /// The same under its older name; a server may send both.
    #[serde(default, rename = "de.sorunome.msc2409.ephemeral")]
    older_ephemeral: Vec<Value>,
}

/// Something that happened on Matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Somebody invited an account's ghost.
    Invited {
        /// Whose ghost; the account need not exist.
        owner: Passport,
        /// Who invited.
        by: OwnedUserId,
        /// The name they show; empty if none.
        name: String,
        /// Where to.
        room: OwnedRoomId,
        /// The invitation's own id.
        id: OwnedEventId,
    },
    /// An account's ghost was taken out of a room, or its invitation back.
    Removed {
        /// Whose ghost.
        owner: Passport,
        /// Which room.
        room: OwnedRoomId,
    },
    /// A ghost of ours made this room for a person.
    Made {
        /// Whose ghost.
        owner: Passport,
        /// For whom.
        user: OwnedUserId,
        /// Which room.
        room: OwnedRoomId,
    },
    /// Somebody is in a room now, by this name.
    Present {
        /// Which room.
        room: OwnedRoomId,
        /// Who.
        user: OwnedUserId,
        /// The name they show there; empty if none.
        name: String,
    },
    /// Somebody left a room, turned its invitation down, or was taken out.
    Gone {
        /// Which room.
        room: OwnedRoomId,
        /// Who.
        user: OwnedUserId,
    },
    /// Somebody said something.
    Said {
        /// Where.
        room: OwnedRoomId,
        /// Who.
        user: OwnedUserId,
        /// The event's id.
        id: OwnedEventId,
        /// When, by the homeserver's clock.
        sent: Timestamp,
        /// What.
        content: Content,
    },
    /// Exactly these people type in a room; our own are left out.
    Typing {
        /// Which room.
        room: OwnedRoomId,
        /// Who.
        users: Vec<OwnedUserId>,
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
struct RoomEvent {
    #[serde(rename = "type")]
    kind: String,
    event_id: OwnedEventId,
    room_id: OwnedRoomId,
    sender: OwnedUserId,
    state_key: Option<String>,
    #[serde(default)]
    origin_server_ts: i64,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    unsigned: Value,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Ephemeral {
    #[serde(rename = "m.typing")]
    Typing { room_id: OwnedRoomId, content: TypingContent },
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

    /// The events of a room, oldest first, as if they were pushed.
    pub(crate) const fn of(events: Vec<Value>) -> Self {
        Self { events, ephemeral: Vec::new(), older_ephemeral: Vec::new() }
    }

    /// What has happened, in order. An event of a form that is not known is passed over: it must not hold up all others.
    pub(crate) fn happenings(&self, names: &Names, now: Timestamp) -> Vec<Happening> {
        let events = self.events.iter().filter_map(|event| {
            let read = RoomEvent::deserialize(event);
            if let Err(fault) = &read {
                let kind = event.get("type").and_then(Value::as_str).unwrap_or("?");
                tracing::warn!(kind, %fault, "an event of another form than expected is passed over");
            }
            happening(names, read.ok()?)
        });
        let older = self.older_ephemeral.iter().filter(|event| !self.ephemeral.contains(event));
        let signals = self.ephemeral.iter().chain(older).filter_map(|event| signal(names, event, now));
        events.chain(signals).collect()
    }
}

fn happening(names: &Names, event: RoomEvent) -> Option<Happening> {
    if names.is_ours(&event.sender) {
        return made(names, event);
    }
    let RoomEvent { kind, event_id: id, room_id: room, sender, state_key, origin_server_ts, content, unsigned } = event;
    match state_key {
        Some(of) if kind == "m.room.member" => {
            let of = UserId::parse(of).ok()?;
            let membership = content.get("membership")?.as_str()?;
            member(names, membership, Member { of, sender, room, id, content: &content, unsigned: &unsigned })
        }
        Some(_) => None,
        None => {
            let content = message::read(&kind, &content)?;
            Some(Happening::Said { room, user: sender, id, sent: Timestamp(origin_server_ts), content })
        }
    }
}

/// Our own words coming back tell nothing, but for a room of which we may not have heard that it was made.
fn made(names: &Names, event: RoomEvent) -> Option<Happening> {
    if event.kind != DIRECT || event.state_key.as_deref() != Some("") {
        return None;
    }
    let owner = names.account(&event.sender)?;
    let user = UserId::parse(event.content.get("user")?.as_str()?).ok()?;
    Some(Happening::Made { owner, user, room: event.room_id })
}

struct Member<'event> {
    of: OwnedUserId,
    sender: OwnedUserId,
    room: OwnedRoomId,
    id: OwnedEventId,
    content: &'event Value,
    unsigned: &'event Value,
}

fn member(names: &Names, membership: &str, event: Member<'_>) -> Option<Happening> {
    let Member { of, sender, room, id, content, unsigned } = event;
    if let Some(owner) = names.account(&of) {
        return match membership {
            "invite" => {
                let name = inviters_name(unsigned, &sender);
                Some(Happening::Invited { owner, by: sender, name, room, id })
            }
            "leave" | "ban" => Some(Happening::Removed { owner, room }),
            _ => None,
        };
    }
    match membership {
        "join" => Some(Happening::Present { room, user: of, name: display_name(content) }),
        "leave" | "ban" => Some(Happening::Gone { room, user: of }),
        _ => None,
    }
}

/// The inviter's name: it stands in their own member event, which comes with the invitation.
fn inviters_name(unsigned: &Value, inviter: &UserId) -> String {
    let state = unsigned.get("invite_room_state").and_then(Value::as_array);
    let is_theirs = |event: &&Value| {
        event.get("type").and_then(Value::as_str) == Some("m.room.member")
            && event.get("state_key").and_then(Value::as_str) == Some(inviter.as_str())
    };
    state
        .and_then(|events| events.iter().find(is_theirs))
        .and_then(|event| event.get("content"))
        .map(display_name)
        .unwrap_or_default()
}

fn display_name(member: &Value) -> String {
    member.get("displayname").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn signal(names: &Names, event: &Value, now: Timestamp) -> Option<Happening> {
    match Ephemeral::deserialize(event).ok()? {
        Ephemeral::Typing { room_id: room, content } => {
            let users = content.user_ids.into_iter().filter(|user| !names.is_ours(user)).collect();
            Some(Happening::Typing { room, users })
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
    use ruma::{owned_event_id, owned_room_id, owned_user_id};
    use serde_json::json;

    use super::*;
    use crate::names::tests::names;

    fn happenings(transaction: &Value) -> Vec<Happening> {
        let transaction = Transaction::read(transaction.to_string().as_bytes()).unwrap();
        transaction.happenings(&names(), Timestamp(50_000))
    }

    fn event(kind: &str, sender: &str, state_key: Option<&str>, content: &Value) -> Value {
        let mut event = json!({
            "type": kind, "sender": sender, "content": content, "event_id": "$e", "room_id": "!r", "origin_server_ts": 7,
        });
        if let Some(key) = state_key {
            event["state_key"] = key.into();
        }
        event
    }

    const GHOST: &str = "@msn_carol=40msn.example:example.org";

    fn one(event: &Value) -> Option<Happening> {
        let mut all = happenings(&json!({ "events": [event] }));
        assert!(all.len() <= 1, "{all:?}");
        all.pop()
    }

    #[test]
    fn an_invitation_carries_the_inviters_name() {
        let mut invite = event("m.room.member", "@alice:example.org", Some(GHOST), &json!({"membership": "invite"}));
        invite["unsigned"] = json!({ "invite_room_state": [
            { "type": "m.room.create", "state_key": "", "content": {} },
            { "type": "m.room.member", "state_key": "@alice:example.org", "content": { "displayname": "Alice L." } },
        ]});
        let expected = Happening::Invited {
            owner: "carol@msn.example".parse().unwrap(),
            by: owned_user_id!("@alice:example.org"),
            name: "Alice L.".into(),
            room: owned_room_id!("!r"),
            id: owned_event_id!("$e"),
        };
        assert_eq!(one(&invite), Some(expected));
    }

    #[test]
    fn our_own_words_are_dropped_but_for_rooms_we_made() {
        let own = event("m.room.message", GHOST, None, &json!({"msgtype": "m.text", "body": "x"}));
        assert_eq!(one(&own), None);
        let bot = event("m.room.message", "@msnbot:example.org", None, &json!({"msgtype": "m.text", "body": "x"}));
        assert_eq!(one(&bot), None);
        let made = event(DIRECT, GHOST, Some(""), &json!({"user": "@alice:example.org"}));
        assert!(matches!(one(&made), Some(Happening::Made { .. })));
        let forged = event(DIRECT, "@mallory:example.org", Some(""), &json!({"user": "@alice:example.org"}));
        assert_eq!(one(&forged), None);
    }

    #[test]
    fn messages_and_members() {
        let said =
            event("m.room.message", "@alice:example.org", None, &json!({"msgtype": "m.text", "body": "hi\n\u{e9}"}));
        assert!(
            matches!(one(&said), Some(Happening::Said { sent: Timestamp(7), content, .. }) if content == Content::text("hi\n\u{e9}"))
        );
        let alice = "@alice:example.org";
        let joined = event("m.room.member", alice, Some(alice), &json!({"membership": "join", "displayname": "A"}));
        assert!(matches!(one(&joined), Some(Happening::Present { name, .. }) if name == "A"));
        let left = event("m.room.member", alice, Some(alice), &json!({"membership": "leave"}));
        assert!(matches!(one(&left), Some(Happening::Gone { .. })));
        let kicked = event("m.room.member", alice, Some(GHOST), &json!({"membership": "leave"}));
        assert!(matches!(one(&kicked), Some(Happening::Removed { .. })));
        let state = event("m.room.message", alice, Some("x"), &json!({"msgtype": "m.text", "body": "x"}));
        assert_eq!(one(&state), None, "a state event is no message");
    }

    #[test]
    fn signals_come_under_two_names_and_count_once() {
        let typing =
            json!({"type": "m.typing", "room_id": "!r", "content": {"user_ids": ["@alice:example.org", GHOST]}});
        let presence = json!({"type": "m.presence", "sender": "@alice:example.org",
            "content": {"presence": "unavailable", "last_active_ago": 20_000, "status_msg": "tea"}});
        let own = json!({"type": "m.presence", "sender": GHOST, "content": {"presence": "online"}});
        let receipt = json!({"type": "m.receipt", "room_id": "!r", "content": {}});
        let all = happenings(&json!({
            "events": [],
            "ephemeral": [typing, presence, own, receipt],
            "de.sorunome.msc2409.ephemeral": [typing, presence],
        }));
        let [Happening::Typing { users, .. }, Happening::Seen { presence, .. }] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(users, &[owned_user_id!("@alice:example.org")]);
        assert_eq!((presence.availability, presence.last_active), (Availability::Away, Some(Timestamp(30_000))));
    }

    #[test]
    fn what_is_malformed_does_not_hold_up_the_rest() {
        let good = event("m.room.message", "@alice:example.org", None, &json!({"msgtype": "m.text", "body": "x"}));
        let all = happenings(&json!({ "events": [3, {}, {"type": "m.room.message"}, good], "ephemeral": ["x", {}] }));
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(Transaction::read(b"{}").is_err() && Transaction::read(b"\xff").is_err());
    }
}
