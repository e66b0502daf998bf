//! What real clients once sent to another server, sent to this one: every line is answered, none disconnects.

use std::path::Path;

use chrysalis_test_harness::{Messenger, PASSWORD, Room, Server, post, reply_to, ticket, token_of};
use msnp::{
    dialect::Dialect,
    frame::{Decoder, Frame, Limits, Side},
    notification::server::ServerCommand,
    switchboard,
};

use crate::{ALICE, BOB, CAROL, server};

const DAVE: &str = "dave@example.com";
const ERIN: &str = "erin@example.com";

/// What the client sent, one entry for each time it did.
fn sent(recording: &str) -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(recording);
    let text = std::fs::read_to_string(file).unwrap();
    let mut blocks: Vec<(bool, usize, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match header(line) {
            Some((client, length)) => blocks.push((client, length, String::new())),
            None => blocks.last_mut().expect("a header first").2.push_str(line),
        }
    }
    let sent = blocks.into_iter().filter(|(client, _, shown)| *client && shown.trim() != "[closed]");
    sent.map(|(_, length, shown)| {
        let bytes = plain(shown.strip_suffix('\n').unwrap_or(&shown));
        assert_eq!(bytes.len(), length, "{recording}: {shown}");
        bytes
    })
    .collect()
}

/// ` 297.835 C> 19 bytes`: whether the client speaks, and how much.
fn header(line: &str) -> Option<(bool, usize)> {
    let (time, rest) = line.trim().split_once(' ')?;
    time.parse::<f64>().ok()?;
    let length = rest.strip_suffix(" bytes")?.rsplit(' ').next()?.parse().ok()?;
    match rest.get(..2)? {
        "C>" => Some((true, length)),
        "S<" => Some((false, length)),
        _ => None,
    }
}

/// Undoes how bytes are shown: `\r\n` at the end of a line, `\xNN` for what is no text.
fn plain(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown.as_bytes();
    while let [first, after @ ..] = rest {
        rest = if let Some(after) = rest.strip_prefix(b"\\r\\n\n") {
            bytes.extend_from_slice(b"\r\n");
            after
        } else if let Some(after) = rest.strip_prefix(b"\\r\\n") {
            bytes.extend_from_slice(b"\r\n");
            after
        } else if let Some(after) = rest.strip_prefix(b"\\x") {
            let (digits, after) = after.split_at(2);
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            after
        } else {
            bytes.push(*first);
            after
        };
    }
    bytes
}

/// The commands in what was sent.
fn commands(side: Side, bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new(side, Limits::default());
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().unwrap() {
        frames.push(frame);
    }
    assert!(!decoder.is_amid_frame());
    frames
}

fn with(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).map_or_else(|_| bytes.to_vec(), |text| text.replace(from, to).into_bytes())
}

/// Plays the client's part on a notification connection.
async fn replay(server: &Server, recording: &str, account: &str, dialect: Dialect, guid: Option<(&str, &str)>) {
    let ticket = ticket(server.web(), account).await;
    let mut client = Messenger::connect(server.address(), account, dialect).await;
    for block in sent(recording) {
        let mut block = block;
        for frame in commands(Side::Notification, &block) {
            if let ["TWN", "S", old] = words(&frame)[..].get(1..).unwrap_or_default() {
                let bare = old.trim_start_matches("t=").trim_end_matches("&p=x");
                block = with(&block, bare, &ticket);
            }
        }
        if let Some((old, new)) = guid {
            block = with(&block, old, new);
        }
        let frames = commands(Side::Notification, &block);
        let last = frames.iter().filter_map(Frame::transaction).max();
        client.send_recorded(&block, last).await;
        for frame in frames {
            match (frame.command.as_str(), frame.transaction()) {
                ("PNG", _) => {
                    let qng = |told: &ServerCommand| matches!(told, ServerCommand::Qng { .. }).then_some(());
                    client.find("QNG", qng).await;
                }
                ("OUT", _) => {
                    assert_eq!(client.rest().await.pop(), Some(ServerCommand::Out(None)), "{recording}");
                    return;
                }
                (name, Some(transaction)) => {
                    let answer = client.reply(name, transaction).await;
                    assert_eq!(reply_to(&answer), Some(transaction));
                    assert!(!matches!(answer, ServerCommand::Error { .. }), "{recording}: {frame:?}: {answer:?}");
                }
                (_, None) => panic!("{recording}: {frame:?} has no number"),
            }
        }
    }
    client.settled().await;
}

fn words(frame: &Frame) -> Vec<&str> {
    frame.arguments.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn amsn_jml_and_msnp11_sdk_find_everything_in_order() {
    let server = server(&[ALICE, BOB, CAROL, DAVE, ERIN]);
    replay(&server, "ns-amsn-msnp12.txt", ERIN, Dialect::Msnp12, None).await;
    replay(&server, "ns-jml-msnp12.txt", CAROL, Dialect::Msnp12, None).await;
    replay(&server, "ns-msnp11-sdk-msnp11.txt", ALICE, Dialect::Msnp11, None).await;
}

#[tokio::test]
async fn msn_pecan_finds_everything_in_order() {
    let server = server(&[ALICE, DAVE]);
    let mut before = Messenger::online(&server, DAVE, Dialect::Msnp12).await;
    // The recorded contact had another id.
    let guid = before.add(ALICE).await;
    drop(before);
    let old = "7c35200d-f118-4a0d-896c-a946fc26b35a";
    replay(&server, "ns-msn-pecan-msnp12.txt", DAVE, Dialect::Msnp12, Some((old, &guid))).await;
}

#[tokio::test]
async fn msn_pecan_gets_a_ticket() {
    let server = server(&[DAVE]);
    let request = sent("rst-msn-pecan.txt").remove(0);
    let request = String::from_utf8(request).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let body = body.replace(">password1<", &format!(">{PASSWORD}<"));
    let ours =
        |line: &&str| !line.starts_with("POST") && !line.starts_with("Host") && !line.starts_with("Content-Length");
    let headers: String = head.split("\r\n").filter(ours).flat_map(|line| [line, "\r\n"]).collect();
    let answered = post(server.web(), "/RST.srf", &headers, &body).await;
    assert_eq!(answered.status, 200);
    let ticket = token_of(&answered).expect("a ticket");
    let mut client = Messenger::connect(server.address(), DAVE, Dialect::Msnp12).await;
    client.introduce().await;
    client.prove(&ticket).await;
}

/// Plays the part of somebody who answers a ring: what comes after `ANS`, with what it was answered.
async fn answers(client: &mut Messenger, caller: &str, recording: &str) -> (Room, Vec<Vec<u8>>) {
    let (session, address, cookie) = client.ring(caller).await;
    let mut blocks = sent(recording);
    let first = commands(Side::Switchboard, &blocks.remove(0)).remove(0);
    assert_eq!((first.command.as_str(), words(&first)[1]), ("ANS", client.account()));
    let mut room = Room::connect(&address, client.account(), client.dialect()).await;
    room.answer(&cookie, &session).await;
    (room, blocks)
}

#[tokio::test]
async fn three_talk_as_they_did() {
    let server = server(&[ALICE, BOB, CAROL]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp11).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut carol = Messenger::online(&server, CAROL, Dialect::Msnp12).await;
    let mut hers = alice.call(BOB).await;
    let mut his = bob.answer(ALICE).await;
    hers.joined(BOB).await;
    hers.call(CAROL).await;
    let (mut third, blocks) = answers(&mut carol, ALICE, "sb-three-party-jml.txt").await;
    hers.joined(CAROL).await;
    his.joined(CAROL).await;
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let frame = commands(Side::Switchboard, &block).remove(0);
        third.send_recorded(&block, frame.transaction()).await;
        let payload = frame.payload.unwrap();
        assert_eq!(hers.hear(CAROL).await, payload);
        assert_eq!(his.hear(CAROL).await, payload);
    }
    // Neither of class U nor of N is acknowledged.
    assert_eq!(third.leave().await, []);
}

#[tokio::test]
async fn a_file_is_offered_and_taken_as_it_was() {
    let server = server(&[ALICE, DAVE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp11).await;
    let mut dave = Messenger::online(&server, DAVE, Dialect::Msnp12).await;
    let mut his = dave.call(ALICE).await;
    let (mut hers, blocks) = answers(&mut alice, DAVE, "sb-msn-pecan-sends-file-to-msnp11-sdk.txt").await;
    his.joined(ALICE).await;
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        let frame = commands(Side::Switchboard, &block).remove(0);
        let transaction = frame.transaction().unwrap();
        hers.send_recorded(&block, Some(transaction)).await;
        let acknowledged = switchboard::server::ServerCommand::Ack { transaction };
        assert_eq!(hers.reply("MSG", transaction).await, acknowledged);
        assert_eq!(his.hear(ALICE).await, frame.payload.unwrap());
    }
}
