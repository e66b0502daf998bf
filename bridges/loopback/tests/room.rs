//! The room of five.

use bridge::{
    Arrival, Network,
    conformance::{FakeHost, Seen},
};
use domain::{
    Content,
    content::{Style, Text},
};

use super::{host, order, order_of, owner, said, started, wait_for};
use crate::room::{self, Person};

/// What is said in the room, and by whom.
fn heard(seen: &Seen) -> Vec<(String, Content)> {
    let heard = seen.arrivals.iter().filter_map(|arrival| {
        let Arrival::Message { place, author, content, .. } = arrival else { return None };
        (*place == room::place()).then(|| (author.name.clone(), content.clone()))
    });
    heard.collect()
}

async fn wait_to_hear(host: &FakeHost, count: usize) -> Vec<(String, Content)> {
    let what = format!("{count} lines in the room");
    host.wait_for(&what, |seen| Some(heard(seen)).filter(|heard| heard.len() >= count)).await
}

#[tokio::test]
async fn the_room_is_found_by_its_name() {
    let host = host();
    let (network, _link) = started(&host).await;
    assert_eq!(network.resolve_room("Room", None).await, Ok(Some(room::profile(room::TOPIC))));
    assert_eq!(network.resolve_room("attic", None).await, Ok(None));
    assert_eq!(network.resolve_room("room", Some("example.org")).await, Ok(None));
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_the_room_is_answered_there_by_people_who_type_first() {
    let host = host();
    let (network, link) = started(&host).await;
    let told = Text::plain("hello").styled(Style::Bold);
    link.deliver(&order_of(&host, "1", &room::place(), Content::Text(told.clone()))).await.unwrap();
    let typing = (owner().passport, Person::Iris.user(), room::place());
    host.wait_for("Iris to type in the room", |seen| seen.typing.contains(&typing).then_some(())).await;
    assert_eq!(heard(&host.seen()), []);
    let quoted = Content::Text(told.preceded_by("I heard: "));
    assert_eq!(
        wait_to_hear(&host, 2).await,
        [("Iris".to_owned(), quoted), ("Pan".to_owned(), Content::text("So did I."))]
    );
    host.wait_for("an end of typing", |seen| seen.typing.is_empty().then_some(())).await;
    assert_eq!(said(&host.seen()), [], "Echo is somewhere else");
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_in_the_room_nudges() {
    let host = host();
    let (network, link) = started(&host).await;
    link.deliver(&order_of(&host, "1", &room::place(), Content::text("nudge"))).await.unwrap();
    link.deliver(&order(&host, "2", "nudge")).await.unwrap();
    wait_for(&host, 2).await;
    let heard = heard(&host.seen());
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0], ("Pan".to_owned(), Content::Nudge));
    assert_eq!(heard[1].0, "Iris");
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_picture_sent_into_the_room_comes_back_from_one_of_them() {
    let host = host();
    let (network, link) = started(&host).await;
    let sent = host.keep("cat.gif", b"GIF89a".to_vec());
    link.deliver(&order_of(&host, "1", &room::place(), Content::Image(sent.clone()))).await.unwrap();
    let heard = wait_to_hear(&host, 2).await;
    assert_eq!(heard[0], ("Daphne".to_owned(), Content::Image(sent)));
    assert_eq!(heard[1].0, "Hermes");
    network.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_the_room_survives_a_crash_and_is_given_once() {
    let host = host();
    let (network, link) = started(&host).await;
    let order = order_of(&host, "1", &room::place(), Content::text("why?"));
    link.deliver(&order).await.unwrap();
    let typing = (owner().passport, Person::Daphne.user(), room::place());
    host.wait_for("Daphne to type", |seen| seen.typing.contains(&typing).then_some(())).await;
    // Nothing has had time to be answered: the runtime's clock stands still.
    network.stop().await;
    drop((network, link));
    assert_eq!(heard(&host.seen()), []);
    assert!(host.seen().typing.is_empty(), "nobody types any more");

    let (network, link) = started(&host).await;
    link.deliver(&bridge::Order { attempt: 1, ..order }).await.unwrap();
    link.deliver(&order_of(&host, "2", &room::place(), Content::Nudge)).await.unwrap();
    let names: Vec<_> = wait_to_hear(&host, 4).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Daphne", "Hermes", "Pan", "Iris"]);
    network.stop().await;
}
