//! Rooms whose speakers sit in their window.

use chrysalis_test_harness::{Messenger, Room, Server, text};
use msnp::{dialect::Dialect, switchboard::server::ServerCommand};

use crate::{ALICE, program, server};

const SERVICE: &str = "chrysalis@msn.example";
const ROOM: &str = "room@rooms.loopback.msn.example";

fn address(name: &str) -> String {
    format!("{name}@loopback.msn.example")
}

/// Who comes, speaks and goes next, up to and with so many messages.
async fn happens(room: &mut Room, messages: usize) -> Vec<String> {
    let (mut seen, mut heard) = (Vec::new(), 0);
    while heard < messages {
        match room.next("somebody to speak").await {
            ServerCommand::Joi { passport, name, .. } => seen.push(format!("{name} {passport} comes")),
            ServerCommand::Bye { passport, .. } => seen.push(format!("{passport} goes")),
            ServerCommand::Msg { passport, payload, .. } => {
                let payload = String::from_utf8_lossy(&payload).into_owned();
                if let Some((head, body)) = payload.split_once("\r\n\r\n")
                    && head.contains("text/plain")
                {
                    heard += 1;
                    seen.push(format!("{passport} says {body}"));
                }
            }
            ServerCommand::Ack { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    seen
}

#[tokio::test]
async fn speakers_come_in_speak_for_themselves_and_make_room() {
    let server = Server::start_with(program(), &[ALICE], "rooms = \"members\"\n[limits]\nroom_speakers = 2\n");
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    let mut room = alice.call(ROOM).await;
    room.joined(ROOM).await;
    let [iris, pan, daphne, hermes] = ["iris", "pan", "daphne", "hermes"].map(address);

    room.say("N", text("hello")).await;
    let wanted = [
        format!("Iris {iris} comes"),
        format!("{iris} says I heard: hello"),
        format!("Pan {pan} comes"),
        format!("{pan} says So did I."),
    ];
    assert_eq!(happens(&mut room, 2).await, wanted);

    room.say("N", text("why?")).await;
    let wanted = [
        format!("{iris} goes"),
        format!("Daphne {daphne} comes"),
        format!("{daphne} says A good question."),
        format!("{pan} goes"),
        format!("Hermes {hermes} comes"),
        format!("{hermes} says Echo will know."),
    ];
    assert_eq!(happens(&mut room, 2).await, wanted);

    // Signs of several are the line of the first.
    room.say("N", text("react")).await;
    let wanted = [
        format!("{daphne} goes"),
        format!("Iris {iris} comes"),
        format!("{iris} says * Iris and Pan reacted with (Y) to \"react\""),
    ];
    assert_eq!(happens(&mut room, 1).await, wanted);
}

#[tokio::test]
async fn everybody_chooses_for_themselves() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    alice.add(ROOM).await;
    let mut service = alice.call(SERVICE).await;
    service.joined(SERVICE).await;
    for (words, answer) in [
        ("show rooms", "In windows of rooms, the speaker's name stands before the words."),
        ("show rooms members", "In new windows of rooms, those who speak take part."),
        ("show rooms", "In windows of rooms, those who speak take part."),
    ] {
        service.tell(text(words)).await;
        assert_eq!(service.hear_text(SERVICE).await, answer);
    }
    let mut room = alice.call(ROOM).await;
    room.joined(ROOM).await;
    room.tell(text("hello")).await;
    room.joined(&address("iris")).await;
    assert_eq!(room.hear_text(&address("iris")).await, "I heard: hello");
}
