//! From the first byte to a session.

use chrysalis_test_harness::{
    Answered, Messenger, PASSWORD, Server, Wire, by_header, by_passport, by_rst, get, post, ticket, within,
};
use msnp::{
    code::ErrorCode,
    dialect::Dialect,
    frame::Side,
    notification::server::{OutReason, ServerCommand},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{ALICE, BOB, program, server};

/// What a server says before it closes on somebody who is not who they say.
fn refused(transaction: u32) -> [ServerCommand; 1] {
    [ServerCommand::Error { transaction, code: ErrorCode::AUTHENTICATION_FAILED }]
}

#[tokio::test]
async fn each_of_the_three_ways_to_a_ticket_signs_in() {
    let server = server(&[ALICE]);
    let header = by_header(server.web(), ALICE, PASSWORD).await.unwrap();
    let (_, passport) = by_passport(server.web(), ALICE, PASSWORD).await;
    let (_, rst) = by_rst(server.web(), ALICE, PASSWORD).await;
    for (ticket, dialect) in
        [(header, Dialect::Msnp12), (passport.unwrap(), Dialect::Msnp11), (rst.unwrap(), Dialect::Msnp12)]
    {
        let mut client = Messenger::connect(server.address(), ALICE, dialect).await;
        client.introduce().await;
        client.prove(&ticket).await;
        client.wire().send("OUT\r\n").await;
        assert_eq!(client.rest().await, [ServerCommand::Out(None)]);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answers() {
    let server = server(&[ALICE]);
    let known = by_passport(server.web(), ALICE, "wrong").await;
    let unknown = by_passport(server.web(), "nobody@example.com", PASSWORD).await;
    assert_eq!((known.0.status, known.1), (401, None));
    assert_eq!(undated(&known.0), undated(&unknown.0));
    assert_eq!(known.0.header("WWW-Authenticate"), Some("Passport1.4 da-status=failed"));

    let known = by_rst(server.web(), ALICE, "wrong").await;
    let unknown = by_rst(server.web(), "nobody@example.com", PASSWORD).await;
    assert_eq!((known.0.status, known.1), (200, None));
    assert!(known.0.body.contains("FailedAuthentication"), "{}", known.0.body);
    assert_eq!(without_times(&known.0.body), without_times(&unknown.0.body));

    assert_eq!(by_header(server.web(), ALICE, "wrong").await, None);
    assert_eq!(by_header(server.web(), "nobody@example.com", PASSWORD).await, None);
}

/// The head without the one line that the clock writes.
fn undated(answered: &Answered) -> Vec<&str> {
    answered.head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("date:")).collect()
}

fn without_times(body: &str) -> String {
    body.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

#[tokio::test]
async fn the_sign_in_pages_have_the_letters_that_old_clients_compare() {
    let server = server(&[]);
    let web = server.web();
    let nexus = get(web, "/rdr/pprdr.asp", "").await;
    let line = format!("\r\nPassportURLs: DALogin=http://{web}/login2.srf\r\n");
    assert!(nexus.head.contains(&line), "{}", nexus.head);
    assert!(get(web, "/nexus", "").await.head.contains(&line));
    assert!(get(web, "/login.srf", "").await.head.contains("\r\nWWW-Authenticate: Passport1.4 da-status=failed\r\n"));
    assert_eq!(post(web, "/", "", "").await.status, 200);
    assert_eq!(get(web, "/", "").await.status, 200);
    assert_eq!(post(web, "/RST.srf", "", "<not soap>").await.status, 400);
}

#[tokio::test]
async fn the_newest_common_dialect_is_chosen() {
    let server = server(&[]);
    for (offered, chosen) in [
        ("MSNP12 MSNP11 MSNP10 CVR0", "MSNP12"),
        ("MSNP9 MSNP10 MSNP11 CVR0", "MSNP11"),
        ("MSNP10 MSNP9 CVR0", "MSNP10"),
        ("MSNP18 MSNP12", "MSNP12"),
    ] {
        let mut wire = Wire::connect(server.address(), Side::Notification).await;
        wire.send(format!("VER 7 {offered}\r\n")).await;
        assert_eq!(wire.next("VER").await.unwrap().arguments, ["7", chosen]);
    }
    let mut wire = Wire::connect(server.address(), Side::Notification).await;
    wire.send("VER 7 MSNP9 MSNP8 CVR0\r\n").await;
    assert_eq!(wire.next("VER").await.unwrap().arguments, ["7", "0"]);
    wire.closed().await;
}

#[tokio::test]
async fn a_client_may_say_everything_at_once() {
    let server = server(&[ALICE]);
    let mut wire = Wire::connect(server.address(), Side::Notification).await;
    let ticket = ticket(server.web(), ALICE).await;
    wire.send(format!(
        "VER 1 MSNP12 CVR0\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {ALICE}\r\nUSR 3 TWN I {ALICE}\r\n\
         USR 4 TWN S t={ticket}&p=\r\nSYN 5 0 0\r\nPNG\r\n"
    ))
    .await;
    let mut commands = Vec::new();
    while !commands.iter().any(|command| command == "QNG") || !commands.iter().any(|command| command == "SYN") {
        commands.push(wire.next("the answers to a pipelined sign-in").await.unwrap().command.to_string());
    }
    commands.retain(|command| command != "QNG");
    assert_eq!(commands[..7], ["VER", "CVR", "USR", "USR", "SBS", "MSG", "SYN"]);
}

#[tokio::test]
async fn a_ticket_that_is_not_the_accounts_ends_the_connection() {
    let server = server(&[ALICE, BOB]);
    let others = ticket(server.web(), BOB).await;
    for (bad, account) in [("t=made-up&p=", ALICE), (&others, ALICE), (&others, "nobody@example.com")] {
        let mut client = Messenger::connect(server.address(), account, Dialect::Msnp12).await;
        client.introduce().await;
        let transaction = client.send("USR", &format!("TWN S {bad}")).await;
        assert_eq!(client.rest().await, refused(transaction));
    }
    for (name, code) in [
        ("no-address", ErrorCode::AUTHENTICATION_FAILED),
        ("no-domain@", ErrorCode::DOMAIN_MISSING),
        ("tel:+15551212", ErrorCode::AUTHENTICATION_FAILED),
    ] {
        let mut client = Messenger::connect(server.address(), name, Dialect::Msnp12).await;
        client.send("VER", "MSNP12").await;
        client.next("VER").await;
        let transaction = client.send("USR", &format!("TWN I {name}")).await;
        assert_eq!(client.rest().await, [ServerCommand::Error { transaction, code }], "{name}");
    }
}

#[tokio::test]
async fn dispatch_sends_a_client_away_once_and_serves_it_when_it_comes_back() {
    let server = Server::start_with(program(), &[ALICE], "dispatch = true");
    let mut client = Messenger::connect(server.address(), ALICE, Dialect::Msnp12).await;
    client.send("VER", "MSNP12").await;
    client.next("VER").await;
    let transaction = client.send("USR", &format!("TWN I {ALICE}")).await;
    let address = server.address().to_string();
    let sent_away = ServerCommand::XfrNotification { transaction, address: address.clone(), current: address };
    assert_eq!(client.rest().await, [sent_away]);
    Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
}

#[tokio::test]
async fn the_older_of_two_sessions_is_told_and_closed() {
    let server = server(&[ALICE]);
    let mut older = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    older.settled().await;
    let mut newer = Messenger::online(&server, ALICE, Dialect::Msnp11).await;
    assert_eq!(older.rest().await.last(), Some(&ServerCommand::Out(Some(OutReason::Other))));
    assert_eq!(newer.wire().ping().await, "50");
}

#[tokio::test]
async fn leaving_is_answered_and_the_server_says_when_it_stops() {
    let mut server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    alice.settled().await;
    bob.settled().await;
    alice.wire().send("OUT\r\n").await;
    // Echo may come before it.
    assert_eq!(alice.rest().await.last(), Some(&ServerCommand::Out(None)));
    assert!(server.stop().success());
    assert_eq!(bob.rest().await.last(), Some(&ServerCommand::Out(Some(OutReason::Ssd))));
    assert!(!server.data().join("control.socket").exists());
}

#[tokio::test]
async fn the_first_status_brings_a_challenge_whose_answer_is_taken() {
    let server = Server::start_with(program(), &[ALICE], "challenges = \"strict\"");
    for dialect in Dialect::ALL {
        let mut client = Messenger::sign_in(&server, ALICE, dialect).await;
        client.list().await;
        client.status("NLN").await;
        let mut told = Vec::new();
        let asked = loop {
            match client.next("a challenge").await {
                ServerCommand::Chl { transaction: 0, challenge } => break challenge,
                other => told.push(other),
            }
        };
        let echo = |told: &ServerCommand| {
            matches!(told, ServerCommand::Iln { presence, .. } | ServerCommand::Nln { presence }
                if presence.passport.starts_with("echo@"))
        };
        assert!(told.iter().any(echo), "whoever is there is told first: {told:?}");
        assert_eq!(asked.len(), 20, "{asked}");
        client.solve(&asked).await;
        client.status("AWY").await;
        let again = client.settled().await;
        assert!(!again.iter().any(|command| matches!(command, ServerCommand::Chl { .. })), "{again:?}");
    }
    let mut client = Messenger::sign_in(&server, ALICE, Dialect::Msnp12).await;
    client.status("NLN").await;
    client.challenge().await;
    let transaction = client.send_payload("QRY", "PROD0090YUAUV{2B", &"0".repeat(32)).await;
    let last = client.rest().await.pop();
    assert_eq!(last, Some(ServerCommand::Error { transaction, code: ErrorCode::CHALLENGE_FAILED }));
}

#[tokio::test]
async fn signing_in_twice_on_one_connection_is_refused_without_harm() {
    let server = server(&[ALICE]);
    let mut client = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    for rest in [format!("TWN I {ALICE}"), "TWN S t=x&p=".to_owned()] {
        let transaction = client.send("USR", &rest).await;
        let code = ErrorCode::ALREADY_LOGGED_IN;
        assert_eq!(client.reply("USR", transaction).await, ServerCommand::Error { transaction, code });
    }
    client.settled().await;
}

#[tokio::test]
async fn wrong_passwords_are_limited_and_right_ones_are_not() {
    let server = Server::start_with(program(), &[ALICE, BOB], "[limits]\nsign_in_attempts = 3");
    for _ in 0..5 {
        assert!(by_header(server.web(), BOB, PASSWORD).await.is_some(), "success does not count");
    }
    for _ in 0..3 {
        let (answered, _) = by_passport(server.web(), ALICE, "wrong").await;
        assert_eq!((answered.status, answered.header("Retry-After")), (401, None));
    }
    let (answered, ticket) = by_passport(server.web(), ALICE, PASSWORD).await;
    assert_eq!((answered.status, ticket), (401, None));
    let wait: u64 = answered.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
}

#[tokio::test]
async fn commands_may_come_byte_by_byte() {
    let server = server(&[]);
    let mut stream = within("a connection", tokio::net::TcpStream::connect(server.address())).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"VER 1 MSNP12 CVR0\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = [0; 14];
    within("VER", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"VER 1 MSNP12\r\n");
}

#[tokio::test]
async fn mail_is_off_unless_the_configuration_says_otherwise() {
    for (extra, on) in [("challenges = \"strict\"", false), ("challenges = \"strict\"\nmail = true", true)] {
        let server = Server::start_with(program(), &[ALICE], extra);
        for (dialect, wanted) in [
            (Dialect::Msnp12, "x-msmsgsinitialmdatanotification"),
            (Dialect::Msnp10, "x-msmsgsinitialemailnotification"),
        ] {
            let mut client = Messenger::sign_in(&server, ALICE, dialect).await;
            client.list().await;
            client.status("NLN").await;
            let mut mail = None;
            // The challenge comes last of all that follows a first status.
            loop {
                match client.next("a challenge").await {
                    ServerCommand::Chl { .. } => break,
                    ServerCommand::Message { payload } => mail = Some(String::from_utf8(payload.to_vec()).unwrap()),
                    _ => {}
                }
            }
            assert_eq!(mail.is_some_and(|mail| mail.contains(wanted)), on, "{dialect:?}");
        }
    }
}
