//! The HTTP gateway: whole sessions in the bodies of requests.

use chrysalis_test_harness::{
    Answer, Messenger, Relayed, Room, Server, carry, commands, open_gateway, pattern, poll, text, ticket, within,
};
use msnp::{dialect::Dialect, notification::server::ServerCommand, status::Status};

use crate::{ALICE, BOB, program, server};

const ECHO: &str = "echo@loopback.msn.example";

/// A session that is polled until it has said what is waited for.
struct Polled {
    web: std::net::SocketAddr,
    id: String,
}

impl Polled {
    async fn open(web: std::net::SocketAddr, kind: &str, bytes: &str) -> (Self, Relayed) {
        let relayed = open_gateway(web, kind, bytes.as_bytes()).await.unwrap();
        (Self { web, id: relayed.id.clone() }, relayed)
    }

    /// Sends, and polls until the answer holds this; all that came.
    async fn until(&mut self, bytes: &str, wanted: &str) -> String {
        let mut relayed = commands(self.web, &self.id, bytes.as_bytes()).await.unwrap();
        let mut came = relayed.text().to_owned();
        for _ in 0..20 {
            self.id.clone_from(&relayed.id);
            if came.contains(wanted) {
                return came;
            }
            assert!(!relayed.closed, "the session ended instead of {wanted:?} after {came:?}");
            relayed = poll(self.web, &self.id, 1).await.unwrap();
            came.push_str(relayed.text());
        }
        panic!("{wanted:?} did not come, but {came:?}")
    }

    /// Answers a ring to `account`.
    async fn answer(server: &Server, rung: &mut Messenger, caller: &str) -> Self {
        let (session, _, cookie) = rung.ring(caller).await;
        let (mut polled, _) = Self::open(server.web(), "SB", "").await;
        let account = rung.account().to_owned();
        polled.until(&format!("ANS 1 {account} {cookie} {session}\r\n"), "ANS 1 OK\r\n").await;
        polled
    }
}

#[tokio::test]
async fn a_whole_session_is_carried_from_sign_in_to_conversation() {
    let server = server(&[ALICE]);
    for dialect in [Dialect::Msnp12, Dialect::Msnp11] {
        let notification = carry(server.web(), "NS").await;
        let mut alice = Messenger::connect(notification, ALICE, dialect).await;
        alice.introduce().await;
        alice.prove(&ticket(server.web(), ALICE).await).await;
        alice.list().await;
        alice.status("NLN").await;
        let asked = alice.challenge().await;
        alice.solve(&asked).await;
        assert_eq!(alice.sees(ECHO, Status::Online).await, "Echo");
        alice.wire().ping().await;
        let (_, cookie) = alice.switchboard().await;
        let switchboard = carry(server.web(), "SB").await;
        let mut room = Room::connect(&switchboard.to_string(), ALICE, dialect).await;
        room.enter(&cookie).await;
        room.call(ECHO).await;
        room.joined(ECHO).await;
        let long = "h\u{e9}llo \u{4e2d} ".repeat(80);
        for line in ["hello", &long] {
            room.tell(text(line)).await;
            assert_eq!(room.hear_text(ECHO).await, line);
        }
        assert!(room.leave().await.is_empty());
        alice.wire().send("OUT\r\n").await;
        assert_eq!(alice.rest().await.last(), Some(&ServerCommand::Out(None)));
    }
}

#[tokio::test]
async fn a_ring_reaches_a_client_behind_the_gateway() {
    let server = server(&[ALICE, BOB]);
    let notification = carry(server.web(), "NS").await;
    let mut bob = Messenger::connect(notification, BOB, Dialect::Msnp12).await;
    bob.introduce().await;
    bob.prove(&ticket(server.web(), BOB).await).await;
    bob.list().await;
    bob.status("NLN").await;
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let (session, address, cookie) = bob.ring(ALICE).await;
    assert_eq!(address, server.address().to_string(), "the client opens that at the gateway");
    let switchboard = carry(server.web(), "SB").await;
    let mut his = Room::connect(&switchboard.to_string(), BOB, Dialect::Msnp12).await;
    assert_eq!(his.answer(&cookie, &session).await, [ALICE]);
    hers.joined(BOB).await;
    hers.tell(text("through the wall")).await;
    assert_eq!(his.hear_text(ALICE).await, "through the wall");
    his.tell(text("and back")).await;
    assert_eq!(hers.hear_text(BOB).await, "and back");
}

#[tokio::test]
async fn files_are_carried_both_ways() {
    let server = server(&[ALICE, BOB]);
    let notification = carry(server.web(), "NS").await;
    let mut alice = Messenger::connect(notification, ALICE, Dialect::Msnp12).await;
    alice.introduce().await;
    alice.prove(&ticket(server.web(), ALICE).await).await;
    alice.list().await;
    alice.status("NLN").await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (_, cookie) = alice.switchboard().await;
    let switchboard = carry(server.web(), "SB").await;
    let mut hers = Room::connect(&switchboard.to_string(), ALICE, Dialect::Msnp12).await;
    hers.enter(&cookie).await;
    hers.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    // More than the gateway carries at a time.
    let file = pattern(300_000);
    let (answer, (offer, taken)) = tokio::join!(hers.send_file(BOB, "out.bin", &file), his.receive_file(ALICE));
    assert_eq!((answer, offer.size), (Answer::Accepted, file.len()));
    assert!(taken == file, "it came changed");
    let (answer, (_, taken)) = tokio::join!(his.send_file(ALICE, "back.bin", &file), hers.receive_file(BOB));
    assert_eq!(answer, Answer::Accepted);
    assert!(taken == file, "it came back changed");
}

#[tokio::test]
async fn commands_and_payloads_may_be_cut_anywhere() {
    let server = server(&[ALICE]);
    let ticket = ticket(server.web(), ALICE).await;
    let (mut session, first) = Polled::open(server.web(), "NS", "VER 1 MSN").await;
    assert!(first.bytes.is_empty());
    session.until("P12 CVR0\r", "").await;
    assert_eq!(
        session
            .until(
                &format!("\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs {ALICE}\r\nUSR 3 TWN I {ALICE}\r\n"),
                "USR 3 TWN S "
            )
            .await
            .split(' ')
            .next(),
        Some("VER")
    );
    let signed_in = session.until(&format!("USR 4 TWN S t={ticket}&p=\r\n"), "ABCHMigrated: 1").await;
    assert!(signed_in.contains("\r\nClientIP: 127.0.0.1\r\nClientPort: 0\r\n"), "{signed_in}");
    session.until("SYN 5 0 0\r\nUUX 6 53\r\n<Data><PSM></PSM>", "SYN 5 ").await;
    session.until("<CurrentMedia></CurrentMedia></D", "").await;
    session.until("ata>PNG\r\n", "UUX 6 0\r\n").await;
    let ended = session.until("OUT\r\n", "OUT\r\n").await;
    assert!(ended.ends_with("OUT\r\n"), "{ended}");
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_its_request_not_taken_twice() {
    let server = server(&[ALICE]);
    let web = server.web();
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let (_, cookie) = alice.switchboard().await;
    let (mut session, _) = Polled::open(web, "SB", "").await;
    session.until(&format!("USR 1 {ALICE} {cookie}\r\n"), "USR 1 OK").await;
    session.until(&format!("CAL 2 {ECHO}\r\n"), "JOI ").await;
    let body = text("once");
    let request = format!("MSG 3 A {}\r\n{body}", body.len());
    let lost = commands(web, &session.id, request.as_bytes()).await.unwrap();
    let again = commands(web, &session.id, request.as_bytes()).await.unwrap();
    assert_eq!(lost, again);
    assert_eq!(commands(web, &session.id, b"PNG\r\n").await, Err(400), "another request under the old name");
    session.id = again.id;
    let mut heard = session.until("", "once").await;
    // Whatever was said twice would be answered twice, before this.
    let body = text("then");
    heard.push_str(&session.until(&format!("MSG 4 A {}\r\n{body}", body.len()), "\r\n\r\nthen").await);
    assert_eq!(heard.matches("\r\n\r\nonce").count(), 1, "{heard}");
}

#[tokio::test]
async fn requests_that_overlap_names_that_passed_and_made_up_ones_are_refused() {
    let server = server(&[ALICE]);
    let web = server.web();
    let (_, first) = Polled::open(web, "NS", "VER 1 MSNP12 CVR0\r\n").await;
    assert_eq!(first.text(), "VER 1 MSNP12\r\n");
    // Whichever comes second overlaps the other, or comes under a name that has passed.
    let (polled, commanded) = tokio::join!(poll(web, &first.id, 2), commands(web, &first.id, b"CVR 2 x\r\n"));
    let next = match (polled, commanded) {
        (Ok(next), Err(400)) | (Err(400), Ok(next)) => next,
        both => panic!("{both:?}"),
    };
    let (number, key) = next.id.split_once('.').unwrap();
    for made_up in [format!("{number}.{}", &key[1..]), format!("{}.{key}", &number[1..]), "1.2".to_owned()] {
        assert_eq!(poll(web, &made_up, 0).await, Err(400), "{made_up}");
    }
    assert_eq!(commands(web, &first.id, b"OUT\r\n").await, Err(400), "a name that has passed");
    let answered = commands(web, &next.id, b"PNG\r\n").await.unwrap();
    assert!(answered.text().contains("QNG "), "the session goes on: {answered:?}");
}

#[tokio::test]
async fn what_was_not_shown_to_have_arrived_is_given_to_the_next_session() {
    let server = Server::start_with(program(), &[ALICE, BOB], "[limits]\ngateway_idle_seconds = 3");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let mut his = Polled::answer(&server, &mut bob, ALICE).await;
    hers.joined(BOB).await;
    hers.say("U", text("had")).await;
    his.until("", "\r\n\r\nhad").await;
    // This request shows that the first has arrived; of the second nobody knows, since none follows its answer.
    his.until("XYZ 9\r\n", " 9\r\n").await;
    hers.say("U", text("lost?")).await;
    his.until("", "\r\n\r\nlost?").await;
    drop(his);
    let mut again = bob.answer(ALICE).await;
    assert_eq!(again.hear_text(ALICE).await, "lost?");
}

#[tokio::test]
async fn a_client_that_is_sent_away_comes_back_by_the_gateway() {
    let server = Server::start_with(program(), &[ALICE], "dispatch = true");
    let (mut session, _) = Polled::open(server.web(), "NS", "VER 1 MSNP12 CVR0\r\n").await;
    let address = server.address();
    let away = session.until(&format!("USR 2 TWN I {ALICE}\r\n"), "XFR 2 ").await;
    assert!(away.ends_with(&format!("XFR 2 NS {address} 0 {address}\r\n")), "{away}");
    let (mut session, _) = Polled::open(server.web(), "NS", "VER 3 MSNP12 CVR0\r\n").await;
    session.until(&format!("USR 4 TWN I {ALICE}\r\n"), "USR 4 TWN S ").await;
}

#[tokio::test]
async fn there_are_only_so_many_sessions_from_one_address_and_they_are_given_back() {
    let server = Server::start_with(
        program(),
        &[ALICE],
        "[limits]\ngateway_sessions_per_address = 1\ngateway_idle_seconds = 60",
    );
    let (mut session, _) = Polled::open(server.web(), "NS", "VER 1 MSNP12 CVR0\r\n").await;
    assert_eq!(open_gateway(server.web(), "NS", b"").await, Err(503));
    session.until("OUT\r\n", "OUT\r\n").await;
    // Its place is free as soon as its task has ended, not when its name is forgotten.
    within("a free place", async {
        while open_gateway(server.web(), "NS", b"").await.is_err() {
            tokio::time::sleep(crate::operations::AGAIN).await;
        }
    })
    .await;
}
