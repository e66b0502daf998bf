//! The connection that writes, and how it comes back when it is lost.
//!
//! A connection may be lost while the answer to a commit is on its way: then nobody here knows whether the group was kept. The server
//! knows, and is asked: each transaction has a number there, of which it can say for a long while whether it was committed
//! (`PostgreSQL`'s documentation, `pg_xact_status`). What was committed is not done again, what was not is done once more, from the
//! beginning; and as the session that asks has the lock that the lost one had, that one has come to its end by then.

use std::time::Duration;

use sqlx::{AnyConnection, Connection};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    StoreFault,
    group::{Asked, Group, Setback},
    numbers::Reservation,
    place::Server,
    postgres::{self, Refusal, Session},
};

/// How long a group waits for a connection that is lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same, where it may have been kept: what was kept, and called lost, would be said twice.
const LONG_PATIENCE: Duration = Duration::from_mins(1);
/// How long it may take to see whether another server writes.
const LOOKING: Duration = Duration::from_secs(5);
/// The pauses between two tries to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// What became of a transaction whose answer was lost.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    Committed,
    Aborted,
    Unknown,
}

/// A connection that is there again.
struct Regained {
    connection: AnyConnection,
    ending: Ending,
    /// Whether nobody else has had the database meanwhile.
    is_ours: bool,
}

/// The connection that writes.
pub(crate) struct Hold {
    /// `None` while it is lost.
    connection: Option<AnyConnection>,
    /// `None` for a file, which does not hang up.
    line: Option<Line>,
}

/// By what a lost connection comes back.
struct Line {
    server: Server,
    session: Session,
}

impl Hold {
    pub(crate) const fn of_file(connection: AnyConnection) -> Self {
        Self { connection: Some(connection), line: None }
    }

    pub(crate) const fn of_server(connection: AnyConnection, server: Server, session: Session) -> Self {
        Self { connection: Some(connection), line: Some(Line { server, session }) }
    }

    /// The connection, for as long as it was never lost.
    pub(crate) fn connection(&mut self) -> Result<&mut AnyConnection, StoreFault> {
        self.connection.as_mut().ok_or_else(|| StoreFault::Unreachable("the connection is lost".to_owned()))
    }

    /// Commits the group and answers everybody. On an error nothing of any of it is kept, unless that says otherwise. Says whether
    /// anything can be written after it.
    pub(crate) async fn commit(&mut self, mut group: Group, reservation: &mut Reservation) -> bool {
        group.end_mail();
        if group.size() == 0 {
            return true;
        }
        let outcome = if group.needs_writing() {
            self.keep(&mut group, reservation).await
        } else {
            group.settle();
            Ok(())
        };
        if let Err(fault) = &outcome {
            tracing::error!(jobs = group.size(), %fault, "a group was not committed");
            metrics::counter!("chrysalis_store_commits_failed_total").increment(1);
        }
        let is_over = outcome == Err(StoreFault::Closed);
        group.answer(&outcome);
        !is_over
    }

    async fn keep(&mut self, group: &mut Group, reservation: &mut Reservation) -> Result<(), StoreFault> {
        let mut lost_at = None;
        loop {
            let may_run_again = self.line.is_some();
            let setback = match &mut self.connection {
                Some(connection) => match group.transact(connection, reservation, may_run_again).await {
                    Ok(()) => return Ok(()),
                    Err(setback) => setback,
                },
                None => Setback::of(StoreFault::Unreachable("the connection is lost".to_owned())),
            };
            let Some(line) = self.line.as_mut().filter(|_| setback.fault.is_loss()) else { return Err(setback.fault) };
            if self.connection.take().is_some() {
                tracing::warn!(fault = %setback.fault, "the connection to the database is lost; connecting again");
            }
            let patience = if setback.asked.is_some() { LONG_PATIENCE } else { PATIENCE };
            let until = *lost_at.get_or_insert_with(Instant::now) + patience;
            let Regained { connection, ending, is_ours } =
                line.regain(until, setback.asked.as_ref(), reservation).await?;
            tracing::info!("the database is back");
            if is_ours {
                self.connection = Some(connection);
            } else {
                tracing::error!(
                    "another server has written to the database meanwhile: this one knows nothing of that, and stops"
                );
            }
            match ending {
                Ending::Committed => {
                    tracing::info!("what was being committed when it went away is kept");
                    return Ok(());
                }
                Ending::Unknown => return Err(StoreFault::Uncertain),
                Ending::Aborted if !is_ours => return Err(StoreFault::Closed),
                // What ends the connection each time that it is tried is not tried for ever.
                Ending::Aborted if Instant::now() > until => return Err(setback.fault),
                Ending::Aborted => {}
            }
        }
    }

    /// Ends the connection.
    pub(crate) async fn close(self) {
        let Some(connection) = self.connection else { return };
        if let Err(fault) = connection.close().await {
            tracing::warn!(%fault, "the database did not close cleanly; it will be recovered when it is opened again");
        }
    }
}

impl Line {
    /// Connects again, and again, until that is so, and asks what became of the commit whose answer was lost.
    async fn regain(
        &mut self,
        until: Instant,
        asked: Option<&Asked>,
        reservation: &mut Reservation,
    ) -> Result<Regained, StoreFault> {
        if let Some(asked) = asked {
            reservation.leave_open(asked.reserved);
        }
        let (mut pause, longest) = PAUSES;
        loop {
            let fault = match postgres::take(&self.server, Some(&self.session)).await {
                Ok((connection, session)) => {
                    self.session = session;
                    match look(connection, asked, reservation).await {
                        Ok(regained) => return Ok(regained),
                        Err(fault) => fault,
                    }
                }
                Err(Refusal::Locked) => {
                    // What this group was about comes first; the next one finds the same.
                    if asked.is_none() && has_another_written(&self.server, reservation).await {
                        tracing::error!("another server has taken the database over: this one stops");
                        return Err(StoreFault::Closed);
                    }
                    StoreFault::Unreachable("another session holds the database".to_owned())
                }
                Err(Refusal::Unfit(fault)) => fault,
                Err(Refusal::Failed(error)) => StoreFault::Unreachable(error.to_string()),
            };
            if Instant::now() + pause > until {
                return Err(if asked.is_some() { StoreFault::Uncertain } else { fault });
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Whether another server writes there now, as far as can be seen without the lock.
async fn has_another_written(server: &Server, reservation: &Reservation) -> bool {
    let looking = async {
        let mut connection = postgres::connect(server).await?;
        let is_untouched = reservation.seems_untouched(&mut connection).await?;
        connection.close().await?;
        Ok::<_, StoreFault>(!is_untouched)
    };
    // What cannot be seen now is looked for again at the next try.
    timeout(LOOKING, looking).await.is_ok_and(|looked| looked.unwrap_or(false))
}

/// Looks what was done while nobody here was connected.
async fn look(
    mut connection: AnyConnection,
    asked: Option<&Asked>,
    reservation: &mut Reservation,
) -> Result<Regained, StoreFault> {
    let ending = match asked {
        Some(Asked { transaction, .. }) => ending(&mut connection, transaction).await?,
        None => Ending::Aborted,
    };
    let is_ours = reservation.is_untouched(&mut connection).await?;
    Ok(Regained { connection, ending, is_ours })
}

/// What the server knows of a transaction that can go on no more.
pub(crate) async fn ending(connection: &mut AnyConnection, transaction: &str) -> Result<Ending, StoreFault> {
    let status: Option<String> =
        sqlx::query_scalar("SELECT pg_xact_status($1::TEXT::xid8)").bind(transaction).fetch_one(connection).await?;
    Ok(match status.as_deref() {
        Some("committed") => Ending::Committed,
        Some("aborted") => Ending::Aborted,
        // So long ago that the server has forgotten it.
        _ => Ending::Unknown,
    })
}
