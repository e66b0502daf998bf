//! Places that are new: what is said in them first, and who it is for.

use std::time::Duration;

use bridge::{Arrival, Host as _};
use chrysalis_discord_double::{EventFault, Fault, Route};
use serde_json::json;

use crate::stage::{CAROL, DAVE, Stage, room};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_on_the_list_before_anything_is_said_in_it() {
    let (stage, _relay) = Stage::with_relay().await;
    let forum = stage.guild.forum("ideas");
    let post = stage.ann.opens_post(&forum, "scones", "with jam?");
    for owner in [CAROL, DAVE] {
        stage.hears(owner, "with jam?").await;
        let arrivals = stage.host.seen().arrivals;
        let listed = arrivals.iter().position(|arrival| {
            matches!(arrival, Arrival::Room { owner: its, room: listed, .. }
                if its.as_str() == owner && listed.room.as_str() == post.id().to_string() && listed.name.contains("scones"))
        });
        let said = arrivals.iter().position(|arrival| {
            matches!(arrival, Arrival::Message { owner: its, place, .. } if its.as_str() == owner && *place == room(&post))
        });
        assert!(listed.is_some() && listed < said, "{listed:?} {said:?}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_was_begun_and_not_heard_of_yet_is_heard_after_an_outage() {
    let (mut stage, relay) = Stage::with_relay().await;
    stage.double.fault_event("MESSAGE_CREATE", 1, EventFault::Lost);
    stage.says(CAROL, stage.to_ann(), "hello").await;
    let chat = stage.ann.direct(&relay);
    stage.stop().await;
    stage.ann.says(&chat, "hello Carol");
    stage.begin().await;
    stage.hears(CAROL, "hello Carol").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wrote_for_the_first_time_while_nobody_listened_is_heard_with_their_next_words() {
    let (mut stage, carols) = Stage::with_own_bot().await;
    stage.ann.says(&stage.general, "before");
    stage.hears(CAROL, "before").await;
    stage.stop().await;
    let chat = stage.ann.direct(&carols);
    stage.ann.says(&chat, "is anybody there?");
    stage.begin().await;
    carols.gateway().wait_until_connected().await;
    stage.ann.says(&stage.general, "after");
    stage.hears(CAROL, "after").await;
    stage.ann.says(&chat, "hello?");
    stage.hears(CAROL, "hello?").await;
    assert_eq!(stage.heard(CAROL), ["before", "after", "is anybody there?", "hello?"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_fetched_of_a_channel_that_is_taken_away_meanwhile_was_said_there() {
    let (mut stage, relay) = Stage::with_relay().await;
    stage.ann.says(&stage.general, "before");
    stage.hears(CAROL, "before").await;
    stage.stop().await;
    stage.ann.says(&stage.general, "missed");
    stage.double.fault(Route::Messages, 1, Fault::LateAnswer(Duration::from_secs(1)));
    stage.begin().await;
    stage.double.wait_for_requests(Route::Messages, 1).await;
    let (channel, guild) = (stage.general.id().to_string(), stage.guild.id().to_string());
    let gone = json!({ "id": channel, "guild_id": guild, "type": 0, "name": "general" });
    stage.double.emits(&relay, "CHANNEL_DELETE", &gone);
    let (place, _) = stage.hears(CAROL, "missed").await;
    assert_eq!(place, stage.room());
    assert!(stage.host.list("direct/").await.unwrap().is_empty(), "nobody wrote to the bot");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_fetched_of_a_chat_is_told_to_whom_it_concerns_alone() {
    let (mut stage, relay) = Stage::with_relay().await;
    stage.says(CAROL, stage.to_ann(), "hello").await;
    let chat = stage.ann.direct(&relay);
    stage.ann.says(&chat, "hello Carol");
    stage.hears(CAROL, "hello Carol").await;
    stage.stop().await;
    for number in 0..520 {
        stage.ann.says(&chat, &format!("missed {number}"));
    }
    stage.begin().await;
    stage.hears(CAROL, "missed 519").await;
    assert!(stage.heard(CAROL).iter().any(|text| text.starts_with("(More was said here")));
    assert_eq!(stage.heard(DAVE), [""; 0]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_a_command_is_its_bots_and_other_webhooks_are_strangers() {
    let (stage, relay) = Stage::with_relay().await;
    let message = |id: u64, author: &str, application: &str| {
        json!({
            "id": id.to_string(), "channel_id": stage.general.id().to_string(), "guild_id": stage.guild.id().to_string(),
            "author": { "id": author, "username": "Helper", "discriminator": "0000", "avatar": null, "bot": true },
            "content": format!("words of {application}"), "timestamp": "2026-11-22T12:00:00+00:00",
            "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "pinned": false, "type": 0, "webhook_id": "4000", "application_id": application,
        })
    };
    let id = 1_500_000_000_000_000_000;
    stage.double.emits(&relay, "MESSAGE_CREATE", &message(id, "4000", "4000"));
    stage.double.emits(&relay, "MESSAGE_CREATE", &message(id + 1, "4000", "4001"));
    let (_, bot) = stage.hears(CAROL, "words of 4000").await;
    assert_eq!(bot.user.as_str(), "4000");
    let (_, webhook) = stage.hears(CAROL, "words of 4001").await;
    assert_eq!((webhook.user.as_str(), webhook.name.as_str()), ("4000/Helper", "Helper"));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_application_says_after_thinking_is_heard() {
    let (stage, relay) = Stage::with_relay().await;
    let asked = stage.ann.says(&stage.general, "/weather");
    let id = (asked.id.to_string().parse::<u64>().unwrap() + 1).to_string();
    let message = |content: &str, flags: u64| {
        json!({
            "id": id, "channel_id": stage.general.id().to_string(), "guild_id": stage.guild.id().to_string(),
            "author": { "id": "4000", "username": "Helper", "discriminator": "0000", "avatar": null, "bot": true },
            "content": content, "timestamp": "2026-11-22T12:00:00+00:00", "edited_timestamp": null, "tts": false,
            "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false,
            "type": 20, "webhook_id": "4000", "application_id": "4000", "flags": flags,
        })
    };
    stage.double.emits(&relay, "MESSAGE_CREATE", &message("", 128));
    stage.double.emits(&relay, "MESSAGE_UPDATE", &message("Rain.", 0));
    stage.double.emits(&relay, "MESSAGE_UPDATE", &message("Rain.", 0));
    stage.hears(CAROL, "Rain.").await;
    stage.ann.says(&stage.general, "oh");
    stage.hears(CAROL, "oh").await;
    assert_eq!(stage.heard(CAROL), ["/weather", "Rain.", "oh"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_took_back_what_they_said_alone_is_known_after_a_restart() {
    let (mut stage, carols) = Stage::with_own_bot().await;
    let chat = stage.ann.direct(&carols);
    let said = stage.ann.says(&chat, "oops");
    stage.hears(CAROL, "oops").await;
    stage.stop().await;
    stage.begin().await;
    carols.gateway().wait_until_connected().await;
    stage.ann.deletes(&said);
    let by = |seen: &bridge::conformance::Seen| {
        seen.arrivals.iter().find_map(|arrival| match arrival {
            Arrival::Removal { author, .. } => Some(author.user.as_str().to_owned()),
            _ => None,
        })
    };
    assert_eq!(stage.host.wait_for("the deletion", by).await, stage.ann.id().to_string());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thread_that_is_gone_nothing_is_kept() {
    let (stage, relay) = Stage::with_relay().await;
    let thread = stage.ann.opens_thread(&stage.general, "plans");
    stage.ann.says(&thread, "in the thread");
    stage.hears(CAROL, "in the thread").await;
    stage.has_taken(&relay, &thread).await;
    thread.is_deleted();
    stage.ann.says(&stage.general, "it is gone");
    stage.hears(CAROL, "it is gone").await;
    let kept = stage.host.list("seen/").await.unwrap();
    assert!(kept.iter().all(|(key, _)| !key.ends_with(&thread.id().to_string())), "{kept:?}");
    stage.end().await;
}
