//! Everything that people of the script do is heard, in its order.

use chrysalis_discord_double::{Double, MessageKind, Route, intents};
use serde_json::{Value, json};

use crate::raw::{Line, answered, fetch};

#[tokio::test]
async fn all_kinds_of_lines_have_their_shapes() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    guild.welcomes_in(&general);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    ann.joins(&guild);
    assert_eq!(line.event("GUILD_MEMBER_ADD").await["user"]["username"], "ann");
    assert_eq!(line.event("MESSAGE_CREATE").await["type"], 7);
    let hello = ann.says(&general, "hello");
    line.event("MESSAGE_CREATE").await;
    ann.replies(&hello, "to myself");
    let reply = line.event("MESSAGE_CREATE").await;
    assert_eq!((reply["type"].as_u64(), reply["referenced_message"]["content"].as_str()), (Some(19), Some("hello")));
    ann.forwards(&hello, &general);
    let forward = line.event("MESSAGE_CREATE").await;
    assert_eq!(forward["message_reference"]["type"], 1);
    assert_eq!(forward["message_snapshots"][0]["message"]["content"], "hello");
    ann.polls(&general, "Tea?", &["yes", "no"]);
    assert_eq!(line.event("MESSAGE_CREATE").await["poll"]["answers"][1]["poll_media"]["text"], "no");
    ann.sends_sticker(&general, "wave", 1, &b"\x89PNG"[..]);
    let sticker = line.event("MESSAGE_CREATE").await["sticker_items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&double, &format!("{}/stickers/{sticker}.png", double.cdn_base())).await.bytes, b"\x89PNG");
    ann.sends_voice(&general, &b"OggS"[..], 1.5);
    let voice = line.event("MESSAGE_CREATE").await;
    assert_eq!((voice["flags"].as_u64(), voice["attachments"][0]["duration_secs"].as_f64()), (Some(8192), Some(1.5)));
    let url = voice["attachments"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&double, &url).await.bytes, b"OggS");
    ann.pins(&hello);
    assert_eq!(line.event("MESSAGE_CREATE").await["message_reference"]["message_id"], hello.id.to_string());
    guild.is_boosted_by(&ann);
    assert_eq!(line.event("MESSAGE_CREATE").await["type"], 8);
    general.unfurls(&hello, json!({"type": "link", "title": "A page"}));
    let update = line.event("MESSAGE_UPDATE").await;
    assert_eq!((update["edited_timestamp"].is_null(), update["content"].as_str()), (true, Some("hello")));
    general.loses(&[hello]);
    assert_eq!(line.event("MESSAGE_DELETE_BULK").await["ids"].as_array().unwrap().len(), 1);
    assert!(general.messages().iter().any(|message| message.kind == MessageKind::Pin));
    double.finish();
}

#[tokio::test]
async fn threads_posts_and_channels_come_and_go() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let (general, forum) = (guild.channel("general"), guild.forum("questions"));
    bot.joins(&guild);
    ann.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    let thread = ann.opens_thread(&general, "a thread");
    assert_eq!(line.event("THREAD_CREATE").await["parent_id"], general.id().to_string());
    assert_eq!(line.event("MESSAGE_CREATE").await["type"], 18);
    let post = ann.opens_post(&forum, "a question", "how long?");
    let created = line.event("THREAD_CREATE").await;
    assert_eq!((created["type"].as_u64(), created["id"].as_str().unwrap()), (Some(11), &*post.id().to_string()));
    let first = line.event("MESSAGE_CREATE").await;
    assert_eq!((&first["id"], &first["channel_id"]), (&created["id"], &created["id"]));
    thread.set_archived(true);
    assert_eq!(line.event("THREAD_UPDATE").await["thread_metadata"]["archived"], true);
    let path = format!("guilds/{}/threads/active", guild.id());
    let active = answered(&double, &bot, "GET", &path, Value::Null).await.json();
    assert_eq!(active["threads"].as_array().unwrap().len(), 1);
    thread.is_deleted();
    line.event("THREAD_DELETE").await;
    general.renamed("lounge");
    assert_eq!(line.event("CHANNEL_UPDATE").await["name"], "lounge");
    general.is_deleted();
    line.event("CHANNEL_DELETE").await;
    let path = format!("channels/{}/threads", forum.id());
    let body = json!({"name": "by a bot", "message": {"content": "first"}});
    let made = answered(&double, &bot, "POST", &path, body).await;
    assert_eq!((made.status, double.requests(Route::CreateThread)), (201, 1));
    double.finish();
}

#[tokio::test]
async fn people_and_guilds_change() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    bot.joins(&guild);
    ann.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    ann.set_nick(&guild, Some("Annie"));
    assert_eq!(line.event("GUILD_MEMBER_UPDATE").await["nick"], "Annie");
    let hash = ann.set_avatar(&b"\x89PNG picture"[..]);
    assert_eq!(line.event("GUILD_MEMBER_UPDATE").await["user"]["avatar"], hash.as_str());
    let picture = |path: String| format!("{}/{path}", double.cdn_base());
    assert_eq!(fetch(&double, &picture(format!("avatars/{}/{hash}.png?size=128", ann.id()))).await.status, 200);
    assert_eq!(fetch(&double, &picture(format!("avatars/{}/{hash}.gif", ann.id()))).await.status, 404);
    assert_eq!(fetch(&double, &picture("embed/avatars/3.png".into())).await.status, 200);
    let own = ann.set_guild_avatar(&guild, &b"GIF89a own"[..]);
    let path = format!("guilds/{}/users/{}/avatars/{own}.gif", guild.id(), ann.id());
    assert_eq!(fetch(&double, &picture(path)).await.bytes, b"GIF89a own");
    let icon = guild.set_icon(&b"\x89PNG icon"[..]);
    assert_eq!(line.event("GUILD_UPDATE").await["icon"], icon.as_str());
    assert_eq!(fetch(&double, &picture(format!("icons/{}/{icon}.png", guild.id()))).await.status, 200);
    let emoji = guild.emoji("wave", &b"GIF89a"[..]);
    assert_eq!(line.event("GUILD_EMOJIS_UPDATE").await["emojis"][0]["animated"], true);
    assert_eq!(fetch(&double, &picture(format!("emojis/{emoji}.gif"))).await.status, 200);
    guild.has_an_outage();
    assert_eq!(line.event("GUILD_DELETE").await["unavailable"], true);
    guild.recovers();
    assert_eq!(line.event("GUILD_CREATE").await["name"], "Tea");
    ann.leaves(&guild);
    line.event("GUILD_MEMBER_REMOVE").await;
    bot.leaves(&guild);
    assert_eq!(line.event("GUILD_DELETE").await.get("unavailable"), None);
    double.finish();
}
