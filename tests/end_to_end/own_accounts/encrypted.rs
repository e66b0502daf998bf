//! Encrypted chats and rooms of a linked account, with real clients on the other side.

use chrysalis_test_harness::{Answer, Heard, MatrixClient, Messenger, text};
use msnp::dialect::Dialect;

use super::{CAROLS_ID, Setup, hears, is_direct, no_token_is_readable, online, signs_out, user};
use crate::matrix::{ALICE, CAROL, picture::png};

/// Alice and Carol, who have an encrypted direct chat; Carol's own client, by which her account has an identity; and the chat.
pub(super) async fn acquainted(setup: &Setup) -> (MatrixClient, MatrixClient, String) {
    for (localpart, name) in [("alice", "Alice L."), ("carol", "Carol")] {
        user(setup, localpart, name).await;
    }
    let (alice, phone) = (setup.homeserver.client("alice").await, setup.homeserver.client("carol").await);
    let room = alice.invite(CAROLS_ID).await;
    phone.until_invited_by(alice.id()).await;
    phone.join(&room).await;
    alice.until_member(&room, CAROLS_ID, "join").await;
    is_direct(&setup.homeserver.user("carol"), alice.id(), &room).await;
    (alice, phone, room)
}

/// Waits for what Carol says: encrypted, and without a shield.
async fn unflagged(alice: &MatrixClient, room: &str, words: &str) -> Heard {
    let heard = alice.until_said(room, CAROLS_ID, words).await;
    assert!(heard.is_sealed(), "in clear: {heard:?}");
    alice.until_unflagged(&heard).await;
    heard
}

#[tokio::test]
async fn own_accounts_talk_in_encrypted_chats() {
    let setup = Setup::start(&[CAROL]).await;
    let (alice, phone, room) = acquainted(&setup).await;
    let key = phone.make_recovery_key().await;
    setup.link();
    let notes = setup.links()[0]["notes"].to_string();
    assert!(notes.contains("is not confirmed"), "{notes}");
    let said = setup.perform("recovery", Some(("key", &key)));
    assert!(said.contains("This session is confirmed"), "{said}");
    let mut carol = online(&setup, &[ALICE]).await;

    alice.say(&room, "can you keep a secret?").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(hears(&mut talk, ALICE).await, "can you keep a secret?");
    talk.tell(text("like a grave")).await;
    let promise = unflagged(&alice, &room, "like a grave").await;
    phone.until_said(&room, CAROLS_ID, "like a grave").await;
    phone.say(&room, "ask me").await;
    assert_eq!(hears(&mut talk, ALICE).await, "you: ask me");

    alice.reply(&room, promise.id(), "I knew it").await;
    assert_eq!(hears(&mut talk, ALICE).await, "> like a grave\r\nI knew it");
    let recipe = alice.say(&room, "one egg").await;
    assert_eq!(hears(&mut talk, ALICE).await, "one egg");
    alice.edit(&room, &recipe, "two eggs").await;
    assert_eq!(hears(&mut talk, ALICE).await, "* two eggs");
    alice.react(&room, promise.id(), "\u{1f44d}").await;
    assert_eq!(hears(&mut talk, ALICE).await, "* Alice L. reacted with (Y) to \"like a grave\"");
    talk.tell(text("> two eggs\r\nno butter?")).await;
    let answer = unflagged(&alice, &room, "no butter?").await;
    assert_eq!(answer.content()["m.relates_to"]["m.in_reply_to"]["event_id"], recipe);
    alice.redact(&room, &recipe).await;
    assert_eq!(hears(&mut talk, ALICE).await, "* Alice L. deleted: \"two eggs\"");

    let cat = png(100, [0, 0, 255]);
    alice.send_file(&room, "m.image", ("cat.png", "image/png"), &cat).await;
    let line = hears(&mut talk, ALICE).await;
    assert!(line.starts_with("sent a picture: cat.png ("), "{line}");
    let (offer, came) = talk.receive_file(ALICE).await;
    assert!((offer.name.as_str(), &came) == ("cat.png", &cat), "{} came changed", offer.name);
    let dog = png(40, [0, 255, 0]);
    assert_eq!(talk.send_file(ALICE, "dog.png", &dog).await, Answer::Accepted);
    let sent = unflagged(&alice, &room, "dog.png").await;
    assert!(sent.content()["file"].is_object() && sent.content().get("url").is_none(), "{sent:?}");
    assert!(alice.fetch(sent.content()).await == dog, "the picture came changed");

    for event in setup.homeserver.user("alice").history(&room).await {
        assert!(event["type"] != "m.room.message", "in clear: {event}");
    }
    no_token_is_readable(&setup.server);
}

#[tokio::test]
async fn own_accounts_read_in_order_what_was_encrypted_while_the_server_was_down() {
    let mut setup = Setup::start(&[CAROL]).await;
    let (alice, _phone, room) = acquainted(&setup).await;
    let phone = setup.homeserver.user("carol");
    let before = setup.devices(&phone, &[]).await;
    setup.link();
    let device = setup.devices(&phone, &before).await;
    assert_eq!(device.len(), 1);
    let mut carol = online(&setup, &[ALICE]).await;
    alice.say(&room, "before").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(hears(&mut talk, ALICE).await, "before");
    signs_out(&setup, carol, talk).await;

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
        assert_eq!(&hears(&mut talk, ALICE).await, words);
    }
    talk.tell(text("after")).await;
    alice.until_said(&room, CAROLS_ID, "after").await;
    alice.say(&room, "once each").await;
    assert_eq!(hears(&mut talk, ALICE).await, "once each");
    assert_eq!(setup.devices(&phone, &before).await, device, "no new login");
}

#[tokio::test]
async fn own_accounts_open_what_was_said_before_by_the_recovery_key() {
    let setup = Setup::start(&[CAROL]).await;
    let (alice, phone, room) = acquainted(&setup).await;
    alice.say(&room, "said long before").await;
    phone.until_said(&room, alice.id(), "said long before").await;
    let key = phone.make_recovery_key().await;
    setup.link();
    setup.perform("recovery", Some(("key", &key)));
    let mut carol = online(&setup, &[ALICE]).await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(hears(&mut talk, ALICE).await, "said long before");
    let wrong = setup.server.command(&["link", "do", CAROL, "matrix", "recovery", "--key-stdin"], "EsTx nonsense\n");
    assert!(wrong.code == 1 && wrong.complaint.contains("that is not the recovery key"), "{wrong:?}");
    assert!(!setup.server.log().contains(&key), "the recovery key stands in the log");
}
