//! Pictures, files and the like with contacts of another network: the server is the other side of every transfer.
//!
//! The contact is Echo, of the network that everybody has.

mod drawing;
mod files;
mod pictures;
mod rooms;
mod spoken;
mod urgent;

use chrysalis_test_harness::{Messenger, Room, Server, text};
use msnp::dialect::Dialect;

use crate::{ALICE, server};

const ECHO: &str = "echo@loopback.msn.example";

/// A PNG of one transparent pixel.
const PIXEL: &[u8] = b"\
    \x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\
    \x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0b\x49\x44\x41\x54\x78\x9c\x63\x60\x00\x02\x00\
    \x00\x05\x00\x01\x7a\x5e\xab\x3f\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// Alice in a conversation with Echo.
struct WithEcho {
    server: Server,
    alice: Messenger,
    room: Room,
}

async fn with_echo() -> WithEcho {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(ECHO).await;
    room.joined(ECHO).await;
    WithEcho { server, alice, room }
}

/// Waits for the line of Echo's in which `wanted` finds something; lines before it are dropped.
async fn line<T>(room: &mut Room, wanted: impl Fn(&str) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(&room.hear_text(ECHO).await) {
            return found;
        }
    }
}

/// Waits for a line with a link, and gives what lies there.
async fn linked(room: &mut Room) -> Vec<u8> {
    let link = line(room, |said| {
        let words = said.split_whitespace();
        let mut links = words.filter(|word| word.starts_with("http://") || word.starts_with("https://"));
        links.next().map(str::to_owned)
    })
    .await;
    download(&link).await
}

/// Gets what lies at an address of this machine.
async fn download(link: &str) -> Vec<u8> {
    let address = reqwest::Url::parse(link).unwrap();
    assert!(matches!(address.host_str(), Some("127.0.0.1" | "localhost")), "tests stay on this machine: {link}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answered = client.get(address).send().await.unwrap().error_for_status().unwrap();
    answered.bytes().await.unwrap().to_vec()
}

/// Fails unless this is a PNG, whole and unharmed; gives its width and height.
fn check_png(data: &[u8]) -> (u32, u32) {
    let mut rest = data.strip_prefix(b"\x89PNG\r\n\x1a\n").expect("the beginning of a PNG");
    let (mut size, mut last) = (None, Vec::new());
    while !rest.is_empty() {
        let number = |place: usize| u32::from_be_bytes(rest[place..place + 4].try_into().unwrap());
        let length = number(0) as usize;
        let chunk = &rest[4..8 + length];
        assert_eq!(number(8 + length), checksum(chunk), "the checksum of {:?}", &chunk[..4]);
        if size.is_none() {
            assert_eq!(&chunk[..4], b"IHDR", "a PNG begins with its size");
            size = Some((number(8), number(12)));
        }
        last = chunk.to_vec();
        rest = &rest[12 + length..];
    }
    assert_eq!(last, b"IEND", "a PNG has an end");
    size.unwrap()
}

/// The CRC-32 that PNG has.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// The talk with Echo goes on as ever.
async fn still_talks(room: &mut Room) {
    room.tell(text("do you hear me?")).await;
    line(room, |said| (said == "do you hear me?").then_some(())).await;
}

#[test]
fn the_check_of_pictures_knows_a_good_one() {
    assert_eq!(check_png(PIXEL), (1, 1));
}
