//! Who sees whom, and how.

use chrysalis_test_harness::{Messenger, Server};
use msnp::{
    dialect::Dialect,
    notification::server::{PresenceLine, ServerCommand},
    status::{Capabilities, Status},
};

use crate::{ALICE, BOB, server};

/// A picture, as clients write it.
const PICTURE: &str = "%3Cmsnobj%20Creator%3D%22alice%40example.com%22%20Size%3D%221%22%20Type%3D%223%22%2F%3E";

/// Alice and Bob, each on the other's list, online in these dialects, with all that follows from that behind them.
async fn friends(server: &Server, dialects: [Dialect; 2]) -> (Messenger, Messenger) {
    let mut alice = Messenger::online(server, ALICE, dialects[0]).await;
    let mut bob = Messenger::online(server, BOB, dialects[1]).await;
    alice.add(BOB).await;
    bob.add(ALICE).await;
    settle(&mut alice, &mut bob).await;
    (alice, bob)
}

/// Lets all that either has done reach the other; what the other was told meanwhile.
async fn settle(one: &mut Messenger, other: &mut Messenger) -> (Vec<ServerCommand>, Vec<ServerCommand>) {
    let mut first = one.settled().await;
    let second = other.settled().await;
    first.extend(one.settled().await);
    (first, second)
}

fn line(who: &str, name: &str, status: Status) -> PresenceLine {
    let capabilities = Capabilities(chrysalis_test_harness::CAPABILITIES);
    PresenceLine { status, passport: who.to_owned(), name: name.to_owned(), capabilities, object: None }
}

fn online(who: &str, name: &str, status: Status) -> ServerCommand {
    ServerCommand::Nln { presence: line(who, name, status) }
}

fn offline(who: &str) -> ServerCommand {
    ServerCommand::Fln { passport: who.to_owned() }
}

/// The line under a name.
fn under(who: &str, text: &str) -> ServerCommand {
    let document = format!("<Data><PSM>{text}</PSM><CurrentMedia></CurrentMedia></Data>");
    ServerCommand::Ubx { passport: who.to_owned(), document: document.into() }
}

/// What one client was told of another.
fn of(who: &str, told: Vec<ServerCommand>) -> Vec<ServerCommand> {
    let concerns = |command: &ServerCommand| match command {
        ServerCommand::Nln { presence } | ServerCommand::Iln { presence, .. } => presence.passport == who,
        ServerCommand::Fln { passport } | ServerCommand::Ubx { passport, .. } => passport == who,
        _ => false,
    };
    told.into_iter().filter(concerns).collect()
}

#[tokio::test]
async fn who_was_there_before_is_told_with_the_first_status() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    drop(bob);
    alice.find("FLN", |told| (*told == offline(BOB)).then_some(())).await;
    alice.ask("CHG", &format!("BSY {} {PICTURE}", chrysalis_test_harness::CAPABILITIES)).await;
    alice.personal_message("caf\u{e9} &amp; &lt;b&gt;").await;
    alice.settled().await;
    let mut bob = Messenger::sign_in(&server, BOB, Dialect::Msnp12).await;
    bob.list().await;
    let transaction = bob.status("NLN").await;
    let told = of(ALICE, bob.settled().await);
    let presence = PresenceLine { object: Some(PICTURE.to_owned()), ..line(ALICE, "Alice", Status::Busy) };
    assert_eq!(told, [ServerCommand::Iln { transaction, presence }, under(ALICE, "caf\u{e9} &amp; &lt;b&gt;")]);
    alice.find("NLN", |told| (*told == online(BOB, "Bob", Status::Online)).then_some(())).await;
}

#[tokio::test]
async fn every_status_is_seen_and_hidden_looks_like_gone() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12, Dialect::Msnp11]).await;
    for (code, status) in [
        ("BSY", Status::Busy),
        ("IDL", Status::Idle),
        ("BRB", Status::BeRightBack),
        ("AWY", Status::Away),
        ("PHN", Status::OnThePhone),
        ("LUN", Status::OutToLunch),
        ("NLN", Status::Online),
    ] {
        alice.status(code).await;
        let (_, told) = settle(&mut alice, &mut bob).await;
        assert_eq!(of(ALICE, told).first(), Some(&online(ALICE, "Alice", status)), "{code}");
    }
    alice.status("HDN").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [offline(ALICE)]);
    alice.personal_message("unseen").await;
    alice.ask("PRP", "MFN Secret").await;
    bob.status("AWY").await;
    let (seen, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [], "the hidden give no sign");
    assert_eq!(of(BOB, seen).first(), Some(&online(BOB, "Bob", Status::Away)), "but see the others");
    alice.status("NLN").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [online(ALICE, "Secret", Status::Online), under(ALICE, "unseen")]);
}

#[tokio::test]
async fn leaving_and_a_broken_connection_show_as_offline() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    alice.wire().send("OUT\r\n").await;
    alice.rest().await;
    bob.find("FLN", |told| (*told == offline(ALICE)).then_some(())).await;
    let alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    bob.find("NLN", |told| (*told == online(ALICE, "Alice", Status::Online)).then_some(())).await;
    drop(alice);
    bob.find("FLN", |told| (*told == offline(ALICE)).then_some(())).await;
}

#[tokio::test]
async fn changing_the_client_is_not_seen_as_going_and_coming() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    let mut newer = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.rest().await;
    let (_, told) = settle(&mut newer, &mut bob).await;
    assert!(!told.contains(&offline(ALICE)), "{told:?}");
}

#[tokio::test]
async fn a_name_and_a_line_under_it_are_seen_at_once() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    alice.ask("PRP", "MFN New%20name%20%E2%9C%93").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told).first(), Some(&online(ALICE, "New name \u{2713}", Status::Online)));
    alice.personal_message("first").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told).last(), Some(&under(ALICE, "first")));
    alice.personal_message("").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told).last(), Some(&under(ALICE, "")));
    alice.personal_message("").await;
    alice.status("NLN").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [], "nothing new is no news");
}

#[tokio::test]
async fn a_song_is_passed_on() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    let song = "\\0Music\\01\\0{0} - {1}\\0Song\\0Singer\\0Album\\0\\0";
    let document = format!("<Data><PSM>x</PSM><CurrentMedia>{song}</CurrentMedia></Data>");
    alice.send_payload("UUX", "", &document).await;
    let seen = bob.find("UBX", |told| match told {
        ServerCommand::Ubx { passport, document } if passport == ALICE => Some(document.clone()),
        _ => None,
    });
    assert_eq!(seen.await, document);
}

#[tokio::test]
async fn the_blocked_see_somebody_go_and_come_back() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    alice.ask("REM", &format!("AL {BOB}")).await;
    alice.ask("ADC", &format!("BL N={BOB}")).await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [offline(ALICE)]);
    alice.status("BSY").await;
    bob.status("BSY").await;
    let (seen, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), []);
    assert_eq!(of(BOB, seen).first(), Some(&online(BOB, "Bob", Status::Busy)), "blocking works one way");
    alice.ask("REM", &format!("BL {BOB}")).await;
    alice.ask("ADC", &format!("AL N={BOB}")).await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told).first(), Some(&online(ALICE, "Alice", Status::Busy)));
}

#[tokio::test]
async fn whoever_shows_only_to_the_allowed_is_seen_by_them_alone() {
    let server = server(&[ALICE, BOB]);
    let (mut alice, mut bob) = friends(&server, [Dialect::Msnp12; 2]).await;
    alice.ask("BLP", "BL").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [], "Bob is allowed");
    alice.ask("REM", &format!("AL {BOB}")).await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told), [offline(ALICE)]);
    alice.ask("BLP", "AL").await;
    let (_, told) = settle(&mut alice, &mut bob).await;
    assert_eq!(of(ALICE, told).first(), Some(&online(ALICE, "Alice", Status::Online)));
}

#[tokio::test]
async fn nobody_is_shown_to_somebody_who_is_not_on_their_list_or_was_taken_off_it() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (seen, told) = settle(&mut alice, &mut bob).await;
    assert_eq!((of(BOB, seen), of(ALICE, told)), (vec![], vec![]));
    let guid = alice.add(BOB).await;
    let (_, told) = settle(&mut bob, &mut alice).await;
    assert_eq!(of(BOB, told).first(), Some(&online(BOB, "Bob", Status::Online)));
    alice.ask("REM", &format!("FL {guid}")).await;
    settle(&mut alice, &mut bob).await;
    bob.status("BSY").await;
    let (_, told) = settle(&mut bob, &mut alice).await;
    assert_eq!(of(BOB, told), []);
}

#[tokio::test]
async fn older_dialects_get_their_own_forms() {
    let server = server(&[ALICE, BOB]);
    for (dialect, has_line) in [(Dialect::Msnp10, false), (Dialect::Msnp11, true)] {
        let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
        let mut bob = Messenger::online(&server, BOB, dialect).await;
        alice.ask("ADC", &format!("FL N={BOB} F={BOB}")).await;
        bob.ask("ADC", &format!("FL N={ALICE} F={ALICE}")).await;
        settle(&mut alice, &mut bob).await;
        alice.personal_message(dialect.name()).await;
        alice.status("PHN").await;
        let (_, told) = settle(&mut alice, &mut bob).await;
        let told = of(ALICE, told);
        assert!(told.contains(&online(ALICE, "Alice", Status::OnThePhone)), "{told:?}");
        let lines = told.iter().filter(|command| matches!(command, ServerCommand::Ubx { .. })).count();
        assert_eq!(lines > 0, has_line, "{dialect:?}: {told:?}");
        bob.status("LUN").await;
        let (seen, _) = settle(&mut alice, &mut bob).await;
        assert_eq!(of(BOB, seen).first(), Some(&online(BOB, "Bob", Status::OutToLunch)));
    }
}
