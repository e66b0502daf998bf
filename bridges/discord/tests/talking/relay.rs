//! Several accounts behind one bot.

use chrysalis_discord_double::{Author, permissions};
use domain::{Content, PersonalMessage, Status, presence::OwnPresence};
use std::sync::Arc;

use crate::stage::{CAROL, DAVE, Stage, passport, room};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_speak_in_channels_under_their_own_names_and_hear_each_other() {
    let (stage, _relay) = Stage::with_relay().await;
    stage.host.publish_under("https://msn.example");
    let picture = Arc::new(stage.host.keep("carol.png", vec![1, 2, 3]));
    stage.opened(CAROL).await.show(OwnPresence {
        status: Status::Online,
        name: "Carol of Discord".to_owned(),
        personal_message: PersonalMessage::default(),
        picture: Some(picture),
    });
    stage.says(CAROL, stage.room(), "hello *all*").await;
    let said = stage.general.messages().pop().unwrap();
    let Author::Webhook { name, avatar_url, .. } = &said.author else { panic!("{said:?}") };
    assert_eq!(name, "Carol of D\u{200d}iscord");
    assert!(avatar_url.as_deref().unwrap().starts_with("https://msn.example/"));
    assert_eq!(said.content, "hello \\*all\\*");
    let (place, author) = stage.hears(DAVE, "hello *all*").await;
    assert_eq!((place, author.account), (stage.room(), Some(passport(CAROL))));

    stage.says(DAVE, stage.room(), "welcome").await;
    stage.hears(CAROL, "welcome").await;
    stage.ann.says(&stage.general, "hi both");
    let (_, author) = stage.hears(CAROL, "hi both").await;
    assert_eq!((author.name.as_str(), author.login.as_str(), author.account), ("ann", "ann", None));
    stage.hears(DAVE, "hi both").await;
    assert_eq!(stage.heard(CAROL), ["welcome", "hi both"], "nobody hears themselves");
    assert_eq!(stage.heard(DAVE), ["hello *all*", "hi both"]);
    assert_eq!(stage.general.webhooks().len(), 1, "one is enough");
    assert!(stage.host.secrets().iter().any(|key| key.starts_with("webhook/")));

    let (webhook, ..) = stage.general.webhooks()[0].clone();
    stage.general.loses_webhook(webhook);
    stage.says(CAROL, stage.room(), "still here").await;
    stage.hears(DAVE, "still here").await;
    assert_eq!(stage.general.webhooks().len(), 1, "it was made anew");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_webhooks_the_relay_names_who_speaks_and_says_so_once() {
    let stage = Stage::set(|double, guild| {
        let bot = double.bot("relay");
        bot.joins_with(guild, permissions::EVERYONE);
        Some(bot)
    })
    .await;
    stage.begin().await;
    stage.says(CAROL, stage.room(), "hello").await;
    stage.says(CAROL, stage.room(), "again").await;
    let said: Vec<String> = stage.general.messages().into_iter().map(|message| message.content).collect();
    assert_eq!(said, ["**Carol**: hello", "**Carol**: again"]);
    let (_, author) = stage.hears(DAVE, "again").await;
    assert_eq!(author.account, Some(passport(CAROL)));
    let notices = stage.host.seen().notices;
    let [(owner, line)] = &notices[..] else { panic!("{notices:?}") };
    assert!(*owner == passport(CAROL) && line.contains("Manage Webhooks"), "{line}");
    stage.ann.says(&stage.general, "hi");
    stage.hears(CAROL, "hi").await;
    assert_eq!(stage.heard(CAROL), ["hi"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_the_relay_finds_whom_it_is_for() {
    let (stage, relay) = Stage::with_relay().await;
    stage.says(CAROL, stage.to_ann(), "it is Carol").await;
    let chat = stage.ann.direct(&relay);
    let carols = chat.wait_for_text("**Carol**: it is Carol").await;
    stage.ann.says(&chat, "hello Carol");
    stage.hears(CAROL, "hello Carol").await;
    stage.says(DAVE, stage.to_ann(), "and this is Dave").await;
    stage.ann.says(&chat, "who is it");
    stage.hears(DAVE, "who is it").await;
    chat.wait_for_message(|message| message.content.contains("This goes to **Dave**")).await;
    stage.ann.replies(&carols, "I meant Carol");
    stage.hears(CAROL, "I meant Carol").await;
    stage.ann.says(&chat, "and now, too");
    stage.hears(CAROL, "and now, too").await;
    assert_eq!(stage.heard(CAROL), ["hello Carol", "I meant Carol", "and now, too"]);
    assert_eq!(stage.heard(DAVE), ["who is it"]);
    let told = chat.messages().into_iter().filter(|message| message.content.starts_with("-# ")).count();
    assert_eq!(told, 1, "once for each change that she could not know of");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_through_a_webhook_shows_what_it_answers() {
    let (stage, _relay) = Stage::with_relay().await;
    let lunch = stage.ann.says(&stage.general, "lunch?");
    stage.hears(CAROL, "lunch?").await;
    let id = domain::RemoteMessage(format!("{}/{}", lunch.channel, lunch.id));
    let order = stage.order(stage.room(), Content::text("yes"), Some(id));
    stage.opened(CAROL).await.deliver(&order).await.unwrap();
    let said = stage.general.messages().pop().unwrap().content;
    let link = format!("https://discord.com/channels/{}/{}/{}", stage.guild.id(), lunch.channel, lunch.id);
    assert_eq!(said, format!("> **ann**: lunch? {link}\nyes"));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_are_spoken_in_through_their_channels_webhook() {
    let (stage, _relay) = Stage::with_relay().await;
    let thread = stage.ann.opens_thread(&stage.general, "plans");
    stage.ann.says(&thread, "in the thread");
    let (place, _) = stage.hears(CAROL, "in the thread").await;
    assert_eq!(place, room(&thread));
    stage.says(CAROL, room(&thread), "me too").await;
    let said = thread.messages().pop().unwrap();
    assert_eq!((said.content.as_str(), said.author.webhook_name()), ("me too", Some("Carol")));
    assert_eq!(stage.general.webhooks().len(), 1);
    stage.hears(DAVE, "me too").await;
    stage.end().await;
}
