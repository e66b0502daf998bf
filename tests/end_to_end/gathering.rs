//! Several Messenger users, and several people of another network, in one conversation: everybody reads everybody, once.

use chrysalis_test_harness::{Messenger, Room, Server, text, typing};
use msnp::{dialect::Dialect, notification::server::ServerCommand as Notice, switchboard::server::ServerCommand};

use crate::{CAROL, server};

const DAVE: &str = "dave@example.com";
const ECHO: &str = "echo@loopback.msn.example";
const IRIS: &str = "iris@loopback.msn.example";
const ROOM_OF_FIVE: &str = "room@rooms.loopback.msn.example";

/// The address that the room of a conversation with Echo alone is allotted first.
const WITH_ECHO: &str = "echo@rooms.loopback.msn.example";

/// Carol and Dave, online.
async fn both(server: &Server) -> (Messenger, Messenger) {
    let carol = Messenger::online(server, CAROL, Dialect::Msnp12).await;
    (carol, Messenger::online(server, DAVE, Dialect::Msnp11).await)
}

/// Both in one switchboard, and these people called in.
async fn together(carol: &mut Messenger, dave: &mut Messenger, people: &[&str]) -> (Room, Room) {
    let mut hers = carol.call(DAVE).await;
    let mut his = dave.answer(CAROL).await;
    hers.joined(DAVE).await;
    for person in people {
        hers.call(person).await;
        hers.joined(person).await;
        his.joined(person).await;
    }
    (hers, his)
}

/// Carol says this to all, and both hear Echo repeat it.
async fn tell_both(hers: &mut Room, his: &mut Room, words: &str) {
    hers.tell(text(words)).await;
    assert_eq!(his.hear_text(CAROL).await, words);
    for room in [hers, his] {
        assert_eq!(room.hear_text(ECHO).await, words);
        room.prove().await;
    }
}

/// What was said beside what the test has looked at.
fn texts(rest: Vec<ServerCommand>) -> Vec<String> {
    let texts = rest.into_iter().filter_map(|told| match told {
        ServerCommand::Msg { passport, payload, .. } => {
            let payload = String::from_utf8_lossy(&payload).into_owned();
            payload.contains("text/plain").then(|| format!("{passport}: {payload}"))
        }
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn everybody_reads_everybody_once() {
    let server = server(&[CAROL, DAVE]);
    // Iris has an address once she was heard in her own room.
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    carol.add(ROOM_OF_FIVE).await;
    let mut five = carol.call(ROOM_OF_FIVE).await;
    five.tell(text("who is here?")).await;
    five.hear_text(ROOM_OF_FIVE).await;
    five.tell(text("good morning")).await;
    while five.hear_text(ROOM_OF_FIVE).await != "Iris: I heard: good morning" {}
    drop((five, carol));

    let (mut carol, mut dave) = both(&server).await;
    let (mut hers, mut his) = together(&mut carol, &mut dave, &[ECHO, IRIS]).await;
    hers.tell(text("hello all")).await;
    assert_eq!(his.hear_text(CAROL).await, "hello all");
    for room in [&mut hers, &mut his] {
        assert_eq!(room.hear(ECHO).await, typing(ECHO), "as themselves, and to both");
        assert_eq!(room.hear_text(ECHO).await, "hello all");
        assert_eq!(room.hear_text(IRIS).await, "I heard: hello all");
    }
    his.tell(text("to you too")).await;
    assert_eq!(hers.hear_text(DAVE).await, "to you too");
    for room in [&mut hers, &mut his] {
        assert_eq!(room.hear_text(ECHO).await, "to you too");
        assert_eq!(room.hear_text(IRIS).await, "I heard: to you too");
    }
    for (messenger, mut room) in [(&mut carol, hers), (&mut dave, his)] {
        room.prove().await;
        assert_eq!(texts(room.leave().await), [""; 0], "said twice");
        let told = messenger.settled().await;
        assert!(!told.iter().any(|told| matches!(told, Notice::Rng { .. })), "another window: {told:?}");
    }
}

#[tokio::test]
async fn after_both_have_left_the_room_is_a_window_of_its_own() {
    let server = server(&[CAROL, DAVE]);
    let (mut carol, mut dave) = both(&server).await;
    let (mut hers, mut his) = together(&mut carol, &mut dave, &[ECHO]).await;
    tell_both(&mut hers, &mut his, "see you").await;
    his.leave().await;
    hers.left(DAVE).await;
    hers.leave().await;

    let mut hers = carol.call(WITH_ECHO).await;
    hers.joined(WITH_ECHO).await;
    hers.tell(text("anybody?")).await;
    assert_eq!(hers.hear_text(WITH_ECHO).await, "Echo: anybody?");
    let mut his = dave.answer(WITH_ECHO).await;
    assert_eq!(his.hear_text(WITH_ECHO).await, "Carol: anybody?");
    assert_eq!(his.hear_text(WITH_ECHO).await, "Echo: anybody?");
    his.tell(text("I am here")).await;
    assert_eq!(hers.hear_text(WITH_ECHO).await, "Dave: I am here");
    for room in [&mut hers, &mut his] {
        assert_eq!(room.hear_text(WITH_ECHO).await, "Echo: I am here");
    }
}

#[tokio::test]
async fn the_same_people_go_on_in_the_same_room_and_who_has_left_it_speaks_from_elsewhere() {
    let server = server(&[CAROL, DAVE]);
    let (mut carol, mut dave) = both(&server).await;
    let (mut hers, mut his) = together(&mut carol, &mut dave, &[ECHO]).await;
    tell_both(&mut hers, &mut his, "one").await;
    // Messenger closes a switchboard in which nothing is said, and opens another one.
    his.leave().await;
    hers.left(DAVE).await;
    hers.leave().await;
    let (mut hers, mut his) = together(&mut carol, &mut dave, &[ECHO]).await;
    tell_both(&mut hers, &mut his, "two").await;
    his.leave().await;
    hers.left(DAVE).await;

    let mut his = dave.call(WITH_ECHO).await;
    his.joined(WITH_ECHO).await;
    his.tell(text("from elsewhere")).await;
    hers.joined(DAVE).await;
    assert_eq!(hers.hear_text(DAVE).await, "from elsewhere", "where she sits, as himself");
    assert_eq!(hers.hear_text(ECHO).await, "from elsewhere");
    assert_eq!(his.hear_text(WITH_ECHO).await, "Echo: from elsewhere");
}
