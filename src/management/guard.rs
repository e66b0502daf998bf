//! Who is let in: whoever shows the token. Wrong ones are counted by the address that they come from.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Extension, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};
use server::{Limit, subscriber};
use tokio::task::JoinError;
use tracing::{debug, error, info, warn};

use crate::{
    desk::Desk,
    problem::{Kind, Problem},
};

/// What everybody may read: it describes the routes, which are no secret.
pub(crate) const DESCRIPTION: &str = "/openapi.json";

/// How many wrong tokens one address may show within [`WITHIN`]; each is told of in the log until then.
const MOST_WRONG: u32 = 10;

/// See [`MOST_WRONG`].
const WITHIN: Duration = Duration::from_mins(1);

/// How many addresses are remembered; when there are more, all are forgotten. A guess at 256 bits is no likelier for that.
const MOST_ADDRESSES: usize = 1024;

/// How long an answer may take. A network is asked for half a minute at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where somebody comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Wrong tokens, by where they come from.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Failures {
    /// Counts one more; where there are too many, how long to wait.
    fn count(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, (since, _)| now.duration_since(*since) < WITHIN);
        if counts.len() >= MOST_ADDRESSES {
            counts.clear();
        }
        let (since, count) = counts.entry(subscriber(from)).or_insert((now, 0));
        *count = count.saturating_add(1);
        (*count > MOST_WRONG).then(|| WITHIN.saturating_sub(now.duration_since(*since)))
    }
}

/// Lets in whoever shows the token, and notes what they change. The right token is let in however many wrong ones came from the same
/// address: else whoever may connect could keep those out who run the server.
pub(crate) async fn guard(
    State(desk): State<Desk>,
    Extension(Peer(from)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let is_question = [Method::GET, Method::HEAD].contains(request.method());
    if !(is_question && request.uri().path() == DESCRIPTION)
        && let Err(problem) = admit(&desk, from, request.headers(), Instant::now())
    {
        return problem.into_response();
    }
    // In a task of its own: what was begun is done to its end, and noted, also where whoever asked goes away.
    let answering = tokio::spawn(async move {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = next.run(request).await;
        let status = response.status().as_u16();
        if is_question {
            debug!(%from, path, status, "the management API was asked");
        } else {
            info!(%from, %method, path, status, "the management API was told to do something");
        }
        response
    });
    answering.await.unwrap_or_else(|fault| broken(&fault))
}

fn admit(desk: &Desk, from: IpAddr, headers: &HeaderMap, now: Instant) -> Result<(), Problem> {
    const HOW: &str = "send the token of management.token_file, as in Authorization: Bearer TOKEN";
    let Some(shown) = headers.get(header::AUTHORIZATION) else {
        return Err(Problem::new(Kind::NoToken, HOW));
    };
    let shown = shown.to_str().ok().and_then(|value| value.split_once(' '));
    let token = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    if token.is_some_and(|token| desk.token.is(token)) {
        return Ok(());
    }
    if let Some(wait) = desk.failures.count(from, now) {
        Limit::ManagementTokens.reached(from);
        let detail = format!("wait a minute, and {HOW}");
        return Err(Problem::new(Kind::TooManyWrongTokens, detail).after(wait));
    }
    warn!(%from, "a wrong token was shown to the management API");
    Err(Problem::new(Kind::WrongToken, HOW))
}

fn broken(fault: &JoinError) -> Response {
    error!(%fault, "an answer of the management API was broken off");
    let detail = "the server has a fault, which stands in its log: look whether it was done, and report it";
    Problem::new(Kind::Broken, detail).into_response()
}

/// Answers in bounded time. What was begun is done to its end.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    let answering = tokio::spawn(next.run(request));
    let Ok(answered) = tokio::time::timeout(PATIENCE, answering).await else {
        let detail = "there was no answer within a minute: look a little later whether it was done";
        return Problem::new(Kind::TooSlow, detail).into_response();
    };
    answered.unwrap_or_else(|fault| broken(&fault))
}

/// What every answer says: nobody keeps it, and nobody takes it for anything else than it says it is.
pub(crate) async fn head(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tokens_are_counted_by_where_they_come_from() {
        let (failures, now) = (Failures::default(), Instant::now());
        let [one, neighbour, other] =
            ["2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1"].map(|text| text.parse::<IpAddr>().unwrap());
        for _ in 0..MOST_WRONG {
            assert_eq!(failures.count(one, now), None);
        }
        assert_eq!(failures.count(neighbour, now + Duration::from_secs(20)), Some(Duration::from_secs(40)));
        assert_eq!(failures.count(other, now), None);
        assert_eq!(failures.count(one, now + WITHIN), None, "a minute later it is forgotten");
    }

    #[test]
    fn not_more_addresses_are_remembered_than_there_is_room_for() {
        let (failures, now) = (Failures::default(), Instant::now());
        for number in 0..=MOST_ADDRESSES as u32 {
            failures.count(IpAddr::from(number.to_be_bytes()), now);
        }
        assert_eq!(failures.0.lock().unwrap().len(), 1);
    }
}
