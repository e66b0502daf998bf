//! What is said in encrypted rooms, all the way: words before the ghost came, pictures, edits, reactions, replies, several people, the
//! bot, and rooms that we make.

use std::{
    io::Cursor,
    sync::Arc,
    time::{Duration, Instant},
};

use bridge::{Action, Arrival, Link, Network, Order};
use domain::{Content, RemoteMessage, RemoteRoom, Timestamp, contact::RemoteTarget};
use matrix_sdk::{
    Room,
    media::{MediaFormat, MediaRequestParameters},
    room::MessagesOptions,
    ruma::{
        EventId, OwnedRoomId, UserId,
        api::client::{keys::get_keys, message::get_message_events, room::create_room},
        events::room::{MediaSource, message::RoomMessageEventContent},
    },
};
use serde_json::{Value, json};

use crate::{
    CAROL, DAVE, Setup,
    encryption::{Peer, is_unflagged},
    host::{MemoryHost, PATIENCE},
    open, order, say,
};

const CAROLS: &str = "carol@msn.example";
const DAVES: &str = "dave@msn.example";
const BOT: &str = "@msnbot:example.org";
/// One black pixel.
const DOT: &[u8] = b"\x89PNG is enough to be kept as a picture";

/// The bridge, and Alice with a client that encrypts.
struct Stage {
    network: Arc<dyn Network>,
    host: Arc<MemoryHost>,
    carol: Arc<dyn Link>,
    alice: Peer,
    alices: String,
}

impl Stage {
    async fn new(setup: &Setup, synapse: &crate::homeserver::Synapse) -> Self {
        let host = setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")]);
        let network = setup.network();
        network.start(host.clone()).await.unwrap();
        let carol = open(&network, CAROLS, "Carol").await;
        let alice = Peer::new(synapse, "alice").await;
        let alices = alice.client.user_id().unwrap().to_string();
        Self { network, host, carol, alice, alices }
    }

    /// Waits until a user of ours has a device of which everybody can know.
    async fn until_prepared(&self, user: &str) {
        let user = UserId::parse(user).unwrap();
        let began = Instant::now();
        loop {
            let mut request = get_keys::v3::Request::new();
            request.device_keys.insert(user.clone(), Vec::new());
            let answer = self.alice.client.send(request).await.unwrap();
            if answer.device_keys.get(&user).is_some_and(|devices| !devices.is_empty()) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{user} never had a device");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What has arrived of this kind.
    async fn until_arrived<T>(&self, what: &str, wanted: impl Fn(&Arrival) -> Option<T>) -> T {
        let told = self.host.until(what, |told| told.arrivals.iter().any(|arrival| wanted(arrival).is_some())).await;
        told.arrivals.iter().find_map(wanted).unwrap()
    }

    async fn until_heard(&self, account: &str, texts: &[&str]) {
        let what = format!("{texts:?} heard");
        self.host.until(&what, |told| told.texts(account).len() >= texts.len()).await;
        assert_eq!(self.host.told().texts(account), texts);
    }

    /// The contents of a room as the homeserver has them, oldest first, of everything that is said there by somebody.
    async fn raw(&self, room: &OwnedRoomId, who: &str) -> Vec<Value> {
        let mut request = get_message_events::v3::Request::backward(room.clone());
        request.limit = 100_u32.into();
        let page = self.alice.client.send(request).await.unwrap();
        let events = page.chunk.iter().rev().map(|event| serde_json::from_str::<Value>(event.json().get()).unwrap());
        events.filter(|event| event["sender"] == who && event.get("state_key").is_none()).collect()
    }

    /// The content of what somebody has said last, decrypted.
    async fn last_content(&self, room: &OwnedRoomId, who: &str) -> Value {
        self.alice.sync().await;
        let room = self.alice.client.get_room(room).unwrap();
        let page = room.messages(MessagesOptions::backward()).await.unwrap();
        let events = page.chunk.iter().map(|event| serde_json::from_str::<Value>(event.raw().json().get()).unwrap());
        let mut said = events.filter(|event| event["sender"] == who && event["type"] == "m.room.message");
        said.next().expect("something was said")["content"].clone()
    }
}

async fn say_raw(room: &Room, kind: &str, content: Value) -> String {
    room.send_raw(kind, content).await.unwrap().response.event_id.to_string()
}

fn again(order: &Order) -> Order {
    Order { attempt: order.attempt + 1, ..order.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_chat_carries_everything_both_ways() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let stage = Stage::new(&setup, &synapse).await;
    let Stage { host, carol, alice, alices, .. } = &stage;

    // What is said before the ghost comes is read: its device is there first.
    let room = alice.chat_with(CAROL).await;
    let id = room.room_id().to_owned();
    stage.until_arrived("the invitation", |arrival| matches!(arrival, Arrival::Invitation { .. }).then_some(())).await;
    stage.until_prepared(CAROL).await;
    room.send(RoomMessageEventContent::text_plain("first")).await.unwrap();
    carol.deliver(&order("w", 0, alices, Action::Welcome)).await.unwrap();
    stage.until_heard(CAROLS, &["first"]).await;
    alice.until_joined(&id, CAROL).await;

    // A picture in, by its bytes; what is said after it comes after it.
    let file = alice.client.upload_encrypted_file(&mut Cursor::new(DOT.to_vec())).await.unwrap();
    let picture = json!({ "msgtype": "m.image", "body": "dot.png", "file": file, "info": { "size": DOT.len() } });
    say_raw(&room, "m.room.message", picture).await;
    let said = say_raw(&room, "m.room.message", json!({ "msgtype": "m.text", "body": "second" })).await;
    stage.until_heard(CAROLS, &["first", "second"]).await;
    let told = host.told();
    let heard = told.heard(CAROLS);
    let [_, (_, _, Content::Image(picture)), _] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(picture.name == "dot.png" && host.bytes(picture.source).as_deref() == Some(DOT));

    // One whose bytes are not those that were sent is told, and kept by nobody.
    let mut wrong =
        serde_json::to_value(alice.client.upload_encrypted_file(&mut Cursor::new(b"other".to_vec())).await.unwrap())
            .unwrap();
    wrong["hashes"]["sha256"] = json!("ANdt819a8bZl4jKy3Z+jcqtiNICa2y0AW4BBJ/iQRAU");
    say_raw(&room, "m.room.message", json!({ "msgtype": "m.file", "body": "wrong.bin", "file": wrong })).await;
    host.until("what is told of it", |told| told.texts(CAROLS).len() == 3).await;
    let told = host.told().texts(CAROLS);
    assert!(told[2].contains("wrong.bin") && told[2].contains("not those that were sent"), "{told:?}");

    // Edit, reaction, reply, removal.
    let replaces = json!({ "rel_type": "m.replace", "event_id": said });
    let new = json!({ "msgtype": "m.text", "body": "better" });
    say_raw(
        &room,
        "m.room.message",
        json!({ "msgtype": "m.text", "body": "* better", "m.new_content": new, "m.relates_to": replaces }),
    )
    .await;
    let edit = |arrival: &Arrival| match arrival {
        Arrival::Edit { of, content, .. } => Some((of.to_string(), content.clone())),
        _ => None,
    };
    assert_eq!(stage.until_arrived("the edit", edit).await, (said.clone(), Content::text("better")));
    let heart = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": said, "key": "x" } });
    say_raw(&room, "m.reaction", heart).await;
    let sign = |arrival: &Arrival| match arrival {
        Arrival::Reaction { to, sign, .. } => Some((to.to_string(), sign.clone())),
        _ => None,
    };
    assert_eq!(stage.until_arrived("the reaction", sign).await, (said.clone(), "x".to_owned()));
    let receipt = carol.deliver(&say("o1", alices, Content::text("mine"))).await.unwrap();
    let mine = receipt.messages[0].to_string();
    let answer =
        json!({ "msgtype": "m.text", "body": "yours", "m.relates_to": { "m.in_reply_to": { "event_id": mine } } });
    let answer = say_raw(&room, "m.room.message", answer).await;
    let reply = |arrival: &Arrival| match arrival {
        Arrival::Message { reply: Some(reply), content, .. } => Some((reply.to.to_string(), content.clone())),
        _ => None,
    };
    assert_eq!(stage.until_arrived("the reply", reply).await, (mine.clone(), Content::text("yours")));
    room.redact(&EventId::parse(&answer).unwrap(), None, None).await.unwrap();
    let removal = |arrival: &Arrival| match arrival {
        Arrival::Removal { of, .. } => Some(of.to_string()),
        _ => None,
    };
    assert_eq!(stage.until_arrived("the removal", removal).await, answer);

    // Out: a picture by its bytes, a nudge, a reply, a long text, and all of it unflagged.
    let dot = host.keep("dot.png", "image/png", DOT.to_vec());
    carol.deliver(&say("o2", alices, Content::Image(dot))).await.unwrap();
    assert!(is_unflagged(&alice.until_shown(&id, CAROL, "dot.png").await));
    let content = stage.last_content(&id, CAROL).await;
    assert!(content.get("url").is_none(), "{content}");
    let source = MediaSource::Encrypted(Box::new(serde_json::from_value(content["file"].clone()).unwrap()));
    let wanted = MediaRequestParameters { source, format: MediaFormat::File };
    assert!(alice.client.media().get_media_content(&wanted, false).await.unwrap() == DOT);
    let reply = Some(RemoteMessage(said.clone()));
    let action =
        Action::Say { content: Content::text("to that"), sent: Timestamp(1_700_000_000_000), reply, heard: Vec::new() };
    let replying = order("o3", 0, alices, action);
    let receipt = carol.deliver(&replying).await.unwrap();
    assert!(is_unflagged(&alice.until_shown(&id, CAROL, "to that").await));
    assert_eq!(stage.last_content(&id, CAROL).await["m.relates_to"]["m.in_reply_to"]["event_id"], said);
    let long = "one of many lines \u{1}\n".repeat(6000);
    let long = say("o4", alices, Content::text(long));
    let parts = carol.deliver(&long).await.unwrap();
    assert!(parts.messages.len() > 2, "{parts:?}");

    // An attempt whose answer was lost is found without its keys; and nothing has ever stood there in clear.
    assert_eq!(carol.deliver(&again(&replying)).await.unwrap(), receipt);
    assert_eq!(carol.deliver(&again(&long)).await.unwrap(), parts);
    let raw = stage.raw(&id, CAROL).await;
    assert_eq!(raw.len(), 3 + parts.messages.len());
    for event in raw {
        assert_eq!(event["type"], "m.room.encrypted", "{event}");
        assert!(event["content"].get("body").is_none() && event["content"].get("file").is_none(), "{event}");
    }

    stage.network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_people_the_bot_and_rooms_of_ours_are_encrypted() {
    let mut setup = Setup::new();
    setup.section.values.insert("encryption".into(), json!({ "rooms": "always" }));
    let mut synapse = setup.synapse().await;
    let stage = Stage::new(&setup, &synapse).await;
    let Stage { network, host, carol, alice, .. } = &stage;
    let dave = open(network, DAVES, "Dave").await;
    let bob = Peer::new(&synapse, "bob").await;
    let bobs = bob.client.user_id().unwrap().to_owned();

    // A room of several: both accounts hear, each ghost speaks for itself.
    let mut request = create_room::v3::Request::new();
    request.name = Some("Tea".to_owned());
    let encryption =
        json!({ "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2" } });
    request.initial_state = vec![serde_json::from_value(encryption).unwrap()];
    request.invite = [CAROL, DAVE].iter().map(|ghost| UserId::parse(ghost).unwrap()).chain([bobs.clone()]).collect();
    let room = alice.client.create_room(request).await.unwrap();
    let id = room.room_id().to_owned();
    let target = RemoteTarget::Room(RemoteRoom(id.to_string()));
    let to_room = |key: &str, action: Action| Order { key: key.into(), attempt: 0, to: target.clone(), action };
    host.until("both invitations", |told| {
        told.arrivals.iter().filter(|arrival| matches!(arrival, Arrival::RoomInvitation { .. })).count() == 2
    })
    .await;
    bob.sync().await;
    bob.client.join_room_by_id(&id).await.unwrap();
    for link in [carol, &dave] {
        link.deliver(&to_room("w", Action::Welcome)).await.unwrap();
    }
    for ghost in [CAROL, DAVE] {
        alice.until_joined(&id, ghost).await;
        stage.until_prepared(ghost).await;
    }
    alice.say(&id, "to all").await;
    for account in [CAROLS, DAVES] {
        stage.until_heard(account, &["to all"]).await;
    }
    let words = |words: &str, heard: &[&str]| Action::Say {
        content: Content::text(words),
        sent: Timestamp(1_700_000_000_000),
        reply: None,
        heard: heard.iter().map(|account| account.parse().unwrap()).collect(),
    };
    carol.deliver(&to_room("o1", words("from carol", &[]))).await.unwrap();
    stage.until_heard(DAVES, &["to all", "from carol"]).await;
    dave.deliver(&to_room("o2", words("from dave", &[CAROLS]))).await.unwrap();
    carol.deliver(&to_room("o3", words("and after it", &[]))).await.unwrap();
    stage.until_heard(DAVES, &["to all", "from carol", "and after it"]).await;
    assert_eq!(host.told().texts(CAROLS), ["to all"], "she has heard dave on Messenger");
    for peer in [alice, &bob] {
        for (who, words) in [(CAROL, "from carol"), (DAVE, "from dave"), (CAROL, "and after it")] {
            assert!(is_unflagged(&peer.until_shown(&id, who, words).await));
        }
    }

    // A chat that we make is encrypted as well.
    carol.deliver(&say("b1", bobs.as_str(), Content::text("hello bob"))).await.unwrap();
    let began = Instant::now();
    let chat = loop {
        bob.sync().await;
        if let Some(room) = bob.client.invited_rooms().into_iter().next() {
            break room;
        }
        assert!(began.elapsed() < PATIENCE, "bob is not asked");
    };
    chat.join().await.unwrap();
    assert!(is_unflagged(&bob.until_shown(&chat.room_id().to_owned(), CAROL, "hello bob").await));

    // The bot hears and answers.
    let managing = alice.chat_with(BOT).await.room_id().to_owned();
    alice.until_joined(&managing, BOT).await;
    alice.say(&managing, "version").await;
    let version = format!("Chrysalis {}", env!("CARGO_PKG_VERSION"));
    assert!(is_unflagged(&alice.until_shown(&managing, BOT, &version).await));
    for room in [&id, &managing] {
        for who in [CAROL, DAVE, BOT] {
            for event in stage.raw(room, who).await {
                assert_eq!(event["type"], "m.room.encrypted", "{event}");
            }
        }
    }

    network.stop().await;
    synapse.halt().await;
}
