//! The sign-in of clients whose own was patched out: two headers in, one header back.

use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::{
    body,
    routes::{Origin, Web},
};

/// Answers `POST /NotRST.srf`: always 200, with `X-Token` when the password was right.
pub(crate) async fn sign_in(
    State(web): State<Web>,
    Extension(Origin(from)): Extension<Origin>,
    request: Request<Body>,
) -> Response {
    let headers = match body::read(request).await {
        Ok((headers, _)) => headers,
        Err(answer) => return answer,
    };
    let mut answer = StatusCode::OK.into_response();
    if let (Some(passport), Some(password)) = (text(&headers, "x-user"), text(&headers, "x-password"))
        && let Ok(ticket) = web.backend.sign_in(&passport, &password, from).await
        && let Ok(value) = HeaderValue::try_from(ticket.value)
    {
        answer.headers_mut().insert("x-token", value);
    }
    answer
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned())
}
