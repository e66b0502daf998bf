//! A peer takes packets and wishes of any kind in any order: what it sends is the protocol and within its credit, and all of it ends.

use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::{
    message::{LONGEST_PAYLOAD, Payload},
    object::{MsnObject, ObjectType},
    p2p::{
        file_context::FileContext,
        packet::{Flags, Header, Packet},
        session_body::{Purpose, SessionRequest},
        slp::{ContentType, Method, SlpMessage, Status},
    },
};
use session::p2p::{Input, Limits, Output, Peer, TransferId};

use crate::script::Script;

// Those of the recording that the seeds are made of.
const WE: &str = "alice@example.com";
const THEY: &str = "dave@example.com";

#[derive(Clone, Copy)]
enum Step<'a> {
    /// Bytes that may be a packet.
    Bytes(&'a [u8]),
    /// A packet with numbers out of what may be in use.
    Packet {
        session: u8,
        identifier: u8,
        offset: u16,
        total: u16,
        flags: u32,
        acknowledgement: u8,
        size: u16,
        length: u16,
    },
    /// A request or a response.
    Text {
        call: u8,
        session: u8,
        kind: u8,
        status: Option<u16>,
    },
    /// They answer the last packet that we sent.
    Acknowledge,
    Resume(u16),
    Provide(u8, u16),
    Decide(u8, bool),
    Offer(u8, u16),
    Feed(u8, u16, u16),
    Fetch(u8, u16),
    Cancel(u8),
    Ready(u8),
    Lost,
    Wait(u8),
}

impl<'a> Step<'a> {
    fn read(script: &mut Script<'a>) -> Option<Self> {
        Some(match script.byte()? % 14 {
            0 => Self::Bytes(script.portion()?),
            1 => Self::Packet {
                session: script.byte()?,
                identifier: script.byte()?,
                offset: script.short()?,
                total: script.short()?,
                flags: script.word()?,
                acknowledgement: script.byte()?,
                size: script.short()?,
                length: script.short()?,
            },
            2 => {
                let (call, session, kind) = (script.byte()?, script.byte()?, script.byte()?);
                let status = script.short()?;
                Self::Text { call, session, kind, status: (status > 0).then_some(status) }
            }
            3 => Self::Acknowledge,
            4 => Self::Resume(script.short()?),
            5 => Self::Provide(script.byte()?, script.short()?),
            6 => Self::Decide(script.byte()?, script.byte()? & 1 == 1),
            7 => Self::Offer(script.byte()?, script.short()?),
            8 => Self::Feed(script.byte()?, script.short()?, script.short()?),
            9 => Self::Fetch(script.byte()?, script.short()?),
            10 => Self::Cancel(script.byte()?),
            11 => Self::Ready(script.byte()?),
            12 => Self::Lost,
            _ => Self::Wait(script.byte()?),
        })
    }
}

struct World {
    peer: Peer,
    now: Instant,
    credit: usize,
    last: Option<Packet>,
    /// Whether we ever sent one.
    spoke: bool,
    /// The calls that we have made.
    calls: Vec<String>,
    identifier: u32,
}

impl World {
    fn take(&mut self, input: Input<'_>) {
        if let Input::Ready { packets } = input {
            self.credit += packets;
        }
        if matches!(input, Input::Lost) {
            self.credit = 0;
        }
        for output in self.peer.process(self.now, 11, input) {
            let Output::Send(payload) = output else { continue };
            assert!(self.credit > 0, "sent without credit");
            self.credit -= 1;
            assert!(payload.len() <= LONGEST_PAYLOAD);
            let Payload::PeerToPeer { destination, body } = Payload::parse(&payload) else { panic!("no packet") };
            assert_eq!(destination, THEY);
            let packet = Packet::parse(&body).expect("what is sent is a packet");
            if packet.header.session == 0 && packet.header.offset == 0 && packet.data.starts_with(b"INVITE") {
                self.calls.extend(SlpMessage::parse(&packet.data).map(|text| text.call));
            }
            self.last = Some(packet);
            self.spoke = true;
        }
    }

    fn hear(&mut self, packet: &Packet) {
        let mut body = Vec::new();
        packet.write(&mut body);
        self.take(Input::Packet(&body.into()));
    }

    fn text(&mut self, call: u8, session: u8, kind: u8, status: Option<u16>) {
        let ours = self.calls.get(usize::from(call)).cloned();
        let call = ours.unwrap_or_else(|| format!("{{{call}}}"));
        let content_type = match kind % 5 {
            0 | 1 => ContentType::SessionRequest,
            2 => ContentType::TransportRequest,
            3 => ContentType::TransportResponse,
            _ => ContentType::SessionClose,
        };
        let method = if content_type == ContentType::SessionClose { Method::Bye } else { Method::Invite };
        let (purpose, context) = match kind {
            0 => (Purpose::Object, object(700).to_context()),
            1 => (Purpose::File, FileContext::new("a.txt", u64::from(session) * 100, Bytes::new()).to_context()),
            _ => (Purpose::SeeWebcam, String::new()),
        };
        let mut text = SlpMessage::request(method, WE, THEY, "{B}", &call, content_type);
        text.fields = SessionRequest { purpose, session: session.into(), application: 1, context }.to_fields();
        if let Some(status) = status {
            let fields = text.fields.clone();
            text = text.response(Status(status), ContentType::SessionRequest, fields);
        }
        let mut content = Vec::new();
        text.write(&mut content);
        self.identifier += 1;
        let total = content.len() as u64;
        for (number, data) in content.chunks(1202).enumerate() {
            let offset = number as u64 * 1202;
            let header = Header { identifier: self.identifier, offset, total, acknowledgement: 1, ..Header::default() };
            self.hear(&Packet { header, data: Bytes::copy_from_slice(data), application: 0 });
        }
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Bytes(bytes) => self.take(Input::Packet(&Bytes::copy_from_slice(bytes))),
            Step::Packet { session, identifier, offset, total, flags, acknowledgement, size, length } => {
                let header = Header {
                    session: session.into(),
                    identifier: identifier.into(),
                    offset: offset.into(),
                    total: total.into(),
                    flags: Flags(flags),
                    acknowledgement: acknowledgement.into(),
                    acknowledged_packet: 1,
                    acknowledged_size: size.into(),
                };
                let data = vec![0; usize::from(length % 1500)].into();
                self.hear(&Packet { header, data, application: 1 });
            }
            Step::Text { call, session, kind, status } => self.text(call, session, kind, status),
            Step::Acknowledge => {
                if let Some(last) = self.last.take() {
                    self.hear(&last.acknowledged(1));
                }
            }
            Step::Resume(offset) => {
                if let Some(last) = &self.last {
                    let packet = last.resumed(1, offset.into());
                    self.hear(&packet);
                }
            }
            Step::Provide(transfer, length) => {
                self.take(Input::Provide { transfer: theirs(transfer), data: vec![1; length.into()].into() });
            }
            Step::Decide(transfer, true) => self.take(Input::AcceptFile { transfer: theirs(transfer) }),
            Step::Decide(transfer, false) => self.take(Input::DeclineFile { transfer: theirs(transfer) }),
            Step::Offer(transfer, size) => self.take(Input::OfferFile {
                transfer: TransferId(transfer.into()),
                name: "a.txt".to_owned(),
                size: size.into(),
                preview: Bytes::new(),
            }),
            Step::Feed(transfer, offset, length) => self.take(Input::Feed {
                transfer: TransferId(transfer.into()),
                offset: offset.into(),
                data: vec![1; length.into()].into(),
            }),
            Step::Fetch(transfer, size) => {
                self.take(Input::Fetch { transfer: TransferId(transfer.into()), description: object(size).to_xml() });
            }
            Step::Cancel(transfer) => {
                self.take(Input::Cancel { transfer: theirs(transfer) });
                self.take(Input::Cancel { transfer: TransferId(transfer.into()) });
            }
            Step::Ready(packets) => self.take(Input::Ready { packets: packets.into() }),
            Step::Lost => self.take(Input::Lost),
            Step::Wait(seconds) => {
                self.now += Duration::from_secs(seconds.into());
                self.take(Input::Tick);
            }
        }
    }
}

fn theirs(number: u8) -> TransferId {
    TransferId((1 << 63) + u64::from(number))
}

fn object(size: u16) -> MsnObject {
    MsnObject::describe(THEY, ObjectType::CUSTOM_EMOTICON, "e", &vec![0; size.into()])
}

/// A script of packets and wishes.
pub fn p2p_peer(bytes: &[u8]) -> bool {
    let mut script = Script(bytes);
    // Their numbers begin at 1, so that small ones hit.
    let peer = Peer::new(WE, THEY, Limits::default(), 0);
    let mut world = World {
        peer,
        now: Instant::now(),
        credit: 0,
        last: None,
        spoke: false,
        calls: Vec::new(),
        identifier: 1 << 20,
    };
    while let Some(step) = Step::read(&mut script) {
        world.step(step);
    }
    let understood = world.spoke;
    for _ in 0..200 {
        let Some(deadline) = world.peer.deadline() else { break };
        world.now = world.now.max(deadline);
        world.take(Input::Tick);
    }
    assert_eq!(world.peer.deadline(), None, "something never ends");
    world.take(Input::Ready { packets: 1000 });
    assert!(world.peer.is_idle(), "something is left");
    understood
}
