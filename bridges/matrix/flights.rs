//! What is costly to get, and wanted by several at once: it is got once for all of them, and remembered for a while.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::OnceCell, time::Instant};

/// What is on its way or has come, by what it was asked for with.
pub(crate) struct Flights<K, V> {
    board: Mutex<Board<K, V>>,
    /// How many are remembered.
    most: usize,
    /// For how long.
    lifetime: Duration,
}

struct Board<K, V> {
    cells: HashMap<K, (Instant, Arc<OnceCell<V>>)>,
    /// The oldest first. What was asked for anew stands here twice, the first time in vain.
    order: VecDeque<(Instant, K)>,
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    /// Remembers up to `most` for `lifetime`.
    pub(crate) fn new(most: usize, lifetime: Duration) -> Self {
        let board = Board { cells: HashMap::new(), order: VecDeque::new() };
        Self { board: Mutex::new(board), most, lifetime }
    }

    /// What `key` stands for: as it is remembered, or is being got for somebody else, or as `get` gets it now, which is not begun otherwise. A failure is told
    /// to whoever got it; the next tries anew.
    pub(crate) async fn get<E>(&self, key: &K, get: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let cell = self.cell(key, Instant::now());
        cell.get_or_try_init(|| get).await.cloned()
    }

    /// Remembers what was got on an earlier run.
    pub(crate) fn put(&self, key: &K, value: V) {
        // A cell that was filled meanwhile holds the same.
        let _ = self.cell(key, Instant::now()).set(value);
    }

    fn cell(&self, key: &K, now: Instant) -> Arc<OnceCell<V>> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let board = &mut *board;
        while let Some((began, old)) = board.order.front() {
            if *began + self.lifetime > now && board.order.len() <= self.most {
                break;
            }
            if board.cells.get(old).is_some_and(|(at, _)| at == began) {
                board.cells.remove(old);
            }
            board.order.pop_front();
        }
        if let Some((_, cell)) = board.cells.get(key) {
            return Arc::clone(cell);
        }
        let cell = Arc::new(OnceCell::new());
        board.cells.insert(key.clone(), (now, Arc::clone(&cell)));
        board.order.push_back((now, key.clone()));
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn ten_who_want_the_same_at_once_get_it_once() {
        let flights: Flights<u8, u32> = Flights::new(8, Duration::from_mins(1));
        let times = AtomicU32::new(0);
        let want = || {
            flights.get(&1, async {
                tokio::task::yield_now().await;
                Ok::<_, ()>(times.fetch_add(1, Ordering::SeqCst))
            })
        };
        let all = futures_util::future::join_all((0..10).map(|_| want())).await;
        assert_eq!(all, vec![Ok(0); 10]);
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let flights: Flights<u8, u32> = Flights::new(8, Duration::from_mins(1));
        assert_eq!(flights.get(&1, async { Err("no") }).await, Err("no"));
        assert_eq!(flights.get(&1, async { Ok::<_, ()>(7) }).await, Ok(7));
        assert_eq!(flights.get(&1, async { Err("no") }).await, Ok(7));
    }

    #[test]
    fn only_so_many_are_remembered_and_only_so_long() {
        let flights: Flights<u8, u32> = Flights::new(2, Duration::from_mins(1));
        let now = Instant::now();
        for key in 0..5 {
            flights.cell(&key, now).set(u32::from(key)).unwrap();
        }
        assert!(flights.board.lock().unwrap().cells.len() <= 3);
        assert_eq!(flights.cell(&4, now).get(), Some(&4));
        assert_eq!(flights.cell(&0, now).get(), None, "the oldest went first");
        assert_eq!(flights.cell(&4, now + Duration::from_mins(2)).get(), None, "too old");
    }
}
