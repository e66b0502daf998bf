//! Networks that come and go while a store is open.

use std::collections::HashMap;

use bridge::{Arrival, Batch};
use domain::{Contact, NetworkName, Realm};

use crate::bench::{Bench, CAROL, loopback, network, passport, profile};

#[tokio::test]
async fn networks_come_and_go_while_the_store_is_open() {
    let bench = Bench::new().await;
    let (carol, second) = (passport(CAROL), network("second"));
    let echo = bench.store.allot(&loopback(), profile("echo").into()).await.unwrap();
    bench.enlist(CAROL, &echo, 3).await;
    let have = async |names: &[&str]| {
        let each = || names.iter().map(|name| network(name));
        let bits = each().zip([512, 1024]).map(|(name, bit)| (name, bit.try_into().unwrap())).collect();
        bench.store.have_networks(Realm::new("msn.example", each().collect()), bits).await.unwrap();
        bench.store.clone().load(&carol).await.unwrap().unwrap().contacts
    };
    assert_eq!(have(&["second"]).await, [], "every clone knows");
    bench.store.order(&carol, &echo, bridge::Action::Befriend).await.unwrap();
    assert_eq!(bench.store.lanes().await.unwrap(), [], "it waits");
    // What a network brings is shown by what is on when it is written.
    let friend = || Arrival::Friend { owner: carol.clone(), who: profile("ann"), group: None };
    let accept = async |network: &NetworkName| {
        let batch = Batch { arrivals: vec![friend()], writes: Vec::new() };
        bench.store.accept(network, batch).await.unwrap().befriended.len()
    };
    assert_eq!((accept(&loopback()).await, accept(&second).await), (0, 1));
    let all = have(&["loopback", "second"]).await;
    let mut bits: Vec<u32> = all.iter().map(Contact::bits).collect();
    bits.sort_unstable();
    assert_eq!(bits, [512, 512, 1024], "{all:?}");
    assert_eq!(bench.store.lanes().await.unwrap().len(), 1);
    assert_eq!(have(&[]).await, []);
}

#[tokio::test]
async fn a_change_of_networks_that_cannot_be_written_is_none() {
    let bench = Bench::new().await;
    let echo = bench.store.allot(&loopback(), profile("echo").into()).await.unwrap();
    bench.enlist(CAROL, &echo, 3).await;
    bench.meddle("ALTER TABLE merged RENAME TO elsewhere".to_owned()).await;
    let refused = bench.store.have_networks(Realm::new("msn.example", Vec::new()), HashMap::new()).await;
    assert!(refused.is_err());
    bench.meddle("ALTER TABLE elsewhere RENAME TO merged".to_owned()).await;
    assert_eq!(bench.lists(CAROL, &echo).await, Some(3));
}
