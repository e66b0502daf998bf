use std::time::{Duration, Instant};

use domain::{
    Content, Timestamp,
    content::Style,
    conversation::{Party, PartyKind},
    media::Source,
};
use msnp::{
    message,
    object::{MsnObject, ObjectType, friendly_name},
    p2p::guid::Guid,
};

use super::*;

struct Bench {
    speech: Speech,
    start: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { speech: Speech::default(), start: Instant::now() }
    }

    /// With one other, who is of another network or not.
    fn with(kind: PartyKind) -> Self {
        let mut bench = Self::new();
        let passport = "bob@example.com".parse().unwrap();
        bench.speech.audience.came(&Party { passport, name: "Bob".into(), capabilities: 0, kind });
        bench
    }

    fn said_at(&mut self, seconds: u64, payload: impl Into<Bytes>) -> Saying {
        let moment = Moment { instant: self.start + Duration::from_secs(seconds), wall: Timestamp(0), chance: 1 };
        self.speech.saying(&moment, &carol(), &payload.into())
    }

    fn said(&mut self, payload: impl Into<Bytes>) -> Saying {
        self.said_at(0, payload)
    }

    fn content(&mut self, payload: impl Into<Bytes>) -> Option<Content> {
        match self.said(payload) {
            Saying::Lasting { content, .. } => content,
            other => panic!("{other:?}"),
        }
    }
}

fn carol() -> Passport {
    "carol@example.com".parse().unwrap()
}

fn lasting_for_messenger(payload: &Bytes) -> Saying {
    lasting(payload, Understood::default())
}

fn described(kind: ObjectType, data: &[u8], friendly: &str) -> MsnObject {
    let object = MsnObject::describe("carol@example.com", kind, "TFR1.tmp", data);
    MsnObject { friendly: friendly_name(friendly), ..object }
}

/// A wink (2), a voice clip (3) or an action (4), as Messenger sends it.
fn cast(id: u32, data: &str) -> Vec<Bytes> {
    let headers = Headers::new().with("MIME-Version", "1.0").with("Content-Type", "text/x-msnmsgr-datacast");
    let body = format!("ID: {id}\r\nData: {data}\r\n\r\n");
    message::payloads(&headers, body.as_bytes(), Guid(7)).into_iter().map(Bytes::from).collect()
}

#[test]
fn text_lasts_and_is_understood() {
    let text = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhi\r\nthere";
    let content = Some(Content::text("hi\nthere"));
    let saying = Saying::Lasting { payload: text.into(), content, announced: Vec::new(), enclosed: None };
    assert_eq!(Bench::new().said(text), saying);
}

#[test]
fn the_look_of_a_text_is_understood() {
    let text =
        "Content-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial; EF=B; CO=ff; CS=0; PF=22\r\n\r\n(y)";
    let Some(Content::Text(text)) = Bench::new().content(text) else { panic!("no text") };
    let styles: Vec<Style> = text.spans.into_iter().map(|span| span.style).collect();
    assert_eq!(text.text, "👍");
    assert_eq!(styles, [Style::Bold, Style::Colour([255, 0, 0]), Style::Font("Arial".into())]);
}

#[test]
fn only_the_authors_own_typing_counts() {
    let typing =
        |who: &str| format!("MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: {who}\r\n\r\n\r\n");
    let own = typing("Carol@Example.com");
    assert_eq!(Bench::new().said(own.clone()), Saying::Typing { payload: own.into() });
    let other = Bytes::from(typing("x@example.com"));
    assert_eq!(Bench::new().said(other.clone()), passing(&other, None, false, Vec::new()));
}

#[test]
fn what_is_not_understood_is_passed_on_untouched() {
    let odd = Bytes::from("MIME-Version: 1.0\r\nContent-Type: application/x-odd\r\n\r\n\0\u{1}");
    assert_eq!(Bench::new().said(odd.clone()), passing(&odd, None, true, Vec::new()));
}

#[test]
fn an_emoticon_goes_with_the_texts_that_use_it() {
    let mut bench = Bench::new();
    let cat = described(ObjectType::CUSTOM_EMOTICON, b"cat", "");
    let definitions = Bytes::from(message::emoticons(&[("(cat)".into(), cat.clone())], true).remove(0));
    let Saying::Lasting { payload, content: None, announced, .. } = bench.said(definitions.clone()) else {
        panic!("definitions last")
    };
    assert_eq!((&payload, announced.len()), (&definitions, 1));
    let alone = Bench::with(PartyKind::Person).said(definitions.clone());
    assert_eq!(alone, passing(&definitions, None, false, announced.clone()), "only other networks hear it");
    assert_eq!((announced[0].hash.to_string(), announced[0].size), (cat.data_hash.clone(), 3));
    assert_eq!(*announced[0].description, cat.to_xml());
    let Saying::Lasting { content: Some(Content::Text(text)), announced: again, .. } =
        bench.said("Content-Type: text/plain\r\n\r\na (cat) :)")
    else {
        panic!("no text")
    };
    assert_eq!(again, announced);
    assert_eq!(text.text, "a (cat) 🙂");
    let [emoticon] = &text.emoticons[..] else { panic!("one emoticon") };
    assert_eq!((emoticon.shortcut.as_str(), emoticon.animated), ("(cat)", true));
    assert_eq!(emoticon.picture.source, Source::Object(announced[0].hash));
    let plain = bench.said("Content-Type: text/plain\r\n\r\nno cat");
    assert!(matches!(plain, Saying::Lasting { announced, .. } if announced.is_empty()));
}

#[test]
fn nudges_reach_other_networks_once_in_ten_seconds() {
    let nudge = Bytes::from(message::nudge());
    let content = |saying: Saying| match saying {
        Saying::Lasting { content, payload, .. } => (content, payload),
        other => panic!("{other:?}"),
    };
    let mut bench = Bench::with(PartyKind::Account);
    for (seconds, shakes) in [(0, true), (9, false), (10, true), (11, false)] {
        let wanted = (shakes.then_some(Content::Nudge), nudge.clone());
        assert_eq!(content(bench.said_at(seconds, nudge.clone())), wanted, "after {seconds} s");
    }
    let mut remote = Bench::with(PartyKind::Person);
    let _ = remote.said(nudge.clone());
    assert_eq!(remote.said(nudge.clone()), passing(&nudge, None, false, Vec::new()), "not one that failed");
}

#[test]
fn a_wink_is_understood_with_its_last_chunk() {
    let mut wink = described(ObjectType::WINK, b"cabinet", "Break Dancer");
    wink.others.push(("stamp".into(), "A".repeat(5000)));
    let chunks = cast(2, &wink.to_xml());
    assert_eq!(chunks.len(), 5);
    for kind in [PartyKind::Account, PartyKind::Person] {
        let mut bench = Bench::with(kind);
        for (number, chunk) in chunks.iter().cloned().enumerate() {
            let saying = bench.said(chunk.clone());
            if number < 4 {
                let wanted = match kind {
                    PartyKind::Account => lasting_for_messenger(&chunk),
                    PartyKind::Person | PartyKind::Room | PartyKind::Service => {
                        passing(&chunk, None, false, Vec::new())
                    }
                };
                assert_eq!(saying, wanted, "{number}");
                continue;
            }
            let Saying::Lasting { payload, content: Some(content), announced, .. } = saying else { panic!("no wink") };
            assert_eq!(payload, chunk);
            let [announcement] = &announced[..] else { panic!("one object") };
            assert_eq!((*announcement.description).to_owned(), wink.to_xml(), "to the letter: its stamp is signed");
            let Content::Wink { title, thumbnail: Some(thumbnail) } = content else { panic!("{content:?}") };
            assert_eq!(title, "Break Dancer");
            assert_eq!((thumbnail.source, thumbnail.size), (Source::Object(announcement.hash), 7));
        }
    }
}

#[test]
fn a_message_that_will_never_be_whole_is_not_taken_in_silence() {
    let chunk = |place: &str, number: u32| {
        let text = format!("Content-Type: text/plain\r\nMessage-ID: {{1}}\r\n{place}: {number}\r\n\r\nx");
        Bytes::from(text)
    };
    for kind in [PartyKind::Account, PartyKind::Person] {
        let mut bench = Bench::with(kind);
        for (place, number) in [("Chunks", 100_000), ("Chunk", 1)] {
            let chunk = chunk(place, number);
            assert_eq!(bench.said(chunk.clone()), lasting_for_messenger(&chunk), "{kind:?}, {place}");
        }
        let mut bench = Bench::with(kind);
        let _ = bench.said(chunk("Chunks", 2));
        let late = chunk("Chunk", 1);
        assert_eq!(bench.said_at(60, late.clone()), lasting_for_messenger(&late), "{kind:?}, too late");
    }
}

#[test]
fn ink_brings_its_bytes() {
    let gif: Vec<u8> = b"GIF89a".iter().copied().chain((0..3000).map(|place| (place % 251) as u8)).collect();
    let mut bench = Bench::new();
    let mut chunks: Vec<Bytes> = message::ink(&gif, Guid(7)).into_iter().map(Bytes::from).collect();
    chunks.swap(1, 2);
    let last = chunks.pop().unwrap();
    for chunk in chunks {
        assert_eq!(bench.said(chunk.clone()), lasting_for_messenger(&chunk));
    }
    let Saying::Lasting { content: Some(Content::Ink(ink)), enclosed, announced, .. } = bench.said(last) else {
        panic!("no ink")
    };
    assert_eq!(enclosed.as_deref(), Some(&gif[..]));
    assert_eq!((ink.size, ink.name.as_str(), announced.len()), (3006, "ink.gif", 0));
    let isf = "Content-Type: application/x-ms-ink\r\n\r\nbase64:AAAA";
    assert_eq!(bench.content(isf), None);
    assert_eq!(bench.content("Content-Type: image/gif\r\n\r\nbase64:AAAA"), None, "no GIF");
}

#[test]
fn other_datacasts_are_understood() {
    let mut bench = Bench::new();
    let clip = described(ObjectType::VOICE_CLIP, b"RIFF", "");
    let Some(Content::Voice(voice)) = bench.content(cast(3, &clip.to_xml()).remove(0)) else { panic!("no clip") };
    assert_eq!((voice.name.as_str(), voice.size), ("voice clip.wav", 4));
    assert_eq!(bench.content(cast(4, "waves (y)").remove(0)), Some(Content::Emote { text: "waves 👍".into() }));
    assert_eq!(bench.content(cast(2, "<msnobj/>").remove(0)), None);
    assert_eq!(bench.content(cast(9, "x").remove(0)), None);
}
