//! What Echo gives when asked.

use std::{io::Cursor, sync::Arc};

use bridge::{Network, conformance::FakeHost};
use domain::{Content, PersonalMessage, Status, content::Style, media::Attachment, presence::OwnPresence};
use image::{AnimationDecoder, ImageFormat, codecs::gif::GifDecoder};

use super::{host, order, owner, said, started, wait_for};

/// What Echo answers to one word.
async fn told(word: &str) -> (Arc<FakeHost>, Vec<Content>) {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", word)).await.unwrap();
    // What is told afterwards is answered afterwards.
    link.deliver(&order(&host, "2", "that was all")).await.unwrap();
    let end = Content::text("that was all");
    let mut answers = host.wait_for("the end", |seen| Some(said(seen)).filter(|said| said.last() == Some(&end))).await;
    answers.pop();
    network.stop().await;
    (host, answers)
}

fn bytes(host: &FakeHost, attachment: &Attachment, media_type: &str) -> Vec<u8> {
    assert_eq!(attachment.media_type, media_type, "{}", attachment.name);
    let bytes = host.bytes(attachment).unwrap();
    assert_eq!(bytes.len() as u64, attachment.size);
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_file_is_a_text_file() {
    let (host, answers) = told("File").await;
    let [Content::File(file)] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(file.name, "letter from echo.txt");
    assert!(String::from_utf8(host.bytes(file).unwrap()).unwrap().contains("This is a file."));
}

#[tokio::test(start_paused = true)]
async fn an_image_is_a_png_of_three_hundred_by_two_hundred() {
    let (host, answers) = told("image").await;
    let [Content::Image(file)] = answers.as_slice() else { panic!("{answers:?}") };
    let bytes = bytes(&host, file, "image/png");
    let drawn = image::load_from_memory_with_format(&bytes, ImageFormat::Png).unwrap();
    assert_eq!((drawn.width(), drawn.height()), (300, 200));
}

#[tokio::test(start_paused = true)]
async fn an_emoticon_stands_still_and_another_moves() {
    let (host, answers) = told("EMOTICON").await;
    let [Content::Text(text)] = answers.as_slice() else { panic!("{answers:?}") };
    let [still, moving] = text.emoticons.as_slice() else { panic!("{text:?}") };
    for emoticon in [still, moving] {
        assert!(text.text.contains(&emoticon.shortcut) && emoticon.shortcut.len() <= 7, "{emoticon:?}");
    }
    assert_eq!((still.animated, moving.animated), (false, true));
    bytes(&host, &still.picture, "image/png");
    let moving = bytes(&host, &moving.picture, "image/gif");
    let frames = GifDecoder::new(Cursor::new(moving)).unwrap().into_frames().collect_frames().unwrap();
    assert!(frames.len() > 1);
}

#[tokio::test(start_paused = true)]
async fn ink_a_voice_and_a_wink_are_given_in_kind() {
    let (host, answers) = told("ink").await;
    let [Content::Ink(ink)] = answers.as_slice() else { panic!("{answers:?}") };
    bytes(&host, ink, "image/gif");

    let (host, answers) = told("voice").await;
    let [Content::Voice(voice)] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(voice.name, "tone.wav");
    bytes(&host, voice, "audio/x-wav");

    let (host, answers) = told("wink").await;
    let [Content::Wink { title, thumbnail: Some(thumbnail) }] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(title, "A call comes back");
    bytes(&host, thumbnail, "image/png");
}

#[tokio::test(start_paused = true)]
async fn texts_are_bold_long_and_helpful() {
    let (_, answers) = told("bold").await;
    let [Content::Text(bold), Content::Text(motley)] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((bold.spans[0].range.clone(), &bold.spans[0].style), (0..bold.text.len(), &Style::Bold));
    assert!(motley.spans.len() > 5);

    let (_, answers) = told("long").await;
    let [Content::Text(long)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(long.text.len() > 6000);

    let (_, answers) = told("help").await;
    let [Content::Text(help)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(help.text.contains("\nemoticon: "), "{}", help.text);

    let (_, answers) = told("room").await;
    let [Content::Text(room)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(room.text.contains("room@rooms.loopback.msn.example"), "{}", room.text);
}

#[tokio::test(start_paused = true)]
async fn an_account_hears_what_echo_sees_of_it() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order(&host, "1", "me")).await.unwrap();
    assert_eq!(wait_for(&host, 1).await, [Content::text("I do not see you.")]);
    let picture = host.keep("carol.gif", b"GIF89a".to_vec());
    link.show(OwnPresence {
        status: Status::Busy,
        name: owner().name,
        personal_message: PersonalMessage::of("reading"),
        picture: Some(picture.into()),
    });
    link.deliver(&order(&host, "2", "me")).await.unwrap();
    let likeness = "Name: Carol\nStatus: busy\nLine: reading\nPicture: image/gif, 6 bytes";
    assert_eq!(wait_for(&host, 2).await.last(), Some(&Content::text(likeness)));
    network.stop().await;
}
