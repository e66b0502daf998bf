//! How many messages a second are kept and delivered, on a database in a file, with every answer durable.
//!
//! `pair`: each caller keeps a message, waits until it is durable, and then notes that it was delivered. `early`: each caller
//! delivers its message right after it was handed in, and waits for both: the way of a message to somebody who is there.

#![allow(missing_docs, clippy::unwrap_used)]

// The name under which the workspace uses the crate.
extern crate chrysalis_store as store;

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::{Passport, Realm, Timestamp, conversation::Draft};
use futures_util::future::join_all;
use store::Store;
use tokio::runtime::Runtime;

/// How many talk at once.
const CALLERS: [usize; 3] = [1, 100, 1000];

fn passport(kind: &str, number: usize) -> Passport {
    format!("{kind}{number}@msn.example").parse().unwrap()
}

async fn open(directory: &Path) -> Store {
    let realm = Realm::new("msn.example", Vec::new());
    let store = Store::open("sqlite://chrysalis.db", directory, realm, HashMap::new()).await.unwrap();
    let accounts = (0..CALLERS[2]).flat_map(|number| [passport("author", number), passport("reader", number)]);
    let adding = accounts.map(|account| {
        let store = store.clone();
        async move { store.add_account(&account, "Somebody with a name", "hash").await.unwrap() }
    });
    join_all(adding).await;
    store
}

fn draft(store: &Store, number: usize) -> Draft {
    Draft {
        id: store.next_message(),
        author: passport("author", number),
        sent: Timestamp(1),
        payload: Bytes::from_static(&[b'x'; 200]),
        content: None,
        enclosed: None,
        accounts: vec![passport("reader", number)],
        remotes: Vec::new(),
    }
}

async fn pair(store: Store, number: usize, rounds: u64) {
    let reader = passport("reader", number);
    for _ in 0..rounds {
        let kept = store.keep(draft(&store, number)).await.unwrap();
        store.delivered(&reader, &[kept.id]).await.unwrap();
    }
}

async fn early(store: Store, number: usize, rounds: u64) {
    let reader = passport("reader", number);
    for _ in 0..rounds {
        let draft = draft(&store, number);
        let messages = [draft.id];
        let (kept, delivered) = tokio::join!(store.keep(draft), store.delivered(&reader, &messages));
        kept.unwrap();
        delivered.unwrap();
    }
}

async fn all<Talk: Future<Output = ()> + Send + 'static>(
    store: &Store,
    callers: usize,
    rounds: u64,
    talk: impl Fn(Store, usize, u64) -> Talk,
) -> Duration {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers).map(|number| tokio::spawn(talk(store.clone(), number, rounds))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    begun.elapsed()
}

fn keeping(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = runtime.block_on(open(directory.path()));
    let mut group = criterion.benchmark_group("keep");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for callers in CALLERS {
        group.throughput(Throughput::Elements(callers as u64));
        group.bench_function(format!("pair/{callers}"), |bencher| {
            bencher.iter_custom(|rounds| runtime.block_on(all(&store, callers, rounds, pair)));
        });
        group.bench_function(format!("early/{callers}"), |bencher| {
            bencher.iter_custom(|rounds| runtime.block_on(all(&store, callers, rounds, early)));
        });
    }
    group.finish();
    runtime.block_on(store.close());
}

criterion_group!(benches, keeping);
criterion_main!(benches);
