//! Messages between accounts, and towards remote contacts.

use bridge::Action;
use bytes::Bytes;
use domain::{
    Content, Timestamp,
    conversation::{Body, Draft, MessageId},
};
use store::{Lane, Store, StoreFault, WaitingPeer};

use crate::bench::{Bench, CAROL, DAVE, loopback, open, passport, person, profile};

fn draft(store: &Store, text: &'static str, accounts: &[&str]) -> Draft {
    Draft {
        id: store.next_message(),
        author: passport(CAROL),
        sent: Timestamp(1_000),
        payload: Bytes::from_static(text.as_bytes()),
        content: Some(Content::text(text)),
        enclosed: None,
        accounts: accounts.iter().map(|each| passport(each)).collect(),
        remotes: Vec::new(),
        gathers: Vec::new(),
    }
}

#[tokio::test]
async fn messages_wait_in_order_until_they_are_delivered() {
    let Bench { store, directory } = Bench::new().await;
    let dave = passport(DAVE);
    let mut kept = Vec::new();
    for text in ["one", "two", "three\0\u{ff}"] {
        kept.push(store.keep(draft(&store, text, &[DAVE, DAVE])).await.unwrap().id);
    }
    store.close().await;

    let store = open(&directory, &["loopback"]).await;
    let waiting = store.waiting(&dave, None, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|each| each.id).collect::<Vec<_>>(), kept);
    assert!(kept.is_sorted());
    assert_eq!(waiting[2].body, Body::Payload(Bytes::from_static("three\0\u{ff}".as_bytes())), "byte for byte");
    assert_eq!((waiting[0].author_name.as_str(), waiting[0].sent), ("Carol", Timestamp(1_000)));
    let peers = store.waiting_peers(&dave).await.unwrap();
    assert_eq!(peers, [WaitingPeer { peer: passport(CAROL), count: 3, newest: Timestamp(1_000) }]);
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
    let kept = store.keep(draft(&store, "hello", &[DAVE, "eve@msn.example", "gone@msn.example"])).await.unwrap();
    assert_eq!(kept.left_out, [passport("gone@msn.example")]);
    store.delivered(&passport(DAVE), &[kept.id]).await.unwrap();
    assert_eq!(store.waiting(&passport(DAVE), None, 9).await.unwrap(), []);
    assert_eq!(store.waiting(&eve, None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn numbers_grow_even_when_everything_was_delivered() {
    let Bench { store, directory } = Bench::new().await;
    let first = store.keep(draft(&store, "one", &[DAVE])).await.unwrap().id;
    store.delivered(&passport(DAVE), &[first]).await.unwrap();
    let second = store.keep(draft(&store, "two", &[])).await.unwrap().id;
    store.close().await;
    let store = open(&directory, &["loopback"]).await;
    let third = store.keep(draft(&store, "three", &[DAVE])).await.unwrap().id;
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
    let both = Draft { remotes: [remotes.clone(), vec![never.clone()]].concat(), ..draft(&store, "hi", &[DAVE]) };
    let kept = store.keep(both).await.unwrap();
    assert_eq!(kept.left_out, [never]);
    let lanes = store.lanes().await.unwrap();
    let expected: Vec<_> = remotes.iter().map(|each| Lane { owner: carol.clone(), contact: each.clone() }).collect();
    assert_eq!(lanes, expected);
    let next = store.next_order(&lanes[0]).await.unwrap().unwrap();
    assert_eq!((next.message, next.author, next.network), (Some(kept.id), carol, loopback()));
    assert_eq!(next.order.to, person("ann"));
    let (content, heard) = (Content::text("hi"), vec![passport(DAVE)]);
    assert_eq!(next.order.action, Action::Say { content, sent: Timestamp(1_000), reply: None, heard });
    let other = store.next_order(&lanes[1]).await.unwrap().unwrap();
    assert_ne!(next.order.key, other.order.key);

    let opaque = Draft { content: None, remotes, ..draft(&store, "wire", &[DAVE]) };
    store.keep(opaque).await.unwrap();
    store.order_done(next.id, bridge::Receipt::default()).await.unwrap();
    assert_eq!(store.next_order(&lanes[0]).await.unwrap(), None, "what only Messenger understands is not ordered");
    assert_eq!(store.waiting(&passport(DAVE), None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn numbers_are_never_given_twice_even_when_nothing_was_written() {
    let Bench { store, directory } = Bench::new().await;
    let given: Vec<_> = (0..100).map(|_| store.next_message()).collect();
    assert!(given.is_sorted() && given[0] < given[99]);
    store.close().await;
    let store = open(&directory, &["loopback"]).await;
    assert!(store.next_message() > given[99]);
    store.accept(&loopback(), crate::inbox::messages(DAVE, "ann", &["a"])).await.unwrap();
    let brought = store.waiting(&passport(DAVE), None, 9).await.unwrap()[0].id;
    assert!(brought > given[99]);
    assert!(store.next_message() > brought);
}

#[tokio::test]
async fn whoever_has_too_much_waiting_from_one_author_is_left_out() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let store = store.keeping_at_most(2);
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(store.keep(draft(&store, "again", &[DAVE])).await.unwrap());
    }
    let left_out: Vec<_> = kept.iter().map(|each| each.left_out.len()).collect();
    assert_eq!((left_out, kept[2].left_out.first()), (vec![0, 0, 1], Some(&dave)));
    assert_eq!(store.waiting(&dave, None, 9).await.unwrap().len(), 2);
    let other = Draft { author: dave.clone(), ..draft(&store, "from another", &[CAROL, DAVE]) };
    assert_eq!(store.keep(other).await.unwrap().left_out, [], "each author has a place of their own");
    assert_eq!(store.waiting(&carol, None, 9).await.unwrap().len(), 1);
    store.delivered(&dave, &[kept[0].id]).await.unwrap();
    assert_eq!(store.keep(draft(&store, "now", &[DAVE])).await.unwrap().left_out, []);
}

#[tokio::test]
async fn what_is_handed_in_after_the_first_poll_comes_later() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let dave = passport(DAVE);
    let draft = draft(&store, "hello", &[DAVE]);
    let id = draft.id;
    let mut keeping = std::pin::pin!(store.keep(draft));
    assert!(futures_util::poll!(&mut keeping).is_pending());
    store.delivered(&dave, &[id]).await.unwrap();
    assert_eq!(store.waiting(&dave, None, 9).await.unwrap(), []);
    assert_eq!(keeping.await.unwrap().left_out, []);
    assert_eq!(store.waiting(&dave, None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn the_server_itself_has_something_to_say() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (dave, service) = (passport(DAVE), passport("chrysalis@msn.example"));
    let id = store.notice(&dave, &service, "Chrysalis", Content::text("welcome")).await.unwrap().id;
    let waiting = store.waiting_from(&dave, &service, 9).await.unwrap();
    assert_eq!((waiting[0].id, waiting[0].author_name.as_str()), (id, "Chrysalis"));
    assert_eq!(waiting[0].body, Body::Content(Content::text("welcome")));
    let nobody = passport("nobody@msn.example");
    let outcome = store.notice(&nobody, &service, "Chrysalis", Content::Nudge).await;
    assert_eq!(outcome, Err(StoreFault::UnknownAccount(nobody)));
}

#[tokio::test]
async fn of_what_the_server_says_only_the_newest_waits() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (dave, service, ann) =
        (passport(DAVE), passport("chrysalis@msn.example"), passport("ann@loopback.msn.example"));
    let mut dropped = 0;
    for number in 0..203 {
        for peer in [&service, &ann] {
            dropped += store.notice(&dave, peer, "", Content::text(number.to_string())).await.unwrap().dropped;
        }
    }
    assert_eq!(dropped, 3, "which is told");
    let waiting = store.waiting_from(&dave, &service, 999).await.unwrap();
    assert_eq!((waiting.len(), &waiting[0].body), (200, &Body::Content(Content::text("3"))));
    assert_eq!(store.waiting_from(&dave, &ann, 999).await.unwrap().len(), 203, "what others say is not dropped");
}
