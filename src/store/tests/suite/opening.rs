//! Opening, closing, and many at once.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use bridge::Write;
use domain::account::Change;
use futures_util::future::join_all;
use store::{Store, StoreFault};
use tempfile::TempDir;

use crate::bench::{Bench, CAROL, loopback, open, open_memory, passport, realm};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn an_empty_database_is_brought_to_its_form_once() {
    let directory = TempDir::new().unwrap();
    let first = open(&directory, &[]).await;
    assert_eq!(first.accounts().await.unwrap(), []);
    first.close().await;
    let second = open(&directory, &[]).await;
    assert_eq!(second.accounts().await.unwrap(), []);
}

#[tokio::test]
async fn only_this_user_reads_the_files() {
    let Bench { store: _store, directory } = Bench::new().await;
    let data = directory.path().join("data");
    assert_eq!(mode(&data), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["chrysalis.db", "chrysalis.db-shm", "chrysalis.db-wal"]);
}

#[tokio::test]
async fn a_file_that_others_could_read_is_closed_to_them() {
    let Bench { store, directory } = Bench::new().await;
    store.close().await;
    let path = directory.path().join("data/chrysalis.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = open(&directory, &[]).await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn what_was_answered_is_there_without_a_close() {
    let bench = Bench::new().await;
    bench.store.write(&loopback(), vec![Write::Put("key".into(), "value".into())]).await.unwrap();
    let Bench { store, directory: _directory } = bench.after_a_crash().await;
    assert_eq!(store.get(&loopback(), "key").await.unwrap().as_deref(), Some("value"));
}

#[tokio::test]
async fn a_closed_store_says_so_to_every_clone() {
    let Bench { store, directory } = Bench::new().await;
    let other = store.clone();
    store.close().await;
    other.close().await;
    let outcome = other.set_password(&passport(CAROL), "x").await;
    assert_eq!(outcome, Err(StoreFault::Closed));
    assert_eq!(other.accounts().await, Err(StoreFault::Closed));
    let left: Vec<_> =
        fs::read_dir(directory.path().join("data")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["chrysalis.db"], "the log is folded into the file");
}

#[tokio::test]
async fn faults_name_what_is_wrong_and_what_to_do() {
    let directory = TempDir::new().unwrap();
    let fault = |url: &'static str| {
        let base = directory.path().to_owned();
        async move { Store::open(url, &base, realm(), [].into()).await.unwrap_err().to_string() }
    };
    let unsupported = fault("mysql://root:secret@db/x").await;
    assert!(unsupported.contains("mysql") && unsupported.contains("[database] url"), "{unsupported}");
    fs::write(directory.path().join("file"), "x").unwrap();
    let unmakeable = fault("sqlite://file/chrysalis.db").await;
    assert!(unmakeable.contains("file/chrysalis.db") && unmakeable.contains("may write"), "{unmakeable}");
    fs::write(
        directory.path().join("other"),
        "no database at all, but long enough to have a header of a hundred bytes",
    )
    .unwrap();
    let foreign = fault("sqlite://other").await;
    assert!(foreign.contains("not a database"), "{foreign}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let Bench { store, directory } = Bench::new().await;
    store.close().await;
    let options = format!("sqlite://{}", directory.path().join("data/chrysalis.db").display());
    let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(&options).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let outcome = Store::open("sqlite://data/chrysalis.db", directory.path(), realm(), [].into()).await;
    let fault = outcome.unwrap_err().to_string();
    assert!(fault.contains("newer version"), "{fault}");
}

#[tokio::test]
async fn odd_characters_in_a_path_are_taken_as_they_are() {
    let directory = TempDir::new().unwrap();
    let store = Store::open("sqlite://a b%20#é&c/x.db", directory.path(), realm(), [].into()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), []);
    assert!(directory.path().join("a b%20#é&c/x.db").exists());
}

#[tokio::test]
async fn a_database_in_memory_ends_with_its_store() {
    let (one, two) = (open_memory().await, open_memory().await);
    assert!(one.add_account(&passport(CAROL), "Carol", "hash").await.unwrap());
    assert_eq!(one.accounts().await.unwrap().len(), 1, "readers see what was written");
    assert_eq!(two.accounts().await.unwrap(), []);
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
async fn a_snapshot_is_whole_and_a_restored_one_is_another_life() {
    let bench = Bench::new().await;
    bench.store.write(&loopback(), vec![Write::Put("key".into(), "value".into())]).await.unwrap();
    let generation = bench.store.generation().await.unwrap();
    let copy = bench.directory.path().join("copy/data/chrysalis.db");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    // While it is in use.
    store::snapshot(&bench.directory.path().join("data/chrysalis.db"), &copy).await.unwrap();
    assert!(store::is_database(&fs::read(&copy).unwrap()));
    bench.store.write(&loopback(), vec![Write::Put("key".into(), "later".into())]).await.unwrap();
    store::begin_another_life(&copy).await.unwrap();
    let restored = TempDir::new_in(bench.directory.path()).unwrap();
    fs::rename(copy.parent().unwrap(), restored.path().join("data")).unwrap();
    let restored = open(&restored, &[]).await;
    assert_eq!(restored.get(&loopback(), "key").await.unwrap().as_deref(), Some("value"));
    assert_ne!(restored.generation().await.unwrap(), generation);
    assert_eq!(bench.store.generation().await.unwrap(), generation);
    let original = bench.directory.path().join("data/chrysalis.db");
    assert!(store::snapshot(&original, &original).await.is_err(), "nothing is overwritten");
}
