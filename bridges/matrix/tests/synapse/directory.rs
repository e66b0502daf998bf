//! Finding people and rooms on a real Synapse, and what an account may do in a room.

use std::time::{Duration, Instant};

use bridge::{Failure, Found, Link, Network, RoomProfile};
use domain::{RemoteRoom, RemoteUser};
use serde_json::{Value, json};

use crate::{CAROL, Setup, host::PATIENCE, open};

/// Searches until something is found: a homeserver takes new people and rooms up a little later.
async fn until_found(link: &dyn Link, words: &str) -> Vec<Found> {
    let began = Instant::now();
    loop {
        let found = link.search(words).await.unwrap();
        if !found.is_empty() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is found for {words}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn room(network: &dyn Network, words: &str) -> RoomProfile {
    match network.find(words).await.unwrap() {
        Some(Found::Room(room)) => room,
        other => panic!("{words}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_rooms_are_found_and_managed() {
    let setup = Setup::new();
    let mut synapse = setup.synapse().await;
    // Nobody may publish a room unless a rule says so.
    synapse.halt().await;
    synapse.configure(|configuration| configuration["room_list_publication_rules"] = json!([{ "action": "allow" }]));
    synapse.resume().await;
    let host = setup.host(&[("carol@msn.example", "Carol")]);
    let network = setup.network();
    network.start(host.clone()).await.unwrap();
    let carol = open(&network, "carol@msn.example", "Carol").await;
    let alice = synapse.person("alice").await;
    let bob = synapse.person("bob").await;
    alice.put(&format!("profile/{}/displayname", alice.id), json!({ "displayname": "Alice L." })).await;
    let lounge = json!({
        "preset": "public_chat", "visibility": "public", "room_alias_name": "lounge", "name": "The Lounge", "topic": "tea",
    });
    let lounge = alice.post("createRoom", lounge).await["room_id"].as_str().unwrap().to_owned();
    let secret = alice.post("createRoom", json!({ "preset": "private_chat", "name": "Secret" })).await;
    let secret = secret["room_id"].as_str().unwrap();

    // In Matrix's own spellings.
    for words in ["@alice:example.org", "https://matrix.to/#/@alice:example.org", "matrix:u/alice:example.org"] {
        let Some(Found::Person(person)) = network.find(words).await.unwrap() else { panic!("{words}") };
        assert_eq!((person.user.as_str(), person.name.as_str()), ("@alice:example.org", "Alice L."));
    }
    for words in ["#lounge:example.org", "https://matrix.to/#/%23lounge%3Aexample.org", lounge.as_str()] {
        let found = room(&*network, words).await;
        assert_eq!(
            (found.room.as_str(), found.name.as_str(), found.topic.as_str()),
            (lounge.as_str(), "The Lounge", "tea")
        );
        assert_eq!((found.login.as_str(), found.server.as_deref()), ("lounge", Some("example.org")));
    }
    for words in ["@nobody:example.org", CAROL, "#nowhere:example.org", "!nowhere", secret, "words"] {
        assert_eq!(network.find(words).await.unwrap(), None, "{words}");
    }
    assert_eq!(network.resolve_room("lounge", None).await.unwrap().map(|room| room.room.0), Some(lounge.clone()));
    assert_eq!(network.resolve_room("nowhere", Some("example.org")).await.unwrap(), None);

    // By words, as the ghost sees them.
    let found = until_found(&*carol, "lounge").await;
    assert!(matches!(&found[..], [Found::Room(room)] if room.login == "lounge"), "{found:?}");

    // In a room: only whoever is in it, and only what its rules allow.
    let here = RemoteRoom(lounge.clone());
    assert!(matches!(carol.topic(&here, None).await, Err(Failure::Refused { reason }) if reason.contains("join it")));
    let url = format!("{}/_matrix/client/v3/rooms/{lounge}/join", synapse.url);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let join = client.post(&url).query(&[("user_id", CAROL)]).bearer_auth(setup.token("as")).json(&json!({}));
    assert!(join.send().await.unwrap().status().is_success());
    assert_eq!(carol.topic(&here, None).await.unwrap(), "tea");
    let refused = carol.topic(&here, Some("cake")).await;
    assert!(matches!(&refused, Err(Failure::Refused { reason }) if reason.contains("moderators")), "{refused:?}");
    let found = until_found(&*carol, "alice").await;
    assert!(matches!(&found[..], [Found::Person(person)] if person.user.as_str() == alice.id), "{found:?}");
    let mut levels = alice.get(&format!("rooms/{lounge}/state/m.room.power_levels")).await;
    levels["invite"] = json!(0);
    levels["events"]["m.room.topic"] = json!(0);
    alice.put(&format!("rooms/{lounge}/state/m.room.power_levels"), levels.clone()).await;
    let someone = RemoteUser(bob.id.clone());
    carol.invite(&here, &someone).await.unwrap();
    bob.post(&format!("rooms/{lounge}/join"), json!({})).await;
    let again = carol.invite(&here, &someone).await;
    assert!(matches!(&again, Err(Failure::Refused { reason }) if reason.contains("already")), "{again:?}");
    assert_eq!(carol.topic(&here, Some("cake")).await.unwrap(), "cake");
    assert_eq!(alice.get(&format!("rooms/{lounge}/state/m.room.topic")).await["topic"], "cake");
    levels["invite"] = json!(50);
    alice.put(&format!("rooms/{lounge}/state/m.room.power_levels"), levels).await;
    let refused = carol.invite(&here, &RemoteUser("@dora:example.org".into())).await;
    assert!(matches!(&refused, Err(Failure::Refused { reason }) if reason.contains("moderators")), "{refused:?}");

    // What clients ask the homeserver about Messenger.
    let protocol = alice.get("thirdparty/protocol/msn").await;
    assert_eq!(protocol["user_fields"], json!(["email"]), "{protocol}");
    let found = alice.get("thirdparty/user/msn?email=carol@msn.example").await;
    assert_eq!(found[0]["userid"], CAROL, "{found}");
    assert_eq!(alice.get("thirdparty/user/msn?email=eve@msn.example").await, json!([]));
    assert_eq!(alice.get("thirdparty/location/msn?room=x").await, Value::Array(Vec::new()));
    network.stop().await;
    synapse.halt().await;
}
