//! The page by which this server shows that it is the one that is asked.

use ::doctor::{Mirror, Passage};
use axum::{
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};

use crate::{form::Form, routes::Web};

/// Answers `GET /doctor/mirror`: to a nonce what no other server answers, and beside it the headers of which old clients compare the
/// letters, so that whoever asks sees what a proxy makes of them.
pub(crate) async fn show(State(web): State<Web>, Extension(passage): Extension<Passage>, uri: Uri) -> Response {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    let Some(shown) = query.value("nonce").and_then(|nonce| web.mirror.answer(nonce, passage)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let mut answer = (plain, shown).into_response();
    for (name, value) in Mirror::headers() {
        if let Ok(name) = HeaderName::try_from(name) {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    answer
}
