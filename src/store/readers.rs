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
        let mut connection = self.pool.acquire().await?;
        match timeout(self.patience, read(&mut connection)).await {
            Ok(read) => read,
            Err(_) => Err(given_up(connection).into()),
        }
    }

    /// Closes all connections; whoever asks for one afterwards hears [`StoreFault::Closed`].
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Leaves a connection on which nothing comes any more, so that its place is free: given back, it would be waited for there.
fn given_up(connection: PoolConnection<Any>) -> Error {
    drop(connection.detach());
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
            let mut connection = readers.pool.acquire().await?;
            match timeout(readers.patience, connection.fetch_many(query).try_collect::<Vec<_>>()).await {
                Ok(read) => read,
                Err(_) => Err(given_up(connection)),
            }
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
            let mut connection = readers.pool.acquire().await?;
            match timeout(readers.patience, connection.fetch_optional(query)).await {
                Ok(read) => read,
                Err(_) => Err(given_up(connection)),
            }
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
            let mut connection = readers.pool.acquire().await?;
            match timeout(readers.patience, connection.prepare_with(statement, parameters)).await {
                Ok(prepared) => prepared,
                Err(_) => Err(given_up(connection)),
            }
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
