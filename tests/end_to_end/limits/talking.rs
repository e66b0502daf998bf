//! Ways in which those limits bite that hold for what a client does: lists, conversations, files and errands.

use ::server::Limit;
use chrysalis_test_harness::{Answer, Messenger, Room, commands, open_gateway, text, ticket};
use msnp::{dialect::Dialect, notification, switchboard::server::ServerCommand};

use super::each::Stage;
use crate::{ALICE, BOB, CAROL};

const SERVICE: &str = "chrysalis@msn.example";
const ECHO: &str = "echo@loopback.msn.example";

/// Alice, who is online at a server with Bob and Carol and these limits.
async fn alice_with(limits: &str) -> (Stage, Messenger) {
    let stage = Stage::of(&[ALICE, BOB, CAROL], &format!("[limits]\n{limits}")).await;
    let alice = Messenger::online(&stage.server, ALICE, Dialect::Msnp12).await;
    (stage, alice)
}

/// Alice's window with somebody, who has come in.
async fn window(alice: &mut Messenger, contact: &str) -> Room {
    let mut room = alice.call(contact).await;
    room.joined(contact).await;
    room
}

/// Alice's window with Echo.
async fn with_echo(limits: &str) -> (Stage, Messenger, Room) {
    let (stage, mut alice) = alice_with(limits).await;
    let room = window(&mut alice, ECHO).await;
    (stage, alice, room)
}

async fn is_refused(alice: &mut Messenger, command: &str, rest: &str) {
    let reply = alice.ask(command, rest).await;
    assert!(matches!(reply, notification::server::ServerCommand::Error { .. }), "{command} {rest}: {reply:?}");
}

pub(super) async fn lists() -> Stage {
    // Echo is the one that fits.
    let (stage, mut alice) = alice_with("contacts = 1").await;
    is_refused(&mut alice, "ADC", &format!("FL N={BOB} F={BOB}")).await;
    stage
}

pub(super) async fn groups() -> Stage {
    let (stage, mut alice) = alice_with("groups = 0").await;
    is_refused(&mut alice, "ADG", "Friends").await;
    stage
}

pub(super) async fn rooms() -> Stage {
    let (stage, _alice, mut echo) = with_echo("rooms = 0").await;
    echo.tell(text("bring")).await;
    assert_eq!(echo.hear_text(ECHO).await, "You are in our room now.");
    stage
}

pub(super) async fn account_pace() -> Stage {
    let (stage, mut alice) = alice_with("renames_per_minute = 1").await;
    alice.ask("PRP", "MFN One").await;
    is_refused(&mut alice, "PRP", "MFN Two").await;
    stage
}

pub(super) async fn errands() -> Stage {
    let (stage, mut alice) = alice_with("").await;
    let mut service = window(&mut alice, SERVICE).await;
    // What nobody can write is under way for a while.
    let locked = stage.server.lock_database().await;
    for _ in 0..4 {
        service.tell(text("join loopback:room")).await;
    }
    let answer = service.hear_text(SERVICE).await;
    assert!(answer.starts_with("I am still busy"), "{answer}");
    locked.release().await;
    stage
}

pub(super) async fn calls() -> Stage {
    let (stage, mut alice) = alice_with("calls_per_minute = 1").await;
    let mut room = alice.call(BOB).await;
    let refused = room.ask("CAL", CAROL).await;
    assert!(matches!(refused, ServerCommand::Error { .. }), "{refused:?}");
    stage
}

pub(super) async fn messages() -> Stage {
    second_line_is_refused("messages_per_minute = 1").await
}

pub(super) async fn waiting_messages() -> Stage {
    second_line_is_refused("waiting_messages = 1").await
}

/// Bob is away, and one line for him is as much as may be.
async fn second_line_is_refused(limit: &str) -> Stage {
    let (stage, mut alice) = alice_with(limit).await;
    let mut room = window(&mut alice, BOB).await;
    room.tell(text("one")).await;
    let transaction = room.say("A", text("two")).await;
    assert_eq!(room.reply("MSG", transaction).await, ServerCommand::Nak { transaction });
    stage
}

pub(super) async fn participants() -> Stage {
    let guests: Vec<String> = (1..=30).map(|number| format!("guest{number}@example.com")).collect();
    let accounts: Vec<&str> = guests.iter().map(String::as_str).chain([ALICE]).collect();
    let stage = Stage::of(&accounts, "").await;
    let mut alice = Messenger::online(&stage.server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.open().await;
    for guest in &guests[..29] {
        room.call(guest).await;
    }
    let refused = room.ask("CAL", &guests[29]).await;
    assert!(matches!(refused, ServerCommand::Error { .. }), "{refused:?}");
    stage
}

pub(super) async fn room_prompts() -> Stage {
    let (stage, _alice, mut echo) = with_echo("room_prompts_per_hour = 0").await;
    echo.tell(text("invite")).await;
    stage
}

pub(super) async fn file_size() -> Stage {
    file_is_refused("file_megabytes = 1", 1_000_001).await
}

pub(super) async fn daily_media() -> Stage {
    file_is_refused("daily_megabytes = 0", 1).await
}

pub(super) async fn media_bytes() -> Stage {
    file_is_refused("media_megabytes = 1", 2_000_000).await
}

async fn file_is_refused(limit: &str, size: usize) -> Stage {
    let (stage, _alice, mut room) = with_echo(limit).await;
    let call = room.offer_file(ECHO, "file", size, &[]).await;
    assert_eq!(room.answered(&call).await, Answer::Refused(603));
    stage
}

pub(super) async fn files() -> Stage {
    let (stage, _alice, mut room) = with_echo("").await;
    for number in 0..21 {
        let call = room.offer_file(ECHO, "file", 10, &[]).await;
        let wanted = if number < 20 { Answer::Accepted } else { Answer::Refused(603) };
        assert_eq!(room.answered(&call).await, wanted, "{number}");
    }
    stage
}

pub(super) async fn unsent() -> Stage {
    let stage = Stage::of(&[ALICE], "[limits]\nunsent_kilobytes = 1").await;
    let web = stage.server.web();
    let ticket = ticket(web, ALICE).await;
    let sign_in = format!("VER 1 MSNP12\r\nUSR 2 TWN I {ALICE}\r\nUSR 3 TWN S {ticket}\r\n");
    let signed_in = open_gateway(web, "NS", sign_in.as_bytes()).await.unwrap();
    // Each is answered by much more than it is; nobody comes for that.
    let _ = commands(web, &signed_in.id, "SYN 4 0 0\r\n".repeat(5000).as_bytes()).await;
    stage
}

pub(super) async fn queue() -> Stage {
    let (stage, mut alice) = alice_with("").await;
    let mut room = window(&mut alice, BOB).await;
    // Nothing can be written: what is said waits for that.
    let locked = stage.server.lock_database().await;
    for number in 0..300 {
        room.say("A", text(&number.to_string())).await;
    }
    stage.until_told(Limit::Queue).await;
    locked.release().await;
    stage
}
