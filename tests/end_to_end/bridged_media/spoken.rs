//! Emoticons, ink, voice clips and long texts, in both directions.

use std::path::Path;

use chrysalis_test_harness::{
    CANCEL, Messenger, Object, ObjectKind, Room, definitions_in, emoticons, image_of_ink, ink, invitation,
    invitation_fields, pattern, text, voice_clip, wink,
};
use msnp::{dialect::Dialect, notification, switchboard::server::ServerCommand};

use super::{ECHO, WithEcho, check_png, drawing::gif, line, still_talks, with_echo};
use crate::{ALICE, server};

const GIF: &str = "image/gif";

/// What a recorded Messenger 7.5 says that it can do: ink of both kinds, chunks and more.
const ABLE: u32 = 0x5005_C03C;

/// Waits for Echo's next definitions, and says whether they move; no text may come before.
async fn defined(room: &mut Room) -> (bool, Vec<(String, Object)>) {
    let heard = room
        .hear_that(ECHO, "definitions before any text", |payload| {
            let head = String::from_utf8_lossy(payload);
            head.contains("Content-Type: text/x-mms-") || head.contains("Content-Type: text/plain")
        })
        .await;
    let head = String::from_utf8_lossy(&heard).into_owned();
    assert!(!head.contains("Content-Type: text/plain"), "a text before the definitions that it uses: {head}");
    (head.contains("text/x-mms-animemoticon"), definitions_in(&heard))
}

#[tokio::test]
async fn a_contacts_emoticon_is_defined_before_the_text_and_given() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("emoticon")).await;
    let (_, definitions) = defined(&mut room).await;
    let (shortcut, object) = &definitions[0];
    assert_eq!((object.kind, object.creator.as_str()), (2, ECHO));
    let said = room.hear_text(ECHO).await;
    assert!(said.contains(shortcut), "{said:?} does not use {shortcut:?}");
    for (_, object) in &definitions {
        room.fetch_object(ECHO, object).await;
    }
}

#[tokio::test]
async fn an_emoticon_for_a_contact_is_fetched_and_comes_back() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    for frames in [2, 1] {
        let drawing = gif(24, frames);
        let object = Object::describe(ALICE, ObjectKind::Emoticon, "cat", &drawing);
        room.say("N", emoticons(frames > 1, &[("(cat)", &object)])).await;
        room.tell(text("look (cat)!")).await;
        room.serve_object(ECHO, &object, &drawing).await;
        let (animated, definitions) = defined(&mut room).await;
        assert_eq!(animated, frames > 1);
        let (shortcut, echoed) = &definitions[0];
        assert_eq!((shortcut.as_str(), echoed.creator.as_str()), ("(cat)", ECHO), "whoever shows it has to give it");
        assert_eq!(room.hear_text(ECHO).await, "look (cat)!");
        let shown = room.fetch_object(ECHO, echoed).await;
        if animated {
            assert!(shown == drawing, "what moves and fits is not touched");
        } else {
            assert_eq!(check_png(&shown), (24, 24));
        }
    }
}

#[tokio::test]
async fn ink_goes_and_comes_as_a_drawing() {
    let server = server(&[ALICE]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let able = alice.ask("CHG", &format!("NLN {ABLE}")).await;
    assert!(matches!(able, notification::server::ServerCommand::Chg { .. }), "{able:?}");
    let mut room = alice.call(ECHO).await;
    room.joined(ECHO).await;
    room.tell(text("ink")).await;
    let drawn = image_of_ink(&room.hear_whole(ECHO, GIF).await);
    assert!(drawn.starts_with(b"GIF8"), "{drawn:?}");
    for side in [24, 100] {
        let drawing = gif(side, 1);
        for payload in ink(GIF, &drawing) {
            room.say("N", payload).await;
        }
        assert_eq!(image_of_ink(&room.hear_whole(ECHO, GIF).await), drawing);
    }
}

fn is_wav(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "wav")
}

/// Half a second of silence.
fn wav() -> Vec<u8> {
    let samples = vec![0x80; 4000];
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

#[tokio::test]
async fn voice_clips_go_as_clips_and_come_as_files() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("voice")).await;
    let (offer, clip) = room.receive_file(ECHO).await;
    assert!(is_wav(&offer.name), "{:?}", offer.name);
    assert!(clip.starts_with(b"RIFF") && clip[8..].starts_with(b"WAVE"));

    let spoken = wav();
    let object = Object::describe(ALICE, ObjectKind::VoiceClip, "", &spoken);
    for payload in voice_clip(&object) {
        room.say("N", payload).await;
    }
    room.serve_object(ECHO, &object, &spoken).await;
    let (offer, back) = room.receive_file(ECHO).await;
    assert!(is_wav(&offer.name), "{:?}", offer.name);
    assert_eq!(back, spoken);
}

#[tokio::test]
async fn a_wink_says_its_name() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let cabinet = pattern(4000);
    let object = Object::describe(ALICE, ObjectKind::Wink, "Break Dancer", &cabinet).stamped(&"x".repeat(4000));
    for payload in wink(&object) {
        room.say("N", payload).await;
    }
    // A picture of it is looked for, and there is none in this.
    room.serve_object(ECHO, &object, &cabinet).await;
    line(&mut room, |said| said.contains("Break Dancer").then_some(())).await;
}

#[tokio::test]
async fn a_long_text_comes_in_parts() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    room.tell(text("long")).await;
    let (mut parts, mut length) = (0, 0);
    // Each part fits a payload: every room minds that.
    while length <= 1664 {
        length += room.hear_text(ECHO).await.len();
        parts += 1;
    }
    assert!(parts > 1);
}

#[tokio::test]
async fn invitations_of_the_older_kind_are_declined_at_once() {
    let WithEcho { server: _server, alice: _alice, mut room } = with_echo().await;
    let (cookie, session) = (("Invitation-Cookie", "8126"), ("Session-ID", "{6C5B6A3E-4A1B-4E37-9B1F-AE2A5C3B6D7F}"));
    let transaction = room
        .say(
            "S",
            invitation(&[
                ("Application-Name", "a video conversation"),
                ("Application-GUID", "{02D3C01F-BF30-4825-A83A-DE7AF41648AA}"),
                ("Session-Protocol", "SM1"),
                ("Invitation-Command", "INVITE"),
                cookie,
                session,
            ]),
        )
        .await;
    assert_eq!(room.reply("MSG", transaction).await, ServerCommand::Ack { transaction });
    let answer = invitation_fields(&room.hear_of(ECHO, "text/x-msmsgsinvite").await);
    for (name, value) in CANCEL.into_iter().chain([cookie, session]) {
        let found = answer.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        assert_eq!(found, Some(value), "{name} in {answer:?}");
    }
    still_talks(&mut room).await;
}
