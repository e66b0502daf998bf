//! The one task that writes, and its groups.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::AnyConnection;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::unconstrained,
    time::sleep,
};

use crate::{
    StoreFault,
    group::{Group, Job, Ran, Reply},
    hold::Hold,
    keeping::{Delivery, Kept, Letter},
    numbers::Reservation,
};

/// How much may wait for the writer; whoever comes then waits for a place. Together they are at most some 30 MB.
const WAITING: usize = 16_384;
/// How much is committed together at most.
const LONGEST_GROUP: usize = 2048;

/// How long a group is gathered while many write. A commit costs about as much whatever is in it.
const GATHERING: Duration = Duration::from_millis(2);
/// With so much waiting nothing is gained by gathering more.
const ENOUGH: usize = 256;
/// For how many groups it is remembered that somebody else came while one was committed. Whoever writes alone, and comes again
/// once answered, never waits.
const MEMORY: u32 = 16;

/// What a job is doing on the connection.
pub(crate) type Work<'c, Out> = BoxFuture<'c, Result<Out, StoreFault>>;

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Writer {
    errands: mpsc::Sender<Errand>,
    ended: watch::Receiver<()>,
}

enum Errand {
    Run(Box<dyn Job>),
    Keep(Box<Letter>, Reply<Kept>),
    Delivered(Delivery, Reply<()>),
    Close,
}

struct Waiting<Task, Out> {
    task: Option<Task>,
    outcome: Result<Out, StoreFault>,
    reply: Reply<Out>,
}

impl<Task, Out> Job for Waiting<Task, Out>
where
    Task: for<'c> FnOnce(&'c mut AnyConnection) -> Work<'c, Out> + Clone + Send,
    Out: Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut AnyConnection, may_run_again: bool) -> BoxFuture<'c, Ran> {
        let task = if may_run_again { self.task.clone() } else { self.task.take() };
        Box::pin(async move {
            if let Some(task) = task {
                self.outcome = task(connection).await;
            }
            match &self.outcome {
                Ok(_) => Ran::Done,
                Err(fault) if fault.is_loss() => Ran::Lost(fault.clone()),
                Err(_) => Ran::Failed,
            }
        })
    }

    fn answer(self: Box<Self>, group: &Result<(), StoreFault>) {
        let outcome = group.clone().and(self.outcome);
        // Whoever has gone away did not want to know.
        let _ = self.reply.send(outcome);
    }
}

impl Writer {
    /// Starts the task over the connection.
    pub(crate) fn start(hold: Hold, reservation: Reservation) -> Self {
        let (errands, waiting) = mpsc::channel(WAITING);
        let (alive, ended) = watch::channel(());
        tokio::spawn(async move {
            write(hold, reservation, waiting).await;
            drop(alive);
        });
        Self { errands, ended }
    }

    /// Runs `task` within a transaction and returns when that is committed. When `task` fails, nothing of it is kept, and
    /// others are not touched by it. Where the connection is lost before that, it is run once more: nothing but the transaction may
    /// know that it was run before.
    pub(crate) async fn run<Out, Task>(&self, task: Task) -> Result<Out, StoreFault>
    where
        Task: for<'c> FnOnce(&'c mut AnyConnection) -> Work<'c, Out> + Clone + Send + 'static,
        Out: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Waiting { task: Some(task), outcome: Err(StoreFault::Closed), reply };
        self.hand_in(Errand::Run(Box::new(job))).await?;
        answer.await.map_err(|_| StoreFault::Closed)?
    }

    /// Keeps a message, together with others; as [`Writer::run`].
    pub(crate) async fn keep(&self, letter: Letter) -> Result<Kept, StoreFault> {
        let (reply, answer) = oneshot::channel();
        self.hand_in(Errand::Keep(Box::new(letter), reply)).await?;
        answer.await.map_err(|_| StoreFault::Closed)?
    }

    /// Takes away what was delivered, together with others; as [`Writer::run`].
    pub(crate) async fn delivered(&self, delivery: Delivery) -> Result<(), StoreFault> {
        let (reply, answer) = oneshot::channel();
        self.hand_in(Errand::Delivered(delivery, reply)).await?;
        answer.await.map_err(|_| StoreFault::Closed)?
    }

    /// Takes a place in the queue at the first poll, unless it is full. The runtime's own fairness would now and then put that
    /// off, and what is handed in later would come before.
    async fn hand_in(&self, errand: Errand) -> Result<(), StoreFault> {
        unconstrained(self.errands.send(errand)).await.map_err(|_| StoreFault::Closed)
    }

    /// Whether as much waits as may: whoever hands in something now waits for a place first.
    pub(crate) fn is_crowded(&self) -> bool {
        self.errands.capacity() == 0
    }

    /// Ends the task after everything that was handed in before, and returns when the connection is closed.
    pub(crate) async fn close(&self) {
        // An error here says that it has ended already.
        let _ = self.errands.send(Errand::Close).await;
        self.ended().await;
    }

    /// Returns when the task has ended, told to or not.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

async fn write(mut hold: Hold, mut reservation: Reservation, mut waiting: mpsc::Receiver<Errand>) {
    let mut crowded: u32 = 0;
    while let Some(first) = waiting.recv().await {
        if crowded > 0 && waiting.len() < ENOUGH {
            sleep(GATHERING).await;
        }
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(errand) = next {
            match errand {
                Errand::Run(job) => group.push_job(job),
                Errand::Keep(letter, reply) => group.push_letter(*letter, reply),
                Errand::Delivered(delivery, reply) => group.push_delivery(delivery, reply),
                Errand::Close => waiting.close(),
            }
            next = if group.size() < LONGEST_GROUP { waiting.try_recv().ok() } else { None };
        }
        let (jobs, begun) = (group.size(), Instant::now());
        let goes_on = hold.commit(group, &mut reservation).await;
        metrics::histogram!("chrysalis_store_commit_seconds").record(begun.elapsed().as_secs_f64());
        metrics::histogram!("chrysalis_store_commit_jobs").record(jobs as f64);
        metrics::gauge!("chrysalis_store_queue").set(waiting.len() as f64);
        if !goes_on {
            tracing::error!("the database is gone: nothing is written any more");
            return;
        }
        crowded = if waiting.is_empty() { crowded.saturating_sub(1) } else { MEMORY };
    }
    hold.close().await;
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::join_all;
    use sqlx::Connection;

    use super::*;
    use crate::{
        group::execute,
        open,
        readers::Readers,
        trial::{self, Trial},
    };

    struct Bench {
        writer: Writer,
        readers: Readers,
        trial: Trial,
    }

    /// A writer over a table of numbers.
    async fn bench() -> Bench {
        let (mut hold, readers, trial) = trial::open().await;
        let (reservation, _) = Reservation::open(hold.connection().unwrap()).await.unwrap();
        let writer = Writer::start(hold, reservation);
        run(&writer, "CREATE TABLE number (value BIGINT NOT NULL UNIQUE, parent BIGINT REFERENCES number (value) DEFERRABLE INITIALLY DEFERRED)").await.unwrap();
        Bench { writer, readers, trial }
    }

    async fn run(writer: &Writer, statement: &'static str) -> Result<(), StoreFault> {
        writer.run(move |connection| Box::pin(execute(connection, statement))).await
    }

    async fn insert(writer: &Writer, value: i64, parent: Option<i64>, then_fail: bool) -> Result<(), StoreFault> {
        writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO number (value, parent) VALUES ($1, $2)")
                        .bind(value)
                        .bind(parent)
                        .execute(&mut *connection)
                        .await?;
                    if then_fail { Err(StoreFault::Query("on purpose".to_owned())) } else { Ok(()) }
                })
            })
            .await
    }

    async fn numbers(bench: &Bench) -> Vec<i64> {
        sqlx::query_scalar("SELECT value FROM number ORDER BY value").fetch_all(&bench.readers).await.unwrap()
    }

    /// Holds the writer in a job until the returned sender is used, so that what is handed in meanwhile forms one group.
    async fn hold(writer: &Writer) -> oneshot::Sender<()> {
        let (release, released) = oneshot::channel();
        let (begun, beginning) = oneshot::channel();
        let writer = writer.clone();
        // It runs once, though it could be run again.
        let once = Arc::new(Mutex::new(Some((begun, released))));
        tokio::spawn(async move {
            writer
                .run(move |_| {
                    Box::pin(async move {
                        let (begun, released) = once.lock().unwrap().take().unwrap();
                        begun.send(()).unwrap();
                        released.await.map_err(|_| StoreFault::Closed)
                    })
                })
                .await
        });
        beginning.await.unwrap();
        release
    }

    /// Hands in the jobs in order, as one group.
    async fn group(bench: &Bench, jobs: Vec<(i64, Option<i64>, bool)>) -> Vec<Result<(), StoreFault>> {
        let release = hold(&bench.writer).await;
        let waiting: Vec<_> = jobs
            .into_iter()
            .map(|(value, parent, fails)| {
                let writer = bench.writer.clone();
                tokio::spawn(async move { insert(&writer, value, parent, fails).await })
            })
            .collect();
        while bench.writer.errands.capacity() + waiting.len() > bench.writer.errands.max_capacity() {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        join_all(waiting).await.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn a_failing_job_leaves_the_others_of_its_group_intact() {
        let bench = bench().await;
        let outcomes = group(&bench, vec![(1, None, false), (2, None, true), (3, None, false), (3, None, false)]).await;
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
        assert_eq!(outcomes[1], Err(StoreFault::Query("on purpose".to_owned())));
        assert_eq!(numbers(&bench).await, [1, 3]);
    }

    #[tokio::test]
    async fn a_failing_commit_answers_every_job_and_keeps_none() {
        let bench = bench().await;
        // The missing parent is only noticed at the commit.
        let outcomes = group(&bench, vec![(1, None, false), (2, Some(99), false), (3, None, false)]).await;
        assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
        assert_eq!(numbers(&bench).await, [0; 0]);
        insert(&bench.writer, 4, None, false).await.unwrap();
        assert_eq!(numbers(&bench).await, [4], "the writer works on");
    }

    #[tokio::test]
    async fn what_the_database_rolled_back_by_itself_is_answered_as_lost() {
        let bench = bench().await;
        let release = hold(&bench.writer).await;
        let (first, broken, last) =
            tokio::join!(insert(&bench.writer, 1, None, false), run(&bench.writer, "ROLLBACK"), async {
                release.send(()).unwrap();
                insert(&bench.writer, 2, None, false).await
            },);
        assert!(first.is_err() && broken.is_err() && last.is_err(), "{first:?} {broken:?} {last:?}");
        assert_eq!(numbers(&bench).await, [0; 0]);
        insert(&bench.writer, 3, None, false).await.unwrap();
        assert_eq!(numbers(&bench).await, [3], "the writer works on");
    }

    #[tokio::test]
    async fn another_process_that_holds_the_file_is_told_apart() {
        let directory = tempfile::TempDir::new().unwrap();
        let mut opened = open::open("sqlite://a.db", directory.path()).await.unwrap();
        let connection = opened.writer.connection().unwrap();
        execute(connection, "PRAGMA busy_timeout = 0").await.unwrap();
        let (reservation, _) = Reservation::open(connection).await.unwrap();
        let writer = Writer::start(opened.writer, reservation);
        let url = format!("sqlite://{}", directory.path().join("a.db").display());
        let mut other = AnyConnection::connect(&url).await.unwrap();
        let update = "UPDATE message_number SET reserved = reserved";
        execute(&mut other, "BEGIN IMMEDIATE").await.unwrap();
        assert_eq!(run(&writer, update).await, Err(StoreFault::Busy));
        execute(&mut other, "ROLLBACK").await.unwrap();
        run(&writer, update).await.unwrap();
    }

    #[tokio::test]
    async fn closing_drains_what_was_handed_in() {
        let bench = bench().await;
        let release = hold(&bench.writer).await;
        let ((), first, second) =
            tokio::join!(async { release.send(()).unwrap() }, insert(&bench.writer, 1, None, false), async {
                bench.writer.close().await;
                insert(&bench.writer, 2, None, false).await
            });
        assert_eq!((first, second), (Ok(()), Err(StoreFault::Closed)));
        assert_eq!(numbers(&bench).await, [1]);
    }

    #[tokio::test]
    async fn places_are_taken_at_the_first_poll() {
        let bench = bench().await;
        let release = hold(&bench.writer).await;
        let (done, mut order) = mpsc::unbounded_channel();
        // All in one go, so that the runtime would like others to have a turn.
        let mut waiting: Vec<_> = (0..1000)
            .map(|number| {
                let done = done.clone();
                Box::pin(
                    bench
                        .writer
                        .run(move |_| Box::pin(async move { done.send(number).map_err(|_| StoreFault::Closed) })),
                )
            })
            .collect();
        for job in &mut waiting {
            assert!(futures_util::poll!(job).is_pending());
        }
        release.send(()).unwrap();
        // Later ones first: what counts is the first poll.
        for job in waiting.into_iter().rev() {
            job.await.unwrap();
        }
        drop(done);
        for number in 0..1000 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn a_fault_that_ends_the_writer_is_told() {
        let bench = bench().await;
        let broken = bench.writer.run::<(), _>(|_| Box::pin(async { panic!("on purpose") })).await;
        assert_eq!(broken, Err(StoreFault::Closed));
        bench.writer.ended().await;
        assert_eq!(
            insert(&bench.writer, 1, None, false).await,
            Err(StoreFault::Closed),
            "nothing is promised any more"
        );
    }

    #[tokio::test]
    async fn dropping_the_last_way_to_the_writer_ends_it() {
        let Bench { writer, readers, trial: _trial } = bench().await;
        let mut ended = writer.ended.clone();
        let other = writer.clone();
        drop(writer);
        insert(&other, 1, None, false).await.unwrap();
        drop(other);
        assert!(ended.changed().await.is_err(), "the task has ended");
        drop(readers);
    }
}
