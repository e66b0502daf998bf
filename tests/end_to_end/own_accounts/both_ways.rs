//! Where the ghost and the own account of one person both are.

use chrysalis_test_harness::{Messenger, RoomOptions, text};
use msnp::dialect::Dialect;

use super::{CAROLS_ID, SERVICE, Setup, TEA, VOICE, asks, direct_chat, hears, user, window};
use crate::matrix::{ALICE, CAROL, CAROLS_GHOST};

#[tokio::test]
async fn own_accounts_and_ghosts_in_one_place_hear_everything_once() {
    let setup = Setup::start(&[CAROL]).await;
    let mut alice = user(&setup, "alice", "Alice L.").await;
    let mut phone = user(&setup, "carol", "Carol C.").await;
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    alice.until_named(CAROLS_GHOST, "Carol").await;

    // Her ghost has a chat with Alice and is in a room; then she comes herself.
    let with_ghost = alice.invite(CAROLS_GHOST).await;
    carol.added_by(ALICE).await;
    carol.add(ALICE).await;
    alice.until_member(&with_ghost, CAROLS_GHOST, "join").await;
    let tea = alice.create_room("tea", &[CAROLS_GHOST, CAROLS_ID], &RoomOptions::default()).await;
    carol.added_by(TEA).await;
    let mut service = carol.answer(SERVICE).await;
    service.hear_text(SERVICE).await;
    asks(&mut service, "join tea").await;
    alice.until_member(&tea, CAROLS_GHOST, "join").await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("by my ghost")).await;
    alice.until_said(&with_ghost, CAROLS_GHOST, "by my ghost").await;
    phone.join(&tea).await;
    let direct = direct_chat(&alice, &phone).await;
    setup.link();
    // From now on she speaks for herself; that is said.
    talk.tell(text("by myself")).await;
    alice.until_said(&direct, CAROLS_ID, "by myself").await;
    assert_eq!(talk.hear_text(ALICE).await, format!("({VOICE}{CAROLS_ID}.)"));
    // Whichever way, it is Alice, and it is once.
    for (room, words) in [(&direct, "to you"), (&with_ghost, "to your ghost"), (&direct, "to you again")] {
        alice.say(room, words).await;
        assert_eq!(hears(&mut talk, ALICE).await, words);
    }

    let mut cups = window(&mut carol, TEA).await;
    for number in 0..5 {
        alice.say(&tea, &format!("cup {number}")).await;
        assert_eq!(hears(&mut cups, TEA).await, format!("Alice L.: cup {number}"));
        cups.tell(text(&format!("drunk {number}"))).await;
        alice.until_said(&tea, CAROLS_ID, &format!("drunk {number}")).await;
    }
    phone.say(&tea, "and one more").await;
    assert_eq!(hears(&mut cups, TEA).await, "you: and one more");
    assert_eq!(alice.said_by(&tea, CAROLS_GHOST).await, [""; 0], "the ghost says nothing of it");
    alice.say(&tea, "enough").await;
    assert_eq!(hears(&mut cups, TEA).await, "Alice L.: enough");
}

#[tokio::test]
async fn own_accounts_talk_to_the_ghosts_of_others() {
    let setup = Setup::start(&[CAROL, "dave@msn.example"]).await;
    user(&setup, "carol", "Carol C.").await;
    setup.link();
    let phone = setup.homeserver.client("carol").await;
    let mut dave = Messenger::online(&setup.server, "dave@msn.example", Dialect::Msnp12).await;
    setup.homeserver.user("carol").until_named("@msn_dave=40msn.example:example.org", "Dave").await;
    let room = phone.invite("@msn_dave=40msn.example:example.org").await;
    let carols_address = "carol_at_example.org@matrix.msn.example";
    assert_eq!(dave.added_by(carols_address).await.as_deref(), Some("Carol C."));
    dave.add(carols_address).await;
    phone.until_member(&room, "@msn_dave=40msn.example:example.org", "join").await;
    phone.say(&room, "from my phone").await;
    let mut talk = dave.answer(carols_address).await;
    assert_eq!(talk.hear_text(carols_address).await, "from my phone");
    talk.tell(text("hello")).await;
    phone.until_said(&room, "@msn_dave=40msn.example:example.org", "hello").await;
}
