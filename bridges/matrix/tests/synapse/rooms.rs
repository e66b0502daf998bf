//! Rooms of several people: asked in, going in, talking, leaving, being put out.

use bridge::{Action, Arrival, Order};
use domain::{Content, RemoteRoom, Timestamp, contact::RemoteTarget, media::Source};
use serde_json::{Value, json};

use crate::{
    CAROL, DAVE, Setup,
    homeserver::Person,
    host::{MemoryHost, Told},
    open,
};

const CAROLS: &str = "carol@msn.example";
const DAVES: &str = "dave@msn.example";
/// The smallest picture there is, as far as its first bytes tell.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

fn target(room: &str) -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom(room.into()))
}

fn order(key: &str, room: &str, action: Action) -> Order {
    Order { key: key.into(), attempt: 0, to: target(room), action }
}

fn say(key: &str, room: &str, body: &str) -> Order {
    order(
        key,
        room,
        Action::Say {
            content: Content::text(body),
            sent: Timestamp(1_700_000_000_000),
            reply: None,
            heard: Vec::new(),
        },
    )
}

/// Waits for an arrival.
async fn arrived(host: &MemoryHost, what: &str, wanted: impl Fn(&Arrival) -> bool) -> Arrival {
    let told = host.until(what, |told| told.arrivals.iter().any(&wanted)).await;
    told.arrivals.into_iter().find(|arrival| wanted(arrival)).unwrap()
}

fn is_for(arrival: &Arrival, owner: &str) -> bool {
    arrival.owner().as_str() == owner
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_accounts_are_in_a_room() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let dave = open(&network, DAVES, "Dave").await;
    let mut alice = synapse.person("alice").await;
    let mut bob = synapse.person("bob").await;

    for version in ["11", "12"] {
        let name = format!("Tea {version}");
        let room = alice.make_room(version, &name, &[CAROL, DAVE, &bob.id]).await;
        bob.post(&format!("rooms/{room}/join"), json!({})).await;
        alice.say(&room, "early", text("early")).await;
        let is_asked = |owner| {
            move |arrival: &Arrival| {
                is_for(arrival, owner)
                    && matches!(arrival, Arrival::RoomInvitation { room, .. } if room.name == format!("Tea {version}"))
            }
        };
        let Arrival::RoomInvitation { room: shown, from, .. } =
            arrived(&host, "carol is asked in", is_asked(CAROLS)).await
        else {
            unreachable!("it was looked for")
        };
        assert_eq!(
            (shown.room.as_str(), shown.topic.as_str(), from.name.as_str()),
            (room.as_str(), "of the day", "alice")
        );
        arrived(&host, "dave is asked in", is_asked(DAVES)).await;

        // Both come, and hear what was said since they were asked in.
        carol.deliver(&order(&format!("c{version}"), &room, Action::Welcome)).await.unwrap();
        dave.deliver(&order(&format!("d{version}"), &room, Action::Welcome)).await.unwrap();
        let has_come = |arrival: &Arrival| matches!(arrival, Arrival::Room { owner, room: shown, .. } if owner.as_str() == DAVES && shown.room.as_str() == room && shown.name == name);
        arrived(&host, "the room is on dave's list", has_come).await;
        let heard = |told: &Told, owner: &str| -> Vec<(String, String)> {
            let here = told.heard(owner).into_iter().filter(|(place, ..)| *place == room);
            here.map(|(_, name, content)| {
                (name, if let Content::Text(text) = content { text.text } else { content.kind().into() })
            })
            .collect()
        };
        let line = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        for owner in [CAROLS, DAVES] {
            let told = host.until("what was said before", |told| !heard(told, owner).is_empty()).await;
            assert_eq!(heard(&told, owner), [line("alice", "early")]);
        }

        // People have names of their own in a room, and ghosts speak to each other, not to themselves.
        let path = format!("rooms/{room}/state/m.room.member/{}", bob.id);
        bob.put(&path, json!({ "membership": "join", "displayname": "Bob of Tea" })).await;
        bob.say(&room, "one", text("one")).await;
        host.until("carol hears bob", |told| heard(told, CAROLS).len() == 2).await;
        let receipt = carol.deliver(&say(&format!("s{version}"), &room, "two")).await.unwrap();
        alice.say(&room, "three", text("three")).await;
        let told = host.until("dave hears all", |told| heard(told, DAVES).len() == 4).await;
        let all = [line("alice", "early"), line("Bob of Tea", "one"), line("Carol", "two"), line("alice", "three")];
        assert_eq!(heard(&told, DAVES), all);
        let told = host.until("carol hears the others", |told| heard(told, CAROLS).len() == 3).await;
        assert_eq!(heard(&told, CAROLS), [all[0].clone(), all[1].clone(), all[3].clone()]);

        // An answer to carol is for her; a change, a sign and removals say of what.
        let own = receipt.messages[0].clone();
        let mut answer = text("right");
        answer["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": own.as_str() } });
        let answered = alice.say(&room, "answer", answer).await;
        let is_answer = |owner, to| {
            let own = own.clone();
            move |arrival: &Arrival| {
                matches!(arrival, Arrival::Message { addressed, reply: Some(reply), .. } if *addressed == to && reply.to == own)
                    && is_for(arrival, owner)
            }
        };
        arrived(&host, "an answer to carol", is_answer(CAROLS, true)).await;
        arrived(&host, "dave hears it, too", is_answer(DAVES, false)).await;
        let mut edit = text("* quite right");
        edit["m.new_content"] = text("quite right");
        edit["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": answered });
        alice.say(&room, "edit", edit).await;
        let is_edit = |arrival: &Arrival| matches!(arrival, Arrival::Edit { of, content, .. } if of.as_str() == answered && *content == Content::text("quite right"));
        arrived(&host, "the change", is_edit).await;
        let sign = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": answered, "key": "\u{1f44d}" } });
        let sign = bob.send(&room, "m.reaction", "sign", sign).await;
        arrived(&host, "the sign", |arrival| matches!(arrival, Arrival::Reaction { to, id, .. } if to.as_str() == answered && id.as_str() == sign)).await;
        bob.put(&format!("rooms/{room}/redact/{sign}/r1"), json!({})).await;
        arrived(
            &host,
            "the sign is taken back",
            |arrival| matches!(arrival, Arrival::Removal { of, .. } if of.as_str() == sign),
        )
        .await;

        // Typing, and the room's name, live.
        let path = format!("rooms/{room}/typing/{}", alice.id);
        alice.put(&path, json!({ "typing": true, "timeout": 20_000 })).await;
        host.until("alice types", |told| told.typing_in.contains(&(CAROLS.parse().unwrap(), target(&room), true)))
            .await;
        alice.put(&path, json!({ "typing": false })).await;
        alice.put(&format!("rooms/{room}/state/m.room.name"), json!({ "name": "Coffee" })).await;
        host.until("the new name", |told| told.rooms.last().is_some_and(|shown| shown.name == "Coffee")).await;
        alice.put(&format!("rooms/{room}/state/m.room.name"), json!({ "name": "" })).await;
        let is_named = |told: &Told| {
            told.rooms.last().is_some_and(|shown| {
                shown.name == "Bob of Tea, Dave and alice" || shown.name == "Bob of Tea, Carol and alice"
            })
        };
        host.until("it is named after its members", is_named).await;

        // Out by the account's own wish, and by somebody else's.
        carol.deliver(&order(&format!("u{version}"), &room, Action::Unfriend)).await.unwrap();
        alice.until_member(&room, CAROL, "leave").await;
        alice.post(&format!("rooms/{room}/kick"), json!({ "user_id": DAVE })).await;
        arrived(&host, "dave lost the room", |arrival| matches!(arrival, Arrival::RoomLost { owner, room: lost } if owner.as_str() == DAVES && lost.as_str() == room)).await;
        let lost_by_carol = |arrival: &Arrival| matches!(arrival, Arrival::RoomLost { .. }) && is_for(arrival, CAROLS);
        let told = host
            .until("nothing of the room is kept", |told| !told.kept.keys().any(|key| key.starts_with("portal/")))
            .await;
        assert!(!told.arrivals.iter().any(lost_by_carol), "she left by herself");
    }

    // A room that anybody may come to, by the account's own wish; nothing of its past is told. An invitation turned down.
    let open_room = alice.post("createRoom", json!({ "preset": "public_chat", "name": "Open" })).await;
    let open_room = open_room["room_id"].as_str().unwrap().to_owned();
    alice.say(&open_room, "past", text("past")).await;
    carol.deliver(&order("join", &open_room, Action::Befriend)).await.unwrap();
    alice.say(&open_room, "now", text("now")).await;
    let told = host.until("what is said now", |told| told.texts(CAROLS).iter().any(|text| text == "now")).await;
    assert!(!told.texts(CAROLS).iter().any(|text| text == "past"));
    let unwanted = bob.make_room("12", "Unwanted", &[CAROL]).await;
    arrived(
        &host,
        "one more invitation",
        |arrival| matches!(arrival, Arrival::RoomInvitation { room, .. } if room.name == "Unwanted"),
    )
    .await;
    carol.deliver(&order("no", &unwanted, Action::TurnAway)).await.unwrap();
    bob.until_member(&unwanted, CAROL, "leave").await;
    let closed = alice.make_room("12", "Closed", &[]).await;
    let refused = carol.deliver(&order("closed", &closed, Action::Befriend)).await;
    assert!(matches!(refused, Err(bridge::Failure::Refused { .. })), "{refused:?}");
    network.stop().await;
    synapse.halt().await;
}

/// The kinds of what an account heard in a place, with the texts.
fn course(told: &Told, account: &str, place: &str) -> Vec<String> {
    let here = told.heard(account).into_iter().filter(|(heard, ..)| heard == place);
    here.map(|(_, _, content)| match content {
        Content::Text(text) => text.text,
        Content::Image(picture) => {
            assert!(picture.size == PNG.len() as u64 && matches!(picture.source, Source::Blob(_)), "{picture:?}");
            format!("image {}", picture.name)
        }
        other => other.kind().to_owned(),
    })
    .collect()
}

async fn say_with_picture(person: &Person, room: &str, picture: &str) {
    person.say(room, "t1", text("before")).await;
    person.say(room, "t2", json!({ "msgtype": "m.image", "body": "cat.png", "url": picture })).await;
    person.say(room, "t3", text("after")).await;
    let gone = "mxc://example.org/nothingstandshere";
    person.say(room, "t4", json!({ "msgtype": "m.file", "body": "gone.pdf", "url": gone })).await;
    person.say(room, "t5", text("last")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_between_two_texts_arrives_between_them() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let dave = open(&network, DAVES, "Dave").await;
    let mut alice = synapse.person("alice").await;
    let picture = alice.upload("image/png", PNG).await;

    let direct = alice.invite_to_chat(CAROL).await;
    arrived(&host, "alice asks", |arrival| matches!(arrival, Arrival::Invitation { .. })).await;
    carol.deliver(&crate::order("w", 0, &alice.id, Action::Welcome)).await.unwrap();
    let room = alice.make_room("12", "Tea", &[CAROL, DAVE]).await;
    for (owner, link) in [(CAROLS, &carol), (DAVES, &dave)] {
        arrived(&host, "asked in", |arrival| {
            is_for(arrival, owner) && matches!(arrival, Arrival::RoomInvitation { .. })
        })
        .await;
        link.deliver(&order(owner, &room, Action::Welcome)).await.unwrap();
    }
    alice.until_member(&room, DAVE, "join").await;
    alice.until_member(&direct, CAROL, "join").await;

    say_with_picture(&alice, &direct, &picture).await;
    say_with_picture(&alice, &room, &picture).await;
    for (owner, place) in [(CAROLS, alice.id.as_str()), (CAROLS, &room), (DAVES, &room)] {
        let told = host.until("everything", |told| course(told, owner, place).len() == 5).await;
        let course = course(&told, owner, place);
        assert_eq!([&course[0], &course[1], &course[2], &course[4]], ["before", "image cat.png", "after", "last"]);
        assert!(course[3].starts_with("[file: gone.pdf, which could not be fetched: "), "{}", course[3]);
    }
    // Everything is taken, and nothing is left to be read.
    host.until("up to date", |told| told.kept.values().all(|kept| !kept.contains(r#""behind":{"#))).await;
    network.stop().await;
    synapse.halt().await;
}

/// Whoever may write to an account must not get its private words for others by asking it into a group as if into a chat of two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_words_are_never_said_where_others_are() {
    let setup = Setup::new();
    let synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let mut alice = synapse.person("alice").await;
    let bob = synapse.person("bob").await;
    let to_alice = |key: &str, action| Order {
        key: key.into(),
        attempt: 0,
        to: RemoteTarget::Person(domain::RemoteUser(alice.id.clone())),
        action,
    };
    let private = Action::Say {
        content: Content::text("for alice"),
        sent: Timestamp(1_700_000_000_000),
        reply: None,
        heard: Vec::new(),
    };
    let (welcome, private) = (to_alice("w", Action::Welcome), to_alice("s", private));

    let group = alice.post("createRoom", json!({ "preset": "private_chat", "invite": [bob.id] })).await;
    let group = group["room_id"].as_str().unwrap().to_owned();
    bob.post(&format!("rooms/{group}/join"), json!({})).await;
    alice.post(&format!("rooms/{group}/invite"), json!({ "user_id": CAROL })).await;
    arrived(&host, "alice asks", |arrival| matches!(arrival, Arrival::Invitation { .. })).await;
    carol.deliver(&welcome).await.unwrap();
    arrived(
        &host,
        "it is a question about a room",
        |arrival| matches!(arrival, Arrival::RoomInvitation { room, .. } if room.room.as_str() == group),
    )
    .await;

    carol.deliver(&private).await.unwrap();
    let direct = alice.until_invited_by(CAROL).await;
    assert_ne!(direct, group);
    alice.post(&format!("rooms/{direct}/join"), json!({})).await;
    alice.until_said(&direct, CAROL, "for alice").await;
    assert!(bob.said_by(&group, CAROL).await.is_empty());
    network.stop().await;
}
