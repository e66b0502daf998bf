use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{
    Moment, Timestamp,
    account::{self, Answer, Dismissal, Event, SessionId},
    network::NetworkIds,
    presence::Sighting,
};
use proptest::prelude::*;

use super::{Input, Request, SignInRefusal, SignedIn};
use crate::{Action, Closing, Connection, Settings, emoji::Emoji, settings::Challenges};

/// A connection under a clock of its own.
struct Bench {
    connection: Connection,
    start: Instant,
    now: Duration,
}

impl Bench {
    fn new(challenges: Challenges) -> Self {
        let settings = Settings {
            network_ids: NetworkIds::default(),
            emoji: Emoji::Codes,
            challenges,
            web: "http://127.0.0.1:8080".into(),
            public_address: "127.0.0.1:1863".into(),
        };
        let start = Instant::now();
        Self { connection: Connection::new(Arc::new(settings), start), start, now: Duration::ZERO }
    }

    fn moment(&self) -> Moment {
        Moment { instant: self.start + self.now, wall: Timestamp(1_795_374_520_123), chance: 7 }
    }

    fn bytes(&mut self, bytes: &str) -> Vec<Action> {
        let moment = self.moment();
        self.connection.process(&moment, crate::Input::Bytes(bytes.as_bytes()))
    }

    fn input(&mut self, input: Input) -> Vec<Action> {
        let moment = self.moment();
        self.connection.process(&moment, crate::Input::Notification(input))
    }

    fn pass(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        let moment = self.moment();
        self.connection.process(&moment, crate::Input::Tick)
    }

    /// A bench with Carol signed in.
    fn signed_in(challenges: Challenges) -> Self {
        let mut bench = Self::new(challenges);
        let _ = bench.bytes("VER 1 MSNP12 MSNP11 CVR0\r\nUSR 2 TWN I carol@example.com\r\n");
        let _ = bench.input(Input::Admitted { redirect: None });
        let _ = bench.bytes("USR 3 TWN S t=ticket&p=\r\n");
        let address: SocketAddr = "127.0.0.1:1000".parse().unwrap();
        let client = SignedIn {
            passport: "carol@example.com".parse().unwrap(),
            session: SessionId(1),
            member: 1 << 32 | 2,
            ticket: "ticket".into(),
            address,
        };
        let sent = text(&bench.input(Input::SignedIn(Ok(client))));
        assert!(sent.starts_with("USR 3 OK carol@example.com 1 0\r\nSBS 0 null\r\nMSG Hotmail Hotmail "), "{sent}");
        bench
    }
}

/// What was sent, as text.
fn text(actions: &[Action]) -> String {
    let bytes = actions.iter().filter_map(|action| match action {
        Action::Send(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Action::Notification(_) | Action::Switchboard(_) | Action::Close(_) => None,
    });
    bytes.collect()
}

fn closing(actions: &[Action]) -> Option<Closing> {
    match actions.last() {
        Some(Action::Close(closing)) => Some(*closing),
        _ => None,
    }
}

#[test]
fn a_pipelined_sign_in_waits_where_it_must() {
    let mut bench = Bench::new(Challenges::Off);
    let actions = bench.bytes(
        "VER 1 MSNP12 MSNP11 CVR0\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 7.5.0324 msmsgs carol@example.com\r\n\
         USR 3 TWN I carol@example.com\r\nUSR 4 TWN S t=ticket&p=x\r\n",
    );
    let sent = text(&actions);
    assert!(sent.starts_with("VER 1 MSNP12\r\nCVR 2 7.5.0324 7.5.0324 7.5.0324 "), "{sent}");
    assert_eq!(
        actions.last(),
        Some(&Action::Notification(Request::Admit { passport: "carol@example.com".into() })),
        "the ticket is not looked at before the account is admitted"
    );
    assert!(!bench.connection.is_ready());
    let actions = bench.input(Input::Admitted { redirect: None });
    assert!(text(&actions).starts_with("USR 3 TWN S ct="));
    let Some(Action::Notification(Request::SignIn { ticket, .. })) = actions.last() else { panic!("{actions:?}") };
    assert_eq!(ticket, "ticket");
}

#[test]
fn no_common_dialect_is_told_and_ends_it() {
    let mut bench = Bench::new(Challenges::Off);
    let actions = bench.bytes("VER 1 MSNP18 MSNP15 CVR0\r\n");
    assert_eq!((text(&actions).as_str(), closing(&actions)), ("VER 1 0\r\n", Some(Closing::Refused)));
    assert_eq!(bench.bytes("VER 1 MSNP12\r\n"), [], "nothing is heard after the end");
}

#[test]
fn a_client_can_be_sent_elsewhere() {
    let mut bench = Bench::new(Challenges::Off);
    let _ = bench.bytes("VER 1 MSNP12\r\nUSR 2 TWN I carol@example.com\r\n");
    let actions = bench.input(Input::Admitted { redirect: Some("203.0.113.5:1863".into()) });
    assert_eq!(text(&actions), "XFR 2 NS 203.0.113.5:1863 0 203.0.113.5:1863\r\n");
    assert_eq!(closing(&actions), Some(Closing::Redirected));
}

#[test]
fn a_bad_ticket_is_911_and_a_server_that_cannot_tell_600() {
    for (refusal, wanted) in [(SignInRefusal::Ticket, "911 3\r\n"), (SignInRefusal::Unavailable, "600 3\r\n")] {
        let mut bench = Bench::new(Challenges::Off);
        let _ = bench.bytes("VER 1 MSNP12\r\nUSR 2 TWN I carol@example.com\r\n");
        let _ = bench.input(Input::Admitted { redirect: None });
        let _ = bench.bytes("USR 3 TWN S t=wrong\r\n");
        let actions = bench.input(Input::SignedIn(Err(refusal)));
        assert_eq!((text(&actions).as_str(), closing(&actions)), (wanted, Some(Closing::Refused)));
    }
}

#[test]
fn commands_before_sign_in_are_refused() {
    let mut bench = Bench::new(Challenges::Off);
    let actions = bench.bytes("VER 1 MSNP12\r\nSYN 2 0 0\r\n");
    assert_eq!(text(&actions), "VER 1 MSNP12\r\n302 2\r\n");
    assert_eq!(closing(&actions), Some(Closing::Forbidden));
}

#[test]
fn silence_before_sign_in_and_amid_a_command_ends_the_connection() {
    let mut silent = Bench::new(Challenges::Off);
    assert_eq!(silent.pass(Duration::from_secs(59)), []);
    assert_eq!(closing(&silent.pass(Duration::from_secs(1))), Some(Closing::Silent));

    let mut half = Bench::signed_in(Challenges::Off);
    let _ = half.bytes("UUX 4 50\r\n<Data>");
    assert_eq!(closing(&half.pass(Duration::from_mins(1))), Some(Closing::Silent));

    let mut idle = Bench::signed_in(Challenges::Off);
    assert_eq!(idle.pass(Duration::from_mins(10)), [], "an idle client is left alone");
}

#[test]
fn the_first_status_brings_a_challenge_whose_answer_may_be_checked() {
    let status = || Answer::Status { status: domain::Status::Online, capabilities: 5, object: None };
    for (challenges, wanted) in [(Challenges::Lenient, "QRY 5\r\n"), (Challenges::Strict, "540 5\r\n")] {
        let mut bench = Bench::signed_in(challenges);
        let sent = text(&bench.input(Input::Answer { tag: 4, answer: status() }));
        assert_eq!(sent, "CHG 4 NLN 5\r\nCHL 0 00000000000000000007\r\n");
        let again = text(&bench.input(Input::Answer { tag: 6, answer: status() }));
        assert_eq!(again, "CHG 6 NLN 5\r\n", "one challenge is enough");
        let answer = "QRY 5 PROD0090YUAUV{2B 32\r\n00000000000000000000000000000000";
        assert_eq!(text(&bench.bytes(answer)), wanted);
    }
    let mut bench = Bench::signed_in(Challenges::Strict);
    let _ = bench.input(Input::Answer { tag: 4, answer: status() });
    let right = msnp::challenge::answer("00000000000000000007", "PROD0090YUAUV{2B", "YMM8C_H7KCQ2S_KL");
    assert_eq!(text(&bench.bytes(&format!("QRY 5 PROD0090YUAUV{{2B 32\r\n{right}"))), "QRY 5\r\n");
    let mut late = Bench::signed_in(Challenges::Strict);
    let _ = late.input(Input::Answer { tag: 4, answer: status() });
    assert_eq!(closing(&late.pass(Duration::from_secs(50))), Some(Closing::Silent));
}

#[test]
fn requests_keep_their_number() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let actions = bench.bytes("SYN 5 0 0\r\nXFR 6 SB\r\nXFR 7 NS\r\n");
    let asked = |action: &Action| match action {
        Action::Notification(Request::Ask { tag, .. }) => Some(*tag),
        Action::Notification(_) | Action::Send(_) | Action::Switchboard(_) | Action::Close(_) => None,
    };
    assert_eq!(actions.iter().filter_map(asked).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(text(&actions), "201 7\r\n");
    let refused = bench.input(Input::Answer { tag: 6, answer: Answer::Refused(account::Refusal::Hidden) });
    assert_eq!(text(&refused), "913 6\r\n");
}

#[test]
fn events_are_told_in_the_words_of_the_wire() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let bob: domain::Passport = "bob@example.com".parse().unwrap();
    let gone = Sighting { contact: bob.clone(), presence: None };
    assert_eq!(text(&bench.input(Input::Event(Event::Seen(gone)))), "FLN bob@example.com\r\n");
    let added = Event::AddedBy { passport: bob.clone(), name: "Bob B".into() };
    assert_eq!(text(&bench.input(Input::Event(added))), "ADC 0 RL N=bob@example.com F=Bob%20B\r\n");
    assert_eq!(text(&bench.input(Input::Event(Event::RemovedBy { passport: bob }))), "REM 0 RL bob@example.com\r\n");
    let elsewhere = bench.input(Input::Dismissed(Dismissal::SignedInElsewhere));
    assert_eq!((text(&elsewhere).as_str(), closing(&elsewhere)), ("OUT OTH\r\n", Some(Closing::Dismissed)));
}

proptest! {
    #[test]
    fn nothing_that_a_client_sends_can_hurt(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut bench = Bench::signed_in(Challenges::Lenient);
        for part in parts {
            let moment = bench.moment();
            let _ = bench.connection.process(&moment, crate::Input::Bytes(&part));
        }
    }

    #[test]
    fn commands_in_any_shape_are_answered_or_end_it(
        lines in prop::collection::vec("(VER|CVR|USR|SYN|CHG|UUX|ADC|REM|ADG|RMG|REG|SBP|PRP|BLP|GTC|XFR|QRY|CHL|GCF|URL|LKP|SDC|SND|PGD|PNG|OUT|MSG|XYZ)( [0-9]{1,3})?( [A-Za-z0-9=@.%{}-]{0,9}){0,4}\r\n", 0..12)
    ) {
        let mut bench = Bench::signed_in(Challenges::Lenient);
        let _ = bench.bytes(&lines.concat());
    }
}
