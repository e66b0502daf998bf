//! What is more than text and less than a file: handwriting, winks, voice clips and nudges between Messenger users.

use chrysalis_test_harness::{
    Messenger, Object, ObjectKind, Room, Server, chunks, image_of_ink, ink, nudge, object_of_cast, pattern, text,
    voice_clip, wink,
};
use msnp::dialect::Dialect;
use tokio::join;

use crate::{ALICE, BOB, server};

const ISF: &str = "application/x-ms-ink";
const GIF: &str = "image/gif";
const CAST: &str = "text/x-msnmsgr-datacast";

async fn two(server: &Server) -> (Messenger, Messenger, Room, Room) {
    let mut alice = Messenger::online(server, ALICE, Dialect::Msnp12).await;
    let mut bob = Messenger::online(server, BOB, Dialect::Msnp11).await;
    let (hers, his) = alice.meet(&mut bob).await;
    (alice, bob, hers, his)
}

/// Sends payloads of one class.
async fn say_all(room: &mut Room, class: &str, payloads: &[Vec<u8>]) {
    for payload in payloads {
        room.say(class, payload).await;
    }
}

#[tokio::test]
async fn ink_of_both_kinds_comes_untouched_piece_by_piece() {
    let server = server(&[ALICE, BOB]);
    let (_alice, _bob, mut hers, mut his) = two(&server).await;
    for (content_type, size) in [(ISF, 200), (ISF, 7000), (GIF, 800), (GIF, 30_000)] {
        let drawing = pattern(size);
        let payloads = ink(content_type, &drawing);
        say_all(&mut hers, "N", &payloads).await;
        for payload in &payloads {
            assert_eq!(his.hear(ALICE).await, payload, "{content_type} of {size} bytes");
        }
        // A reader who puts the pieces together has the drawing.
        say_all(&mut hers, "N", &payloads).await;
        assert_eq!(image_of_ink(&his.hear_whole(ALICE, content_type).await), drawing);
    }
    // Nothing of class N is acknowledged.
    his.leave().await;
    hers.left(BOB).await;
    assert_eq!(hers.leave().await, []);
}

#[tokio::test]
async fn ink_for_somebody_who_is_away_is_kept_whole() {
    let server = server(&[ALICE, BOB]);
    let mut alice = Messenger::online(&server, ALICE, Dialect::Msnp12).await;
    let mut room = alice.call(BOB).await;
    room.joined(BOB).await;
    room.tell(text("look")).await;
    let payloads = ink(ISF, &pattern(6000));
    say_all(&mut room, "N", &payloads).await;
    room.tell(text("nice?")).await;
    let mut bob = Messenger::online(&server, BOB, Dialect::Msnp12).await;
    let mut his = bob.answer(ALICE).await;
    assert_eq!(his.hear(ALICE).await, text("look"));
    for payload in &payloads {
        assert_eq!(his.hear(ALICE).await, payload);
    }
    assert_eq!(his.hear(ALICE).await, text("nice?"));
}

#[tokio::test]
async fn winks_and_voice_clips_are_announced_and_fetched() {
    let server = server(&[ALICE, BOB]);
    let (_alice, _bob, mut hers, mut his) = two(&server).await;
    let data = pattern(15_000);
    let stamp: String = "MIIIngYJKoZIhvcNAQcCoIIIjzCC+/==".repeat(140);
    let danced = Object::describe(ALICE, ObjectKind::Wink, "Break Dancer", &data).stamped(&stamp);
    let spoken = Object::describe(ALICE, ObjectKind::VoiceClip, "", &data);
    for (object, payloads, id) in [(&danced, wink(&danced), 2), (&spoken, voice_clip(&spoken), 3)] {
        assert_eq!(payloads.len() > 1, id == 2, "only a wink is too long for one payload");
        say_all(&mut hers, "N", &payloads).await;
        let (number, announced) = object_of_cast(&his.hear_whole(ALICE, CAST).await);
        assert_eq!((number, &announced), (id, object));
        let (fetched, ()) = join!(his.fetch_object(ALICE, &announced), hers.serve_object(BOB, object, &data));
        assert!(fetched == data);
    }
}

#[tokio::test]
async fn nudges_recordings_and_unheard_of_chunks_pass_in_order() {
    let server = server(&[ALICE, BOB]);
    let (_alice, _bob, mut hers, mut his) = two(&server).await;
    let recording =
        format!("MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nRecordingUser: {BOB}\r\n\r\n\r\n");
    let mut said: Vec<Vec<u8>> = vec![nudge().into(), recording.into_bytes()];
    said.extend(chunks("application/x-never-seen", &pattern(4000)));
    said.push(text("end").into_bytes());
    say_all(&mut his, "U", &said).await;
    for payload in &said {
        assert_eq!(hers.hear(BOB).await, payload);
    }
}
