//! A person on two networks as one contact. Two networks in memory stand for them, of which each has its own Echo.

use std::time::Instant;

use chrysalis_test_harness::{DEADLINE, Messenger, Room, Server, text, typing};
use msnp::{dialect::Dialect, list::List, notification::server::ServerCommand, status::Status};

use crate::{ALICE, program};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";
const OTHER: &str = "echo@second.msn.example";

/// The usual bits of two other networks.
const NETWORKS: &str = "[networks.loopback]\nnetwork_bit = 64\n\
                        [networks.second]\nkind = \"loopback\"\nnetwork_bit = 128\n";

fn server(keys: &str) -> Server {
    Server::start_with(program(), &[ALICE], &format!("{keys}{NETWORKS}"))
}

async fn online(server: &Server) -> Messenger {
    Messenger::online(server, ALICE, Dialect::Msnp12).await
}

async fn window(alice: &mut Messenger, contact: &str) -> Room {
    let mut room = alice.call(contact).await;
    room.joined(contact).await;
    room
}

async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}

/// Alice's client with its list read and the two merged; and the window in which that was said.
async fn merged(server: &Server) -> (Messenger, Room) {
    let mut alice = online(server).await;
    for echo in [ECHO, OTHER] {
        alice.sees(echo, Status::Online).await;
    }
    let mut service = window(&mut alice, SERVICE).await;
    let answer = asks(&mut service, &format!("merge {ECHO} {OTHER}")).await;
    assert!(answer.starts_with(&format!("{OTHER} is part of Echo ({ECHO}) now")), "{answer}");
    (alice, service)
}

/// Who of other networks stands on the contact list, under which Network ID; and the id of each.
async fn listed(alice: &mut Messenger) -> Vec<(String, u32, Option<String>)> {
    let lines = alice.list().await.into_iter().filter_map(|line| match line {
        ServerCommand::Lst { passport, lists, network, guid, .. } if lists & 1 != 0 => Some((passport, network, guid)),
        _ => None,
    });
    lines.collect()
}

async fn networks(alice: &mut Messenger) -> Vec<(String, u32)> {
    listed(alice).await.into_iter().map(|(passport, network, _)| (passport, network)).collect()
}

fn apart() -> Vec<(String, u32)> {
    vec![(ECHO.to_owned(), 65), (OTHER.to_owned(), 129)]
}

fn together() -> Vec<(String, u32)> {
    vec![(ECHO.to_owned(), 193)]
}

/// What Echo answers, in the window of this contact.
async fn answer(room: &mut Room, contact: &str, words: &str) -> String {
    room.tell(text(words)).await;
    room.hear_text(contact).await
}

/// Over which network what is said there goes: each Echo names the room of its own.
async fn way(room: &mut Room, contact: &str) -> &'static str {
    let answer = answer(room, contact, "room").await;
    ["loopback", "second"]
        .into_iter()
        .find(|network| answer.contains(&format!("room@rooms.{network}.msn.example")))
        .unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn two_are_one_contact_with_the_bits_of_both_and_two_again() {
    let mut server = server("");
    let mut alice = online(&server).await;
    assert_eq!(networks(&mut alice).await, apart());
    drop(alice);
    let (alice, service) = merged(&server).await;
    drop((alice, service));
    let mut alice = online(&server).await;
    assert_eq!(networks(&mut alice).await, together());
    server.crash();
    let mut alice = online(&server).await;
    assert_eq!(networks(&mut alice).await, together(), "what was granted is kept");
    let mut service = window(&mut alice, SERVICE).await;
    let shown = asks(&mut service, "show merged").await;
    assert_eq!(shown, format!("Merged:\n1. Echo, spoken to on loopback: {ECHO} {OTHER}"));
    let answer = asks(&mut service, "split 1").await;
    assert!(answer.starts_with(&format!("{OTHER} is no part of Echo any more")), "{answer}");
    assert_eq!(networks(&mut alice).await, apart());
    let mut room = window(&mut alice, OTHER).await;
    assert_eq!(way(&mut room, OTHER).await, "second");
    assert!(asks(&mut service, &format!("split {ECHO}")).await.starts_with("Nobody is merged into Echo"));
}

#[tokio::test]
async fn one_of_two_is_spoken_to_while_the_network_of_the_window_is_off() {
    let mut server = server("");
    let mut alice = online(&server).await;
    let mut service = window(&mut alice, SERVICE).await;
    asks(&mut service, &format!("merge {OTHER} {ECHO}")).await;
    asks(&mut service, &format!("speak on loopback with {OTHER}")).await;
    let mut room = window(&mut alice, OTHER).await;
    assert_eq!(way(&mut room, OTHER).await, "loopback");
    server.reload_with("[networks.loopback]\nnetwork_bit = 64\n");
    server.until_logged("a network is off from now on", 1).await;
    // The other one stands on the list for itself, and so answers what is said in the window that is still open.
    assert_eq!(networks(&mut alice).await, [(ECHO.to_owned(), 65)]);
    room.tell(text("still there?")).await;
    let mut own = alice.answer(ECHO).await;
    assert_eq!(own.hear_text(ECHO).await, "still there?");
    server.reload_with(NETWORKS);
    server.until_logged("a network is on from now on", 1).await;
    assert_eq!(networks(&mut alice).await, [(OTHER.to_owned(), 193)]);
    assert_eq!(way(&mut room, OTHER).await, "loopback");
}

#[tokio::test]
async fn both_are_heard_in_one_window_and_one_of_them_is_spoken_to() {
    let mut server = server("");
    let (mut alice, mut service) = merged(&server).await;
    let mut room = window(&mut alice, ECHO).await;
    assert_eq!(way(&mut room, ECHO).await, "loopback");
    let chosen = asks(&mut service, &format!("speak on second with {ECHO}")).await;
    assert_eq!(chosen, "What you say to Echo goes to second now.");
    room.tell(text("hello")).await;
    assert_eq!(room.hear(ECHO).await, typing(ECHO), "the other one types in the same window");
    assert_eq!(room.hear_text(ECHO).await, "hello");
    assert_eq!(way(&mut room, ECHO).await, "second");
    // What the client has not shown that it got would be said to it again.
    room.prove().await;
    server.stop();
    server.run();
    let mut alice = online(&server).await;
    let mut room = window(&mut alice, ECHO).await;
    assert_eq!(way(&mut room, ECHO).await, "second", "and stays so");
    // What is quoted is known where it was said: Echo quotes whoever answers, and repeats whatever is no answer.
    for (network, answered) in
        [("second", "> thank you\r\nthank you"), ("loopback", "> We meet in room@rooms.loopback")]
    {
        let quoting = format!("> We meet in room@rooms.{network}.msn.example\r\nthank you");
        let said = answer(&mut room, ECHO, &quoting).await;
        assert!(said.starts_with(answered), "{said}");
    }
    let mut seen = answer(&mut room, ECHO, "read").await;
    let began = Instant::now();
    while !seen.starts_with("You have seen") {
        assert!(began.elapsed() < DEADLINE, "what was read is never told: {seen}");
        room.prove().await;
        seen = answer(&mut room, ECHO, "read").await;
    }
    let mut service = window(&mut alice, SERVICE).await;
    assert!(asks(&mut service, "speak loopback to echo").await.contains("goes to loopback now"));
    assert_eq!(way(&mut room, ECHO).await, "loopback");
    let nowhere = asks(&mut service, "speak third with echo").await;
    assert_eq!(nowhere, "Echo is not on third, but on loopback and second.");
}

#[tokio::test]
async fn the_one_who_is_reached_most_easily_is_seen() {
    let server = server("");
    let (mut alice, mut service) = merged(&server).await;
    let mut room = window(&mut alice, ECHO).await;
    answer(&mut room, ECHO, "status over here").await;
    alice.reads(ECHO, "the line of the one that is spoken to", |line| line == "over here").await;
    answer(&mut room, ECHO, "away").await;
    alice.reads(ECHO, "the line of the one who is there", |line| line == "say something").await;
    asks(&mut service, "speak second with echo").await;
    answer(&mut room, ECHO, "busy").await;
    alice.sees(ECHO, Status::Busy).await;
    drop((alice, room, service));
    let mut alice = online(&server).await;
    alice.sees(ECHO, Status::Busy).await;
}

#[tokio::test]
async fn who_is_blocked_or_removed_is_so_on_both_networks() {
    let server = server("");
    let (mut alice, mut service) = merged(&server).await;
    alice.ask("REM", &format!("AL {ECHO}")).await;
    alice.ask("ADC", &format!("BL N={ECHO}")).await;
    assert!(asks(&mut service, "split echo").await.contains("no part of Echo any more"));
    let list = alice.list().await;
    let blocked = list.iter().filter(|line| matches!(line, ServerCommand::Lst { lists, .. } if lists & 4 != 0));
    assert_eq!(blocked.count(), 2, "{list:?}");
    for echo in [ECHO, OTHER] {
        alice.ask("REM", &format!("BL {echo}")).await;
        alice.ask("ADC", &format!("AL N={echo}")).await;
    }
    asks(&mut service, &format!("merge {ECHO} and {OTHER}")).await;
    let entries = listed(&mut alice).await;
    let [(_, 193, Some(guid))] = &entries[..] else { panic!("{entries:?}") };
    alice.ask("REM", &format!("FL {guid}")).await;
    assert_eq!(networks(&mut alice).await, []);
    drop((alice, service));
    let mut alice = online(&server).await;
    assert_eq!(networks(&mut alice).await, []);
    alice.add(ECHO).await;
    assert_eq!(networks(&mut alice).await, together(), "they are one as long as they stand on a list");
}

#[tokio::test]
async fn a_client_that_can_be_told_so_hears_at_once_who_comes_and_goes() {
    let server = server("live_list = true\n");
    let (mut alice, mut service) = merged(&server).await;
    alice
        .find("the other one to go", |told| match told {
            ServerCommand::Rem { transaction: 0, list: List::Forward, .. } => Some(()),
            _ => None,
        })
        .await;
    let answer = asks(&mut service, "split echo").await;
    assert_eq!(answer, format!("{OTHER} is no part of Echo any more, and on your list by itself now."));
    alice
        .find("the other one to come back", |told| match told {
            ServerCommand::Adc { transaction: 0, list: List::Forward, passport, .. } => {
                (passport == OTHER).then_some(())
            }
            _ => None,
        })
        .await;
    alice.sees(OTHER, Status::Online).await;
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_in_words() {
    let server = server("");
    let mut alice = online(&server).await;
    let mut service = window(&mut alice, SERVICE).await;
    for (words, answer) in [
        ("merge".to_owned(), "Whom? Say a name or an address"),
        (format!("merge {ECHO}"), "With whom? Say both"),
        (format!("merge {ECHO} nobody@second.msn.example"), "Nobody of another network on your list is called"),
        (format!("merge {ECHO} {ECHO}"), "They are one contact already"),
        ("merge echo echo".to_owned(), "Which of them do you mean?"),
        ("split".to_owned(), "Whom? Say a name or an address"),
        ("speak second".to_owned(), "On which network, and with whom?"),
        (format!("speak second with {ECHO}"), "Nobody is merged into Echo"),
        ("show merged".to_owned(), "No contacts are merged."),
    ] {
        let said = asks(&mut service, &words).await;
        assert!(said.starts_with(answer), "{words}: {said}");
    }
    assert!(asks(&mut service, "help").await.contains("merge PERSON PERSON"));
    assert_eq!(networks(&mut alice).await, apart());
}
