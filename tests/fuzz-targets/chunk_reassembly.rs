//! A body cut into chunks comes back whatever else comes between them, and chunks of any kind are held within the limits.

use std::iter;
use std::time::{Duration, Instant};

use msnp::{
    message::{self, LONGEST_PAYLOAD, Payload, Reassembled, Reassembly, ReassemblyLimits},
    mime::Headers,
    p2p::guid::Guid,
};

use crate::script::Script;

enum Step {
    /// The next chunk of a true message, or one of its earlier ones again.
    Chunk { again: Option<u8> },
    /// Some chunk of another.
    Odd { message: u8, is_first: bool, number: u32, body: Vec<u8> },
    /// Time passes.
    Wait { milliseconds: u8 },
}

impl Step {
    fn read(script: &mut Script<'_>) -> Option<Self> {
        Some(match script.byte()? % 4 {
            0 => Self::Chunk { again: None },
            1 => Self::Chunk { again: Some(script.byte()?) },
            2 => Self::Odd {
                message: script.byte()?,
                is_first: script.byte()? & 1 == 1,
                number: script.word()?,
                body: script.portion()?.to_vec(),
            },
            _ => Self::Wait { milliseconds: script.byte()? },
        })
    }
}

/// The length of a message, and a script of what happens to its chunks.
pub fn chunk_reassembly(bytes: &[u8]) -> bool {
    let mut script = Script(bytes);
    let Some(length) = script.short() else { return false };
    let steps: Vec<Step> = iter::from_fn(|| Step::read(&mut script)).collect();
    let body: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
    let headers = Headers::new().with("Content-Type", "application/x-odd");
    let payloads = message::payloads(&headers, &body, Guid(7));
    assert!(payloads.iter().all(|payload| payload.len() <= LONGEST_PAYLOAD));

    // Others do not push it out.
    let limits = ReassemblyLimits { messages: 300, ..ReassemblyLimits::default() };
    let mut reassembly = Reassembly::new(limits);
    let (mut now, mut next) = (Instant::now(), 0);
    let mut take = |now: Instant, payload: &[u8]| {
        let Payload::Chunk { message_id, place, headers, body } = Payload::parse(&payload.to_vec().into()) else {
            return None;
        };
        match reassembly.take(now, &message_id, place, &headers, &body) {
            Reassembled::Whole(headers, body) => Some((headers, body)),
            Reassembled::Waiting | Reassembled::Refused => None,
        }
    };
    let mut whole = None;
    for step in &steps {
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
    if payloads.len() > 1 && next == payloads.len() && steps.len() < 200 {
        let (headers, whole) = whole.expect("all chunks have come");
        assert_eq!(headers.get("Content-Type"), Some("application/x-odd"));
        assert_eq!(whole, body);
    }
    !steps.is_empty()
}
