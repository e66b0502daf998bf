//! `PostgreSQL` in tests: a server that ends with them, and a database of its own for each.
//!
//! `CHRYSALIS_TEST_POSTGRES` names a server that is there: `scripts/postgres with` starts one for a whole run. Without it, one is started
//! for the process that asks. It is on loopback, or it is refused: whatever is there is thrown away.
//!
//! `CHRYSALIS_TEST_DATABASE` says on which database the tests run that can run on both: `sqlite`, if nothing is said, or `postgres`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod server;

use std::net::IpAddr;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;
use uuid::Uuid;

pub use server::Server;

/// Names a server that is there.
const ADDRESS: &str = "CHRYSALIS_TEST_POSTGRES";
/// Names the database that tests run on which can run on both.
const CHOICE: &str = "CHRYSALIS_TEST_DATABASE";

/// Whether the tests that can run on both databases run on `PostgreSQL` this time.
#[must_use]
pub fn is_chosen() -> bool {
    match std::env::var(CHOICE).as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("{CHOICE} is {other:?}; say sqlite or postgres"),
    }
}

/// The address of the server that all tests share, as one who may do everything there.
fn shared() -> Url {
    let url = std::env::var(ADDRESS).unwrap_or_else(|_| Server::of_this_process().url().to_owned());
    let url: Url = url.parse().expect("an address like postgres://user:password@127.0.0.1:5432/postgres");
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    assert!(is_here, "{ADDRESS} names the host {host:?}: tests throw away what they find, and use this machine only");
    url
}

/// An empty database, which is gone when this is.
#[derive(Debug)]
pub struct Database {
    server: Url,
    name: String,
}

impl Database {
    /// A new one, on the server that all tests share.
    pub async fn new() -> Self {
        Self::on(shared()).await
    }

    /// A new one, for those who cannot wait for one within a runtime.
    #[must_use]
    pub fn new_blocking() -> Self {
        let making = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(Self::new())
        });
        making.join().unwrap()
    }

    /// A new one, on a server of its own.
    pub async fn of(server: &Server) -> Self {
        Self::on(server.url().parse().unwrap()).await
    }

    async fn on(server: Url) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let database = Self { server, name };
        database.administer(format!("CREATE DATABASE {}", database.name)).await;
        database
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.into()
    }

    /// A connection to it, beside whoever else has one.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    /// Does something to the database, as one who may do everything.
    pub async fn meddle(&self, statements: String) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Breaks every connection to it, and returns when they are gone.
    pub async fn hang_up(&self) {
        let mut connection = PgConnection::connect(self.server.as_str()).await.unwrap();
        // Waited for, each at most ten seconds: what a session was about is over then.
        sqlx::query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1")
            .bind(&self.name)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn administer(&self, statement: String) {
        let mut connection = PgConnection::connect(self.server.as_str()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The runtime of the test waits for this one, so it has a thread and a runtime of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(server.as_str()).await.map_err(std::io::Error::other)?;
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.map_err(std::io::Error::other)?;
                Ok::<_, std::io::Error>(())
            })
        });
        // A server that is gone has taken the database with it.
        let _ = dropping.join();
    }
}
