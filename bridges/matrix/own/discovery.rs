//! How homeservers are found and spoken to: the configured one as it is configured, any other only at public addresses.
//!
//! Whoever names a Matrix account names a server with it, and so an address that this program connects to. It must not be made to knock on
//! doors inside its own network: every connection to another homeserver than the configured one goes through a resolver that knows public
//! addresses alone, and nothing is gone to because a server points there.

use std::{net::IpAddr, sync::OnceLock, time::Duration};

use bridge::Failure;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ruma::{OwnedServerName, ServerName};
use serde::Deserialize;
use url::{Host, Url};

use super::reach::Reach;
use crate::configuration::{Configuration, Homeservers};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long each of the few answers may take by which a homeserver is found.
const ANSWER: Duration = Duration::from_secs(4);
/// The largest of these answers, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;
/// How many connections are kept open for each homeserver while nobody uses them.
const IDLE: usize = 16;

/// How homeservers are spoken to.
pub(super) struct Doors {
    /// Where the configured homeserver answers.
    url: String,
    server: OwnedServerName,
    homeservers: Homeservers,
    configured: OnceLock<reqwest::Client>,
    others: Guarded,
}

/// A homeserver, and how it is spoken to.
pub(super) struct Door {
    pub(super) url: String,
    pub(super) client: reqwest::Client,
}

impl Doors {
    pub(super) fn new(configuration: &Configuration) -> Self {
        Self {
            url: configuration.homeserver_url.clone(),
            server: configuration.names.server().clone(),
            homeservers: configuration.linked.homeservers.clone(),
            configured: OnceLock::new(),
            others: Guarded {
                scheme: "https",
                within: Reach::beyond_the_public(&configuration.linked.private_addresses),
                client: OnceLock::new(),
            },
        }
    }

    /// Where accounts of this server are found: `None` is the configured homeserver, wherever that is. The error says why none of them can
    /// be linked.
    pub(super) async fn find(&self, server: &ServerName) -> Result<Option<String>, Failure> {
        self.admits(server)?;
        if *server == *self.server { Ok(None) } else { self.others.find(server).await.map(Some) }
    }

    /// Whether accounts of this server may be linked.
    pub(super) fn admits(&self, server: &ServerName) -> Result<(), Failure> {
        if self.homeservers.admit(server) {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "accounts of {server} cannot be linked here, only those of {}; whoever runs this server can add it to linked.homeservers",
            self.homeservers
        )))
    }

    /// The way to a homeserver that was found.
    pub(super) fn to(&self, homeserver: Option<&str>) -> Result<Door, Failure> {
        match homeserver {
            None => Ok(Door { url: self.url.clone(), client: once(&self.configured, client)? }),
            Some(url) => {
                let parsed =
                    Url::parse(url).map_err(|fault| no_homeserver(&format!("{url} is no address: {fault}")))?;
                self.others.check(&parsed)?;
                Ok(Door { url: url.to_owned(), client: self.others.client()? })
            }
        }
    }
}

fn once(
    cell: &OnceLock<reqwest::Client>,
    make: impl FnOnce() -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, Failure> {
    if let Some(client) = cell.get() {
        return Ok(client.clone());
    }
    let client = make().build().map_err(|fault| {
        Failure::retry(format!("no connection can be set up ({fault}); see the system's certificates"))
    })?;
    Ok(cell.get_or_init(|| client).clone())
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("Chrysalis/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(IDLE)
        // An account's token goes to its homeserver and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

/// What is gone to only at addresses that may be reached.
struct Guarded {
    scheme: &'static str,
    within: Reach,
    client: OnceLock<reqwest::Client>,
}

/// What a server tells of its clients' homeserver (Client-Server API, "Well-known URI").
#[derive(Deserialize)]
struct WellKnown {
    #[serde(rename = "m.homeserver")]
    homeserver: BaseUrl,
}

#[derive(Deserialize)]
struct BaseUrl {
    base_url: String,
}

impl Guarded {
    fn client(&self) -> Result<reqwest::Client, Failure> {
        once(&self.client, || client().dns_resolver(Resolver { within: self.within.clone() }))
    }

    /// Where a server's homeserver answers, by what it tells of itself.
    async fn find(&self, server: &ServerName) -> Result<String, Failure> {
        // The name without its port, as the specification has it, unless a server is known by its port alone, which only tests have.
        let host = if self.scheme == "https" { server.host() } else { server.as_str() };
        let told = self.fetch(&format!("{}://{host}/.well-known/matrix/client", self.scheme)).await?;
        let base = match told {
            Some(told) => {
                let told: WellKnown = serde_json::from_slice(&told).map_err(|_| {
                    no_homeserver(&format!(
                        "what {server} tells of its homeserver (.well-known/matrix/client) cannot be read"
                    ))
                })?;
                told.homeserver.base_url
            }
            // It tells nothing: then it is its own homeserver.
            None => format!("{}://{server}", self.scheme),
        };
        let base = base.trim_end_matches('/').to_owned();
        match self.fetch(&format!("{base}/_matrix/client/versions")).await? {
            Some(_) => Ok(base),
            None => Err(no_homeserver(&format!("no Matrix homeserver answers for {server}"))),
        }
    }

    /// What stands at an address; `None` where nothing does.
    async fn fetch(&self, address: &str) -> Result<Option<Vec<u8>>, Failure> {
        let url = Url::parse(address).map_err(|fault| no_homeserver(&format!("{address} is no address: {fault}")))?;
        self.check(&url)?;
        let client = self.client()?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let fetching = async {
            let silent =
                |fault: reqwest::Error| Failure::retry(format!("{host} does not answer: {}", innermost(&fault)));
            let mut answer = client.get(url).send().await.map_err(silent)?;
            if answer.status() == http::StatusCode::NOT_FOUND {
                return Ok(None);
            }
            if answer.status().is_redirection() {
                return Err(no_homeserver(&format!("{host} points elsewhere, which is not followed")));
            }
            if !answer.status().is_success() {
                return Err(Failure::retry(format!("{host} answers with {}", answer.status())));
            }
            let mut body = Vec::new();
            while let Some(part) = answer.chunk().await.map_err(silent)? {
                if body.len() + part.len() > LARGEST_ANSWER {
                    return Err(no_homeserver(&format!("{host} answers with too much")));
                }
                body.extend_from_slice(&part);
            }
            Ok(Some(body))
        };
        let elapsed = |_| Failure::retry(format!("{host} does not answer in time"));
        tokio::time::timeout(ANSWER, fetching).await.map_err(elapsed)?
    }

    /// Whether an address may be gone to, as far as it tells: where its name leads is seen by the resolver.
    fn check(&self, url: &Url) -> Result<(), Failure> {
        let address = match url.host() {
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            None => return Err(no_homeserver(&format!("{url} names no host"))),
        };
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if url.scheme() != self.scheme || !is_plain {
            return Err(no_homeserver(&format!(
                "{} is no plain {} address",
                url.host_str().unwrap_or_default(),
                self.scheme
            )));
        }
        match address {
            Some(address) if !self.within.has(address) => {
                Err(no_homeserver(&format!("{address} is no public address")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn no_homeserver(why: &str) -> Failure {
    Failure::refused(format!("the account's homeserver cannot be used: {why}"))
}

/// The cause of all.
fn innermost(fault: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if fault.is_timeout() { "it takes too long".into() } else { cause.to_string() }
}

/// Resolves names to addresses that may be reached, and to no others.
struct Resolver {
    within: Reach,
}

#[derive(Debug, thiserror::Error)]
#[error("it has no public address")]
struct NotPublic;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let within = self.within.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<_> = found.filter(|address| within.has(address.ip())).collect();
            if reachable.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, response::Redirect, routing::get};
    use ruma::OwnedServerName;
    use serde_json::json;

    use super::*;

    /// The addresses of this machine.
    const HERE: [&str; 2] = ["127.0.0.0/8", "::1/128"];

    fn guarded(private: &[&str]) -> Guarded {
        let private: Vec<_> = private.iter().map(|network| network.parse().unwrap()).collect();
        Guarded { scheme: "http", within: Reach::beyond_the_public(&private), client: OnceLock::new() }
    }

    /// A server on this machine; its name.
    async fn serve(router: Router) -> OwnedServerName {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        ServerName::parse(format!("localhost:{port}")).unwrap()
    }

    fn homeserver() -> Router {
        Router::new().route("/_matrix/client/versions", get(|| async { r#"{"versions":["v1.11"]}"# }))
    }

    fn telling(answer: String) -> Router {
        Router::new().route("/.well-known/matrix/client", get(move || async move { answer }))
    }

    #[tokio::test]
    async fn a_server_tells_where_its_homeserver_is() {
        let base = format!("http://{}", serve(homeserver()).await);
        let server = serve(telling(json!({ "m.homeserver": { "base_url": format!("{base}/") } }).to_string())).await;
        assert_eq!(guarded(&HERE).find(&server).await, Ok(base));
        let itself = serve(homeserver()).await;
        assert_eq!(guarded(&HERE).find(&itself).await, Ok(format!("http://{itself}")));
    }

    #[tokio::test]
    async fn what_is_no_homeserver_is_refused() {
        let refused = async |router: Router| match guarded(&HERE).find(&serve(router).await).await {
            Err(failure) => failure.to_string(),
            Ok(found) => panic!("{found}"),
        };
        assert!(refused(Router::new()).await.contains("no Matrix homeserver answers"));
        assert!(refused(telling("<html>".into())).await.contains("cannot be read"));
        assert!(refused(telling("x".repeat(LARGEST_ANSWER + 1))).await.contains("too much"));
        let elsewhere = Router::new()
            .route("/.well-known/matrix/client", get(|| async { Redirect::temporary("http://127.0.0.1/") }));
        assert!(refused(elsewhere).await.contains("not followed"));
        let ailing = Router::new().route("/.well-known/matrix/client", get(|| async { StatusCode::BAD_GATEWAY }));
        assert!(refused(ailing).await.contains("502"));
        let secret = json!({ "m.homeserver": { "base_url": "http://me:secret@localhost" } }).to_string();
        assert!(!refused(telling(secret)).await.contains("secret"));
    }

    #[tokio::test]
    async fn doors_inside_are_not_knocked_on() {
        let base = format!("http://{}", serve(homeserver()).await);
        let server = serve(telling(json!({ "m.homeserver": { "base_url": base } }).to_string())).await;
        let failure = guarded(&[]).find(&server).await.unwrap_err();
        assert!(failure.to_string().contains("no public address"), "{failure}");
        let literal = ServerName::parse(server.as_str().replace("localhost", "127.0.0.1")).unwrap();
        let failure = guarded(&[]).find(&literal).await.unwrap_err();
        assert!(failure.to_string().contains("127.0.0.1 is no public address"), "{failure}");
        // Only what the server points to is inside.
        let pointing = serve(telling(json!({ "m.homeserver": { "base_url": "http://10.1.2.3" } }).to_string())).await;
        let failure = guarded(&HERE).find(&pointing).await.unwrap_err();
        assert!(failure.to_string().contains("10.1.2.3 is no public address"), "{failure}");
    }
}
