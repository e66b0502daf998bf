//! Databases in files: what belongs to the file and not to what stands in it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use bridge::Write;
use store::Store;
use tempfile::TempDir;

use crate::bench::{CAROL, loopback, open_memory, passport, realm};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn open(directory: &TempDir) -> Store {
    Store::open("sqlite://data/chrysalis.db", directory.path(), realm(), [].into()).await.unwrap()
}

/// A new store in a file, with the account Carol.
async fn stored() -> (Store, TempDir) {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    assert!(store.add_account(&passport(CAROL), "Carol", "hash").await.unwrap());
    (store, directory)
}

#[tokio::test]
async fn only_this_user_reads_the_files() {
    let (_store, directory) = stored().await;
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
    let (store, directory) = stored().await;
    store.close().await;
    let path = directory.path().join("data/chrysalis.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = open(&directory).await;
    assert_eq!(mode(&path), 0o600);
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

#[tokio::test]
async fn a_snapshot_is_whole_and_a_restored_one_is_another_life() {
    let (store, directory) = stored().await;
    store.write(&loopback(), vec![Write::Put("key".into(), "value".into())]).await.unwrap();
    let generation = store.generation().await.unwrap();
    let copy = directory.path().join("copy/data/chrysalis.db");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    // While it is in use.
    store::snapshot(&directory.path().join("data/chrysalis.db"), &copy).await.unwrap();
    assert!(store::is_database(&fs::read(&copy).unwrap()));
    store.write(&loopback(), vec![Write::Put("key".into(), "later".into())]).await.unwrap();
    store::begin_another_life(&copy).await.unwrap();
    let restored = TempDir::new_in(directory.path()).unwrap();
    fs::rename(copy.parent().unwrap(), restored.path().join("data")).unwrap();
    let restored = open(&restored).await;
    assert_eq!(restored.get(&loopback(), "key").await.unwrap().as_deref(), Some("value"));
    assert_ne!(restored.generation().await.unwrap(), generation);
    assert_eq!(store.generation().await.unwrap(), generation);
    let original = directory.path().join("data/chrysalis.db");
    assert!(store::snapshot(&original, &original).await.is_err(), "nothing is overwritten");
}

#[tokio::test]
async fn a_closed_file_is_one_file() {
    let (store, directory) = stored().await;
    store.close().await;
    let left: Vec<_> =
        fs::read_dir(directory.path().join("data")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["chrysalis.db"], "the log is folded into the file");
}
