//! What people of other networks see of what has been read.

use std::time::Instant;

use chrysalis_test_harness::{DEADLINE, Messenger, Room, Server, text};
use msnp::dialect::Dialect;

use crate::{ALICE, program, server};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";
const UNKNOWN: &str = "I do not know what you have seen.";

async fn window(alice: &mut Messenger, contact: &str) -> Room {
    let mut room = alice.call(contact).await;
    room.joined(contact).await;
    room
}

async fn says(echo: &mut Room, word: &str) -> String {
    echo.tell(text(word)).await;
    let answer = echo.hear_text(ECHO).await;
    echo.prove().await;
    answer
}

#[tokio::test]
async fn what_was_shown_is_known_as_read() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    assert_eq!(says(&mut echo, "good morning").await, "good morning");
    // It is told beside the way of messages, so a little later; but nothing newer was shown.
    let mut seen = says(&mut echo, "read").await;
    let began = Instant::now();
    while seen == UNKNOWN {
        assert!(began.elapsed() < DEADLINE, "what was read is never told");
        seen = says(&mut echo, "read").await;
    }
    assert!(seen == "You have seen: \"good morning\"" || seen.starts_with("You have seen: \"I do not know"), "{seen}");
}

#[tokio::test]
async fn nobody_sees_what_was_read_where_that_is_not_wanted() {
    let server = Server::start_with(program(), &[ALICE], "receipts = false\n");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut echo = window(&mut alice, ECHO).await;
    for _ in 0..3 {
        assert_eq!(says(&mut echo, "read").await, UNKNOWN);
    }
    let mut service = window(&mut alice, SERVICE).await;
    for (words, answer) in [
        ("receipts", "Nobody of other networks sees what you have read."),
        ("receipts on", "People of other networks see what you have read."),
        ("receipts", "People of other networks see what you have read."),
    ] {
        service.tell(text(words)).await;
        assert_eq!(service.hear_text(SERVICE).await, answer);
    }
    let began = Instant::now();
    while says(&mut echo, "read").await == UNKNOWN {
        assert!(began.elapsed() < DEADLINE, "what was read is never told");
    }
}
