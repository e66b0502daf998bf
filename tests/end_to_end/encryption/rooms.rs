//! Encrypted rooms of several, two ghosts among them.

use chrysalis_test_harness::{Answer, Messenger, Room, text};
use msnp::dialect::Dialect;

use super::{DAVE, DAVES_GHOST, SERVICE, Setup, asks, client, nothing_is_readable, unflagged, window};
use crate::matrix::{CAROL, CAROLS_GHOST};

const TEA: &str = "tea@rooms.matrix.msn.example";

/// Answers the invitation, and opens a window with the room.
async fn enters(messenger: &mut Messenger) -> Room {
    messenger.added_by(TEA).await;
    let mut service = messenger.answer(SERVICE).await;
    service.hear_text(SERVICE).await;
    let joined = asks(&mut service, &format!("join {TEA}")).await;
    assert!(joined.starts_with("You go into tea"), "{joined}");
    service.leave().await;
    window(messenger, TEA).await
}

#[tokio::test]
async fn encrypted_rooms_with_two_ghosts_are_heard_once_by_everybody() {
    let setup = Setup::start(&[CAROL, DAVE]).await;
    let (alice, bob) = (client(&setup, "alice", "Alice L.").await, client(&setup, "bob", "Bob").await);
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut dave = Messenger::online(&setup.server, DAVE, Dialect::Msnp12).await;
    for (ghost, name) in [(CAROLS_GHOST, "Carol"), (DAVES_GHOST, "Dave")] {
        setup.homeserver.user("alice").until_named(ghost, name).await;
    }
    let tea = alice.create_room("tea", &[CAROLS_GHOST, DAVES_GHOST, bob.id()]).await;
    bob.until_invited_by(alice.id()).await;
    bob.join(&tea).await;
    let mut hers = enters(&mut carol).await;
    alice.until_member(&tea, CAROLS_GHOST, "join").await;
    let mut his = enters(&mut dave).await;
    alice.until_member(&tea, DAVES_GHOST, "join").await;

    alice.say(&tea, "who takes milk?").await;
    for window in [&mut hers, &mut his] {
        assert_eq!(window.hear_text(TEA).await, "Alice L.: who takes milk?");
    }
    // What one of ours says, the other reads as well; and each of them speaks by a key of their own.
    hers.tell(text("I do")).await;
    assert_eq!(his.hear_text(TEA).await, "Carol: I do");
    his.tell(text("so do I")).await;
    assert_eq!(hers.hear_text(TEA).await, "Dave: so do I");
    for client in [&alice, &bob] {
        unflagged(client, &tea, CAROLS_GHOST, "I do").await;
        unflagged(client, &tea, DAVES_GHOST, "so do I").await;
    }
    bob.say(&tea, "there is none").await;
    for window in [&mut hers, &mut his] {
        assert_eq!(window.hear_text(TEA).await, "Bob: there is none");
    }
    assert_eq!(hers.send_file(TEA, "list.txt", b"milk\n").await, Answer::Accepted);
    let list = unflagged(&bob, &tea, CAROLS_GHOST, "list.txt").await;
    assert_eq!(bob.fetch(list.content()).await, b"milk\n");

    // Whoever leaves is not told any more, and whoever stays is.
    bob.leave(&tea).await;
    alice.until_member(&tea, bob.id(), "leave").await;
    hers.tell(text("he never liked tea")).await;
    unflagged(&alice, &tea, CAROLS_GHOST, "he never liked tea").await;
    assert!(!bob.said_by(&tea, CAROLS_GHOST).contains(&Some("he never liked tea".into())));
    nothing_is_readable(&setup, "alice", &tea, &["milk", "I do", "none", "list.txt", "liked tea"]).await;
}
