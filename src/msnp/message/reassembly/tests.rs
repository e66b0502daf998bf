use super::*;

const FIRST: ChunkPlace = ChunkPlace::First { total: 2 };
const LATER: ChunkPlace = ChunkPlace::Later { index: 1 };

struct Desk {
    reassembly: Reassembly,
    now: Instant,
}

impl Desk {
    fn new(limits: ReassemblyLimits) -> Desk {
        Desk { reassembly: Reassembly::new(limits), now: Instant::now() }
    }

    fn take(&mut self, message: &str, place: ChunkPlace, body: &'static str) -> Option<Bytes> {
        let headers = Headers::new().with("Content-Type", "x/y");
        self.reassembly.take(self.now, message, place, &headers, &body.into()).map(|(_, body)| body)
    }
}

#[test]
fn a_minute_is_the_limit() {
    let mut desk = Desk::new(ReassemblyLimits::default());
    assert_eq!(desk.take("a", FIRST, "1"), None);
    desk.now += Duration::from_secs(30);
    assert_eq!(desk.take("b", FIRST, "1"), None);
    desk.now += Duration::from_secs(30);
    assert_eq!(desk.take("a", LATER, "2"), None, "it is over");
    assert_eq!(desk.take("b", LATER, "2"), Some("12".into()));
    desk.now += Duration::from_mins(1);
    desk.reassembly.expire(desk.now);
    assert!(desk.reassembly.is_empty());
}

#[test]
fn the_oldest_makes_room() {
    let mut desk = Desk::new(ReassemblyLimits { messages: 2, ..ReassemblyLimits::default() });
    for message in ["a", "b", "c"] {
        assert_eq!(desk.take(message, FIRST, "1"), None);
    }
    assert_eq!(desk.take("b", LATER, "2"), Some("12".into()));
    assert_eq!(desk.take("a", LATER, "2"), None);
    assert_eq!(desk.take("c", LATER, "2"), Some("12".into()));
}

#[test]
fn a_message_over_the_limits_is_dropped() {
    let limits = ReassemblyLimits { messages: 4, chunks: 3, bytes: 4 };
    let mut desk = Desk::new(limits);
    assert_eq!(desk.take("a", ChunkPlace::First { total: 4 }, "1"), None);
    assert_eq!(desk.take("b", ChunkPlace::Later { index: 3 }, "1"), None);
    assert_eq!(desk.take("c", ChunkPlace::Later { index: 0 }, "1"), None);
    assert!(desk.reassembly.is_empty());
    assert_eq!(desk.take("d", FIRST, "123"), None);
    assert_eq!(desk.take("d", LATER, "45"), None);
    assert!(desk.reassembly.is_empty());
    // Repetitions cost nothing.
    for _ in 0..9 {
        assert_eq!(desk.take("e", FIRST, "123"), None);
    }
    assert_eq!(desk.take("e", LATER, "4"), Some("1234".into()));
    // A chunk behind what the first then says is the end.
    assert_eq!(desk.take("f", ChunkPlace::Later { index: 2 }, "1"), None);
    assert_eq!(desk.take("f", FIRST, "1"), None);
    assert!(desk.reassembly.is_empty());
}

#[test]
fn messages_do_not_mix() {
    let mut desk = Desk::new(ReassemblyLimits::default());
    assert_eq!(desk.take("a", LATER, "2"), None);
    assert_eq!(desk.take("b", LATER, "4"), None);
    assert_eq!(desk.take("b", FIRST, "3"), Some("34".into()));
    assert_eq!(desk.take("a", FIRST, "1"), Some("12".into()));
}
