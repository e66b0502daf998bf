//! What every answer tells a browser that it may do with it, whatever it is: an error, a redirect, a document for Messenger.

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// What holds where a page does not say something else of itself: it is no page, loads nothing, stands in no frame, is what it says it is,
/// is kept by nobody, and its address is told to nobody.
const USUAL: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The answer, with what it does not say itself.
pub(crate) async fn guarded(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in USUAL {
        headers.entry(name).or_insert(value);
    }
    answer
}
