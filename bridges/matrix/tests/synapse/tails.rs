//! What the homeserver lost on its way to us is found in the rooms.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use bridge::{Action, Arrival, Order};
use domain::{RemoteRoom, contact::RemoteTarget};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{CAROL, Setup, homeserver::free_port, host::Told, open, order};

const CAROLS: &str = "carol@msn.example";

/// Stands between Synapse and the bridge. While it is told to, it says "received" itself and passes nothing on: so Synapse
/// behaves that is killed with a transaction in its memory alone.
#[derive(Clone)]
struct Thief {
    bridge: String,
    client: reqwest::Client,
    steals: Arc<AtomicBool>,
    stolen: watch::Sender<Vec<String>>,
}

async fn pass_on(
    State(thief): State<Thief>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    if method == Method::PUT && thief.steals.load(Ordering::SeqCst) {
        let transaction: Value = serde_json::from_slice(&body).unwrap_or_default();
        let events = transaction["events"].as_array().cloned().unwrap_or_default();
        let bodies = events.iter().filter_map(|event| event["content"]["body"].as_str().map(str::to_owned));
        thief.stolen.send_modify(|stolen| stolen.extend(bodies));
        return (StatusCode::OK, "{}".into());
    }
    let mut request = thief.client.request(method, format!("{}{uri}", thief.bridge)).body(body);
    if let Some(token) = headers.get(header::AUTHORIZATION) {
        request = request.header(header::AUTHORIZATION, token);
    }
    let Ok(answer) = request.send().await else { return (StatusCode::BAD_GATEWAY, String::new()) };
    (answer.status(), answer.text().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_on_the_way_is_read() {
    let mut setup = Setup::new();
    let port = free_port();
    setup.section.values["appservice"]["url"] = json!(format!("http://127.0.0.1:{port}"));
    let thief = Thief {
        bridge: format!("http://127.0.0.1:{}", setup.listen),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        steals: Arc::default(),
        stolen: watch::Sender::new(Vec::new()),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let routes = Router::new().fallback(pass_on).with_state(thief.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let alice = synapse.person("alice").await;

    // A direct chat and a room, both up to date.
    let direct = alice.invite_to_chat(CAROL).await;
    host.until("alice asks", |told| !told.arrivals.is_empty()).await;
    carol.deliver(&order("w", 0, &alice.id, Action::Welcome)).await.unwrap();
    let room = alice.make_room("12", "Tea", &[CAROL]).await;
    let is_asked = |told: &Told| told.arrivals.iter().any(|arrival| matches!(arrival, Arrival::RoomInvitation { .. }));
    host.until("alice asks to tea", is_asked).await;
    let to = RemoteTarget::Room(RemoteRoom(room.clone()));
    carol.deliver(&Order { key: "r".into(), attempt: 0, to, action: Action::Welcome }).await.unwrap();
    let say = async |name: &str| {
        for room in [&direct, &room] {
            let body = format!("{name} {}", if *room == direct { "direct" } else { "room" });
            alice.say(room, name, json!({ "msgtype": "m.text", "body": body })).await;
        }
    };
    let heard = |told: &Told| {
        let (mut direct, mut room) = (Vec::new(), Vec::new());
        for text in told.texts(CAROLS) {
            match text.split_once(' ').unwrap() {
                (name, "direct") => direct.push(name.to_owned()),
                (name, _) => room.push(name.to_owned()),
            }
        }
        [direct, room]
    };
    let steal = async |name: &str| {
        thief.steals.store(true, Ordering::SeqCst);
        say(name).await;
        let is_stolen = |stolen: &Vec<String>| stolen.iter().filter(|body| body.starts_with(name)).count() == 2;
        thief.stolen.subscribe().wait_for(is_stolen).await.unwrap();
        thief.steals.store(false, Ordering::SeqCst);
    };
    say("one").await;
    host.until("one", |told| heard(told).iter().all(|heard| heard.len() == 1)).await;

    // Lost, and the homeserver then killed and started again: what was lost comes before what is said now.
    steal("two").await;
    synapse.halt().await;
    let lost = carol.deliver(&crate::say("o", &alice.id, domain::Content::text("waits"))).await;
    assert!(lost.is_err(), "the homeserver is away");
    synapse.resume().await;
    let again = Order { attempt: 1, ..crate::say("o", &alice.id, domain::Content::text("waits")) };
    carol.deliver(&again).await.unwrap();
    let told = host.until("two", |told| heard(told).iter().all(|heard| heard.len() == 2)).await;
    assert_eq!(heard(&told), [["one", "two"], ["one", "two"]]);
    say("three").await;
    host.until("three", |told| heard(told).iter().all(|heard| heard.len() == 3)).await;

    // Lost while the bridge was away: found at its start.
    network.stop().await;
    steal("four").await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    open(&network, CAROLS, "Carol").await;
    host.until("four", |told| heard(told).iter().all(|heard| heard.len() == 4)).await;
    say("five").await;
    let told = host.until("five", |told| heard(told).iter().all(|heard| heard.len() == 5)).await;
    let all = ["one", "two", "three", "four", "five"];
    assert_eq!(heard(&told), [all, all], "each once and in order");
    network.stop().await;
    synapse.halt().await;
    serving.abort();
}
