//! A room of another network, as the one contact that it is.

use chrysalis_test_harness::{Messenger, text};
use msnp::{dialect::Dialect, notification::server::ServerCommand};

use crate::{ALICE, server};

const ROOM: &str = "room@rooms.loopback.msn.example";

/// Who speaks, and what: a line begins with a name.
fn spoken(line: &str) -> (String, String) {
    let (name, said) = line.split_once(": ").unwrap_or_else(|| panic!("nobody's name stands before {line:?}"));
    assert!(!name.is_empty() && name.len() < 40 && !name.contains('\n'), "{line:?}");
    (name.to_owned(), said.to_owned())
}

#[tokio::test]
async fn a_room_is_a_contact_that_is_always_there() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    alice.sees(ROOM, msnp::status::Status::Online).await;
    drop(alice);
    let mut alice = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    let list = alice.list().await;
    assert!(
        list.iter().any(|line| matches!(line, ServerCommand::Lst { passport, .. } if passport == ROOM)),
        "{list:?}"
    );
    alice.status("NLN").await;
    alice.sees(ROOM, msnp::status::Status::Online).await;
}

#[tokio::test]
async fn what_is_said_in_a_room_is_answered_under_the_speakers_names() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    let mut room = alice.call(ROOM).await;
    room.joined(ROOM).await;
    room.tell(text("hello everybody")).await;
    let (first, said) = spoken(&room.hear_text(ROOM).await);
    assert!(first != "Alice" && !said.is_empty());
    room.tell(text("and again")).await;
    spoken(&room.hear_text(ROOM).await);
    // The room speaks as itself: nobody joins for each of its people.
    let joined = room.leave().await;
    assert!(
        !joined.iter().any(|told| matches!(told, msnp::switchboard::server::ServerCommand::Joi { .. })),
        "{joined:?}"
    );
}
