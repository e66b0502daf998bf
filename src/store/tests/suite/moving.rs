//! Whole databases on their way between files and servers.

use std::path::Path;

use bridge::{Action, Receipt, Write};
use bytes::Bytes;
use chrysalis_test_postgres::Database;
use domain::{Timestamp, conversation::Draft};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use store::{OrderId, Progress, Store, StoreFault};
use tempfile::TempDir;

use crate::{
    bench::{CAROL, DAVE, entry, loopback, passport, profile, realm},
    losing::proxy::{Loss, Proxy},
};

const FILE: &str = "sqlite://chrysalis.db";

async fn open(url: &str, base: &Path) -> Store {
    let bits = [(loopback(), domain::NetworkBit::try_from(256).unwrap())].into();
    Store::open(url, base, realm(), bits).await.unwrap()
}

/// A database with something of most kinds, and more rows than are written at once. Gives the number of the last order, which is gone.
async fn furnish(url: &str, base: &Path) -> OrderId {
    let store = open(url, base).await.sealing_with(base.join("secrets.key"));
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    for account in [&carol, &dave] {
        assert!(store.add_account(account, "Carol ✿", "hash").await.unwrap());
    }
    let ann = store.allot(&loopback(), profile("ann").into()).await.unwrap();
    let contact = domain::account::Change::Contact(entry(&ann, 3, 1));
    store.change(&carol, vec![contact]).await.unwrap();
    let values = (0..200).map(|number| Write::Put(format!("key{number}"), "value".to_owned()));
    store.write(&loopback(), values.chain([Write::Seal("token".into(), "Op3nSesame".into())]).collect()).await.unwrap();
    let draft = Draft {
        id: store.next_message(),
        author: carol.clone(),
        sent: Timestamp(1),
        payload: Bytes::from_static(b"\x00\xff bytes"),
        content: None,
        enclosed: None,
        accounts: vec![dave],
        remotes: vec![],
        gathers: Vec::new(),
    };
    store.keep(draft).await.unwrap();
    store.order(&carol, &ann, Action::Befriend).await.unwrap();
    let last = store.order(&carol, &ann, Action::Unfriend).await.unwrap();
    store.order_done(last, Receipt::default()).await.unwrap();
    store.close().await;
    last
}

/// All that stands in a file.
async fn contents(path: &Path) -> Vec<String> {
    let mut file = AnyConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_sqlx_migrations' ORDER BY name",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    let mut contents = Vec::new();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&mut file)
            .await
            .unwrap();
        let rows = format!("SELECT '{table}: ' || {} FROM {table} ORDER BY 1", columns.join(" || ', ' || "));
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut file).await.unwrap();
        contents.extend(rows);
    }
    file.close().await.unwrap();
    contents
}

#[tokio::test]
async fn a_file_that_went_to_a_server_and_back_is_the_same() {
    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    let base = directory.path();
    let last = furnish(FILE, base).await;
    let before = contents(&base.join("chrysalis.db")).await;
    let mut told = Vec::new();
    let tell = |Progress { done, all, .. }: Progress<'_>| told.push((done, all));
    let count = store::copy_database(FILE, &database.url(), base, tell).await.unwrap();
    assert!(count > 200 && told.len() > 10 && told.is_sorted(), "{told:?}");
    assert_eq!(told.iter().filter(|(done, all)| done == all).count(), 1, "{told:?}");
    assert!(told.iter().all(|(_, all)| *all == count), "{told:?}");
    store::copy_database(&database.url(), "sqlite://back.db", base, |_| ()).await.unwrap();
    assert_eq!(contents(&base.join("back.db")).await, before);
    assert_eq!(contents(&base.join("chrysalis.db")).await, before, "it was only read");

    let store = open(&database.url(), base).await.sealing_with(base.join("secrets.key"));
    assert_eq!(store.secret(&loopback(), "token").await.unwrap().as_deref(), Some("Op3nSesame"));
    let ann = passport("ann@loopback.msn.example");
    let next = store.order(&passport(CAROL), &ann, Action::Befriend).await.unwrap();
    assert!(next > last, "no number is given out twice");
    assert!(store.next_message() > store.waiting(&passport(DAVE), None, 9).await.unwrap()[0].id);
}

#[tokio::test]
async fn nothing_is_copied_over_what_is_there_or_from_under_a_server() {
    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    let base = directory.path();
    let fault =
        async |from: &str, to: &str| store::copy_database(from, to, base, |_| ()).await.unwrap_err().to_string();
    assert!(fault(FILE, &database.url()).await.contains("no database"));
    assert!(fault(&database.url(), FILE).await.contains("nothing was ever kept"));
    assert!(!base.join("chrysalis.db").exists());
    furnish(FILE, base).await;
    assert!(fault(FILE, "sqlite://other.db").await.contains("pg_dump"));

    let running = open(&database.url(), base).await;
    assert!(fault(FILE, &database.url()).await.contains("another server"));
    assert!(!store::is_in_use("sqlite://other.db", base).await.unwrap());
    assert!(store::is_in_use(&database.url(), base).await.unwrap());
    running.close().await;
    assert!(fault(FILE, &database.url()).await.contains("not empty"));
    assert!(fault(&database.url(), FILE).await.contains("not empty"));
}

#[tokio::test]
async fn what_cannot_be_copied_whole_is_not_copied_at_all() {
    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    let base = directory.path();
    furnish(FILE, base).await;
    let mut file = AnyConnection::connect(&format!("sqlite://{}", base.join("chrysalis.db").display())).await.unwrap();
    // What other hands have put there: no number.
    sqlx::query("UPDATE account SET created = 'yesterday' WHERE passport = $1")
        .bind(DAVE)
        .execute(&mut file)
        .await
        .unwrap();
    assert!(store::copy_database(FILE, &database.url(), base, |_| ()).await.is_err());
    sqlx::query("UPDATE account SET created = 1, name = $2 WHERE passport = $1")
        .bind(DAVE)
        .bind("a\0b")
        .execute(&mut file)
        .await
        .unwrap();
    store::copy_database(FILE, &database.url(), base, |_| ()).await.unwrap();
    let store = open(&database.url(), base).await;
    assert_eq!(store.account_name(&passport(DAVE)).await.unwrap().as_deref(), Some("a\u{fffd}b"));
}

#[tokio::test]
async fn a_backup_of_a_server_in_use_is_a_file_and_goes_back_onto_a_server() {
    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    let (base, url) = (directory.path(), database.url());
    let copy = base.join("copy.db");
    let missing = store::back_up(&url, base, &copy, |_| ()).await.unwrap_err().to_string();
    assert!(missing.contains("nothing was ever kept"), "{missing}");
    furnish(&url, base).await;
    let running = open(&url, base).await;
    store::back_up(&url, base, &copy, |_| ()).await.unwrap();
    let generation = running.generation().await.unwrap();
    assert!(running.add_account(&passport("later@msn.example"), "", "").await.unwrap());

    store::begin_another_life(&copy).await.unwrap();
    let refused = store::put_back(&copy, &url, || Ok(()), |_| ()).await.unwrap_err().to_string();
    assert!(refused.contains("another server"), "{refused}");
    running.close().await;
    let failing = || Err(StoreFault::Query("on purpose".to_owned()));
    assert!(store::put_back(&copy, &url, failing, |_| ()).await.is_err());
    let store = open(&url, base).await;
    assert_eq!(store.accounts().await.unwrap().len(), 3, "everything is as it was");
    store.close().await;

    let aside = store::put_back(&copy, &url, || Ok(()), |_| ()).await.unwrap();
    assert_eq!(aside.as_deref(), Some("before_restore_1"));
    let store = open(&url, base).await;
    assert_eq!(store.accounts().await.unwrap().len(), 2);
    assert_ne!(store.generation().await.unwrap(), generation, "it is another life");
    let mut connection = database.connect().await;
    let kept: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM before_restore_1.account").fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, 3, "what was there is kept");
    let fresh = Database::new().await;
    assert_eq!(store::put_back(&copy, &fresh.url(), || Ok(()), |_| ()).await.unwrap(), None);
    assert_eq!(open(&fresh.url(), base).await.accounts().await.unwrap().len(), 2);
}

#[tokio::test]
async fn tables_of_another_program_are_in_the_way() {
    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    let (base, url) = (directory.path(), database.url());
    assert!(!store::is_in_use(&url, base).await.unwrap());
    database.meddle("CREATE TABLE events (id BIGINT)".to_owned()).await;
    assert!(store::is_in_use(&url, base).await.unwrap());
}

#[tokio::test]
async fn a_restoring_whose_last_answer_is_lost_is_known_to_be_done_or_not() {
    for loss in [Loss::Answer, Loss::Order] {
        let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
        let (base, copy) = (directory.path(), directory.path().join("copy.db"));
        furnish(FILE, base).await;
        store::back_up(FILE, base, &copy, |_| ()).await.unwrap();
        let proxy = Proxy::start(&database.url()).await;
        let losing = || {
            proxy.lose(loss);
            Ok(())
        };
        let outcome = store::put_back(&copy, &proxy.url(), losing, |_| ()).await;
        assert!(proxy.has_lost(), "{loss:?}");
        assert_eq!(outcome.is_ok(), loss == Loss::Answer, "{outcome:?}");
        assert_ne!(outcome, Err(StoreFault::Uncertain));
        assert_eq!(store::is_in_use(&database.url(), base).await.unwrap(), loss == Loss::Answer);
    }
}
