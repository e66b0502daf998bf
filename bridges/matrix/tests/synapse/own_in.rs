//! What a linked account hears: its chats and rooms are there, what is said comes once and in order, whatever failed in between.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use bridge::{Action, Arrival, Link, Network, Order};
use domain::{Content, Passport, RemoteRoom, Timestamp, contact::RemoteTarget};
use matrix_sdk::ruma::OwnedRoomId;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    CAROL, Setup,
    encryption::Peer,
    homeserver::{Person, free_port},
    host::{MemoryHost, PATIENCE, Told},
    open, order,
};

const CAROLS: &str = "carol@msn.example";
const ANN: &str = "@ann:example.org";

async fn starts(setup: &Setup, host: &Arc<MemoryHost>) -> (Arc<dyn Network>, Arc<dyn Link>) {
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    (network, carol)
}

async fn link(network: &Arc<dyn Network>, host: &MemoryHost) {
    let owner: Passport = CAROLS.parse().unwrap();
    let answers = BTreeMap::from([("user".to_owned(), ANN.to_owned()), ("password".to_owned(), "secret".to_owned())]);
    network.link(&owner, "password", &answers).await.unwrap();
    host.until("the first sync is taken", |told| told.kept.contains_key(&format!("own-since/{CAROLS}"))).await;
}

/// A direct chat of two people, as their clients have it.
async fn chat_of(one: &Person, other: &Person) -> String {
    let room = one.invite_to_chat(&other.id).await;
    other.post(&format!("rooms/{room}/join"), json!({})).await;
    one.put(&format!("user/{}/account_data/m.direct", one.id), json!({ &other.id: [&room] })).await;
    room
}

async fn says(person: &Person, room: &str, text: &str) -> String {
    person.say(room, &text.replace(' ', "-"), json!({ "msgtype": "m.text", "body": text })).await
}

async fn has_read(person: &Person, room: &str, event: &str) {
    person.post(&format!("rooms/{room}/receipt/m.read/{event}"), json!({})).await;
}

fn in_room(room: &str, action: Action) -> Order {
    Order { key: format!("in {room}"), attempt: 0, to: RemoteTarget::Room(RemoteRoom(room.into())), action }
}

async fn until_told(host: &MemoryHost, last: &str) -> Told {
    host.until(last, |told| told.texts(CAROLS).iter().any(|text| text == last)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_and_rooms_are_there_and_words_come_once_before_and_after_a_kill() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let chat = chat_of(&ann, &bob).await;
    let tea = bob.make_room("11", "Tea", &[ANN]).await;
    ann.post(&format!("rooms/{tea}/join"), json!({})).await;
    for room in [&chat, &tea] {
        let read = says(&bob, room, &format!("read in {}", if *room == chat { "chat" } else { "tea" })).await;
        has_read(&ann, room, &read).await;
    }
    says(&bob, &chat, "unread one").await;
    says(&bob, &chat, "unread two").await;

    // What there was is on the list, and only what is unread is told.
    link(&network, &host).await;
    let told = until_told(&host, "unread two").await;
    assert_eq!(told.texts(CAROLS), ["unread one", "unread two"]);
    let is_listed = |arrival: &Arrival| match arrival {
        Arrival::Friend { who, group, .. } => who.user.as_str() == bob.id && group.as_deref() == Some("Matrix"),
        _ => false,
    };
    assert!(told.arrivals.iter().any(is_listed), "{told:#?}");
    let is_tea = |arrival: &Arrival| match arrival {
        Arrival::Room { room, group, .. } => room.name == "Tea" && group.as_deref() == Some("Matrix"),
        _ => false,
    };
    assert!(told.arrivals.iter().any(is_tea), "{told:#?}");

    // News, of others and of the account's other client.
    says(&bob, &chat, "news").await;
    until_told(&host, "news").await;
    says(&ann, &chat, "mine").await;
    until_told(&host, "you: mine").await;
    // What the account says from here does not come back, unless another client forwards it, with its mark.
    let said = Action::Say { content: Content::text("by me"), sent: Timestamp(5), reply: None, heard: Vec::new() };
    carol.deliver(&order("o1", 0, &bob.id, said)).await.unwrap();
    let forwarded = json!({ "msgtype": "m.text", "body": "forwarded", "im.chrysalis.order": "o1" });
    ann.say(&chat, "forwarded", forwarded).await;
    until_told(&host, "you: forwarded").await;
    says(&ann, &tea, "mine too").await;
    says(&bob, &tea, "to all").await;
    let told = until_told(&host, "to all").await;
    let in_tea: Vec<String> =
        told.heard(CAROLS).iter().filter(|(place, _, _)| *place == tea).map(|(_, name, _)| name.clone()).collect();
    assert_eq!(in_tea, ["you", "bob"]);
    bob.put(&format!("rooms/{chat}/typing/{}", bob.id), json!({ "typing": true, "timeout": 20_000 })).await;
    host.until("bob types", |told| told.typing.iter().any(|(_, who, typing)| who.as_str() == bob.id && *typing)).await;

    // Killed, with something taken of which nothing is known any more, and something said meanwhile.
    let earlier = host.told();
    says(&bob, &chat, "before the kill").await;
    until_told(&host, "before the kill").await;
    network.stop().await;
    host.forget_since(&earlier);
    says(&bob, &chat, "after the kill").await;
    let (network, _carol) = starts(&setup, &host).await;
    let told = until_told(&host, "after the kill").await;
    let chat_texts: Vec<String> = told
        .arrivals
        .iter()
        .filter_map(|arrival| match arrival {
            Arrival::Message { place: RemoteTarget::Person(_), content: Content::Text(text), .. } => {
                Some(text.text.clone())
            }
            _ => None,
        })
        .collect();
    let expected =
        ["unread one", "unread two", "news", "you: mine", "you: forwarded", "before the kill", "after the kill"];
    let is_line = |text: &&String| text.contains("You speak here as");
    assert_eq!(chat_texts.iter().filter(|text| !is_line(text)).collect::<Vec<_>>(), expected);

    // Whoever leaves is gone from the list.
    ann.post(&format!("rooms/{tea}/leave"), json!({})).await;
    host.until("tea is lost", |told| {
        told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::RoomLost { room, .. } if room.as_str() == tea))
    })
    .await;
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_can_be_answered_before_its_sync_is_committed() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    link(&network, &host).await;
    let answering = host.answering.lock().await;
    let room = bob.invite_to_chat(ANN).await;
    host.until("bob asks", |told| told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::Invitation { .. })))
        .await;
    // The order is there before the session goes on.
    let welcome = order("w", 0, &bob.id, Action::Welcome);
    let (welcomed, ()) = tokio::join!(carol.deliver(&welcome), async { drop(answering) });
    welcomed.unwrap();
    assert_eq!(ann.get("joined_rooms").await, json!({ "joined_rooms": [room] }));
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_hundred_messages_while_it_was_off_the_last_two_hundred_are_told() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, _carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let chat = chat_of(&ann, &bob).await;
    link(&network, &host).await;
    says(&bob, &chat, "hello").await;
    until_told(&host, "hello").await;
    network.stop().await;
    for number in 0..300 {
        says(&bob, &chat, &format!("missed {number}")).await;
    }
    let (network, _carol) = starts(&setup, &host).await;
    let told = until_told(&host, "missed 299").await;
    let mut expected = vec!["hello".to_owned(), "(100 earlier messages are not shown)".to_owned()];
    expected.extend((100..300).map(|number| format!("missed {number}")));
    assert_eq!(told.texts(CAROLS), expected);
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_replaced_by_another_is_followed() {
    let mut setup = Setup::new();
    setup.section.values.insert("linked".into(), json!({ "rooms": "none" }));
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, _carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let old = bob.make_room("10", "Tea", &[ANN]).await;
    ann.post(&format!("rooms/{old}/join"), json!({})).await;
    bob.put(&format!("rooms/{old}/state/m.room.join_rules"), json!({ "join_rule": "public" })).await;
    let lure = bob.make_room("11", "Lure", &[ANN]).await;
    ann.post(&format!("rooms/{lure}/join"), json!({})).await;
    let space = ann.post("createRoom", json!({ "creation_content": { "type": "m.space" } })).await;
    let space = space["room_id"].as_str().unwrap();
    link(&network, &host).await;
    // What was wanted is wanted still where it goes on.
    for room in ["Tea", "Lure"] {
        let answers = BTreeMap::from([("room".to_owned(), room.to_owned())]);
        let began = std::time::Instant::now();
        // What is kept counts a moment later.
        while network.perform(&CAROLS.parse().unwrap(), "room-add", &answers).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "{room} is never known");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let new = bob.post(&format!("rooms/{old}/upgrade"), json!({ "new_version": "11" })).await;
    let new = new["replacement_room"].as_str().unwrap();
    host.until("the old room is lost and the new one there", |told| {
        let is_lost = |arrival: &Arrival| matches!(arrival, Arrival::RoomLost { room, .. } if room.as_str() == old);
        let is_there = |arrival: &Arrival| matches!(arrival, Arrival::Room { room, .. } if room.room.as_str() == new);
        told.arrivals.iter().any(is_lost) && told.arrivals.iter().any(is_there)
    })
    .await;
    says(&bob, new, "here now").await;
    until_told(&host, "here now").await;

    // Nobody is led out of where they are.
    bob.put(&format!("rooms/{lure}/state/m.room.tombstone"), json!({ "body": "x", "replacement_room": space })).await;
    let kept = format!("own-room/{CAROLS} {lure}");
    host.until("it is not followed", |told| {
        let is_told = |(place, _, content): &(String, String, Content)| {
            *place == lure && matches!(content, Content::Emote { text } if text.contains("moved this room"))
        };
        told.heard(CAROLS).iter().any(is_told) && !told.kept[&kept].contains("\"moved\":")
    })
    .await;
    let joined = ann.get("joined_rooms").await;
    assert!(joined["joined_rooms"].as_array().unwrap().contains(&json!(space)), "{joined}");
    network.stop().await;
    synapse.halt().await;
}

fn is_lost(told: &Told, room: &str) -> bool {
    told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::RoomLost { room: lost, .. } if lost.as_str() == room))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_ghost_and_account_both_are_whoever_is_left_goes_on() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let mut rooms = Vec::new();
    for name in ["Ghosts", "Own", "Old"] {
        let room = bob.make_room("10", name, &[ANN, CAROL]).await;
        host.until("carol is asked in", |told| {
            told.arrivals.iter().any(
                |arrival| matches!(arrival, Arrival::RoomInvitation { room: asked, .. } if asked.room.as_str() == room),
            )
        })
        .await;
        carol.deliver(&in_room(&room, Action::Welcome)).await.unwrap();
        says(&bob, &room, &format!("before in {name}")).await;
        until_told(&host, &format!("before in {name}")).await;
        ann.post(&format!("rooms/{room}/join"), json!({})).await;
        rooms.push(room);
    }
    let [ghosts, own, old] = <[String; 3]>::try_from(rooms).unwrap();
    bob.put(&format!("rooms/{old}/state/m.room.join_rules"), json!({ "join_rule": "public" })).await;
    link(&network, &host).await;
    for (room, name) in [(&ghosts, "Ghosts"), (&own, "Own")] {
        says(&bob, room, &format!("by ann in {name}")).await;
        until_told(&host, &format!("by ann in {name}")).await;
    }

    // The one who is left goes on, and the room stays on the list.
    ann.post(&format!("rooms/{ghosts}/leave"), json!({})).await;
    host.until("ann has left", |told| !told.kept.contains_key(&format!("own-room/{CAROLS} {ghosts}"))).await;
    bob.post(&format!("rooms/{own}/kick"), json!({ "user_id": CAROL })).await;
    host.until("the ghost is out", |told| !told.kept.contains_key(&format!("portal/{CAROLS} {own}"))).await;
    for (room, name) in [(&ghosts, "Ghosts"), (&own, "Own")] {
        says(&bob, room, &format!("after in {name}")).await;
        until_told(&host, &format!("after in {name}")).await;
    }
    let portal: Value = serde_json::from_str(&host.told().kept[&format!("portal/{CAROLS} {ghosts}")]).unwrap();
    assert!(portal["timeline"]["at"].as_i64() > Some(0), "{portal}");

    // Where the room goes on elsewhere, that one takes its place.
    let new = bob.post(&format!("rooms/{old}/upgrade"), json!({ "new_version": "11" })).await;
    let new = new["replacement_room"].as_str().unwrap();
    host.until("the old room is lost", |told| is_lost(told, &old)).await;
    host.until("both are in the new one", |told| {
        let portal = told.kept.get(&format!("portal/{CAROLS} {new}"));
        let is_joined = portal.is_some_and(|portal| portal.contains("\"joined\""));
        is_joined && told.kept.contains_key(&format!("own-room/{CAROLS} {new}"))
    })
    .await;
    host.until("the ghost has left the old one", |told| !told.kept.contains_key(&format!("portal/{CAROLS} {old}")))
        .await;
    says(&bob, new, "in the new one").await;
    let told = until_told(&host, "in the new one").await;
    let mut texts = told.texts(CAROLS);
    assert!(!is_lost(&told, &ghosts) && !is_lost(&told, &own) && !is_lost(&told, new));
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!((count, texts.len()), (8, 8), "each once: {texts:?}");

    // Unlinked, only what the account alone had is gone.
    network.unlink(&CAROLS.parse().unwrap()).await.unwrap();
    let told = host.until("what only ann had is lost", |told| is_lost(told, &own)).await;
    assert!(!is_lost(&told, &ghosts) && !is_lost(&told, new));
    says(&bob, new, "by the ghost again").await;
    until_told(&host, "by the ghost again").await;
    network.stop().await;
    synapse.halt().await;
}

/// Lets everything through to the homeserver, but keeps back what devices send each other, keys mostly, while told to.
struct Keeping {
    target: String,
    keeps: std::sync::atomic::AtomicBool,
    kept: Mutex<Vec<Value>>,
    client: reqwest::Client,
}

impl Keeping {
    fn keep(&self, keeps: bool) {
        self.keeps.store(keeps, std::sync::atomic::Ordering::SeqCst);
    }

    fn sift(&self, answer: &Bytes) -> Bytes {
        let Ok(mut answer) = serde_json::from_slice::<Value>(answer) else { return answer.clone() };
        let events = answer["to_device"]["events"].as_array().cloned().unwrap_or_default();
        let mut kept = self.kept.lock().unwrap();
        kept.extend(events);
        let passed =
            if self.keeps.load(std::sync::atomic::Ordering::SeqCst) { Vec::new() } else { std::mem::take(&mut *kept) };
        answer["to_device"] = json!({ "events": passed });
        answer.to_string().into()
    }
}

async fn pass(
    State(keeping): State<Arc<Keeping>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Bytes) {
    let is_sync = uri.path().ends_with("/sync");
    let mut request = keeping.client.request(method, format!("{}{uri}", keeping.target)).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let Ok(answer) = request.send().await else { return (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new()) };
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let bytes = answer.bytes().await.unwrap_or_default();
    let bytes = if is_sync && status.is_success() { keeping.sift(&bytes) } else { bytes };
    (status, HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]), bytes)
}

async fn keeping(setup: &mut Setup) -> Arc<Keeping> {
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let keeping = Arc::new(Keeping {
        target: format!("http://127.0.0.1:{}", setup.port),
        keeps: false.into(),
        kept: Mutex::default(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    });
    let app = Router::new().fallback(pass).with_state(Arc::clone(&keeping));
    tokio::spawn(async move { axum::serve(listener, app).await });
    setup.section.values["homeserver_url"] = json!(format!("http://127.0.0.1:{port}"));
    keeping
}

/// Has the homeserver answer the sync that it keeps open, as it does of itself only after half a minute.
async fn wakes(person: &Person) {
    person.put(&format!("user/{}/account_data/org.example.wake", person.id), json!({ "at": "now" })).await;
}

async fn changes_key(peer: &Peer, room: &OwnedRoomId) {
    peer.sync().await;
    peer.client.get_room(room).unwrap().discard_room_key().await.unwrap();
}

#[tokio::test]
async fn keys_that_come_late_hold_the_room_and_those_that_never_come_hold_it_not_for_ever() {
    let mut setup = Setup::new();
    let keeping = keeping(&mut setup).await;
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let ann = synapse.person("ann").await;
    link(&network, &host).await;
    let bob = Peer::new(&synapse, "bob").await;
    let bobs = bob.client.user_id().unwrap().to_string();
    let room = bob.chat_with(ANN).await.room_id().to_owned();
    host.until("bob asks", |told| told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::Invitation { .. })))
        .await;
    carol.deliver(&order("w", 0, &bobs, Action::Welcome)).await.unwrap();
    bob.until_joined(&room, ANN).await;
    bob.say(&room, "first").await;
    until_told(&host, "first").await;

    // The key comes late; what is said after it waits.
    keeping.keep(true);
    changes_key(&bob, &room).await;
    bob.say(&room, "late").await;
    bob.say(&room, "after it").await;
    let held = format!("own-room/{CAROLS} {room}");
    host.until("both wait", |told| told.kept[&held].matches("\"$").count() >= 3).await;
    assert_eq!(host.told().texts(CAROLS), ["first"]);
    keeping.keep(false);
    wakes(&ann).await;
    until_told(&host, "after it").await;
    assert_eq!(host.told().texts(CAROLS), ["first", "late", "after it"]);

    // A key is lost for good: that is told once, and what came after it follows.
    keeping.keep(true);
    changes_key(&bob, &room).await;
    bob.say(&room, "lost").await;
    host.until("it waits", |told| told.kept[&held].matches("\"$").count() >= 2).await;
    keeping.kept.lock().unwrap().clear();
    keeping.keep(false);
    changes_key(&bob, &room).await;
    bob.say(&room, "found").await;
    let told = host.until_at_last("found", |told| told.texts(CAROLS).iter().any(|text| text == "found")).await;
    let told = told.texts(CAROLS);
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told[3].contains("could not be decrypted") && told[4] == "found", "{told:?}");
    network.stop().await;
    synapse.halt().await;
}
