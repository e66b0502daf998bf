//! Rooms of other networks: how one comes into them, and what the server's own contact does about them.

use chrysalis_test_harness::{Messenger, Room, Server, text};
use msnp::{dialect::Dialect, list::List, notification::server::ServerCommand};

use crate::{ALICE, program, server};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";
const ROOM: &str = "room@rooms.loopback.msn.example";

async fn window(alice: &mut Messenger, contact: &str) -> Room {
    let mut room = alice.call(contact).await;
    room.joined(contact).await;
    room
}

async fn asks(service: &mut Room, words: &str) -> String {
    service.tell(text(words)).await;
    service.hear_text(SERVICE).await.replace("\r\n", "\n")
}

async fn says(echo: &mut Room, word: &str, answer: &str) {
    echo.tell(text(word)).await;
    assert_eq!(echo.hear_text(ECHO).await, answer);
}

/// The lists that the room stands on.
async fn lists(alice: &mut Messenger) -> u8 {
    let list = alice.list().await;
    let room = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, lists, .. } if passport == ROOM => Some(*lists),
        _ => None,
    });
    room.unwrap_or_default()
}

#[tokio::test]
async fn an_invitation_is_a_line_and_somebody_who_adds_you_and_is_accepted_by_a_number() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    says(&mut echo, "invite", "Do you come into our room?").await;
    assert_eq!(alice.added_by(ROOM).await.as_deref(), Some("The room of five"));
    let mut service = alice.answer(SERVICE).await;
    assert_eq!(
        service.hear_text(SERVICE).await,
        format!(
            "Echo asks you into the room The room of five (Ask, and Daphne answers). Say \"join {ROOM}\" or \"decline \
             {ROOM}\"."
        )
    );
    let rooms = asks(&mut service, "rooms").await;
    assert!(rooms.starts_with(&format!("You are asked into:\n1. The room of five - {ROOM}, by Echo\n")), "{rooms}");
    let joined = asks(&mut service, "join 1").await;
    assert!(joined.starts_with(&format!("You go into The room of five ({ROOM}).")), "{joined}");
    assert_eq!(lists(&mut alice).await & 0b11, 0b11, "it stands on the contact and the allow list");
    let rooms = asks(&mut service, "rooms").await;
    assert_eq!(rooms, format!("Your rooms:\n1. The room of five - {ROOM}\n    Ask, and Daphne answers"));
    assert!(asks(&mut service, "join room").await.contains("already"));
}

#[tokio::test]
async fn an_invitation_is_declined_and_whoever_asked_hears_of_it() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    says(&mut echo, "invite", "Do you come into our room?").await;
    let mut service = alice.answer(SERVICE).await;
    service.hear_text(SERVICE).await;
    assert!(asks(&mut service, "leave room").await.contains("You are not in"));
    assert_eq!(asks(&mut service, "decline the room").await, "You stay away from The room of five.");
    alice
        .find("the room to be nobody who waits for an answer", |told| match told {
            ServerCommand::Rem { transaction: 0, list: List::Reverse, target, .. } => (target == ROOM).then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(echo.hear_text(ECHO).await, "Another time, then.");
    assert_eq!(lists(&mut alice).await, 0);
    assert!(asks(&mut service, "decline room").await.contains("You are in no room \"room\""));
}

#[tokio::test]
async fn a_room_is_found_joined_and_left_by_its_names() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut service = window(&mut alice, SERVICE).await;
    assert!(asks(&mut service, "rooms").await.starts_with("You are in no room."));
    let found = asks(&mut service, "search OF FIVE").await;
    assert!(found.starts_with(&format!("Found:\n1. The room of five, a room - {ROOM}\n")), "{found}");
    assert!(asks(&mut service, "search nobody at all").await.starts_with("Nobody and nothing"));
    for spelling in ["1", "loopback:room", ROOM] {
        let joined = asks(&mut service, &format!("join {spelling}")).await;
        assert!(joined.contains("next sign-in"), "{joined}");
        assert_eq!(lists(&mut alice).await & 1, 1, "{spelling}");
        let left = asks(&mut service, "leave THE ROOM of five").await;
        assert!(left.starts_with("You go out of The room of five."), "{left}");
        assert_eq!(lists(&mut alice).await & 1, 0, "{spelling}");
    }
    for (words, answer) in [
        ("join loopback:attic", "Nobody and nothing is called \"loopback:attic\"."),
        ("join attic@rooms.loopback.msn.example", "Nobody and nothing is called"),
        ("join", "Where to?"),
        ("join alice@example.com", "alice@example.com is somebody of this server"),
        ("leave attic", "You are in no room \"attic\"."),
        ("leave", "Which room?"),
        ("topic attic", "You are in no room \"attic\"."),
        ("invite echo", "Say whom, and where to"),
    ] {
        let said = asks(&mut service, words).await;
        assert!(said.starts_with(answer), "{words}: {said}");
    }
}

#[tokio::test]
async fn people_are_added_by_a_networks_own_spelling() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut service = window(&mut alice, SERVICE).await;
    let known = asks(&mut service, "join loopback:echo").await;
    assert_eq!(known, format!("Echo ({ECHO}) is on your list already."));
    let list = alice.list().await;
    let guid = list.iter().find_map(|line| match line {
        ServerCommand::Lst { passport, guid: Some(guid), .. } if passport == ECHO => Some(guid.clone()),
        _ => None,
    });
    alice.ask("REM", &format!("FL {}", guid.unwrap())).await;
    let added = asks(&mut service, "join loopback:echo").await;
    assert!(added.starts_with(&format!("Echo ({ECHO}) is asked.")), "{added}");
    alice.ask("REM", &format!("AL {ECHO}")).await;
    alice.ask("ADC", &format!("BL N={ECHO}")).await;
    let blocked = asks(&mut service, "join loopback:echo").await;
    assert_eq!(blocked, format!("You block Echo ({ECHO}): unblock it first."));
}

#[tokio::test]
async fn a_topic_is_read_and_changed_and_stands_under_the_name() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    alice.reads(ROOM, "its topic", |line| line == "Ask, and Daphne answers").await;
    let mut service = window(&mut alice, SERVICE).await;
    assert_eq!(asks(&mut service, "topic room").await, "The room of five: Ask, and Daphne answers");
    assert_eq!(asks(&mut service, "topic room Tea at five").await, "The room of five is about that now.");
    alice.reads(ROOM, "its new topic", |line| line == "Tea at five").await;
    assert_eq!(asks(&mut service, "topic the room of five").await, "The room of five: Tea at five");
}

#[tokio::test]
async fn somebody_is_asked_into_a_room() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    let mut service = window(&mut alice, SERVICE).await;
    let asked = asks(&mut service, &format!("invite {ECHO} to room")).await;
    assert_eq!(asked, format!("{ECHO} is asked into The room of five."));
    assert_eq!(alice.answer(ROOM).await.hear_text(ROOM).await, "Echo: Thank you for asking me.");
    assert!(asks(&mut service, "invite nobody to room").await.starts_with("Nobody of that network"));
}

#[tokio::test]
async fn only_what_is_wanted_of_a_room_is_shown() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    let mut service = window(&mut alice, SERVICE).await;
    let mut echo = window(&mut alice, ECHO).await;
    let mut room = window(&mut alice, ROOM).await;

    assert_eq!(asks(&mut service, "mentions room").await, "Only what speaks to you in The room of five is shown.");
    room.tell(text("hello everybody")).await;
    room.tell(text("why?")).await;
    assert_eq!(room.hear_text(ROOM).await, "Daphne: A good question.");
    assert_eq!(room.hear_text(ROOM).await, "Hermes: Echo will know.");
    assert!(asks(&mut service, "rooms").await.contains(", only what speaks to you"));

    assert!(asks(&mut service, "mute room").await.starts_with("The room of five is muted."));
    room.tell(text("is anybody there?")).await;
    // One after the other is answered: when Echo has, the room has.
    says(&mut echo, "hello", "hello").await;
    assert!(asks(&mut service, "rooms").await.contains(", muted"));
    assert_eq!(asks(&mut service, "unmute 1").await, "All that is said in The room of five is shown.");
    room.tell(text("good morning")).await;
    assert_eq!(room.hear_text(ROOM).await, "Iris: I heard: good morning");
}

#[tokio::test]
async fn what_comes_and_goes_by_itself_is_on_the_next_list() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    says(&mut echo, "bring", "You are in our room now.").await;
    let told = alice.settled().await;
    assert!(!told.iter().any(|told| matches!(told, ServerCommand::Adc { .. })), "{told:?}");
    assert_eq!(lists(&mut alice).await & 0b11, 0b11);
    says(&mut echo, "out", "You are in our room no more.").await;
    assert_eq!(lists(&mut alice).await, 0);
    says(&mut echo, "bring", "You are in our room now.").await;
    assert_eq!(lists(&mut alice).await & 0b11, 0b11, "whoever did not go by themselves can be brought back");
}

#[tokio::test]
async fn clients_are_told_at_once_where_that_is_wanted() {
    let server = Server::start_with(program(), &[ALICE], "live_list = true\n");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    says(&mut echo, "bring", "You are in our room now.").await;
    let guid = alice
        .find("the room on the list", |told| match told {
            ServerCommand::Adc { transaction: 0, list: List::Forward, passport, guid, .. } if passport == ROOM => {
                guid.clone()
            }
            _ => None,
        })
        .await;
    let mut service = window(&mut alice, SERVICE).await;
    assert_eq!(asks(&mut service, "leave room").await, "You go out of The room of five.");
    alice
        .find("the room off the list", |told| match told {
            ServerCommand::Rem { transaction: 0, list: List::Forward, target, .. } => (*target == guid).then_some(()),
            _ => None,
        })
        .await;
}
