//! The bridge's client reads every event there is: what it does not know it would pass over without a word.

use chrysalis_discord_double::{Activity, Double, Status, intents};
use serde_json::{Value, json};
use serenity::model::application::CurrentApplicationInfo;
use serenity::model::channel::{Channel, GuildChannel, Message, PrivateChannel, ThreadsData};
use serenity::model::event::{Event, GatewayEvent};
use serenity::model::gateway::BotGateway;
use serenity::model::guild::{Emoji, GuildInfo, Member, PartialGuild, Role};
use serenity::model::user::{CurrentUser, User};
use serenity::model::webhook::Webhook;

use crate::raw::{Line, answered};

fn read(frame: &Value) -> String {
    let name = frame["t"].as_str().unwrap().to_owned();
    let read = serde_json::from_value::<GatewayEvent>(frame.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let GatewayEvent::Dispatch(_, event) = read else { panic!("{name} is a dispatch") };
    if let Event::Unknown(_) = event {
        panic!("{name} is not read: {frame}");
    }
    name
}

#[tokio::test]
async fn every_event_is_read() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let (general, forum) = (guild.channel("general"), guild.forum("questions"));
    guild.voice("Talk");
    guild.announcements("news");
    guild.category("Rooms");
    guild.emoji("wave", &b"GIF89a"[..]);
    general.denies(guild.id(), 1 << 17);
    guild.welcomes_in(&general);
    bot.joins(&guild);
    ann.joins_as(&guild, Some("Annie"), &[]);
    ann.set_presence(Status::Online, &[Activity::custom("a").with_emoji("☕"), Activity::spotify("t", "a", "l")]);
    ann.opens_thread(&general, "before");
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "GUILD_CREATE") {
        names.push(read(&line.next().await.unwrap()));
    }
    let hello = ann.says(&general, "hello");
    let answer = ann.replies(&hello, "again <@1>");
    ann.forwards(&hello, &general);
    ann.polls(&general, "Tea?", &["yes", "no"]);
    ann.sends_sticker(&general, "wave", 1, &b"\x89PNG"[..]);
    ann.sends_file(&general, "a.png", &b"\x89PNG"[..]);
    ann.sends_voice(&general, &b"OggS"[..], 1.5);
    ann.pins(&hello);
    ann.says_with_embeds(&general, "https://example.org", vec![json!({"type": "rich", "title": "A page"})]);
    guild.is_boosted_by(&ann);
    general.unfurls(&hello, json!({"type": "link", "title": "A page"}));
    ann.edits(&hello, "good morning");
    ann.reacts(&hello, "👍");
    ann.reacts(&hello, "wave:5");
    ann.unreacts(&hello, "👍");
    ann.types(&general);
    ann.deletes(&answer);
    general.loses(&[hello]);
    let direct = ann.direct(&bot);
    ann.types(&direct);
    ann.calls(&direct);
    let secret = ann.says(&direct, "us two");
    ann.reacts(&secret, "👍");
    ann.set_presence(Status::Busy, &[Activity::streaming("a game", "https://example.org"), Activity::playing("chess")]);
    ann.opens_post(&forum, "a question", "how long?").set_archived(true);
    ann.opens_thread(&general, "another").is_deleted();
    general.webhook_by(&ann, "hook");
    general.renamed("lounge");
    general.is_deleted();
    ann.set_nick(&guild, None);
    guild.renamed("Coffee");
    guild.role("drinkers", 0, 0);
    guild.set_everyone(0x400);
    guild.emoji("bye", &b"\x89PNG"[..]);
    line.say(&json!({"op": 8, "d": {"guild_id": guild.id().to_string(), "query": "", "limit": 0, "presences": true}}))
        .await;
    ann.leaves(&guild);
    guild.has_an_outage();
    guild.recovers();
    double.emits(&bot, "RESUMED", &json!({}));
    while names.last().is_none_or(|name| name != "GUILD_MEMBERS_CHUNK") {
        let frame = line.next().await.unwrap();
        names.push(read(&frame));
    }
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 24, "{names:?}");
    double.finish();
}

#[tokio::test]
async fn every_answer_is_read() {
    let double = Double::start().await;
    double.without_rate_limits();
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let (general, direct) = (guild.channel("general"), ann.direct(&bot));
    bot.joins(&guild);
    ann.joins(&guild);
    let hello = ann.says(&general, "hello");
    ann.replies(&hello, "again");
    ann.sends_file(&general, "a.png", &b"\x89PNG"[..]);
    ann.opens_thread(&general, "a thread");
    guild.emoji("wave", &b"GIF89a"[..]);
    let (guild, channel) = (format!("guilds/{}", guild.id()), format!("channels/{}", general.id()));
    let get = async |path: String| answered(&double, &bot, "GET", &path, Value::Null).await.json();
    as_read::<CurrentUser>(get("users/@me".into()).await);
    as_read::<User>(get(format!("users/{}", ann.id())).await);
    as_read::<BotGateway>(get("gateway/bot".into()).await);
    as_read::<CurrentApplicationInfo>(get("applications/@me".into()).await);
    as_read::<Vec<GuildInfo>>(get("users/@me/guilds".into()).await);
    as_read::<PartialGuild>(get(guild.clone()).await);
    as_read::<Vec<GuildChannel>>(get(format!("{guild}/channels")).await);
    as_read::<Vec<Member>>(get(format!("{guild}/members?limit=10")).await);
    as_read::<Vec<Member>>(get(format!("{guild}/members/search?query=an&limit=10")).await);
    as_read::<Vec<Emoji>>(get(format!("{guild}/emojis")).await);
    as_read::<Vec<Role>>(get(format!("{guild}/roles")).await);
    as_read::<ThreadsData>(get(format!("{guild}/threads/active")).await);
    as_read::<Channel>(get(format!("channels/{}", direct.id())).await);
    as_read::<Channel>(get(channel.clone()).await);
    assert_eq!(as_read::<Vec<Message>>(get(format!("{channel}/messages")).await).len(), 4);
    let hook = answered(&double, &bot, "POST", &format!("{channel}/webhooks"), json!({"name": "relay"})).await.json();
    let token = hook["token"].as_str().unwrap().to_owned();
    let hook = as_read::<Webhook>(hook);
    as_read::<Vec<Webhook>>(get(format!("{channel}/webhooks")).await);
    let path = format!("webhooks/{}/{}?wait=true", hook.id, token);
    let said = answered(&double, &bot, "POST", &path, json!({"content": "hello", "username": "Alice"})).await.json();
    assert_eq!(as_read::<Message>(said).author.name, "Alice");
    let own = json!({"recipient_id": ann.id().to_string()});
    as_read::<PrivateChannel>(answered(&double, &bot, "POST", "users/@me/channels", own).await.json());
    double.finish();
}

fn as_read<Model: serde::de::DeserializeOwned>(answer: Value) -> Model {
    serde_json::from_value(answer).unwrap_or_else(|error| panic!("{}: {error}", std::any::type_name::<Model>()))
}
