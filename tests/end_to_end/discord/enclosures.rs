//! Files, pictures of people and custom emojis.

use chrysalis_discord_double::Status as Shown;
use chrysalis_test_harness::{Answer, Messenger, Object, ObjectKind, definitions_in, emoticons, pattern, text};
use msnp::notification::server::{PresenceLine, ServerCommand};

use super::{ANN, CAROL, GENERAL, Setup, tea, window};
use crate::matrix::picture::{GIF, png, size_of_png};

/// Three megabytes.
const LARGE: usize = 3 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_files_go_both_ways_unchanged() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, ann) = tea(&setup.double);
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN]).await;
    let mut talk = window(&mut carol, ANN).await;
    let chat = ann.direct(&bot);
    for (kind, name, file) in [
        ("a file", "notes.txt", b"hello\n".to_vec()),
        ("a picture", "cat.png", png(40, [0, 255, 0])),
        ("a file", "large.bin", pattern(LARGE)),
    ] {
        ann.sends_file(&chat, name, file.clone());
        let line = talk.hear_text(ANN).await;
        assert!(line.starts_with(&format!("sent {kind}: {name} (")), "{line}");
        let (offer, came) = talk.receive_file(ANN).await;
        assert_eq!((offer.name.as_str(), offer.size), (name, file.len()));
        assert!(came == file, "{name} came changed");
        // A link would end with Discord's own: it leads to a copy that is kept here.
        let (_, link) = line.rsplit_once(' ').unwrap();
        assert!(link.starts_with(&format!("http://{}", setup.server.web())), "{line}");

        assert_eq!(talk.send_file(ANN, name, &file).await, Answer::Accepted, "{name}");
        let is_it = |message: &chrysalis_discord_double::Message| {
            message.author.id() == bot.id() && message.attachments.iter().any(|attachment| attachment.name == name)
        };
        let sent = chat.wait_for_message(is_it).await;
        let [attachment] = &sent.attachments[..] else { panic!("one file: {sent:?}") };
        assert!(attachment.bytes == file, "{name} went changed");
    }
    // What is said with files comes with them.
    ann.sends_files(&chat, "look at these", &[("one.txt", "1".into()), ("two.txt", "2".into())]);
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(talk.hear_text(ANN).await);
    }
    assert!(lines.contains(&"look at these".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("sent a file: two.txt")), "{lines:?}");
    ann.sends_voice(&chat, b"OggS and so on".to_vec(), 2.0);
    let line = talk.hear_text(ANN).await;
    assert!(line.starts_with("sent a voice clip: "), "{line}");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_custom_emojis_are_emoticons() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let place = guild.channel("general");
    let cat = guild.emoji("cat", png(24, [200, 100, 0]));
    let dance = guild.emoji("dance", GIF);
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let mut talk = window(&mut carol, ANN).await;
    let chat = ann.direct(&bot);
    for (emoji, shortcut) in [(format!("<:cat:{cat}>"), ":cat:"), (format!("<a:dance:{dance}>"), ":dance:")] {
        ann.says(&chat, &format!("my {emoji} says hello"));
        let is_definition = |payload: &[u8]| String::from_utf8_lossy(payload).contains("emoticon");
        let defined = talk.hear_that(ANN, "a definition", |payload| is_definition(payload)).await;
        let [(defined, object)] = &definitions_in(&defined)[..] else { panic!("one emoticon") };
        assert_eq!((defined.as_str(), object.creator.as_str()), (shortcut, ANN));
        assert_eq!(talk.hear_text(ANN).await, format!("my {shortcut} says hello"));
        talk.fetch_object(ANN, object).await;
    }
    // An emoticon of a guild's name is its emoji there.
    let mut general = window(&mut carol, GENERAL).await;
    let object = Object::describe(CAROL, ObjectKind::Emoticon, "cat", GIF);
    general.say("N", emoticons(false, &[(":cat:", &object)])).await;
    general.tell(text("here is :cat:")).await;
    place.wait_for_text(&format!("here is <:cat:{cat}>")).await;
    setup.finish();
}

/// Waits until a contact shows a picture other than `before`.
async fn picture(carol: &mut Messenger, contact: &str, before: Option<&Object>) -> Object {
    let before = before.map(|object| &object.data_hash);
    carol
        .find(&format!("{contact} to have another picture"), |told| match told {
            ServerCommand::Nln { presence: PresenceLine { passport, object: Some(object), .. } }
            | ServerCommand::Iln { presence: PresenceLine { passport, object: Some(object), .. }, .. }
                if passport == contact =>
            {
                Some(Object::decode(object)).filter(|object| Some(&object.data_hash) != before)
            }
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_pictures_of_people_are_shown_as_they_change() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, _guild, ann) = tea(&setup.double);
    ann.set_presence(Shown::Online, &[]);
    ann.set_avatar(png(120, [0, 0, 255]));
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN]).await;
    let first = picture(&mut carol, ANN, None).await;
    let mut talk = window(&mut carol, ANN).await;
    let fetched = talk.fetch_object(ANN, &first).await;
    assert_eq!(size_of_png(&fetched), (96, 96));
    ann.set_avatar(png(30, [255, 255, 255]));
    let second = picture(&mut carol, ANN, Some(&first)).await;
    assert!(talk.fetch_object(ANN, &second).await != fetched);
    setup.finish();
}
