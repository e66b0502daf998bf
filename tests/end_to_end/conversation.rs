//! Conversations of Messenger users, while all goes well.

use chrysalis_test_harness::{Messenger, Room, nudge, text, typing};
use msnp::{code::ErrorCode, dialect::Dialect, status::Capabilities, switchboard::server::ServerCommand};

use crate::{ALICE, BOB, CAROL, server};

/// Everybody on everybody's list is not needed to talk: these are only online.
async fn people(server: &chrysalis_test_harness::Server, who: &[(&str, Dialect)]) -> Vec<Messenger> {
    let mut people = Vec::new();
    for (account, dialect) in who {
        people.push(Messenger::online(server, account, *dialect).await);
    }
    people
}

/// The beginning of a frame of a transfer: its 48 bytes of header.
fn frame_for(account: &str) -> String {
    let header = "\0".repeat(48);
    format!("MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: {account}\r\n\r\n{header}")
}

const CAPABLE: Capabilities = Capabilities(chrysalis_test_harness::CAPABILITIES);

#[tokio::test]
async fn two_talk_with_every_class_of_acknowledgement() {
    let server = server(&[ALICE, BOB]);
    let mut people = people(&server, &[(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp11)]).await;
    let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    let joined = hers.joined(BOB).await;
    assert_eq!(joined, ServerCommand::Joi { passport: BOB.into(), name: "Bob".into(), capabilities: CAPABLE });

    for (class, acknowledged) in [("A", true), ("S", true), ("N", false), ("U", false)] {
        let said = text(&format!("class {class} \u{e9}\u{4e2d}\u{1f642}\r\nsecond line"));
        let transaction = hers.say(class, &said).await;
        if acknowledged {
            assert_eq!(hers.reply("MSG", transaction).await, ServerCommand::Ack { transaction }, "{class}");
        }
        assert_eq!(his.hear(ALICE).await, said, "{class}");
    }
    hers.say("U", typing(ALICE)).await;
    assert_eq!(his.hear(ALICE).await, typing(ALICE));
    hers.tell(nudge()).await;
    assert_eq!(his.hear(ALICE).await, nudge());
    his.tell(text("an answer")).await;
    assert_eq!(hers.hear_text(BOB).await, "an answer");

    let rest = his.leave().await;
    assert!(rest.is_empty(), "{rest:?}");
    hers.left(BOB).await;
    // Nothing was acknowledged that asked for no acknowledgement.
    let rest = hers.leave().await;
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn three_talk_in_three_dialects() {
    let server = server(&[ALICE, BOB, CAROL]);
    let who = [(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp11), (CAROL, Dialect::Msnp10)];
    let mut people = people(&server, &who).await;
    let (mut carol, mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap(), people.pop().unwrap());
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    hers.call(CAROL).await;
    let (session, address, cookie) = carol.ring(ALICE).await;
    let mut third = Room::connect(&address, CAROL, Dialect::Msnp10).await;
    let mut roster = third.answer(&cookie, &session).await;
    roster.sort();
    assert_eq!(roster, [ALICE, BOB]);
    // The dialect decides whether capabilities are written: the strict clients would have noticed.
    hers.joined(CAROL).await;
    his.joined(CAROL).await;
    third.tell(text("hello both")).await;
    assert_eq!(hers.hear_text(CAROL).await, "hello both");
    assert_eq!(his.hear_text(CAROL).await, "hello both");
    his.tell(text("hello group")).await;
    assert_eq!(hers.hear_text(BOB).await, "hello group");
    assert_eq!(third.hear_text(BOB).await, "hello group");
    hers.leave().await;
    his.left(ALICE).await;
    third.left(ALICE).await;
    his.tell(text("still here")).await;
    assert_eq!(third.hear_text(BOB).await, "still here");
}

#[tokio::test]
async fn both_may_call_at_once() {
    let server = server(&[ALICE, BOB]);
    let mut people = people(&server, &[(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp12)]).await;
    let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
    let (mut hers, mut his) = (alice.open().await, bob.open().await);
    let (her_call, his_call) = (hers.send("CAL", BOB).await, his.send("CAL", ALICE).await);
    assert!(matches!(hers.reply("CAL", her_call).await, ServerCommand::Cal { .. }));
    assert!(matches!(his.reply("CAL", his_call).await, ServerCommand::Cal { .. }));
    hers.joined(BOB).await;
    his.joined(ALICE).await;
    hers.tell(text("from Alice")).await;
    his.tell(text("from Bob")).await;
    assert_eq!(his.hear_text(ALICE).await, "from Alice");
    assert_eq!(hers.hear_text(BOB).await, "from Bob");
}

#[tokio::test]
async fn nobody_hears_what_is_meant_for_another_and_frames_of_pictures_come_whole() {
    let server = server(&[ALICE, BOB, CAROL]);
    let who = [(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp12), (CAROL, Dialect::Msnp12)];
    let mut people = people(&server, &who).await;
    let (mut carol, mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap(), people.pop().unwrap());
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    hers.call(CAROL).await;
    let mut third = carol.answer(ALICE).await;
    hers.joined(CAROL).await;

    let mut frame = frame_for(BOB).into_bytes();
    frame.extend((0..=255_u8).cycle().take(1202));
    let transaction = hers.say("D", &frame).await;
    assert_eq!(hers.reply("MSG", transaction).await, ServerCommand::Ack { transaction });
    assert_eq!(his.hear(ALICE).await, frame);
    hers.tell(text("after it")).await;
    assert_eq!(third.hear(ALICE).await, text("after it"), "the frame was not for Carol");
}

#[tokio::test]
async fn a_switchboard_is_not_for_the_hidden_nor_before_the_first_status() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    let refused = |transaction| {
        use msnp::notification::server::ServerCommand;
        ServerCommand::Error { transaction, code: ErrorCode::NOT_WHILE_HIDDEN }
    };
    let transaction = alice.send("XFR", "SB").await;
    assert_eq!(alice.reply("XFR", transaction).await, refused(transaction));
    alice.status("HDN").await;
    let transaction = alice.send("XFR", "SB").await;
    assert_eq!(alice.reply("XFR", transaction).await, refused(transaction));
    alice.status("BSY").await;
    alice.switchboard().await;
}

#[tokio::test]
async fn calls_that_cannot_go_out_are_refused() {
    let server = server(&[ALICE, BOB]);
    let mut people = people(&server, &[(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp12)]).await;
    let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
    let mut room = alice.open().await;
    for (callee, code) in [
        ("nobody@example.com", ErrorCode::NOT_ONLINE),
        ("nobody@loopback.msn.example", ErrorCode::NOT_ONLINE),
        ("no-address", ErrorCode::INVALID_USER_NAME),
        (ALICE, ErrorCode::ALREADY_THERE),
    ] {
        let transaction = room.send("CAL", callee).await;
        assert_eq!(room.reply("CAL", transaction).await, ServerCommand::Error { transaction, code }, "{callee}");
    }
    bob.ask("ADC", &format!("BL N={ALICE}")).await;
    let transaction = room.send("CAL", BOB).await;
    let code = ErrorCode::NOT_ONLINE;
    assert_eq!(room.reply("CAL", transaction).await, ServerCommand::Error { transaction, code }, "blocked");
    bob.ask("REM", &format!("BL {ALICE}")).await;
    room.call(BOB).await;
}

#[tokio::test]
async fn a_message_that_nobody_can_get_is_not_acknowledged() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.open().await;
    for (class, said) in [("A", text("anybody?")), ("N", text("anybody?")), ("D", frame_for(BOB))] {
        let transaction = room.say(class, said).await;
        assert_eq!(room.reply("MSG", transaction).await, ServerCommand::Nak { transaction }, "{class}");
    }
    // Class D is for frames of transfers.
    let transaction = room.say("D", text("anybody?")).await;
    let code = ErrorCode::BAD_DATA_MESSAGE;
    assert_eq!(room.reply("MSG", transaction).await, ServerCommand::Error { transaction, code });
}

#[tokio::test]
async fn a_cookie_is_good_once_and_for_its_owner() {
    let server = server(&[ALICE, BOB]);
    let mut people = people(&server, &[(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp12)]).await;
    let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
    let refused = [ServerCommand::Error { transaction: 1, code: ErrorCode::AUTHENTICATION_FAILED }];
    let (address, cookie) = alice.switchboard().await;
    for (who, shown) in [(ALICE, "made-up"), (BOB, cookie.as_str()), (ALICE, cookie.as_str())] {
        let mut room = Room::connect(&address, who, Dialect::Msnp12).await;
        room.send("USR", &format!("{who} {shown}")).await;
        assert_eq!(room.rest().await, refused, "{who}: tried by another, it is used up");
    }
    let (address, cookie) = alice.switchboard().await;
    let mut room = Room::connect(&address, ALICE, Dialect::Msnp12).await;
    room.enter(&cookie).await;
    let mut again = Room::connect(&address, ALICE, Dialect::Msnp12).await;
    again.send("USR", &format!("{ALICE} {cookie}")).await;
    assert_eq!(again.rest().await, refused);

    room.call(BOB).await;
    let (session, address, cookie) = bob.ring(ALICE).await;
    let mut wrong = Room::connect(&address, BOB, Dialect::Msnp12).await;
    wrong.send("ANS", &format!("{BOB} {cookie} {session}9")).await;
    assert_eq!(wrong.rest().await, refused, "another session");
}

#[tokio::test]
async fn a_switchboard_lives_on_when_the_notification_connection_ends() {
    let server = server(&[ALICE, BOB]);
    let mut people = people(&server, &[(ALICE, Dialect::Msnp12), (BOB, Dialect::Msnp12)]).await;
    let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    drop(alice);
    bob.settled().await;
    hers.tell(text("still talking")).await;
    assert_eq!(his.hear_text(ALICE).await, "still talking");
}
