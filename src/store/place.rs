//! Where a database lies, as its url says.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use sqlx::any::AnyConnectOptions;
use url::Url;

use crate::StoreFault;

/// What a url of a server may say behind its question mark; anything else would be passed over in silence.
const PARAMETERS: [&str; 9] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "options",
    "application_name",
    "statement-cache-capacity",
];

/// How many statements a connection keeps prepared: more than there are, of any size.
const STATEMENTS: &str = "1000";

/// Where a database lies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file of `SQLite`.
    File(PathBuf),
    /// In a file that ends with its store.
    Temporary,
    /// On a `PostgreSQL` server.
    Server(Server),
}

/// A database on a `PostgreSQL` server. Its texts hold no password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Server {
    url: Url,
}

impl Place {
    pub(crate) fn of(url: &str, base: &Path) -> Result<Self, StoreFault> {
        // What stands behind the scheme is not repeated: it may hold a password.
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        match scheme {
            "sqlite" => Self::of_file(url, rest, base),
            "postgres" | "postgresql" => Ok(Self::Server(Server::of(url)?)),
            "" => Err(wrong("the database url has no scheme".to_owned())),
            _ => Err(wrong(format!("the database url begins with `{scheme}:`, which this version does not speak"))),
        }
    }

    fn of_file(url: &str, rest: &str, base: &Path) -> Result<Self, StoreFault> {
        if rest == ":memory:" {
            return Ok(Self::Temporary);
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.contains('?') {
            return Err(wrong(format!("the database url `{url}` is not a path, without parameters")));
        }
        Ok(Self::File(base.join(path)))
    }
}

fn wrong(problem: String) -> StoreFault {
    let mend = "set [database] url to sqlite:// and a path, like sqlite://data/chrysalis.db, or to a database on a \
                server, like postgres://chrysalis:PASSWORD@localhost/chrysalis";
    StoreFault::Open { problem, mend: mend.to_owned() }
}

impl Server {
    fn of(url: &str) -> Result<Self, StoreFault> {
        let url: Url = url.parse().map_err(|error: url::ParseError| {
            wrong(format!("the database url cannot be read ({error}; a password's own signs are written as %40)"))
        })?;
        if let Some((unknown, _)) = url.query_pairs().find(|(key, _)| !PARAMETERS.contains(&key.as_ref())) {
            return Err(wrong(format!(
                "the database url says `{unknown}`, which is none of {}",
                PARAMETERS.join(", ")
            )));
        }
        if url.path().trim_start_matches('/').is_empty() {
            return Err(wrong(format!("the database url of {} names no database", Self::shown(&url))));
        }
        Ok(Self { url })
    }

    /// How the database is connected to.
    pub(crate) fn options(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        let mut url = self.url.clone();
        let says = |wanted: &str| self.url.query_pairs().any(|(key, _)| key == wanted);
        for (key, value) in [("application_name", "chrysalis"), ("statement-cache-capacity", STATEMENTS)] {
            if !says(key) {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        // What travels through a network is read by nobody else, and goes to the server that was named, unless somebody says that it
        // need not.
        if !says("sslmode") && std::env::var_os("PGSSLMODE").is_none() && !self.is_here() {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
        }
        url.as_str().parse()
    }

    /// Whether it is on this machine: then nothing is read on the way.
    fn is_here(&self) -> bool {
        let named = self.url.query_pairs().find(|(key, _)| key == "host").map(|(_, host)| host.into_owned());
        let host = named.or_else(|| self.url.host_str().filter(|host| !host.is_empty()).map(str::to_owned));
        let Some(host) = host.or_else(|| std::env::var("PGHOST").ok()) else { return true };
        let is_socket = host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        is_socket || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    fn shown(url: &Url) -> String {
        let user = if url.username().is_empty() { String::new() } else { format!("{}@", url.username()) };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{user}{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Self::shown(&self.url))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_relative_to_the_base() {
        let of = |url: &str| Place::of(url, Path::new("/etc/chrysalis")).unwrap();
        assert_eq!(of("sqlite://data/a.db"), Place::File("/etc/chrysalis/data/a.db".into()));
        assert_eq!(of("sqlite:a.db"), Place::File("/etc/chrysalis/a.db".into()));
        assert_eq!(of("sqlite:///var/a.db"), Place::File("/var/a.db".into()));
        assert_eq!(of("sqlite::memory:"), Place::Temporary);
    }

    #[test]
    fn a_wrong_url_is_named_without_its_password_and_with_its_mend() {
        let fault = |url: &str| Place::of(url, Path::new("/")).unwrap_err().to_string();
        for url in [
            "mysql://chrysalis:hunter2@db/chrysalis",
            "postgres://chrysalis:hunter2@db",
            "postgres://chrysalis:hunter2@db:port/chrysalis",
            "postgres://chrysalis:hunter2@db/chrysalis?sslmod=disable",
        ] {
            let fault = fault(url);
            assert!(fault.contains("sqlite://data/chrysalis.db") && !fault.contains("hunter2"), "{fault}");
        }
        assert!(fault("mysql://db/chrysalis").contains("mysql:"));
        assert!(fault("postgres://db/chrysalis?sslmod=disable").contains("`sslmod`"));
        for url in ["", "data/chrysalis.db", "sqlite://", "sqlite://a.db?mode=ro"] {
            fault(url);
        }
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let place = Place::of("postgres://chrysalis:hunter2@db.example:5433/chat?sslmode=disable", Path::new("/"));
        assert_eq!(format!("{:?}", place.unwrap()), "Server(postgres://chrysalis@db.example:5433/chat)");
    }

    #[test]
    fn what_goes_through_a_network_is_encrypted_unless_somebody_says_otherwise() {
        let sealed = |url: &str| {
            let options = Server::of(url).unwrap().options().unwrap();
            options.database_url.query_pairs().find(|(key, _)| key == "sslmode").map(|(_, mode)| mode.into_owned())
        };
        assert_eq!(sealed("postgres://u@db.example/chat").as_deref(), Some("verify-full"));
        assert_eq!(sealed("postgres://u@192.0.2.1/chat").as_deref(), Some("verify-full"));
        assert_eq!(sealed("postgres://u@db.example/chat?sslmode=disable").as_deref(), Some("disable"));
        for here in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(sealed(&format!("postgres://u@{here}/chat")), None, "{here}");
        }
        assert_eq!(sealed("postgres:///chat?host=/run/postgresql"), None);
    }
}
