//! What a linked account says: in its own chats and rooms, encrypted ones included, once, whatever became of earlier attempts.

use std::{collections::BTreeMap, sync::Arc};

use bridge::{Action, Arrival, Failure, Link, LinkState, Network, Order};
use domain::{Content, Passport, RemoteMessage, RemoteRoom, Timestamp, contact::RemoteTarget};
use matrix_sdk::{
    media::{MediaFormat, MediaRequestParameters},
    ruma::{OwnedRoomId, RoomId, events::room::MediaSource},
};
use serde_json::{Value, json};

use crate::{
    CAROL, Setup,
    encryption::{Peer, is_unflagged},
    homeserver::Person,
    host::{MemoryHost, PATIENCE, Told},
    open, order, person, say,
};

const CAROLS: &str = "carol@msn.example";
const ANN: &str = "@ann:example.org";
const LINE: &str = "(You speak here as @ann:example.org.)";

/// Links carol to ann, and waits until this room is known.
async fn link(network: &Arc<dyn Network>, host: &MemoryHost, room: Option<&str>) {
    let owner: Passport = CAROLS.parse().unwrap();
    let answers = BTreeMap::from([("user".to_owned(), ANN.to_owned()), ("password".to_owned(), "secret".to_owned())]);
    let status = network.link(&owner, "password", &answers).await.unwrap();
    assert_eq!(status.identity, ANN);
    assert!(!matches!(status.state, LinkState::Failed { .. }), "{status:?}");
    if let Some(room) = room {
        host.until("the room is known", |told| is_known(told, room)).await;
    }
}

fn is_known(told: &Told, room: &str) -> bool {
    told.kept.contains_key(&format!("own-room/{CAROLS} {room}"))
}

/// A direct chat of two people, as their clients have it.
async fn chat_of(one: &Person, other: &Person) -> String {
    let room = one.invite_to_chat(&other.id).await;
    other.post(&format!("rooms/{room}/join"), json!({})).await;
    let (list, lists) = (format!("user/{}/account_data/m.direct", one.id), json!({ &other.id: [&room] }));
    one.put(&list, lists).await;
    room
}

fn bodies(said: &[Value]) -> Vec<&str> {
    said.iter().map(|content| content["body"].as_str().unwrap()).collect()
}

fn again(order: Order) -> Order {
    Order { attempt: 1, ..order }
}

async fn starts(setup: &Setup, host: &Arc<MemoryHost>) -> (Arc<dyn Network>, Arc<dyn Link>) {
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    (network, carol)
}

/// Whether an order may be tried again is no failure: a link that was just opened may not know its rooms.
async fn deliver(carol: &Arc<dyn Link>, order: &Order) -> Vec<RemoteMessage> {
    let began = std::time::Instant::now();
    loop {
        match carol.deliver(order).await {
            Ok(receipt) => return receipt.messages,
            Err(Failure::Retry { reason, .. }) => {
                assert!(began.elapsed() < PATIENCE, "never delivered: {reason}");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(failure) => panic!("{failure:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_its_own_chats_the_account_itself_speaks() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, mut bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let room = chat_of(&ann, &bob).await;
    link(&network, &host, Some(&room)).await;

    // By itself, once, and it is shown.
    let first = deliver(&carol, &say("o1", &bob.id, Content::text("hello"))).await;
    assert_eq!(carol.deliver(&again(say("o1", &bob.id, Content::text("hello")))).await.unwrap().messages, first);
    deliver(&carol, &say("o2", &bob.id, Content::Nudge)).await;
    let said = bob.said_by(&room, ANN).await;
    assert_eq!(bodies(&said), ["hello", "sends a nudge"]);
    let told = host.until("the voice is shown", |told| told.texts(CAROLS).contains(&LINE.to_owned())).await;
    assert_eq!(told.texts(CAROLS).iter().filter(|text| *text == LINE).count(), 1);
    assert!(!told.kept.contains_key(&format!("chat/{CAROLS} {}", bob.id)), "the ghost keeps out of it");

    // A long text in parts, of which one was sent before the program was killed; its answer never came.
    let long = format!("{}\n{}", "x".repeat(16_000), "y".repeat(16_000));
    let part =
        json!({ "msgtype": "m.text", "body": "x".repeat(16_000), "im.chrysalis.order": "o3", "im.chrysalis.part": 0 });
    let part = ann.say(&room, "other", part).await;
    network.stop().await;
    let (network, carol) = starts(&setup, &host).await;
    let resumed = deliver(&carol, &again(say("o3", &bob.id, Content::text(&long)))).await;
    assert_eq!((resumed.len(), resumed[0].as_str()), (2, part.as_str()), "what was there stays");
    assert_eq!(deliver(&carol, &again(say("o3", &bob.id, Content::text(&long)))).await, resumed);

    // A file of ten megabytes, byte by byte; its message is found again.
    let bytes: Vec<u8> = (0..10_000_000_u32).map(|at| (at % 251) as u8).collect();
    let file = host.keep("large.bin", "application/octet-stream", bytes.clone());
    let sent = deliver(&carol, &say("o4", &bob.id, Content::File(file.clone()))).await;
    let content = bob.until_said(&room, ANN, "large.bin").await;
    assert!(bob.download(content["url"].as_str().unwrap()).await == bytes);
    assert_eq!(deliver(&carol, &again(say("o4", &bob.id, Content::File(file)))).await, sent);

    // The answer is lost with the homeserver.
    synapse.halt().await;
    let lost = carol.deliver(&say("o5", &bob.id, Content::text("waits"))).await;
    assert!(matches!(lost, Err(Failure::Retry { .. })), "{lost:?}");
    synapse.resume().await;
    deliver(&carol, &again(say("o5", &bob.id, Content::text("waits")))).await;
    assert_eq!(bob.said_by(&room, ANN).await.iter().filter(|content| content["body"] == "waits").count(), 1);

    // Typing and having read are shown by the same voice.
    carol.typing(&person(&bob.id), true);
    bob.until_types(&room, &[ANN]).await;
    deliver(&carol, &say("o6", &bob.id, Content::text("typed"))).await;
    bob.until_types(&room, &[]).await;
    let event = bob.say(&room, "t1", json!({ "msgtype": "m.text", "body": "read me" })).await;
    carol.read(&person(&bob.id), &RemoteMessage(event.clone()));
    bob.until("ann has read it", |answer| {
        let events = answer["rooms"]["join"][&room]["ephemeral"]["events"].as_array()?;
        events.iter().any(|receipt| receipt["content"][&event]["m.read"][ANN].is_object()).then_some(())
    })
    .await;

    // Nobody writes to somebody who has left, until they are added again.
    bob.post(&format!("rooms/{room}/leave"), json!({})).await;
    host.until("bob has left", |told| told.kept[&format!("own-room/{CAROLS} {room}")].contains("\"left\"")).await;
    let late = carol.deliver(&say("late", &bob.id, Content::text("?"))).await;
    assert!(matches!(&late, Err(Failure::Refused { reason }) if reason.contains("add them again")), "{late:?}");
    carol.deliver(&order("b1", 0, &bob.id, Action::Befriend)).await.unwrap();
    assert_eq!(bob.until_invited_by(ANN).await, room);
    network.stop().await;
    synapse.halt().await;
}

fn in_room(key: &str, room: &str, action: Action) -> Order {
    Order { key: key.into(), attempt: 0, to: RemoteTarget::Room(RemoteRoom(room.into())), action }
}

fn words(text: &str) -> Action {
    Action::Say { content: Content::text(text), sent: Timestamp(1_700_000_000_000), reply: None, heard: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_a_ghost_began_is_not_said_again_by_the_account() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, bob) = (synapse.person("ann").await, synapse.person("bob").await);
    let room = bob.make_room("11", "Lounge", &[ANN, CAROL]).await;
    host.until("carol is asked in", |told| {
        told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::RoomInvitation { .. }))
    })
    .await;
    carol.deliver(&in_room("w", &room, Action::Welcome)).await.unwrap();
    let ghosts = deliver(&carol, &in_room("o1", &room, words("as a ghost"))).await;

    // The account comes into the same room, and speaks there from then on; what the ghost said stays said.
    ann.post(&format!("rooms/{room}/join"), json!({})).await;
    link(&network, &host, Some(&room)).await;
    assert_eq!(deliver(&carol, &again(in_room("o1", &room, words("as a ghost")))).await, ghosts);
    deliver(&carol, &in_room("o2", &room, words("as myself"))).await;
    assert_eq!(bodies(&bob.said_by(&room, CAROL).await), ["as a ghost"]);
    assert_eq!(bodies(&bob.said_by(&room, ANN).await), ["as myself"]);
    host.until("the voice is shown", |told| told.texts(CAROLS).contains(&LINE.to_owned())).await;

    // What it may do there, it may do by itself.
    let target = RemoteRoom(room.clone());
    let refused = carol.topic(&target, Some("cake")).await;
    assert!(matches!(&refused, Err(Failure::Refused { reason }) if reason.contains("moderators")), "{refused:?}");
    assert_eq!(carol.topic(&target, None).await.unwrap(), "of the day");

    // Unlinked, the ghost goes on where it is, and that is shown as well.
    assert!(network.unlink(&CAROLS.parse().unwrap()).await.unwrap());
    deliver(&carol, &in_room("o3", &room, words("a ghost again"))).await;
    assert_eq!(bodies(&bob.said_by(&room, CAROL).await), ["as a ghost", "a ghost again"]);
    let line = format!("(You speak here as {CAROL}.)");
    host.until("the ghost's voice is shown", |told| told.texts(CAROLS).contains(&line)).await;
    network.stop().await;
    synapse.halt().await;
}

/// Waits for an invitation to somebody's room; goes there.
async fn comes(peer: &Peer) -> OwnedRoomId {
    let began = std::time::Instant::now();
    loop {
        peer.sync().await;
        if let Some(room) = peer.client.invited_rooms().first() {
            room.join().await.unwrap();
            peer.sync().await;
            return room.room_id().to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "never asked in");
    }
}

/// The first message of somebody with such a content.
async fn content_of(peer: &Peer, room: &RoomId, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = std::time::Instant::now();
    loop {
        peer.sync().await;
        let room = peer.client.get_room(room).unwrap();
        let page = room.messages(matrix_sdk::room::MessagesOptions::backward()).await.unwrap();
        let contents = page.chunk.into_iter().filter_map(|event| {
            let event: Value = serde_json::from_str(event.raw().json().get()).ok()?;
            (event["sender"] == ANN && event["type"] == "m.room.message").then(|| event["content"].clone())
        });
        let contents: Vec<Value> = contents.collect();
        if let Some(found) = contents.iter().find(|content| wanted(content)) {
            return found.clone();
        }
        assert!(began.elapsed() < PATIENCE, "not among {contents:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_chat_of_the_account_is_encrypted_and_begun_once() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let (network, carol) = starts(&setup, &host).await;
    let (ann, mallory) = (synapse.person("ann").await, synapse.person("mallory").await);
    let dora = Peer::new(&synapse, "dora").await;
    let doras = dora.client.user_id().unwrap().to_string();
    // Somebody would like to have what is said to her.
    let lure = mallory.make_room("11", "Two", &[ANN]).await;
    ann.post(&format!("rooms/{lure}/join"), json!({})).await;
    mallory.put(&format!("rooms/{lure}/state/im.chrysalis.direct"), json!({ "user": doras })).await;
    link(&network, &host, Some(&lure)).await;

    deliver(&carol, &again(order("b1", 0, &doras, Action::Befriend))).await;
    let room = comes(&dora).await;
    let lists = ann.get(&format!("user/{ANN}/account_data/m.direct")).await;
    assert_eq!(lists, json!({ &doras: [&room] }));

    // Killed before it could be noted that the room was made: the same one is found, and noted.
    network.stop().await;
    let earlier = Told {
        kept: host.told().kept.into_iter().filter(|(key, _)| !key.contains(room.as_str())).collect(),
        ..Told::default()
    };
    host.forget_since(&earlier);
    ann.put(&format!("user/{ANN}/account_data/m.direct"), json!({})).await;
    let (network, carol) = starts(&setup, &host).await;
    deliver(&carol, &again(order("b1", 0, &doras, Action::Befriend))).await;
    assert_eq!(ann.get(&format!("user/{ANN}/account_data/m.direct")).await, lists);
    assert!(dora.client.invited_rooms().is_empty());

    // Words, that only the two can read, once.
    let first = deliver(&carol, &say("o1", &doras, Content::text("sealed"))).await;
    let shown = dora.until_shown(&room, ANN, "sealed").await;
    assert!(is_unflagged(&shown), "{shown:?}");
    assert_eq!(deliver(&carol, &again(say("o1", &doras, Content::text("sealed")))).await, first);
    let raw = ann.get(&format!("rooms/{room}/event/{}", first[0])).await;
    assert_eq!(raw["type"], "m.room.encrypted");
    assert!(!raw.to_string().contains("sealed"));

    // A picture, of which the homeserver has nothing to look at.
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\0\x60".to_vec();
    bytes.extend((0..400_000_u32).map(|at| (at % 253) as u8));
    let picture = host.keep("cat.png", "image/png", bytes.clone());
    let sent = deliver(&carol, &say("o2", &doras, Content::Image(picture.clone()))).await;
    let content = content_of(&dora, &room, |content| content["msgtype"] == "m.image").await;
    assert!(content.get("url").is_none(), "{content}");
    let file = serde_json::from_value(content["file"].clone()).unwrap();
    let request = MediaRequestParameters { source: MediaSource::Encrypted(Box::new(file)), format: MediaFormat::File };
    assert!(dora.client.media().get_media_content(&request, false).await.unwrap() == bytes);
    assert!(ann.download(content["file"]["url"].as_str().unwrap()).await != bytes);
    assert_eq!(deliver(&carol, &again(say("o2", &doras, Content::Image(picture)))).await, sent);

    // Restarted, it is the same device, whose words are unflagged still.
    network.stop().await;
    let (network, carol) = starts(&setup, &host).await;
    deliver(&carol, &say("o3", &doras, Content::text("still here"))).await;
    assert!(is_unflagged(&dora.until_shown(&room, ANN, "still here").await));
    network.stop().await;
    synapse.halt().await;
}
