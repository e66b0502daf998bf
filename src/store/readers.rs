//! Reading: several connections, and no wait without an end for a server that has fallen silent.
//!
//! A host that loses its power, or a gateway that forgets a connection, closes nothing: whoever has asked something would wait for ever,
//! and keep the connection from everybody else. `statement_timeout` and the keepalives of `PostgreSQL` are the server's own.

use std::{io, time::Duration};

use futures_util::{
    StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Any, AnyConnection, AnyPool, Describe, Either, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};
use tokio::time::timeout;

use crate::StoreFault;

/// The connections that read. Cheap to clone. A query may be given to it as to one connection.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    pool: AnyPool,
    patience: Duration,
}

impl Readers {
    /// Those of a file, which answers when the disk does.
    pub(crate) const fn of_file(pool: AnyPool) -> Self {
        Self { pool, patience: Duration::MAX }
    }

    /// Those of a server. A connection on which a query is not answered for so long counts as lost.
    pub(crate) const fn of_server(pool: AnyPool, patience: Duration) -> Self {
        Self { pool, patience }
    }

    /// Reads what takes several statements, on one connection and within the time of one.
    pub(crate) async fn read<Out>(
        &self,
        read: impl AsyncFnOnce(&mut AnyConnection) -> Result<Out, StoreFault>,
    ) -> Result<Out, StoreFault> {
        let mut reader = self.acquire().await?;
        let read = timeout(self.patience, read(reader.connection()?)).await;
        reader.answered(read.is_ok());
        read.unwrap_or_else(|_| Err(silent().into()))
    }

    async fn acquire(&self) -> Result<Reader, Error> {
        Ok(Reader(Some(self.pool.acquire().await?)))
    }

    /// Closes all connections; whoever asks for one afterwards hears [`StoreFault::Closed`].
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// A connection on which something is asked. Unless it was answered it is left, so that its place is free, also where whoever asked goes
/// away: given back, it would be waited for there, without an end.
struct Reader(Option<PoolConnection<Any>>);

impl Reader {
    fn connection(&mut self) -> Result<&mut AnyConnection, Error> {
        self.0.as_deref_mut().ok_or(Error::PoolClosed)
    }

    /// Gives the connection back, if there was an answer.
    fn answered(&mut self, is_answered: bool) {
        if is_answered {
            self.0 = None;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

fn silent() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "it does not answer"))
}

impl<'r> Executor<'r> for &'_ Readers {
    type Database = Any;

    /// Everything, before the first of it is given: it is meant for answers that fit into memory.
    fn fetch_many<'e, 'q: 'e, Query>(self, query: Query) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'r: 'e,
        Query: 'q + Execute<'q, Any>,
    {
        let readers = self.clone();
        let read = async move {
            let mut reader = readers.acquire().await?;
            let read = timeout(readers.patience, reader.connection()?.fetch_many(query).try_collect::<Vec<_>>()).await;
            reader.answered(read.is_ok());
            read.unwrap_or_else(|_| Err(silent()))
        };
        stream::once(read).map_ok(|read| stream::iter(read).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, Query>(self, query: Query) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'r: 'e,
        Query: 'q + Execute<'q, Any>,
    {
        let readers = self.clone();
        Box::pin(async move {
            let mut reader = readers.acquire().await?;
            let read = timeout(readers.patience, reader.connection()?.fetch_optional(query)).await;
            reader.answered(read.is_ok());
            read.unwrap_or_else(|_| Err(silent()))
        })
    }

    fn prepare_with<'e>(
        self,
        statement: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'r: 'e,
    {
        let readers = self.clone();
        Box::pin(async move {
            let mut reader = readers.acquire().await?;
            let prepared = timeout(readers.patience, reader.connection()?.prepare_with(statement, parameters)).await;
            reader.answered(prepared.is_ok());
            prepared.unwrap_or_else(|_| Err(silent()))
        })
    }

    fn describe<'e>(self, statement: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, Error>>
    where
        'r: 'e,
    {
        let readers = self.clone();
        Box::pin(async move { readers.pool.acquire().await?.describe(statement).await })
    }
}
