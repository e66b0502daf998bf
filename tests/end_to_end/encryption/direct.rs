//! An encrypted chat that somebody makes with a ghost, as their client does by default.

use chrysalis_test_harness::{Answer, Messenger, nudge, text};
use msnp::dialect::Dialect;

use super::{Setup, client, friends, nothing_is_readable, unflagged, window};
use crate::matrix::{
    ALICE, CAROL, CAROLS_GHOST,
    picture::{png, size_of_png},
};

const BOB: &str = "bob_at_example.org@matrix.msn.example";

#[tokio::test]
async fn encrypted_chats_with_a_ghost_carry_everything_and_nothing_is_flagged() {
    let setup = Setup::start(&[CAROL]).await;
    let (mut carol, alice, room) = friends(&setup).await;
    assert!(alice.is_encrypted(&room).await);

    // Words of both.
    alice.say(&room, "can you keep a secret?").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(talk.hear_text(ALICE).await, "can you keep a secret?");
    talk.tell(text("like a grave")).await;
    let promise = unflagged(&alice, &room, CAROLS_GHOST, "like a grave").await;
    talk.tell(nudge()).await;
    unflagged(&alice, &room, CAROLS_GHOST, "sends a nudge").await;

    // What is said of words.
    alice.reply(&room, promise.id(), "I knew it").await;
    assert_eq!(talk.hear_text(ALICE).await, "> like a grave\r\nI knew it");
    let recipe = alice.say(&room, "one egg").await;
    assert_eq!(talk.hear_text(ALICE).await, "one egg");
    alice.edit(&room, &recipe, "two eggs").await;
    assert_eq!(talk.hear_text(ALICE).await, "* two eggs");
    alice.react(&room, promise.id(), "\u{1f44d}").await;
    assert_eq!(talk.hear_text(ALICE).await, "* Alice L. reacted with (Y) to \"like a grave\"");
    talk.tell(text("> two eggs\r\nno butter?")).await;
    let answer = unflagged(&alice, &room, CAROLS_GHOST, "no butter?").await;
    assert_eq!(answer.content()["m.relates_to"]["m.in_reply_to"]["event_id"], recipe);
    alice.redact(&room, &recipe).await;
    assert_eq!(talk.hear_text(ALICE).await, "* Alice L. deleted: \"two eggs\"");

    // Pictures and files, byte for byte.
    let cat = png(100, [0, 0, 255]);
    alice.send_file(&room, "m.image", ("cat.png", "image/png"), &cat).await;
    let line = talk.hear_text(ALICE).await;
    assert!(line.starts_with("sent a picture: cat.png ("), "{line}");
    let (offer, came) = talk.receive_file(ALICE).await;
    assert!((offer.name.as_str(), &came) == ("cat.png", &cat), "{} came changed", offer.name);
    let (width, height) = size_of_png(&offer.preview.expect("a preview"));
    assert!(width <= 96 && height <= 96, "{width} by {height}");
    let dog = png(40, [0, 255, 0]);
    assert_eq!(talk.send_file(ALICE, "dog.png", &dog).await, Answer::Accepted);
    let sent = unflagged(&alice, &room, CAROLS_GHOST, "dog.png").await;
    assert!(sent.content()["file"].is_object() && sent.content().get("url").is_none(), "{sent:?}");
    assert_eq!(sent.content()["msgtype"], "m.image");
    assert!(alice.fetch(sent.content()).await == dog, "the picture came changed");

    let secrets = ["keep a secret", "grave", "eggs", "cat.png", "dog.png", "nudge"];
    nothing_is_readable(&setup, "alice", &room, &secrets).await;
}

#[tokio::test]
async fn encrypted_words_said_before_the_ghost_comes_are_read() {
    let setup = Setup::start(&[CAROL]).await;
    // By this chat the ghost has a device.
    let (mut carol, alice, room) = friends(&setup).await;
    window(&mut carol, ALICE).await.tell(text("good morning")).await;
    unflagged(&alice, &room, CAROLS_GHOST, "good morning").await;
    let bob = client(&setup, "bob", "Bob").await;
    // As clients do: the room is made with the first words.
    let room = bob.invite(CAROLS_GHOST).await;
    bob.say(&room, "hello, it is me").await;
    assert_eq!(carol.added_by(BOB).await.as_deref(), Some("Bob"));
    bob.say(&room, "are you there?").await;
    carol.add(BOB).await;
    bob.until_member(&room, CAROLS_GHOST, "join").await;
    bob.say(&room, "at last").await;
    let mut talk = carol.answer(BOB).await;
    for words in ["hello, it is me", "are you there?", "at last"] {
        assert_eq!(talk.hear_text(BOB).await, words);
    }
    // Once.
    talk.tell(text("here I am")).await;
    unflagged(&bob, &room, CAROLS_GHOST, "here I am").await;
    bob.say(&room, "welcome").await;
    assert_eq!(talk.hear_text(BOB).await, "welcome");
}

#[tokio::test]
async fn a_chat_that_becomes_encrypted_goes_on() {
    let setup = Setup::start(&[CAROL]).await;
    let mut simple = setup.homeserver.user("alice");
    simple.rename("Alice L.").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    simple.until_named(CAROLS_GHOST, "Carol").await;
    let room = simple.invite(CAROLS_GHOST).await;
    carol.added_by(ALICE).await;
    carol.add(ALICE).await;
    simple.until_member(&room, CAROLS_GHOST, "join").await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("in clear")).await;
    simple.until_said(&room, CAROLS_GHOST, "in clear").await;

    let encryption = serde_json::json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    simple.set_state(&room, "m.room.encryption", "", encryption).await;
    let alice = setup.homeserver.client("alice").await;
    alice.say(&room, "nobody listens now").await;
    assert_eq!(talk.hear_text(ALICE).await, "nobody listens now");
    talk.tell(text("good")).await;
    unflagged(&alice, &room, CAROLS_GHOST, "good").await;
}
