use proptest::prelude::*;

use super::*;

fn parse(payload: &[u8]) -> Payload {
    Payload::parse(&Bytes::copy_from_slice(payload))
}

#[test]
fn jml_says_something() {
    let payload = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=;EF=;CO=0;RL=0\r\n\r\ncarol to group";
    assert_eq!(payload.len(), 112);
    let Payload::Text { text, format, sender_name } = parse(payload) else { panic!("no text") };
    assert_eq!((text.as_str(), sender_name), ("carol to group", None));
    assert_eq!(format.map(|format| format.font), Some(String::new()));
}

#[test]
fn jml_types() {
    let payload = typing("carol@example.com");
    assert_eq!(payload.len(), 90);
    assert!(payload.ends_with(b"TypingUser: carol@example.com\r\n\r\n\r\n"));
    assert_eq!(parse(&payload), Payload::Typing { user: "carol@example.com".to_owned() });
}

#[test]
fn a_nudge_is_69_bytes() {
    assert_eq!(nudge().len(), 69);
    assert_eq!(parse(&nudge()), Payload::Nudge);
    assert_eq!(parse(&[nudge(), b"\r\n".to_vec()].concat()), Payload::Nudge);
}

#[test]
fn a_written_text_has_the_form_of_messenger() {
    let payload = text("a\nb\r\nc\rd\0\u{7}\te", &TextFormat::default(), Some("Ann\r\nX: y"));
    let expected = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=Microsoft%20Sans%20Serif; EF=; CO=0; CS=0; PF=22\r\n\
        P4-Context: Ann  X: y\r\n\r\na\r\nb\r\nc\r\nd\te";
    assert_eq!(String::from_utf8_lossy(&payload), expected);
    let Payload::Text { text, sender_name, .. } = parse(&payload) else { panic!("no text") };
    assert_eq!((text.as_str(), sender_name.as_deref()), ("a\nb\nc\nd\te", Some("Ann  X: y")));
}

#[test]
fn text_without_a_charset_may_be_western() {
    let text = |payload: &[u8]| match parse(payload) {
        Payload::Text { text, .. } => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(b"Content-Type: text/plain\r\n\r\ncaf\xe9 \x80"), "café €");
    assert_eq!(text("Content-Type: text/plain\r\n\r\ncafé".as_bytes()), "café");
    assert_eq!(text(b"Content-Type: text/plain; charset=\"UTF-8\"\r\n\r\n\xff"), "\u{fffd}");
}

#[test]
fn the_other_kinds() {
    let wink = b"Content-Type: text/x-msnmsgr-datacast\r\n\r\nID: 2\r\nData: <msnobj Type=\"8\"/>\r\n\r\n";
    assert_eq!(parse(wink), Payload::Datacast { id: 2, data: Some("<msnobj Type=\"8\"/>".to_owned()) });

    let packet = b"MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: a@b.c\r\n\r\n\0\r\n\r\n\0";
    let body = Bytes::from_static(b"\0\r\n\r\n\0");
    assert_eq!(parse(packet), Payload::PeerToPeer { destination: "a@b.c".to_owned(), body });

    let invitation = b"Content-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\nInvitation-Command: INVITE\r\nInvitation-Cookie: 126868552\r\n";
    let Payload::Invitation { fields } = parse(invitation) else { panic!("no invitation") };
    assert_eq!(fields.get("invitation-cookie"), Some("126868552"));

    let recording = b"Content-Type: text/x-msmsgscontrol\r\nRecordingUser: a@b.c\r\n\r\n\r\n";
    assert_eq!(parse(recording), Payload::Recording { user: "a@b.c".to_owned() });

    let capabilities = b"MIME-Version: 1.0\r\nContent-Type: text/x-clientcaps\r\n\r\nClient-Name: msn-pecan/0.1.4\r\n";
    assert_eq!(parse(capabilities), Payload::ClientCapabilities);
    assert_eq!(parse(b"junk"), Payload::Other { content_type: String::new() });
}

#[test]
fn emoticons_end_with_a_tab_or_not() {
    let pairs = [("(cat)".to_owned(), "<msnobj 1/>".to_owned()), ("x".to_owned(), "<msnobj 2/>".to_owned())];
    assert_eq!(emoticon_definitions(b"(cat)\t<msnobj 1/>\tx\t<msnobj 2/>\t"), pairs);
    assert_eq!(emoticon_definitions(b"(cat)\t<msnobj 1/>\tx\t<msnobj 2/>\r\n"), pairs);
    assert_eq!(emoticon_definitions(b""), []);
}

#[test]
fn chunks_make_a_whole() {
    let first = b"MIME-Version: 1.0\r\nContent-Type: text/x-msnmsgr-datacast\r\nMessage-ID: {87}\r\nChunks: 2\r\n\r\nID: 2\r\nDa";
    let later = b"Message-ID: {87}\r\nChunk: 1\r\n\r\nta: wink\r\n\r\n";
    let Payload::Chunk { message_id, place, headers, body } = parse(first) else { panic!("no chunk") };
    assert_eq!((message_id.as_str(), place), ("{87}", ChunkPlace::First { total: 2 }));
    let Payload::Chunk { place, body: rest, .. } = parse(later) else { panic!("no chunk") };
    assert_eq!(place, ChunkPlace::Later { index: 1 });
    let whole = Payload::from_parts(&headers, &[body, rest].concat().into());
    assert_eq!(whole, Payload::Datacast { id: 2, data: Some("wink".to_owned()) });
}

#[test]
fn a_cut_comes_after_a_word() {
    assert_eq!(split_text("one two three", 8), ["one two ", "three"]);
    assert_eq!(split_text("one\ntwo three", 5), ["one\n", "two ", "three"]);
    assert_eq!(split_text("aaaaaaaaaa", 4), ["aaaa", "aaaa", "aa"]);
    assert_eq!(split_text("👍🏽👍🏽", 10), ["👍🏽", "👍🏽"]);
    assert_eq!(split_text("👍🏽", 4), ["👍", "🏽"]);
    assert_eq!(split_text("éa", 0), ["é", "a"]);
    assert_eq!(split_text("a\r\nb", 2), ["a", "\r\n", "b"]);
    assert!(split_text("", 10).is_empty());
}

proptest! {
    #[test]
    fn the_parts_are_the_text(text in "([a-z]|[ \n]|\r\n|é|👍🏽|👨‍👩‍👧|🇩🇪|\u{301}|\\PC){0,60}", max in 0_usize..40) {
        let parts = split_text(&text, max);
        prop_assert_eq!(parts.concat(), text.as_str());
        for part in parts {
            prop_assert!(!part.is_empty());
            prop_assert!(part.len() <= max || part.chars().count() == 1);
        }
    }

    #[test]
    fn graphemes_stay_whole(text in "([a-z]|[ \n]|\r\n|é|👍🏽|👨‍👩‍👧|🇩🇪){0,60}", max in 18_usize..60) {
        use unicode_segmentation::UnicodeSegmentation;
        let whole: Vec<&str> = text.graphemes(true).collect();
        let cut: Vec<&str> = split_text(&text, max).into_iter().flat_map(|part| part.graphemes(true)).collect();
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn a_text_comes_back(said in "([ -~]|é|👍🏽|\t|\n){0,60}") {
        let payload = text(&said, &TextFormat::default(), None);
        let is_same = matches!(parse(&payload), Payload::Text { text, .. } if text == said);
        prop_assert!(is_same);
    }

    #[test]
    fn anything_can_be_parsed(
        kind in "(text/plain|text/x-msmsgscontrol|text/x-msnmsgr-datacast|text/x-msmsgsinvite|x)",
        rest in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let _ = parse(&rest);
        let _ = parse(&[b"Content-Type: ", kind.as_bytes(), b"\r\n", &rest].concat());
        let _ = emoticon_definitions(&rest);
    }
}
