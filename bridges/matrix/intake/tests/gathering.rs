//! What happens in the room of a gathering.

use domain::conversation::is_gathering;

use super::*;
use crate::message::HEARD;

fn id() -> RemoteRoom {
    RemoteRoom("gathering/1".into())
}

/// Carol and Dave have a gathering in the room, where Alice speaks.
async fn gathered() -> World {
    let mut world = World::new().await;
    for owner in [carol(), dave()] {
        world.sit(owner.clone(), "Tea").await;
        world.portals.change(&Place { owner, room: room() }, |portal| portal.gather(&id())).await.unwrap();
    }
    for (user, name) in [(ALICE, "Alice"), (CAROL, "Carol"), (DAVE, "Dave")] {
        world.speakers.learn(room_id!("!r"), &UserId::parse(user).unwrap(), name);
    }
    world
}

/// To whom, where and by whom something was said.
fn said(outcome: &Outcome) -> Vec<(String, RemoteTarget, String)> {
    let messages = outcome.arrivals.iter().map(|arrival| {
        let Arrival::Message { owner, place, author, .. } = arrival else { panic!("{arrival:?}") };
        (owner.to_string(), place.clone(), author.name.clone())
    });
    messages.collect()
}

fn to(owner: &Passport, by: &str) -> (String, RemoteTarget, String) {
    (owner.to_string(), RemoteTarget::Room(id()), by.to_owned())
}

#[tokio::test]
async fn everybody_hears_everybody_once_in_the_gathering() {
    let mut world = gathered().await;
    assert_eq!(said(&world.say(ALICE, "hello").await), [to(&carol(), "Alice"), to(&dave(), "Alice")]);
    assert_eq!(said(&world.say(CAROL, "from elsewhere").await), [to(&dave(), "Carol")]);
    let mut heard = json!({ "msgtype": "m.text", "body": "hello all", HEARD: [DAVE] });
    let known = world.event_taken("m.room.message", CAROL, None, &heard).await;
    assert_eq!((said(&known), known.writes), (Vec::new(), 0), "Messenger has given it to him");
    heard[HEARD] = json!([CAROL, DAVE]);
    let forged = world.event_taken("m.room.message", ALICE, None, &heard).await;
    assert_eq!(said(&forged).len(), 2, "only a ghost's word counts");
}

#[tokio::test]
async fn whoever_types_is_seen_in_the_gathering() {
    let mut world = gathered().await;
    let typing = Happening::Typing { room: room(), users: BTreeSet::from([ALICE.try_into().unwrap()]) };
    let seen = |owner| Signal::Typing {
        owner,
        place: RemoteTarget::Room(id()),
        user: ALICE.try_into().unwrap(),
        typing: true,
    };
    assert_eq!(world.take(vec![typing]).await.signals, [seen(carol()), seen(dave())]);
}

#[tokio::test]
async fn a_gathering_is_nobodys_contact() {
    let mut world = gathered().await;
    world.show_joins = true;
    let eves = "@msn_eve=40msn.example:example.org";
    let eve: Passport = "eve@msn.example".parse().unwrap();
    let place = Place { owner: eve, room: room() };
    world.portals.change(&place, |portal| portal.gather(&id())).await.unwrap();
    let asked = world.event_taken("m.room.member", CAROL, Some(eves), &invite(false)).await;
    let came = world.event_taken("m.room.member", eves, Some(eves), &json!({ "membership": "join" })).await;
    let named = world.event_taken("m.room.name", CAROL, Some(""), &json!({ "name": "Coffee" })).await;
    let pictured = world.event_taken("m.room.avatar", CAROL, Some(""), &json!({ "url": "mxc://a.org/x" })).await;
    for outcome in [asked, came, named, pictured] {
        assert!(outcome.arrivals.is_empty() && outcome.signals.is_empty(), "{:?}", outcome.signals);
    }
    assert_eq!(world.portals.get(&place).stage, Stage::Entering, "it goes in by itself");
    assert!(is_gathering(&world.portals.get(&place).outward(&room())));
}

#[tokio::test]
async fn a_ghost_that_was_put_out_comes_back_when_it_is_asked() {
    let mut world = gathered().await;
    let kicked = world.event_taken("m.room.member", ALICE, Some(CAROL), &json!({ "membership": "leave" })).await;
    assert_eq!((kicked.arrivals.len(), kicked.signals), (0, vec![Signal::Chore(Chore::Portal(carols()))]));
    world.portals.change(&carols(), crate::portal::Portal::lose).await.unwrap();
    assert_eq!(said(&world.say(ALICE, "gone?").await), [to(&dave(), "Alice")]);
    let asked = world.event_taken("m.room.member", ALICE, Some(CAROL), &invite(true)).await;
    assert_eq!((asked.arrivals.len(), asked.signals), (0, vec![Signal::Chore(Chore::Portal(carols()))]));
    let portal = world.portals.get(&carols());
    assert_eq!((portal.stage, portal.gathering), (Stage::Entering, Some(id())));
}
