//! What Messenger says beside plain words, as Matrix has it.

use chrysalis_test_harness::{
    MatrixUser, Object, ObjectKind, Room, emoticons, ink, nudge, pattern, text, voice_clip, wink,
};
use serde_json::{Value, json};

use super::{ALICE, CAROL, CAROLS_GHOST, friends, message_of, picture::GIF, setup, window};

/// A text in a font, with these effects, in this colour as Messenger writes it: blue, green, red.
fn looking(effects: &str, colour: &str, body: &str) -> String {
    text(body).replace("EF=; CO=0;", &format!("EF={effects}; CO={colour};"))
}

/// Says all payloads of one thing.
async fn say_all(talk: &mut Room, payloads: Vec<Vec<u8>>) {
    for payload in payloads {
        talk.say("N", payload).await;
    }
}

/// Waits for an event of Carol's ghost in whose content `wanted` finds something.
async fn content(alice: &mut MatrixUser, room: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let event = alice.until_event(room, what, |event| event["sender"] == CAROLS_GHOST && wanted(&event["content"]));
    event.await["content"].take()
}

#[tokio::test]
async fn matrix_shows_what_messenger_can_say() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;

    // Formats, and Messenger's own codes.
    talk.tell(looking("B", "ff8000", "bold <and> blue (Y)")).await;
    let said = message_of(&mut alice, &room, CAROLS_GHOST, "bold <and> blue \u{1f44d}").await;
    let html =
        "<strong><font data-mx-color=\"#0080ff\" color=\"#0080ff\">bold &lt;and&gt; blue \u{1f44d}</font></strong>";
    assert_eq!(said["content"]["formatted_body"], html);
    talk.tell(looking("IUS", "0", "a :) b")).await;
    let said = message_of(&mut alice, &room, CAROLS_GHOST, "a \u{1f642} b").await;
    assert_eq!(said["content"]["formatted_body"], "<em><u><del>a \u{1f642} b</del></u></em>");

    // A nudge is known again: it is marked.
    talk.tell(nudge()).await;
    let nudged = message_of(&mut alice, &room, CAROLS_GHOST, "sends a nudge").await;
    assert_eq!(
        (&nudged["content"]["msgtype"], &nudged["content"]["im.chrysalis.nudge"]),
        (&json!("m.emote"), &json!(true))
    );

    // What somebody does.
    let action = "MIME-Version: 1.0\r\nContent-Type: text/x-msnmsgr-datacast\r\n\r\nID: 4\r\nData: waves (Y)\r\n\r\n";
    talk.tell(action).await;
    let waved = message_of(&mut alice, &room, CAROLS_GHOST, "waves \u{1f44d}").await;
    assert_eq!(waved["content"]["msgtype"], "m.emote");

    // An emoticon of one's own is a picture among the words.
    let cat = Object::describe(CAROL, ObjectKind::Emoticon, "cat", GIF);
    talk.say("N", emoticons(false, &[("(cat)", &cat)])).await;
    talk.tell(text("look (cat)!")).await;
    talk.serve_object(ALICE, &cat, GIF).await;
    let said = message_of(&mut alice, &room, CAROLS_GHOST, "look (cat)!").await;
    let html = said["content"]["formatted_body"].as_str().unwrap();
    let (before, image) = html.split_once("<img data-mx-emoticon src=\"").unwrap();
    let (address, after) = image.split_once('"').unwrap();
    assert_eq!((before, after), ("look ", " alt=\"(cat)\" title=\"(cat)\" height=\"32\">!"));
    assert!(alice.download(address).await == GIF, "the picture came changed");

    // Handwriting is a picture.
    say_all(&mut talk, ink("image/gif", GIF)).await;
    let drawn = content(&mut alice, &room, "a drawing", |content| content["filename"] == "ink.gif").await;
    assert_eq!((&drawn["msgtype"], &drawn["info"]["mimetype"]), (&json!("m.image"), &json!("image/gif")));
    assert!(alice.download(drawn["url"].as_str().unwrap()).await == GIF, "the drawing came changed");

    // A wink of which no picture can be had says its name.
    let cabinet = pattern(3000);
    let object = Object::describe(CAROL, ObjectKind::Wink, "Break Dancer", &cabinet).stamped(&"x".repeat(3000));
    say_all(&mut talk, wink(&object)).await;
    talk.serve_object(ALICE, &object, &cabinet).await;
    let winked = message_of(&mut alice, &room, CAROLS_GHOST, "sends the wink \"Break Dancer\"").await;
    assert_eq!(winked["content"]["msgtype"], "m.emote");

    // A voice clip is a voice message.
    let clip = [
        b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x04\0\0\0".to_vec(),
        vec![0x80; 4],
    ];
    let clip = clip.concat();
    let object = Object::describe(CAROL, ObjectKind::VoiceClip, "", &clip);
    say_all(&mut talk, voice_clip(&object)).await;
    talk.serve_object(ALICE, &object, &clip).await;
    let spoken = content(&mut alice, &room, "a voice clip", |content| content["msgtype"] == "m.audio").await;
    assert!(spoken["org.matrix.msc3245.voice"].is_object(), "{spoken}");
    assert_eq!(spoken["filename"], "voice clip.wav");
    assert!(alice.download(spoken["url"].as_str().unwrap()).await == clip, "the clip came changed");
}
