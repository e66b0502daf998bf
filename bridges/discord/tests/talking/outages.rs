//! What was said while nobody listened.

use crate::stage::{CAROL, DAVE, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_is_fetched_in_order_and_once() {
    let (mut stage, relay) = Stage::with_relay().await;
    stage.says(CAROL, stage.to_ann(), "hello").await;
    let chat = stage.ann.direct(&relay);
    stage.ann.says(&stage.general, "before");
    stage.hears(CAROL, "before").await;
    stage.ann.says(&chat, "before, alone");
    stage.hears(CAROL, "before, alone").await;

    stage.stop().await;
    for number in 0..30 {
        stage.ann.says(&stage.general, &format!("missed {number}"));
    }
    stage.ann.says(&chat, "missed, alone");
    let thread = stage.ann.opens_thread(&stage.general, "plans");
    stage.ann.says(&thread, "in a new thread");
    stage.begin().await;
    stage.ann.says(&stage.general, "after");
    stage.hears(CAROL, "after").await;
    stage.hears(CAROL, "missed, alone").await;
    stage.hears(CAROL, "in a new thread").await;

    let heard = stage.heard(CAROL);
    let in_general: Vec<&str> = heard
        .iter()
        .map(String::as_str)
        .filter(|text| (text.starts_with("missed ") || ["before", "after"].contains(text)) && !text.contains("alone"))
        .collect();
    let mut wanted = vec!["before".to_owned()];
    wanted.extend((0..30).map(|number| format!("missed {number}")));
    wanted.push("after".to_owned());
    assert_eq!(in_general, wanted);
    stage.hears(DAVE, "after").await;
    assert_eq!(stage.heard(DAVE).iter().filter(|text| *text == "missed 7").count(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_great_many_the_newest_are_fetched_and_it_is_said_that_there_were_more() {
    let (mut stage, _relay) = Stage::with_relay().await;
    stage.ann.says(&stage.general, "before");
    stage.hears(CAROL, "before").await;
    stage.stop().await;
    for number in 0..450 {
        stage.ann.says(&stage.general, &format!("missed {number}"));
    }
    stage.begin().await;
    stage.hears(CAROL, "missed 449").await;
    let heard = stage.heard(CAROL);
    assert!(heard[1].starts_with("(More was said here"), "{}", heard[1]);
    assert_eq!(heard[2..], (250..450).map(|number| format!("missed {number}")).collect::<Vec<_>>());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_again_and_again_loses_and_doubles_nothing() {
    let (stage, relay) = Stage::with_relay().await;
    let mut wanted = Vec::new();
    for number in 0..20 {
        let text = format!("line {number}");
        stage.ann.says(&stage.general, &text);
        wanted.push(text);
        match number {
            4 => relay.gateway().cuts(),
            9 => relay.gateway().asks_to_reconnect(),
            14 => relay.gateway().invalidates(false),
            _ => {}
        }
    }
    stage.hears(CAROL, "line 19").await;
    stage.ann.says(&stage.general, "end");
    wanted.push("end".to_owned());
    stage.hears(CAROL, "end").await;
    assert_eq!(stage.heard(CAROL), wanted);
    stage.end().await;
}
