//! The bot in an encrypted room.

use chrysalis_test_harness::{Heard, MatrixClient};

use super::{Setup, client, nothing_is_readable};
use crate::matrix::CAROL;

const BOT: &str = "@msnbot:example.org";

/// Waits for an answer of the bot that holds these words.
async fn answers(alice: &MatrixClient, room: &str, words: &str) -> Heard {
    let is_wanted = |heard: &Heard| {
        heard.event["sender"] == BOT && heard.content()["body"].as_str().is_some_and(|body| body.contains(words))
    };
    let heard = alice.until_event(room, &format!("the bot to say {words:?}"), is_wanted).await;
    assert!(heard.is_sealed(), "in clear: {heard:?}");
    alice.until_unflagged(&heard).await;
    heard
}

#[tokio::test]
async fn the_bot_is_talked_to_in_an_encrypted_room() {
    let setup = Setup::start(&[CAROL]).await;
    let alice = client(&setup, "alice", "Alice L.").await;
    let room = alice.invite(BOT).await;
    answers(&alice, &room, "say `help`").await;
    alice.say(&room, "ping").await;
    answers(&alice, &room, " ms").await;
    alice.say(&room, "search car").await;
    answers(&alice, &room, CAROL).await;
    nothing_is_readable(&setup, "alice", &room, &["search", CAROL]).await;
}
