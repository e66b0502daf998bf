use domain::{
    Content,
    content::{Emoticon, Span, Style, Text},
    media::{Attachment, BlobId, Source},
};
use proptest::prelude::*;
use ruma::{OwnedMxcUri, event_id};
use serde_json::{Value, json};

use super::*;

fn message(content: &Value) -> Value {
    json!({ "type": "m.room.message", "event_id": "$e", "sender": "@a:b.org", "content": content })
}

fn body_of(event: &Value) -> Option<Body> {
    match read(event)? {
        Said::Message { body, .. } => Some(body),
        other @ (Said::Reaction { .. } | Said::Removal { .. }) => panic!("{other:?}"),
    }
}

/// The body of an `m.room.message`.
fn body(content: &Value) -> Option<Body> {
    body_of(&message(content))
}

#[allow(clippy::unnecessary_wraps, reason = "it is compared with what was read, which may be nothing")]
fn line(words: &str) -> Option<Body> {
    Some(Body::Text { text: Text::plain(words), emoticons: Vec::new() })
}

fn of_kind(kind: &str, content: &Value) -> Option<Body> {
    body_of(&json!({ "type": kind, "content": content }))
}

#[test]
fn texts_are_read() {
    assert_eq!(body(&json!({ "msgtype": "m.text", "body": "a\r\n b" })), line("a\n b"));
    assert_eq!(body(&json!({ "msgtype": "m.notice", "body": "beep" })), line("beep"));
    assert_eq!(body(&json!({ "msgtype": "m.server_notice", "body": "full" })), line("full"));
    assert_eq!(body(&json!({ "msgtype": "org.example.odd", "body": "odd" })), line("odd"));
    let html = json!({ "msgtype": "m.emote", "body": "x", "format": "org.matrix.custom.html",
        "formatted_body": "reads <a href='http://d.org'>it</a>" });
    assert_eq!(body(&html), Some(Body::Emote { text: "reads it (http://d.org)".into() }));
    assert_eq!(body(&json!({ "msgtype": "m.emote", "body": "x", "im.chrysalis.nudge": true })), Some(Body::Nudge));
}

#[test]
fn what_says_nothing_is_nothing() {
    for content in [
        json!({}),
        json!({ "msgtype": "m.text" }),
        json!({ "msgtype": 3, "body": [] }),
        json!({ "msgtype": "m.text", "body": " " }),
        json!({ "msgtype": "m.key.verification.request", "body": "verify" }),
    ] {
        assert_eq!(body(&content), None, "{content}");
    }
    let mut event = message(&json!({ "msgtype": "m.text", "body": "x" }));
    event["unsigned"] = json!({ "redacted_because": {} });
    assert_eq!(read(&event), None);
    let mut event = message(&json!({ "msgtype": "m.text", "body": "x" }));
    event["state_key"] = json!("");
    assert_eq!(read(&event), None);
    for kind in ["m.beacon", "m.poll.response", "org.example.odd", "m.key.verification.start"] {
        assert_eq!(of_kind(kind, &json!({ "msgtype": "m.text", "body": "x" })), None, "{kind}");
    }
    for event in [json!(3), json!({}), json!({ "type": "m.room.message" }), json!({ "type": 3, "content": {} })] {
        assert_eq!(read(&event), None);
    }
}

#[test]
fn an_edit_is_its_new_body() {
    let relation = json!({ "rel_type": "m.replace", "event_id": "$x" });
    let edit = message(&json!({ "msgtype": "m.text", "body": " * fixed", "m.relates_to": relation,
        "m.new_content": { "msgtype": "m.text", "body": "fixed", "m.mentions": { "user_ids": ["@c:b.org"] } } }));
    let Some(Said::Message { body, relation: Some(Relation::Edit { of }), mentions }) = read(&edit) else { panic!() };
    assert_eq!((Some(body), of.as_str()), (line("fixed"), "$x"));
    assert_eq!(mentions, Mentions::People(vec!["@c:b.org".try_into().unwrap()]));
    let bare = message(&json!({ "msgtype": "m.text", "body": " * fixed", "m.relates_to": relation }));
    assert_eq!(body_of(&bare), line("fixed"));
    let emptied = message(&json!({ "msgtype": "m.text", "body": "* \n", "m.relates_to": relation }));
    assert_eq!(body_of(&emptied), None, "nothing is left but the mark of a change");
}

#[test]
fn an_answer_says_what_it_answers_and_only_its_own_words() {
    let answer = |relation: Value| {
        let content = json!({ "msgtype": "m.text", "body": "> <@c:b.org> one\n\n**yes**", "m.relates_to": relation,
            "format": "org.matrix.custom.html", "formatted_body": "<mx-reply>x<br>one</mx-reply><b>yes</b>" });
        let Some(Said::Message { body: Body::Text { text, .. }, relation, .. }) = read(&message(&content)) else {
            panic!()
        };
        (text, relation)
    };
    let yes = Text::plain("yes").styled(Style::Bold);
    let (text, relation) = answer(json!({ "m.in_reply_to": { "event_id": "$x" } }));
    let quoted = Quoted { author: Some("@c:b.org".into()), words: "one".into() };
    let reply = |to: &str, fallback| Some(Relation::Reply { to: to.try_into().unwrap(), fallback });
    assert_eq!((text, relation), (yes.clone(), reply("$x", Some(quoted))));
    let thread = json!({ "rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
        "m.in_reply_to": { "event_id": "$last" } });
    assert_eq!(answer(thread), (yes, reply("$root", None)), "what it repeats is of another message");
    let plain = json!({ "msgtype": "m.text", "body": "> <@c:b.org> one\n\nyes" });
    assert_eq!(body(&plain), line("> <@c:b.org> one\n\nyes"), "it answers nothing");
}

#[test]
fn reactions_and_removals_name_their_event() {
    let reaction = |content: Value| read(&json!({ "type": "m.reaction", "content": content }));
    let heart = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$x", "key": "❤\u{fe0f}" } });
    let key = |key: &str| Some(Said::Reaction { to: "$x".try_into().unwrap(), key: key.into() });
    assert_eq!(reaction(heart), key("❤\u{fe0f}"));
    let picture = json!({ "m.relates_to": { "event_id": "$x", "key": "mxc://a.org/b" }, "shortcode": ":cat:" });
    assert_eq!(reaction(picture), key(":cat:"));
    assert_eq!(reaction(json!({ "m.relates_to": { "event_id": "$x", "key": "mxc://a.org/b" } })), key(":emoji:"));
    assert_eq!(reaction(json!({})), None);
    let of = Some(Said::Removal { of: "$x".try_into().unwrap() });
    assert_eq!(read(&json!({ "type": "m.room.redaction", "redacts": "$x", "content": {} })), of);
    assert_eq!(read(&json!({ "type": "m.room.redaction", "content": { "redacts": "$x" } })), of);
    assert_eq!(read(&json!({ "type": "m.room.redaction", "content": {} })), None);
}

#[test]
fn files_are_read_with_their_captions() {
    let image = |more: Value| {
        let mut content = json!({ "msgtype": "m.image", "body": "cat.jpg", "url": "mxc://a.org/b",
            "info": { "mimetype": "image/jpeg", "size": 12 } });
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body(&content)
    };
    let media = |name: &str, size, caption: Option<&str>| {
        let media = RemoteMedia { uri: "mxc://a.org/b".into(), name: name.into(), size, key: None };
        Some(Body::Media { kind: MediaKind::Image, media, caption: caption.map(Text::plain) })
    };
    assert_eq!(image(json!({})), media("cat.jpg", Some(12), None));
    assert_eq!(image(json!({ "filename": "cat.jpg" })), media("cat.jpg", Some(12), None));
    assert_eq!(image(json!({ "filename": "../c.jpg", "body": "my cat" })), media("c.jpg", Some(12), Some("my cat")));
    assert_eq!(image(json!({ "body": "a cat", "info": { "size": -1 } })), media("a cat.png", None, None));
    let encrypted = image(json!({ "filename": "c.jpg", "body": "my cat", "file": { "url": "mxc://a.org/c" } }));
    assert_eq!(encrypted, line("[image: c.jpg, encrypted in a way that Chrysalis does not know]\nmy cat"));
    let nowhere = line("[image: cat.jpg, which came without an address to fetch it from]");
    for url in [json!("http://a.org/b"), json!("mxc://a.org/b/../c"), json!("mxc://a.org"), json!(3), json!("")] {
        assert_eq!(image(json!({ "url": url })), nowhere, "{url}");
    }
}

#[test]
fn every_kind_of_file_is_known() {
    let kind = |event: &str, content: Value| match of_kind(event, &content) {
        Some(Body::Media { kind, media, caption: None }) => (kind, media.name),
        other => panic!("{other:?}"),
    };
    let sent = |msgtype: &str, more: Value| {
        let mut content = json!({ "msgtype": msgtype, "body": "", "url": "mxc://a.org/b" });
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        kind("m.room.message", content)
    };
    let nothing = || json!({});
    assert_eq!(sent("m.video", nothing()), (MediaKind::Video, "video.mp4".into()));
    assert_eq!(sent("m.audio", nothing()), (MediaKind::Audio, "audio.mp3".into()));
    assert_eq!(sent("m.file", nothing()), (MediaKind::File, "file".into()));
    let voice = sent("m.audio", json!({ "org.matrix.msc3245.voice": {}, "info": { "mimetype": "audio/ogg" } }));
    assert_eq!(voice, (MediaKind::Voice, "voice message.ogg".into()));
    let sticker =
        kind("m.sticker", json!({ "body": "Hello", "url": "mxc://a.org/b", "info": { "mimetype": "image/webp" } }));
    assert_eq!(sticker, (MediaKind::Sticker, "Hello.webp".into()));
    let extensible = kind(
        "m.file",
        json!({ "m.text": [{ "body": "a.pdf (3 kB)" }],
        "m.file": { "url": "mxc://a.org/b", "name": "a.pdf", "mimetype": "application/pdf", "size": 3000 } }),
    );
    assert_eq!(extensible, (MediaKind::File, "a.pdf".into()));
    let encrypted = json!({ "msgtype": "m.audio", "body": "v.ogg", "file": { "url": "mxc://a.org/b" },
        "org.matrix.msc1767.file": { "name": "v.ogg" }, "org.matrix.msc3245.voice": {} });
    assert_eq!(body(&encrypted), line("[voice message: v.ogg, encrypted in a way that Chrysalis does not know]"));
}

#[test]
fn whatever_else_can_be_told_is_a_line() {
    let Said::Message { body: Body::Text { text, .. }, .. } = lost("@ann:b.org".try_into().unwrap(), 1) else {
        panic!()
    };
    assert!(text.text.contains("ask ann to write"), "{}", text.text);
    assert!(of_kind("m.call.invite", &json!({})).is_some());
    let place = json!({ "msgtype": "m.location", "body": "Home", "geo_uri": "geo:1,2" });
    let home = line("[location] Home (1, 2): https://www.openstreetmap.org/?mlat=1&mlon=2#map=16/1/2");
    assert_eq!(body(&place), home);
    assert_eq!(body(&json!({ "msgtype": "m.location", "body": "Home", "geo_uri": "geo:x" })), line("Home"));
    let poll = json!({ "m.poll": { "question": { "m.text": [{ "body": "?" }] }, "answers": [{ "m.text": [{ "body": "a" }] }] } });
    assert_eq!(of_kind("m.poll.start", &poll), line("[poll] ?\n1. a"));
    assert_eq!(of_kind("m.poll.end", &json!({})), line("[poll] it is over"));
    assert_eq!(of_kind("org.matrix.msc1767.message", &json!({ "org.matrix.msc1767.text": "hi" })), line("hi"));
    let both = json!({ "m.text": [{ "mimetype": "text/html", "body": "<b>hi</b>" }, { "body": "**hi**" }] });
    let bold = Body::Text { text: Text::plain("hi").styled(Style::Bold), emoticons: Vec::new() };
    assert_eq!(of_kind("org.example.odd", &both), Some(bold));
}

fn attachment(name: &str, media_type: &str) -> Attachment {
    let source = Source::Blob(BlobId([1; 32]));
    Attachment { name: name.into(), media_type: media_type.into(), size: 12_000, source, link: None }
}

#[allow(clippy::unnecessary_wraps, reason = "the form that writing asks for")]
fn uploaded(_: &Attachment) -> Option<Uploaded> {
    let uri = OwnedMxcUri::from("mxc://b.org/up");
    Some(Uploaded { uri, width: Some(3), height: Some(4), duration: None, key: None })
}

fn written(content: &Content) -> Value {
    let mut all = write(content, "o1", &uploaded, None);
    assert_eq!(all.len(), 1);
    let Written { kind, content } = all.remove(0);
    assert_eq!((kind, &content[ORDER], content.get(PART)), ("m.room.message", &json!("o1"), None));
    content
}

#[test]
fn files_are_written_as_what_they_are() {
    let kinds = [
        ("image/png", "m.image"),
        ("image/svg+xml", "m.file"),
        ("video/mp4", "m.video"),
        ("audio/mpeg", "m.audio"),
        ("application/pdf", "m.file"),
        ("odd", "m.file"),
    ];
    for (media_type, msgtype) in kinds {
        let content = written(&Content::File(attachment("a.x", media_type)));
        let info = json!({ "mimetype": media_type, "size": 12_000, "w": 3, "h": 4 });
        let expected = json!({ "msgtype": msgtype, "body": "a.x", "filename": "a.x", "url": "mxc://b.org/up",
            "info": info, ORDER: "o1" });
        assert_eq!(content, expected);
    }
    assert_eq!(written(&Content::Ink(attachment("ink.gif", "image/gif")))["msgtype"], "m.image");
    let voice = written(&Content::Voice(attachment("v.wav", "audio/wav")));
    assert_eq!(voice["msgtype"], "m.audio");
    assert!(matches!(body(&voice), Some(Body::Media { kind: MediaKind::Voice, caption: None, .. })));
    let wink = Content::Wink { title: "Dancer".into(), thumbnail: Some(attachment("dancer.png", "image/png")) };
    let wink = written(&wink);
    assert_eq!((&wink["msgtype"], &wink["filename"]), (&json!("m.image"), &json!("dancer.png")));
    assert_eq!(wink["body"], "sends the wink \"Dancer\"");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let nowhere = |content: Content| write(&content, "o1", &|_| None, None).remove(0).content;
    let line = nowhere(Content::Image(attachment("a.png", "image/png")));
    assert_eq!(
        line,
        json!({ "msgtype": "m.text", "body": "sent a picture that cannot be passed on: a.png (12 kB)", ORDER: "o1" })
    );
    let wink = nowhere(Content::Wink { title: "x".into(), thumbnail: Some(attachment("a.png", "image/png")) });
    assert_eq!((&wink["msgtype"], &wink["body"]), (&json!("m.emote"), &json!("sends the wink \"x\"")));
    let mut text = Text::plain("hi (cat)");
    text.emoticons.push(Emoticon { shortcut: "(cat)".into(), picture: attachment("c", "image/png"), animated: false });
    assert_eq!(nowhere(Content::Text(text)), json!({ "msgtype": "m.text", "body": "hi (cat)", ORDER: "o1" }));
}

#[test]
fn an_answer_names_its_event_in_its_first_part_only() {
    let long = Content::text(format!("{}\nend", "x".repeat(parts::LONGEST)));
    let written = write(&long, "o1", &|_| None, Some(event_id!("$x")));
    let [first, second] = written.as_slice() else { panic!("{}", written.len()) };
    assert_eq!(first.content["m.relates_to"], json!({ "m.in_reply_to": { "event_id": "$x" } }));
    assert_eq!((first.content.get(PART), &first.content[ORDER]), (None, &json!("o1")));
    let expected = json!({ "msgtype": "m.text", "body": "end", ORDER: "o1", PART: 1 });
    assert_eq!(second.content, expected);
    assert_eq!(write(&long, "o1", &|_| None, Some(event_id!("$x"))), written, "the same every time");
}

#[test]
fn what_is_said_comes_back_as_it_was() {
    for (content, expected) in [
        (Content::text("a\n  <b> \u{1f600}\t"), line("a\n  <b> \u{1f600}\t")),
        (Content::Emote { text: "waves".into() }, Some(Body::Emote { text: "waves".into() })),
        (Content::Nudge, Some(Body::Nudge)),
    ] {
        assert_eq!(body(&written(&content)), expected);
    }
    let mut text = Text::plain("hi (cat)");
    text.emoticons.push(Emoticon { shortcut: "(cat)".into(), picture: attachment("c", "image/png"), animated: false });
    let Some(Body::Text { text, emoticons }) = body(&written(&Content::Text(text))) else { panic!() };
    assert_eq!(text, Text::plain("hi (cat)"));
    assert_eq!(emoticons, [RemoteEmoticon { shortcut: "(cat)".into(), uri: "mxc://b.org/up".into() }]);
}

fn style(kind: u8) -> Style {
    match kind {
        0 => Style::Bold,
        1 => Style::Italic,
        2 => Style::Underline,
        3 => Style::Strike,
        4 => Style::Code,
        5 => Style::Colour([1, 0xab, 255]),
        _ => Style::Link("https://x.org/?a=1&b='\"<>".into()),
    }
}

/// For each character that can be seen: which styles it has.
fn seen(text: &Text) -> Vec<(char, Vec<String>)> {
    let letters = text.text.char_indices().filter(|(_, letter)| !letter.is_whitespace() && !letter.is_control());
    let styles = |at: usize| {
        let mut styles: Vec<String> =
            text.spans.iter().filter(|span| span.range.contains(&at)).map(|span| format!("{:?}", span.style)).collect();
        styles.sort();
        styles.dedup();
        styles
    };
    letters.map(|(at, letter)| (letter, styles(at))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn looks_come_back(
        words in "[ab>\\-<&;\"'  \n\t`é👍\u{1}]{1,30}",
        spans in prop::collection::vec((0_usize..60, 0_usize..60, 0_u8..7), 0..6),
    ) {
        prop_assume!(!words.trim().is_empty());
        let spans = spans.into_iter().map(|(start, end, kind)| Span { range: start..end, style: style(kind) });
        let spans: Vec<Span> = spans.filter(|span| words.get(span.range.clone()).is_some_and(|part| !part.is_empty())).collect();
        let said = Text { spans, ..Text::plain(words) };
        let Some(Body::Text { text, .. }) = body(&written(&Content::Text(said.clone()))) else { panic!("nothing") };
        prop_assert_eq!(&text.text, &said.text);
        prop_assert_eq!(seen(&text), seen(&said));
    }

    #[test]
    fn every_event_is_small_enough(seed in "[a\"<&é👍\u{1}\n ]{1,20}", times in 1_usize..2500, reply: bool) {
        let text = Text::plain(seed.repeat(times)).styled(Style::Bold).styled(Style::Colour([1, 2, 3]));
        let reply = reply.then(|| event_id!("$x"));
        let bodies: usize = write(&Content::Text(text.clone()), "o1", &|_| None, reply)
            .iter()
            .map(|written| {
                let length = serde_json::to_string(&written.content).unwrap().len();
                assert!(length < 50 * 1024, "{length}");
                written.content["body"].as_str().unwrap().len()
            })
            .sum();
        prop_assert!(bodies <= text.text.len());
    }

    #[test]
    fn no_event_makes_it_panic(event in json_value()) {
        let _ = read(&event);
    }
}

/// Events with the names that are read, and anything under them.
fn json_value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("m.room.message"),
        Just("m.text"),
        Just("m.image"),
        Just("m.emote"),
        Just("m.location"),
        Just("m.replace"),
        Just("m.thread"),
        Just("$x"),
        Just("mxc://a.org/b"),
        Just("geo:1,2"),
        Just("org.matrix.custom.html"),
        Just("<b>x</b>"),
        Just("> <@a:b> x\n\ny"),
        Just("m.poll.start"),
        Just("m.reaction"),
        Just(""),
    ];
    let leaf = prop_oneof![
        word.prop_map(|word| json!(word)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|yes| json!(yes)),
        Just(Value::Null),
        any::<String>().prop_map(|text| json!(text)),
    ];
    let key = prop_oneof![
        Just("type"),
        Just("content"),
        Just("msgtype"),
        Just("body"),
        Just("format"),
        Just("formatted_body"),
        Just("m.relates_to"),
        Just("m.in_reply_to"),
        Just("rel_type"),
        Just("event_id"),
        Just("m.new_content"),
        Just("url"),
        Just("file"),
        Just("info"),
        Just("filename"),
        Just("geo_uri"),
        Just("m.poll"),
        Just("question"),
        Just("answers"),
        Just("m.text"),
        Just("m.mentions"),
        Just("user_ids"),
        Just("key"),
        Just("unsigned"),
    ];
    leaf.prop_recursive(5, 64, 10, move |inner| {
        prop_oneof![
            4 => prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner.clone(), 0..10)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            1 => prop::collection::vec(inner, 0..5).prop_map(Value::Array),
        ]
    })
}
