//! How much waits, and whether anything can be written.

use bridge::Action;
use bytes::Bytes;
use domain::{Content, Timestamp, conversation::Draft};
use store::{Bounds, Figures, KeptOut, OutboxFigures};

use crate::{
    arrivals::take,
    bench::{Bench, CAROL, DAVE, loopback, passport, profile},
    inbox::counts,
    rooms::{joined, other},
};

#[tokio::test]
async fn what_waits_is_counted_and_the_oldest_message_is_known() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let nothing = Figures { accounts: 2, ..Figures::default() };
    assert_eq!(store.figures().await.unwrap(), nothing);
    let ann = store.allot(&loopback(), profile("ann").into()).await.unwrap();
    // What is no message has no time, and makes nothing old.
    store.order(&passport(CAROL), &ann, Action::Befriend).await.unwrap();
    for sent in [70, 90] {
        let draft = Draft {
            id: store.next_message(),
            author: passport(CAROL),
            sent: Timestamp(sent),
            payload: Bytes::from_static(b"hello"),
            content: Some(Content::text("hello")),
            enclosed: None,
            accounts: vec![passport(DAVE)],
            remotes: vec![ann.clone()],
            gathers: Vec::new(),
        };
        store.keep(draft).await.unwrap();
    }
    let outbox = |waiting, oldest: Option<i64>, parked| {
        vec![OutboxFigures { network: loopback(), waiting, oldest: oldest.map(Timestamp), parked }]
    };
    let wanted = Figures { accounts: 2, deliveries: 2, outbox: outbox(3, Some(70), 0) };
    assert_eq!(store.figures().await.unwrap(), wanted);

    let lane = store.lanes().await.unwrap().pop().unwrap();
    for _ in 0..2 {
        let next = store.next_order(&lane).await.unwrap().unwrap();
        store.order_failed(next.id, "no", None).await.unwrap();
    }
    assert_eq!(store.figures().await.unwrap().outbox, outbox(1, Some(90), 2));
}

#[tokio::test]
async fn a_probe_says_whether_something_can_be_written_and_leaves_nothing_behind() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        bench.store.probe().await.unwrap();
    }
    bench.refuse("INSERT ON bridge_value").await;
    assert!(bench.store.probe().await.is_err());
    bench.store.close().await;
    assert!(bench.store.probe().await.is_err());
}

#[tokio::test]
async fn no_more_rooms_come_on_a_list_than_may_stand_there() {
    let Bench { store, directory: _directory } = Bench::new().await;
    store.clone().bound(Bounds { rooms: 2, ..Bounds::default() });
    let outcome = take(&store, (0..4).map(|number| joined(other(number)))).await;
    assert_eq!(counts(&outcome.accepted), (2, 2));
    assert_eq!(outcome.kept_out, KeptOut { rooms: 2, ..KeptOut::default() });
    assert_eq!(counts(&take(&store, [joined(other(1))]).await.accepted), (0, 1), "it stands there already");
    store.bound(Bounds { rooms: 3, ..Bounds::default() });
    assert_eq!(counts(&take(&store, [joined(other(3))]).await.accepted), (1, 0));
}
