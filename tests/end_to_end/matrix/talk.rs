//! What is said, and what becomes of it.

use chrysalis_test_harness::{Homeserver, Messenger, Room, nudge, text};
use msnp::dialect::Dialect;
use serde_json::{Value, json};

use super::{ALICE, CAROL, CAROLS_GHOST, Setup, friends, setup};

/// What may be in one payload.
const LONGEST_PAYLOAD: usize = 1664;

/// Every kind of character that was ever mangled on such a way.
const ODD: &str = "a <b>&amp; %20 \\ \"q\"\t\u{e9} e\u{301} \u{4f60}\u{597d} \u{202e}x\u{202c} \u{200d} \u{a0}| \u{1f98b} \
                   \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f466} \u{1f1eb}\u{1f1f7} :) (Y)";

async fn until_talking(carol: &mut Messenger) -> Room {
    let mut talk = carol.call(ALICE).await;
    talk.joined(ALICE).await;
    talk
}

#[tokio::test]
async fn matrix_text_keeps_every_character() {
    let setup = setup(&[CAROL], "emoji = \"unicode\"").await;
    let (mut carol, mut alice, room) = friends(&setup).await;

    // Nobody has opened a conversation yet: what Alice says does.
    alice.say(&room, ODD).await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, ODD);
    talk.tell(text(ODD)).await;
    let said = alice.until_said(&room, CAROLS_GHOST, ODD).await;
    assert_eq!((&said["msgtype"], said.get("format")), (&json!("m.text"), None));

    // Lines: CRLF on the wire of Messenger, LF on Matrix.
    alice.say(&room, "one\n\n two\n").await;
    assert_eq!(talk.hear_text(ALICE).await, "one\r\n\r\n two\r\n");
    talk.tell(text("three\r\n\r\n four\r\n")).await;
    alice.until_said(&room, CAROLS_GHOST, "three\n\n four\n").await;

    // A nudge has no word of its own on Matrix.
    talk.tell(nudge()).await;
    let nudged = alice.until_said(&room, CAROLS_GHOST, "sends a nudge").await;
    assert_eq!(nudged["msgtype"], "m.emote");

    // What is too long for Messenger comes in parts, none of which ends within a character.
    let long: String = (0..).map(|number| format!("{number} \u{e9}\u{1f469}\u{200d}\u{1f680} ")).take(600).collect();
    let long = long.trim_end();
    assert!(long.len() > 10_000);
    alice.say(&room, long).await;
    let mut whole = String::new();
    while whole.len() < long.len() {
        let payload = talk.hear(ALICE).await;
        assert!(payload.len() <= LONGEST_PAYLOAD, "{} bytes", payload.len());
        let (_, part) = std::str::from_utf8(&payload).unwrap().split_once("\r\n\r\n").unwrap();
        assert!(!part.starts_with('\u{200d}') && !part.ends_with('\u{200d}'), "{part}");
        whole.push_str(part);
    }
    assert_eq!(whole, long);
    let said = alice.said_by(&room, CAROLS_GHOST).await;
    assert_eq!(said, [ODD, "three\n\n four\n", "sends a nudge"]);
}

#[tokio::test]
async fn matrix_messages_wait_for_whoever_is_signed_out() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;

    // Emoji as Messenger draws them, or by name.
    alice.say(&room, "yes \u{1f44d} up \u{1f680}").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, "yes (Y) up :rocket:");
    // Said before anything else of hers can be read, so that what she heard counts as heard.
    talk.tell(text("bye (Y)")).await;
    alice.until_said(&room, CAROLS_GHOST, "bye \u{1f44d}").await;
    talk.leave().await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    alice.until_seen(CAROLS_GHOST, "offline", "").await;

    // An hour ago, told twice as after an outage of the homeserver.
    let sent = 1_700_000_000_000_u64;
    for _ in 0..2 {
        transaction(&setup, "late", &[message(&room, alice.id(), "$late", sent, "long ago")]).await;
    }
    for number in 0..20 {
        alice.say(&room, &format!("number {number}")).await;
    }
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, "[2023-11-14 22:13 UTC] long ago");
    for number in 0..20 {
        assert_eq!(talk.hear_text(ALICE).await, format!("number {number}"));
    }
    // Heard, once.
    talk.tell(text("I am back")).await;
    alice.until_said(&room, CAROLS_GHOST, "I am back").await;
    alice.say(&room, "welcome").await;
    assert_eq!(talk.hear_text(ALICE).await, "welcome");
}

#[tokio::test]
async fn matrix_what_cannot_be_delivered_is_reported_in_the_conversation() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = until_talking(&mut carol).await;
    talk.tell(text("before")).await;
    alice.until_said(&room, CAROLS_GHOST, "before").await;
    alice.leave(&room).await;
    carol.sees_gone(ALICE).await;
    talk.tell(text("after")).await;
    let report = talk.hear_text(ALICE).await;
    assert!(report.starts_with("(not delivered: \"after\": "), "{report}");

    // A new room, and the talk goes on.
    let second = alice.invite(CAROLS_GHOST).await;
    alice.until_member(&second, CAROLS_GHOST, "join").await;
    talk.tell(text("again")).await;
    alice.until_said(&second, CAROLS_GHOST, "again").await;
}

fn message(room: &str, sender: &str, id: &str, sent: u64, body: &str) -> Value {
    json!({
        "type": "m.room.message", "room_id": room, "sender": sender, "event_id": id, "origin_server_ts": sent,
        "content": { "msgtype": "m.text", "body": body },
    })
}

/// Tells the appservice something in the homeserver's name: only so does an old message come.
async fn transaction(setup: &Setup, id: &str, events: &[Value]) {
    let appservice = setup.homeserver.appservice();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{appservice}/_matrix/app/v1/transactions/{id}");
    let request = client.put(url).bearer_auth(Homeserver::TOKEN).json(&json!({ "events": events }));
    assert_eq!(request.send().await.unwrap().status(), 200);
}
