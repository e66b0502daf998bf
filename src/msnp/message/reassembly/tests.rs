use super::*;

const FIRST: ChunkPlace = ChunkPlace::First { total: 2 };
const LATER: ChunkPlace = ChunkPlace::Later { index: 1 };

fn whole(body: &'static str) -> Reassembled {
    Reassembled::Whole(Headers::new().with("Content-Type", "x/y"), body.into())
}

struct Desk {
    reassembly: Reassembly,
    now: Instant,
}

impl Desk {
    fn new(limits: ReassemblyLimits) -> Desk {
        Desk { reassembly: Reassembly::new(limits), now: Instant::now() }
    }

    fn take(&mut self, message: &str, place: ChunkPlace, body: &'static str) -> Reassembled {
        let headers = Headers::new().with("Content-Type", "x/y");
        self.reassembly.take(self.now, message, place, &headers, &body.into())
    }
}

#[test]
fn a_minute_is_the_limit() {
    let mut desk = Desk::new(ReassemblyLimits::default());
    assert_eq!(desk.take("a", FIRST, "1"), Reassembled::Waiting);
    desk.now += Duration::from_secs(30);
    assert_eq!(desk.take("b", FIRST, "1"), Reassembled::Waiting);
    desk.now += Duration::from_secs(30);
    assert_eq!(desk.take("a", LATER, "2"), Reassembled::Refused, "it is over");
    assert_eq!(desk.take("b", LATER, "2"), whole("12"));
    desk.now += Duration::from_mins(1);
    desk.reassembly.expire(desk.now);
    assert!(desk.reassembly.is_empty());
}

#[test]
fn the_oldest_makes_room() {
    let mut desk = Desk::new(ReassemblyLimits { messages: 2, ..ReassemblyLimits::default() });
    for message in ["a", "b", "c"] {
        assert_eq!(desk.take(message, FIRST, "1"), Reassembled::Waiting);
    }
    assert_eq!(desk.take("b", LATER, "2"), whole("12"));
    assert_eq!(desk.take("a", LATER, "2"), Reassembled::Refused);
    assert_eq!(desk.take("c", LATER, "2"), whole("12"));
}

#[test]
fn a_message_over_the_limits_is_dropped() {
    let limits = ReassemblyLimits { messages: 4, chunks: 3, bytes: 4 };
    let mut desk = Desk::new(limits);
    assert_eq!(desk.take("a", ChunkPlace::First { total: 4 }, "1"), Reassembled::Refused);
    assert_eq!(desk.take("b", ChunkPlace::Later { index: 3 }, "1"), Reassembled::Refused);
    assert_eq!(desk.take("c", ChunkPlace::Later { index: 0 }, "1"), Reassembled::Refused);
    assert!(desk.reassembly.is_empty());
    assert_eq!(desk.take("d", FIRST, "123"), Reassembled::Waiting);
    assert_eq!(desk.take("d", LATER, "45"), Reassembled::Refused);
    assert!(desk.reassembly.is_empty());
    // Repetitions cost nothing.
    for _ in 0..9 {
        assert_eq!(desk.take("e", FIRST, "123"), Reassembled::Waiting);
    }
    assert_eq!(desk.take("e", LATER, "4"), whole("1234"));
    // A chunk behind what the first then says is the end.
    assert_eq!(desk.take("f", ChunkPlace::Later { index: 2 }, "1"), Reassembled::Waiting);
    assert_eq!(desk.take("f", FIRST, "1"), Reassembled::Refused);
    assert!(desk.reassembly.is_empty());
    // What comes of them later begins nothing new; by the time they are forgotten, others have followed.
    for message in ["d", "f"] {
        assert_eq!(desk.take(message, LATER, "1"), Reassembled::Refused, "{message}");
    }
    for message in ["g", "h", "i", "j"] {
        assert_eq!(desk.take(message, ChunkPlace::First { total: 4 }, "1"), Reassembled::Refused);
    }
    assert_eq!(desk.reassembly.given_up.len(), 4);
    assert_eq!(desk.take("d", LATER, "1"), Reassembled::Waiting);
}

#[test]
fn messages_do_not_mix() {
    let mut desk = Desk::new(ReassemblyLimits::default());
    assert_eq!(desk.take("a", LATER, "2"), Reassembled::Waiting);
    assert_eq!(desk.take("b", LATER, "4"), Reassembled::Waiting);
    assert_eq!(desk.take("b", FIRST, "3"), whole("34"));
    assert_eq!(desk.take("a", FIRST, "1"), whole("12"));
}
