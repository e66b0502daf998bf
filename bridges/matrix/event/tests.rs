use domain::Content;
use ruma::{owned_event_id, owned_room_id, owned_user_id};
use serde_json::json;

use super::*;
use crate::names::tests::names;

pub(crate) const GHOST: &str = "@msn_carol=40msn.example:example.org";

/// An event as a homeserver gives it.
pub(crate) fn event(kind: &str, sender: &str, state_key: Option<&str>, content: &Value) -> Value {
    let mut event = json!({
        "type": kind, "sender": sender, "content": content, "event_id": "$e", "room_id": "!r", "origin_server_ts": 7,
    });
    if let Some(key) = state_key {
        event["state_key"] = key.into();
    }
    event
}

fn read(event: &Value) -> What {
    Event::read(event, &names()).unwrap().what
}

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn invited(direct: bool, state: &Value) -> Invitation {
    let content =
        if direct { json!({ "membership": "invite", "is_direct": true }) } else { json!({ "membership": "invite" }) };
    let mut invite = event("m.room.member", "@alice:example.org", Some(GHOST), &content);
    invite["unsigned"] = json!({ "invite_room_state": state });
    let What::Invited { owner, invitation } = read(&invite) else { panic!("{invite}") };
    assert_eq!(owner, carol());
    *invitation
}

#[test]
fn an_invitation_is_to_a_person_or_to_a_room() {
    let create = json!({ "type": "m.room.create", "state_key": "", "content": {} });
    let member =
        |id: &str| json!({ "type": "m.room.member", "state_key": id, "content": { "displayname": "Alice L." } });
    let alice = member("@alice:example.org");
    let name = json!({ "type": "m.room.name", "state_key": "", "content": { "name": "Tea" } });
    let topic = json!({ "type": "m.room.topic", "state_key": "", "content": { "topic": "of China" } });
    let plain = invited(false, &json!([create, alice]));
    assert!(plain.is_direct && plain.by == "Alice L.");
    assert!(invited(true, &json!([create, alice, name])).is_direct, "whoever invites says so");
    let named = invited(false, &json!([create, alice, name]));
    assert_eq!((named.is_direct, named.profile.shown_name().as_str()), (false, "Tea"));
    assert!(!invited(false, &json!([create, alice, topic])).is_direct);
    let crowd = json!([create, alice, member("@bob:example.org"), member("@eve:example.org")]);
    assert!(!invited(false, &crowd).is_direct);
    assert!(invited(false, &Value::Null).is_direct, "a homeserver that shows nothing of the room");
}

#[test]
fn members_come_change_and_go() {
    let change = |of: &str, now: &Value, before: Option<&str>| {
        let mut event = event("m.room.member", of, Some(of), now);
        if let Some(before) = before {
            event["unsigned"] = json!({ "prev_content": { "membership": before } });
        }
        read(&event)
    };
    let bob = owned_user_id!("@bob:a.org");
    let join = json!({ "membership": "join", "displayname": "Bob", "avatar_url": "mxc://a.org/x" });
    let What::Present { user, name, avatar, came } = change("@bob:a.org", &join, Some("invite")) else { panic!() };
    assert_eq!((user, name.as_str(), came), (bob.clone(), "Bob", true));
    let long = json!({ "membership": "join", "displayname": "\u{e4}".repeat(60_000) });
    let What::Present { name: long, .. } = change("@bob:a.org", &long, None) else { panic!() };
    assert_eq!(long.chars().count(), LONGEST_NAME);
    assert_eq!(avatar.unwrap(), "mxc://a.org/x");
    assert!(matches!(change("@bob:a.org", &join, Some("join")), What::Present { came: false, .. }));
    assert!(matches!(change(GHOST, &join, None), What::Present { .. }), "ghosts have names in a room, too");
    let leave = json!({ "membership": "leave" });
    assert_eq!(change("@bob:a.org", &leave, Some("join")), What::Gone { user: bob.clone(), left: true });
    assert_eq!(change("@bob:a.org", &leave, Some("invite")), What::Gone { user: bob, left: false });
    assert_eq!(change(GHOST, &leave, Some("join")), What::Removed { owner: carol() });
    assert_eq!(change("@msnbot:example.org", &leave, None), What::BotRemoved);
    let asked = json!({ "membership": "invite" });
    assert_eq!(change("@msnbot:example.org", &asked, None), What::BotInvited { encrypted: false });
    assert_eq!(change("@bob:a.org", &asked, None), What::Audience);
}

#[test]
fn who_comes_and_goes_is_shown_only_where_it_is_wanted() {
    let join = event("m.room.member", "@bob:a.org", Some("@bob:a.org"), &json!({ "membership": "join" }));
    let join = Event::read(&join, &names()).unwrap();
    assert_eq!(join.line(false), None);
    assert!(join.line(true).is_some());
    let moved = event("m.room.tombstone", "@bob:a.org", Some(""), &json!({ "replacement_room": "!new" }));
    let moved = Event::read(&moved, &names()).unwrap();
    assert_eq!(moved.what, What::Moved { to: owned_room_id!("!new") });
    assert!(moved.line(false).is_some(), "nobody is left behind without a word");
}

#[test]
fn what_is_said_is_read_and_a_state_event_says_nothing() {
    let said = event("m.room.message", "@alice:example.org", None, &json!({ "msgtype": "m.text", "body": "hi" }));
    let read = Event::read(&said, &names()).unwrap();
    assert_eq!((read.id, read.sent), (owned_event_id!("$e"), Timestamp(7)));
    let What::Said(Said::Message { body: Body::Text { text, .. }, .. }) = read.what else { panic!() };
    assert_eq!(Content::Text(text), Content::text("hi"));
    let state = event("m.room.message", "@alice:example.org", Some(""), &json!({ "msgtype": "m.text", "body": "hi" }));
    assert_eq!(Event::read(&state, &names()).unwrap().what, What::Nothing);
    assert!(Event::read(&json!({ "type": "m.room.message" }), &names()).is_none());
}

fn sealed(content: &Value) -> Event {
    Event::read(&event("m.room.encrypted", "@alice:example.org", None, content), &names()).unwrap()
}

#[test]
fn what_is_encrypted_is_what_was_encrypted_in_it() {
    let came = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" });
    let sealed = || sealed(&came);
    assert!(sealed().is_sealed() && sealed().line(true).is_none());
    let clear = |kind: &str, content: &Value| event(kind, "@alice:example.org", None, content);
    let open = |clear: Value| sealed().opened(&Opened::Clear(clear), &names()).what;
    let words = json!({ "msgtype": "m.text", "body": "hi" });
    assert!(matches!(open(clear("m.room.message", &words)), What::Said(Said::Message { .. })));
    let heart = json!({ "m.relates_to": { "event_id": "$x", "key": "x" } });
    assert!(matches!(open(clear("m.reaction", &heart)), What::Said(Said::Reaction { .. })));
    // What the homeserver would have to allow, somebody else's words, and an onion.
    assert_eq!(open(clear("m.room.redaction", &json!({ "redacts": "$x" }))), What::Nothing);
    assert_eq!(open(event("m.room.message", "@bob:a.org", None, &words)), What::Nothing);
    assert_eq!(open(event("m.room.name", "@alice:example.org", Some(""), &json!({ "name": "x" }))), What::Nothing);
    assert_eq!(open(clear("m.room.encrypted", &came)), What::Nothing);
    assert_eq!(open(json!({})), What::Nothing);
    assert!(sealed().opened(&Opened::Later, &names()).is_sealed());
    let lost = sealed().opened(&Opened::Never, &names());
    assert_eq!(lost.what, What::Unread(message::lost(&lost.sender, 1)));
    assert!(lost.line(false).is_some() && lost.words().is_none(), "it is told, and is no command");
}

#[test]
fn a_deleted_encrypted_message_says_nothing_and_an_encrypted_room_says_so() {
    assert_eq!(sealed(&json!({})).what, What::Nothing);
    let encryption = event("m.room.encryption", "@alice:example.org", Some(""), &json!({ "algorithm": "x" }));
    assert_eq!(read(&encryption), What::Encrypted);
    assert!(invited(true, &json!([{ "type": "m.room.encryption", "state_key": "", "content": {} }])).encrypted);
    assert!(!invited(true, &json!([])).encrypted);
}

#[test]
fn only_whom_this_program_speaks_as_tells_who_knows_what_they_say() {
    let names = names();
    let heard = |sender: &str, ghosts: &Value| {
        let said = event("m.room.message", sender, None, &json!({ "msgtype": "m.text", "body": "hi", HEARD: ghosts }));
        Event::read(&said, &names).unwrap().heard
    };
    assert_eq!(heard("@msn_dave=40msn.example:example.org", &json!([GHOST, 3, "nobody"])), [GHOST]);
    assert!(heard("@alice:example.org", &json!([GHOST])).is_empty(), "anybody can write such a field");
    assert!(heard(GHOST, &json!("x")).is_empty());
    names.link([owned_user_id!("@alice:example.org")].into());
    assert_eq!(heard("@alice:example.org", &json!([GHOST])), [GHOST], "a linked account");
    names.link([].into());
    assert!(heard("@alice:example.org", &json!([GHOST])).is_empty(), "no longer");
}

#[test]
fn a_room_of_ours_is_known_again() {
    let mark = |sender: &str, key: &str| read(&event(DIRECT, sender, Some(key), &json!({ "user": "@bob:a.org" })));
    let made = What::Made { owner: carol(), user: owned_user_id!("@bob:a.org"), asked: false };
    assert_eq!(mark(GHOST, ""), made);
    let asked = read(&event(DIRECT, GHOST, Some(""), &json!({ "asked_by": "@bob:a.org" })));
    assert_eq!(asked, What::Made { owner: carol(), user: owned_user_id!("@bob:a.org"), asked: true });
    assert_eq!(mark("@bob:a.org", ""), What::Nothing, "anybody can set such a state");
    assert_eq!(mark(GHOST, "x"), What::Nothing);
}
