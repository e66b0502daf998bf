//! Remote addresses, and what the bridges remember.

use bridge::Write;
use domain::{RemoteRoom, contact::RemoteTarget};
use store::{Introduction, RemoteContact, StoreFault};

use crate::bench::{Bench, CAROL, DAVE, loopback, network, passport, person, profile};

#[tokio::test]
async fn an_address_is_allotted_once() {
    let Bench { store, directory } = Bench::new().await;
    let echo = store.allot(&loopback(), profile("echo").into()).await.unwrap();
    assert_eq!(echo.as_str(), "echo@loopback.msn.example");
    let mut renamed = profile("echo");
    renamed.login = "somebody".into();
    assert_eq!(store.allot(&loopback(), renamed.into()).await.unwrap(), echo);
    store.close().await;

    let store = crate::bench::open(&directory, &["loopback"]).await;
    assert_eq!(store.address(&loopback(), &person("echo")).await.unwrap(), Some(echo.clone()));
    assert_eq!(store.address(&loopback(), &person("other")).await.unwrap(), None);
    assert_eq!(store.address(&network("matrix"), &person("echo")).await.unwrap(), None);
    let (target, name, topic) = (person("echo"), "echo's name".into(), String::new());
    let known = RemoteContact { network: loopback(), target, name, topic, picture: None };
    assert_eq!(store.remote(&echo).await.unwrap(), Some(known));
    assert_eq!(store.remote(&passport(CAROL)).await.unwrap(), None);
}

#[tokio::test]
async fn two_of_the_same_name_get_two_addresses() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let mut addresses = Vec::new();
    for id in ["one", "two", "three"] {
        let introduction = Introduction { login: "same".into(), ..profile(id).into() };
        addresses.push(store.allot(&loopback(), introduction).await.unwrap());
    }
    assert_eq!(addresses[0].as_str(), "same@loopback.msn.example");
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 3);
}

#[tokio::test]
async fn long_and_missing_logins_make_addresses_too() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let long = |id: &str| Introduction { login: "a".repeat(200), ..profile(id).into() };
    let first = store.allot(&loopback(), long("same")).await.unwrap();
    let other = store.allot(&loopback(), long("other")).await.unwrap();
    assert_ne!(first, other);
    let nameless = Introduction { login: String::new(), ..profile("@id:example").into() };
    assert_eq!(store.allot(&loopback(), nameless).await.unwrap().as_str(), "=40id=3aexample@loopback.msn.example");
    let empty = Introduction { login: String::new(), ..profile("").into() };
    assert_eq!(store.allot(&loopback(), empty).await, Err(StoreFault::NoAddress(loopback())));
}

#[tokio::test]
async fn rooms_and_people_of_one_id_are_not_the_same() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let person = store.allot(&loopback(), profile("lobby").into()).await.unwrap();
    let room = RemoteTarget::Room(RemoteRoom("lobby".into()));
    let introduction = Introduction { target: room, ..profile("lobby").into() };
    let room = store.allot(&loopback(), introduction).await.unwrap();
    assert_eq!((person.as_str(), room.as_str()), ("lobby@loopback.msn.example", "lobby@rooms.loopback.msn.example"));
}

#[tokio::test]
async fn a_rename_says_whether_it_is_one() {
    let bench = Bench::new().await;
    let echo = bench.store.allot(&loopback(), profile("echo").into()).await.unwrap();
    assert!(bench.store.rename_remote(&loopback(), &person("echo"), "Echo").await.unwrap());
    assert!(!bench.store.rename_remote(&loopback(), &person("echo"), "Echo").await.unwrap());
    assert!(!bench.store.rename_remote(&loopback(), &person("nobody"), "Echo").await.unwrap());
    assert_eq!(bench.store.remote(&echo).await.unwrap().unwrap().name, "Echo");

    assert_eq!(bench.store.watchers(&echo).await.unwrap(), []);
    bench.enlist(DAVE, &echo, 4).await;
    bench.enlist(CAROL, &echo, 1).await;
    assert_eq!(bench.store.watchers(&echo).await.unwrap(), [passport(CAROL), passport(DAVE)]);
}

#[tokio::test]
async fn values_are_kept_apart_and_listed_in_order() {
    let Bench { store, directory } = Bench::new().await;
    let put = |key: &str, value: &str| Write::Put(key.into(), value.into());
    let writes =
        vec![put("room/b", "2"), put("room/a", "1"), put("Room/c", "3"), put("room0", "4"), put("room/b", "5")];
    store.write(&loopback(), writes).await.unwrap();
    store.write(&network("matrix"), vec![put("room/x", "other")]).await.unwrap();
    store.write(&loopback(), vec![Write::Delete("nothing".into()), Write::Delete("Room/c".into())]).await.unwrap();
    store.close().await;

    let store = crate::bench::open(&directory, &["loopback"]).await;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(store.list(&loopback(), "room/").await.unwrap(), [pair("room/a", "1"), pair("room/b", "5")]);
    assert_eq!(store.list(&loopback(), "").await.unwrap().len(), 3);
    assert_eq!(store.get(&network("matrix"), "room/x").await.unwrap().as_deref(), Some("other"));
    assert_eq!(store.get(&loopback(), "room/x").await.unwrap(), None);
    // A prefix is no pattern.
    assert_eq!(store.list(&loopback(), "room%").await.unwrap(), []);
}
