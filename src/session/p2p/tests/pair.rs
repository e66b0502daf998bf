//! Two peers against each other, over a switchboard that mixes and is lost; and one against nonsense.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 2] = [WE, THEY];

/// How many packets a switchboard takes before the first has arrived.
const ROOM: usize = 5;

/// What one side has and got.
#[derive(Default)]
struct Side {
    /// By transfer: what is offered.
    files: BTreeMap<u64, Bytes>,
    /// By data hash: what there is to be fetched.
    objects: BTreeMap<String, Bytes>,
    fetched: Vec<Bytes>,
    receiving: BTreeMap<u64, Vec<u8>>,
    received: Vec<Vec<u8>>,
    sent: usize,
    failed: Vec<(TransferId, Failure)>,
}

struct Both {
    now: Instant,
    peers: [Peer; 2],
    sides: [Side; 2],
    /// What is on its way to each.
    ways: [VecDeque<Bytes>; 2],
    chance: u64,
}

impl Both {
    fn new(seed: u64) -> Both {
        let peer = |we: usize| Peer::new(NAMES[we], NAMES[1 - we], Limits::default(), seed ^ we as u64);
        let mut both = Both {
            now: Instant::now(),
            peers: [peer(0), peer(1)],
            sides: [Side::default(), Side::default()],
            ways: [VecDeque::new(), VecDeque::new()],
            chance: seed,
        };
        both.open();
        both
    }

    fn open(&mut self) {
        for side in [0, 1] {
            self.take(side, Input::Ready { packets: ROOM });
        }
    }

    /// The switchboard is lost, and with it whatever is on its way, though a socket may have taken that.
    fn lose(&mut self, has_left: bool) {
        for side in [0, 1] {
            if has_left {
                let packets = self.ways[1 - side].len();
                self.take(side, Input::Ready { packets });
            }
        }
        for side in [0, 1] {
            self.ways[side].clear();
            self.take(side, Input::Lost);
        }
        self.open();
    }

    fn take(&mut self, side: usize, input: Input<'_>) {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let outputs = self.peers[side].process(self.now, self.chance, input);
        for output in outputs {
            self.obey(side, output);
        }
    }

    fn obey(&mut self, side: usize, output: Output) {
        let own = &mut self.sides[side];
        match output {
            Output::Send(payload) => self.ways[1 - side].push_back(payload),
            Output::ObjectWanted { transfer, object } => {
                let data = own.objects[&object.data_hash].clone();
                self.take(side, Input::Provide { transfer, data });
            }
            Output::FileOffered { transfer, .. } => {
                own.receiving.insert(transfer.0, Vec::new());
                self.take(side, Input::AcceptFile { transfer });
            }
            Output::FileData { transfer, data } => {
                own.receiving.get_mut(&transfer.0).unwrap().extend_from_slice(&data);
            }
            Output::FileReceived { transfer } => own.received.extend(own.receiving.remove(&transfer.0)),
            Output::Want { transfer, offset, length } => {
                let start = offset as usize;
                let data = own.files[&transfer.0].slice(start..start + length);
                self.take(side, Input::Feed { transfer, offset, data });
            }
            Output::FileSent { .. } => own.sent += 1,
            Output::ObjectFetched { data, .. } => own.fetched.push(data),
            Output::Failed { transfer, why } => own.failed.push((transfer, why)),
            Output::FileAccepted { .. } => {}
            Output::FileTooLarge { .. }
            | Output::FileDeclined { .. }
            | Output::InkReceived { .. }
            | Output::InvitationDeclined { .. } => panic!("{output:?}"),
        }
    }

    /// The next packet arrives at a side, if there is one.
    fn deliver(&mut self, side: usize) -> bool {
        let Some(payload) = self.ways[side].pop_front() else { return false };
        assert!(self.ways[side].len() < ROOM, "more than the credit");
        self.take(1 - side, Input::Ready { packets: 1 });
        let Payload::PeerToPeer { destination, body } = Payload::parse(&payload) else { panic!("{payload:?}") };
        assert_eq!(destination, NAMES[side]);
        assert!(payload.len() <= message::LONGEST_PAYLOAD);
        self.take(side, Input::Packet(&body));
        true
    }

    /// Until nothing is on its way and nobody waits for anything.
    fn finish(&mut self) {
        loop {
            while self.deliver(0) | self.deliver(1) {}
            let Some(deadline) = self.peers.iter().filter_map(Peer::deadline).min() else { break };
            self.now = self.now.max(deadline);
            for side in [0, 1] {
                self.take(side, Input::Tick);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Deliver(usize),
    Offer(usize, u32),
    Fetch(usize, u32),
    Lose { has_left: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0_usize..2).prop_map(Step::Deliver),
        2 => (0_usize..2, prop_oneof![Just(0_u32), 1_u32..9000, Just(100_000)]).prop_map(|(side, size)| Step::Offer(side, size)),
        2 => (0_usize..2, 1_u32..9000).prop_map(|(side, size)| Step::Fetch(side, size)),
        1 => any::<bool>().prop_map(|has_left| Step::Lose { has_left }),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_arrives(seed in any::<u64>(), steps in steps()) {
        let mut both = Both::new(seed);
        let (mut offered, mut asked) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for (number, step) in steps.into_iter().enumerate() {
            let transfer = TransferId(number as u64);
            match step {
                Step::Deliver(side) => drop(both.deliver(side)),
                Step::Lose { has_left } => both.lose(has_left),
                Step::Offer(side, size) if offered[side].len() + asked[side].len() < 12 => {
                    let file: Bytes = pattern(size + number as u32).slice(number..);
                    offered[side].push(file.to_vec());
                    both.sides[side].files.insert(transfer.0, file);
                    let (name, preview) = (format!("{number}.bin"), pattern(number as u32 * 20));
                    both.take(side, Input::OfferFile { transfer, name, size: size.into(), preview });
                }
                Step::Fetch(side, size) if offered[side].len() + asked[side].len() < 12 => {
                    let data: Bytes = pattern(size + number as u32).slice(number..);
                    let object = MsnObject::describe(NAMES[1 - side], ObjectType::CUSTOM_EMOTICON, "e", &data);
                    both.sides[1 - side].objects.insert(object.data_hash.clone(), data.clone());
                    asked[side].push(data);
                    both.take(side, Input::Fetch { transfer, description: object.to_xml() });
                }
                Step::Offer(..) | Step::Fetch(..) => {}
            }
        }
        both.finish();
        for side in [0, 1] {
            let own = &mut both.sides[side];
            prop_assert_eq!(&own.failed, &[]);
            prop_assert_eq!(own.sent, offered[side].len());
            own.fetched.sort();
            asked[side].sort();
            prop_assert_eq!(&own.fetched, &asked[side]);
            own.received.sort();
            offered[1 - side].sort();
            prop_assert_eq!(&own.received, &offered[1 - side]);
            prop_assert!(both.peers[side].is_idle());
        }
    }
}

/// Packets that could be from a client gone wild: plausible numbers in wrong places.
fn odd_packets() -> impl Strategy<Value = Packet> {
    let number = || prop_oneof![Just(0_u32), Just(64), Just(4711), 0x02b0_003f_u32..0x02b0_0050, any::<u32>()];
    let size = || prop_oneof![0_u64..10, 1000_u64..6000, any::<u64>()];
    let flags = prop_oneof![
        Just(0_u32),
        Just(1),
        Just(2),
        Just(8),
        Just(0x20),
        Just(0x40),
        Just(0x80),
        Just(0x0100_0030),
        any::<u32>()
    ];
    let text = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(written(&invitation(4711, Purpose::Object, &picture().to_context()))),
        Just(written(&invitation(4711, Purpose::File, &file_context(3000)))),
        Just(written(&SlpMessage::request(Method::Bye, WE, THEY, BRANCH, CALL, ContentType::SessionClose))),
        Just(written(&SlpMessage::request(Method::Invite, WE, THEY, BRANCH, CALL, ContentType::TransportRequest))),
        Just(pattern(1202).to_vec()),
    ];
    let numbers = (number(), number(), number(), number());
    (numbers, size(), size(), size(), flags, text, any::<bool>()).prop_map(
        |(numbers, offset, total, size, flags, data, is_whole)| {
            let (session, identifier, acknowledgement, acknowledged_packet) = numbers;
            let (offset, total) = if is_whole { (0, data.len() as u64) } else { (offset, total) };
            let header = Header {
                session,
                identifier,
                offset,
                total,
                flags: Flags(flags),
                acknowledgement,
                acknowledged_packet,
                acknowledged_size: size,
            };
            Packet { header, data: data.into(), application: 1 }
        },
    )
}

fn written(text: &SlpMessage) -> Vec<u8> {
    let mut out = Vec::new();
    text.write(&mut out);
    out
}

fn inputs() -> impl Strategy<Value = Input<'static>> {
    let transfer = || prop_oneof![0_u64..3, THEIRS.0..THEIRS.0 + 4].prop_map(TransferId);
    prop_oneof![
        transfer().prop_map(|transfer| Input::Provide { transfer, data: pattern(5000) }),
        transfer().prop_map(|transfer| Input::Unavailable { transfer }),
        transfer().prop_map(|transfer| Input::AcceptFile { transfer }),
        transfer().prop_map(|transfer| Input::Cancel { transfer }),
        (transfer(), 0_u64..5000).prop_map(|(transfer, size)| Input::OfferFile {
            transfer,
            name: "a".to_owned(),
            size,
            preview: Bytes::new()
        }),
        (transfer(), 0_u64..3000, 0_u32..3000).prop_map(|(transfer, offset, length)| Input::Feed {
            transfer,
            offset,
            data: pattern(length)
        }),
        transfer().prop_map(|transfer| Input::Fetch { transfer, description: picture().to_xml() }),
        (0_usize..20).prop_map(|packets| Input::Ready { packets }),
        Just(Input::Lost),
        Just(Input::Tick),
    ]
}

proptest! {
    #[test]
    fn nonsense_does_no_harm(happenings in prop::collection::vec((any::<bool>(), odd_packets(), inputs(), 0_u64..60), 0..60)) {
        let mut world = World::new();
        for (is_packet, packet, input, seconds) in happenings {
            let outputs = if is_packet { world.hear(&packet) } else { world.take(input) };
            let is_short = sent(&outputs).iter().all(|payload| payload.len() <= message::LONGEST_PAYLOAD);
            prop_assert!(is_short);
            world.now += Duration::from_secs(seconds);
        }
        // Whatever it was, it comes to an end.
        for _ in 0..100 {
            let Some(deadline) = world.peer.deadline() else { break };
            world.now = world.now.max(deadline);
            world.take(Input::Tick);
        }
        prop_assert_eq!(world.peer.deadline(), None);
    }

    #[test]
    fn any_bytes_do_no_harm(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..20)) {
        let mut world = World::new();
        for body in bodies {
            world.take(Input::Packet(&body.into()));
        }
    }
}
