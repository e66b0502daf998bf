//! How homeservers are found and spoken to: the configured one as it is configured, any other only at public addresses.
//!
//! Whoever names a Matrix account names a server with it, and so an address that this program connects to. It must not be made to knock on
//! doors inside its own network: every connection to another homeserver than the configured one goes through a resolver that knows public
//! addresses alone, and nothing is gone to because a server points there.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::OnceLock,
    time::Duration,
};

use bridge::Failure;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use ruma::{OwnedServerName, ServerName};
use serde::Deserialize;
use url::{Host, Url};

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
            others: Guarded { scheme: "https", may_reach: is_public, client: OnceLock::new() },
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
    may_reach: fn(IpAddr) -> bool,
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
        once(&self.client, || client().dns_resolver(Resolver { may_reach: self.may_reach }))
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
            Some(address) if !(self.may_reach)(address) => {
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
#[derive(Clone, Copy)]
struct Resolver {
    may_reach: fn(IpAddr) -> bool,
}

#[derive(Debug, thiserror::Error)]
#[error("it has no public address")]
struct NotPublic;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let may_reach = self.may_reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<_> = found.filter(|address| may_reach(address.ip())).collect();
            if reachable.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (RFC 6890 and the registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        0 | 240..=255 => true,
        // Shared by the customers of a provider.
        100 => second & 0xc0 == 64,
        192 => second == 0 && third == 0,
        // Benchmarks.
        198 => second & 0xfe == 18,
        _ => false,
    };
    !(is_special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only these are given out to the public, and in them are some for documentation and protocols.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200)) && first != 0x3fff
}

/// The address of the older kind that one of the newer kind leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 || low > 1 => Some(of(high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, response::Redirect, routing::get};
    use ruma::OwnedServerName;
    use serde_json::json;

    use super::*;

    const fn everywhere(_: IpAddr) -> bool {
        true
    }

    fn guarded(may_reach: fn(IpAddr) -> bool) -> Guarded {
        Guarded { scheme: "http", may_reach, client: OnceLock::new() }
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
        assert_eq!(guarded(everywhere).find(&server).await, Ok(base));
        let itself = serve(homeserver()).await;
        assert_eq!(guarded(everywhere).find(&itself).await, Ok(format!("http://{itself}")));
    }

    #[tokio::test]
    async fn what_is_no_homeserver_is_refused() {
        let refused = async |router: Router| match guarded(everywhere).find(&serve(router).await).await {
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
        let failure = guarded(is_public).find(&server).await.unwrap_err();
        assert!(failure.to_string().contains("no public address"), "{failure}");
        let literal = ServerName::parse(server.as_str().replace("localhost", "127.0.0.1")).unwrap();
        let failure = guarded(is_public).find(&literal).await.unwrap_err();
        assert!(failure.to_string().contains("127.0.0.1 is no public address"), "{failure}");
        // Only what the server points to is inside.
        let pointing = serve(telling(json!({ "m.homeserver": { "base_url": "http://10.1.2.3" } }).to_string())).await;
        let only_here: fn(IpAddr) -> bool = |address| address.is_loopback();
        let failure = guarded(only_here).find(&pointing).await.unwrap_err();
        assert!(failure.to_string().contains("10.1.2.3 is no public address"), "{failure}");
    }

    #[test]
    fn public_addresses() {
        for public in ["1.1.1.1", "8.8.8.8", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inner in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
    }
}
