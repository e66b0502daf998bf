//! Everything goes wrong by chance, on both ways: nothing is lost, nothing doubled, and all stays in its order.

use std::time::Duration;

use bridge::Failure;
use chrysalis_discord_double::{EventFault, Fault};
use domain::Content;

use crate::stage::{CAROL, DAVE, Stage};

/// How many lines go each way.
const LINES: usize = 40;
/// How many requests or events of a thousand go wrong.
const PER_MILLE: u32 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_way_out() {
    let (stage, _relay) = Stage::with_relay().await;
    stage.double.without_rate_limits();
    let link = stage.opened(CAROL).await;
    // The webhook is there, and the name.
    stage.says(CAROL, stage.room(), "begin").await;
    let soon = Duration::from_millis(50);
    let faults = [
        Fault::AnswerLost,
        Fault::Cut,
        Fault::Status(502),
        Fault::StatusAfterEffect(500),
        Fault::Unreadable,
        Fault::Truncated,
        Fault::RateLimited { retry_after: soon, global: false },
        Fault::LateAnswer(soon),
    ];
    stage.double.strike(7, PER_MILLE, &faults);
    let mut wanted = vec!["begin".to_owned()];
    for number in 0..LINES {
        // Every other line says the same as the one before.
        let text = format!("line {}", number / 2);
        let mut order = stage.order(stage.room(), Content::text(&*text), None);
        while let Err(failure) = link.deliver(&order).await {
            assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
            order.attempt += 1;
        }
        wanted.push(text);
    }
    let met = stage.double.faults_met();
    println!("{LINES} lines out, {met} faults");
    assert!(met > 5, "{met}");
    stage.double.rest();
    let said: Vec<String> = stage.general.messages().into_iter().map(|message| message.content).collect();
    assert_eq!(said, wanted);
    stage.hears(DAVE, &format!("line {}", (LINES - 1) / 2)).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_way_in() {
    let (stage, relay) = Stage::with_relay().await;
    stage.ann.says(&stage.general, "begin");
    stage.hears(CAROL, "begin").await;
    let faults = [EventFault::Duplicated, EventFault::Reconnect, EventFault::Cut, EventFault::Closed(4000)];
    stage.double.strike_events(7, PER_MILLE, &faults);
    let mut wanted = vec!["begin".to_owned()];
    for number in 0..LINES {
        let text = format!("line {number}");
        stage.ann.says(&stage.general, &text);
        stage.hears(CAROL, &text).await;
        wanted.push(text);
    }
    let met = stage.double.faults_met();
    println!("{LINES} lines in, {met} faults, {} identifies", relay.identifies());
    assert!(met > 5, "{met}");
    stage.double.rest();
    assert_eq!(stage.heard(CAROL), wanted);
    assert_eq!(stage.heard(DAVE), wanted);
    assert!(relay.identifies() < 5, "{} identifies", relay.identifies());
    stage.end().await;
}
