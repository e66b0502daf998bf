//! What the bridges keep of secrets.

use bridge::{Arrival, Batch, Write};
use domain::Timestamp;
use store::StoreFault;

use crate::bench::{Bench, CAROL, loopback, network, open, passport, profile};

const SECRET: &str = "Op3nSesame";

fn seal(key: &str) -> Write {
    Write::Seal(key.into(), SECRET.into())
}

#[tokio::test]
async fn a_secret_is_read_again_and_stands_in_no_file() {
    let Bench { store, directory } = Bench::new().await;
    let key = directory.path().join("secrets.key");
    let store = store.sealing_with(key.clone());
    let writes = vec![seal("token"), Write::Put("name".into(), "in the open".into())];
    store.write(&loopback(), writes).await.unwrap();
    // As a cursor does, a secret comes in with what arrives.
    let arrivals = vec![Arrival::Friend { owner: passport(CAROL), who: profile("echo"), group: None }];
    store.accept(&loopback(), Batch { arrivals, writes: vec![seal("other")] }).await.unwrap();
    for name in ["token", "other"] {
        assert_eq!(store.secret(&loopback(), name).await.unwrap().as_deref(), Some(SECRET));
        assert_eq!(store.get(&loopback(), name).await.unwrap(), None, "secrets are no values");
    }
    assert_eq!(store.secret(&network("matrix"), "token").await.unwrap(), None);
    assert_eq!(store.list(&loopback(), "").await.unwrap().len(), 1);
    let table = |name: &'static str| {
        let directory = &directory;
        async move {
            let rows: Vec<(String, String, Vec<u8>)> =
                sqlx::query_as(name).fetch_all(&mut directory.connect().await).await.unwrap();
            rows
        }
    };
    let sealed = table("SELECT network, key, sealed FROM bridge_secret").await;
    let is_in = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(sealed.len() == 2 && !sealed.iter().any(|(.., sealed)| is_in(sealed)), "{sealed:?}");
    store.close().await;
    // A server has files of its own.
    for file in std::fs::read_dir(directory.path().join("data")).into_iter().flatten() {
        assert!(!is_in(&std::fs::read(file.unwrap().path()).unwrap()));
    }

    let store = open(&directory, &["loopback"]).await.sealing_with(key);
    assert_eq!(store.secret(&loopback(), "token").await.unwrap().as_deref(), Some(SECRET));
    store.write(&loopback(), vec![Write::Delete("token".into())]).await.unwrap();
    assert_eq!(store.secret(&loopback(), "token").await.unwrap(), None);
    assert_eq!(store.secret(&loopback(), "other").await.unwrap().as_deref(), Some(SECRET));
}

#[tokio::test]
async fn without_a_place_for_the_key_nothing_of_the_batch_is_kept() {
    let Bench { store, directory: _directory } = Bench::new().await;
    let writes = vec![Write::Put("name".into(), "in the open".into()), seal("token")];
    let refused = store.write(&loopback(), writes).await.unwrap_err();
    assert!(matches!(refused, StoreFault::Secret { .. }) && !refused.to_string().contains(SECRET), "{refused}");
    assert_eq!(store.list(&loopback(), "").await.unwrap(), []);
}

#[tokio::test]
async fn every_network_that_keeps_anything_has_to_forget_who_was_removed() {
    let Bench { store, directory } = Bench::new().await;
    let store = store.sealing_with(directory.path().join("secrets.key"));
    let (on, off, empty) = (loopback(), network("matrix"), network("empty"));
    store.write(&on, vec![Write::Put("name".into(), "in the open".into()), seal("token")]).await.unwrap();
    store.write(&off, vec![seal("token")]).await.unwrap();
    let carol = passport(CAROL);
    assert!(store.remove_account(&carol, Timestamp(1)).await.unwrap());
    assert!(!store.remove_account(&carol, Timestamp(1)).await.unwrap());
    store.forgotten(&on, &carol).await.unwrap();
    for (network, removed) in [(on, vec![]), (off, vec![carol]), (empty, vec![])] {
        assert_eq!(store.removed(&network).await.unwrap(), removed, "{network}");
    }
}
