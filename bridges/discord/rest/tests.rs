//! The REST client against the double of Discord.

use std::time::Instant;

use chrysalis_discord_double::{Bot, Channel, Double, Fault, Guild, Person, Route};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::*;
use crate::{
    configuration::{tests::read, token},
    model::{ChannelId, GuildId, Message, MessageId},
};

/// A guild with one person, one channel and a bot.
struct Stage {
    double: Double,
    guild: Guild,
    general: Channel,
    ann: Person,
    bot: Bot,
    rest: BotRest,
}

impl Stage {
    async fn new() -> Self {
        let double = Double::start().await;
        let guild = double.guild("Tea");
        let general = guild.channel("general");
        let ann = double.person("ann");
        ann.joins(&guild);
        let bot = double.bot("bridge");
        bot.joins(&guild);
        let settings = read(json!({ "api_base": double.api_base(), "cdn_base": double.cdn_base() })).unwrap();
        let rest = Rest::new(&settings).unwrap().of(Token::parse(bot.token()).unwrap());
        Self { double, guild, general, ann, bot, rest }
    }

    fn channel(&self) -> ChannelId {
        ChannelId(self.general.id().get())
    }

    async fn say(&self, text: &str) -> Result<Said, RestFailure> {
        self.rest.say(self.channel(), &saying(text)).await
    }
}

fn saying(text: &str) -> Saying {
    Saying { content: text.into(), ..Saying::default() }
}

fn message(said: Said) -> Message {
    match said {
        Said::Message(message) => *message,
        Said::Unread => panic!("its answer was not read"),
    }
}

fn bytes(name: &str, bytes: &'static [u8]) -> Upload {
    let open: Opener = Arc::new(move || Box::pin(async move { Ok(Box::pin(bytes) as bridge::MediaStream) }));
    Upload { name: name.into(), media_type: "text/plain".into(), size: bytes.len() as u64, open }
}

#[tokio::test]
async fn a_bot_asks_about_itself_and_others() {
    let stage = Stage::new().await;
    let me = stage.rest.me().await.unwrap();
    assert_eq!((me.id.0, me.bot), (stage.bot.id().get(), true));
    assert!(stage.rest.application().await.unwrap().may_read());
    let info = stage.rest.gateway().await.unwrap();
    assert_eq!((info.shards, info.url.as_str()), (1, stage.double.gateway_url().as_str()));
    let guild = GuildId(stage.guild.id().get());
    let found = stage.rest.search_members(guild, "an", 5).await.unwrap();
    let ann = found.first().and_then(|member| member.user.clone()).unwrap();
    assert_eq!(ann.username, "ann");
    let direct = stage.rest.open_direct(ann.id).await.unwrap();
    assert_eq!(direct.recipients.first().unwrap().id, ann.id);
    stage.rest.typing(stage.channel()).await.unwrap();
    assert_eq!(stage.general.typed_by(stage.bot.id()), 1);
    stage.double.finish();
}

#[tokio::test]
async fn things_are_said_with_files_answers_and_a_nonce() {
    let stage = Stage::new().await;
    let first = stage.ann.says(&stage.general, "hello");
    let whole = Saying {
        content: "*hi*".into(),
        reply: Some(MessageId(first.id.get())),
        nonce: Some("order-1".into()),
        files: vec![bytes("a.txt", b"one"), bytes("b.txt", b"two two")],
        ..Saying::default()
    };
    let said = message(stage.rest.say(stage.channel(), &whole).await.unwrap());
    assert_eq!(said.attachments.iter().map(|file| file.size).collect::<Vec<_>>(), [3, 7]);
    assert_eq!(said.message_reference.unwrap().message_id.unwrap().0, first.id.get());
    let again = message(stage.rest.say(stage.channel(), &whole).await.unwrap());
    assert_eq!(again.id, said.id, "the nonce keeps it from being said twice");
    let mut fetched = stage.rest.cdn().fetch(&said.attachments[1].url, 100).await.unwrap();
    let mut read_back = String::new();
    fetched.stream.read_to_string(&mut read_back).await.unwrap();
    assert_eq!(read_back, "two two");
    assert!(matches!(
        stage.rest.cdn().fetch(&said.attachments[1].url, 6).await,
        Err(RestFailure::Refused { status: 413, .. })
    ));
    let latest = stage.rest.history(stage.channel(), Around::Latest, 10).await.unwrap();
    assert_eq!(latest.iter().map(|message| message.id.0).collect::<Vec<_>>(), [first.id.get(), said.id.0]);
    let before = stage.rest.history(stage.channel(), Around::Before(said.id), 10).await.unwrap();
    assert_eq!(before.iter().map(|message| message.id.0).collect::<Vec<_>>(), [first.id.get()]);
    assert_eq!(stage.rest.message(stage.channel(), said.id).await.unwrap().content, "*hi*");
    let urls = vec![said.attachments[0].url.clone(), "https://example.org/x".into()];
    let fresh = stage.rest.refresh_attachments(urls).await.unwrap();
    assert_eq!((fresh.len(), fresh[1].as_str()), (2, "https://example.org/x"));
    stage.double.finish();
}

#[tokio::test]
async fn somebody_else_speaks_through_a_webhook() {
    let stage = Stage::new().await;
    let webhook = stage.rest.make_webhook(stage.channel(), "Chrysalis").await.unwrap();
    assert_eq!(stage.rest.webhooks(stage.channel()).await.unwrap(), std::slice::from_ref(&webhook));
    let as_zoe = Saying { name: Some("Zoe".into()), files: vec![bytes("a.txt", b"one")], ..saying("hi") };
    let said = message(stage.rest.execute(&webhook, &as_zoe, None).await.unwrap());
    assert_eq!((said.author.unwrap().username.as_str(), said.webhook_id), ("Zoe", Some(webhook.id)));
    let thread = stage.ann.opens_thread(&stage.general, "a thread");
    let thread_id = ChannelId(thread.id().get());
    let there = message(stage.rest.execute(&webhook, &saying("in it"), Some(thread_id)).await.unwrap());
    assert_eq!(there.channel_id, thread_id);
    stage.general.loses_webhook(stage.general.webhooks()[0].0);
    let gone = stage.rest.execute(&webhook, &as_zoe, None).await.unwrap_err();
    assert_eq!(gone.code(), Some(code::UNKNOWN_WEBHOOK));
    let other = stage.rest.make_webhook(stage.channel(), "Chrysalis").await.unwrap();
    stage.double.fault(Route::ExecuteWebhook, 1, Fault::Status(401));
    let refused = stage.rest.execute(&other, &as_zoe, None).await.unwrap_err();
    assert_eq!(refused.code(), Some(code::UNKNOWN_WEBHOOK), "its secret is no longer taken");
    stage.rest.me().await.expect("the bot's own token is as good as before");
    let secret = webhook.token.unwrap();
    assert!(!format!("{gone:?}{gone}").contains(&secret));
    stage.double.finish();
}

#[tokio::test]
async fn a_limit_is_waited_for_and_the_message_is_said_once() {
    let stage = Stage::new().await;
    let after = Duration::from_millis(1200);
    stage.double.fault(Route::CreateMessage, 1, Fault::RateLimited { retry_after: after, global: false });
    let begun = Instant::now();
    stage.say("late").await.unwrap();
    assert!(begun.elapsed() >= after, "{:?}", begun.elapsed());
    assert_eq!(stage.general.messages().len(), 1);
    let long = Duration::from_hours(1);
    stage.double.fault(Route::CreateMessage, 1, Fault::RateLimited { retry_after: long, global: false });
    assert_eq!(stage.say("too late").await, Err(RestFailure::Limited { after: long }));
    // And it is not even tried before its time.
    let requests = stage.double.all_requests();
    assert!(matches!(stage.say("too late").await, Err(RestFailure::Limited { .. })));
    assert_eq!(stage.double.all_requests(), requests);
    stage.double.finish();
}

#[tokio::test]
async fn the_limits_are_kept_without_running_into_them() {
    let stage = Stage::new().await;
    stage.double.limit(Route::CreateMessage, 3, Duration::from_secs(1));
    for number in 0..10 {
        stage.say(&number.to_string()).await.unwrap();
    }
    assert_eq!(stage.general.messages().len(), 10);
    assert_eq!(stage.double.invalid_requests(), 0, "no 429 at all");
    stage.double.finish();
}

#[tokio::test]
async fn many_at_once_keep_the_limits_too() {
    let stage = Stage::new().await;
    stage.double.limit(Route::CreateMessage, 3, Duration::from_secs(1));
    stage.say("first").await.unwrap();
    let texts: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let said = futures_util::future::join_all(texts.iter().map(|text| stage.say(text))).await;
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    assert_eq!((stage.general.messages().len(), stage.double.invalid_requests()), (13, 0));
    stage.double.finish();
}

#[test]
fn tokens_that_were_only_tried_take_no_memory() {
    let rest = Rest::new(&read(json!({})).unwrap()).unwrap();
    let ours = rest.of(token(1));
    for bot in 2..3 * MANY_BOTS as u64 {
        drop(rest.of(token(bot)));
    }
    assert!(rest.shared.limits.lock().unwrap().len() <= MANY_BOTS);
    assert!(Arc::ptr_eq(&ours.limits, &rest.of(token(1)).limits), "a bot that is ours keeps its limits");
}

#[tokio::test]
async fn what_may_have_been_said_is_told_from_what_was_not() {
    let stage = Stage::new().await;
    for fault in [Fault::AnswerLost, Fault::StatusAfterEffect(502), Fault::Status(500), Fault::Cut] {
        stage.double.fault(Route::CreateMessage, 1, fault.clone());
        let failure = stage.say("perhaps").await.unwrap_err();
        assert!(matches!(failure, RestFailure::Unknown { .. }), "{fault:?}: {failure:?}");
    }
    for fault in [Fault::Truncated, Fault::Unreadable] {
        stage.double.fault(Route::CreateMessage, 1, fault.clone());
        assert_eq!(stage.say("surely").await, Ok(Said::Unread), "{fault:?}");
    }
    // What only asks is asked again where Discord has trouble, and has had no effect where no answer came.
    stage.double.fault(Route::Me, 2, Fault::Status(503));
    stage.rest.me().await.unwrap();
    stage.double.fault(Route::Me, 1, Fault::AnswerLost);
    assert!(matches!(stage.rest.me().await, Err(RestFailure::NotSent { .. })));
    let nobody = read(json!({ "api_base": "http://127.0.0.1:9" })).unwrap();
    let nobody = Rest::new(&nobody).unwrap().of(token(1));
    let failure = nobody.say(ChannelId(5), &saying("x")).await.unwrap_err();
    assert!(matches!(failure, RestFailure::NotSent { .. }), "{failure:?}");
    stage.double.finish();
}

#[tokio::test]
async fn a_file_that_breaks_off_is_not_said() {
    let stage = Stage::new().await;
    let open: Opener = Arc::new(|| {
        Box::pin(async {
            let broken = breaking_off();
            Ok(broken)
        })
    });
    let broken = Upload { name: "a".into(), media_type: "text/plain".into(), size: 1 << 20, open };
    let files = Saying { files: vec![broken], ..saying("x") };
    let failure = stage.rest.say(stage.channel(), &files).await.unwrap_err();
    assert!(matches!(failure, RestFailure::NotSent { .. }), "{failure:?}");
    assert!(stage.general.messages().is_empty());
}

/// Some bytes, and then an error.
fn breaking_off() -> bridge::MediaStream {
    let (mut writer, reader) = tokio::io::duplex(64);
    tokio::spawn(async move {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, b"some bytes").await;
    });
    let ends = futures_util::stream::once(async { Err(std::io::Error::other("the disk is gone")) });
    let ends =
        tokio_util::io::StreamReader::new(Box::pin(ends)
            as std::pin::Pin<Box<dyn futures_util::Stream<Item = std::io::Result<&'static [u8]>> + Send>>);
    Box::pin(reader.chain(ends))
}

#[tokio::test]
async fn refusals_come_with_their_number() {
    let stage = Stage::new().await;
    let nowhere = stage.rest.channel(ChannelId(5)).await.unwrap_err();
    assert!([Some(code::UNKNOWN_CHANNEL), Some(code::NO_ACCESS)].contains(&nowhere.code()), "{nowhere:?}");
    stage.ann.refuses_direct_messages(true);
    let direct = stage.rest.open_direct(UserId(stage.ann.id().get())).await.unwrap();
    let refused = stage.rest.say(direct.id, &saying("hi")).await.unwrap_err();
    assert_eq!(refused.code(), Some(code::CANNOT_WRITE_TO_PERSON));
}

#[tokio::test]
async fn a_token_that_is_void_is_shown_once_and_never_again() {
    let stage = Stage::new().await;
    stage.bot.loses_its_token();
    assert_eq!(stage.rest.me().await, Err(RestFailure::Unauthorized));
    let clone = stage.rest.clone();
    for _ in 0..20 {
        assert_eq!(clone.say(stage.channel(), &saying("hi")).await, Err(RestFailure::Unauthorized));
    }
    assert_eq!(stage.double.invalid_requests(), 1);
}
