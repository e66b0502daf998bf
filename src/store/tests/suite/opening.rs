//! Opening, closing, and many at once.

use bridge::Write;
use domain::account::Change;
use futures_util::future::join_all;
use store::{Store, StoreFault};

use crate::bench::{Bench, CAROL, Home, loopback, open, passport, realm};

#[tokio::test]
async fn an_empty_database_is_brought_to_its_form_once() {
    let directory = Home::new().await;
    let first = open(&directory, &[]).await;
    assert_eq!(first.accounts().await.unwrap(), []);
    first.close().await;
    let second = open(&directory, &[]).await;
    assert_eq!(second.accounts().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_answered_is_there_without_a_close() {
    let bench = Bench::new().await;
    bench.store.write(&loopback(), vec![Write::Put("key".into(), "value".into())]).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(store.get(&loopback(), "key").await.unwrap().as_deref(), Some("value"));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let Bench { store, directory } = Bench::new().await;
    store.close().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    )
    .execute(&mut directory.connect().await)
    .await
    .unwrap();
    let outcome = Store::open(&directory.url(), directory.path(), realm(), [].into()).await;
    let fault = outcome.unwrap_err().to_string();
    assert!(fault.contains("newer version"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_hundred_that_read_and_then_write_all_succeed() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let jobs = (0..400).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            // Allotting reads whether the address is taken before it writes; all want the same one.
            let id = format!("user {number}");
            let profile = bridge::RemoteProfile { login: "same".into(), ..crate::bench::profile(&id) };
            let address = store.allot(&loopback(), profile.into()).await?;
            let changes = vec![Change::Contact(crate::bench::entry(&address, 3, number))];
            store.change(&passport(CAROL), changes).await?;
            store.load(&passport(CAROL)).await?;
            Ok::<_, StoreFault>(address)
        })
    });
    let mut addresses: Vec<_> = join_all(jobs).await.into_iter().map(|job| job.unwrap().unwrap()).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 400);
    assert_eq!(store.load(&passport(CAROL)).await.unwrap().unwrap().contacts.len(), 400);
}

#[tokio::test]
async fn a_closed_store_says_so_to_every_clone() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let other = store.clone();
    store.close().await;
    other.close().await;
    let outcome = other.set_password(&passport(CAROL), "x").await;
    assert_eq!(outcome, Err(StoreFault::Closed));
    assert_eq!(other.accounts().await, Err(StoreFault::Closed));
}
