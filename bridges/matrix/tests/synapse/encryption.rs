//! Ghosts in encrypted rooms, with a real client on the other side: matrix-sdk's, as Element X has it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use bridge::{Action, Arrival, Farewell};
use domain::{Content, Status};
use matrix_sdk::{
    Client, Room,
    config::SyncSettings,
    deserialized_responses::{VerificationLevel, VerificationState},
    room::MessagesOptions,
    ruma::{OwnedRoomId, UserId, api::client::keys::get_keys, events::room::message::RoomMessageEventContent},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    CAROL, DAVE, Setup,
    homeserver::{Synapse, free_port},
    host::{MemoryHost, PATIENCE, Told},
    open, order, own, say,
};

const CAROLS: &str = "carol@msn.example";
const DAVES: &str = "dave@msn.example";

/// Somebody with a client that encrypts.
pub(crate) struct Peer {
    pub(crate) client: Client,
}

/// What a client shows of a message.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) body: String,
    /// How it flags the sender; `None` for what was not encrypted.
    pub(crate) flag: Option<VerificationState>,
}

impl Peer {
    /// Registers somebody and signs them in.
    pub(crate) async fn new(synapse: &Synapse, name: &str) -> Self {
        synapse.person(name).await;
        let client = Client::builder().homeserver_url(&synapse.url).build().await.unwrap();
        client.matrix_auth().login_username(name, "secret").initial_device_display_name("test").send().await.unwrap();
        let peer = Self { client };
        peer.sync().await;
        peer
    }

    /// Waits for news, half a second at most.
    pub(crate) async fn sync(&self) {
        self.client.sync_once(SyncSettings::new().timeout(Duration::from_millis(500))).await.unwrap();
    }

    /// Makes an encrypted direct chat with a ghost, as clients do.
    pub(crate) async fn chat_with(&self, ghost: &str) -> Room {
        self.client.create_dm(&UserId::parse(ghost).unwrap()).await.unwrap()
    }

    pub(crate) async fn say(&self, room: &OwnedRoomId, text: &str) {
        let room = self.client.get_room(room).unwrap();
        room.send(RoomMessageEventContent::text_plain(text)).await.unwrap();
    }

    /// Waits until somebody is in a room.
    pub(crate) async fn until_joined(&self, room: &OwnedRoomId, who: &str) {
        let (who, began) = (UserId::parse(who).unwrap(), Instant::now());
        loop {
            self.sync().await;
            let room = self.client.get_room(room).unwrap();
            let member = room.get_member(&who).await.unwrap();
            if member.is_some_and(|member| member.membership().as_str() == "join") {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{who} never came");
        }
    }

    /// Waits until somebody's words are shown.
    pub(crate) async fn until_shown(&self, room: &OwnedRoomId, who: &str, words: &str) -> Shown {
        let began = Instant::now();
        loop {
            self.sync().await;
            let shown = self.shown(room, who).await;
            if let Some(found) = shown.iter().find(|shown| shown.body == words) {
                return found.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{who} never said {words:?} but {shown:#?}");
        }
    }

    async fn shown(&self, room: &OwnedRoomId, who: &str) -> Vec<Shown> {
        let room = self.client.get_room(room).unwrap();
        let page = room.messages(MessagesOptions::backward()).await.unwrap();
        let messages = page.chunk.into_iter().filter_map(|event| {
            let flag = event.encryption_info().map(|info| info.verification_state.clone());
            let event: Value = serde_json::from_str(event.raw().json().get()).unwrap();
            let kind = event["type"].as_str().unwrap_or_default();
            let is_message = event["sender"] == who && kind.starts_with("m.room.") && event.get("state_key").is_none();
            let body = event["content"]["body"].as_str().unwrap_or(kind).to_owned();
            is_message.then_some(Shown { body, flag })
        });
        messages.collect()
    }

    /// The keys of somebody, as the homeserver lists them.
    async fn keys(&self, who: &str) -> get_keys::v3::Response {
        let mut request = get_keys::v3::Request::new();
        request.device_keys = BTreeMap::from([(UserId::parse(who).unwrap(), Vec::new())]);
        self.client.send(request).await.unwrap()
    }

    /// The devices of somebody.
    async fn devices(&self, who: &str) -> Vec<String> {
        let devices = self.keys(who).await.device_keys.into_values().flatten();
        devices.map(|(device, _)| device.to_string()).collect()
    }

    /// Waits until somebody has so many devices.
    async fn until_devices(&self, who: &str, count: usize) {
        let began = Instant::now();
        while self.devices(who).await.len() != count {
            assert!(began.elapsed() < PATIENCE, "{who} never had {count} devices");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// By which key people know somebody.
    async fn identity(&self, who: &str) -> Value {
        let key = self.keys(who).await.master_keys.into_values().next().expect("somebody without an identity");
        let key: Value = serde_json::from_str(key.json().get()).unwrap();
        key["keys"].clone()
    }
}

/// Not flagged: neither verified by anybody, which needs two people, nor anything worse.
pub(crate) fn is_unflagged(shown: &Shown) -> bool {
    matches!(
        shown.flag,
        Some(VerificationState::Verified | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity))
    )
}

/// Lets everything through to the bridge, but refuses transactions with keys while told to.
struct Between {
    target: String,
    refuses_keys: AtomicBool,
    refused: AtomicUsize,
    client: reqwest::Client,
}

async fn pass(
    State(between): State<Arc<Between>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Bytes) {
    let has_keys = serde_json::from_slice::<Value>(&body).is_ok_and(|body| {
        let messages = body["de.sorunome.msc2409.to_device"].as_array().or(body["to_device"].as_array());
        messages.is_some_and(|messages| messages.iter().any(|message| message["type"] == "m.room.encrypted"))
    });
    if has_keys && between.refuses_keys.load(Ordering::SeqCst) {
        between.refused.fetch_add(1, Ordering::SeqCst);
        return (StatusCode::INTERNAL_SERVER_ERROR, Bytes::from_static(b"{}"));
    }
    let mut request = between.client.request(method, format!("{}{uri}", between.target)).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    match request.send().await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
            (status, answer.bytes().await.unwrap_or_default())
        }
        Err(_) => (StatusCode::BAD_GATEWAY, Bytes::new()),
    }
}

/// Puts something between the homeserver and the bridge.
async fn between(setup: &mut Setup) -> Arc<Between> {
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let between = Arc::new(Between {
        target: format!("http://127.0.0.1:{}", setup.listen),
        refuses_keys: AtomicBool::new(false),
        refused: AtomicUsize::new(0),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    });
    let app = Router::new().fallback(pass).with_state(Arc::clone(&between));
    tokio::spawn(async move { axum::serve(listener, app).await });
    setup.section.values["appservice"]["url"] = json!(format!("http://127.0.0.1:{port}"));
    between
}

async fn until_heard(host: &MemoryHost, texts: &[&str]) {
    let what = format!("{texts:?} heard");
    host.until(&what, |told| told.texts(CAROLS).len() >= texts.len()).await;
    assert_eq!(host.told().texts(CAROLS), texts);
}

fn invited(told: &Told) -> bool {
    told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::Invitation { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ghost_and_a_client_talk_encrypted_through_lost_keys_restarts_and_restoring() {
    let mut setup = Setup::new();
    let between = between(&mut setup).await;
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let alice = Peer::new(&synapse, "alice").await;
    let alices = alice.client.user_id().unwrap().to_string();

    // Both ways, unflagged.
    let room = alice.chat_with(CAROL).await.room_id().to_owned();
    host.until("the invitation", invited).await;
    carol.deliver(&order("w", 0, &alices, Action::Welcome)).await.unwrap();
    alice.until_joined(&room, CAROL).await;
    alice.say(&room, "one").await;
    until_heard(&host, &["one"]).await;
    carol.deliver(&say("o1", &alices, Content::text("yes?"))).await.unwrap();
    let shown = alice.until_shown(&room, CAROL, "yes?").await;
    assert!(is_unflagged(&shown), "{shown:?}");
    let devices = alice.devices(CAROL).await;
    assert_eq!(devices.len(), 1);

    // The key is pushed in vain: a new device of alice speaks, and the transaction that brings its key is refused.
    between.refuses_keys.store(true, Ordering::SeqCst);
    let second = Client::builder().homeserver_url(&synapse.url).build().await.unwrap();
    second.matrix_auth().login_username("alice", "secret").send().await.unwrap();
    let phone = Peer { client: second };
    phone.sync().await;
    phone.say(&room, "two").await;
    until_heard(&host, &["one", "two"]).await;
    assert!(between.refused.load(Ordering::SeqCst) > 0, "no key was pushed");
    between.refuses_keys.store(false, Ordering::SeqCst);

    // Ended, spoken to meanwhile with a key of its own, and started again: the same device reads on.
    network.stop().await;
    let tablet = Client::builder().homeserver_url(&synapse.url).build().await.unwrap();
    tablet.matrix_auth().login_username("alice", "secret").send().await.unwrap();
    let tablet = Peer { client: tablet };
    tablet.sync().await;
    tablet.say(&room, "three").await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    until_heard(&host, &["one", "two", "three"]).await;
    carol.deliver(&say("o2", &alices, Content::text("all three"))).await.unwrap();
    for peer in [&alice, &phone, &tablet] {
        assert!(is_unflagged(&peer.until_shown(&room, CAROL, "all three").await));
    }
    assert_eq!(alice.devices(CAROL).await, devices, "the device is the same");

    // Restored from a backup: another device of the same person, which reads what the first could, and is unflagged as well.
    let identity = alice.identity(CAROL).await;
    network.stop().await;
    alice.say(&room, "between").await;
    *host.generation.lock().unwrap() = "second".to_owned();
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    carol.deliver(&say("o3", &alices, Content::text("restored"))).await.unwrap();
    let shown = alice.until_shown(&room, CAROL, "restored").await;
    assert!(is_unflagged(&shown), "{shown:?}");
    alice.say(&room, "four").await;
    until_heard(&host, &["one", "two", "three", "between", "four"]).await;
    assert_eq!(alice.identity(CAROL).await, identity);
    let renewed = alice.devices(CAROL).await;
    assert!(renewed.len() == 1 && renewed != devices, "{devices:?} {renewed:?}");

    // The homeserver forgets the device: another takes its place.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/_matrix/client/v3/devices/{}", synapse.url, renewed[0]);
    let gone = client.delete(&url).query(&[("user_id", CAROL)]).bearer_auth(setup.token("as")).json(&json!({}));
    assert!(gone.send().await.unwrap().status().is_success());
    network.stop().await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let began = Instant::now();
    let mut attempt = 0;
    while carol.deliver(&bridge::Order { attempt, ..say("o4", &alices, Content::text("here again")) }).await.is_err() {
        attempt += 1;
        assert!(began.elapsed() < PATIENCE, "it could never be said");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(is_unflagged(&alice.until_shown(&room, CAROL, "here again").await));
    alice.say(&room, "five").await;
    until_heard(&host, &["one", "two", "three", "between", "four", "five"]).await;

    network.stop().await;
    synapse.halt().await;
}

#[tokio::test]
async fn first_words_are_read_by_who_has_ever_signed_in_and_told_of_to_who_has_not() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let dave = open(&network, DAVES, "Dave").await;
    open(&network, CAROLS, "Carol").await;
    let alice = Peer::new(&synapse, "alice").await;
    let alices = alice.client.user_id().unwrap().to_string();
    dave.show(own(Status::Online, "Dave", ""));
    alice.until_devices(DAVE, 1).await;
    host.until("carol's ghost is made", |told| told.kept.contains_key("ghost/carol@msn.example")).await;
    assert!(alice.devices(CAROL).await.is_empty());
    network.stop().await;

    // Said with the question, while nobody is there to answer.
    for (who, words) in [(DAVE, &["while away"][..]), (CAROL, &["lost", "lost as well"][..])] {
        let room = alice.chat_with(who).await.room_id().to_owned();
        for words in words {
            alice.say(&room, words).await;
        }
    }
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let dave = open(&network, DAVES, "Dave").await;
    let carol = open(&network, CAROLS, "Carol").await;
    let asked =
        |told: &Told| told.arrivals.iter().filter(|arrival| matches!(arrival, Arrival::Invitation { .. })).count();
    host.until("both invitations", |told| asked(told) == 2).await;
    carol.deliver(&order("w", 0, &alices, Action::Welcome)).await.unwrap();
    dave.deliver(&order("w", 0, &alices, Action::Welcome)).await.unwrap();
    host.until("what dave's ghost can read", |told| !told.texts(DAVES).is_empty()).await;
    assert_eq!(host.told().texts(DAVES), ["while away"]);
    host.until_at_last("what carol is told", |told| !told.texts(CAROLS).is_empty()).await;
    assert_eq!(
        host.told().texts(CAROLS),
        ["[2 messages that could not be decrypted; ask alice to write them again]"],
        "once"
    );

    // A removed account leaves no device behind, nor keys.
    let kept = |told: &Told| told.kept.keys().any(|key| key.starts_with("encryption/") && key.contains("dave"));
    assert!(kept(&host.told()));
    dave.close(Farewell::Removed).await;
    alice.until_devices(DAVE, 0).await;
    host.until("dave's keys are gone", |told| !kept(told)).await;
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_says_what_somebody_else_has_encrypted() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let alice = Peer::new(&synapse, "alice").await;
    let alices = alice.client.user_id().unwrap().to_string();
    let room = alice.chat_with(CAROL).await;
    let id = room.room_id().to_owned();
    host.until("the invitation", invited).await;
    carol.deliver(&order("w", 0, &alices, Action::Welcome)).await.unwrap();
    alice.until_joined(&id, CAROL).await;
    let mallory = synapse.person("mallory").await;
    room.invite_user_by_id(&UserId::parse(&mallory.id).unwrap()).await.unwrap();
    mallory.post(&format!("rooms/{id}/join"), json!({})).await;
    alice.until_joined(&id, &mallory.id).await;
    alice.say(&id, "I resign").await;
    until_heard(&host, &["I resign"]).await;

    let page = mallory.get(&format!("rooms/{id}/messages?dir=b&limit=20")).await;
    let mut events = page["chunk"].as_array().unwrap().iter();
    let sealed = events.find(|event| event["type"] == "m.room.encrypted" && event["sender"] == alices).unwrap();
    mallory.send(id.as_str(), "m.room.encrypted", "t1", sealed["content"].clone()).await;
    until_heard(
        &host,
        &["I resign", "mallory: [a message that could not be decrypted; ask mallory to write it again]"],
    )
    .await;
    network.stop().await;
    synapse.halt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_names_the_switches_that_encryption_needs() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    open(&network, CAROLS, "Carol").await;
    host.until("the ghost is made", |told| told.kept.contains_key("ghost/carol@msn.example")).await;
    assert_eq!(network.check(bridge::Standing::Running).await, []);
    network.stop().await;

    synapse.halt().await;
    synapse.configure(|configuration| configuration["experimental_features"] = json!({}));
    synapse.resume().await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let faults = network.check(bridge::Standing::Running).await;
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.subject == "encryption" && fault.mend.contains("msc2409_to_device_messages_enabled"), "{fault}");
    network.stop().await;
    synapse.halt().await;
}
