//! What is committed together.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Row};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    StoreFault,
    dialect::Dialect,
    keeping::{self, Delivery, Kept, Letter, Outcomes},
    numbers::Reservation,
};

/// Takes the lock at once: a transaction that only finds out later that it wants to write fails when another process came
/// between.
const BEGIN_IN_FILE: &str = "BEGIN IMMEDIATE";
/// Begins, and says by what number the server knows the transaction. Nobody else writes.
const BEGIN_ON_SERVER: &str = "BEGIN; SELECT pg_current_xact_id()::TEXT";

/// How long a step of a group may take on a server, whose silence says nothing: it may be gone.
pub(crate) const LONGEST_STEP: Duration = Duration::from_mins(1);

/// Whoever waits for something that is written.
pub(crate) type Reply<Out> = oneshot::Sender<Result<Out, StoreFault>>;

/// Something to write, and whoever waits for it.
pub(crate) trait Job: Send {
    /// Does the work and keeps its outcome; says whether it succeeded. It may be that it has to be done once more, from the beginning, if
    /// that is said.
    fn run<'c>(&'c mut self, connection: &'c mut AnyConnection, may_run_again: bool) -> BoxFuture<'c, Ran>;

    /// Answers whoever waits, once it is known what became of the group.
    fn answer(self: Box<Self>, group: &Result<(), StoreFault>);
}

/// How a job went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Well.
    Done,
    /// Not; nothing of it is to be kept.
    Failed,
    /// The connection is gone, and everything else with it.
    Lost(StoreFault),
}

/// Why a group was not committed, as far as is known.
pub(crate) struct Setback {
    pub(crate) fault: StoreFault,
    /// The commit that was asked for, if there was no answer.
    pub(crate) asked: Option<Asked>,
}

/// A commit that was asked for.
pub(crate) struct Asked {
    /// The number of the transaction on the server.
    pub(crate) transaction: String,
    /// How far numbers are reserved by it.
    pub(crate) reserved: Option<i64>,
}

impl Setback {
    pub(crate) const fn of(fault: StoreFault) -> Self {
        Self { fault, asked: None }
    }
}

/// What is committed together, in the order in which it was handed in; only that what was delivered counts before what is to be
/// kept, among letters and deliveries with no job between them.
#[derive(Default)]
pub(crate) struct Group {
    steps: Vec<Step>,
    /// The step that letters and deliveries still come to.
    mail: Mail,
    size: usize,
}

enum Step {
    Job(Box<dyn Job>),
    Mail(Mail),
}

/// Letters and deliveries that were handed in one after the other.
#[derive(Default)]
struct Mail {
    letters: Vec<Letter>,
    kept: Vec<Result<Kept, StoreFault>>,
    keepers: Vec<Reply<Kept>>,
    deliveries: Vec<Delivery>,
    delivered: Vec<Result<(), StoreFault>>,
    deliverers: Vec<Reply<()>>,
}

impl Group {
    /// How many were handed in.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn push_job(&mut self, job: Box<dyn Job>) {
        self.size += 1;
        self.end_mail();
        self.steps.push(Step::Job(job));
    }

    pub(crate) fn push_letter(&mut self, letter: Letter, reply: Reply<Kept>) {
        self.size += 1;
        self.mail.letters.push(letter);
        self.mail.keepers.push(reply);
    }

    pub(crate) fn push_delivery(&mut self, delivery: Delivery, reply: Reply<()>) {
        self.size += 1;
        self.mail.deliveries.push(delivery);
        self.mail.deliverers.push(reply);
    }

    /// Whatever comes after this is kept after what came before it.
    pub(crate) fn end_mail(&mut self) {
        if !self.mail.keepers.is_empty() || !self.mail.deliverers.is_empty() {
            self.steps.push(Step::Mail(std::mem::take(&mut self.mail)));
        }
    }

    /// Answers everybody.
    pub(crate) fn answer(self, outcome: &Result<(), StoreFault>) {
        for step in self.steps {
            match step {
                Step::Job(job) => job.answer(outcome),
                Step::Mail(mail) => mail.answer(outcome),
            }
        }
    }

    pub(crate) fn needs_writing(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Job(_) => true,
            Step::Mail(mail) => keeping::needs_writing(&mail.letters, &mail.deliveries),
        })
    }

    /// Everything was delivered before it was kept: there is nothing to write.
    pub(crate) fn settle(&mut self) {
        for step in &mut self.steps {
            match step {
                Step::Job(_) => {}
                Step::Mail(mail) => mail.settle(),
            }
        }
    }

    /// Commits all of it, or nothing. If it may run again, it can be done once more from the beginning.
    pub(crate) async fn transact(
        &mut self,
        connection: &mut AnyConnection,
        reservation: &mut Reservation,
        may_run_again: bool,
    ) -> Result<(), Setback> {
        let outcome = match begin(connection).await {
            Ok(mut transaction) => match self.run(connection, reservation, &mut transaction, may_run_again).await {
                Ok(reserved) => match execute(connection, "COMMIT").await {
                    Ok(()) => {
                        reservation.commit(reserved);
                        return Ok(());
                    }
                    Err(fault) => {
                        let asked = transaction.filter(|_| fault.is_loss());
                        Setback { fault, asked: asked.map(|transaction| Asked { transaction, reserved }) }
                    }
                },
                Err(fault) => Setback::of(fault),
            },
            Err(fault) => Setback::of(fault),
        };
        if !outcome.fault.is_loss() {
            // A full disk ends the transaction by itself, and then there is nothing to roll back; anything else must not linger, not
            // even one that was only half begun: everything after it would be refused.
            let _ = execute(connection, "ROLLBACK").await;
        }
        Err(outcome)
    }

    async fn run(
        &mut self,
        connection: &mut AnyConnection,
        reservation: &Reservation,
        transaction: &mut Option<String>,
        may_run_again: bool,
    ) -> Result<Option<i64>, StoreFault> {
        let is_alone = self.steps.len() == 1;
        for step in &mut self.steps {
            match step {
                Step::Job(job) => {
                    execute(connection, "SAVEPOINT step").await?;
                    let dialect = Dialect::of(connection);
                    let ran = within(dialect, async { Ok(job.run(connection, may_run_again).await) }).await?;
                    let succeeded = match ran {
                        Ran::Done => true,
                        Ran::Failed => false,
                        Ran::Lost(fault) => return Err(fault),
                    };
                    leave(connection, succeeded).await?;
                }
                Step::Mail(mail) => mail.run(connection, transaction, is_alone).await?,
            }
        }
        reservation.extend(connection).await
    }
}

impl Mail {
    /// Writes everything together; when that fails, one by one, so that what cannot be written fails alone. What is the whole of
    /// its group needs no savepoint, for the sake of which the database would write every page that it changes once more.
    async fn run(
        &mut self,
        connection: &mut AnyConnection,
        transaction: &mut Option<String>,
        is_alone: bool,
    ) -> Result<(), StoreFault> {
        if !is_alone {
            execute(connection, "SAVEPOINT step").await?;
        }
        let together = write(connection, &self.letters, &self.deliveries).await?;
        match &together {
            Ok(_) if is_alone => {}
            Err(_) if is_alone => *transaction = begin_again(connection).await?,
            Ok(_) | Err(_) => leave(connection, together.is_ok()).await?,
        }
        match together {
            Ok(kept) => {
                self.kept = kept;
                self.delivered = vec![Ok(()); self.deliveries.len()];
                Ok(())
            }
            Err(_) => self.run_each(connection).await,
        }
    }

    async fn run_each(&mut self, connection: &mut AnyConnection) -> Result<(), StoreFault> {
        (self.kept, self.delivered) = (Vec::new(), Vec::new());
        for letter in self.letters.chunks(1) {
            execute(connection, "SAVEPOINT step").await?;
            let kept = write(connection, letter, &[]).await?;
            leave(connection, kept.is_ok()).await?;
            match kept {
                Ok(kept) => self.kept.extend(kept),
                Err(fault) => self.kept.push(Err(fault)),
            }
        }
        for delivery in self.deliveries.chunks(1) {
            execute(connection, "SAVEPOINT step").await?;
            let delivered = write(connection, &[], delivery).await?;
            leave(connection, delivered.is_ok()).await?;
            self.delivered.push(delivered.map(drop));
        }
        Ok(())
    }

    fn settle(&mut self) {
        let kept =
            |letter: &Letter| Ok(Kept { id: letter.draft.id, left_out: Vec::new(), crowded: 0, ordered: Vec::new() });
        self.kept = self.letters.iter().map(kept).collect();
        self.delivered = vec![Ok(()); self.deliveries.len()];
    }

    fn answer(self, group: &Result<(), StoreFault>) {
        // Where the group failed, there may be fewer outcomes than there are who wait.
        let mut kept = self.kept.into_iter();
        for keeper in self.keepers {
            let outcome = kept.next().unwrap_or(Err(StoreFault::Closed));
            // Whoever has gone away did not want to know.
            let _ = keeper.send(group.clone().and(outcome));
        }
        let mut delivered = self.delivered.into_iter();
        for deliverer in self.deliverers {
            let outcome = delivered.next().unwrap_or(Err(StoreFault::Closed));
            let _ = deliverer.send(group.clone().and(outcome));
        }
    }
}

/// Writes letters and deliveries; what is within the outcome fails by itself, and the rest ends the group.
async fn write(
    connection: &mut AnyConnection,
    letters: &[Letter],
    deliveries: &[Delivery],
) -> Result<Result<Outcomes, StoreFault>, StoreFault> {
    let dialect = Dialect::of(connection);
    match within(dialect, async { Ok(keeping::write(connection, letters, deliveries).await) }).await? {
        Err(fault) if fault.is_loss() => Err(fault),
        outcome => Ok(outcome),
    }
}

/// Begins a transaction, and gives the number by which a server knows it.
async fn begin(connection: &mut AnyConnection) -> Result<Option<String>, StoreFault> {
    match Dialect::of(connection) {
        Dialect::Sqlite => execute(connection, BEGIN_IN_FILE).await.map(|()| None),
        Dialect::Postgres => {
            let answers = async { Ok(sqlx::raw_sql(BEGIN_ON_SERVER).fetch_all(connection).await?) };
            let answers = within(Dialect::Postgres, answers).await?;
            answers.first().map(|number| Ok(number.try_get(0)?)).transpose()
        }
    }
}

/// Takes back the whole transaction, for another try.
async fn begin_again(connection: &mut AnyConnection) -> Result<Option<String>, StoreFault> {
    // Fails when the database has done so by itself.
    let _ = execute(connection, "ROLLBACK").await;
    begin(connection).await
}

/// Ends a step: keeps what it did, or takes it back.
async fn leave(connection: &mut AnyConnection, succeeded: bool) -> Result<(), StoreFault> {
    if !succeeded {
        // Fails when the database gave up the whole transaction: then the steps before this one are gone as well.
        execute(connection, "ROLLBACK TO SAVEPOINT step").await?;
    }
    execute(connection, "RELEASE SAVEPOINT step").await
}

pub(crate) async fn execute(connection: &mut AnyConnection, statement: &'static str) -> Result<(), StoreFault> {
    let dialect = Dialect::of(connection);
    within(dialect, async { Ok(sqlx::query(statement).execute(connection).await.map(drop)?) }).await
}

/// Takes a step. On a server that does not answer for a long time, the connection counts as lost.
async fn within<Out>(
    dialect: Dialect,
    step: impl Future<Output = Result<Out, StoreFault>> + Send,
) -> Result<Out, StoreFault> {
    match dialect {
        Dialect::Sqlite => step.await,
        Dialect::Postgres => {
            let taken = timeout(LONGEST_STEP, step).await;
            taken.unwrap_or_else(|_| Err(StoreFault::Unreachable("it does not answer".to_owned())))
        }
    }
}

#[cfg(test)]
mod tests;
