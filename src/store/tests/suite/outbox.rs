//! Orders to other networks.

use bridge::{Action, Receipt};
use bytes::Bytes;
use domain::{Content, Passport, RemoteMessage, Timestamp, conversation::Draft};
use store::{Lane, OrderId, ParkedFilter, Store, StoreFault};

use crate::bench::{Bench, CAROL, DAVE, loopback, passport, profile};

async fn lane(store: &Store, owner: &str, id: &str) -> Lane {
    let contact = store.allot(&loopback(), profile(id).into()).await.unwrap();
    Lane { owner: passport(owner), contact }
}

async fn say(store: &Store, lane: &Lane, text: &str) {
    let draft = Draft {
        id: store.next_message(),
        author: lane.owner.clone(),
        sent: Timestamp(1),
        payload: Bytes::new(),
        content: Some(Content::text(text)),
        enclosed: None,
        accounts: Vec::new(),
        remotes: vec![lane.contact.clone()],
        gathers: Vec::new(),
    };
    store.keep(draft).await.unwrap();
}

/// What was given up of an account.
fn of(owner: &str) -> ParkedFilter {
    ParkedFilter { owner: Some(passport(owner)), ..ParkedFilter::default() }
}

fn text(action: &Action) -> &str {
    match action {
        Action::Say { content: Content::Text(text), .. } => &text.text,
        Action::Say { .. }
        | Action::Gather { .. }
        | Action::Befriend
        | Action::Welcome
        | Action::TurnAway
        | Action::Unfriend => action.kind(),
    }
}

/// Carries out everything of a lane and says what it was.
async fn run(store: &Store, lane: &Lane) -> Vec<String> {
    let mut done = Vec::new();
    while let Some(next) = store.next_order(lane).await.unwrap() {
        store.order_tried(next.id).await.unwrap();
        store.order_done(next.id, Receipt::default()).await.unwrap();
        done.push(text(&next.order.action).to_owned());
    }
    done
}

#[tokio::test]
async fn each_lane_keeps_its_order() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let ann = lane(&store, CAROL, "ann").await;
    let ben = lane(&store, CAROL, "ben").await;
    let daves = Lane { owner: passport(DAVE), contact: ann.contact.clone() };
    store.order(&ann.owner, &ann.contact, Action::Befriend).await.unwrap();
    for (lane, text) in [(&ann, "1"), (&ben, "2"), (&daves, "3"), (&ann, "4"), (&ben, "5")] {
        say(&store, lane, text).await;
    }
    assert_eq!(store.lanes().await.unwrap(), [ann.clone(), ben.clone(), daves.clone()]);
    assert_eq!(run(&store, &ben).await, ["2", "5"]);
    assert_eq!(run(&store, &ann).await, ["befriend", "1", "4"]);
    assert_eq!(store.lanes().await.unwrap(), std::slice::from_ref(&daves));
    assert_eq!(run(&store, &daves).await, ["3"]);
    assert_eq!(store.lanes().await.unwrap(), []);
}

#[tokio::test]
async fn a_try_is_remembered_through_a_crash() {
    let bench = Bench::new().await;
    let ann = lane(&bench.store, CAROL, "ann").await;
    say(&bench.store, &ann, "hello").await;
    let before = bench.store.next_order(&ann).await.unwrap().unwrap();
    assert_eq!(before.order.attempt, 0);
    bench.store.order_tried(before.id).await.unwrap();

    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    let after = store.next_order(&ann).await.unwrap().unwrap();
    assert_eq!((after.order.attempt, after.id), (1, before.id));
    assert_eq!(after.order.key, before.order.key, "what a network deduplicates by stays the same");
}

#[tokio::test]
async fn what_is_given_up_is_kept_with_its_reason_and_can_be_retried() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let ann = lane(&store, CAROL, "ann").await;
    for text in ["1", "2"] {
        say(&store, &ann, text).await;
    }
    let first = store.next_order(&ann).await.unwrap().unwrap();
    store.order_failed(first.id, "the room is gone", Some("not delivered")).await.unwrap();
    assert_eq!(run(&store, &ann).await, ["2"], "the next ones are not held up");
    let parked = store.parked(&ann.owner).await.unwrap();
    assert_eq!((parked[0].id, parked[0].reason.as_str(), text(&parked[0].action)), (first.id, "the room is gone", "1"));
    assert_eq!(parked[0].contact, ann.contact);
    assert_eq!(store.retry_parked(&of(DAVE)).await.unwrap(), []);
    assert_eq!(store.retry_parked(&of(CAROL)).await.unwrap(), std::slice::from_ref(&ann));
    assert_eq!(store.next_order(&ann).await.unwrap().unwrap().order.key, first.order.key);
    assert_eq!(run(&store, &ann).await, ["1"]);
    assert_eq!(store.parked(&ann.owner).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_given_up_can_be_told_apart_retried_and_forgotten() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let (hers, his) = (lane(&store, CAROL, "ann").await, lane(&store, DAVE, "ben").await);
    let mut ids = Vec::new();
    for (lane, text) in [(&hers, "1"), (&his, "2"), (&hers, "3")] {
        say(&store, lane, text).await;
        let next = store.next_order(lane).await.unwrap().unwrap();
        store.order_failed(next.id, "the room is gone", None).await.unwrap();
        ids.push(next.id);
    }
    say(&store, &hers, "4").await;
    let all = ParkedFilter::default();
    let found = async |filter: &ParkedFilter, after: OrderId, most: u32| {
        let orders = store.parked_orders(filter, after, most).await.unwrap();
        orders.into_iter().map(|order| order.id).collect::<Vec<_>>()
    };
    assert_eq!(found(&all, OrderId(0), 9).await, ids, "what waits was not given up");
    assert_eq!(found(&all, ids[0], 1).await, [ids[1]]);
    assert_eq!(found(&of(CAROL), OrderId(0), 9).await, [ids[0], ids[2]]);
    let here = ParkedFilter { network: Some(loopback()), ..ParkedFilter::default() };
    let elsewhere = ParkedFilter { network: Some("elsewhere".parse().unwrap()), ..ParkedFilter::default() };
    assert_eq!((found(&here, OrderId(0), 9).await, found(&elsewhere, OrderId(0), 9).await), (ids.clone(), Vec::new()));
    let first = &store.parked_orders(&all, OrderId(0), 1).await.unwrap()[0];
    assert_eq!((&first.owner, &first.contact, &first.network), (&hers.owner, &hers.contact, &loopback()));
    assert!(first.given_up.is_some());

    let one = |order| ParkedFilter { order: Some(order), ..ParkedFilter::default() };
    assert_eq!(store.drop_parked(&ParkedFilter { order: Some(ids[0]), ..of(DAVE) }).await.unwrap(), 0, "it is hers");
    assert_eq!(store.drop_parked(&one(ids[0])).await.unwrap(), 1);
    assert_eq!(store.retry_parked(&one(ids[0])).await.unwrap(), [], "it is gone");
    assert_eq!(store.retry_parked(&one(ids[2])).await.unwrap(), std::slice::from_ref(&hers));
    assert_eq!(run(&store, &hers).await, ["3", "4"]);
    assert_eq!(store.drop_parked(&elsewhere).await.unwrap(), 0);
    assert_eq!(store.drop_parked(&here).await.unwrap(), 1);
    assert_eq!(found(&all, OrderId(0), 9).await, []);
}

#[tokio::test]
async fn what_was_said_is_recognised_when_it_comes_back() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let ann = lane(&store, CAROL, "ann").await;
    say(&store, &ann, "hello").await;
    let next = store.next_order(&ann).await.unwrap().unwrap();
    let receipt = Receipt { messages: vec![RemoteMessage("$1".into()), RemoteMessage("$2".into())] };
    store.order_done(next.id, receipt.clone()).await.unwrap();
    store.order_done(next.id, receipt).await.unwrap();
    let outcome = store.accept(&loopback(), crate::inbox::messages(CAROL, "ann", &["$2", "$3"])).await.unwrap();
    assert_eq!((outcome.accepted.fresh, outcome.accepted.left_out), (1, 1));
}

#[tokio::test]
async fn orders_need_an_account_and_an_address() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let ann = lane(&store, CAROL, "ann").await;
    let nobody: Passport = passport("nobody@msn.example");
    let outcome = store.order(&nobody, &ann.contact, Action::Befriend).await;
    assert_eq!(outcome, Err(StoreFault::UnknownAccount(nobody.clone())));
    let outcome = store.order(&ann.owner, &nobody, Action::Befriend).await;
    assert_eq!(outcome, Err(StoreFault::UnknownContact(nobody)));
}

#[tokio::test]
async fn what_was_given_up_long_ago_is_forgotten() {
    let bench = Bench::new().await;
    let store = &bench.store;
    let ann = lane(store, CAROL, "ann").await;
    for text in ["1", "2", "3"] {
        say(store, &ann, text).await;
    }
    let created = store.accounts().await.unwrap()[0].created.0;
    let days = |days: i64| Timestamp(created + days * 24 * 60 * 60 * 1000);
    for retried in [true, false] {
        let first = store.next_order(&ann).await.unwrap().unwrap();
        store.order_failed(first.id, "the room is gone", None).await.unwrap();
        if retried {
            store.retry_parked(&of(CAROL)).await.unwrap();
        }
    }
    assert_eq!(store.prune(days(29)).await.unwrap(), 0);
    assert_eq!(store.parked(&ann.owner).await.unwrap().len(), 1);
    assert_eq!(store.prune(days(31)).await.unwrap(), 1);
    assert_eq!(store.parked(&ann.owner).await.unwrap(), []);
    assert_eq!(run(store, &ann).await, ["2", "3"], "what waits for its network is kept");

    say(store, &ann, "4").await;
    let next = store.next_order(&ann).await.unwrap().unwrap();
    store.order_failed(next.id, "the room is gone", None).await.unwrap();
    bench.meddle("UPDATE outbox SET given_up = NULL".to_owned()).await;
    assert_eq!(store.prune(days(90)).await.unwrap(), 0, "given up by an older version: as if it had been now");
    assert_eq!(store.prune(days(119)).await.unwrap(), 0);
    assert_eq!(store.prune(days(121)).await.unwrap(), 1);
}

#[tokio::test]
async fn an_order_keeps_what_it_answers() {
    let bench = Bench::new().await;
    let ann = lane(&bench.store, CAROL, "ann").await;
    let reply = Some(RemoteMessage("$1".into()));
    let says = Action::Say { content: Content::text("yes"), sent: Timestamp(1), reply, heard: Vec::new() };
    bench.store.order(&ann.owner, &ann.contact, says.clone()).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(store.next_order(&ann).await.unwrap().unwrap().order.action, says);
}
