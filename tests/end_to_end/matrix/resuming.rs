//! Restarts: of this program, and of the homeserver.

use chrysalis_test_harness::{Messenger, RoomOptions, text};
use msnp::dialect::Dialect;

use super::{ALICE, CAROL, CAROLS_GHOST, SERVICE, asks, friends, message_of, setup, window};

const TEA: &str = "tea@rooms.matrix.msn.example";

#[tokio::test]
async fn matrix_what_was_said_during_a_restart_comes_once_and_in_order() {
    let mut setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let tea = alice.create_room("tea", &[CAROLS_GHOST], &RoomOptions::default()).await;
    let mut service = carol.answer(SERVICE).await;
    service.hear_text(SERVICE).await;
    asks(&mut service, "join tea").await;
    alice.until_member(&tea, CAROLS_GHOST, "join").await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;

    // The program is down while people speak, in two rooms.
    assert!(setup.server.stop().success());
    let mut said = Vec::new();
    for number in 0..20 {
        said.push(alice.say(&room, &format!("number {number}")).await);
        alice.say(&tea, &format!("cup {number}")).await;
    }
    alice.edit(&room, &said[3], "number three").await;
    alice.redact(&room, &said[19]).await;
    setup.server.run();
    let mut carol = Messenger::online(&setup.server, CAROL, Dialect::Msnp12).await;
    let mut cups = window(&mut carol, TEA).await;
    for number in 0..20 {
        assert_eq!(cups.hear_text(TEA).await, format!("Alice L.: cup {number}"));
    }
    let mut talk = window(&mut carol, ALICE).await;
    // What was taken back before anybody saw it was never said.
    for number in 0..19 {
        assert_eq!(talk.hear_text(ALICE).await, format!("number {number}"));
    }
    assert_eq!(talk.hear_text(ALICE).await, "* number three");
    for (place, window, words) in [(&tea, &mut cups, "Alice L.: no more"), (&room, &mut talk, "no more")] {
        alice.say(place, "no more").await;
        let peer = if place == &tea { TEA } else { ALICE };
        assert_eq!(window.hear_text(peer).await, words, "nothing comes twice");
    }

    // The homeserver is down while Carol speaks.
    setup.homeserver.kill();
    for number in 0..10 {
        talk.tell(text(&format!("line {number}"))).await;
    }
    setup.homeserver.run().await;
    message_of(&mut alice, &room, CAROLS_GHOST, "line 9").await;
    let lines: Vec<String> = (0..10).map(|number| format!("line {number}")).collect();
    assert_eq!(alice.said_by(&room, CAROLS_GHOST).await, lines);
    alice.say(&room, "and I hear you").await;
    assert_eq!(talk.hear_text(ALICE).await, "and I hear you");
}
