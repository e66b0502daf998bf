//! Keys that are shared while nobody takes them, and restarts.

use std::time::{Duration, Instant};

use chrysalis_test_harness::{Fault, MatrixUser, Messenger, Room, text};
use msnp::dialect::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Setup, friends, unflagged, window};
use crate::matrix::{ALICE, CAROL, CAROLS_GHOST};

/// How long it may take until the homeserver pushes something that the fault meets.
const MET: Duration = Duration::from_secs(20);

/// The devices that a ghost shows to others, with their keys.
async fn devices(user: &MatrixUser, ghost: &str) -> Value {
    let asked = user.call(Method::POST, "keys/query", json!({ "device_keys": { ghost: [] } })).await;
    let devices = asked["device_keys"][ghost].clone();
    assert_eq!(devices.as_object().map(serde_json::Map::len), Some(1), "{asked:#}");
    devices
}

/// She signs out, and what she has heard until then counts as heard.
async fn signs_out(mut carol: Messenger, talk: Room) {
    talk.leave().await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
}

#[tokio::test]
async fn encrypted_words_whose_keys_came_while_the_server_was_down_are_read_in_order() {
    let mut setup = Setup::start(&[CAROL]).await;
    let (mut carol, alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("before")).await;
    unflagged(&alice, &room, CAROLS_GHOST, "before").await;
    let simple = setup.homeserver.user("alice");
    let before = devices(&simple, CAROLS_GHOST).await;
    signs_out(carol, talk).await;

    // Killed: three keys are shared with nobody there, and each opens three messages.
    setup.server.kill();
    let mut said = Vec::new();
    for key in 0..3 {
        alice.change_key(&room).await;
        for number in 0..3 {
            said.push(format!("key {key} number {number}"));
            alice.say(&room, said.last().unwrap()).await;
        }
    }
    setup.server.run();
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut talk = carol.answer(ALICE).await;
    for words in &said {
        assert_eq!(&talk.hear_text(ALICE).await, words);
    }
    // The same device goes on.
    talk.tell(text("after")).await;
    unflagged(&alice, &room, CAROLS_GHOST, "after").await;
    alice.say(&room, "once each").await;
    assert_eq!(talk.hear_text(ALICE).await, "once each");
    assert_eq!(devices(&simple, CAROLS_GHOST).await, before);

    // Stopped in order, while Carol writes; and the homeserver is away for a while as well.
    signs_out(carol, talk).await;
    assert!(setup.server.stop().success());
    alice.change_key(&room).await;
    alice.say(&room, "again").await;
    setup.server.run();
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, "again");
    setup.homeserver.kill();
    talk.tell(text("said into the dark")).await;
    setup.homeserver.run().await;
    unflagged(&alice, &room, CAROLS_GHOST, "said into the dark").await;
    assert_eq!(devices(&simple, CAROLS_GHOST).await, before);
}

#[tokio::test]
async fn encrypted_words_whose_keys_were_refused_are_read_in_order() {
    let setup = Setup::behind_proxies(&[CAROL]).await;
    let (mut carol, alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    alice.say(&room, "before").await;
    assert_eq!(talk.hear_text(ALICE).await, "before");

    let proxy = &setup.homeserver.between().to_appservice;
    let refused = || proxy.met().get(&Fault::Internal).copied().unwrap_or_default();
    proxy.strike(1_000, &[Fault::Internal]);
    alice.change_key(&room).await;
    alice.say(&room, "one").await;
    alice.say(&room, "two").await;
    let began = Instant::now();
    while refused() == 0 {
        assert!(began.elapsed() < MET, "the homeserver pushes nothing");
        // What a proxy has met can only be asked for.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    proxy.rest();
    alice.say(&room, "three").await;
    for words in ["one", "two", "three"] {
        assert_eq!(talk.hear_text(ALICE).await, words);
    }
    talk.tell(text("I heard all")).await;
    unflagged(&alice, &room, CAROLS_GHOST, "I heard all").await;
}
