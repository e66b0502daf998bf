//! What goes wrong on purpose.

use std::time::Duration;

use chrysalis_discord_double::{Double, EventFault, Fault, Route, intents};
use serde_json::{Value, json};

use crate::raw::{Line, answered, ask};

#[tokio::test]
async fn a_lost_answer_has_taken_effect_and_a_cut_has_not() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    let path = format!("channels/{}/messages", general.id());
    let say = async |text: &str| ask(&double, &bot, "POST", &path, &json!({"content": text})).await;
    double.fault(Route::CreateMessage, 1, Fault::Cut);
    assert!(say("cut").await.is_none());
    double.fault(Route::CreateMessage, 1, Fault::AnswerLost);
    assert!(say("lost").await.is_none());
    double.fault(Route::CreateMessage, 1, Fault::Status(503));
    assert_eq!(say("refused").await.unwrap().status, 503);
    double.fault(Route::CreateMessage, 1, Fault::Truncated);
    let truncated = say("truncated").await.unwrap();
    assert_eq!((truncated.status, serde_json::from_slice::<Value>(&truncated.bytes).is_err()), (200, true));
    double.fault(Route::CreateMessage, 1, Fault::WrongType("id".into()));
    assert!(say("wrong").await.unwrap().json()["id"].is_object());
    let texts: Vec<String> = general.messages().into_iter().map(|message| message.content).collect();
    assert_eq!(texts, ["lost", "truncated", "wrong"]);
    assert_eq!((double.faults_met(), double.requests(Route::CreateMessage)), (5, 5));
    double.finish();
}

#[tokio::test]
async fn a_planned_429_says_how_long() {
    let double = Double::start().await;
    let bot = double.bot("bridge");
    double.fault(Route::Me, 2, Fault::RateLimited { retry_after: Duration::from_millis(1500), global: true });
    for _ in 0..2 {
        let answer = answered(&double, &bot, "GET", "users/@me", Value::Null).await;
        assert_eq!((answer.status, answer.json()["global"].as_bool()), (429, Some(true)));
        assert_eq!((answer.header("retry-after"), answer.header("x-ratelimit-global")), (Some("2"), Some("true")));
    }
    assert_eq!(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status, 200);
    double.finish();
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let double = Double::start().await;
        double.without_rate_limits();
        let bot = double.bot("bridge");
        double.strike(7, 500, &[Fault::Status(500), Fault::Status(502)]);
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status);
        }
        assert!([200, 500, 502].iter().all(|status| seen.contains(status)), "{seen:?}");
        double.rest();
        assert_eq!(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status, 200);
        runs.push(seen);
        double.finish();
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn events_come_twice_late_spoilt_or_not_at_all() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.joins(&guild);
    let mut line = Line::identified(&double, &bot, intents::KNOWN).await;
    line.event("GUILD_CREATE").await;
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Duplicated);
    ann.says(&general, "twice");
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Late);
    ann.says(&general, "first");
    ann.says(&general, "second");
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Lost);
    ann.says(&general, "lost");
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Malformed("flags".into()));
    ann.says(&general, "spoilt");
    let mut texts = Vec::new();
    for _ in 0..5 {
        let event = line.event("MESSAGE_CREATE").await;
        assert_eq!(event["flags"].is_object(), event["content"] == "spoilt");
        texts.push(event["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, ["twice", "twice", "second", "first", "spoilt"]);
    double.emits(&bot, "NEVER_HEARD_OF", &json!({"a": 1}));
    assert_eq!(line.event("NEVER_HEARD_OF").await["a"], 1);
    double.finish();
}

#[tokio::test]
async fn nobody_is_let_in_while_it_is_gone() {
    let double = Double::start().await;
    let bot = double.bot("bridge");
    let mut line = Line::identified(&double, &bot, 0).await;
    line.event("READY").await;
    double.goes_away();
    assert_eq!(line.end().await, 0);
    assert!(ask(&double, &bot, "GET", "users/@me", &Value::Null).await.is_none());
    double.comes_back();
    assert_eq!(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status, 200);
    double.finish();
}

#[tokio::test]
async fn what_was_asked_while_it_hangs_is_answered_afterwards() {
    let double = Double::start().await;
    let bot = double.bot("bridge");
    let mut line = Line::identified(&double, &bot, 0).await;
    line.event("READY").await;
    double.hangs();
    line.say(&json!({"op": 1, "d": 1})).await;
    {
        let asked = answered(&double, &bot, "GET", "users/@me", Value::Null);
        let either = async {
            tokio::select! { _ = line.next() => "heartbeat", _ = asked => "request" }
        };
        let waited = tokio::time::timeout(Duration::from_millis(200), either).await;
        assert!(waited.is_err(), "the {} is answered", waited.unwrap_or_default());
    }
    double.comes_back();
    assert_eq!(line.next().await.unwrap()["op"], 11);
    assert_eq!(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status, 200);
    double.finish();
}
