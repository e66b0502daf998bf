//! The HTTP listener and its connections.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use ::doctor::{Doctor, Mirror, Passage};
use ::server::{Impatient, Limit};
use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use url::Url;

use crate::{
    authority::Backend,
    crowd::Crowd,
    examinations::Examinations,
    gateway::Sessions,
    portal::Notes,
    routes::{Origin, Web, routes},
    spelling::Respelled,
    visit::Visits,
};

/// How many connections are served at once; further ones wait in the kernel's queue. Each session of the gateway keeps about one.
const MOST_CONNECTIONS: usize = 4096;

/// How many pictures may be handed over at once: each is held in memory, with at most 8 MB.
const MOST_UPLOADS: usize = 16;
/// The largest request head, in bytes. A Passport 1.4 sign-in has well under one thousand.
const LARGEST_HEAD: usize = 16 * 1024;
/// How many headers a request may have.
const MOST_HEADERS: usize = 64;
/// How long a client may take to send a request head, the idle time between two requests included: a client of the gateway polls
/// every few seconds.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long a client may take nothing of its answer.
const STALL_TIME: Duration = Duration::from_secs(30);
/// How long a request under way may take to end when the connection has to.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// The pause after the system had no socket to give.
const BREATH: Duration = Duration::from_millis(200);

/// How the server is reached.
#[derive(Clone)]
pub struct Settings {
    /// The URL under which clients reach this listener, through whatever stands before it. `http` or `https`.
    pub public_url: Url,
    /// The proxies that stand before it, whose `X-Forwarded-For` is believed. Without it everybody behind one proxy would share
    /// one address, and with that one count of failed sign-ins.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many connections one address may have, trusted proxies and this machine itself apart. It can be changed while the server
    /// runs; who is connected stays.
    pub connections_per_address: Arc<AtomicUsize>,
    /// How long a session of the HTTP gateway outlives its last request. What it had not shown to have received is then given to the
    /// account's next session.
    pub gateway_idle: Duration,
    /// Who examines how this server is reached, when somebody wants that on a page.
    pub doctor: Doctor,
}

/// Serves until `stop` is cancelled; returns when the last connection has ended, a few seconds later at most.
pub async fn serve(listener: TcpListener, settings: Settings, backend: Arc<dyn Backend>, stop: CancellationToken) {
    let gateway = Arc::new(Sessions::new(settings.gateway_idle));
    let router = routes(Web {
        public_url: Arc::new(settings.public_url),
        backend,
        gateway: Arc::clone(&gateway),
        visits: Arc::new(Visits::default()),
        notes: Arc::new(Notes::default()),
        uploads: Arc::new(Semaphore::new(MOST_UPLOADS)),
        mirror: Arc::new(Mirror::default()),
        examinations: Arc::new(Examinations::new(settings.doctor, stop.clone())),
    });
    let proxies: Arc<[IpAddr]> = settings.trusted_proxies.iter().map(IpAddr::to_canonical).collect();
    let crowd = Crowd::new(settings.connections_per_address, Arc::clone(&proxies));
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, peer) = accept(&listener).await;
            let Some(own_place) = crowd.enter(peer) else { continue };
            if places.available_permits() == 0 {
                Limit::WebConnections.reached(peer);
            }
            let (router, stop) = (router.clone(), stop.clone());
            let proxies = Arc::clone(&proxies);
            connections.spawn(async move {
                attend(stream, (peer, proxies), router, stop).await;
                drop((place, own_place));
            });
        }
    };
    let _ = stop.run_until_cancelled(async { tokio::join!(accepting, gateway.expire()) }).await;
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection, and whose it is: an IPv4 address is one also where the listener is for IPv6 too, since limits and proxies
/// are named by it.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip().to_canonical()),
            // The client may be gone again, or the process out of descriptors: neither may end the listener, nor spin it.
            Err(fault) => {
                tracing::warn!(%fault, "a web connection could not be accepted");
                sleep(BREATH).await;
            }
        }
    }
}

/// Serves one connection until the client leaves, is idle for too long, or the server stops.
async fn attend(stream: TcpStream, (peer, proxies): (IpAddr, Arc<[IpAddr]>), router: Router, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let from = origin(peer, request.headers(), &proxies);
        let passage = passage(peer, request.headers(), &proxies);
        answer(router.clone(), (from, passage), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(Respelled::new(Impatient::new(stream, STALL_TIME))), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
    };
    let ended = if let Some(ended) = ended {
        Ok(ended)
    } else {
        connection.as_mut().graceful_shutdown();
        timeout(LAST_WORDS, connection).await
    };
    if let Ok(Err(fault)) = ended {
        tracing::debug!(%fault, "a web connection ended early");
    }
}

/// Whom a request comes from: the peer, or, when that is a trusted proxy, the last in its chain who is not one. What stands before
/// something that is no address was not written by a trusted proxy and is worth nothing.
fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let chain = headers.get_all("x-forwarded-for").into_iter().rev();
    let hops = chain.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    let addresses = hops.map_while(|hop| hop.trim().parse().ok()).map(|hop: IpAddr| hop.to_canonical());
    addresses.into_iter().find(|hop| !proxies.contains(hop)).unwrap_or(peer)
}

/// How a request came: who says that they ask for somebody else, is a proxy, or takes themselves for one.
fn passage(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Passage {
    match (headers.contains_key("x-forwarded-for"), proxies.contains(&peer)) {
        (false, _) => Passage::Direct,
        (true, true) => Passage::Trusted,
        (true, false) => Passage::Untrusted,
    }
}

async fn answer(
    router: Router,
    (from, passage): (IpAddr, Passage),
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    // An answer to HEAD announces a body that does not come, which the spelling of a next answer could not see through.
    if request.method() == Method::HEAD {
        return Ok((StatusCode::METHOD_NOT_ALLOWED, [(header::CONNECTION, "close")]).into_response());
    }
    request.extensions_mut().insert(Origin(from));
    request.extensions_mut().insert(passage);
    router.oneshot(request.map(Body::new)).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "203.0.113.1, 203.0.113.9".parse().unwrap());
        headers.append("x-forwarded-for", "127.0.0.2".parse().unwrap());
        let proxies = [ip("127.0.0.1"), ip("127.0.0.2")];
        assert_eq!(
            origin(ip("127.0.0.1"), &headers, &proxies),
            ip("203.0.113.9"),
            "what a client wrote itself counts less"
        );
        assert_eq!(origin(ip("198.51.100.7"), &headers, &proxies), ip("198.51.100.7"), "a stranger's word is nothing");
        assert_eq!(origin(ip("127.0.0.1"), &HeaderMap::new(), &proxies), ip("127.0.0.1"));
    }

    #[test]
    fn what_stands_before_something_that_is_no_address_is_not_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let [proxy, other] = [ip("127.0.0.1"), ip("127.0.0.2")];
        for (chain, wanted) in [
            ("203.0.113.1, unknown", proxy),
            ("203.0.113.1, unknown, 127.0.0.2", proxy),
            ("203.0.113.1,", proxy),
            ("203.0.113.1, \u{e9}", proxy),
            ("unknown, 203.0.113.9, 127.0.0.2", ip("203.0.113.9")),
            ("203.0.113.1, ::ffff:203.0.113.9, ::ffff:127.0.0.2", ip("203.0.113.9")),
        ] {
            let mut headers = HeaderMap::new();
            headers.append("x-forwarded-for", http::HeaderValue::from_bytes(chain.as_bytes()).unwrap());
            assert_eq!(origin(proxy, &headers, &[proxy, other]), wanted, "{chain}");
        }
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "203.0.113.1".parse().unwrap());
        headers.append("x-forwarded-for", http::HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(origin(proxy, &headers, &[proxy]), proxy);
    }

    proptest! {
        #[test]
        fn whoever_asks_is_the_peer_or_somebody_whom_a_trusted_proxy_names(
            peer in prop::sample::select(vec!["127.0.0.1", "198.51.100.7"]),
            chain in "(203\\.0\\.113\\.[0-9]|127\\.0\\.0\\.[12]|::ffff:127\\.0\\.0\\.2|2001:db8::[0-9]|, ?|[g-z;_]){0,9}",
        ) {
            let ip = |text: &str| text.parse::<IpAddr>().unwrap();
            let (peer, proxies) = (ip(peer), [ip("127.0.0.1"), ip("127.0.0.2")]);
            let mut headers = HeaderMap::new();
            headers.append("x-forwarded-for", chain.parse().unwrap());
            let from = origin(peer, &headers, &proxies);
            let is_named = chain.contains(&from.to_string()) && proxies.contains(&peer) && !proxies.contains(&from);
            prop_assert!(from == peer || is_named, "{from} of {chain:?}");
        }
    }

    #[tokio::test]
    async fn an_ipv4_client_of_a_listener_for_both_has_its_ipv4_address() {
        let Ok(listener) = TcpListener::bind("[::]:0").await else {
            println!("skipped: this machine has no IPv6");
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let _client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(accept(&listener).await.1, "127.0.0.1".parse::<IpAddr>().unwrap());
    }
}
