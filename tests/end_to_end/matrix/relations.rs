//! What is said of messages: answers, changes, signs, removals; and who has read them.

use chrysalis_test_harness::{MatrixUser, Room, text};
use msnp::dialect::Dialect;
use serde_json::{Value, json};

use super::{ALICE, CAROL, CAROLS_GHOST, friends, message_of, setup, window};

#[tokio::test]
async fn matrix_what_is_said_of_messages_names_them() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("lunch today?")).await;
    let asked = message_of(&mut alice, &room, CAROLS_GHOST, "lunch today?").await;
    let asked = asked["event_id"].as_str().unwrap().to_owned();

    // Answers, with and without what older clients repeat.
    alice.reply(&room, &asked, "at noon").await;
    assert_eq!(talk.hear_text(ALICE).await, "> lunch today?\r\nat noon");
    let older = json!({
        "msgtype": "m.text", "body": format!("> <{CAROLS_GHOST}> something else\n\nwhere?"),
        "m.relates_to": { "m.in_reply_to": { "event_id": asked } },
    });
    alice.send(&room, "m.room.message", older).await;
    assert_eq!(talk.hear_text(ALICE).await, "> lunch today?\r\nwhere?", "what was really said is quoted");
    let in_thread = json!({
        "msgtype": "m.text", "body": "in the park",
        "m.relates_to": {
            "rel_type": "m.thread", "event_id": asked, "is_falling_back": true, "m.in_reply_to": { "event_id": asked },
        },
    });
    alice.send(&room, "m.room.message", in_thread).await;
    assert_eq!(talk.hear_text(ALICE).await, "> lunch today?\r\nin the park");

    // Changes: once; of what is the same, of another's words and of what nobody knows, nothing.
    let noon = alice.say(&room, "see you at noon").await;
    assert_eq!(talk.hear_text(ALICE).await, "see you at noon");
    alice.edit(&room, &noon, "see you at noon").await;
    alice.edit(&room, &asked, "dinner today?").await;
    alice.edit(&room, &noon, "see you at one").await;
    assert_eq!(talk.hear_text(ALICE).await, "* see you at one");
    alice.edit(&room, &noon, "see you at one").await;
    let agreed = alice.say(&room, "agreed").await;
    assert_eq!(talk.hear_text(ALICE).await, "agreed", "nothing has changed");

    // Signs: those that come together are one line, and each can be taken back.
    let thumb = alice.react(&room, &asked, "\u{1f44d}").await;
    alice.react(&room, &asked, "\u{2764}\u{fe0f}").await;
    assert_eq!(talk.hear_text(ALICE).await, "* Alice L. reacted with (Y) (L) to \"lunch today?\"");
    alice.redact(&room, &thumb).await;
    assert_eq!(talk.hear_text(ALICE).await, "* Alice L. took back (Y) from \"lunch today?\"");
    let passing = alice.react(&room, &asked, "\u{1f602}").await;
    alice.redact(&room, &passing).await;
    let wrong = alice.say(&room, "the wrong window, sorry").await;
    assert_eq!(talk.hear_text(ALICE).await, "the wrong window, sorry", "what was taken back at once was never there");

    // Removals, and what is said of what was removed. Whoever goes on talking has read it.
    talk.tell(text("which one then?")).await;
    message_of(&mut alice, &room, CAROLS_GHOST, "which one then?").await;
    alice.redact(&room, &wrong).await;
    assert_eq!(talk.hear_text(ALICE).await, "* Alice L. deleted: \"the wrong window, sorry\"");

    // A quotation that is clear is an answer; another one stays what it is.
    talk.tell(text("> agreed\r\nsplendid")).await;
    let splendid = message_of(&mut alice, &room, CAROLS_GHOST, "splendid").await;
    assert_eq!(splendid["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], agreed);
    talk.tell(text("> To be or not to be\r\nwell")).await;
    let unknown = message_of(&mut alice, &room, CAROLS_GHOST, "> To be or not to be\nwell").await;
    assert_eq!(unknown["content"].get("m.relates_to"), None);
}

/// Waits until an event of hers comes back to Alice; nobody may have shown to have read anything until then.
async fn unread_until(alice: &mut MatrixUser, room: &str, event: &str) {
    alice
        .until("her own words", |answer| {
            let told = &answer["rooms"]["join"][room];
            let receipts = told["ephemeral"]["events"].as_array().into_iter().flatten();
            for receipt in receipts.filter(|event| event["type"] == "m.receipt") {
                assert!(!receipt.to_string().contains(CAROLS_GHOST), "read, and never shown: {receipt}");
            }
            let mut events = told["timeline"]["events"].as_array().into_iter().flatten();
            events.find(|told| told["event_id"] == event).map(|_: &Value| ())
        })
        .await;
}

#[tokio::test]
async fn matrix_a_message_is_read_once_it_was_shown() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let first = alice.say(&room, "are you there?").await;
    // She is rung, so it is here; but no window is open.
    let (session, address, cookie) = carol.ring(ALICE).await;
    unread_until(&mut alice, &room, &first).await;
    let second = alice.say(&room, "well?").await;
    unread_until(&mut alice, &room, &second).await;

    let mut talk = Room::connect(&address, CAROL, Dialect::Msnp12).await;
    talk.answer(&cookie, &session).await;
    assert_eq!(talk.hear_text(ALICE).await, "are you there?");
    assert_eq!(talk.hear_text(ALICE).await, "well?");
    talk.prove().await;
    alice.until_read(&room, CAROLS_GHOST, &second).await;
}
