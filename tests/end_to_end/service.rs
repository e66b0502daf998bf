//! The contact that is the server itself, and what it makes of much that waits.

use chrysalis_test_harness::{Messenger, Room, text};
use msnp::{code::ErrorCode, dialect::Dialect, notification, switchboard::server::ServerCommand};

use crate::{ALICE, BOB, CAROL, server};

const SERVICE: &str = "chrysalis@msn.example";

async fn asks(room: &mut Room, words: &str) -> String {
    room.tell(text(words)).await;
    room.hear_text(SERVICE).await
}

#[tokio::test]
async fn the_server_answers_and_knows_where_its_user_is() {
    let mut server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(SERVICE).await;
    room.joined(SERVICE).await;
    assert!(asks(&mut room, "what can you do?").await.contains("help"));
    assert!(asks(&mut room, "waiting").await.contains("Nothing"));
    assert!(asks(&mut room, "time zone Nowhere/Else").await.contains("no time zone"));
    assert!(asks(&mut room, "time zone europe/berlin").await.contains("Europe/Berlin"));
    drop((room, alice));

    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut his = bob.call(ALICE).await;
    his.joined(ALICE).await;
    his.tell(text("good morning")).await;
    drop((his, bob));
    server.kill();
    // Noon in Greenwich, in winter.
    server.make_messages_older(600).await;
    server.run();
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let said = alice.answer(BOB).await.hear_text(BOB).await;
    assert!(said.ends_with("good morning") && said.starts_with('[') && !said.contains("UTC"), "{said:?}");
}

#[tokio::test]
async fn few_windows_open_by_themselves_and_the_rest_is_summed_up() {
    let names: Vec<String> = (0..6).map(|number| format!("friend{number}@example.com")).collect();
    let accounts: Vec<&str> = names.iter().map(String::as_str).chain([ALICE]).collect();
    let server = server(&accounts);
    for friend in &names {
        let mut friend = Messenger::online(&server, friend, Dialect::Msnp12).await;
        let mut room = friend.call(ALICE).await;
        room.joined(ALICE).await;
        room.tell(text("are you there?")).await;
    }
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let summary = alice.answer(SERVICE).await.hear_text(SERVICE).await;
    let rung: Vec<String> = alice
        .settled()
        .await
        .into_iter()
        .filter_map(|told| match told {
            notification::server::ServerCommand::Rng { passport, .. } => Some(passport),
            _ => None,
        })
        .collect();
    assert!(rung.len() <= 3, "{rung:?}");
    let summed = names.iter().filter(|name| summary.contains(&format!("F{}: 1", &name[1..7])));
    let summed: Vec<&String> = summed.collect();
    assert_eq!(summed.len(), 3, "{summary:?}");
    // Whoever is summed up is read by opening their window.
    let mut room = alice.call(summed[0]).await;
    assert!(room.hear_text(summed[0]).await.ends_with("are you there?"));
}

#[tokio::test]
async fn who_is_away_cannot_be_called_where_nothing_is_kept() {
    let server =
        chrysalis_test_harness::Server::start_with(crate::program(), &[ALICE, BOB], "offline_messages = false\n");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.open().await;
    let ServerCommand::Error { code, .. } = room.ask("CAL", BOB).await else { panic!("Bob is away") };
    assert_eq!(code, ErrorCode::NOT_ONLINE);
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    room.send("CAL", BOB).await;
    let his = bob.answer(ALICE).await;
    room.joined(BOB).await;
    drop(his);
}

#[tokio::test]
async fn too_many_calls_and_messages_are_refused_and_nothing_else() {
    let server = chrysalis_test_harness::Server::start_with(
        crate::program(),
        &[ALICE, BOB, CAROL],
        "[limits]\ncalls_per_minute = 2\nmessages_per_minute = 3\n",
    );
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(BOB).await;
    room.joined(BOB).await;
    room.call(CAROL).await;
    let ServerCommand::Error { code, .. } = room.ask("CAL", CAROL).await else { panic!("a third call in a minute") };
    assert_eq!(code, ErrorCode::TOO_ACTIVE);
    for _ in 0..3 {
        room.tell(text("hello")).await;
    }
    let transaction = room.say("N", text("too much")).await;
    assert_eq!(room.reply("MSG", transaction).await, ServerCommand::Nak { transaction });
}
