//! Accounts.

use bridge::Action;
use bytes::Bytes;
use domain::{Timestamp, account::Change, conversation::Draft};

use crate::bench::{Bench, CAROL, DAVE, guid, loopback, open, passport, profile};

#[tokio::test]
async fn an_account_is_made_once_and_found_again() {
    let Bench { store, directory } = Bench::new().await;
    let carol = passport(CAROL);
    assert!(!store.add_account(&carol, "Another", "other hash").await.unwrap());
    assert_eq!(store.account_name(&carol).await.unwrap().as_deref(), Some("Carol"));
    assert_eq!(store.password_hash(&carol).await.unwrap().as_deref(), Some("hash"));
    assert!(store.set_password(&carol, "new hash").await.unwrap());
    assert!(!store.set_password(&passport("nobody@msn.example"), "hash").await.unwrap());
    assert_eq!(store.password_hash(&passport("nobody@msn.example")).await.unwrap(), None);
    assert_eq!(store.load(&passport("nobody@msn.example")).await.unwrap(), None);
    store.close().await;

    let store = open(&directory, &["loopback"]).await;
    assert_eq!(store.password_hash(&carol).await.unwrap().as_deref(), Some("new hash"));
    assert!(!store.renew_password(&carol, "hash", "later hash").await.unwrap(), "it was changed meanwhile");
    assert!(store.renew_password(&carol, "new hash", "later hash").await.unwrap());
    assert_eq!(store.password_hash(&carol).await.unwrap().as_deref(), Some("later hash"));
}

#[tokio::test]
async fn the_summary_counts_the_contact_list_only() {
    let bench = Bench::new().await;
    bench.enlist(CAROL, &passport(DAVE), 3).await;
    bench.enlist(CAROL, &passport("blocked@msn.example"), 4).await;
    let summaries = bench.store.accounts().await.unwrap();
    let seen: Vec<_> =
        summaries.iter().map(|each| (each.passport.as_str(), each.name.as_str(), each.contacts)).collect();
    assert_eq!(seen, [(CAROL, "Carol", 1), (DAVE, "Dave", 0)]);
    assert!(summaries.iter().all(|each| each.created.0 > 1_600_000_000_000));
    for summary in summaries {
        assert_eq!(bench.store.account_summary(&summary.passport).await.unwrap(), Some(summary));
    }
    assert_eq!(bench.store.account_summary(&passport("nobody@msn.example")).await.unwrap(), None);
}

#[tokio::test]
async fn removing_an_account_takes_its_data_and_its_reverse_entries() {
    let bench = Bench::new().await;
    let (carol, dave) = (passport(CAROL), passport(DAVE));
    bench.enlist(CAROL, &dave, 3).await;
    bench.enlist(DAVE, &carol, 3).await;
    let mirror = |of: &str| Change::Mirror { of: passport(of), listed: true, guid: guid(9), most: 1000 };
    bench.store.change(&carol, vec![mirror(DAVE)]).await.unwrap();
    bench.store.change(&dave, vec![mirror(CAROL)]).await.unwrap();
    let echo = bench.store.allot(&loopback(), profile("echo").into()).await.unwrap();
    bench.store.order(&carol, &echo, Action::Befriend).await.unwrap();
    let draft = Draft {
        id: bench.store.next_message(),
        author: dave.clone(),
        sent: Timestamp(5),
        payload: Bytes::from_static(b"hello"),
        content: None,
        enclosed: None,
        accounts: vec![carol.clone()],
        remotes: Vec::new(),
        gathers: Vec::new(),
    };
    bench.store.keep(draft).await.unwrap();
    let before = bench.list_changed(DAVE).await;

    assert!(bench.store.remove_account(&carol, Timestamp(7)).await.unwrap());
    assert!(!bench.store.remove_account(&carol, Timestamp(7)).await.unwrap());
    assert_eq!(bench.store.load(&carol).await.unwrap(), None);
    assert_eq!(bench.store.lanes().await.unwrap(), []);
    assert_eq!(bench.store.waiting(&carol, None, 9).await.unwrap(), []);
    assert_eq!(bench.lists(DAVE, &carol).await, Some(3), "the forward entry stays, the reverse one goes");
    assert!(bench.list_changed(DAVE).await > before);

    assert!(bench.store.add_account(&carol, "Carol again", "hash").await.unwrap());
    assert_eq!(bench.lists(CAROL, &dave).await, Some(8), "whoever kept the address is somebody who added it");
}
