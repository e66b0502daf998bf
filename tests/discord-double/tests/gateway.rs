//! Sessions: who hears what, and how they end.

use std::time::Duration;

use chrysalis_discord_double::{Double, Status, intents, permissions};
use serde_json::json;

use crate::raw::Line;

#[tokio::test]
async fn without_the_intent_nothing_is_read_but_what_is_meant_for_the_bot() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN & !intents::PRIVILEGED).await;
    let create = line.event("GUILD_CREATE").await;
    assert_eq!((create["members"].as_array().unwrap().len(), create["presences"].as_array().unwrap().len()), (1, 0));
    ann.says(&general, "not for everyone");
    assert_eq!(line.event("MESSAGE_CREATE").await["content"], "");
    let text = format!("<@{}> you", bot.id());
    ann.says(&general, &text);
    assert_eq!(line.event("MESSAGE_CREATE").await["content"], text.as_str());
    ann.says(&ann.direct(&bot), "us two");
    let direct = line.event("MESSAGE_CREATE").await;
    assert_eq!((direct["content"].as_str(), direct.get("guild_id")), (Some("us two"), None));
    ann.set_presence(Status::Online, &[]);
    ann.types(&general);
    assert_eq!(line.next().await.unwrap()["t"], "TYPING_START", "the presence is not told");
    double.finish();
}

#[tokio::test]
async fn what_a_bot_does_not_see_it_does_not_hear() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let (hidden, general) = (guild.hidden_channel("hidden"), guild.channel("general"));
    bot.joins(&guild);
    ann.joins(&guild);
    hidden.allows(ann.id(), permissions::VIEW_CHANNEL);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    ann.says(&hidden, "a secret");
    ann.says(&general, "no secret");
    assert_eq!(line.event("MESSAGE_CREATE").await["content"], "no secret");
    double.finish();
}

#[tokio::test]
async fn tokens_and_intents_are_checked() {
    let double = Double::start().await;
    let bot = double.bot("bridge").without_intents(intents::MESSAGE_CONTENT);
    let stranger = double.bot("stranger");
    stranger.loses_its_token();
    assert_eq!(Line::identified(&double, &stranger, 0).await.end().await, 4004);
    assert_eq!(Line::identified(&double, &bot, intents::MESSAGE_CONTENT).await.end().await, 4014);
    bot.set_shards(2);
    double.set_rules(|rules| rules.identify_interval = Duration::ZERO);
    assert_eq!(Line::identified(&double, &bot, 0).await.end().await, 4011);
    assert_eq!(bot.identifies(), 2);
    double.finish();
}

#[tokio::test]
async fn connections_end_as_the_script_says() {
    let double = Double::start().await;
    double.set_rules(|rules| rules.identify_interval = Duration::ZERO);
    let bot = double.bot("bridge");
    let mut line = Line::identified(&double, &bot, 0).await;
    let session = line.event("READY").await["session_id"].clone();
    bot.gateway().asks_to_reconnect();
    assert_eq!(line.next().await.unwrap()["op"], 7);
    bot.gateway().stops_acknowledging();
    bot.gateway().closes(4000);
    assert_eq!(line.end().await, 4000);
    bot.gateway().wait_until_disconnected().await;
    let resume = json!({"op": 6, "d": {"token": bot.token(), "session_id": session, "seq": 1}});
    bot.gateway().refuses_resumes(1);
    let mut line = Line::open(&double).await;
    line.say(&resume).await;
    let refused = line.next().await.unwrap();
    assert_eq!((refused["op"].as_u64(), refused["d"].as_bool()), (Some(9), Some(false)));
    let mut line = Line::open(&double).await;
    line.say(&resume).await;
    line.event("RESUMED").await;
    line.say(&json!({"op": 1, "d": 2})).await;
    assert_eq!(line.next().await.unwrap()["op"], 11, "a resume makes all well");
    bot.gateway().invalidates(false);
    assert_eq!(line.next().await.unwrap()["op"], 9);
    assert_eq!(bot.shown(), None);
    line.identify(&bot, 0).await;
    line.event("READY").await;
    assert_eq!((bot.identifies(), bot.resumes(), bot.gateway().connected()), (2, 2, 1));
    double.finish();
}

#[tokio::test]
async fn a_silent_gateway_does_not_acknowledge() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    bot.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::GUILDS).await;
    line.event("GUILD_CREATE").await;
    bot.gateway().stops_acknowledging();
    line.say(&json!({"op": 1, "d": 2})).await;
    line.say(&json!({"op": 3, "d": {"status": "dnd", "afk": false, "since": null, "activities": []}})).await;
    bot.wait_for_presence(|shown| shown.status == "dnd").await;
    guild.renamed("Coffee");
    assert_eq!(line.next().await.unwrap()["t"], "GUILD_UPDATE", "and not op 11");
    double.finish();
}

#[tokio::test]
async fn all_members_are_told_once_in_a_while_only() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    bot.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    let all = json!({"op": 8, "d": {"guild_id": guild.id().to_string(), "query": "", "limit": 0, "nonce": "n1"}});
    line.say(&all).await;
    assert_eq!(line.event("GUILD_MEMBERS_CHUNK").await["members"].as_array().unwrap().len(), 2);
    line.say(&all).await;
    let limited = line.event("RATE_LIMITED").await;
    assert_eq!((limited["opcode"].as_u64(), limited["meta"]["nonce"].as_str()), (Some(8), Some("n1")));
    assert!(limited["retry_after"].as_f64().unwrap() > 1.0);
    let named = json!({"op": 8, "d": {"guild_id": guild.id().to_string(), "user_ids": [bot.id().to_string(), "1"]}});
    line.say(&named).await;
    let chunk = line.event("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(
        (chunk["members"][0]["user"]["username"].as_str(), chunk["not_found"][0].as_str()),
        (Some("bridge"), Some("1"))
    );
    double.finish();
}

#[tokio::test]
async fn a_bot_that_joins_is_told_the_guild_and_the_others_hear_of_it() {
    let double = Double::start().await;
    let (bot, other, guild) = (double.bot("bridge"), double.bot("other"), double.guild("Tea"));
    bot.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    let mut others = Line::identified(&double, &other, intents::KNOWN).await;
    others.event("READY").await;
    other.joins(&guild);
    assert_eq!(others.next().await.unwrap()["t"], "GUILD_CREATE");
    assert_eq!(line.event("GUILD_MEMBER_ADD").await["user"]["username"], "other");
    double.finish();
}
