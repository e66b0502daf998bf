//! The rooms that ghosts make, of both versions that homeservers use, and what is told in them of messages.

use bridge::Action;
use serde_json::{Value, json};

use crate::{CAROL, Setup, homeserver::Person, open, order};

const BOT: &str = "@msnbot:example.org";

/// The content of one event of a room's state.
async fn state(person: &Person, room: &str, kind: &str, key: &str) -> Value {
    let all = person.get(&format!("rooms/{room}/state")).await;
    let mut events = all.as_array().unwrap().iter();
    let found = events.find(|event| event["type"] == kind && event["state_key"] == key);
    found.unwrap_or_else(|| panic!("no {kind} {key:?} in {all:#}"))["content"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_whole_from_its_beginning_and_says_what_became_of_messages() {
    let mut setup = Setup::new();
    let mut synapse = setup.synapse().await;
    let host = setup.host(&[("carol@msn.example", "Carol")]);
    let status = json!({ "events": true, "receipts": true, "notices": true });
    setup.section.values.insert("message_status".into(), status);
    setup.section.values.insert("permissions".into(), json!({ "@mallory:example.org": "none" }));
    let bob = synapse.person("bob").await;
    for (version, name) in [("11", "alice"), ("12", "anna")] {
        setup.section.values.insert("rooms".into(), json!({ "version": version, "federate": false }));
        let network = setup.network();
        network.start(host.clone()).await.unwrap();
        let carol = open(&network, "carol@msn.example", "Carol").await;
        let mut alice = synapse.person(name).await;
        carol.deliver(&order(&format!("b{version}"), 0, &alice.id, Action::Befriend)).await.unwrap();
        let room = alice.until_invited_by(CAROL).await;
        alice.post(&format!("rooms/{room}/join"), json!({})).await;
        alice.until_member(&room, BOT, "join").await;

        let made = state(&alice, &room, "m.room.create", "").await;
        assert_eq!((&made["room_version"], &made["m.federate"]), (&json!(version), &json!(false)), "{made}");
        let key = "im.chrysalis://msn/msn.example/carol@msn.example";
        let bridge = state(&alice, &room, "m.bridge", key).await;
        assert_eq!(bridge, state(&alice, &room, "uk.half-shot.bridge", key).await);
        assert_eq!((&bridge["bridgebot"], &bridge["protocol"]["id"]), (&json!(BOT), &json!("msn")));
        assert_eq!(
            state(&alice, &room, "io.element.functional_members", "").await,
            json!({ "service_members": [BOT] })
        );
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_matrix/client/v3/user/{CAROL}/account_data/m.direct", synapse.url);
        let direct = client.get(url).query(&[("user_id", CAROL)]).bearer_auth(setup.token("as")).send().await.unwrap();
        let direct: Value = direct.json().await.unwrap();
        assert_eq!(direct[&alice.id], json!([room]));

        // Whoever was asked in may name the room and ask others in.
        alice.put(&format!("rooms/{room}/state/m.room.name"), json!({ "name": "Tea" })).await;
        alice.post(&format!("rooms/{room}/invite"), json!({ "user_id": bob.id })).await;

        // A message that was taken.
        let event = alice.say(&room, "t1", json!({ "msgtype": "m.text", "body": "hi" })).await;
        alice
            .until("the bot's receipt", |answer| {
                let events = answer["rooms"]["join"][&room]["ephemeral"]["events"].as_array()?;
                let reads = |receipt: &&Value| receipt["content"][&event]["m.read"][BOT].is_object();
                events.iter().find(reads).map(drop)
            })
            .await;
        let content = until_status(&mut alice, &room, &event).await;
        assert_eq!(content["status"], "SUCCESS", "{content}");

        // And of whoever may not write: not heard, and told so.
        let mut mallory = synapse.person("mallory").await;
        alice.post(&format!("rooms/{room}/invite"), json!({ "user_id": mallory.id })).await;
        mallory.post(&format!("rooms/{room}/join"), json!({})).await;
        let event = mallory.say(&room, "t2", json!({ "msgtype": "m.text", "body": "unheard" })).await;
        let content = until_status(&mut mallory, &room, &event).await;
        assert_eq!((&content["status"], &content["reason"]), (&json!("FAIL_PERMANENT"), &json!("m.no_permission")));
        let line = mallory.until_said(&room, BOT, "Not delivered").await;
        assert_eq!(line["m.relates_to"]["m.in_reply_to"]["event_id"], event);
        assert!(!format!("{:?}", host.told().messages()).contains("unheard"));
        network.stop().await;
    }
    synapse.halt().await;
}

/// Waits for the event that says what became of a message.
async fn until_status(person: &mut Person, room: &str, event: &str) -> Value {
    person
        .until("what became of the message", |answer| {
            let events = answer["rooms"]["join"][room]["timeline"]["events"].as_array()?;
            let is_it = |told: &&Value| {
                told["type"] == "com.beeper.message_send_status" && told["content"]["m.relates_to"]["event_id"] == event
            };
            events.iter().find(is_it).map(|told| told["content"].clone())
        })
        .await
}
