//! What is said in a room in which the ghost is not yet, and orders whose room is not the newest any more.

use bridge::{Action, Arrival, Order};
use domain::Content;
use serde_json::{Value, json};

use crate::{CAROL, DAVE, Setup, homeserver::Person, host::Told, open, order, say};

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

/// The texts that an account got, in order.
fn heard(told: &Told, account: &str) -> Vec<String> {
    told.texts(account)
}

/// Makes a direct room and says something in it at once.
async fn ask(alice: &Person, ghost: &str, lines: &[&str]) -> String {
    let room = alice.invite_to_chat(ghost).await;
    for line in lines {
        alice.say(&room, line, text(line)).await;
    }
    room
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_ghost_came_is_heard_once() {
    const CAROLS: &str = "carol@msn.example";
    const DAVES: &str = "dave@msn.example";
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[(CAROLS, "Carol"), (DAVES, "Dave")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    let mut alice = synapse.person("alice").await;

    // Two lines before the answer, one after it.
    let room = ask(&alice, CAROL, &["one", "two"]).await;
    host.until("the invitation", |told| !told.arrivals.is_empty()).await;
    assert_eq!(heard(&host.told(), CAROLS), [""; 0], "nothing is heard before the answer");
    carol.deliver(&order("w", 0, &alice.id, Action::Welcome)).await.unwrap();
    alice.say(&room, "three", text("three")).await;
    let told = host.until("what was said after the answer", |told| heard(told, CAROLS).len() >= 3).await;
    assert_eq!(heard(&told, CAROLS), ["one", "two", "three"]);
    let Some(Arrival::Message { author, .. }) = told.arrivals.get(1) else { panic!("{told:?}") };
    assert_eq!(author.name, "alice");
    // Read again, all is known.
    carol.deliver(&order("w", 1, &alice.id, Action::Welcome)).await.unwrap();
    assert_eq!(heard(&host.told(), CAROLS).len(), 3);

    // Killed when the ghost had joined and nothing was read: it is read at the next start. Meanwhile somebody who was let in
    // opens a second room, and speaks in it before anybody can come.
    let asked = ask(&alice, DAVE, &["four", "five"]).await;
    host.until("dave is asked", |told| told.arrivals.iter().any(|arrival| arrival.owner().as_str() == DAVES)).await;
    let receipt = carol.deliver(&say("o1", &alice.id, Content::text("first room"))).await.unwrap();
    network.stop().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/_matrix/client/v3/rooms/{asked}/join", synapse.url);
    let join = client.post(&url).query(&[("user_id", DAVE)]).bearer_auth(setup.token("as")).json(&json!({}));
    assert!(join.send().await.unwrap().status().is_success());
    let joined = json!({ "room": asked, "person": "joined", "timeline": { "behind": {} } });
    let chat = json!({ "rooms": [joined], "welcomed": true, "name": "alice" });
    host.put(&format!("chat/{DAVES} {}", alice.id), &chat);
    let second = ask(&alice, CAROL, &["six", "seven"]).await;
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, CAROLS, "Carol").await;
    open(&network, DAVES, "Dave").await;
    alice.until_member(&second, CAROL, "join").await;
    alice.say(&second, "eight", text("eight")).await;
    alice.say(&asked, "nine", text("nine")).await;
    host.until("both rooms are read", |told| heard(told, CAROLS).len() >= 6 && heard(told, DAVES).len() >= 3).await;
    let read = |told: &Told| told.kept.values().all(|kept| !kept.contains(r#""behind":{"#));
    let told = host.until("nothing is left to be read", read).await;
    assert_eq!(heard(&told, CAROLS), ["one", "two", "three", "six", "seven", "eight"]);
    assert_eq!(heard(&told, DAVES), ["four", "five", "nine"]);

    // An order whose answer was lost was carried out in the older room, whoever is where now.
    let again = Order { attempt: 1, ..say("o1", &alice.id, Content::text("first room")) };
    assert_eq!(carol.deliver(&again).await.unwrap(), receipt);
    assert!(alice.said_by(&second, CAROL).await.is_empty(), "said once more in the newer room");
    for room in [&room, &second] {
        alice.post(&format!("rooms/{room}/leave"), json!({})).await;
    }
    let left = |told: &Told| told.kept[&format!("chat/{CAROLS} {}", alice.id)].matches("\"left\"").count() == 2;
    host.until("alice is gone", left).await;
    assert_eq!(carol.deliver(&again).await.unwrap(), receipt, "it was delivered before she left");

    network.stop().await;
    synapse.halt().await;
}
