//! RST, the SOAP by which Messenger 7.5 asks for its tickets: a Request for Security Tokens.

mod answer;
mod checking;
mod request;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use http::{Request, StatusCode, header};

use self::request::TokenRequest;
use crate::{
    Refusal, body, passport,
    routes::{Origin, Web},
};

pub(crate) use checking::check;

/// Answers `POST /RST.srf`. A wrong password is a fault inside a 200, as the real service gave it.
pub(crate) async fn sign_in(
    State(web): State<Web>,
    Extension(Origin(from)): Extension<Origin>,
    request: Request<Body>,
) -> Response {
    let body = match body::read(request).await {
        Ok((_, body)) => body,
        Err(answer) => return answer,
    };
    let request = match TokenRequest::read(&body) {
        Ok(request) => request,
        Err(fault) => {
            tracing::debug!(%fault, "a malformed request for tokens");
            return soap(StatusCode::BAD_REQUEST, answer::malformed());
        }
    };
    if ::doctor::is_nobody(&request.passport) {
        let is_at_work = web.backend.is_at_work().await;
        return if is_at_work { soap(StatusCode::OK, answer::failed(now())) } else { passport::unavailable() };
    }
    match web.backend.sign_in(&request.passport, &request.password, from).await {
        Ok(ticket) => soap(StatusCode::OK, answer::granted(&request, &ticket, now())),
        Err(Refusal::WrongCredentials) => soap(StatusCode::OK, answer::failed(now())),
        Err(Refusal::TooManyAttempts { retry_after }) => {
            let wait = [(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())];
            (wait, soap(StatusCode::OK, answer::failed(now()))).into_response()
        }
        Err(Refusal::Unavailable) => passport::unavailable(),
    }
}

fn soap(status: StatusCode, envelope: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, envelope).into_response()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
