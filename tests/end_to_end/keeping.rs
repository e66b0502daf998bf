//! Messages whose reader is not there: nothing that was acknowledged is lost.

use chrysalis_test_harness::{Messenger, Server, text};
use msnp::dialect::Dialect;

use crate::{ALICE, BOB, server};

/// Waits to be rung by Alice, and reads so many lines of hers.
async fn read(bob: &mut Messenger, count: usize) -> Vec<String> {
    let mut his = bob.answer(ALICE).await;
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.push(his.hear_text(ALICE).await);
    }
    his.prove().await;
    his.leave().await;
    lines
}

async fn alice_writes(server: &Server, lines: &[&str]) {
    let mut alice = Messenger::online(server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(BOB).await;
    room.joined(BOB).await;
    for line in lines {
        room.tell(text(line)).await;
    }
}

#[tokio::test]
async fn what_is_said_to_somebody_who_is_away_comes_when_they_do_in_order() {
    let server = server(&[ALICE, BOB]);
    alice_writes(&server, &["one", "two", "three"]).await;
    for dialect in [Dialect::Msnp10, Dialect::Msnp12] {
        // Hidden is away as well.
        let mut bob = Messenger::sign_in(&server, BOB, dialect).await;
        bob.status("HDN").await;
        let rung = bob.settled().await;
        assert!(
            !rung.iter().any(|told| matches!(told, msnp::notification::server::ServerCommand::Rng { .. })),
            "{rung:?}"
        );
    }
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 3).await, ["one", "two", "three"]);
    // What was read is not given again: the next thing heard is new.
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(BOB).await;
    room.tell(text("four")).await;
    assert_eq!(read(&mut bob, 1).await, ["four"]);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let mut server = server(&[ALICE, BOB]);
    alice_writes(&server, &["before the crash"]).await;
    server.crash();
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 1).await, ["before the crash"]);
}

#[tokio::test]
async fn what_was_given_to_a_switchboard_that_died_is_given_again() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    // Bob's client dies without having read: the bytes are with it, or not, nobody knows.
    hers.say("U", text("lost?")).await;
    drop(his);
    hers.tell(text("second")).await;
    // It may come twice, but it comes, and before what was said after it.
    let mut again = bob.answer(ALICE).await;
    assert_eq!(again.hear_text(ALICE).await, "lost?");
    while again.hear_text(ALICE).await != "second" {}
}

#[tokio::test]
async fn a_reader_who_left_is_rung_again_for_the_next_line() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    hers.tell(text("first")).await;
    assert_eq!(his.hear_text(ALICE).await, "first");
    his.prove().await;
    his.leave().await;
    hers.left(BOB).await;
    hers.tell(text("second")).await;
    let mut his = bob.answer(ALICE).await;
    assert_eq!(his.hear_text(ALICE).await, "second");
    his.tell(text("answer")).await;
    assert_eq!(hers.hear_text(BOB).await, "answer");
}

#[tokio::test]
async fn what_was_read_is_not_given_again_though_it_cannot_be_noted() {
    let mut server = server(&[ALICE, BOB]);
    alice_writes(&server, &["one"]).await;
    server.hold_deliveries().await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 1).await, ["one"]);
    // What waits is looked for whenever a window opens.
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    hers.tell(text("two")).await;
    assert_eq!(read(&mut bob, 1).await, ["two"]);
    // However long that lasts, it is soon tried again: if the server died after that, Bob would be given both once more.
    server.until_logged("what was delivered cannot be noted yet", 7).await;
    server.release_deliveries().await;
    server.crash();
    alice_writes(&server, &["three"]).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 1).await, ["three"], "by now it is noted");
}

#[tokio::test]
async fn a_late_message_carries_the_time_it_was_said() {
    let mut server = server(&[ALICE, BOB]);
    alice_writes(&server, &["good morning"]).await;
    server.kill();
    // Time cannot be waited for: the message is made older where it is kept.
    server.make_messages_older(600).await;
    server.run();
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let line = read(&mut bob, 1).await.remove(0);
    let (time, rest) = line.split_once("] ").unwrap();
    assert_eq!(rest, "good morning");
    assert!(time.starts_with("[20") && time.ends_with(" UTC"), "{line}");
}

#[tokio::test]
async fn much_that_waits_comes_once_and_in_order() {
    let server = server(&[ALICE, BOB]);
    let lines: Vec<String> = (0..120).map(|number| format!("line {number}")).collect();
    alice_writes(&server, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut his = bob.answer(ALICE).await;
    for line in &lines {
        assert_eq!(his.hear_text(ALICE).await, *line);
        // Every client shows life now and then.
        his.say("U", chrysalis_test_harness::typing(BOB)).await;
    }
    his.prove().await;
    his.leave().await;
    drop(bob);
    // The next thing heard is new.
    alice_writes(&server, &["and now"]).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 1).await, ["and now"]);
}

#[tokio::test]
async fn nothing_is_kept_for_somebody_who_blocks_the_author() {
    let server = server(&[ALICE, BOB]);
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    bob.ask("ADC", &format!("BL N={ALICE}")).await;
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.open().await;
    room.ask("CAL", BOB).await;
    let transaction = room.say("A", text("you cannot hear me")).await;
    let answer = room.reply("MSG", transaction).await;
    assert_eq!(answer, msnp::switchboard::server::ServerCommand::Nak { transaction });
    bob.ask("REM", &format!("BL {ALICE}")).await;
    drop(bob);
    alice_writes(&server, &["now you can"]).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    assert_eq!(read(&mut bob, 1).await, ["now you can"]);
}

#[tokio::test]
async fn a_removed_account_says_nothing_any_more() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut hers, _his) = alice.meet(&mut bob).await;
    hers.tell(text("still here")).await;
    assert_eq!(server.command(&["account", "remove", ALICE], "").code, 0);
    let transaction = hers.say("A", text("a ghost speaks")).await;
    let answer = hers.reply("MSG", transaction).await;
    assert_eq!(answer, msnp::switchboard::server::ServerCommand::Nak { transaction });
}
