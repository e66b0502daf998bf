use std::time::Duration;

use domain::{
    content::Style,
    media::{BlobId, ObjectHash},
    network::NetworkIds,
};
use msnp::message::{Reassembled, Reassembly};

use super::*;
use crate::{
    emoji::Emoji,
    settings::{BRIDGED_FONT, Challenges},
};

const ALL: Capabilities = Capabilities(0x24);

struct Bench {
    settings: Settings,
    from: Passport,
    pace: NudgePace,
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
        let from = "bob@matrix.example.com".parse().unwrap();
        Self { settings, from, pace: NudgePace::default(), start: Instant::now() }
    }

    fn payloads_at(
        &mut self,
        seconds: u64,
        (speaker, time): (Option<&str>, &str),
        capabilities: Capabilities,
        body: Body,
    ) -> Vec<Bytes> {
        let now = self.start + Duration::from_secs(seconds);
        let spoken = Spoken { from: &self.from, name: "Bob", speaker, time, now, chance: 7, capabilities };
        let payloads = spoken.payloads(body, &self.settings, &mut self.pace);
        assert!(payloads.iter().all(|payload| payload.len() <= LONGEST_PAYLOAD));
        payloads
    }

    fn payloads(&mut self, body: Body) -> Vec<Bytes> {
        self.payloads_at(0, (None, ""), ALL, body)
    }

    fn read(&mut self, origin: (Option<&str>, &str), content: Content) -> Vec<String> {
        self.payloads_at(0, origin, ALL, Body::Content(content)).iter().map(read).collect()
    }
}

/// What is read in the window; a nudge as `!`.
fn read(payload: &Bytes) -> String {
    match Payload::parse(payload) {
        Payload::Text { text, .. } => text,
        Payload::Nudge => "!".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn attachment(name: &str, source: Source, link: Option<&str>) -> Attachment {
    let link = link.map(str::to_owned);
    Attachment { name: name.into(), media_type: "image/png".into(), size: 2_500_000, source, link }
}

fn file(name: &str, link: Option<&str>) -> Attachment {
    attachment(name, Source::Blob(BlobId([1; 32])), link)
}

fn emoticon(shortcut: &str, number: u8, animated: bool) -> Emoticon {
    let picture = attachment("e.png", Source::Object(ObjectHash([number; 20])), None);
    Emoticon { shortcut: shortcut.into(), picture, animated }
}

#[test]
fn a_text_has_its_look_and_the_font_of_bridged_contacts() {
    let mut bench = Bench::new();
    bench.settings.bridged_font = "Tahoma".into();
    let text = Text::plain("hi 👍\nthere").styled(Style::Bold);
    let [payload] = &bench.payloads(Body::Content(Content::Text(text)))[..] else { panic!("one payload") };
    let wanted = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=Tahoma; EF=B; CO=0; CS=0; PF=22\r\n\r\nhi (Y)\r\nthere";
    assert_eq!(String::from_utf8_lossy(payload), wanted);
}

#[test]
fn each_kind_is_put_into_messengers_words() {
    let mut bench = Bench::new();
    let mut read = |content| bench.read((None, ""), content).join("|");
    assert_eq!(read(Content::Emote { text: "waves 👍".into() }), "* Bob waves (Y)");
    assert_eq!(read(Content::Nudge), "!");
    let link = Some("media/x/a%20b.txt");
    let at = "http://127.0.0.1:8080/media/x/a%20b.txt";
    assert_eq!(read(Content::File(file("a b\r\n.txt", link))), format!("sent a file: a b  .txt (2.5 MB) {at}"));
    assert_eq!(read(Content::Image(file("a.png", link))), format!("sent a picture: a.png (2.5 MB) {at}"));
    assert_eq!(read(Content::Voice(file("a.wav", None))), "sent a voice clip: a.wav (2.5 MB)");
    assert_eq!(read(Content::Ink(file("ink.gif", None))), "sent a drawing: ink.gif (2.5 MB)");
    assert_eq!(read(Content::Wink { title: "Dancer".into(), thumbnail: None }), "sent the wink \"Dancer\"");
}

#[test]
fn a_room_says_who_speaks_and_what_is_late_says_when() {
    let mut bench = Bench::new();
    let text = || Content::text("hi");
    assert_eq!(bench.read((Some("Ann\n👍"), ""), text()), ["Ann (Y): hi"]);
    assert_eq!(bench.read((None, "[then] "), text()), ["[then] hi"]);
    assert_eq!(bench.read((Some("Ann"), "[then] "), text()), ["[then] Ann: hi"]);
    let emote = Content::Emote { text: "waves".into() };
    assert_eq!(bench.read((Some("Ann"), "[then] "), emote), ["[then] * Ann waves"]);
    assert_eq!(bench.read((Some("Ann"), ""), Content::Nudge), ["Ann: sent a nudge", "!"]);
    assert_eq!(bench.read((None, "[then] "), Content::Nudge), ["[then] sent a nudge"]);
}

#[test]
fn what_people_do_reads_well_however_many_they_are() {
    let mut bench = Bench::new();
    let others = ["Ann", "Bo"].map(str::to_owned);
    let mut reacted = |speaker, count: usize| {
        let signs = ["👍", "🚀"].map(str::to_owned);
        bench.read((speaker, ""), Content::reacted(&others[..count], &signs, "hi 🍕")).join("|")
    };
    assert_eq!(reacted(None, 0), "* Bob reacted with (Y) :rocket: to \"hi (pi)\"");
    assert_eq!(reacted(Some("Zoe\n👍"), 1), "* Zoe (Y) and Ann reacted with (Y) :rocket: to \"hi (pi)\"");
    assert_eq!(reacted(Some("Zoe"), 2), "* Zoe, Ann and Bo reacted with (Y) :rocket: to \"hi (pi)\"");
    assert_eq!(bench.read((None, ""), Content::deleted("hi")), ["* Bob deleted: \"hi\""]);
    let back = Content::unreacted("👍", "hi");
    assert_eq!(bench.read((Some("Zoe"), "[then] "), back), ["[then] * Zoe took back (Y) from \"hi\""]);
}

#[test]
fn a_contact_shakes_the_window_once_in_ten_seconds() {
    let mut bench = Bench::new();
    let mut nudge = |seconds| {
        let payloads = bench.payloads_at(seconds, (None, ""), ALL, Body::Content(Content::Nudge));
        payloads.iter().map(read).collect::<String>()
    };
    assert_eq!([nudge(0), nudge(9), nudge(10)], ["!", "sent a nudge", "!"]);
}

#[test]
fn emoticons_are_defined_before_the_text_that_uses_them() {
    let mut bench = Bench::new();
    let mut said = Text::plain("(cat) (dog) 🚀");
    said.emoticons = vec![
        emoticon("(cat)", 0xab, false),
        emoticon("(dog)", 2, true),
        emoticon("(fox)", 3, false),
        emoticon("(cat)", 4, false),
    ];
    let payloads = bench.payloads(Body::Content(Content::Text(said)));
    let definitions = |payload: &Bytes| match Payload::parse(payload) {
        Payload::Emoticons { animated, body } => (animated, message::emoticon_definitions(&body)),
        other => panic!("{other:?}"),
    };
    assert_eq!(payloads.len(), 3);
    let (animated, defined) = definitions(&payloads[0]);
    assert_eq!((animated, defined.len()), (false, 1));
    let object = MsnObject::parse(&defined[0].1).unwrap();
    assert_eq!((defined[0].0.as_str(), object.creator.as_str()), ("(cat)", "bob@matrix.example.com"));
    assert_eq!((object.object_type, object.size), (ObjectType::CUSTOM_EMOTICON, 2_500_000));
    assert_eq!((object.location.as_str(), object.data_hash.parse()), ("TFRABAB.tmp", Ok(ObjectHash([0xab; 20]))));
    assert_eq!(object.description_hash, Some(object.computed_description_hash()));
    let (animated, defined) = definitions(&payloads[1]);
    assert_eq!((animated, defined[0].0.as_str()), (true, "(dog)"));
    assert_eq!(read(&payloads[2]), "(cat) (dog) :rocket:");
}

#[test]
fn what_messenger_would_not_take_stays_a_word() {
    let mut bench = Bench::new();
    let odd = ["a b", "12345678", "t\tb", "🚀", ""];
    let mut said = Text::plain(format!("{} e1e e2e e3e e4e e5e e6e", odd.join(" ")));
    said.emoticons = odd.iter().map(|shortcut| emoticon(shortcut, 1, false)).collect();
    let blob = Emoticon { picture: file("e.png", None), ..emoticon("e1e", 1, false) };
    said.emoticons.push(blob);
    said.emoticons.extend((1..=6).map(|number| emoticon(&format!("e{number}e"), number, false)));
    let payloads = bench.payloads(Body::Content(Content::Text(said)));
    let Payload::Emoticons { body, .. } = Payload::parse(&payloads[0]) else { panic!("no emoticons") };
    let defined: Vec<String> = message::emoticon_definitions(&body).into_iter().map(|(shortcut, _)| shortcut).collect();
    assert_eq!(defined, ["e1e", "e2e", "e3e", "e4e", "e5e"]);
    assert_eq!(payloads.len(), 2);
}

#[test]
fn ink_comes_in_chunks() {
    let gif: Vec<u8> = b"GIF89a".iter().copied().chain((0..3000).map(|place| (place % 251) as u8)).collect();
    let mut bench = Bench::new();
    let payloads = bench.payloads(Body::Ink(gif.clone().into()));
    assert_eq!(payloads.len(), 4);
    let mut chunks = Reassembly::default();
    let now = Instant::now();
    let whole = payloads.iter().find_map(|payload| match Payload::parse(payload) {
        Payload::Chunk { message_id, place, headers, body } => {
            match chunks.take(now, &message_id, place, &headers, &body) {
                Reassembled::Whole(headers, body) => Some((headers, body)),
                Reassembled::Waiting => None,
                Reassembled::Refused => panic!("refused"),
            }
        }
        other => panic!("{other:?}"),
    });
    let (headers, body) = whole.unwrap();
    assert_eq!((headers.media_type().as_str(), message::ink_data(&body)), ("image/gif", Some(gif.clone())));
    let late = bench.payloads_at(0, (Some("Ann"), "[then] "), ALL, Body::Ink(gif.clone().into()));
    assert_eq!((late.len(), read(&late[0]).as_str()), (5, "[then] Ann: sent a drawing"));
    for (capabilities, size, shown) in [(0x4, 100, true), (0x4, 3000, false), (0x20, 100, false)] {
        let gif = Bytes::from(gif[..size].to_vec());
        let payloads = bench.payloads_at(0, (None, ""), Capabilities(capabilities), Body::Ink(gif));
        let is_ink = matches!(Payload::parse(&payloads[0]), Payload::Ink { .. });
        assert_eq!((payloads.len(), is_ink), (1, shown), "{capabilities:#x}, {size} bytes");
    }
}

#[test]
fn what_a_messenger_user_said_stays_as_it_is_but_for_its_time() {
    let mut bench = Bench::new();
    let text = message::text("hi (cat)", &TextFormat::default(), None);
    let late = |bench: &mut Bench, payload: Vec<u8>| {
        bench.payloads_at(0, (None, "[then] "), ALL, Body::Payload(payload.into()))
    };
    assert_eq!(bench.payloads(Body::Payload(text.clone().into())), [Bytes::from(text.clone())]);
    assert_eq!(late(&mut bench, text), [Bytes::from(message::text("[then] hi (cat)", &TextFormat::default(), None))]);
    assert_eq!(late(&mut bench, message::nudge()).iter().map(read).collect::<Vec<_>>(), ["[then] sent a nudge"]);
    let odd = b"Content-Type: application/x-odd\r\n\r\n\0".to_vec();
    assert_eq!(late(&mut bench, odd.clone()), [Bytes::from(odd)]);
    let full = format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{}", "x".repeat(1615)).into_bytes();
    let payloads = late(&mut bench, full.clone());
    assert_eq!((read(&payloads[0]).as_str(), &payloads[1..]), ("[then]", &[Bytes::from(full)][..]));
}

#[test]
fn long_texts_are_parted_below_the_limit_and_stay_whole() {
    let mut bench = Bench::new();
    let said = "déjà vu 🏳️‍🌈\n".repeat(400);
    let styled = Text::plain(said.clone()).styled(Style::Font("Ж".repeat(31)));
    bench.settings.emoji = Emoji::Unicode;
    for text in [Text::plain(said.clone()), styled] {
        let payloads = bench.payloads(Body::Content(Content::Text(text)));
        assert!(payloads.len() > 4, "{}", payloads.len());
        assert_eq!(payloads.iter().map(read).collect::<String>(), said);
    }
}
