//! Who is there, under which name, with which line, and whether they type.

use chrysalis_test_harness::{Messenger, typing};
use msnp::{dialect::Dialect, notification::server::ServerCommand, status::Status, switchboard};

use super::{ALICE, CAROL, CAROLS_GHOST, friends, setup};

#[tokio::test]
async fn matrix_presence_goes_from_messenger_to_matrix() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, _) = friends(&setup).await;
    alice.until_seen(CAROLS_GHOST, "online", "").await;
    carol.personal_message("happy &amp; \u{2665}").await;
    alice.until_seen(CAROLS_GHOST, "online", "happy & \u{2665}").await;
    for (status, presence, line) in [
        ("BSY", "unavailable", "Busy - happy & \u{2665}"),
        ("AWY", "unavailable", "happy & \u{2665}"),
        ("PHN", "unavailable", "On the phone - happy & \u{2665}"),
        ("NLN", "online", "happy & \u{2665}"),
        ("HDN", "offline", ""),
        ("NLN", "online", "happy & \u{2665}"),
    ] {
        carol.status(status).await;
        alice.until_seen(CAROLS_GHOST, presence, line).await;
    }
    let renamed = carol.send("PRP", "MFN Carol%20\u{2603}").await;
    carol.reply("PRP", renamed).await;
    alice.until_named(CAROLS_GHOST, "Carol \u{2603}").await;
    carol.wire().send("OUT\r\n").await;
    carol.rest().await;
    alice.until_seen(CAROLS_GHOST, "offline", "").await;
}

#[tokio::test]
async fn matrix_presence_goes_from_matrix_to_messenger() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, alice, _) = friends(&setup).await;
    alice.show("online", "reading <b> & \u{e9}").await;
    assert_eq!(carol.sees(ALICE, Status::Online).await, "Alice L.");
    carol.reads(ALICE, "what she reads", |line| line == "reading <b> & \u{e9}").await;

    alice.rename("Alice in the mirror").await;
    assert_eq!(carol.sees(ALICE, Status::Online).await, "Alice in the mirror");
    let on_list = carol.list().await.into_iter().find_map(|line| match line {
        ServerCommand::Lst { passport, name, .. } if passport == ALICE => name,
        _ => None,
    });
    assert_eq!(on_list.as_deref(), Some("Alice in the mirror"), "and the list has it at once");

    alice.show("unavailable", "at lunch").await;
    carol.sees(ALICE, Status::Idle).await;
    carol.reads(ALICE, "where she is", |line| line == "at lunch").await;

    // Messenger does not write to somebody who is offline.
    alice.show("offline", "").await;
    carol.sees(ALICE, Status::Away).await;
    carol.reads(ALICE, "when she was seen", |line| line.starts_with("offline, last seen ")).await;

    // What is known is there with the first status of the next session.
    alice.show("online", "back").await;
    carol.sees(ALICE, Status::Online).await;
    let mut later = Messenger::sign_in(&setup.server, CAROL, Dialect::Msnp12).await;
    later.list().await;
    later.status("NLN").await;
    assert_eq!(later.sees(ALICE, Status::Online).await, "Alice in the mirror");
    later.reads(ALICE, "that she is back", |line| line == "back").await;
}

#[tokio::test]
async fn matrix_typing_goes_both_ways_and_offline_can_be_offline() {
    let setup = setup(&[CAROL], "offline_contacts = \"offline\"").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    alice.show("online", "").await;
    carol.sees(ALICE, Status::Online).await;

    let mut talk = carol.call(ALICE).await;
    talk.joined(ALICE).await;
    talk.say("U", typing(CAROL)).await;
    alice.until_types(&room, &[CAROLS_GHOST]).await;
    alice.types(&room, true).await;
    let heard = talk
        .find("Alice to type", |command| match command {
            switchboard::server::ServerCommand::Msg { passport, payload, .. } if passport == ALICE => {
                Some(payload.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(heard, typing(ALICE).as_bytes());

    alice.show("offline", "").await;
    carol.sees_gone(ALICE).await;
}
