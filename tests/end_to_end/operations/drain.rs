//! A server that is told to stop while everybody talks.

use std::collections::BTreeSet;

use chrysalis_test_harness::{Messenger, Room, text};
use msnp::{
    dialect::Dialect,
    notification::server::{OutReason, ServerCommand},
    switchboard,
};

use super::ECHO;
use crate::{ALICE, BOB, CAROL, server};

/// How many lines are said at once to each of the two who read them.
const LINES: usize = 300;

/// How many are said to Echo, who takes their time for each.
const LINES_TO_ECHO: usize = 10;

/// Says all lines without waiting for anything; the numbers of the commands.
pub(super) async fn say_all(room: &mut Room, whom: &str, lines: usize) -> Vec<(u32, String)> {
    let mut said = Vec::new();
    for number in 0..lines {
        let line = format!("{whom} {number}");
        said.push((room.say("A", text(&line)).await, line));
    }
    said
}

/// What of that was acknowledged before the end.
async fn acknowledged(
    mut room: Room,
    said: Vec<(u32, String)>,
) -> (Vec<String>, Vec<switchboard::server::ServerCommand>) {
    let rest = room.rest().await;
    let taken: BTreeSet<u32> = rest
        .iter()
        .filter_map(|command| match command {
            switchboard::server::ServerCommand::Ack { transaction } => Some(*transaction),
            _ => None,
        })
        .collect();
    (said.into_iter().filter(|(number, _)| taken.contains(number)).map(|(_, line)| line).collect(), rest)
}

/// The texts of somebody among these commands.
fn heard(commands: &[switchboard::server::ServerCommand], of: &str) -> BTreeSet<String> {
    let texts = commands.iter().filter_map(|command| match command {
        switchboard::server::ServerCommand::Msg { passport, payload, .. } if passport == of => {
            let whole = String::from_utf8_lossy(payload).into_owned();
            let (head, body) = whole.split_once("\r\n\r\n")?;
            head.contains("text/plain").then(|| body.to_owned())
        }
        _ => None,
    });
    texts.collect()
}

/// Hears somebody until nothing of this is missing.
async fn hear_all(reader: &mut Messenger, of: &str, mut missing: BTreeSet<String>) {
    if missing.is_empty() {
        return;
    }
    let mut room = reader.answer(of).await;
    while !missing.is_empty() {
        let line = room.hear_text(of).await;
        // One that was heard before may come again; see what a delivery is.
        missing.remove(&line);
    }
}

#[tokio::test]
async fn what_was_acknowledged_before_the_end_is_there_after_the_next_start() {
    let mut server = server(&[ALICE, BOB, CAROL]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut to_bob, mut his) = alice.meet(&mut bob).await;
    let mut to_echo = alice.call(ECHO).await;
    to_echo.joined(ECHO).await;
    let mut to_carol = alice.call(CAROL).await;
    to_carol.joined(CAROL).await;

    let said_to_bob = say_all(&mut to_bob, "bob", LINES).await;
    let said_to_carol = say_all(&mut to_carol, "carol", LINES).await;
    let said_to_echo = say_all(&mut to_echo, "echo", LINES_TO_ECHO).await;
    // It is amid all this when it is told to stop.
    let first = his.hear_text(ALICE).await;
    assert!(server.stop().success(), "it ends well, and in time");
    assert_eq!(alice.rest().await.pop(), Some(ServerCommand::Out(Some(OutReason::Ssd))));
    let (for_bob, _) = acknowledged(to_bob, said_to_bob).await;
    let (for_carol, _) = acknowledged(to_carol, said_to_carol).await;
    let (for_echo, of_echo) = acknowledged(to_echo, said_to_echo).await;
    let acknowledged = for_bob.len() + for_carol.len() + for_echo.len();
    assert!(acknowledged > 0, "nothing was taken before the end");
    println!("{acknowledged} of {} lines were acknowledged before the end", 2 * LINES + LINES_TO_ECHO);
    let missing = |taken: Vec<String>, heard: &BTreeSet<String>| -> BTreeSet<String> {
        taken.into_iter().filter(|line| !heard.contains(line)).collect()
    };
    let mut heard_by_bob = heard(&his.rest().await, ALICE);
    heard_by_bob.insert(first);
    let for_bob = missing(for_bob, &heard_by_bob);
    let for_echo = missing(for_echo, &heard(&of_echo, ECHO));

    server.run();
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    hear_all(&mut bob, ALICE, for_bob).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    if !for_carol.is_empty() {
        let mut hers = carol.answer(ALICE).await;
        for line in for_carol {
            // Nobody had given her any of it before: in order, and each once.
            assert_eq!(hers.hear_text(ALICE).await, line);
        }
    }
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    hear_all(&mut alice, ECHO, for_echo).await;
}

#[tokio::test]
async fn what_a_client_has_got_when_the_server_stops_is_not_shown_again() {
    let mut server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut hers, mut his) = alice.meet(&mut bob).await;
    // He says nothing after he has heard it: what he has, only his machine has told.
    hers.tell(text("once")).await;
    assert_eq!(his.hear_text(ALICE).await, "once");
    assert!(server.stop().success());
    drop((alice, bob, hers, his));
    server.run();
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    hers.tell(text("twice")).await;
    let mut his = bob.answer(ALICE).await;
    assert_eq!(his.hear_text(ALICE).await, "twice");
}
