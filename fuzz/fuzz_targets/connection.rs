//! A connection takes any bytes in any portions, at any stage: it answers or closes, what it sends is the protocol, and the
//! portions make no difference.

#![no_main]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use domain::{
    Moment, Timestamp,
    account::{self, Answer, SessionId},
    conversation::{Body, SeatEvent},
    network::NetworkIds,
};
use libfuzzer_sys::fuzz_target;
use msnp::{
    dialect::Dialect,
    frame::{Decoder, Direction, Limits, Side},
};
use session::{
    Action, Connection, Input, Settings,
    emoji::Emoji,
    notification::{self, SignedIn},
    settings::{BRIDGED_FONT, Challenges},
    switchboard::{self, Admission},
};

/// Where a client has got to before the arbitrary bytes.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Start {
    Fresh,
    SignedIn,
    Seated,
}

#[derive(Debug, Arbitrary)]
struct Case {
    start: Start,
    strict: bool,
    /// Bytes in one portion, less one.
    portion: u8,
    bytes: Vec<u8>,
    /// Seconds until the end, when the clock is looked at.
    later: u16,
}

const CLIENT: &str = "carol@example.com";

/// A connection, and a server that grants everything at once.
struct World {
    connection: Connection,
    moment: Moment,
    sent: Vec<u8>,
    closed: bool,
}

impl World {
    fn new(case: &Case, instant: Instant) -> Self {
        let settings = Settings {
            network_ids: NetworkIds::default(),
            emoji: Emoji::default(),
            bridged_font: BRIDGED_FONT.into(),
            challenges: if case.strict { Challenges::Strict } else { Challenges::Lenient },
            calls_per_minute: 60,
            messages_per_minute: 6_000,
            mail: case.strict,
            web: "http://localhost".into(),
            public_address: "localhost:1863".into(),
        };
        let moment = Moment { instant, wall: Timestamp(1_795_374_520_123), chance: 7 };
        let connection = Connection::new(Arc::new(settings), instant);
        let mut world = Self { connection, moment, sent: Vec::new(), closed: false };
        match case.start {
            Start::Fresh => {}
            Start::SignedIn => world.hear(
                format!("VER 1 MSNP12 CVR0\r\nUSR 2 TWN I {CLIENT}\r\nUSR 3 TWN S t=x\r\nCHG 4 NLN 0\r\n").as_bytes(),
            ),
            Start::Seated => world.hear(format!("USR 1 {CLIENT} cookie\r\n").as_bytes()),
        }
        world
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.take(Input::Bytes(bytes));
    }

    fn take(&mut self, input: Input<'_>) {
        let mut waiting = self.connection.process(&self.moment, input);
        waiting.reverse();
        while let Some(action) = waiting.pop() {
            assert!(!self.closed, "{action:?} after the close");
            let answer = match action {
                Action::Send(bytes) => {
                    self.sent.extend(bytes);
                    None
                }
                Action::Close(_) => {
                    self.closed = true;
                    None
                }
                Action::Notification(request) => serve(request).map(Input::Notification),
                Action::Switchboard(request) => seat(request).map(Input::Switchboard),
            };
            if let Some(answer) = answer {
                waiting.extend(self.connection.process(&self.moment, answer).into_iter().rev());
            }
        }
    }
}

fn serve(request: notification::Request) -> Option<notification::Input> {
    match request {
        notification::Request::Admit { .. } => Some(notification::Input::Admitted { redirect: None }),
        notification::Request::SignIn { passport, ticket, .. } => {
            let passport = passport.parse().unwrap_or_else(|_| CLIENT.parse().expect("an address"));
            let address = ([127, 0, 0, 1], 1).into();
            Some(notification::Input::SignedIn(Ok(SignedIn {
                passport,
                session: SessionId(1),
                member: 1,
                ticket,
                address,
            })))
        }
        notification::Request::Ask { tag, request } => {
            let answer = match request {
                account::Request::ChangeStatus { status, capabilities, object } => {
                    Answer::Status { status, capabilities, object }
                }
                account::Request::ChangePersonalMessage(_) => Answer::PersonalMessage,
                account::Request::ChangeProperty { key, value } => Answer::Property { key, value },
                account::Request::ChangePrivacy(privacy) => Answer::Privacy(privacy),
                account::Request::ChangePrompt(prompt) => Answer::Prompt(prompt),
                account::Request::OpenSwitchboard => {
                    Answer::Switchboard { address: "localhost:1863".into(), cookie: "cookie".to_owned() }
                }
                _ => Answer::Refused(account::Refusal::Unavailable),
            };
            Some(notification::Input::Answer { tag, answer })
        }
    }
}

fn seat(request: switchboard::Request) -> Option<switchboard::Input> {
    let event = match request {
        switchboard::Request::Redeem { .. } => {
            return Some(switchboard::Input::Admitted(Some(Admission {
                passport: CLIENT.parse().expect("an address"),
                name: "Carol".to_owned(),
                capabilities: 0,
                dialect: Dialect::Msnp12,
                time_zone: None,
            })));
        }
        switchboard::Request::Call { tag, .. } => SeatEvent::Calling { tag },
        switchboard::Request::Say { saying, .. } => {
            let domain::conversation::Saying::Lasting { payload, content, .. } = saying else { return None };
            // As another client hears it, and as one of another network's messages would be heard.
            let body = content.map_or(Body::Payload(payload), Body::Content);
            let from = CLIENT.parse().expect("an address");
            SeatEvent::Message { from, name: "Carol".to_owned(), speaker: None, sent: Timestamp(0), body, id: None }
        }
        switchboard::Request::Shown(_) => return None,
    };
    Some(switchboard::Input::Seat(event))
}

fuzz_target!(|case: Case| {
    let began = Instant::now();
    let (mut whole, mut portioned) = (World::new(&case, began), World::new(&case, began));
    whole.hear(&case.bytes);
    for portion in case.bytes.chunks(usize::from(case.portion) + 1) {
        portioned.hear(portion);
    }
    assert_eq!(whole.closed, portioned.closed, "portions decide whether the connection ends");
    // What is still to be answered when the client breaks the protocol is answered or not, as it comes.
    assert!(whole.closed || whole.sent == portioned.sent, "portions make a difference");

    whole.moment.instant += Duration::from_secs(case.later.into());
    whole.take(Input::Tick);
    whole.take(Input::Arrived);

    let switchboard =
        matches!(case.start, Start::Seated) || whole.sent.starts_with(b"USR") || whole.sent.starts_with(b"ANS");
    let side = if switchboard { Side::Switchboard } else { Side::Notification };
    let mut decoder =
        Decoder::with_direction(side, Direction::FromServer, Limits { line: 1 << 20, ..Limits::default() });
    decoder.push(&whole.sent);
    while decoder.next_frame().expect("what is sent is the protocol").is_some() {}
    assert!(!decoder.is_amid_frame(), "half a command was sent");
});
