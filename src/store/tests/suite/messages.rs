//! Messages between accounts, and towards remote contacts.

use bridge::Action;
use bytes::Bytes;
use domain::{
    Content, Timestamp,
    conversation::{Body, Draft, MessageId},
};
use store::Lane;

use crate::bench::{Bench, CAROL, DAVE, loopback, open, passport, person, profile};

fn draft(text: &'static str, accounts: &[&str]) -> Draft {
    Draft {
        author: passport(CAROL),
        sent: Timestamp(1_000),
        payload: Bytes::from_static(text.as_bytes()),
        content: Some(Content::text(text)),
        accounts: accounts.iter().map(|each| passport(each)).collect(),
        remotes: Vec::new(),
    }
}

#[tokio::test]
async fn messages_wait_in_order_until_they_are_delivered() {
    let Bench { store, directory } = Bench::new().await;
    let dave = passport(DAVE);
    let mut kept = Vec::new();
    for text in ["one", "two", "three\0\u{ff}"] {
        kept.push(store.keep(draft(text, &[DAVE, DAVE])).await.unwrap().id);
    }
    store.close().await;

    let store = open(&directory, &["loopback"]).await;
    let waiting = store.waiting(&dave, None, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|each| each.id).collect::<Vec<_>>(), kept);
    assert!(kept.is_sorted());
    assert_eq!(waiting[2].body, Body::Payload(Bytes::from_static("three\0\u{ff}".as_bytes())), "byte for byte");
    assert_eq!((waiting[0].author_name.as_str(), waiting[0].sent), ("Carol", Timestamp(1_000)));
    assert_eq!(store.waiting_peers(&dave).await.unwrap(), [passport(CAROL)]);
    assert_eq!(store.waiting(&dave, Some(kept[0]), 1).await.unwrap()[0].id, kept[1]);
    assert_eq!(store.waiting_from(&dave, &passport(CAROL), 2).await.unwrap().len(), 2);
    assert_eq!(store.waiting_from(&dave, &dave, 2).await.unwrap(), []);

    store.delivered(&dave, &[kept[0], kept[2], MessageId(999)]).await.unwrap();
    let left: Vec<_> = store.waiting(&dave, None, 9).await.unwrap().into_iter().map(|each| each.id).collect();
    assert_eq!(left, [kept[1]]);
}

#[tokio::test]
async fn a_message_waits_for_each_of_its_recipients_alone() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let eve = passport("eve@msn.example");
    store.add_account(&eve, "Eve", "hash").await.unwrap();
    let kept = store.keep(draft("hello", &[DAVE, "eve@msn.example", "gone@msn.example"])).await.unwrap();
    assert_eq!(kept.left_out, [passport("gone@msn.example")]);
    store.delivered(&passport(DAVE), &[kept.id]).await.unwrap();
    assert_eq!(store.waiting(&passport(DAVE), None, 9).await.unwrap(), []);
    assert_eq!(store.waiting(&eve, None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn numbers_grow_even_when_everything_was_delivered() {
    let Bench { store, directory } = Bench::new().await;
    let first = store.keep(draft("one", &[DAVE])).await.unwrap().id;
    store.delivered(&passport(DAVE), &[first]).await.unwrap();
    let second = store.keep(draft("two", &[])).await.unwrap().id;
    store.close().await;
    let store = open(&directory, &["loopback"]).await;
    let third = store.keep(draft("three", &[DAVE])).await.unwrap().id;
    assert!(first < second && second < third, "{first:?} {second:?} {third:?}");
}

#[tokio::test]
async fn a_message_to_remote_contacts_becomes_orders() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let carol = passport(CAROL);
    let mut remotes = Vec::new();
    for id in ["ann", "ben"] {
        remotes.push(store.allot(&loopback(), profile(id).into()).await.unwrap());
    }
    let never = passport("never@loopback.msn.example");
    let both = Draft { remotes: [remotes.clone(), vec![never.clone()]].concat(), ..draft("hi", &[DAVE]) };
    let kept = store.keep(both).await.unwrap();
    assert_eq!(kept.left_out, [never]);
    let lanes = store.lanes().await.unwrap();
    let expected: Vec<_> = remotes.iter().map(|each| Lane { owner: carol.clone(), contact: each.clone() }).collect();
    assert_eq!(lanes, expected);
    let next = store.next_order(&lanes[0]).await.unwrap().unwrap();
    assert_eq!((next.message, next.author, next.network), (Some(kept.id), carol, loopback()));
    assert_eq!(next.order.to, person("ann"));
    assert_eq!(next.order.action, Action::Say { content: Content::text("hi"), sent: Timestamp(1_000) });
    let other = store.next_order(&lanes[1]).await.unwrap().unwrap();
    assert_ne!(next.order.key, other.order.key);

    let opaque = Draft { content: None, remotes, ..draft("wire", &[DAVE]) };
    store.keep(opaque).await.unwrap();
    store.order_done(next.id, bridge::Receipt::default()).await.unwrap();
    assert_eq!(store.next_order(&lanes[0]).await.unwrap(), None, "what only Messenger understands is not ordered");
    assert_eq!(store.waiting(&passport(DAVE), None, 9).await.unwrap().len(), 2);
}
