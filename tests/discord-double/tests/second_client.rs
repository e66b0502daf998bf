//! twilight, a client that shares nothing with the bridge's.

use std::time::Duration;

use chrysalis_discord_double::{Activity, Author, Bot, Double, Id, Route, Status};
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};
use twilight_http::Client;
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_model::gateway::payload::outgoing::{RequestGuildMembers, UpdatePresence};
use twilight_model::gateway::presence::{ActivityType, MinimalActivity, Status as ShownStatus};
use twilight_model::http::attachment::Attachment;
use twilight_model::id::Id as TheirId;

fn shard(double: &Double, bot: &Bot) -> Shard {
    let config = ConfigBuilder::new(bot.token().into(), Intents::from_bits_truncate(0xFF2B))
        .proxy_url(double.gateway_url())
        .build();
    Shard::with_config(ShardId::ONE, config)
}

fn client(double: &Double, bot: &Bot) -> Client {
    Client::builder().token(bot.token().into()).proxy(double.address().to_string(), true).build()
}

fn their<T>(id: Id) -> TheirId<T> {
    TheirId::new(id.get())
}

/// The first event that fits; what cannot be read ends the test.
async fn heard<T>(shard: &mut Shard, fits: impl Fn(Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            let event = shard.next_event(EventTypeFlags::all()).await.expect("the shard goes on");
            match event {
                Ok(event) => {
                    if let Some(found) = fits(event) {
                        return found;
                    }
                }
                Err(error) => {
                    let text = format!("{error:?}");
                    assert!(!text.contains("Deserializing"), "an event that cannot be read: {text}");
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the event comes")
}

#[tokio::test]
async fn a_session_hears_of_guild_people_and_messages() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    guild.voice("Talk");
    guild.forum("questions");
    guild.announcements("news");
    guild.category("Rooms");
    guild.emoji("wave", &b"GIF89a"[..]);
    bot.joins(&guild);
    ann.joins_as(&guild, Some("Annie"), &[guild.role("tea drinkers", 0, 0xff_00_00)]);
    ann.set_presence(
        Status::Idle,
        &[
            Activity::custom("pouring").with_emoji("☕"),
            Activity::spotify("Golden Brown", "The Stranglers", "La Folie"),
        ],
    );
    ann.opens_thread(&general, "a thread");

    let mut shard = shard(&double, &bot);
    let ready = heard(&mut shard, |event| if let Event::Ready(ready) = event { Some(ready) } else { None }).await;
    assert_eq!((ready.user.id.get(), ready.guilds.len()), (bot.id().get(), 1));
    let create =
        heard(&mut shard, |event| if let Event::GuildCreate(create) = event { Some(create) } else { None }).await;
    let twilight_model::gateway::payload::incoming::GuildCreate::Available(seen) = *create else {
        panic!("the guild is there")
    };
    assert_eq!((seen.name.as_str(), seen.channels.len(), seen.threads.len(), seen.emojis.len()), ("Tea", 5, 1, 1));
    let annie = seen.members.iter().find(|member| member.user.id == their(ann.id())).unwrap();
    assert_eq!((annie.nick.as_deref(), annie.roles.len()), (Some("Annie"), 1));
    let presence = seen.presences.iter().find(|presence| presence.activities.len() == 2).unwrap();
    assert_eq!(presence.activities[1].details.as_deref(), Some("Golden Brown"));

    let said = ann.says(&general, "hello <@1>");
    let message = heard(&mut shard, |event| if let Event::MessageCreate(m) = event { Some(m) } else { None }).await;
    assert_eq!((message.id.get(), message.content.as_str()), (said.id.get(), "hello <@1>"));
    ann.edits(&said, "good morning");
    let update = heard(&mut shard, |event| if let Event::MessageUpdate(m) = event { Some(m) } else { None }).await;
    assert_eq!((update.content.as_str(), update.edited_timestamp.is_some()), ("good morning", true));
    ann.reacts(&said, "👍");
    heard(&mut shard, |event| if let Event::ReactionAdd(_) = event { Some(()) } else { None }).await;
    ann.unreacts(&said, "👍");
    heard(&mut shard, |event| if let Event::ReactionRemove(_) = event { Some(()) } else { None }).await;
    ann.types(&general);
    heard(&mut shard, |event| if let Event::TypingStart(_) = event { Some(()) } else { None }).await;
    ann.deletes(&said);
    heard(&mut shard, |event| if let Event::MessageDelete(_) = event { Some(()) } else { None }).await;
    ann.set_presence(Status::Busy, &[]);
    let presence = heard(&mut shard, |event| if let Event::PresenceUpdate(p) = event { Some(p) } else { None }).await;
    assert_eq!(presence.user.id(), their(ann.id()));
    double.finish();
}

#[tokio::test]
async fn members_are_told_in_chunks_and_presence_is_shown() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Crowd"));
    guild.populate("guest", 1500);
    bot.joins(&guild);
    let mut shard = shard(&double, &bot);
    heard(&mut shard, |event| if let Event::GuildCreate(_) = event { Some(()) } else { None }).await;
    let request = RequestGuildMembers::builder(their(guild.id())).presences(true).nonce("n1").query("", None);
    shard.command(&request);
    let mut members = 0;
    for index in 0..2 {
        let chunk =
            heard(&mut shard, |event| if let Event::MemberChunk(chunk) = event { Some(chunk) } else { None }).await;
        assert_eq!((chunk.chunk_index, chunk.chunk_count, chunk.nonce.as_deref()), (index, 2, Some("n1")));
        members += chunk.members.len();
    }
    assert_eq!(members, 1502, "the guests, the owner and the bot");
    let listening = MinimalActivity { kind: ActivityType::Custom, name: "~".into(), url: None };
    shard.command(&UpdatePresence::new([listening.into()], false, None, ShownStatus::Idle).unwrap());
    let asking = heard(&mut shard, |event| if let Event::GatewayHeartbeatAck = event { Some(()) } else { None });
    let shown = tokio::select! {
        shown = bot.wait_for_presence(|shown| shown.status == "idle") => shown,
        () = asking => panic!("nobody waits that long"),
    };
    assert_eq!(shown.activities.len(), 1);
    double.finish();
}

#[tokio::test]
async fn a_lost_connection_is_resumed_and_nothing_is_missed() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.joins(&guild);
    let mut shard = shard(&double, &bot);
    heard(&mut shard, |event| if let Event::GuildCreate(_) = event { Some(()) } else { None }).await;
    bot.gateway().cuts();
    bot.gateway().wait_until_disconnected().await;
    ann.says(&general, "while you were away");
    let missed = heard(&mut shard, |event| if let Event::MessageCreate(m) = event { Some(m) } else { None }).await;
    assert_eq!(missed.content, "while you were away");
    heard(&mut shard, |event| if let Event::Resumed = event { Some(()) } else { None }).await;
    bot.gateway().asks_to_reconnect();
    heard(&mut shard, |event| if let Event::Resumed = event { Some(()) } else { None }).await;
    assert_eq!((bot.identifies(), bot.resumes()), (1, 2));
    double.finish();
}

#[tokio::test]
async fn a_bot_writes_answers_reacts_and_sends_files() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.joins(&guild);
    let client = client(&double, &bot);
    assert_eq!(client.current_user().await.unwrap().model().await.unwrap().id, their(bot.id()));
    let limits = client.gateway().authed().await.unwrap().model().await.unwrap().session_start_limit;
    assert_eq!((limits.total, limits.remaining), (1000, 1000));
    let channel = their(general.id());
    let question = ann.says(&general, "tea?");
    let sent = client.create_message(channel).content("yes").nonce(7).reply(their(question.id)).await.unwrap();
    let sent = sent.model().await.unwrap();
    let seen = general.message(Id::new(sent.id.get())).unwrap();
    assert_eq!((seen.content.as_str(), seen.nonce.as_deref()), ("yes", Some("7")));
    assert_eq!(seen.reference.unwrap().message, Some(question.id));
    let file = [Attachment::from_bytes("leaf.txt".into(), b"green".to_vec(), 1)];
    let sent = client.create_message(channel).attachments(&file).await.unwrap().model().await.unwrap();
    assert_eq!((sent.attachments[0].filename.as_str(), sent.attachments[0].size), ("leaf.txt", 5));
    assert_eq!(&general.message(Id::new(sent.id.get())).unwrap().attachments[0].bytes[..], b"green");
    let thumb = RequestReactionType::Unicode { name: "👍" };
    client.create_reaction(channel, their(question.id), &thumb).await.unwrap();
    general.wait_for_reaction(question.id, bot.id(), "👍").await;
    client.update_message(channel, sent.id).content(Some("here")).await.unwrap();
    client.create_typing_trigger(channel).await.unwrap();
    general.wait_for_typing(bot.id(), 1).await;
    client.delete_message(channel, sent.id).await.unwrap();
    general.wait_until_deleted(Id::new(sent.id.get())).await;
    let listed = client.channel_messages(channel).limit(10).await.unwrap().models().await.unwrap();
    assert_eq!(listed.len(), 2);
    let direct = client.create_private_channel(their(ann.id())).await.unwrap().model().await.unwrap();
    client.create_message(direct.id).content("between us").await.unwrap();
    ann.direct(&bot).wait_for_text("between us").await;
    let members = client.guild_members(their(guild.id())).limit(10).await.unwrap().models().await.unwrap();
    assert_eq!(members.len(), 3);
    double.finish();
}

#[tokio::test]
async fn a_webhook_speaks_under_other_names() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    let client = client(&double, &bot);
    let made = client.create_webhook(their(general.id()), "Chrysalis").await.unwrap().model().await.unwrap();
    let token = made.token.unwrap();
    let execute = client
        .execute_webhook(made.id, &token)
        .content("hello")
        .username("Alice")
        .avatar_url("https://example.org/a.png");
    let sent = execute.wait().await.unwrap().model().await.unwrap();
    let seen = general.wait_for_text("hello").await;
    assert_eq!(
        (seen.author.webhook_name(), seen.author.webhook_avatar()),
        (Some("Alice"), Some("https://example.org/a.png"))
    );
    assert!(matches!(seen.author, Author::Webhook { .. }));
    client.update_webhook_message(made.id, &token, sent.id).content(Some("goodbye")).await.unwrap();
    general.wait_for_text("goodbye").await;
    client.delete_webhook_message(made.id, &token, sent.id).await.unwrap();
    general.wait_until_deleted(seen.id).await;
    let listed = client.channel_webhooks(their(general.id())).await.unwrap().models().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(double.requests(Route::ExecuteWebhook), 1);
    double.finish();
}
