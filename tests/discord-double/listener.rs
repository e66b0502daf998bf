//! The listener: one port for the API, the gateway and the files.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::shared::Shared;
use crate::{cdn, gateway, rest};

/// That a connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is ended on purpose")
    }
}

impl std::error::Error for Cut {}

/// Lets clients in until the task is ended; all connections end with it.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                if !shared.look(|world| world.rules.gone) {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// One connection, until it ends or the double is gone.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| route(Arc::clone(&shared), request));
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut bell = shared.bell();
    tokio::pin!(serving);
    loop {
        tokio::select! {
            // How a client ends its connection is its own affair.
            _ = &mut serving => return,
            changed = bell.changed() => {
                if changed.is_err() || shared.look(|world| world.rules.gone) {
                    return;
                }
            }
        }
    }
}

async fn route(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response, Cut> {
    shared.while_it_hangs().await;
    let (mut parts, body) = request.map(Body::new).into_parts();
    let path = parts.uri.path().to_owned();
    if let Some(path) = path.strip_prefix("/api/v10/") {
        return rest::answer(&shared, &parts, path, body).await;
    }
    if let Some(path) = path.strip_prefix("/cdn/") {
        return Ok(cdn::answer(&shared, &parts, path));
    }
    if matches!(path.trim_end_matches('/'), "/gateway" | "/resume") {
        return Ok(gateway::answer(shared, &mut parts).await);
    }
    shared.change(|world| world.tally.violation(format!("no such path: {} {path}", parts.method)));
    Ok(respond(404, Vec::new(), "text/plain", Bytes::from_static(b"not found")))
}

/// An answer of this status, headers, kind and bytes.
pub(crate) fn respond(status: u16, headers: Vec<(&'static str, String)>, kind: &'static str, bytes: Bytes) -> Response {
    let empty = bytes.is_empty();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !empty {
        response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
