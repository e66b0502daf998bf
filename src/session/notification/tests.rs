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

fn settings(challenges: Challenges) -> Settings {
    Settings {
        network_ids: NetworkIds::default(),
        emoji: Emoji::Codes,
        bridged_font: crate::settings::BRIDGED_FONT.into(),
        challenges,
        calls_per_minute: 60,
        messages_per_minute: 6_000,
        mail: false,
        web: "http://127.0.0.1:8080".into(),
        public_address: "127.0.0.1:1863".into(),
    }
}

impl Bench {
    fn new(challenges: Challenges) -> Self {
        Self::of(settings(challenges))
    }

    fn of(settings: Settings) -> Self {
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
        let sent = bench.sign_in("MSNP12");
        assert!(sent.starts_with("USR 3 OK carol@example.com 1 0\r\nSBS 0 null\r\nMSG Hotmail Hotmail "), "{sent}");
        bench
    }

    /// A bench with Carol signed in over an older dialect.
    fn older(dialect: &str) -> Self {
        let mut bench = Self::new(Challenges::Off);
        let _ = bench.sign_in(dialect);
        bench
    }

    /// Signs Carol in; gives what she is told at its end.
    fn sign_in(&mut self, dialect: &str) -> String {
        let _ = self.bytes(&format!("VER 1 {dialect} CVR0\r\nUSR 2 TWN I carol@example.com\r\n"));
        let _ = self.input(Input::Admitted { redirect: None });
        let _ = self.bytes("USR 3 TWN S t=ticket&p=\r\n");
        let address: SocketAddr = "127.0.0.1:1000".parse().unwrap();
        let client = SignedIn {
            passport: "carol@example.com".parse().unwrap(),
            session: SessionId(1),
            member: 1 << 32 | 2,
            ticket: "ticket".into(),
            address,
        };
        text(&self.input(Input::SignedIn(Ok(client))))
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

/// The answer to a status.
fn status() -> Answer {
    Answer::Status { status: domain::Status::Online, capabilities: 5, object: None }
}

#[test]
fn the_first_status_brings_a_challenge_a_moment_later_whose_answer_may_be_checked() {
    let second = Duration::from_secs(1);
    for (challenges, wanted) in [(Challenges::Lenient, "QRY 5\r\n"), (Challenges::Strict, "540 5\r\n")] {
        let mut bench = Bench::signed_in(challenges);
        assert_eq!(text(&bench.input(Input::Answer { tag: 4, answer: status() })), "CHG 4 NLN 5\r\n");
        assert_eq!(bench.connection.deadline(), Some(bench.start + second), "after whoever is there was told");
        assert_eq!(text(&bench.pass(second)), "CHL 0 00000000000000000007\r\n");
        let again = text(&bench.input(Input::Answer { tag: 6, answer: status() }));
        assert_eq!((again.as_str(), text(&bench.pass(second)).as_str()), ("CHG 6 NLN 5\r\n", ""), "one is enough");
        let answer = "QRY 5 PROD0090YUAUV{2B 32\r\n00000000000000000000000000000000";
        assert_eq!(text(&bench.bytes(answer)), wanted);
    }
    let mut bench = Bench::signed_in(Challenges::Strict);
    let _ = bench.input(Input::Answer { tag: 4, answer: status() });
    let _ = bench.pass(second);
    let right = msnp::challenge::answer("00000000000000000007", "PROD0090YUAUV{2B", "YMM8C_H7KCQ2S_KL");
    assert_eq!(text(&bench.bytes(&format!("QRY 5 PROD0090YUAUV{{2B 32\r\n{right}"))), "QRY 5\r\n");
    let mut late = Bench::signed_in(Challenges::Strict);
    let _ = late.input(Input::Answer { tag: 4, answer: status() });
    let _ = late.pass(second);
    assert_eq!(late.pass(Duration::from_secs(49)), []);
    let actions = late.pass(second);
    assert_eq!((text(&actions).as_str(), closing(&actions)), ("540 0\r\n", Some(Closing::Silent)));
}

#[test]
fn mail_is_told_of_when_it_is_on() {
    for (mail, challenges, wanted) in [
        (true, Challenges::Lenient, vec!["MSG", "CHL"]),
        (true, Challenges::Off, vec!["MSG"]),
        (false, Challenges::Off, vec![]),
    ] {
        let mut bench = Bench::of(Settings { mail, ..settings(challenges) });
        bench.sign_in("MSNP12");
        let _ = bench.input(Input::Answer { tag: 4, answer: status() });
        let said = text(&bench.pass(Duration::from_secs(1)));
        let commands = said.match_indices("MSG Hotmail").chain(said.match_indices("CHL 0")).map(|(_, text)| &text[..3]);
        assert_eq!(commands.collect::<Vec<_>>(), wanted, "{said}");
        assert_eq!(said.contains("Mail-Data: <MD><E><I>0</I>"), mail);
    }
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
    let removed = Event::RemovedBy { passport: bob.clone() };
    assert_eq!(text(&bench.input(Input::Event(removed))), "REM 0 RL bob@example.com\r\n");
    let (guid, name) = (domain::Guid::of_chance(1), "Bob B".to_owned());
    let lists = domain::Lists::NONE.with(domain::List::Forward);
    let entry = domain::Contact {
        guid,
        passport: bob,
        lists,
        name,
        groups: Vec::new(),
        remote: None,
        merged: Vec::new(),
        spoken: None,
    };
    let entered = text(&bench.input(Input::Event(Event::Entered(Box::new(entry)))));
    assert_eq!(entered, format!("ADC 0 FL N=bob@example.com F=Bob%20B C={guid}\r\n"));
    assert_eq!(text(&bench.input(Input::Event(Event::Departed(guid)))), format!("REM 0 FL {guid}\r\n"));
    let elsewhere = bench.input(Input::Dismissed(Dismissal::SignedInElsewhere));
    assert_eq!((text(&elsewhere).as_str(), closing(&elsewhere)), ("OUT OTH\r\n", Some(Closing::Dismissed)));
}

#[test]
fn a_name_without_a_domain_is_told_so() {
    for (name, wanted) in [("carol@", "206 2\r\n"), ("carol", "911 2\r\n")] {
        let mut bench = Bench::new(Challenges::Off);
        let actions = bench.bytes(&format!("VER 1 MSNP12\r\nUSR 2 TWN I {name}\r\n"));
        assert_eq!(
            (text(&actions).as_str(), closing(&actions)),
            (&*format!("VER 1 MSNP12\r\n{wanted}"), Some(Closing::Refused))
        );
    }
}

#[test]
fn a_message_on_this_connection_ends_it() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let actions = bench.bytes("MSG 4 N 3\r\nabc");
    assert_eq!((text(&actions).as_str(), closing(&actions)), ("", Some(Closing::Forbidden)));
}

#[test]
fn what_came_with_a_later_dialect_is_refused_in_an_earlier_one() {
    let empty = "<Data><PSM></PSM><CurrentMedia></CurrentMedia></Data>";
    for (line, wanted) in [
        (format!("UUX 4 {}\r\n{empty}", empty.len()), "502 4\r\n"),
        ("GCF 4 Shields.xml\r\n".to_owned(), "502 4\r\n"),
        ("GSB 4\r\n".to_owned(), "502 4\r\n"),
        ("LKP 4 tel:+15551212\r\n".to_owned(), "502 4\r\n"),
        ("ADC 4 AL N=tel:+15551212\r\n".to_owned(), "502 4\r\n"),
        ("REM 4 AL tel:+15551212\r\n".to_owned(), "502 4\r\n"),
        ("PRP 4 HSB 1\r\n".to_owned(), "715 4\r\n"),
    ] {
        let refused = Bench::older("MSNP10").bytes(&line);
        assert_eq!((text(&refused).as_str(), refused.len()), (wanted, 1), "{line}");
        assert!(!text(&Bench::older("MSNP11").bytes(&line)).contains(wanted), "{line}");
    }
    for line in ["ADC 4 RL N=bob@example.com\r\n", "REM 4 PL bob@example.com\r\n"] {
        let actions = Bench::older("MSNP10").bytes(line);
        assert_eq!((text(&actions).as_str(), closing(&actions)), ("201 4\r\n", Some(Closing::Forbidden)));
        assert_eq!(text(&Bench::older("MSNP11").bytes(line)), "");
    }
}

#[test]
fn numbers_and_ids_have_their_forms() {
    let mut bench = Bench::signed_in(Challenges::Off);
    for (line, wanted) in [
        ("LKP 4 +15551212", "201 4\r\n"),
        ("LKP 4 tel:15551212", "201 4\r\n"),
        ("LKP 4 tel:+1%205551212", "201 4\r\n"),
        ("ADC 4 FL N=tel:+12", "201 4\r\n"),
        ("ADC 4 FL C=nothing 00000000-0000-4000-8000-000000000001", "208 4\r\n"),
        ("REM 4 FL nothing", "403 4\r\n"),
        ("REM 4 FL 00000000-0000-4000-8000-000000000001 nothing", "224 4\r\n"),
        ("REG 4 nothing Name", "224 4\r\n"),
    ] {
        assert_eq!(text(&bench.bytes(&format!("{line}\r\n"))), wanted, "{line}");
    }
    let [Action::Notification(Request::Ask { tag: 4, request: account::Request::LookUp(number) })] =
        &bench.bytes("LKP 4 tel:+15551212\r\n")[..]
    else {
        panic!("a number is looked up")
    };
    let found = bench.input(Input::Answer { tag: 4, answer: Answer::Found(number.clone()) });
    assert_eq!(text(&found), "LKP 4 tel:+15551212\r\n");
}

#[test]
fn announcements_are_a_message_and_an_alert() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let mut announce = |announcement| text(&bench.input(Input::Event(Event::Announced(announcement))));
    let maintenance = announce(account::Announcement::Maintenance { minutes: 5 });
    let body = "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 5\r\n";
    assert_eq!(maintenance, format!("MSG Hotmail Hotmail {}\r\n{body}", body.len()));
    let notice = announce(account::Announcement::Notice { text: "Tea & cake".into() });
    let (line, document) = notice.split_once("\r\n").unwrap();
    assert_eq!(line, format!("NOT {}", document.len()));
    assert!(document.contains("<TO pid=\"0x00000002:0x00000001\" name=\"carol@example.com\">"), "{document}");
    assert!(document.contains("<TEXT>Tea &amp; cake</TEXT>"), "{document}");
}

/// A list with an account, a telephone, and somebody who waits for an answer.
fn snapshot() -> account::Snapshot {
    let contact = |passport: domain::Passport, lists| domain::Contact {
        passport,
        guid: domain::Guid::of_chance(1),
        lists: domain::Lists::from_bits(lists),
        name: "x".into(),
        groups: Vec::new(),
        remote: None,
        merged: Vec::new(),
        spoken: None,
    };
    let number: domain::Telephone = "tel:+15551212".parse().unwrap();
    let bob: domain::Passport = "bob@example.com".parse().unwrap();
    let shown = |key: &str| account::ContactProperty { contact: bob.clone(), key: key.into(), value: Some("1".into()) };
    account::Snapshot {
        name: "Carol".into(),
        privacy: domain::policy::Privacy::Everybody,
        prompt: account::Prompt::Ask,
        properties: vec![("HSB".into(), "1".into()), ("PHM".into(), "1".into())],
        contact_properties: vec![shown("HSB"), shown("PHM")],
        contacts: vec![
            contact("ann@example.com".parse().unwrap(), 8),
            contact(bob.clone(), 3),
            contact(number.into(), 3),
        ],
        groups: Vec::new(),
        list_changed: Timestamp(0),
        settings_changed: Timestamp(0),
    }
}

#[test]
fn each_dialect_has_its_own_list() {
    let head = |contacts| {
        format!(
            "SYN 4 1969-12-31T17:00:00.0000000-07:00 1969-12-31T17:00:00.0000000-07:00 {contacts} 0\r\nGTC A\r\nBLP AL\r\nPRP MFN Carol\r\n"
        )
    };
    let guid = domain::Guid::of_chance(1);
    let newer = |network: [&str; 3]| {
        let [ann, bob, number] = network;
        format!(
            "{}PRP HSB 1\r\nPRP PHM 1\r\nLST N=ann@example.com F=x 16{ann}\r\nLST N=bob@example.com F=x C={guid} 3{bob}\r\n\
             BPR HSB 1\r\nBPR PHM 1\r\nLST N=tel:+15551212 F=x C={guid} 3{number}\r\n",
            head(3)
        )
    };
    let oldest = format!(
        "{}PRP PHM 1\r\nLST N=ann@example.com F=x 8\r\nLST N=bob@example.com F=x C={guid} 3\r\nBPR PHM 1\r\n",
        head(2)
    );
    for (dialect, wanted) in [("MSNP12", newer([" 1", " 1", " 4"])), ("MSNP11", newer([""; 3])), ("MSNP10", oldest)] {
        let list = Answer::List(Box::new(snapshot()));
        assert_eq!(text(&Bench::older(dialect).input(Input::Answer { tag: 4, answer: list })), wanted);
    }
    let list = Answer::List(Box::new(snapshot()));
    let mut bench = Bench::of(Settings { network_ids: NetworkIds::MsnpOnly, ..settings(Challenges::Off) });
    bench.sign_in("MSNP12");
    assert_eq!(text(&bench.input(Input::Answer { tag: 4, answer: list })), newer([" 1"; 3]));
}

#[test]
fn a_group_may_be_named_by_a_name_that_was_encoded_once_or_twice() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let actions = bench.bytes("RMG 4 New%2520Group\r\n");
    let group = account::GroupRef::Name(["New%20Group".into(), "New Group".into()]);
    let request = account::Request::RemoveGroup { group };
    assert_eq!(actions, [Action::Notification(Request::Ask { tag: 4, request })]);
}

#[test]
fn every_page_is_one_of_this_server() {
    let mut bench = Bench::signed_in(Challenges::Off);
    let web = "http://127.0.0.1:8080/messenger";
    assert_eq!(text(&bench.bytes("URL 4 INBOX\r\n")), format!("URL 4 {web}/inbox {web}/login 1\r\n"));
    let compose = format!("URL 5 {web}/compose?to=bob%40example.com {web}/login 1\r\n");
    assert_eq!(text(&bench.bytes("URL 5 COMPOSE bob@example.com\r\n")), compose);
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
