//! Tests of what is kept of a linked account's rooms.

use bridge::conformance::FakeHost;
use domain::Timestamp;
use ruma::{owned_user_id, room_id, user_id};

use super::*;

fn carol() -> Passport {
    "carol@msn.example".parse().unwrap()
}

fn direct(person: Membership, at: i64) -> OwnRoom {
    let mut room = OwnRoom::joined(Kind::Direct { user: owned_user_id!("@bob:a.org"), person });
    room.listed = true;
    room.timeline.has_read(&[("$e".try_into().unwrap(), Timestamp(at))]);
    room.timeline.is_caught_up(0);
    room
}

async fn put(rooms: &OwnRooms, host: &FakeHost, id: &RoomId, room: OwnRoom) {
    let mut draft = rooms.begin().await;
    *draft.room(id, || room.clone()) = room.clone();
    host.write(draft.writes()).await.unwrap();
    draft.committed();
}

#[tokio::test]
async fn a_person_is_spoken_to_where_they_are() {
    let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
    let rooms = OwnRooms::load(&*host, &carol()).await.unwrap();
    let bob = user_id!("@bob:a.org");
    assert_eq!(rooms.direct(bob), None);
    put(&rooms, &host, room_id!("!gone"), direct(Membership::Left, 9)).await;
    assert_eq!(rooms.direct(bob), None, "they have left");
    put(&rooms, &host, room_id!("!asked"), direct(Membership::Invited, 8)).await;
    assert_eq!(rooms.direct(bob).unwrap(), "!asked");
    put(&rooms, &host, room_id!("!old"), direct(Membership::Joined, 1)).await;
    put(&rooms, &host, room_id!("!new"), direct(Membership::Joined, 2)).await;
    assert_eq!(rooms.direct(bob).unwrap(), "!new");
    assert_eq!(rooms.direct(user_id!("@ann:a.org")), None);

    let again = OwnRooms::load(&*host, &carol()).await.unwrap();
    assert_eq!(again.all(), rooms.all(), "a restart knows the same");
    assert_eq!(again.direct(bob).unwrap(), "!new");
    assert!(again.behind().is_empty() && again.hears_in(room_id!("!new")));
    let mut draft = again.begin().await;
    draft.forget(room_id!("!new"));
    host.write(draft.writes()).await.unwrap();
    assert_eq!(again.direct(bob).unwrap(), "!new", "not before it is committed");
    draft.committed();
    assert_eq!(again.direct(bob).unwrap(), "!old");
    assert_eq!(OwnRooms::load(&*host, &carol()).await.unwrap().kind(room_id!("!new")), None);
}

#[tokio::test]
async fn what_an_order_has_made_is_known_before_a_sync_tells() {
    let host = FakeHost::new("matrix".parse().unwrap(), Vec::new());
    let rooms = OwnRooms::load(&*host, &carol()).await.unwrap();
    let bob = user_id!("@bob:a.org");
    let invited = OwnRoom::invited(Kind::Direct { user: bob.to_owned(), person: Membership::Joined });
    put(&rooms, &host, room_id!("!r"), invited).await;
    assert_eq!((rooms.direct(bob), rooms.invitations_of(bob).len()), (None, 1));
    assert!(rooms.is_invited(room_id!("!r")) && !rooms.is_joined(room_id!("!r")));
    let kind = Kind::Direct { user: bob.to_owned(), person: Membership::Joined };
    rooms.entered(&*host, room_id!("!r"), kind.clone()).await.unwrap();
    assert_eq!(rooms.kind(room_id!("!r")), Some(kind));
    assert_eq!((rooms.direct(bob).unwrap().as_str(), rooms.invitations_of(bob).len()), ("!r", 0));
    assert_eq!(rooms.behind(), ["!r"], "what was said before is read");
}

#[test]
fn rooms_are_silenced_by_their_own_rule_alone() {
    use serde_json::json;
    let condition = |room: &str| json!([{ "kind": "event_match", "key": "room_id", "pattern": room }]);
    let rules = json!({ "global": { "override": [
        { "rule_id": "!quiet:a.org", "enabled": true, "actions": [], "conditions": condition("!quiet:a.org") },
        { "rule_id": "!older:a.org", "actions": ["dont_notify"], "conditions": condition("!older:a.org") },
        { "rule_id": "!off:a.org", "enabled": false, "actions": [], "conditions": condition("!off:a.org") },
        { "rule_id": "!loud:a.org", "actions": ["notify"], "conditions": condition("!loud:a.org") },
        { "rule_id": "!other:a.org", "actions": [], "conditions": condition("!x:a.org") },
        { "rule_id": ".m.rule.suppress_notices", "actions": [], "conditions": [] },
    ], "room": [{ "rule_id": "!mentions:a.org", "actions": [] }] } });
    let muted: Vec<String> = muted(&rules).into_iter().map(|room| room.to_string()).collect();
    assert_eq!(muted, ["!older:a.org", "!quiet:a.org"]);
    assert!(super::muted(&json!({ "global": 3 })).is_empty());
}
