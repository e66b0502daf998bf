//! The listener and its connections.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use domain::NetworkName;
use http::{StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use server::{Limit, Visitor, attend_all};
use tokio::{net::TcpListener, time::interval};
use tokio_util::sync::CancellationToken;

use crate::{Measures, Observed, health};

/// How many may look at once; whoever comes then waits.
const MOST_CONNECTIONS: usize = 32;

/// How long somebody may take to ask, the time between two questions included.
const ASKING: Duration = Duration::from_mins(1);

/// How long somebody may look altogether, before they have to come anew: whoever takes nothing of an answer keeps no place.
const LOOKING: Duration = Duration::from_mins(10);

/// The largest head of a question, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// How many headers a question may have.
const MOST_HEADERS: usize = 64;

/// How long an answer that is under way may take when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often measures are put together while nobody looks.
const TIDY: Duration = Duration::from_secs(5);

/// How it is looked at.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The networks without which the server is not ready.
    pub needed: Vec<NetworkName>,
}

struct Desk {
    observed: Arc<dyn Observed>,
    measures: Measures,
    needed: Vec<NetworkName>,
}

/// Serves until `stop` is cancelled, and a moment longer.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    measures: Measures,
    observed: Arc<dyn Observed>,
    stop: CancellationToken,
) {
    let desk = Arc::new(Desk { observed, measures: measures.clone(), needed: settings.needed });
    let router = Router::new()
        .route("/metrics", get(figures))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(desk);
    let attend = |Visitor { stream, from, is_last }: Visitor| {
        if is_last {
            Limit::OperationsConnections.reached(from);
        }
        let (router, stop) = (router.clone(), stop.clone());
        async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(ASKING)
                .max_buf_size(LARGEST_HEAD)
                .max_headers(MOST_HEADERS)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = tokio::time::timeout(LOOKING, connection.as_mut()) => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = tokio::time::timeout(LAST_WORDS, connection).await;
                }
            }
        }
    };
    let tidying = async {
        let mut beats = interval(TIDY);
        while stop.run_until_cancelled(beats.tick()).await.is_some() {
            measures.tidy();
        }
    };
    tokio::join!(attend_all(listener, "operations", MOST_CONNECTIONS, &stop, attend), tidying);
}

async fn figures(State(desk): State<Arc<Desk>>) -> Response {
    desk.observed.look_up_figures().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], desk.measures.text()).into_response()
}

async fn live() -> &'static str {
    "alive\n"
}

async fn ready(State(desk): State<Arc<Desk>>) -> Response {
    let (ready, document) = health::told(&desk.observed.readiness().await, &desk.needed);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(document)).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use server::Readiness;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    /// A server whose database can be taken away.
    #[derive(Default)]
    struct Double {
        cannot_write: AtomicBool,
    }

    #[async_trait]
    impl Observed for Double {
        async fn readiness(&self) -> Readiness {
            Readiness {
                stopping: false,
                store: self.cannot_write.load(Ordering::Relaxed).then(|| "the disk is full".to_owned()),
                listeners_gone: Vec::new(),
                networks: Vec::new(),
            }
        }

        async fn look_up_figures(&self) {
            metrics::gauge!("looked_up").set(1.0);
        }
    }

    #[tokio::test]
    async fn whoever_asks_is_told_until_the_server_stops() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (double, stop) = (Arc::new(Double::default()), CancellationToken::new());
        let measures = Measures::begin().unwrap();
        let settings = Settings { needed: Vec::new() };
        let serving = serve(listener, settings, measures, Arc::clone(&double) as Arc<dyn Observed>, stop.clone());
        let serving = tokio::spawn(serving);
        let get = async |path: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        assert!(get("/health/live").await.starts_with("HTTP/1.1 200 OK"));
        let answer = get("/health/ready").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"ready\":true"), "{answer}");
        double.cannot_write.store(true, Ordering::Relaxed);
        let answer = get("/health/ready").await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("the disk is full"), "{answer}");
        let answer = get("/metrics").await;
        assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
        assert!(answer.lines().any(|line| line == "looked_up 1"), "{answer}");
        assert!(get("/").await.starts_with("HTTP/1.1 404 "));
        // Exactly as much as is read: what is left unread could take the answer with it.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut long = b"GET / HTTP/1.1\r\nX: ".to_vec();
        long.resize(LARGEST_HEAD, b'x');
        stream.write_all(&long).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        stop.cancel();
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
