//! What is said of messages: signs, changes, removals, answers, in a window with one person and in a room's.

use chrysalis_test_harness::{Messenger, Room, text};
use msnp::dialect::Dialect;

use crate::{ALICE, server};

const ECHO: &str = "echo@loopback.msn.example";
const ROOM: &str = "room@rooms.loopback.msn.example";

async fn window(alice: &mut Messenger, contact: &str) -> Room {
    let mut room = alice.call(contact).await;
    room.joined(contact).await;
    room
}

#[tokio::test]
async fn signs_that_come_together_are_one_line_and_can_be_taken_back() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    echo.tell(text("react")).await;
    assert_eq!(echo.hear_text(ECHO).await, "* Echo reacted with (Y) (L) to \"react\"");
    echo.tell(text("unreact")).await;
    assert_eq!(echo.hear_text(ECHO).await, "* Echo took back (Y) from \"react\"");
    assert_eq!(echo.hear_text(ECHO).await, "* Echo took back (L) from \"react\"");

    alice.add(ROOM).await;
    let mut room = window(&mut alice, ROOM).await;
    room.tell(text("react")).await;
    assert_eq!(room.hear_text(ROOM).await, "* Iris and Pan reacted with (Y) to \"react\"");
}

#[tokio::test]
async fn signs_that_wait_survive_a_crash_and_are_shown_once() {
    let mut server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    echo.tell(text("react")).await;
    // What is said after it is heard before it, as signs wait for others.
    echo.tell(text("hello")).await;
    assert_eq!(echo.hear_text(ECHO).await, "hello");
    echo.prove().await;
    drop((echo, alice));
    server.crash();
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = alice.answer(ECHO).await;
    let signs = "* Echo reacted with (Y) (L) to \"react\"";
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != signs) {
        heard.push(echo.hear_text(ECHO).await);
    }
    echo.tell(text("and now?")).await;
    while heard.last().is_none_or(|last| last != "and now?") {
        heard.push(echo.hear_text(ECHO).await);
    }
    let times = heard.iter().filter(|line| *line == signs).count();
    assert_eq!(times, 1, "they are shown, and once: {heard:?}");
}

#[tokio::test]
async fn changes_and_removals_name_what_they_are_about() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    for (word, lines) in [
        ("edit", ["This will change.", "* This has changed."]),
        // Both come at once, so that nobody can have read it.
        ("delete", ["(deleted before it was read)", "* Echo deleted a message"]),
    ] {
        echo.tell(text(word)).await;
        for line in lines {
            assert_eq!(echo.hear_text(ECHO).await, line);
        }
    }
    alice.add(ROOM).await;
    let mut room = window(&mut alice, ROOM).await;
    for (word, lines) in [
        ("edit", ["Pan: This will change.", "Pan: * This has changed."]),
        ("delete", ["Pan: (deleted before it was read)", "* Pan deleted a message"]),
    ] {
        room.tell(text(word)).await;
        for line in lines {
            assert_eq!(room.hear_text(ROOM).await, line);
        }
    }
}

#[tokio::test]
async fn an_answer_quotes_and_a_quotation_answers() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    echo.tell(text("reply")).await;
    assert_eq!(echo.hear_text(ECHO).await, "> reply\r\nThis is my answer to you.");
    // What is quoted is known, so this is an answer to it, and Echo quotes whoever answers.
    echo.tell(text("> This is my answer to you.\r\nthank you")).await;
    assert_eq!(echo.hear_text(ECHO).await, "> thank you\r\nthank you");
    // Nobody has said this: it stays what it is.
    echo.tell(text("> To be or not to be\r\nwell")).await;
    assert_eq!(echo.hear_text(ECHO).await, "> To be or not to be\r\nwell");

    alice.add(ROOM).await;
    let mut room = window(&mut alice, ROOM).await;
    room.tell(text("reply")).await;
    assert_eq!(room.hear_text(ROOM).await, "Iris: > you: reply\r\nThis is my answer to you.");
}
