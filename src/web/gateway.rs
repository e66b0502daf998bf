//! The HTTP gateway: Messenger's bytes in the bodies of requests, for clients behind proxies that let nothing else through.
//!
//! A client opens a session to a notification server or a switchboard, then posts commands to it or polls it, one request at a
//! time. Each response names the session anew: the part after the dot changes, and only the latest is good. As described by
//! hypothetic.org (HTTP connections), NINA's HTTP Gateway page and aMSN's proxy code.

mod order;
mod session;
mod sessions;

use std::net::IpAddr;
use std::time::Duration;

use ::server::Limit;
use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};

use self::{
    order::Order,
    session::{Answer, Carriage, Fault},
};
use crate::{
    body,
    routes::{Origin, Web},
};

pub(crate) use sessions::Sessions;

/// How long a response to commands waits for the first of their answers. Most come at once; a command without an answer must not
/// hold back the next, since a client has one request at a time.
const ANSWER_TIME: Duration = Duration::from_millis(250);

/// The longest that a poll may wait for something.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// The longest name of this server that is believed, in bytes.
const LONGEST_HOST: usize = 253 + 6;

/// The header that names the session; its spelling is seen to on the way out.
const SESSION: HeaderName = HeaderName::from_static("x-msn-messenger");

/// Answers `POST /gateway/gateway.dll`.
pub(crate) async fn serve(
    State(web): State<Web>,
    Extension(Origin(from)): Extension<Origin>,
    request: Request<Body>,
) -> Response {
    let order = Order::read(request.uri().query().unwrap_or_default());
    let host = host(request.uri(), request.headers()).unwrap_or_else(|| {
        let host = web.public_url.host_str().unwrap_or_default();
        web.public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    });
    let bytes = match body::read(request).await {
        Ok((_, bytes)) => bytes,
        Err(answer) => return answer,
    };
    let Some(order) = order else { return refusal(Fault::Malformed) };
    let carried = match order {
        Order::Open => open(&web, from, &Carriage { bytes, patience: ANSWER_TIME }).await,
        Order::Commands { id } => web.gateway.exchange(id, &Carriage { bytes, patience: ANSWER_TIME }).await,
        Order::Poll { id, lifespan } => {
            web.gateway.exchange(id, &Carriage { bytes, patience: lifespan.min(LONGEST_POLL) }).await
        }
    };
    carried.map_or_else(refusal, |answer| respond(&answer, &host))
}

async fn open(web: &Web, from: IpAddr, carriage: &Carriage) -> Result<Answer, Fault> {
    let session = web.backend.open_gateway(from).ok_or(Fault::TooMany)?;
    let id = web.gateway.open(session, from).inspect_err(|_| Limit::GatewaySessions.reached(from))?;
    web.gateway.exchange(id, carriage).await
}

fn respond(answer: &Answer, host: &str) -> Response {
    let end = if answer.ended { "; Session=close" } else { "" };
    let Ok(session) = HeaderValue::try_from(format!("SessionID={}; GW-IP={host}{end}", answer.id)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (SESSION, session),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-msn-messenger")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (headers, answer.bytes.clone()).into_response()
}

fn refusal(fault: Fault) -> Response {
    tracing::debug!(%fault, "a request to the gateway was refused");
    match fault {
        Fault::Malformed | Fault::Unknown | Fault::Overlapping => StatusCode::BAD_REQUEST.into_response(),
        Fault::TooMany | Fault::Stuck => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")]).into_response()
        }
    }
}

/// What the client calls this server: it leads back here, which a name of our own might not, from within the client's network. Only
/// what can be a host and a port is believed, since it is sent back in a header.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| uri.authority().map(http::uri::Authority::as_str))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (!host.is_empty() && host.len() <= LONGEST_HOST && host.bytes().all(plain)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_is_believed() {
        let named = |name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(name).unwrap());
            host(&Uri::from_static("/gateway/gateway.dll"), &headers)
        };
        for name in ["gateway.messenger.hotmail.com", "127.0.0.1:8080", "[::1]:80"] {
            assert_eq!(named(name).as_deref(), Some(name));
        }
        for name in ["", "a; Session=close", "a b", "a,b", "a\"b", &"a".repeat(300)] {
            assert_eq!(named(name), None, "{name}");
        }
        let absolute = Uri::from_static("http://gateway.messenger.hotmail.com/gateway/gateway.dll");
        assert_eq!(host(&absolute, &HeaderMap::new()).as_deref(), Some("gateway.messenger.hotmail.com"));
    }
}
