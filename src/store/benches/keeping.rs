//! How many messages a second are kept and delivered, with every answer durable.
//!
//! `pair`: each caller keeps a message, waits until it is durable, and then notes that it was delivered. `early`: each caller
//! delivers its message right after it was handed in, and waits for both: the way of a message to somebody who is there.
//!
//! `accept`: each caller brings a message of a network, reads what waits, and notes that it was delivered; from one person, or in a
//! room of a hundred.
//!
//! `CHRYSALIS_TEST_DATABASE=postgres` measures a server: `CHRYSALIS_TEST_FSYNC=on scripts/postgres with cargo bench -p chrysalis-store`.

#![allow(missing_docs, clippy::unwrap_used)]

// The name under which the workspace uses the crate.
extern crate chrysalis_store as store;

use std::{
    collections::HashMap,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use bridge::{Arrival, Batch, RemoteProfile};
use bytes::Bytes;
use chrysalis_test_postgres::Database;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::{
    Content, NetworkBit, NetworkName, Passport, Realm, RemoteMessage, RemoteRoom, RemoteUser, Timestamp,
    contact::RemoteTarget, conversation::Draft,
};
use futures_util::future::join_all;
use store::Store;
use tokio::runtime::Runtime;

/// How many talk at once.
const CALLERS: [usize; 3] = [1, 100, 1000];

fn passport(kind: &str, number: usize) -> Passport {
    format!("{kind}{number}@msn.example").parse().unwrap()
}

fn network() -> NetworkName {
    "loopback".parse().unwrap()
}

async fn open(directory: &Path, url: &str) -> Store {
    let realm = Realm::new("msn.example", vec![network()]);
    let bits = HashMap::from([(network(), NetworkBit::try_from(256).unwrap())]);
    let store = Store::open(url, directory, realm, bits).await.unwrap();
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
        gathers: Vec::new(),
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

/// A message for the reader of this number, in a room or alone.
fn arrival(number: usize, round: u64, in_room: bool) -> Arrival {
    static MESSAGES: AtomicU64 = AtomicU64::new(0);
    let author = if in_room { format!("speaker{}", round % 100) } else { format!("friend{number}") };
    let user = RemoteUser(author.clone());
    Arrival::Message {
        owner: passport("reader", number),
        place: if in_room {
            RemoteTarget::Room(RemoteRoom("lobby".into()))
        } else {
            RemoteTarget::Person(user.clone())
        },
        author: RemoteProfile { user, name: "Somebody with a name".into(), login: author, server: None, account: None },
        id: RemoteMessage(format!("$message{}", MESSAGES.fetch_add(1, Ordering::Relaxed))),
        sent: Timestamp(1),
        content: Content::text("x".repeat(200)),
        reply: None,
        addressed: true,
    }
}

async fn accept(store: Store, number: usize, rounds: u64, in_room: bool) {
    let reader = passport("reader", number);
    for round in 0..rounds {
        let batch = Batch { arrivals: vec![arrival(number, round, in_room)], writes: Vec::new() };
        store.accept(&network(), batch).await.unwrap();
        let waiting = store.waiting(&reader, None, 9).await.unwrap();
        let messages: Vec<_> = waiting.iter().map(|waiting| waiting.id).collect();
        store.delivered(&reader, &messages).await.unwrap();
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
    let database = chrysalis_test_postgres::is_chosen().then(Database::new_blocking);
    let url = database.as_ref().map_or_else(|| "sqlite://chrysalis.db".to_owned(), Database::url);
    let store = runtime.block_on(open(directory.path(), &url));
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
    let mut group = criterion.benchmark_group("accept");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for callers in [1, 100] {
        group.throughput(Throughput::Elements(callers as u64));
        for (name, in_room) in [("person", false), ("room", true)] {
            let talk = move |store, number, rounds| accept(store, number, rounds, in_room);
            group.bench_function(format!("{name}/{callers}"), |bencher| {
                bencher.iter_custom(|rounds| runtime.block_on(all(&store, callers, rounds, talk)));
            });
        }
    }
    group.finish();
    runtime.block_on(store.close());
}

criterion_group!(benches, keeping);
criterion_main!(benches);
