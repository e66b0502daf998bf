//! A connection takes any bytes in any portions, at any stage: it answers or closes, what it sends is the protocol, and the
//! portions make no difference.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Moment, Timestamp,
    account::{self, Answer, SessionId},
    conversation::{Body, SeatEvent},
    network::NetworkIds,
};
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
#[derive(Debug, Clone, Copy)]
enum Start {
    Fresh,
    SignedIn,
    Seated,
}

#[derive(Debug)]
struct Case<'a> {
    start: Start,
    strict: bool,
    /// Bytes in one portion, less one.
    portion: u8,
    bytes: &'a [u8],
    /// Seconds until the end, when the clock is looked at.
    later: u16,
}

impl<'a> Case<'a> {
    /// Five bytes say how it is, the others are the connection's own.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&[start, strict, portion, low, high], bytes) = bytes.split_first_chunk()?;
        let start = match start % 3 {
            0 => Start::Fresh,
            1 => Start::SignedIn,
            _ => Start::Seated,
        };
        Some(Self { start, strict: strict & 1 == 1, portion, bytes, later: u16::from_le_bytes([low, high]) })
    }
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
    fn new(case: &Case<'_>, instant: Instant) -> Self {
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
                Action::Notification(request) => Some(Input::Notification(serve(request))),
                Action::Switchboard(request) => seat(request).map(Input::Switchboard),
            };
            if let Some(answer) = answer {
                waiting.extend(self.connection.process(&self.moment, answer).into_iter().rev());
            }
        }
    }
}

fn serve(request: notification::Request) -> notification::Input {
    match request {
        notification::Request::Admit { .. } => notification::Input::Admitted { redirect: None },
        notification::Request::SignIn { passport, ticket, .. } => {
            let passport = passport.parse().unwrap_or_else(|_| CLIENT.parse().expect("an address"));
            let address = ([127, 0, 0, 1], 1).into();
            notification::Input::SignedIn(Ok(SignedIn { passport, session: SessionId(1), member: 1, ticket, address }))
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
                account::Request::Synchronize
                | account::Request::AddContact { .. }
                | account::Request::RemoveContact { .. }
                | account::Request::AddGroup { .. }
                | account::Request::RemoveGroup { .. }
                | account::Request::RenameGroup { .. }
                | account::Request::ChangeContact { .. }
                | account::Request::LookUp(_) => Answer::Refused(account::Refusal::Unavailable),
            };
            notification::Input::Answer { tag, answer }
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
        switchboard::Request::Shown(_) | switchboard::Request::Overran(_) => return None,
    };
    Some(switchboard::Input::Seat(event))
}

/// Where a client has got to, how its bytes come, and the bytes.
pub fn connection(bytes: &[u8]) -> bool {
    let Some(case) = Case::read(bytes) else { return false };
    let began = Instant::now();
    let (mut whole, mut portioned) = (World::new(&case, began), World::new(&case, began));
    whole.hear(case.bytes);
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
    !whole.sent.is_empty()
}
