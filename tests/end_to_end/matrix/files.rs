//! Files, in both directions.

use chrysalis_test_harness::{Answer, MatrixUser, Room, pattern};
use serde_json::{Value, json};

use super::{
    ALICE, CAROL, CAROLS_GHOST, friends,
    picture::{png, size_of_png},
    setup, window,
};

/// Ten megabytes.
const LARGE: usize = 10 << 20;

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

/// Alice sends a file as an event of this kind; Carol is offered the very bytes, and a link leads to them. Gives the preview.
async fn comes(
    (alice, room): (&mut MatrixUser, &str),
    talk: &mut Room,
    (kind, mut content): (&str, Value),
    (what, name): (&str, &str),
    file: &[u8],
) -> Option<Vec<u8>> {
    let media_type = content["info"]["mimetype"].as_str().unwrap().to_owned();
    content["url"] = alice.upload(file, &media_type).await.into();
    content["info"]["size"] = file.len().into();
    alice.send(room, kind, content).await;
    let line = talk.hear_text(ALICE).await;
    assert!(line.starts_with(&format!("sent {what}: {name} (")), "{line}");
    let (offer, came) = talk.receive_file(ALICE).await;
    assert_eq!((offer.name.as_str(), offer.size), (name, file.len()));
    assert!(came == file, "{name} came changed");
    let (_, link) = line.rsplit_once(' ').unwrap();
    assert!(fetch(link).await == file, "{link} leads to something else");
    offer.preview
}

/// Gets what lies at an address of this machine.
async fn fetch(link: &str) -> Vec<u8> {
    let address = reqwest::Url::parse(link).unwrap();
    assert_eq!(address.host_str(), Some("127.0.0.1"), "tests stay on this machine: {link}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answered = client.get(address).send().await.unwrap().error_for_status().unwrap();
    answered.bytes().await.unwrap().to_vec()
}

fn media(msgtype: &str, name: &str, media_type: &str) -> (&'static str, Value) {
    ("m.room.message", json!({ "msgtype": msgtype, "body": name, "info": { "mimetype": media_type } }))
}

#[tokio::test]
async fn matrix_files_of_every_kind_are_offered_and_linked() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    let (alice, talk) = (&mut alice, &mut talk);

    let picture = png(100, [0, 0, 255]);
    let (kind, mut captioned) = media("m.image", "our cat", "image/png");
    captioned["filename"] = "cat.png".into();
    let preview = comes((alice, &room), talk, (kind, captioned), ("a picture", "cat.png"), &picture).await;
    let (width, height) = size_of_png(&preview.expect("a preview"));
    assert!(width <= 96 && height <= 96, "{width} by {height}");
    assert_eq!(talk.hear_text(ALICE).await, "our cat");

    let sticker = ("m.sticker", json!({ "body": "Hello", "info": { "mimetype": "image/png" } }));
    comes((alice, &room), talk, sticker, ("a picture", "Hello.png"), &picture).await;
    let (kind, mut voice) = media("m.audio", "Voice message", "audio/wav");
    voice["org.matrix.msc3245.voice"] = json!({});
    comes((alice, &room), talk, (kind, voice), ("a voice clip", "Voice message.wav"), &wav()).await;
    for (msgtype, name, media_type, file) in [
        ("m.audio", "song.wav", "audio/wav", wav()),
        ("m.video", "clip.mp4", "video/mp4", pattern(3000)),
        ("m.file", "notes.txt", "text/plain", b"hello\n".to_vec()),
        ("m.file", "empty.bin", "application/octet-stream", Vec::new()),
        ("m.file", "one.bin", "application/octet-stream", pattern(1)),
        ("m.file", "large.bin", "application/octet-stream", pattern(LARGE)),
    ] {
        comes((alice, &room), talk, media(msgtype, name, media_type), ("a file", name), &file).await;
    }
}

#[tokio::test]
async fn matrix_gets_files_with_their_names_and_types() {
    let setup = setup(&[CAROL], "").await;
    let (mut carol, mut alice, room) = friends(&setup).await;
    let mut talk = window(&mut carol, ALICE).await;
    let picture = png(40, [0, 255, 0]);
    for (name, file, msgtype, media_type) in [
        ("notes \u{e9}.txt", b"hello, this is a text\n".to_vec(), "m.file", "text/plain"),
        ("cat.png", picture, "m.image", "image/png"),
        ("song.wav", wav(), "m.audio", "audio/"),
        ("empty.bin", Vec::new(), "m.file", ""),
        ("one.bin", vec![0xff], "m.file", "application/octet-stream"),
        ("large.bin", pattern(LARGE), "m.file", "application/octet-stream"),
    ] {
        assert_eq!(talk.send_file(ALICE, name, &file).await, Answer::Accepted, "{name}");
        let sent = alice
            .until_event(&room, name, |event| event["sender"] == CAROLS_GHOST && event["content"]["filename"] == name)
            .await;
        let content = &sent["content"];
        assert_eq!((&content["msgtype"], &content["body"]), (&json!(msgtype), &json!(name)), "{content}");
        let said = content["info"]["mimetype"].as_str().unwrap();
        assert!(said.starts_with(media_type), "{content}");
        assert_eq!(content["info"]["size"], file.len(), "{content}");
        if msgtype == "m.image" {
            assert_eq!((&content["info"]["w"], &content["info"]["h"]), (&json!(40), &json!(40)), "{content}");
        }
        let came = alice.download(content["url"].as_str().unwrap()).await;
        assert!(came == file, "{name} came changed");
    }
}
