//! A body cut into chunks comes back whatever else comes between them, and chunks of any kind are held within the limits.

#![no_main]

use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use msnp::{
    message::{self, LONGEST_PAYLOAD, Payload, Reassembled, Reassembly, ReassemblyLimits},
    mime::Headers,
    p2p::guid::Guid,
};

#[derive(Debug, Arbitrary)]
enum Step {
    /// The next chunk of a true message, or one of its earlier ones again.
    Chunk { again: Option<u8> },
    /// Some chunk of another.
    Odd { message: u8, is_first: bool, number: u32, body: Vec<u8> },
    /// Time passes.
    Wait { milliseconds: u8 },
}

#[derive(Debug, Arbitrary)]
struct Case {
    length: u16,
    steps: Vec<Step>,
}

fuzz_target!(|case: Case| {
    let body: Vec<u8> = (0..case.length).map(|place| (place % 251) as u8).collect();
    let headers = Headers::new().with("Content-Type", "application/x-odd");
    let payloads = message::payloads(&headers, &body, Guid(7));
    assert!(payloads.iter().all(|payload| payload.len() <= LONGEST_PAYLOAD));

    // Others do not push it out.
    let limits = ReassemblyLimits { messages: 300, ..ReassemblyLimits::default() };
    let mut reassembly = Reassembly::new(limits);
    let (mut now, mut next) = (Instant::now(), 0);
    let mut take = |now: Instant, payload: &[u8]| match Payload::parse(&payload.to_vec().into()) {
        Payload::Chunk { message_id, place, headers, body } => {
            match reassembly.take(now, &message_id, place, &headers, &body) {
                Reassembled::Whole(headers, body) => Some((headers, body)),
                Reassembled::Waiting | Reassembled::Refused => None,
            }
        }
        _ => None,
    };
    let mut whole = None;
    for step in &case.steps {
        match step {
            Step::Chunk { again } => {
                let chosen = again.map_or(next, |again| usize::from(again).min(next));
                if let Some(payload) = payloads.get(chosen).filter(|_| whole.is_none()) {
                    whole = take(now, payload);
                    next = next.max(chosen + 1);
                }
            }
            Step::Odd { message, is_first, number, body } => {
                let name = if *is_first { "Chunks" } else { "Chunk" };
                let odd = Headers::new().with("Message-ID", &message.to_string()).with(name, &number.to_string());
                let mut payload = Vec::new();
                odd.write(&mut payload);
                payload.extend_from_slice(body);
                if let Some((_, body)) = take(now, &payload) {
                    assert!(body.len() <= limits.bytes);
                }
            }
            Step::Wait { milliseconds } => now += Duration::from_millis((*milliseconds).into()),
        }
    }
    if payloads.len() > 1 && next == payloads.len() && case.steps.len() < 200 {
        let (headers, whole) = whole.expect("all chunks have come");
        assert_eq!(headers.get("Content-Type"), Some("application/x-odd"));
        assert_eq!(whole, body);
    }
});
