//! Events that come twice, late, broken or that nobody knows.

use chrysalis_discord_double::{EventFault, Route};
use chrysalis_test_harness::text;

use crate::discord::{ANN, CAROL, GENERAL, Setup, tea, window};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_events_that_come_twice_late_or_broken_are_heard_once() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let mut talk = window(&mut carol, GENERAL).await;
    let double = &setup.double;

    double.fault_event("MESSAGE_CREATE", 1, EventFault::Duplicated);
    ann.says(&general, "twice");
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Malformed("timestamp".into()));
    ann.says(&general, "broken");
    double.emits(&bot, "NEWS_OF_NEXT_YEAR", &serde_json::json!({ "id": "1" }));
    for words in ["twice", "broken"] {
        assert_eq!(talk.hear_text(GENERAL).await, format!("Ann: {words}"));
    }
    // Of two who write at the same time, the later id may come first.
    double.fault_event("MESSAGE_CREATE", 1, EventFault::Late);
    ann.says(&general, "earlier");
    ann.says(&general, "later");
    let mut heard = [talk.hear_text(GENERAL).await, talk.hear_text(GENERAL).await];
    heard.sort();
    assert_eq!(heard, ["Ann: earlier", "Ann: later"]);
    ann.says(&general, "the end");
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: the end");
    setup.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn discord_outages_keep_what_is_said_on_both_sides() {
    let setup = Setup::start(&[CAROL], "").await;
    let (bot, guild, ann) = tea(&setup.double);
    let general = guild.channel("general");
    setup.link(&bot);
    let mut carol = setup.carol(&[ANN, GENERAL]).await;
    let (mut direct, mut talk) = (window(&mut carol, ANN).await, window(&mut carol, GENERAL).await);
    let chat = ann.direct(&bot);
    direct.tell(text("hello")).await;
    chat.wait_for_text("hello").await;

    // The gateway is gone, and forgets the session; requests find nobody.
    setup.double.goes_away();
    bot.gateway().cuts();
    bot.gateway().wait_until_disconnected().await;
    bot.gateway().forgets_lost_sessions();
    let lines: Vec<String> = (0..130).map(|number| format!("line {number}")).collect();
    for line in &lines {
        ann.says(&general, line);
    }
    ann.says(&chat, "are you there?");
    setup.double.comes_back();
    bot.wait_for_identifies(2).await;
    assert_eq!(direct.hear_text(ANN).await, "are you there?");
    for line in &lines {
        assert_eq!(talk.hear_text(GENERAL).await, format!("Ann: {line}"));
    }
    assert!(setup.double.requests(Route::Messages) < 12, "what was missed is fetched by the hundred");
    ann.says(&general, "welcome back");
    assert_eq!(talk.hear_text(GENERAL).await, "Ann: welcome back");
    setup.finish();
}
