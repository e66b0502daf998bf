//! The connections of whoever reaches the port: the homeserver's, and perhaps those of somebody who should not reach it. All of them
//! have bounds of number, size and time, which a homeserver does not come near.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// How many headers a request may have.
const MOST_HEADERS: usize = 64;
/// How long an answer that is under way may take when the listener ends.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// The pause after the system had no socket to give.
const BREATH: Duration = Duration::from_millis(200);

/// How much whoever connects may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many connections are served at once; further ones wait. Synapse uses a few.
    pub(super) most: usize,
    /// How long the head of a request may take, the time since the one before included.
    pub(super) head_time: Duration,
    /// How long a request may take, with its answer: a transaction is large, and committed to a slow disk.
    pub(super) request_time: Duration,
}

impl Bounds {
    /// What holds for a homeserver.
    pub(super) const USUAL: Self =
        Self { most: 256, head_time: Duration::from_secs(30), request_time: Duration::from_mins(10) };
}

/// Serves until `stopping`, and a moment longer. `full` is told by whom the last place was taken.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    full: impl Fn(IpAddr) + Send + Sync,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(bounds.most));
    let connections = TaskTracker::new();
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, from) = match listener.accept().await {
                Ok((stream, from)) => (stream, from.ip().to_canonical()),
                Err(fault) => {
                    tracing::warn!(%fault, "the homeserver could not be let in");
                    sleep(BREATH).await;
                    continue;
                }
            };
            if places.available_permits() == 0 {
                full(from);
            }
            let (routes, stopping) = (routes.clone(), stopping.clone());
            connections.spawn(async move {
                attend(stream, routes, bounds, stopping).await;
                drop(place);
            });
        }
    };
    let _ = stopping.run_until_cancelled(accepting).await;
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn attend(stream: TcpStream, routes: Router, bounds: Bounds, stopping: CancellationToken) {
    let routes = routes.layer(axum::middleware::from_fn(move |request, next: axum::middleware::Next| async move {
        use axum::response::IntoResponse as _;
        let answered = timeout(bounds.request_time, next.run(request)).await;
        answered.unwrap_or_else(|_| http::StatusCode::REQUEST_TIMEOUT.into_response())
    }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_time)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_WORDS, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(fault) = ended {
        tracing::debug!(%fault, "a connection to the appservice's port ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::SocketAddr,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        task::JoinHandle,
    };

    use super::*;

    const QUICK: Bounds =
        Bounds { most: 2, head_time: Duration::from_millis(300), request_time: Duration::from_millis(300) };

    async fn served(bounds: Bounds) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
        counted(bounds, Arc::default()).await
    }

    /// As [`served`]; `full` counts how often the last place was taken.
    async fn counted(bounds: Bounds, full: Arc<AtomicUsize>) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/never", get(|| async { std::future::pending::<&'static str>().await }));
        let stopping = CancellationToken::new();
        let full = move |_: IpAddr| {
            full.fetch_add(1, Ordering::Relaxed);
        };
        let serving = tokio::spawn(serve(listener, routes, bounds, full, stopping.clone()));
        (address, stopping, serving)
    }

    /// All that is answered to these bytes, until the other side hangs up.
    async fn said(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // Whoever is hung up on in the middle of a word may see that as a fault.
        let _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn whoever_says_nothing_or_too_much_is_not_waited_for() {
        let (address, stopping, serving) = served(QUICK).await;
        assert!(said(address, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ends_with("here"));
        assert_eq!(said(address, b"").await, "", "nothing at all");
        assert!(!said(address, b"GET / HTTP/1.1\r\nHost").await.contains("here"), "half of a head");
        // Exactly as much as is read: what is left unread could take the answer with it.
        let mut long = "GET / HTTP/1.1\r\nX: ".to_owned();
        long.extend(std::iter::repeat_n('x', LARGEST_HEAD - long.len()));
        assert!(said(address, long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MOST_HEADERS + 1));
        assert!(said(address, many.as_bytes()).await.starts_with("HTTP/1.1 431 "));
        let never = said(address, b"GET /never HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(never.starts_with("HTTP/1.1 408 "), "{never}");
        stopping.cancel();
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn only_so_many_are_served_at_once() {
        let patient = Bounds { head_time: Duration::from_mins(10), ..QUICK };
        let full = Arc::<AtomicUsize>::default();
        let (address, stopping, serving) = counted(patient, Arc::clone(&full)).await;
        let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut inside = Vec::new();
        for _ in 0..patient.most {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request).await.unwrap();
            stream.read_exact(&mut [0; 15]).await.unwrap();
            inside.push(stream);
        }
        assert_eq!(full.load(Ordering::Relaxed), 1, "the last place is told of");
        let mut waiting = TcpStream::connect(address).await.unwrap();
        waiting.write_all(request).await.unwrap();
        assert!(timeout(Duration::from_millis(200), waiting.read_u8()).await.is_err(), "it is not its turn");
        drop(inside.pop());
        assert_eq!(timeout(Duration::from_secs(30), waiting.read_u8()).await.unwrap().unwrap(), b'H');
        stopping.cancel();
        serving.await.unwrap();
    }
}
