//! Several people, and who comes in when: what a switchboard owes to each of them.

use chrysalis_test_harness::{Messenger, Room, Server, text, typing};
use msnp::{code::ErrorCode, dialect::Dialect, notification, switchboard::server::ServerCommand};

use crate::{ALICE, BOB, CAROL, server};

const DAVE: &str = "dave@example.com";

/// What no server has heard of.
const UNKNOWN: &str =
    "MIME-Version: 1.0\r\nContent-Type: application/x-of-tomorrow\r\nX-Odd: \u{e9}\r\n\r\n\0\u{1}body\r\n";

/// Alice in a conversation with these, who came in one after the other.
async fn gathering(server: &Server, others: &[(&str, Dialect)]) -> (Vec<Messenger>, Vec<Room>) {
    let mut people = vec![Messenger::online(server, ALICE, Dialect::Msnp12).await];
    let mut rooms = vec![people[0].open().await];
    for (account, dialect) in others {
        let mut person = Messenger::online(server, account, *dialect).await;
        rooms[0].call(account).await;
        let theirs = person.answer(ALICE).await;
        for room in &mut rooms {
            room.joined(account).await;
        }
        rooms.push(theirs);
        people.push(person);
    }
    (people, rooms)
}

const OTHERS: [(&str, Dialect); 3] = [(BOB, Dialect::Msnp12), (CAROL, Dialect::Msnp11), (DAVE, Dialect::Msnp10)];

#[tokio::test]
async fn four_hear_everything_untouched_and_acknowledged_as_asked() {
    let server = server(&[ALICE, BOB, CAROL, DAVE]);
    let (_people, mut rooms) = gathering(&server, &OTHERS).await;
    for (class, acknowledged) in [("A", true), ("S", true), ("N", false), ("U", false)] {
        for payload in [UNKNOWN.to_owned(), text("hello \u{1f642}"), typing(BOB)] {
            let transaction = rooms[1].say(class, &payload).await;
            if acknowledged {
                assert_eq!(rooms[1].reply("MSG", transaction).await, ServerCommand::Ack { transaction }, "{class}");
            }
            for listener in [0, 2, 3] {
                assert_eq!(rooms[listener].hear(BOB).await, payload, "{class}");
            }
        }
    }
}

#[tokio::test]
async fn people_leave_one_by_one_and_the_last_has_nobody_to_talk_to() {
    let server = server(&[ALICE, BOB, CAROL, DAVE]);
    let (_people, mut rooms) = gathering(&server, &OTHERS).await;
    for leaver in [DAVE, ALICE, BOB] {
        let place = rooms.iter().position(|room| room.account() == leaver).unwrap();
        let rest = rooms.remove(place).leave().await;
        assert!(
            rest.iter().all(|told| matches!(told, ServerCommand::Bye { .. } | ServerCommand::Joi { .. })),
            "{rest:?}"
        );
        for room in &mut rooms {
            room.find(&format!("{leaver} to leave by themselves"), |told| {
                (*told == ServerCommand::Bye { passport: leaver.to_owned(), idle: false }).then_some(())
            })
            .await;
        }
        if rooms.len() > 1 {
            rooms[0].tell(text("who is left?")).await;
            let speaker = rooms[0].account().to_owned();
            for room in &mut rooms[1..] {
                assert_eq!(room.hear_text(&speaker).await, "who is left?");
            }
        }
    }
    let last = &mut rooms[0];
    for class in ["A", "N"] {
        let transaction = last.say(class, text("anybody?")).await;
        assert_eq!(last.reply("MSG", transaction).await, ServerCommand::Nak { transaction }, "{class}");
    }
    // Whoever left can be called again.
    last.call(BOB).await;
}

async fn refused(room: &mut Room, callee: &str, code: ErrorCode) {
    let transaction = room.send("CAL", callee).await;
    let answer = room.reply("CAL", transaction).await;
    assert_eq!(answer, ServerCommand::Error { transaction, code }, "calling {callee}");
}

#[tokio::test]
async fn calls_have_the_errors_of_the_protocol() {
    let server = server(&[ALICE, BOB, CAROL]);
    let (mut people, mut rooms) = gathering(&server, &[(BOB, Dialect::Msnp12)]).await;
    for malformed in ["bob", "@example.com", "bob@"] {
        refused(&mut rooms[0], malformed, ErrorCode::INVALID_USER_NAME).await;
    }
    refused(&mut rooms[0], "nobody@example.com", ErrorCode::NOT_ONLINE).await;
    refused(&mut rooms[0], ALICE, ErrorCode::ALREADY_THERE).await;
    people[1].ask("ADC", &format!("BL N={CAROL}")).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut blocked = carol.open().await;
    refused(&mut blocked, BOB, ErrorCode::NOT_ONLINE).await;
    // None of it cost anybody the conversation.
    rooms[0].tell(text("still here")).await;
    assert_eq!(rooms[1].hear_text(ALICE).await, "still here");
}

#[tokio::test]
async fn somebody_who_is_in_already_cannot_be_called_again() {
    let server = server(&[ALICE, BOB]);
    let (_people, mut rooms) = gathering(&server, &[(BOB, Dialect::Msnp12)]).await;
    refused(&mut rooms[0], BOB, ErrorCode::ALREADY_THERE).await;
    refused(&mut rooms[0], "BOB@EXAMPLE.COM", ErrorCode::ALREADY_THERE).await;
    rooms[0].tell(text("hello")).await;
    assert_eq!(rooms[1].hear_text(ALICE).await, "hello");
}

#[tokio::test]
async fn the_longest_payload_passes_and_a_longer_one_ends_the_connection() {
    let server = server(&[ALICE, BOB]);
    let (_people, mut rooms) = gathering(&server, &[(BOB, Dialect::Msnp12)]).await;
    let longest = format!("{}{}", text(""), "x".repeat(1664 - text("").len()));
    rooms[0].tell(&longest).await;
    assert_eq!(rooms[1].hear(ALICE).await, longest);
    rooms[0].say("A", format!("{longest}x")).await;
    let told = rooms[0].rest().await;
    assert!(!told.iter().any(|told| matches!(told, ServerCommand::Ack { .. })), "{told:?}");
    rooms[1].left(ALICE).await;
}

#[tokio::test]
async fn a_hidden_user_is_rung_when_they_show_themselves() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    bob.status("HDN").await;
    let mut hers = alice.call(BOB).await;
    hers.joined(BOB).await;
    hers.tell(text("are you there?")).await;
    let told = bob.settled().await;
    let is_ring =
        |told: &notification::server::ServerCommand| matches!(told, notification::server::ServerCommand::Rng { .. });
    assert!(!told.iter().any(is_ring), "a hidden user is not rung: {told:?}");
    bob.status("AWY").await;
    let mut his = bob.answer(ALICE).await;
    assert_eq!(his.hear_text(ALICE).await, "are you there?");
    his.tell(text("now I am")).await;
    assert_eq!(hers.hear_text(BOB).await, "now I am");
}

#[tokio::test]
async fn answers_go_to_the_switchboard_that_was_used_last() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    // He is rung, and opens one himself before he answers: now he has two windows' worth of one conversation.
    let mut hers = alice.open().await;
    let mut his = bob.open().await;
    hers.call(BOB).await;
    let (session, address, cookie) = bob.ring(ALICE).await;
    his.call(ALICE).await;
    let mut second = Room::connect(&address, BOB, Dialect::Msnp12).await;
    second.answer(&cookie, &session).await;
    hers.joined(BOB).await;
    his.joined(ALICE).await;
    for (round, place) in [0, 1, 0, 1, 1].into_iter().enumerate() {
        let used = if place == 0 { &mut his } else { &mut second };
        used.tell(text(&format!("question {round}"))).await;
        assert_eq!(hers.hear_text(BOB).await, format!("question {round}"));
        hers.tell(text(&format!("answer {round}"))).await;
        assert_eq!(used.hear_text(ALICE).await, format!("answer {round}"));
    }
    for room in [his, second] {
        let heard = room.leave().await;
        let doubled = heard.iter().any(|told| matches!(told, ServerCommand::Msg { .. }));
        assert!(!doubled, "a line came on both: {heard:?}");
    }
}

#[tokio::test]
async fn what_is_said_while_a_ring_is_not_answered_is_kept_for_the_next_sign_in() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    // His client sees the ring and never comes.
    bob.ring(ALICE).await;
    hers.tell(text("hello?")).await;
    drop(bob);
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp11).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    assert_eq!(his.hear_text(ALICE).await, "hello?");
}
