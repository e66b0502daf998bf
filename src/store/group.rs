//! What is committed together.

use futures_util::future::BoxFuture;
use sqlx::AnyConnection;
use tokio::sync::oneshot;

use crate::{
    StoreFault,
    keeping::{self, Delivery, Kept, Letter},
    numbers::Reservation,
};

/// Takes the lock at once: a transaction that only finds out later that it wants to write fails when another process came
/// between.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Whoever waits for something that is written.
pub(crate) type Reply<Out> = oneshot::Sender<Result<Out, StoreFault>>;

/// Something to write, and whoever waits for it.
pub(crate) trait Job: Send {
    /// Does the work and keeps its outcome; says whether it succeeded.
    fn run<'c>(&'c mut self, connection: &'c mut AnyConnection) -> BoxFuture<'c, bool>;

    /// Answers whoever waits, once it is known what became of the group.
    fn answer(self: Box<Self>, group: &Result<(), StoreFault>);
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

    fn end_mail(&mut self) {
        if !self.mail.keepers.is_empty() || !self.mail.deliverers.is_empty() {
            self.steps.push(Step::Mail(std::mem::take(&mut self.mail)));
        }
    }

    /// Commits the group and answers everybody. On an error of the commit nothing of any of it is kept. Says whether the connection
    /// is still there.
    pub(crate) async fn commit(mut self, connection: &mut AnyConnection, reservation: &mut Reservation) -> bool {
        if self.size == 0 {
            return true;
        }
        self.end_mail();
        let outcome = if self.needs_writing() {
            self.transact(connection, reservation).await
        } else {
            self.settle();
            Ok(())
        };
        if let Err(fault) = &outcome {
            tracing::error!(jobs = self.size, %fault, "a group was not committed");
        }
        for step in self.steps {
            match step {
                Step::Job(job) => job.answer(&outcome),
                Step::Mail(mail) => mail.answer(&outcome),
            }
        }
        outcome != Err(StoreFault::Closed)
    }

    fn needs_writing(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Job(_) => true,
            Step::Mail(mail) => keeping::needs_writing(&mail.letters, &mail.deliveries),
        })
    }

    /// Everything was delivered before it was kept: there is nothing to write.
    fn settle(&mut self) {
        for step in &mut self.steps {
            match step {
                Step::Job(_) => {}
                Step::Mail(mail) => mail.settle(),
            }
        }
    }

    async fn transact(
        &mut self,
        connection: &mut AnyConnection,
        reservation: &mut Reservation,
    ) -> Result<(), StoreFault> {
        execute(connection, BEGIN).await?;
        let outcome = match self.run(connection, reservation).await {
            Ok(reserved) => execute(connection, "COMMIT").await.map(|()| reserved),
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(reserved) => {
                reservation.commit(reserved);
                Ok(())
            }
            Err(fault) => {
                // A full disk ends the transaction by itself, and then there is nothing to roll back; anything else must not
                // linger.
                let _ = execute(connection, "ROLLBACK").await;
                Err(fault)
            }
        }
    }

    async fn run(
        &mut self,
        connection: &mut AnyConnection,
        reservation: &Reservation,
    ) -> Result<Option<i64>, StoreFault> {
        let is_alone = self.steps.len() == 1;
        for step in &mut self.steps {
            match step {
                Step::Job(job) => {
                    execute(connection, "SAVEPOINT step").await?;
                    let succeeded = job.run(connection).await;
                    leave(connection, succeeded).await?;
                }
                Step::Mail(mail) => mail.run(connection, is_alone).await?,
            }
        }
        reservation.extend(connection).await
    }
}

impl Mail {
    /// Writes everything together; when that fails, one by one, so that what cannot be written fails alone. What is the whole of
    /// its group needs no savepoint, for the sake of which the database would write every page that it changes once more.
    async fn run(&mut self, connection: &mut AnyConnection, is_alone: bool) -> Result<(), StoreFault> {
        if !is_alone {
            execute(connection, "SAVEPOINT step").await?;
        }
        let together = keeping::write(connection, &self.letters, &self.deliveries).await;
        match &together {
            Ok(_) if is_alone => {}
            Err(_) if is_alone => begin_again(connection).await?,
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
        for letter in self.letters.chunks(1) {
            execute(connection, "SAVEPOINT step").await?;
            let kept = keeping::write(connection, letter, &[]).await;
            leave(connection, kept.is_ok()).await?;
            match kept {
                Ok(kept) => self.kept.extend(kept),
                Err(fault) => self.kept.push(Err(fault)),
            }
        }
        for delivery in self.deliveries.chunks(1) {
            execute(connection, "SAVEPOINT step").await?;
            let delivered = keeping::write(connection, &[], delivery).await;
            leave(connection, delivered.is_ok()).await?;
            self.delivered.push(delivered.map(drop));
        }
        Ok(())
    }

    fn settle(&mut self) {
        let kept = |letter: &Letter| Ok(Kept { id: letter.draft.id, left_out: Vec::new(), ordered: Vec::new() });
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

/// Takes back the whole transaction, for another try.
async fn begin_again(connection: &mut AnyConnection) -> Result<(), StoreFault> {
    // Fails when the database has done so by itself.
    let _ = execute(connection, "ROLLBACK").await;
    execute(connection, BEGIN).await
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
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
