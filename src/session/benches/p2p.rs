//! How fast objects and files go through the state machine of peer-to-peer transfers: two peers against each other, over a
//! switchboard that is nothing but a queue. Both sides of each transfer are in the figure.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use chrysalis_session::p2p::{Input, Limits, Output, Peer, TransferId};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use msnp::{
    message::Payload,
    object::{MsnObject, ObjectType},
};

const NAMES: [&str; 2] = ["bob.bridge@example.net", "carol@example.net"];

/// How many packets are under way at once.
const CREDIT: usize = 8;

const TRANSFER: TransferId = TransferId(1);

/// Two peers; the first gives, the second takes.
struct Exchange {
    now: Instant,
    peers: [Peer; 2],
    /// What is on its way to each.
    ways: [VecDeque<Bytes>; 2],
    /// What is given.
    data: Bytes,
    taken: usize,
}

impl Exchange {
    fn new(data: Bytes) -> Self {
        let peer = |we: usize| Peer::new(NAMES[we], NAMES[1 - we], Limits::default(), 7 + we as u64);
        let mut exchange =
            Self { now: Instant::now(), peers: [peer(0), peer(1)], ways: Default::default(), data, taken: 0 };
        for side in [0, 1] {
            exchange.take(side, Input::Ready { packets: CREDIT });
        }
        exchange
    }

    fn take(&mut self, side: usize, input: Input<'_>) {
        for output in self.peers[side].process(self.now, 1, input) {
            self.obey(side, output);
        }
    }

    fn obey(&mut self, side: usize, output: Output) {
        match output {
            Output::Send(payload) => self.ways[1 - side].push_back(payload),
            Output::ObjectWanted { transfer, .. } => {
                let data = self.data.clone();
                self.take(side, Input::Provide { transfer, data });
            }
            Output::FileOffered { transfer, .. } => self.take(side, Input::AcceptFile { transfer }),
            Output::Want { transfer, offset, length } => {
                let data = self.data.slice(offset as usize..offset as usize + length);
                self.take(side, Input::Feed { transfer, offset, data });
            }
            Output::FileData { data, .. } | Output::ObjectFetched { data, .. } => self.taken += data.len(),
            Output::FileReceived { .. } | Output::FileSent { .. } | Output::FileAccepted { .. } => {}
            Output::FileTooLarge { .. }
            | Output::FileDeclined { .. }
            | Output::Failed { .. }
            | Output::InkReceived { .. }
            | Output::InvitationDeclined { .. } => panic!("{output:?}"),
        }
    }

    /// Lets packets arrive until there are none; says how many bytes were taken.
    fn finish(mut self) -> usize {
        while let Some(side) = [0, 1].into_iter().find(|side| !self.ways[*side].is_empty()) {
            let payload = self.ways[side].pop_front().unwrap();
            self.take(1 - side, Input::Ready { packets: 1 });
            let Payload::PeerToPeer { body, .. } = Payload::parse(&payload) else { panic!("{payload:?}") };
            self.take(side, Input::Packet(&body));
        }
        self.taken
    }
}

fn pattern(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn transfers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peer to peer");
    group.sample_size(20);
    for length in [20_000, 1 << 20] {
        let data = pattern(length);
        let description = MsnObject::describe(NAMES[0], ObjectType::DISPLAY_PICTURE, "TFR1.tmp", &data).to_xml();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("object of {length} bytes"), |bencher| {
            bencher.iter(|| {
                let mut exchange = Exchange::new(black_box(data.clone()));
                exchange.take(1, Input::Fetch { transfer: TRANSFER, description: description.clone() });
                assert_eq!(exchange.finish(), length);
            });
        });
        group.bench_function(format!("file of {length} bytes"), |bencher| {
            bencher.iter(|| {
                let mut exchange = Exchange::new(black_box(data.clone()));
                let (name, preview) = ("a.bin".to_owned(), Bytes::new());
                exchange.take(0, Input::OfferFile { transfer: TRANSFER, name, size: length as u64, preview });
                assert_eq!(exchange.finish(), length);
            });
        });
    }
}

criterion_group!(benches, transfers);
criterion_main!(benches);
