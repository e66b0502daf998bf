//! Pages as a browser is handed them, with what it may do with each.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};

/// For whom a page is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Made {
    /// Browsers of today: our style sheet and our pictures, and forms that are known by the origin that they name.
    ForToday,
    /// Those of Messenger's time too: the style stands in it, and nobody is told its address, which may be a secret.
    ForMessenger,
}

/// A page whose forms lead back here.
pub(crate) fn page(made: Made, status: StatusCode, template: &impl Template) -> Response {
    answer(made, "'self'", status, template)
}

/// A page of which a form may lead elsewhere: browsers hold the place to which a posted form is sent on against `form-action` as well, and
/// which that is, the page does not know before it is asked.
pub(crate) fn page_to_elsewhere(made: Made, status: StatusCode, template: &impl Template) -> Response {
    answer(made, "'self' https: http:", status, template)
}

fn answer(made: Made, forms: &str, status: StatusCode, template: &impl Template) -> Response {
    let (sources, referrer) = match made {
        Made::ForToday => ("style-src 'self'; img-src 'self'", "same-origin"),
        Made::ForMessenger => ("style-src 'unsafe-inline'", "no-referrer"),
    };
    let policy = format!("default-src 'none'; {sources}; form-action {forms}; frame-ancestors 'none'; base-uri 'none'");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, referrer),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    match template.render() {
        Ok(page) => (status, headers, page).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "a page cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
