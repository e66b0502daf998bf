//! What is costly to get, and wanted by several at once: it is got once for all of them, and remembered for a while.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bridge::Failure;
use tokio::{sync::Mutex as Turn, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is on its way or has come, by what it was asked for with.
pub(crate) struct Flights<K, V> {
    board: Mutex<Board<K, V>>,
    /// How many are remembered.
    most: usize,
    /// For how long.
    lifetime: Duration,
}

struct Board<K, V> {
    flights: HashMap<K, (Instant, Arc<Flight<V>>)>,
    /// The oldest first. What was asked for anew stands here twice, the first time in vain.
    order: VecDeque<(Instant, K)>,
}

/// One of them.
struct Flight<V> {
    /// Held by whoever gets it, so that it is got once at a time.
    turn: Arc<Turn<()>>,
    arrived: OnceLock<V>,
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    /// Remembers up to `most` for `lifetime`.
    pub(crate) fn new(most: usize, lifetime: Duration) -> Self {
        let board = Board { flights: HashMap::new(), order: VecDeque::new() };
        Self { board: Mutex::new(board), most, lifetime }
    }

    /// What `key` stands for: as it is remembered, or is being got for somebody else, or as `get` gets it now, which is not
    /// begun otherwise. A failure is told to whoever got it; the next tries anew.
    pub(crate) async fn get<E>(&self, key: &K, get: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let flight = self.flight(key, Instant::now());
        let _turn = flight.turn.lock().await;
        match flight.arrived.get() {
            Some(known) => Ok(known.clone()),
            None => flight.carry(get).await,
        }
    }

    /// The same, but once begun it goes on though nobody waits for it any more: whoever asks again later finds it. It is one of
    /// `tasks`, and ends when `stopping` says so.
    pub(crate) async fn get_anyway(
        &self,
        key: &K,
        (tasks, stopping): (&TaskTracker, &CancellationToken),
        get: impl Future<Output = Result<V, Failure>> + Send + 'static,
    ) -> Result<V, Failure>
    where
        V: Send + Sync + 'static,
    {
        let flight = self.flight(key, Instant::now());
        // Whoever does not wait any more is not in the queue either: no more than one is ever under way.
        let turn = Arc::clone(&flight.turn).lock_owned().await;
        if let Some(known) = flight.arrived.get() {
            return Ok(known.clone());
        }
        let stopping = stopping.clone();
        let task = tasks.spawn(async move {
            let outcome = stopping.run_until_cancelled(flight.carry(get)).await;
            drop(turn);
            outcome.unwrap_or_else(|| Err(Failure::retry("the server is stopping")))
        });
        task.await.unwrap_or_else(|fault| Err(Failure::retry(format!("it broke off: {fault}"))))
    }

    /// Remembers what was got on an earlier run.
    pub(crate) fn put(&self, key: &K, value: V) {
        // What arrived meanwhile is the same.
        let _ = self.flight(key, Instant::now()).arrived.set(value);
    }

    fn flight(&self, key: &K, now: Instant) -> Arc<Flight<V>> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let board = &mut *board;
        while let Some((began, old)) = board.order.front() {
            if *began + self.lifetime > now && board.order.len() <= self.most {
                break;
            }
            if board.flights.get(old).is_some_and(|(at, _)| at == began) {
                board.flights.remove(old);
            }
            board.order.pop_front();
        }
        if let Some((_, flight)) = board.flights.get(key) {
            return Arc::clone(flight);
        }
        let flight = Arc::new(Flight { turn: Arc::default(), arrived: OnceLock::new() });
        board.flights.insert(key.clone(), (now, Arc::clone(&flight)));
        board.order.push_back((now, key.clone()));
        flight
    }
}

impl<V: Clone> Flight<V> {
    /// Gets it. Only whoever has the turn may do so.
    async fn carry<E>(&self, get: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let got = get.await?;
        // Nobody else had the turn.
        let _ = self.arrived.set(got.clone());
        Ok(got)
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

    #[tokio::test]
    async fn it_goes_on_though_whoever_wanted_it_does_not_wait() {
        let flights: Flights<u8, u32> = Flights::new(8, Duration::from_mins(1));
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        let (arrive, arrival) = tokio::sync::oneshot::channel();
        let get = async move { arrival.await.map_err(|_gone| Failure::retry("it was given up")) };
        let wait = flights.get_anyway(&1, (&tasks, &stopping), get);
        assert!(futures_util::future::poll_immediate(Box::pin(wait)).await.is_none());
        tokio::task::yield_now().await;
        arrive.send(7).expect("it is still under way");
        assert_eq!(flights.get(&1, async { Err("it was begun anew") }).await, Ok(7));

        let never = flights.get_anyway(&2, (&tasks, &stopping), std::future::pending());
        let stop = async { stopping.cancel() };
        assert!(tokio::join!(never, stop).0.is_err_and(|failure| failure.is_passing()), "it ends with everything");
    }

    #[test]
    fn only_so_many_are_remembered_and_only_so_long() {
        let flights: Flights<u8, u32> = Flights::new(2, Duration::from_mins(1));
        let now = Instant::now();
        for key in 0..5 {
            flights.flight(&key, now).arrived.set(u32::from(key)).unwrap();
        }
        assert!(flights.board.lock().unwrap().flights.len() <= 3);
        assert_eq!(flights.flight(&4, now).arrived.get(), Some(&4));
        assert_eq!(flights.flight(&0, now).arrived.get(), None, "the oldest went first");
        assert_eq!(flights.flight(&4, now + Duration::from_mins(2)).arrived.get(), None, "too old");
    }
}
