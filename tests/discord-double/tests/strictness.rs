//! What the double does not stand for.

use std::time::Duration;

use chrysalis_discord_double::{Double, intents};
use serde_json::{Value, json};

use crate::raw::{Line, answered, ask_as};

/// What was done wrong, of which there must be one.
fn only(double: &Double) -> String {
    let violations = double.take_violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations[0].clone()
}

#[tokio::test]
async fn requests_that_no_client_makes_are_violations() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    assert_eq!(answered(&double, &bot, "GET", "users/@me/nothing", Value::Null).await.status, 404);
    assert!(only(&double).contains("no such route"));
    assert_eq!(ask_as(&double, "", "GET", "/api/v10/users/@me", &Value::Null).await.unwrap().status, 401);
    assert!(only(&double).contains("without Authorization"));
    let path = format!("channels/{}/messages", general.id());
    for (body, what) in [
        (json!({"content": 7}), "`content`"),
        (json!({"content": "x".repeat(2001)}), "2001 characters"),
        (json!({"content": "x", "tts": "no"}), "`tts`"),
        (json!({"content": "x", "allowed_mentions": {"parse": [1]}}), "allowed_mentions"),
        (json!({"content": "x", "nonce": "n".repeat(26)}), "nonce"),
    ] {
        let answer = answered(&double, &bot, "POST", &path, body).await;
        assert_eq!((answer.status, answer.code()), (400, 50035));
        let said = only(&double);
        assert!(said.contains(what), "{said}");
    }
    assert!(general.messages().is_empty());
    double.finish();
}

#[tokio::test]
async fn floods_and_storms_are_violations() {
    let double = Double::start().await;
    double.set_rules(|rules| rules.identifies_per_day = 1);
    let bot = double.bot("bridge");
    let mut line = Line::identified(&double, &bot, intents::GUILDS).await;
    line.event("READY").await;
    for _ in 0..6 {
        line.say(&json!({"op": 3, "d": {"status": "idle", "afk": false, "since": null, "activities": []}})).await;
    }
    line.say(&json!({"op": 1, "d": 1})).await;
    line.next().await.unwrap();
    assert!(only(&double).contains("presences"));
    Line::identified(&double, &bot, intents::GUILDS).await.event("READY").await;
    let violations = double.take_violations();
    assert_eq!(violations.len(), 2, "too many and too soon: {violations:?}");
    line.say(&json!({"op": 1, "d": "x".repeat(4096)})).await;
    assert_eq!(line.end().await, 4002);
    assert!(only(&double).contains("bytes"));
    double.finish();
}

#[tokio::test]
#[should_panic(expected = "Discord would not stand for this")]
async fn an_end_with_violations_fails_the_test() {
    let double = Double::start().await;
    let bot = double.bot("bridge");
    double.set_rules(|rules| rules.identify_interval = Duration::ZERO);
    let mut line = Line::open(&double).await;
    line.say(&json!({"op": 3, "d": {}})).await;
    assert_eq!(line.end().await, 4003);
    drop(bot);
    double.finish();
}
