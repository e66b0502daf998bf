//! Answers that get lost: what was said is not said again.

use bridge::Failure;
use chrysalis_discord_double::{Fault, Route};
use domain::Content;

use crate::stage::{CAROL, Stage};

fn texts(stage: &Stage) -> Vec<String> {
    stage.general.messages().into_iter().map(|message| message.content).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_is_found_by_reading_back() {
    let (stage, _relay) = Stage::with_relay().await;
    let link = stage.opened(CAROL).await;
    stage.says(CAROL, stage.room(), "ok").await;
    for fault in [Fault::AnswerLost, Fault::StatusAfterEffect(502)] {
        stage.double.fault(Route::ExecuteWebhook, 1, fault);
        let mut order = stage.order(stage.room(), Content::text("ok"), None);
        let lost = link.deliver(&order).await;
        assert!(matches!(lost, Err(Failure::Retry { .. })), "{lost:?}");
        order.attempt = 1;
        let receipt = link.deliver(&order).await.unwrap();
        let last = stage.general.messages().pop().unwrap();
        assert_eq!(receipt.messages[0].as_str(), format!("{}/{}", last.channel, last.id));
    }
    assert_eq!(texts(&stage), ["ok", "ok", "ok"], "the same words three times, and none twice");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_arrived_is_said_again() {
    let (stage, _relay) = Stage::with_relay().await;
    let link = stage.opened(CAROL).await;
    stage.says(CAROL, stage.room(), "ok").await;
    stage.double.fault(Route::ExecuteWebhook, 1, Fault::Cut);
    let mut order = stage.order(stage.room(), Content::text("ok"), None);
    assert!(matches!(link.deliver(&order).await, Err(Failure::Retry { .. })));
    order.attempt = 1;
    link.deliver(&order).await.unwrap();
    order.attempt = 2;
    link.deliver(&order).await.unwrap();
    assert_eq!(texts(&stage), ["ok", "ok"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_that_cannot_be_read_is_a_yes() {
    let (stage, _relay) = Stage::with_relay().await;
    stage.says(CAROL, stage.room(), "first").await;
    for fault in [Fault::Unreadable, Fault::Truncated] {
        stage.double.fault(Route::ExecuteWebhook, 1, fault);
        let receipt = stage.says(CAROL, stage.room(), "ok").await;
        assert_eq!(receipt.messages.len(), 1, "it is found by reading back");
    }
    assert_eq!(texts(&stage), ["first", "ok", "ok"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_text_goes_on_where_it_broke_off() {
    let (stage, _relay) = Stage::with_relay().await;
    let link = stage.opened(CAROL).await;
    stage.says(CAROL, stage.room(), "first").await;
    let long = (0..1000).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
    let mut order = stage.order(stage.room(), Content::text(&*long), None);
    stage.double.fault(Route::ExecuteWebhook, 1, Fault::AnswerLost);
    assert!(link.deliver(&order).await.is_err());
    stage.double.fault(Route::ExecuteWebhook, 1, Fault::Delay(std::time::Duration::from_millis(10)));
    order.attempt = 1;
    let receipt = link.deliver(&order).await.unwrap();
    let said = texts(&stage);
    assert_eq!(receipt.messages.len(), said.len() - 1);
    assert!(said.len() > 4);
    assert_eq!(said[1..].join(" ").split_whitespace().collect::<Vec<_>>(), long.split_whitespace().collect::<Vec<_>>());
    stage.end().await;
}
