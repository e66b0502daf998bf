use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{
    Content, Moment, Passport, Timestamp,
    content::{Emoticon, Text},
    conversation::{Body, MessageId, Party, PartyKind, Saying, SeatEvent, Speaker, Wish},
    media::{Attachment, ObjectHash, Source},
    network::NetworkIds,
};
use msnp::{dialect::Dialect, message::Payload, object::MsnObject};

use super::{Admission, Input, Request};
use crate::{
    Action, Closing, Connection, Settings,
    emoji::Emoji,
    settings::{BRIDGED_FONT, Challenges},
};

const NOW: Timestamp = Timestamp(1_795_374_520_123);

struct Bench {
    connection: Connection,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        let settings = Settings {
            network_ids: NetworkIds::default(),
            emoji: Emoji::Codes,
            bridged_font: BRIDGED_FONT.into(),
            challenges: Challenges::Off,
            calls_per_minute: 60,
            messages_per_minute: 6_000,
            mail: false,
            web: "http://127.0.0.1:8080".into(),
            public_address: "127.0.0.1:1863".into(),
        };
        let start = Instant::now();
        Self { connection: Connection::new(Arc::new(settings), start), start }
    }

    fn seated(dialect: Dialect) -> Self {
        let mut bench = Self::new();
        let _ = bench.bytes("USR 1 carol@example.com cookie\r\n");
        let admission = Admission {
            passport: carol(),
            name: "Carol C".into(),
            capabilities: 5,
            dialect,
            time_zone: Some("Europe/Berlin".into()),
        };
        let sent = text(&bench.input(Input::Admitted(Some(admission))));
        assert_eq!(sent, "USR 1 OK carol@example.com Carol%20C\r\n");
        bench
    }

    fn moment(&self, after: Duration) -> Moment {
        Moment { instant: self.start + after, wall: NOW, chance: 7 }
    }

    fn bytes(&mut self, bytes: &str) -> Vec<Action> {
        let moment = self.moment(Duration::ZERO);
        self.connection.process(&moment, crate::Input::Bytes(bytes.as_bytes()))
    }

    fn input(&mut self, input: Input) -> Vec<Action> {
        let moment = self.moment(Duration::ZERO);
        self.connection.process(&moment, crate::Input::Switchboard(input))
    }
}

fn carol() -> Passport {
    "carol@example.com".parse().unwrap()
}

fn bob() -> Party {
    Party {
        passport: "bob@example.com".parse().unwrap(),
        name: "Bob".into(),
        capabilities: 9,
        kind: PartyKind::Account,
    }
}

fn text(actions: &[Action]) -> String {
    let bytes = actions.iter().filter_map(|action| match action {
        Action::Send(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Action::Notification(_) | Action::Switchboard(_) | Action::Close(_) => None,
    });
    bytes.collect()
}

fn message(id: Option<i64>, sent: Timestamp, body: Body) -> Input {
    let (from, name) = (bob().passport, "Bob".into());
    Input::Seat(SeatEvent::Message { from, name, speaker: None, sent, body, id: id.map(MessageId) })
}

#[test]
fn one_port_tells_both_kinds_apart() {
    let mut bench = Bench::new();
    let answering = Some(("7".to_owned(), 1));
    assert_eq!(
        bench.bytes("ANS 1 carol@example.com cookie 7\r\n"),
        [Action::Switchboard(Request::Redeem {
            passport: "carol@example.com".into(),
            cookie: "cookie".into(),
            answering
        })]
    );
    let refused = bench.input(Input::Admitted(None));
    assert_eq!(refused.last(), Some(&Action::Close(Closing::Refused)));
}

#[test]
fn a_roster_has_capabilities_only_for_msnp12() {
    let roster = || Input::Seat(SeatEvent::Welcome { tag: 1, roster: vec![bob()] });
    let joined = || Input::Seat(SeatEvent::Joined(bob()));
    let mut new = Bench::seated(Dialect::Msnp12);
    assert_eq!(text(&new.input(roster())), "IRO 1 1 1 bob@example.com Bob 9\r\nANS 1 OK\r\n");
    assert_eq!(text(&new.input(joined())), "JOI bob@example.com Bob 9\r\n");
    let mut old = Bench::seated(Dialect::Msnp11);
    assert_eq!(text(&old.input(roster())), "IRO 1 1 1 bob@example.com Bob\r\nANS 1 OK\r\n");
    assert_eq!(text(&old.input(joined())), "JOI bob@example.com Bob\r\n");
}

#[test]
fn each_class_says_what_its_author_wants_to_hear() {
    let payload = "Content-Type: text/plain\r\n\r\nhi";
    for (class, wish) in [("U", Wish::Nothing), ("N", Wish::Failure), ("A", Wish::Either), ("S", Wish::Success)] {
        let mut bench = Bench::seated(Dialect::Msnp12);
        let actions = bench.bytes(&format!("MSG 3 {class} {}\r\n{payload}", payload.len()));
        let saying = Saying::Lasting {
            payload: Bytes::from(payload),
            content: Some(Content::text("hi")),
            announced: Vec::new(),
            enclosed: None,
        };
        assert_eq!(actions, [Action::Switchboard(Request::Say { tag: 3, wish, saying })], "{class}");
    }
}

#[test]
fn a_payload_over_the_limit_ends_the_conversation() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    let actions = bench.bytes("MSG 3 N 1665\r\n");
    assert!(matches!(actions.last(), Some(Action::Close(Closing::Fault(_)))), "{actions:?}");
}

#[test]
fn a_message_counts_as_delivered_when_the_client_shows_life_or_the_kernel_says_so() {
    let body = || Body::Content(Content::text("hi"));
    let mut bench = Bench::seated(Dialect::Msnp12);
    let _ = bench.input(message(Some(4), NOW, body()));
    let _ = bench.input(message(Some(5), NOW, body()));
    let shown = Action::Switchboard(Request::Shown(vec![MessageId(4), MessageId(5)]));
    let next = "MSG 9 U 26\r\nContent-Type: text/odd\r\n\r\n";
    let heard = |bench: &mut Bench| bench.bytes(next).into_iter().next();
    assert_ne!(heard(&mut bench), Some(shown), "it may have been on its way before");
    let shown = Action::Switchboard(Request::Shown(vec![MessageId(4), MessageId(5)]));
    assert_eq!(heard(&mut bench), Some(shown));

    let _ = bench.input(message(Some(6), NOW, body()));
    let _ = bench.input(message(None, NOW, body()));
    let moment = bench.moment(Duration::ZERO);
    let arrived = bench.connection.process(&moment, crate::Input::Arrived);
    assert_eq!(arrived, [Action::Switchboard(Request::Shown(vec![MessageId(6)]))]);
    assert_eq!(bench.connection.process(&moment, crate::Input::Arrived), [], "once");
}

#[test]
fn what_other_networks_say_is_put_into_messengers_words() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    let sent = text(&bench.input(message(None, NOW, Body::Content(Content::text("👍 ok\nyes")))));
    assert!(sent.starts_with("MSG bob@example.com Bob "), "{sent}");
    assert!(sent.ends_with("\r\n\r\n(Y) ok\r\nyes"), "{sent}");
    let emote = text(&bench.input(message(None, NOW, Body::Content(Content::Emote { text: "waves".into() }))));
    assert!(emote.ends_with("* Bob waves"), "{emote}");
    let nudge = text(&bench.input(message(None, NOW, Body::Content(Content::Nudge))));
    assert!(nudge.ends_with("ID: 1\r\n\r\n"), "{nudge}");
    let hours_ago = Timestamp(NOW.0 - 7_200_000);
    let late = text(&bench.input(message(Some(1), hours_ago, Body::Content(Content::Nudge))));
    assert!(late.ends_with("[2026-11-22 18:08] sent a nudge"), "{late}");
}

#[test]
fn a_stranger_without_a_cookie_is_not_waited_for() {
    let mut bench = Bench::new();
    let _ = bench.bytes("ANS");
    let moment = bench.moment(Duration::from_mins(1));
    let actions = bench.connection.process(&moment, crate::Input::Tick);
    assert_eq!(actions, [Action::Close(Closing::Silent)]);
}

#[test]
fn commands_that_are_not_known_do_not_end_a_conversation() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    assert_eq!(text(&bench.bytes("XYZ 8 a\r\n")), "502 8\r\n");
    assert_eq!(bench.bytes("OUT\r\n"), [Action::Close(Closing::Left)]);
}

#[test]
fn a_part_of_something_longer_does_not_fail_where_only_other_networks_hear_it() {
    let chunk = "Content-Type: image/gif\r\nMessage-ID: {1}\r\nChunks: 2\r\n\r\nbase64:R0lG";
    let said = |bench: &mut Bench| match &bench.bytes(&format!("MSG 3 N {}\r\n{chunk}", chunk.len()))[..] {
        [Action::Switchboard(Request::Say { saying, .. })] => saying.clone(),
        other => panic!("{other:?}"),
    };
    let payload = Bytes::from(chunk);
    let passing = Saying::Passing { payload: payload.clone(), to: None, matters: false, announced: Vec::new() };
    let lasting = Saying::Lasting { payload, content: None, announced: Vec::new(), enclosed: None };
    let echo = Party { passport: "echo@net.example.com".parse().unwrap(), kind: PartyKind::Person, ..bob() };
    let mut bench = Bench::seated(Dialect::Msnp12);
    let _ = bench.input(Input::Seat(SeatEvent::Welcome { tag: 1, roster: vec![echo] }));
    assert_eq!(said(&mut bench), passing);
    let _ = bench.input(Input::Seat(SeatEvent::Joined(bob())));
    assert_eq!(said(&mut bench), lasting);
    let _ = bench.input(Input::Seat(SeatEvent::Left(bob().passport)));
    assert_eq!(said(&mut bench), passing);
}

fn room() -> Party {
    Party {
        passport: "tea@rooms.net.example.com".parse().unwrap(),
        name: "Tea room".into(),
        capabilities: 9,
        kind: PartyKind::Room,
    }
}

fn ann() -> Party {
    Party {
        passport: "ann@net.example.com".parse().unwrap(),
        name: "Ann\n👍".into(),
        capabilities: 9,
        kind: PartyKind::Person,
    }
}

/// Something said in the room.
fn of_room(speaker: Speaker, content: Content) -> Input {
    Input::Seat(SeatEvent::Message {
        from: room().passport,
        name: room().name,
        speaker: Some(speaker),
        sent: NOW,
        body: Body::Content(content),
        id: Some(MessageId(4)),
    })
}

/// Something said by Ann, who sits in.
fn of_ann(content: Content) -> Input {
    of_room(Speaker::Seated { passport: ann().passport, name: ann().name }, content)
}

#[test]
fn whoever_sits_in_comes_speaks_and_goes_under_their_own_address() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    let welcome = text(&bench.input(Input::Seat(SeatEvent::Welcome { tag: 1, roster: vec![room()] })));
    assert_eq!(welcome, "IRO 1 1 1 tea@rooms.net.example.com Tea%20room 9\r\nANS 1 OK\r\n");
    let joined = text(&bench.input(Input::Seat(SeatEvent::Joined(ann()))));
    assert_eq!(joined, "JOI ann@net.example.com Ann%20(Y) 9\r\n");
    let said = text(&bench.input(of_ann(Content::text("hi"))));
    let payload = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=Microsoft%20Sans%20Serif; EF=; CO=0; CS=0; PF=22\r\n\r\nhi";
    assert_eq!(said, format!("MSG ann@net.example.com Ann%20(Y) {}\r\n{payload}", payload.len()));
    let did = text(&bench.input(of_ann(Content::reacted(&["Bo".into()], &["👍".into()], "hi"))));
    assert!(did.starts_with("MSG ann@net.example.com "), "{did}");
    assert!(did.ends_with("* Ann (Y) and Bo reacted with (Y) to \"hi\""), "{did}");
    let left = text(&bench.input(Input::Seat(SeatEvent::Left(ann().passport))));
    assert_eq!(left, "BYE ann@net.example.com\r\n");

    let mut old = Bench::seated(Dialect::Msnp11);
    let joined = text(&old.input(Input::Seat(SeatEvent::Joined(ann()))));
    assert_eq!(joined, "JOI ann@net.example.com Ann%20(Y)\r\n");
}

#[test]
fn what_a_room_says_for_somebody_begins_with_their_name() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    let said = text(&bench.input(of_room(Speaker::Named("Ann".into()), Content::text("hi"))));
    assert!(said.starts_with("MSG tea@rooms.net.example.com Tea%20room "), "{said}");
    assert!(said.ends_with("\r\n\r\nAnn: hi"), "{said}");
}

#[test]
fn a_room_shakes_the_window_once_whoever_nudges() {
    let mut bench = Bench::seated(Dialect::Msnp12);
    let nudge = text(&bench.input(of_ann(Content::Nudge)));
    assert!(nudge.starts_with("MSG ann@net.example.com ") && nudge.ends_with("ID: 1\r\n\r\n"), "{nudge}");
    let bob = Speaker::Seated { passport: bob().passport, name: bob().name };
    let next = text(&bench.input(of_room(bob, Content::Nudge)));
    assert!(next.starts_with("MSG bob@example.com ") && next.ends_with("\r\n\r\nsent a nudge"), "{next}");
}

#[test]
fn the_room_has_the_pictures_of_those_who_sit_in() {
    let picture = Attachment {
        name: "cat.png".into(),
        media_type: "image/png".into(),
        size: 9,
        source: Source::Object(ObjectHash([1; 20])),
        link: None,
    };
    let emoticon = Emoticon { shortcut: "(cat)".into(), picture, animated: false };
    let mut bench = Bench::seated(Dialect::Msnp12);
    let said = Content::Text(Text { emoticons: vec![emoticon], ..Text::plain("(cat)") });
    let definition = text(&bench.input(of_ann(said))[..1]);
    let (command, payload) = definition.split_once("\r\n").unwrap();
    assert!(command.starts_with("MSG ann@net.example.com "), "{command}");
    let Payload::Emoticons { body, .. } = Payload::parse(&Bytes::from(payload.to_owned())) else {
        panic!("{payload}");
    };
    let (_, description) = msnp::message::emoticon_definitions(&body).into_iter().next().unwrap();
    assert_eq!(MsnObject::parse(&description).unwrap().creator, "tea@rooms.net.example.com");
}
