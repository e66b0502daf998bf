//! Where the homeserver reaches us.

mod connections;
mod thirdparty;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use bridge::Bound;
use ruma::UserId;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::connections::Bounds;
use crate::{appservice::Appservice, receiving::Refusal};

/// The largest transaction: Synapse puts up to a hundred events of 64 KiB into one, and more that is not events.
const LARGEST_TRANSACTION: usize = 64 * 1024 * 1024;

type Answer = (StatusCode, Json<Value>);

/// Takes hold of the port, so that a port in use is told before anything runs.
pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers the homeserver until `stopping`.
pub(crate) async fn serve(appservice: Arc<Appservice>, listener: TcpListener, stopping: CancellationToken) {
    let token = appservice.configuration.hs_token.clone();
    let host = Arc::clone(&appservice.host);
    let routes = Router::new()
        .route("/_matrix/app/v1/transactions/{id}", put(transaction))
        .layer(DefaultBodyLimit::max(LARGEST_TRANSACTION))
        .route("/_matrix/app/v1/ping", post(ping))
        .route("/_matrix/app/v1/users/{user}", get(user))
        .route("/_matrix/app/v1/rooms/{alias}", get(nothing))
        .route("/_matrix/app/v1/thirdparty/protocol/{protocol}", get(thirdparty::protocol))
        .route("/_matrix/app/v1/thirdparty/user/{protocol}", get(thirdparty::user))
        .route("/_matrix/app/v1/thirdparty/user", get(thirdparty::account))
        .route("/_matrix/app/v1/thirdparty/location/{protocol}", get(thirdparty::location))
        .route("/_matrix/app/v1/thirdparty/location", get(thirdparty::location))
        .fallback(unrecognised)
        .with_state(appservice);
    let full = move |from: IpAddr| host.reached(Bound::Connections, &from.to_string());
    run(routes, token, listener, full, stopping).await;
}

/// Answers pings until `stopping`, and asks for everything else to be sent later: for a check beside which nothing runs.
pub(crate) async fn serve_pings(token: String, listener: TcpListener, stopping: CancellationToken) {
    // A ping makes the homeserver send what it holds back, and here is nobody to keep it.
    let routes = Router::new().route("/_matrix/app/v1/ping", post(well)).fallback(not_now);
    let full = |from: IpAddr| tracing::warn!(%from, "as many are connected as may be; others wait");
    run(routes, token, listener, full, stopping).await;
}

async fn run(
    routes: Router,
    token: String,
    listener: TcpListener,
    full: impl Fn(IpAddr) + Send + Sync,
    stopping: CancellationToken,
) {
    let routes = routes.layer(middleware::from_fn_with_state(Arc::<str>::from(token), admit));
    connections::serve(listener, routes, Bounds::USUAL, full, stopping).await;
}

/// Lets in whoever shows `hs_token`.
async fn admit(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .map(|shown| constant_time_eq::constant_time_eq(shown, token.as_bytes()));
    match shown {
        Some(true) => next.run(request).await,
        Some(false) => {
            tracing::warn!("a request with a wrong hs_token; the homeserver may have an older registration");
            shut_out(answer(StatusCode::FORBIDDEN, "M_FORBIDDEN", "this is not the hs_token of this appservice"))
        }
        None => shut_out(answer(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "hs_token is missing")),
    }
}

/// Whoever is not the homeserver keeps no place, and nothing more of what they send is read.
fn shut_out(answer: Answer) -> Response {
    ([(header::CONNECTION, "close")], answer).into_response()
}

async fn transaction(State(appservice): State<Arc<Appservice>>, Path(id): Path<String>, body: Bytes) -> Answer {
    // Once begun, it is finished, though the homeserver may hang up: half of it must not be signalled.
    let receiver = Arc::clone(&appservice);
    match appservice.tasks.spawn(async move { receiver.receive(&id, &body).await }).await {
        Ok(Ok(())) => (StatusCode::OK, Json(json!({}))),
        Ok(Err(refusal @ Refusal::Form(_))) => {
            tracing::error!(%refusal, "a transaction cannot be read");
            answer(StatusCode::BAD_REQUEST, "M_BAD_JSON", &refusal.to_string())
        }
        Ok(Err(refusal @ Refusal::Early)) => {
            tracing::info!(%refusal, "a transaction is turned away, so that the homeserver begins with the oldest it has");
            answer(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", "one before it is missing; send that first")
        }
        Ok(Err(refusal @ Refusal::Host(_))) => {
            tracing::error!(%refusal, "a transaction cannot be kept; the homeserver is asked to send it again");
            appservice.refused.notify_one();
            answer(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "it cannot be kept now; send it again")
        }
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "it could not be finished; send it again"),
    }
}

async fn ping(State(appservice): State<Arc<Appservice>>) -> Answer {
    appservice.pings.fetch_add(1, Ordering::Relaxed);
    well().await
}

async fn well() -> Answer {
    (StatusCode::OK, Json(json!({})))
}

/// Makes a ghost that is asked for before the homeserver knows it, where there is such an account.
async fn user(State(appservice): State<Arc<Appservice>>, Path(user): Path<String>) -> Answer {
    let Some((user, account)) = UserId::parse(user)
        .ok()
        .and_then(|user| appservice.configuration.names.account(&user).map(|account| (user, account)))
    else {
        return nothing().await;
    };
    match appservice.has_account(&account).await {
        Ok(true) => match appservice.homeserver.acting_as(&user).register().await {
            Ok(()) => (StatusCode::OK, Json(json!({}))),
            Err(trouble) => answer(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", &trouble.to_string()),
        },
        Ok(false) => nothing().await,
        Err(fault) => answer(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", &fault.to_string()),
    }
}

async fn nothing() -> Answer {
    answer(StatusCode::NOT_FOUND, "M_NOT_FOUND", "there is no such thing here")
}

async fn unrecognised() -> Answer {
    answer(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "this appservice does not know this request")
}

async fn not_now() -> Answer {
    answer(
        StatusCode::SERVICE_UNAVAILABLE,
        "M_UNKNOWN",
        "Chrysalis is not running, only being checked; send it again later",
    )
}

fn answer(status: StatusCode, code: &str, text: &str) -> Answer {
    (status, Json(json!({ "errcode": code, "error": text })))
}
