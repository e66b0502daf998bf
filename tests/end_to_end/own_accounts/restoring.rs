//! A server whose disk was lost and came back from a backup: encrypted chats go on, of a linked account and of a ghost alike.

use chrysalis_test_harness::{Messenger, text};
use msnp::dialect::Dialect;

use super::{CAROLS_ID, Setup, encrypted::acquainted, hears, online, signs_out, window};
use crate::matrix::{ALICE, CAROL};

const DAVE: &str = "dave@msn.example";
const DAVES_GHOST: &str = "@msn_dave=40msn.example:example.org";

#[tokio::test]
async fn own_accounts_and_ghosts_go_on_in_encrypted_chats_after_a_restoring() {
    let mut setup = Setup::start(&[CAROL, DAVE]).await;
    let (alice, phone, room) = acquainted(&setup).await;
    let key = phone.make_recovery_key().await;
    setup.link();
    setup.perform("recovery", Some(("key", &key)));
    let mut carol = online(&setup, &[ALICE]).await;
    let mut dave = Messenger::online(&setup.server, DAVE, Dialect::Msnp12).await;
    let room_of_dave = alice.invite(DAVES_GHOST).await;
    dave.added_by(ALICE).await;
    dave.add(ALICE).await;
    alice.until_member(&room_of_dave, DAVES_GHOST, "join").await;

    alice.say(&room, "before").await;
    let mut talk = carol.answer(ALICE).await;
    assert_eq!(hears(&mut talk, ALICE).await, "before");
    talk.tell(text("told before")).await;
    alice.until_said(&room, CAROLS_ID, "told before").await;
    alice.say(&room_of_dave, "before, Dave").await;
    let mut talk_of_dave = dave.answer(ALICE).await;
    assert_eq!(talk_of_dave.hear_text(ALICE).await, "before, Dave");
    talk_of_dave.tell(text("Dave told before")).await;
    alice.until_said(&room_of_dave, DAVES_GHOST, "Dave told before").await;

    let file = setup.server.config().with_file_name("backup.tar");
    let made = setup.server.command(&["backup", file.to_str().unwrap()], "");
    assert_eq!(made.code, 0, "{made:?}");

    // What is said from here on is in no backup, and keys were used for it that are used no second time.
    for number in 0..3 {
        let words = format!("meanwhile {number}");
        talk.tell(text(&words)).await;
        alice.until_said(&room, CAROLS_ID, &words).await;
        talk_of_dave.tell(text(&words)).await;
        alice.until_said(&room_of_dave, DAVES_GHOST, &words).await;
        alice.say(&room, &words).await;
        assert_eq!(hears(&mut talk, ALICE).await, words);
        alice.say(&room_of_dave, &words).await;
        assert_eq!(talk_of_dave.hear_text(ALICE).await, words);
    }
    signs_out(&setup, carol, talk).await;
    signs_out(&setup, dave, talk_of_dave).await;
    assert!(setup.server.stop().success());
    std::fs::remove_dir_all(setup.server.data()).unwrap();
    let restored = setup.server.command(&["restore", file.to_str().unwrap()], "");
    assert_eq!(restored.code, 0, "{restored:?}");
    setup.server.run();

    // The keys of a device must not be used twice: Carol is told so, and is Carol again as soon as she says who she is.
    setup.server.until_logged("a linked account is signed out", 1).await;
    let link = &setup.links()[0];
    assert_eq!(link["state"], "failed", "{link}");
    assert!(link["reason"].as_str().unwrap().contains("put back from a backup"), "{link}");
    setup.link();
    setup.perform("recovery", Some(("key", &key)));
    let mut carol = online(&setup, &[ALICE]).await;
    let mut talk = window(&mut carol, ALICE).await;
    talk.tell(text("told after")).await;
    let heard = alice.until_said(&room, CAROLS_ID, "told after").await;
    assert!(heard.is_sealed(), "{heard:?}");
    alice.say(&room, "after").await;
    while hears(&mut talk, ALICE).await != "after" {}

    // A ghost has a new device by itself.
    let mut dave = Messenger::online(&setup.server, DAVE, Dialect::Msnp12).await;
    let mut talk_of_dave = window(&mut dave, ALICE).await;
    talk_of_dave.tell(text("Dave told after")).await;
    let heard = alice.until_said(&room_of_dave, DAVES_GHOST, "Dave told after").await;
    assert!(heard.is_sealed(), "{heard:?}");
    alice.say(&room_of_dave, "after, Dave").await;
    while talk_of_dave.hear_text(ALICE).await != "after, Dave" {}
}
