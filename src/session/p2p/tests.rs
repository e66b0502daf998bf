mod examples;
mod files;
mod line;
mod objects;
mod pair;
mod recording;
mod refusals;

use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::message::{self, Payload};
use msnp::mime::Headers;
use msnp::object::{MsnObject, ObjectType};
use msnp::p2p::file_context::FileContext;
use msnp::p2p::packet::{Flags, Header, LONGEST_DATA, Packet};
use msnp::p2p::session_body::{Purpose, SessionRequest};
use msnp::p2p::slp::{ContentType, Method, SlpMessage, Start, Status};

use super::*;

const WE: &str = "bob.bridge@example.net";
const THEY: &str = "carol@example.net";
const CALL: &str = "{C0FFEE01-1D2E-4F3A-8B4C-6D5E7F809112}";
const BRANCH: &str = "{B1E5A3C0-0A11-4C5B-9E0D-5A1FD0C0A001}";

/// The transfer that they begin first.
const THEIRS: TransferId = TransferId(1 << 63);
const OURS: TransferId = TransferId(7);

/// A peer, and a Messenger user who sends it what a test wants.
struct World {
    peer: Peer,
    now: Instant,
    /// The last numbers that they used.
    identifier: u32,
    packet: u32,
}

impl World {
    /// With credit for everything.
    fn new() -> World {
        let mut world = World::without_switchboard(Limits::default(), 0x2222_0000_02b0_003f);
        world.take(Input::Ready { packets: 10_000 });
        world
    }

    fn without_switchboard(limits: Limits, seed: u64) -> World {
        let peer = Peer::new(WE, THEY, limits, seed);
        World { peer, now: Instant::now(), identifier: 0x01a0_000f, packet: 0x1111_0000 }
    }

    fn take(&mut self, input: Input<'_>) -> Vec<Output> {
        self.peer.process(self.now, 0, input)
    }

    /// They send a packet.
    fn hear(&mut self, packet: &Packet) -> Vec<Output> {
        let mut body = Vec::new();
        packet.write(&mut body);
        self.take(Input::Packet(&body.into()))
    }

    fn numbers(&mut self) -> (u32, u32) {
        self.identifier += 1;
        self.packet += 1;
        (self.identifier, self.packet)
    }

    /// They send a message, cut into packets.
    fn message(&mut self, session: u32, flags: Flags, application: u32, content: &[u8]) -> Vec<Output> {
        let (identifier, mut acknowledgement) = self.numbers();
        let mut outputs = Vec::new();
        for (index, data) in content.chunks(LONGEST_DATA).enumerate() {
            let (offset, total) = ((index * LONGEST_DATA) as u64, content.len() as u64);
            let header = Header { session, identifier, offset, total, flags, acknowledgement, ..Header::default() };
            outputs.extend(self.hear(&Packet { header, data: Bytes::copy_from_slice(data), application }));
            acknowledgement += 1;
            self.packet = acknowledgement;
        }
        outputs
    }

    fn say(&mut self, text: &SlpMessage) -> Vec<Output> {
        let mut content = Vec::new();
        text.write(&mut content);
        self.message(0, Flags::NONE, 0, &content)
    }

    /// They acknowledge a message.
    fn acknowledge(&mut self, last: &Packet) -> Vec<Output> {
        self.identifier += 1;
        let identifier = self.identifier;
        self.hear(&last.acknowledged(identifier))
    }

    /// They acknowledge each message that is complete in these outputs, and what comes of that, and so on.
    fn acknowledge_all(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        let mut all = Vec::new();
        let mut next = outputs;
        while !next.is_empty() {
            let ends = packets(&next).into_iter().filter(|packet| !packet.data.is_empty() && packet.ends_message());
            all.append(&mut next);
            for last in ends {
                next.extend(self.acknowledge(&last));
            }
        }
        all
    }

    fn wait(&mut self, duration: Duration) -> Vec<Output> {
        self.now += duration;
        self.take(Input::Tick)
    }

    /// They ask for a session.
    fn invite(&mut self, session: u32, purpose: Purpose, context: &str) -> Vec<Output> {
        self.say(&invitation(session, purpose, context))
    }

    fn hang_up(&mut self, call: &str) -> Vec<Output> {
        self.say(&SlpMessage::request(Method::Bye, WE, THEY, BRANCH, call, ContentType::SessionClose))
    }
}

fn invitation(session: u32, purpose: Purpose, context: &str) -> SlpMessage {
    let application = if purpose == Purpose::File { 2 } else { 1 };
    let request = SessionRequest { purpose, session, application, context: context.to_owned() };
    let mut text = SlpMessage::request(Method::Invite, WE, THEY, BRANCH, CALL, ContentType::SessionRequest);
    text.fields = request.to_fields();
    text
}

/// Byte i is (7·i+3) mod 256.
fn pattern(length: u32) -> Bytes {
    (0..length).map(|place| (place.wrapping_mul(7).wrapping_add(3) % 256) as u8).collect()
}

fn picture() -> MsnObject {
    MsnObject::describe(WE, ObjectType::DISPLAY_PICTURE, "TFR1A.tmp", &pattern(5000))
}

fn file_context(size: u64) -> String {
    FileContext::new("notes.txt", size, Bytes::new()).to_context()
}

/// What is sent, in bytes.
fn sent(outputs: &[Output]) -> Vec<Bytes> {
    let payload = |output: &Output| match output {
        Output::Send(payload) => Some(payload.clone()),
        _ => None,
    };
    outputs.iter().filter_map(payload).collect()
}

/// What is not sent.
fn told(outputs: &[Output]) -> Vec<Output> {
    outputs.iter().filter(|output| !matches!(output, Output::Send(_))).cloned().collect()
}

/// The packets that are sent; all of them are for the right user and short enough.
fn packets(outputs: &[Output]) -> Vec<Packet> {
    let packet = |payload: &Bytes| {
        assert!(payload.len() <= message::LONGEST_PAYLOAD);
        match Payload::parse(payload) {
            Payload::PeerToPeer { destination, body } => {
                assert_eq!(destination, THEY);
                Packet::parse(&body).unwrap()
            }
            other => panic!("{other:?}"),
        }
    };
    sent(outputs).iter().map(packet).collect()
}

/// The texts that are sent; each is whole.
fn texts(outputs: &[Output]) -> Vec<SlpMessage> {
    let mut content = Vec::new();
    let mut texts = Vec::new();
    for packet in packets(outputs) {
        if packet.header.session == 0 && !packet.data.is_empty() {
            content.extend_from_slice(&packet.data);
            if packet.ends_message() {
                texts.push(SlpMessage::parse(&std::mem::take(&mut content)).unwrap());
            }
        }
    }
    texts
}

fn statuses(outputs: &[Output]) -> Vec<u16> {
    let status = |text: SlpMessage| match text.start {
        Start::Response(Status(status)) => Some(status),
        Start::Request(_) => None,
    };
    texts(outputs).into_iter().filter_map(status).collect()
}

fn says_bye(outputs: &[Output]) -> bool {
    texts(outputs).iter().any(|text| text.start == Start::Request(Method::Bye))
}

fn acknowledgements(outputs: &[Output]) -> usize {
    packets(outputs).iter().filter(|packet| packet.header.flags == Flags::ACKNOWLEDGEMENT).count()
}

/// The data of one session that is sent, in its order; without the preparation.
fn data(outputs: &[Output], session: u32) -> Vec<u8> {
    let packets = packets(outputs).into_iter();
    let data = packets.filter(|packet| packet.header.session == session && packet.header.flags.has_any(Flags::OBJECT));
    data.flat_map(|packet| packet.data).collect()
}
