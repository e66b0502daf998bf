//! Networks that come and go while the server runs.

use std::collections::BTreeMap;
use std::net::TcpListener;

use chrysalis_test_harness::{Messenger, PASSWORD, Room, Server, by_header, free_address, get, text};
use msnp::{dialect::Dialect, status::Status, switchboard::server::ServerCommand};

use super::{ECHO, Measures, drain::say_all};
use crate::{ALICE, BOB, CAROL, program};

/// A second Echo, of a network that is not always on.
const CLUB_ECHO: &str = "echo@club.msn.example";

/// The server's own contact.
const SERVICE: &str = "chrysalis@msn.example";

/// That network.
const CLUB: &str = "[networks.club]\nkind = \"loopback\"\nnetwork_bit = 512\n";

/// How many lines are said at once to each of the two who read them.
const LINES: usize = 300;

/// How many are said to each Echo, who takes their time for each.
const LINES_TO_ECHO: usize = 5;

/// Waits until the configuration was taken so often.
async fn until_taken(server: &Server, times: usize) {
    server.until_logged("the configuration was read again", times).await;
}

/// Waits until the configuration was refused so often; why, the last time.
async fn refused(server: &Server, times: usize) -> String {
    server.until_logged("the configuration cannot be taken", times).await;
    let log = server.log();
    log.lines().rfind(|line| line.contains("the configuration cannot be taken")).unwrap().to_owned()
}

async fn repeats(room: &mut Room, echo: &str, words: &str) {
    room.tell(text(words)).await;
    assert_eq!(room.hear_text(echo).await, words);
}

/// Calls somebody who is nobody at the moment.
async fn calls_in_vain(messenger: &mut Messenger, whom: &str) {
    let mut room = messenger.open().await;
    let answer = room.ask("CAL", whom).await;
    assert!(matches!(answer, ServerCommand::Error { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_network_comes_and_goes_while_somebody_is_signed_in() {
    let address = free_address();
    let with = |more: &str| format!("live_list = true\n[operations]\nlisten = \"{address}\"\n{more}");
    let mut server = Server::start_with(program(), &[CAROL], &with(""));
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    server.reload_with(&with(CLUB));
    until_taken(&server, 1).await;
    assert_eq!(carol.sees(CLUB_ECHO, Status::Online).await, "Echo");
    assert!(!server.log().contains("from the next start on only"), "{}", server.log());
    let mut room = carol.call(CLUB_ECHO).await;
    room.joined(CLUB_ECHO).await;
    repeats(&mut room, CLUB_ECHO, "here already").await;
    let ready = get(address, "/health/ready", "").await;
    assert!(ready.body.contains("\"club\""), "{ready:?}");
    Measures::of(address).await.assert("chrysalis_links", &[("network", "club"), ("state", "open")], 1.0);

    server.reload_with(&with(""));
    carol.sees_gone(CLUB_ECHO).await;
    until_taken(&server, 2).await;
    // The window is open still, and what is said there would go nowhere.
    let number = room.say("A", text("are you there?")).await;
    let answer = room.reply("MSG", number).await;
    assert!(matches!(answer, ServerCommand::Nak { .. }), "{answer:?}");
    calls_in_vain(&mut carol, CLUB_ECHO).await;
    let mut to_echo = carol.call(ECHO).await;
    to_echo.joined(ECHO).await;
    repeats(&mut to_echo, ECHO, "and you?").await;
    let ready = get(address, "/health/ready", "").await;
    assert!(ready.status == 200 && !ready.body.contains("\"club\""), "{ready:?}");
    let measures = Measures::of(address).await;
    assert!(measures.value("chrysalis_links", &[("network", "club"), ("state", "open")]).unwrap().is_nan());
    measures.assert("chrysalis_reloads_total", &[("outcome", "taken")], 2.0);
    assert!(carol.entry(CLUB_ECHO).await.is_none());

    server.reload_with(&with(CLUB));
    carol.sees(CLUB_ECHO, Status::Online).await;
    until_taken(&server, 3).await;
    repeats(&mut room, CLUB_ECHO, "back again").await;
    Measures::of(address).await.assert("chrysalis_links", &[("network", "club"), ("state", "open")], 1.0);
    assert!(carol.entry(CLUB_ECHO).await.is_some());
}

#[tokio::test]
async fn who_of_several_does_not_get_a_line_is_named_by_the_servers_own_contact() {
    let mut server = Server::start_with(program(), &[BOB, CAROL], CLUB);
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut hers = carol.call(CLUB_ECHO).await;
    hers.joined(CLUB_ECHO).await;
    hers.call(BOB).await;
    let mut his = bob.answer(CAROL).await;
    hers.joined(BOB).await;
    server.reload_with("");
    until_taken(&server, 1).await;
    hers.tell(text("who is left?")).await;
    assert_eq!(his.hear_text(CAROL).await, "who is left?");
    let mut service = carol.answer(SERVICE).await;
    let told = service.hear_text(SERVICE).await;
    assert!(told.contains("(not delivered to ") && told.contains("switched off"), "{told}");
}

#[tokio::test]
async fn what_is_said_to_a_network_that_went_while_the_database_refused_it_is_not_acknowledged() {
    let mut server = Server::start_with(program(), &[CAROL], CLUB);
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut room = carol.call(CLUB_ECHO).await;
    room.joined(CLUB_ECHO).await;
    repeats(&mut room, CLUB_ECHO, "still here").await;
    server.rename_table("merged", "hidden").await;
    server.reload_with("");
    until_taken(&server, 1).await;
    assert!(server.log().contains("networks that are off are still shown on lists"), "{}", server.log());
    server.rename_table("hidden", "merged").await;
    let number = room.say("A", text("are you there?")).await;
    let answer = room.reply("MSG", number).await;
    assert!(matches!(answer, ServerCommand::Nak { .. }), "{answer:?}");
    server.until_logged("networks that are off are on no list any more", 1).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    assert!(carol.entry(CLUB_ECHO).await.is_none());
}

#[tokio::test]
async fn an_account_that_is_made_beside_a_network_that_came_is_linked_to_it() {
    let mut server = Server::start_with(program(), &[ALICE], "");
    server.reload_with(CLUB);
    until_taken(&server, 1).await;
    let added = server.command(&["account", "add", CAROL, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_eq!(added.code, 0, "{added:?}");
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    carol.sees(CLUB_ECHO, Status::Online).await;
    // Nobody gets an address under it.
    let taken = server.command(&["account", "add", "x@club.msn.example", "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_ne!(taken.code, 0, "{taken:?}");
    server.reload_with("");
    until_taken(&server, 2).await;
    let removed = server.command(&["account", "remove", CAROL], "");
    assert_eq!(removed.code, 0, "{removed:?}");
    // The network is told once it is on.
    server.reload_with(CLUB);
    until_taken(&server, 3).await;
    server.until_logged("a network was told of a removed account", 1).await;
    assert_eq!(by_header(server.web(), CAROL, PASSWORD).await, None);
}

#[tokio::test]
async fn what_cannot_be_taken_as_a_whole_changes_nothing() {
    let mut server = Server::start_with(program(), &[ALICE, BOB], "[limits]\ncontacts = 5\n");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let matrix = |listen: &str, more: &str| {
        format!(
            "[limits]\ncontacts = 1\n{CLUB}{more}[networks.matrix]\nhomeserver_url = \"http://127.0.0.1:9\"\nserver_name = \"example.org\"\n\
             [networks.matrix.appservice]\nlisten = \"{listen}\"\nurl = \"http://{listen}\"\n"
        )
    };
    let token = server.data().join("matrix-as-token");

    // One section is wrong.
    server.reload_with(&matrix(
        "127.0.0.1:1",
        "[networks.third]\nkind = \"loopback\"\nnetwork_bit = 1024\nlinking = 3\n",
    ));
    let fault = refused(&server, 1).await;
    assert!(fault.contains("networks.third.linking"), "{fault}");
    assert!(!token.exists(), "nothing is made for what does not hold");

    // One cannot be started, after another could.
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = held.local_addr().unwrap().to_string();
    server.reload_with(&matrix(&listen, ""));
    let fault = refused(&server, 2).await;
    assert!(fault.contains("networks.matrix") && fault.contains(&listen), "{fault}");
    calls_in_vain(&mut alice, CLUB_ECHO).await;
    assert!(alice.entry(CLUB_ECHO).await.is_none());
    alice.add(BOB).await;

    // The same, mended.
    drop(held);
    server.reload_with(&matrix(&listen, ""));
    until_taken(&server, 1).await;
    let mut room = alice.call(CLUB_ECHO).await;
    room.joined(CLUB_ECHO).await;
    repeats(&mut room, CLUB_ECHO, "now").await;
    assert!(TcpListener::bind(&listen).is_err(), "it listens");
    server.reload_with("");
    until_taken(&server, 2).await;
    TcpListener::bind(&listen).expect("it listens no more");
}

#[tokio::test]
async fn a_network_that_goes_on_keeps_its_bit_until_the_next_start() {
    let mut server = Server::start_with(program(), &[ALICE], CLUB);
    server.reload_with("[networks.club]\nkind = \"loopback\"\nnetwork_bit = 1024\n");
    until_taken(&server, 1).await;
    server.until_logged("these hold from the next start on only", 1).await;
    assert!(server.log().contains("networks.club.network_bit"), "{}", server.log());
    server.reload_with(
        "[networks.club]\nkind = \"loopback\"\nnetwork_bit = 1024\n[networks.third]\nkind = \"loopback\"\nnetwork_bit = 512\n",
    );
    let fault = refused(&server, 1).await;
    assert!(fault.contains("networks.third.network_bit: is 512, which networks.club has"), "{fault}");
    // Off and on, it is built anew.
    server.reload_with("");
    until_taken(&server, 2).await;
    server.reload_with("[networks.club]\nkind = \"loopback\"\nnetwork_bit = 1024\n");
    until_taken(&server, 3).await;
    let log = server.log();
    assert_eq!(log.lines().filter(|line| line.contains("from the next start on only")).count(), 1, "{log}");
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_amid_a_reload_stops() {
    let mut server = Server::start_with(program(), &[ALICE], "");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    for more in [CLUB, "", CLUB] {
        // Each is done after the one before, or not at all.
        server.reload_with(more);
    }
    assert!(server.stop().success());
    alice.rest().await;
    server.run();
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(CLUB_ECHO).await;
    room.joined(CLUB_ECHO).await;
    repeats(&mut room, CLUB_ECHO, "here").await;
}

/// What of that was acknowledged, in order; each of it was answered.
async fn acknowledged(room: &mut Room, said: Vec<(u32, String)>) -> Vec<String> {
    let mut taken = Vec::new();
    for (number, line) in said {
        let answer = room.reply("MSG", number).await;
        if matches!(answer, ServerCommand::Ack { .. }) {
            taken.push(line);
        }
    }
    taken
}

/// Hears so many texts of somebody; how often each.
async fn heard(room: &mut Room, of: &str, texts: usize) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for _ in 0..texts {
        *heard.entry(room.hear_text(of).await).or_insert(0) += 1;
    }
    heard
}

#[tokio::test]
async fn what_is_acknowledged_while_networks_come_and_go_is_heard_once() {
    let mut server = Server::start_with(program(), &[ALICE, BOB, CAROL], CLUB);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let (mut to_bob, mut his) = alice.meet(&mut bob).await;
    let mut to_carol = alice.call(CAROL).await;
    to_carol.joined(CAROL).await;
    let mut to_echo = alice.call(ECHO).await;
    to_echo.joined(ECHO).await;
    let mut to_club = alice.call(CLUB_ECHO).await;
    to_club.joined(CLUB_ECHO).await;

    let mut said: [Vec<(u32, String)>; 4] = Default::default();
    for round in 0..3 {
        let more = |whom: &str| format!("{whom} {round}");
        said[0].extend(say_all(&mut to_bob, &more("bob"), LINES / 3).await);
        said[1].extend(say_all(&mut to_carol, &more("carol"), LINES / 3).await);
        said[2].extend(say_all(&mut to_echo, &more("echo"), LINES_TO_ECHO).await);
        said[3].extend(say_all(&mut to_club, &more("club"), LINES_TO_ECHO).await);
        // Amid all this; at the end it is on.
        server.reload_with("");
        server.until_logged("a network is off from now on", round + 1).await;
        server.reload_with(CLUB);
        until_taken(&server, 2 * (round + 1)).await;
    }
    let [for_bob, for_carol, for_echo, for_club] = said;
    let (for_bob, for_carol) = (acknowledged(&mut to_bob, for_bob).await, acknowledged(&mut to_carol, for_carol).await);
    assert_eq!((for_bob.len(), for_carol.len()), (LINES, LINES), "nobody here is concerned");
    let for_echo = acknowledged(&mut to_echo, for_echo).await;
    assert_eq!(for_echo.len(), 3 * LINES_TO_ECHO);
    let for_club = acknowledged(&mut to_club, for_club).await;
    println!("{} of {} lines to the network that went were acknowledged", for_club.len(), 3 * LINES_TO_ECHO);
    assert!(!for_club.is_empty());

    let once = |lines: &[String]| -> BTreeMap<String, usize> { lines.iter().map(|line| (line.clone(), 1)).collect() };
    assert_eq!(heard(&mut his, ALICE, LINES).await, once(&for_bob));
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut hers = carol.answer(ALICE).await;
    assert_eq!(heard(&mut hers, ALICE, LINES).await, once(&for_carol));
    assert_eq!(heard(&mut to_echo, ECHO, for_echo.len()).await, once(&for_echo));
    assert_eq!(heard(&mut to_club, CLUB_ECHO, for_club.len()).await, once(&for_club));
}
