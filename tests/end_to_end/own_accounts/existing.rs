//! What was there before somebody linked their account.

use chrysalis_test_harness::{Messenger, RoomOptions, text};
use msnp::dialect::Dialect;
use serde_json::json;

use super::{
    CAROLS_ID, SERVICE, Setup, TEA, VOICE, asks, direct_chat, hears, no_token_is_readable, online, user, window,
};
use crate::matrix::{ALICE, CAROL};

#[tokio::test]
async fn own_accounts_bring_their_chats_and_rooms() {
    let setup = Setup::start(&[CAROL]).await;
    let mut alice = user(&setup, "alice", "Alice L.").await;
    let mut phone = user(&setup, "carol", "Carol").await;
    let direct = direct_chat(&alice, &phone).await;
    let tea = alice.create_room("tea", &[CAROLS_ID], &RoomOptions::default()).await;
    phone.join(&tea).await;
    let read = alice.say(&direct, "long since read").await;
    phone.mark_read(&direct, &read).await;
    let poured = alice.say(&tea, "long since drunk").await;
    phone.mark_read(&tea, &poured).await;
    for number in 0..3 {
        alice.say(&direct, &format!("unread {number}")).await;
    }

    let before = setup.devices(&phone, &[]).await;
    setup.link();
    let mut carol = online(&setup, &[ALICE, TEA]).await;
    // What she has not read on Matrix, and nothing else of the past.
    let mut talk = carol.answer(ALICE).await;
    for number in 0..3 {
        assert_eq!(hears(&mut talk, ALICE).await, format!("unread {number}"));
    }

    // She speaks as herself, and hears what she says elsewhere; what she says here does not come back.
    talk.tell(text("hello from Messenger")).await;
    alice.until_said(&direct, CAROLS_ID, "hello from Messenger").await;
    phone.say(&direct, "hello from my phone").await;
    assert_eq!(hears(&mut talk, ALICE).await, "you: hello from my phone");
    alice.say(&direct, "where are you?").await;
    assert_eq!(hears(&mut talk, ALICE).await, "where are you?");

    let mut cups = window(&mut carol, TEA).await;
    cups.tell(text("one for me")).await;
    alice.until_said(&tea, CAROLS_ID, "one for me").await;
    phone.say(&tea, "with milk").await;
    assert_eq!(hears(&mut cups, TEA).await, "you: with milk");
    alice.say(&tea, "there you are").await;
    assert_eq!(hears(&mut cups, TEA).await, "Alice L.: there you are");

    // No ghost was needed, and one device is what it cost.
    for room in [&direct, &tea] {
        let members: Vec<String> = alice.members(room).await.into_iter().map(|member| member.id).collect();
        assert_eq!(members, ["@alice:example.org", CAROLS_ID]);
    }
    assert_eq!(setup.devices(&phone, &before).await.len(), 1);
    let mut service = window(&mut carol, SERVICE).await;
    let links = asks(&mut service, "links").await;
    assert!(links.starts_with(&format!("matrix: as {CAROLS_ID}; it works.")), "{links}");
    assert_eq!((&setup.links()[0]["identity"], &setup.links()[0]["state"]), (&json!(CAROLS_ID), &json!("connected")));
    no_token_is_readable(&setup.server);
}

#[tokio::test]
async fn own_accounts_say_who_speaks_when_that_changes() {
    let setup = Setup::start(&[CAROL]).await;
    let mut alice = user(&setup, "alice", "Alice L.").await;
    let phone = user(&setup, "carol", "Carol").await;
    let direct = direct_chat(&alice, &phone).await;
    setup.link();
    let mut carol = online(&setup, &[ALICE]).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("who am I?")).await;
    alice.until_said(&direct, CAROLS_ID, "who am I?").await;
    assert_eq!(talk.hear_text(ALICE).await, format!("({VOICE}{CAROLS_ID}.)"));
    // Once.
    talk.tell(text("thank you")).await;
    alice.until_said(&direct, CAROLS_ID, "thank you").await;
    alice.say(&direct, "for what?").await;
    assert_eq!(talk.hear_text(ALICE).await, "for what?");
}

#[tokio::test]
async fn own_accounts_begin_chats_that_are_encrypted() {
    let setup = Setup::start(&[CAROL]).await;
    setup.homeserver.user("bob").rename("Bob").await;
    let bob = setup.homeserver.client("bob").await;
    setup.homeserver.user("carol");
    setup.link();
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    carol.add("bob_at_example.org@matrix.msn.example").await;
    let room = bob.until_invited_by(CAROLS_ID).await;
    bob.join(&room).await;
    assert!(bob.is_encrypted(&room).await);
    let mut talk = window(&mut carol, "bob_at_example.org@matrix.msn.example").await;
    talk.tell(text("it is me")).await;
    let heard = bob.until_said(&room, CAROLS_ID, "it is me").await;
    assert!(heard.is_sealed(), "{heard:?}");
    bob.say(&room, "so I see").await;
    assert_eq!(hears(&mut talk, "bob_at_example.org@matrix.msn.example").await, "so I see");
}
