//! What no client would send: it gets a clear answer or a close, and harms nobody else.

use std::time::Duration;

use chrysalis_test_harness::{Messenger, Room, Server, Wire, text, ticket, within};
use msnp::{code::ErrorCode, dialect::Dialect, frame::Side, notification::server::ServerCommand, switchboard};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{ALICE, BOB, server};

/// Somebody else can still sign in and be answered.
async fn still_serves(server: &Server) {
    let mut bob = Messenger::online(server, BOB, Dialect::Msnp12).await;
    bob.settled().await;
    bob.wire().send("OUT\r\n").await;
    bob.rest().await;
}

/// Sends bytes and nothing more, then reads to the end.
async fn throw(server: &Server, bytes: &[u8]) {
    let mut stream = within("a connection", TcpStream::connect(server.address())).await.unwrap();
    // A server that has closed already takes nothing more.
    let _ = within("the server to take bytes", stream.write_all(bytes)).await;
    let _ = stream.shutdown().await;
    let _ = within("the end of a connection that ended", stream.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn random_bytes_do_no_harm() {
    let server = server(&[ALICE, BOB]);
    let mut chance = StdRng::seed_from_u64(7);
    let beginnings: [&[u8]; 8] = [
        b"",
        b"VER 1 MSNP12\r\n",
        b"VER 1 MSNP12\r\nUSR 2 TWN I alice@example.com\r\n",
        b"VER 1 MSNP12\r\nUUX 2 1000\r\n",
        b"USR 1 alice@example.com ",
        b"ANS 1 alice@example.com ",
        b"MSG 1 A 1000\r\n",
        b"QRY 1 PROD0090YUAUV{2B 32\r\n",
    ];
    for round in 0..400 {
        let mut bytes = beginnings[round % beginnings.len()].to_vec();
        let length = chance.random_range(0..3000);
        // Every other time what looks like lines, so that more than the first byte is looked at.
        let lines = chance.random_bool(0.5);
        bytes.extend((0..length).map(|_| match (lines, chance.random_range(0..12_u8)) {
            (true, 0) => b'\n',
            (true, 1) => b' ',
            (true, 2) => b'0' + chance.random_range(0..10_u8),
            (true, 3..) => chance.random_range(b'A'..=b'Z'),
            (false, _) => chance.random(),
        }));
        throw(&server, &bytes).await;
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn a_signed_in_client_that_goes_mad_harms_nobody() {
    let server = server(&[ALICE, BOB]);
    let mut chance = StdRng::seed_from_u64(11);
    let names =
        ["ADC", "REM", "ADG", "RMG", "REG", "SBP", "PRP", "BLP", "GTC", "CHG", "UUX", "SYN", "XFR", "QRY", "XYZ"];
    let words = [
        "FL",
        "AL",
        "N=",
        "N=x",
        "N=bob@example.com",
        "F=%",
        "F=%00",
        "C=",
        "-1",
        "4294967296",
        "\u{e9}",
        "%",
        "0 0 0",
        "",
    ];
    for _ in 0..40 {
        let mut alice = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
        let mut bytes = Vec::new();
        for number in 0..chance.random_range(1..30) {
            let name = names[chance.random_range(0..names.len())];
            let arguments: Vec<&str> =
                (0..chance.random_range(0..5)).map(|_| words[chance.random_range(0..words.len())]).collect();
            bytes.extend(format!("{name} {number} {}\r\n", arguments.join(" ")).into_bytes());
        }
        alice.wire().offer(&bytes).await;
    }
    still_serves(&server).await;
}

#[tokio::test]
async fn what_is_too_long_ends_the_connection() {
    let server = server(&[ALICE, BOB]);
    let line = "A".repeat(9000);
    for bytes in [
        line.as_str(),
        "UUX 1 8193\r\n",
        "UUX 1 99999999999999999999\r\n",
        "QRY 1 PROD0090YUAUV{2B 65537\r\n",
        "UUX 1 -1\r\n",
        "VER\r\n",
        "\u{e9}\u{e9}\u{e9}\r\n",
    ] {
        let mut wire = Wire::connect(server.address(), Side::Notification).await;
        wire.offer(bytes).await;
        while let Ok(frame) = wire.next("the server to close").await {
            assert!(frame.command.error_number().is_some(), "{bytes}: {frame:?}");
        }
    }
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.settled().await;
    alice.wire().offer(&line).await;
    assert_eq!(alice.rest().await, []);
    still_serves(&server).await;
}

#[tokio::test]
async fn a_payload_that_is_too_long_ends_one_switchboard_and_the_other_hears_of_it() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    let most = text(&"x".repeat(1664 - text("").len()));
    hers.tell(&most).await;
    assert_eq!(his.hear(ALICE).await, most);
    hers.wire().offer("MSG 9 A 1665\r\n").await;
    assert_eq!(hers.rest().await, []);
    his.left(ALICE).await;
    alice.settled().await;
}

#[tokio::test]
async fn half_a_command_and_silence_hold_nobody_up() {
    let server = server(&[ALICE, BOB]);
    let mut silent = Vec::new();
    for half in ["VER 1 MS", "", "V", "VER 1 MSNP12\r\nUSR 2 TW", "VER 1 MSNP12\r\nUUX 2 100\r\n<Data>", "ANS 1 x y z"]
        .repeat(20)
    {
        let mut wire = Wire::connect(server.address(), Side::Notification).await;
        wire.send(half).await;
        silent.push(wire);
    }
    // In the middle of a sign-in as well, and in the middle of a message.
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(BOB).await;
    room.wire().send("MSG 9 A 100\r\nMIME-Version").await;
    alice.wire().send("UUX 99 50\r\n<Data>").await;
    still_serves(&server).await;
    drop(silent);
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let server = server(&[ALICE, BOB]);
    let ticket = ticket(server.web(), ALICE).await;
    for (bytes, code) in [
        (format!("USR 1 TWN S {ticket}\r\n"), ErrorCode::AUTHENTICATION_FAILED),
        (format!("VER 1 MSNP12\r\nUSR 1 TWN S {ticket}\r\n"), ErrorCode::AUTHENTICATION_FAILED),
        (format!("USR 1 TWN I {ALICE}\r\n"), ErrorCode::AUTHENTICATION_FAILED),
        ("VER 1 MSNP12\r\nVER 1 MSNP11\r\n".to_owned(), ErrorCode::NOT_EXPECTED),
        ("VER 1 MSNP12\r\nSYN 1 0 0\r\n".to_owned(), ErrorCode::NOT_LOGGED_IN),
        ("SYN 1 0 0\r\n".to_owned(), ErrorCode::NOT_LOGGED_IN),
        ("UUX 1 5\r\nhello".to_owned(), ErrorCode::NOT_LOGGED_IN),
        ("CAL 1 bob@example.com\r\n".to_owned(), ErrorCode::NOT_LOGGED_IN),
        ("USR 1 alice@example.com made-up\r\n".to_owned(), ErrorCode::AUTHENTICATION_FAILED),
        ("ANS 1 alice@example.com made-up 7\r\n".to_owned(), ErrorCode::AUTHENTICATION_FAILED),
    ] {
        let mut wire = Wire::connect(server.address(), Side::Notification).await;
        wire.send(&bytes).await;
        let mut answers = Vec::new();
        while let Ok(frame) = wire.next("the server to refuse and close").await {
            answers.push(frame);
        }
        let last = answers.pop().unwrap_or_else(|| panic!("{bytes}: no answer"));
        assert_eq!((last.command.as_str(), last.transaction()), (code.to_string().as_str(), Some(1)), "{bytes}");
    }
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    // A switchboard takes no command of the other kind, but forgives it.
    let mut room = alice.open().await;
    let transaction = room.send("SYN", "0 0").await;
    let refused = switchboard::server::ServerCommand::Error { transaction, code: ErrorCode::COMMAND_DISABLED };
    assert_eq!(room.reply("SYN", transaction).await, refused);
    room.call(BOB).await;
    // A second admission is no forgivable one.
    let transaction = room.send("USR", &format!("{ALICE} made-up")).await;
    let refused = switchboard::server::ServerCommand::Error { transaction, code: ErrorCode::AUTHENTICATION_FAILED };
    assert_eq!(room.rest().await.pop(), Some(refused));
    // A message before the cookie.
    let (address, _) = alice.switchboard().await;
    let mut room = Room::connect(&address, ALICE, Dialect::Msnp12).await;
    room.say("U", text("early")).await;
    room.rest().await;
    let alive = alice.ask("GCF", "Shields.xml").await;
    assert!(matches!(alive, ServerCommand::Gcf { .. }));
}

/// How many connections and files the server has open.
fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.process())).unwrap().count()
}

#[tokio::test]
async fn ten_thousand_connections_leave_nothing_behind() {
    const BATCH: usize = 500;
    let server = server(&[ALICE, BOB]);
    still_serves(&server).await;
    let idle = open_files(&server);
    let mut after_first = 0;
    for batch in 0..20 {
        let mut streams = Vec::with_capacity(BATCH);
        for number in 0..BATCH {
            let mut stream = within("a connection", TcpStream::connect(server.address())).await.unwrap();
            let half: &[u8] = match number % 4 {
                0 => b"",
                1 => b"VER 1 MS",
                2 => b"VER 1 MSNP12\r\nCVR 2",
                _ => b"VER 1 MSNP12\r\nUSR 2 TWN I alice@example.com\r\nUUX 3 8000\r\n<Data>",
            };
            stream.write_all(half).await.unwrap();
            streams.push(stream);
        }
        drop(streams);
        let gone = async {
            // Nobody tells when a connection of another process is gone; it is looked at again and again.
            while open_files(&server) > idle + 10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within("the dropped connections to end", gone).await;
        if batch == 0 {
            after_first = server.memory();
        }
    }
    // Before the next sign-in: checking a password takes tens of megabytes, for a moment.
    let (after_all, megabyte) = (server.memory(), 1024 * 1024);
    let grown = after_all.saturating_sub(after_first) / megabyte;
    assert!(grown < 20, "{grown} MB more than after the first batch");
    still_serves(&server).await;
}
