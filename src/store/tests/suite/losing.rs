//! A server that goes away, and answers that are lost on the way: nothing that was answered is lost, and nothing is done twice.

pub(crate) mod proxy;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bridge::Action;
use bytes::Bytes;
use chrysalis_test_postgres::{Database, Server};
use domain::{NetworkBit, Passport, Timestamp, conversation::Draft};
use sqlx::Connection;
use store::{Lane, Store, StoreFault};
use tokio::{sync::Semaphore, task::JoinHandle, time::timeout};

use crate::bench::{CAROL, DAVE, loopback, passport, profile, realm};
use proxy::{Loss, Proxy};

/// How long a test waits for what has to come.
const DEADLINE: Duration = Duration::from_mins(1);

async fn open(url: &str) -> Result<Store, StoreFault> {
    let bits = [(loopback(), NetworkBit::try_from(256).unwrap())].into();
    Store::open(url, std::path::Path::new("/"), realm(), bits).await
}

/// A store with Carol, Dave, and Ann, who is somewhere else.
async fn peopled(url: &str) -> (Store, Passport) {
    let store = open(url).await.unwrap();
    for account in [CAROL, DAVE] {
        assert!(store.add_account(&passport(account), "", "hash").await.unwrap());
    }
    let ann = store.allot(&loopback(), profile("ann").into()).await.unwrap();
    (store, ann)
}

fn draft(store: &Store, ann: &Passport) -> Draft {
    Draft {
        id: store.next_message(),
        author: passport(CAROL),
        sent: Timestamp(1),
        payload: Bytes::from_static(b"hello"),
        content: Some(domain::Content::text("hello")),
        enclosed: None,
        accounts: vec![passport(DAVE)],
        remotes: vec![ann.clone()],
        gathers: Vec::new(),
    }
}

/// How much stands in the tables that the tests write to: accounts, orders, deliveries.
async fn counts(database: &Database) -> (i64, i64, i64) {
    let mut connection = database.connect().await;
    let counts = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM account), (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM delivery)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    counts
}

/// Writes until it is told to stop, and gives how many times; `done` has a permit for each. Each is answered, and answered as something
/// new.
fn busy(
    store: &Store,
    ann: &Passport,
    number: usize,
    stop: &Arc<AtomicBool>,
    done: &Arc<Semaphore>,
) -> JoinHandle<i64> {
    let (store, ann, stop, done) = (store.clone(), ann.clone(), Arc::clone(stop), Arc::clone(done));
    tokio::spawn(async move {
        let (carol, mut times) = (passport(CAROL), 0);
        while !stop.load(Ordering::Relaxed) {
            let account = passport(&format!("n{number}-{times}@msn.example"));
            let (made, ordered, kept) = tokio::join!(
                store.add_account(&account, "", "hash"),
                store.order(&carol, &ann, Action::Befriend),
                store.keep(draft(&store, &ann)),
            );
            assert_eq!(made, Ok(true), "an account is made once");
            ordered.unwrap();
            assert_eq!(kept.unwrap().left_out, []);
            times += 1;
            done.add_permits(1);
        }
        times
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_writing_loses_nothing_and_doubles_nothing() {
    let mut server = Server::start();
    let database = Database::of(&server).await;
    let (store, ann) = peopled(&database.url()).await;
    let store = store.keeping_at_most(u32::MAX);
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(0)));
    let tasks: Vec<_> = (0..8).map(|number| busy(&store, &ann, number, &stop, &done)).collect();
    for _ in 0..3 {
        let some = timeout(DEADLINE, done.acquire_many(24)).await.expect("they write on after a crash");
        some.unwrap().forget();
        server = tokio::task::spawn_blocking(move || {
            server.crash();
            server
        })
        .await
        .unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let mut times = 0;
    for task in tasks {
        times += timeout(DEADLINE, task).await.expect("everybody is answered").unwrap();
    }
    assert!(times >= 72);
    // Each round makes an account, orders one thing, and keeps one message, which is one delivery and one order more.
    assert_eq!(counts(&database).await, (times + 2, times * 2, times));
    store.close().await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_neither_done_again_nor_called_lost() {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.url()).await;
    let (store, ann) = peopled(&proxy.url()).await;
    let mut expected = counts(&database).await;
    for loss in [Loss::Answer, Loss::Order, Loss::Answer] {
        // Commits are recognised by the first one of a connection.
        proxy.cut();
        store.add_account(&passport(CAROL), "", "").await.unwrap();
        proxy.cut();
        proxy.lose(loss);
        store.order(&passport(CAROL), &ann, Action::Befriend).await.unwrap();
        assert!(proxy.has_lost(), "{loss:?}");
        expected.1 += 1;
        assert_eq!(counts(&database).await, expected, "an order, {loss:?}");

        proxy.cut();
        proxy.lose(loss);
        let kept = store.keep(draft(&store, &ann)).await.unwrap();
        assert_eq!((kept.left_out, kept.ordered), (vec![], vec![ann.clone()]), "{loss:?}");
        assert!(proxy.has_lost(), "{loss:?}");
        (expected.1, expected.2) = (expected.1 + 1, expected.2 + 1);
        assert_eq!(counts(&database).await, expected, "a message, {loss:?}");
    }
    let lane = Lane { owner: passport(CAROL), contact: ann };
    assert!(store.next_order(&lane).await.unwrap().is_some(), "readers come back as well");
}

#[tokio::test]
async fn two_servers_never_write_to_one_database() {
    let database = Database::new().await;
    let (store, _) = peopled(&database.url()).await;
    let fault = open(&database.url()).await.unwrap_err();
    assert!(fault.may_pass(), "the other one may be about to end");
    let fault = fault.to_string();
    assert!(fault.contains("another server") && fault.contains("stop it first"), "{fault}");
    assert!(!fault.contains(database.url().split(['/', '@', ':']).nth(4).unwrap()), "no password: {fault}");
    store.close().await;
    let store = open(&database.url()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap().len(), 2);
}

#[tokio::test]
async fn whoever_was_away_while_another_server_wrote_does_not_write_on() {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.url()).await;
    let (store, _) = peopled(&proxy.url()).await;
    proxy.shut();
    let other = open(&database.url()).await.unwrap();
    assert!(other.add_account(&passport("new@msn.example"), "", "").await.unwrap());
    other.close().await;
    proxy.open();
    let outcome = store.add_account(&passport("another@msn.example"), "", "").await;
    assert_eq!(outcome, Err(StoreFault::Closed));
    timeout(DEADLINE, store.ended()).await.expect("it says that it has ended");
    assert_eq!(counts(&database).await.0, 3);
}

#[tokio::test]
async fn while_the_server_is_away_everybody_is_told_and_when_it_is_back_all_goes_on() {
    let mut server = Server::start();
    let database = Database::of(&server).await;
    let (store, ann) = peopled(&database.url()).await;
    server.stop();
    let (carol, new) = (passport(CAROL), passport("new@msn.example"));
    let away = async {
        tokio::join!(store.order(&carol, &ann, Action::Befriend), store.add_account(&new, "", ""), store.accounts())
    };
    let (ordered, made, read) = timeout(DEADLINE, away).await.expect("nobody waits for ever");
    assert!(matches!(ordered, Err(StoreFault::Unreachable(_))), "{ordered:?}");
    assert!(matches!(made, Err(StoreFault::Unreachable(_))), "{made:?}");
    assert_eq!(read, Err(StoreFault::Busy));
    server.start_again();
    assert_eq!(
        store.add_account(&passport("new@msn.example"), "", "").await,
        Ok(true),
        "it was told that it is not kept"
    );
    assert_eq!(store.accounts().await.unwrap().len(), 3);
}

#[tokio::test]
async fn readers_give_up_on_a_server_that_falls_silent_and_read_on_another_connection() {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.url()).await;
    let (store, _) = peopled(&proxy.url()).await;
    let carol = passport(CAROL);
    // More often than there are connections, and by each way of reading.
    for round in 0..12 {
        proxy.fall_silent_at(["ORDER BY passport", "WHERE passport = $1", "SELECT name, privacy, prompt"][round % 3]);
        let reading = {
            let (store, carol) = (store.clone(), carol.clone());
            tokio::spawn(async move {
                match round % 3 {
                    0 => store.accounts().await.map(drop),
                    1 => store.account_summary(&carol).await.map(drop),
                    _ => store.load(&carol).await.map(drop),
                }
            })
        };
        timeout(DEADLINE, proxy.silent()).await.expect("it asks");
        if round > 5 {
            // Whoever does not wait any more keeps no connection from others either.
            reading.abort();
            continue;
        }
        tokio::time::pause();
        let read = timeout(DEADLINE * 2, reading).await.expect("nobody waits for ever").unwrap();
        tokio::time::resume();
        assert!(matches!(read, Err(StoreFault::Unreachable(_))), "{round}: {read:?}");
    }
    assert_eq!(store.accounts().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_table_that_somebody_holds_is_told_apart() {
    let database = Database::new().await;
    let (store, _) = peopled(&database.url()).await;
    let mut other = database.connect().await;
    let mut held = other.begin().await.unwrap();
    sqlx::query("LOCK TABLE account IN EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    assert_eq!(store.add_account(&passport("new@msn.example"), "", "").await, Err(StoreFault::Busy));
    assert_eq!(store.accounts().await.unwrap().len(), 2, "readers do not wait for writers");
    held.rollback().await.unwrap();
    assert_eq!(store.add_account(&passport("new@msn.example"), "", "").await, Ok(true));
}

#[tokio::test]
async fn whoever_is_away_while_another_server_runs_stops_though_that_one_goes_on() {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.url()).await;
    let (store, _) = peopled(&proxy.url()).await;
    proxy.shut();
    let other = open(&database.url()).await.unwrap();
    proxy.open();
    let outcome = timeout(DEADLINE, store.add_account(&passport("another@msn.example"), "", "")).await;
    assert_eq!(outcome.expect("it is told"), Err(StoreFault::Closed));
    timeout(DEADLINE, store.ended()).await.expect("it says that it has ended");
    assert_eq!(other.add_account(&passport("new@msn.example"), "", "").await, Ok(true));
}

#[tokio::test]
async fn a_beginning_that_fails_half_way_keeps_nothing_after_it_from_being_written() {
    let database = Database::new().await;
    let mut url: url::Url = database.url().parse().unwrap();
    url.query_pairs_mut().append_pair("options", "-c search_path=public,pg_catalog");
    let (store, _) = peopled(url.as_str()).await;
    // Found before PostgreSQL's own, by that path.
    database
        .meddle(
            "CREATE FUNCTION public.pg_current_xact_id() RETURNS xid8 LANGUAGE plpgsql
             AS $$ BEGIN RAISE EXCEPTION 'on purpose'; END $$"
                .to_owned(),
        )
        .await;
    let refused = store.add_account(&passport("new@msn.example"), "", "").await;
    assert!(matches!(refused, Err(StoreFault::Query(_))), "{refused:?}");
    database.meddle("DROP FUNCTION public.pg_current_xact_id()".to_owned()).await;
    assert_eq!(store.add_account(&passport("new@msn.example"), "", "").await, Ok(true));
}
