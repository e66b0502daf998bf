//! Files of other networks, by an address that cannot be guessed: what a Messenger user clicks where a transfer is not possible.
//!
//! The files come from strangers. A browser shows only pictures and sounds, runs nothing, and guesses no type.

use ::server::MediaFile;
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Request, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::routes::Web;

/// The longest token that is looked up, in bytes.
const LONGEST_TOKEN: usize = 128;

/// What stands unescaped in a file's name: RFC 5987's `attr-char`, less what only makes trouble.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// Answers `GET /media/{token}/{name}`; the name is for people only.
pub(crate) async fn serve(
    State(web): State<Web>,
    Path((token, _)): Path<(String, String)>,
    request: Request<Body>,
) -> Response {
    let found = if token.len() <= LONGEST_TOKEN { web.backend.media(&token).await } else { None };
    match found {
        Some(file) => send(&file, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn send(file: &MediaFile, request: Request<Body>) -> Response {
    let shown = is_shown(&file.media_type);
    let media_type = if shown { file.media_type.as_str() } else { "application/octet-stream" };
    let Ok(media_type) = media_type.parse() else { return StatusCode::NOT_FOUND.into_response() };
    // It answers conditions and ranges, and sends the file in pieces.
    let sent = ServeFile::new_with_mime(&file.path, &media_type).oneshot(request).await;
    let Ok(sent) = sent;
    let mut answer = sent.map(Body::new);
    if answer.status() == StatusCode::NOT_FOUND {
        tracing::warn!(path = %file.path.display(), "a media file is gone");
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = if shown { "inline" } else { "attachment" };
    let name = utf8_percent_encode(&file.name, NAME);
    let disposition = HeaderValue::try_from(format!("{kind}; filename*=UTF-8''{name}"));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Whether a browser may show it: what it shows without running anything.
fn is_shown(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif") || media_type.starts_with("audio/")
}
