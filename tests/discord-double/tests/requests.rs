//! What requests are answered.

use chrysalis_discord_double::{Double, Route, permissions};
use serde_json::{Value, json};

use crate::raw::{answered, ask_as, fetch, send};

#[tokio::test]
async fn the_same_nonce_is_the_same_message() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    let path = format!("channels/{}/messages", general.id());
    let body = json!({"content": "once", "nonce": "n1", "enforce_nonce": true});
    let first = answered(&double, &bot, "POST", &path, body.clone()).await.json();
    let second = answered(&double, &bot, "POST", &path, body).await.json();
    assert_eq!((&first["id"], first["nonce"].as_str()), (&second["id"], Some("n1")));
    let third = answered(&double, &bot, "POST", &path, json!({"content": "once", "nonce": "n1"})).await.json();
    assert_ne!(first["id"], third["id"]);
    assert_eq!(general.messages().len(), 2);
    double.finish();
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let (general, quiet, hidden) = (guild.channel("general"), guild.channel("quiet"), guild.hidden_channel("hidden"));
    bot.joins_with(&guild, permissions::EVERYONE & !permissions::READ_MESSAGE_HISTORY);
    guild.set_everyone(permissions::VIEW_CHANNEL | permissions::READ_MESSAGE_HISTORY);
    quiet.denies(bot.id(), permissions::SEND_MESSAGES);
    let hello = || json!({"content": "hello"});
    let say = |channel: String| format!("channels/{channel}/messages");
    let ask = async |method: &str, path: &str, body: Value| {
        let answer = answered(&double, &bot, method, path, body).await;
        (answer.status, answer.code())
    };
    assert_eq!(ask("POST", &say(quiet.id().to_string()), hello()).await, (403, 50013));
    assert_eq!(ask("POST", &say(hidden.id().to_string()), hello()).await, (403, 50001));
    assert_eq!(ask("POST", &say("12".into()), hello()).await, (404, 10003));
    assert_eq!(ask("GET", "guilds/12", Value::Null).await, (404, 10004));
    assert_eq!(ask("GET", &format!("channels/{}/messages/12", general.id()), Value::Null).await, (404, 10008));
    assert_eq!(ask("GET", "webhooks/12/token", Value::Null).await, (404, 10015));
    assert_eq!(ask("GET", &format!("channels/{}/webhooks", general.id()), Value::Null).await, (403, 50013));
    assert_eq!(ask("POST", &say(general.id().to_string()), json!({"content": "  "})).await, (400, 50006));
    // Whoever shares no guild with a bot is not written to, and whoever does not want it.
    let direct = ann.direct(&bot);
    assert_eq!(ask("POST", &say(direct.id().to_string()), hello()).await, (403, 50007));
    ann.joins(&guild);
    assert_eq!(answered(&double, &bot, "POST", &say(direct.id().to_string()), hello()).await.status, 200);
    ann.refuses_direct_messages(true);
    assert_eq!(ask("POST", &say(direct.id().to_string()), hello()).await, (403, 50007));
    bot.loses_its_token();
    assert_eq!(ask("GET", "users/@me", Value::Null).await, (401, 0));
    assert_eq!((double.requests(Route::Me), double.invalid_requests()), (1, 6));
    double.finish();
}

#[tokio::test]
async fn a_webhook_has_its_own_refusals() {
    let double = Double::start().await;
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    let made =
        answered(&double, &bot, "POST", &format!("channels/{}/webhooks", general.id()), json!({"name": "relay"})).await;
    let (id, token) =
        (made.json()["id"].as_str().unwrap().to_owned(), made.json()["token"].as_str().unwrap().to_owned());
    let path = format!("/api/v10/webhooks/{id}/{token}?&wait=true");
    let say = async |name: &str| {
        let body = json!({"content": "hello", "username": name});
        ask_as(&double, "", "POST", &path, &body).await.unwrap()
    };
    assert_eq!(say("Alice").await.status, 200);
    let refused = say("My Discord").await;
    assert_eq!((refused.status, refused.code()), (400, 50035));
    assert!(refused.json()["errors"]["username"]["_errors"][0]["message"].as_str().unwrap().contains("discord"));
    assert_eq!(say("CLYDEsdale").await.code(), 50035);
    let wrong =
        ask_as(&double, "", "POST", &format!("/api/v10/webhooks/{id}/other"), &json!({"content": "x"})).await.unwrap();
    assert_eq!((wrong.status, wrong.code()), (401, 50027));
    general.loses_webhook(id.parse().unwrap());
    assert_eq!(say("Alice").await.code(), 10015);
    assert_eq!(general.messages().len(), 1);
    double.finish();
}

#[tokio::test]
async fn files_are_measured_by_guild_and_fetched_by_signed_addresses() {
    let double = Double::start().await;
    double.set_rules(|rules| rules.file_limit = 100);
    let (bot, guild) = (double.bot("bridge"), double.guild("Tea"));
    let general = guild.channel("general");
    bot.joins(&guild);
    let upload = |size: usize| {
        let bytes = "x".repeat(size);
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"payload_json\"\r\n\r\n{{\"content\":\"a file\"}}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"files[0]\"; filename=\"my notes.txt\"\r\n\r\n{bytes}\r\n--b--\r\n"
        );
        format!(
            "POST /api/v10/channels/{}/messages HTTP/1.1\r\nhost: double\r\nconnection: close\r\nauthorization: Bot {}\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n{body}",
            general.id(),
            bot.token(),
            body.len()
        )
    };
    let refused = send(&double, upload(101).as_bytes()).await.unwrap();
    assert_eq!((refused.status, refused.code()), (413, 40005));
    guild.set_tier(2);
    let sent = send(&double, upload(500).as_bytes()).await.unwrap().json();
    let url = sent["attachments"][0]["url"].as_str().unwrap();
    assert!(url.contains("/my_notes.txt?ex="), "{url}");
    assert_eq!(fetch(&double, url).await.bytes.len(), 500);
    assert_eq!(fetch(&double, &url.replace("hm=", "hm=0")).await.status, 404);
    assert_eq!(fetch(&double, url.split('?').next().unwrap()).await.status, 404);
    double.set_rules(|rules| rules.attachments_live = std::time::Duration::ZERO);
    let body = json!({"attachment_urls": [url]});
    let refreshed = answered(&double, &bot, "POST", "attachments/refresh-urls", body).await.json();
    assert_eq!(refreshed["refreshed_urls"][0]["original"], url);
    assert_ne!(refreshed["refreshed_urls"][0]["refreshed"], url);
    double.finish();
}

#[tokio::test]
async fn history_is_told_newest_first() {
    let double = Double::start().await;
    let (bot, guild, ann) = (double.bot("bridge"), double.guild("Tea"), double.person("ann"));
    let general = guild.channel("general");
    bot.joins(&guild);
    ann.joins(&guild);
    let sent: Vec<_> = (0..10).map(|number| ann.says(&general, &number.to_string())).collect();
    let list = async |query: String| {
        let answer =
            answered(&double, &bot, "GET", &format!("channels/{}/messages?{query}", general.id()), Value::Null).await;
        let texts: Vec<String> =
            answer.json().as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap().to_owned()).collect();
        texts.join("")
    };
    assert_eq!(list("&limit=3".into()).await, "987");
    assert_eq!(list(format!("before={}&limit=2", sent[5].id)).await, "43");
    assert_eq!(list(format!("after={}&limit=3", sent[5].id)).await, "876");
    assert_eq!(list(format!("around={}&limit=4", sent[5].id)).await, "6543");
    double.finish();
}

#[tokio::test]
async fn every_answer_tells_its_limit() {
    let double = Double::start().await;
    let bot = double.bot("bridge");
    double.limit(Route::Me, 1, std::time::Duration::from_mins(1));
    let first = answered(&double, &bot, "GET", "users/@me", Value::Null).await;
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, Some("0")));
    let second = answered(&double, &bot, "GET", "users/@me", Value::Null).await;
    assert_eq!((second.status, second.header("x-ratelimit-scope")), (429, Some("user")));
    assert!(second.json()["retry_after"].as_f64().unwrap() > 50.0);
    double.without_rate_limits();
    assert_eq!(answered(&double, &bot, "GET", "users/@me", Value::Null).await.status, 200);
    double.finish();
}
