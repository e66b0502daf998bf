//! Reading what a client sends, within limits.

use std::time::Duration;

use ::server::Limit;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::routes::Origin;

/// The largest request body, in bytes. A request for eight tokens has about 5 000.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The headers and the whole body of a request; else the answer to give.
pub(crate) async fn read(request: Request<Body>) -> Result<(HeaderMap, Bytes), Response> {
    let (head, body) = request.into_parts();
    let from = Origin::of(&head);
    let too_large = || {
        Limit::RequestSize.reached(from);
        StatusCode::PAYLOAD_TOO_LARGE.into_response()
    };
    if announced(&head.headers).is_some_and(|length| length > LARGEST_BODY) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(collected)) => Ok((head.headers, collected.to_bytes())),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST.into_response()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
