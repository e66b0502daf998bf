//! The listener and its connections.

use std::{sync::Arc, time::Duration};

use axum::extract::Extension;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use server::{Handle, Impatient, Limit, Visitor, attend_all};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{desk::Desk, guard::Peer, program::Program, routes, token::Token};

/// How many connections there may be at once; whoever comes then waits.
const MOST_CONNECTIONS: usize = 32;

/// The largest request head, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// How many headers a request may have.
const MOST_HEADERS: usize = 64;

/// How long a client may take to send a request head, the time between two requests included.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long a client may take nothing of its answer, the token shown or not: else it would keep its place for ever.
const STALL_TIME: Duration = Duration::from_secs(30);

/// How long an answer that is under way may take when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves whoever shows the token, until `stop` is cancelled and some seconds longer.
pub async fn serve(
    listener: TcpListener,
    token: Token,
    handle: Handle,
    program: Arc<dyn Program>,
    stop: CancellationToken,
) {
    let router = routes::router(Desk::new(handle, program, token));
    let attend = |Visitor { stream, from, is_last }: Visitor| {
        if is_last {
            Limit::ManagementConnections.reached(from);
        }
        let (router, stop) = (router.clone().layer(Extension(Peer(from))), stop.clone());
        async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .max_buf_size(LARGEST_HEAD)
                .max_headers(MOST_HEADERS)
                .serve_connection(TokioIo::new(Impatient::new(stream, STALL_TIME)), TowerToHyperService::new(router));
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = tokio::time::timeout(LAST_WORDS, connection).await;
                }
            }
        }
    };
    attend_all(listener, "management", MOST_CONNECTIONS, &stop, attend).await;
}
