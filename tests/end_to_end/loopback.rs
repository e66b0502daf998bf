//! The network that everybody has: Echo, who shows a newcomer that everything moves.

use chrysalis_test_harness::{Messenger, Room, nudge, text, typing};
use msnp::{
    dialect::Dialect,
    notification::server::{PresenceLine, ServerCommand},
    status::Status,
};

use crate::{ALICE, server};

const ECHO: &str = "echo@loopback.msn.example";

async fn with_echo(alice: &mut Messenger) -> Room {
    let mut room = alice.call(ECHO).await;
    room.joined(ECHO).await;
    room
}

async fn sees(alice: &mut Messenger, wanted: Status) -> PresenceLine {
    alice
        .find(&format!("Echo to be {wanted:?}"), |told| match told {
            ServerCommand::Nln { presence } | ServerCommand::Iln { presence, .. }
                if presence.passport == ECHO && presence.status == wanted =>
            {
                Some(presence.clone())
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn echo_is_there_types_and_repeats() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    assert_eq!(sees(&mut alice, Status::Online).await.name, "Echo");
    let mut room = with_echo(&mut alice).await;
    let line = "h\u{e9}llo \u{4e2d}\r\nworld";
    room.tell(text(line)).await;
    assert_eq!(room.hear(ECHO).await, typing(ECHO), "Echo types first");
    assert_eq!(room.hear_text(ECHO).await, line);
    room.tell(nudge()).await;
    while room.hear(ECHO).await != nudge() {}
}

#[tokio::test]
async fn echo_obeys() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    sees(&mut alice, Status::Online).await;
    let mut room = with_echo(&mut alice).await;
    for (word, status) in [("busy", Status::Busy), ("online", Status::Online)] {
        room.tell(text(word)).await;
        sees(&mut alice, status).await;
    }
    room.tell(text("away")).await;
    alice
        .find("Echo to be away or idle", |told| match told {
            ServerCommand::Nln { presence } => matches!(presence.status, Status::Away | Status::Idle).then_some(()),
            _ => None,
        })
        .await;
    room.tell(text("status in the <garden>")).await;
    alice
        .find("Echo's new line", |told| match told {
            ServerCommand::Ubx { passport, document } => (passport == ECHO
                && String::from_utf8_lossy(document).contains("<PSM>in the &lt;garden&gt;</PSM>"))
            .then_some(()),
            _ => None,
        })
        .await;
    room.tell(text("nudge")).await;
    while room.hear(ECHO).await != nudge() {}
}

#[tokio::test]
async fn what_echo_was_told_is_answered_after_a_crash_and_rings() {
    let mut server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = with_echo(&mut alice).await;
    room.tell(text("remember me")).await;
    server.crash();
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.answer(ECHO).await;
    assert_eq!(room.hear_text(ECHO).await, "remember me");
}

#[tokio::test]
async fn echo_can_be_removed_and_found_again() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let list = alice.list().await;
    let guid = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, guid, .. } if passport == ECHO => guid.clone(),
        _ => None,
    });
    alice.ask("REM", &format!("FL {}", guid.unwrap())).await;
    let list = alice.list().await;
    let still = |line: &ServerCommand| matches!(line, ServerCommand::Lst { passport, lists, .. } if passport == ECHO && lists & 1 != 0);
    assert!(!list.iter().any(still), "{list:?}");
    alice.add(ECHO).await;
    sees(&mut alice, Status::Online).await;
    let mut room = with_echo(&mut alice).await;
    room.tell(text("hello again")).await;
    assert_eq!(room.hear_text(ECHO).await, "hello again");
}
