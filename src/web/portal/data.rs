//! Taking everything along, and leaving.

use ::server::PortalFault;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::{
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat, unseated},
};

#[derive(Template)]
#[template(path = "portal/data.html")]
struct Shown {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "portal/deleted.html")]
struct Deleted {
    frame: Frame,
}

/// Answers `GET /data`.
pub(crate) async fn show(seat: Seat) -> Response {
    frame::page(StatusCode::OK, &Shown { frame: Frame::of(&seat, "/data", "Your data") })
}

/// Answers `POST /data/export`: a file with everything, for the password.
pub(crate) async fn export(Posted { seat, form }: Posted) -> Response {
    let password = form.value("password").unwrap_or_default();
    let whole = match seat.portal.export(&seat.visit, password, seat.from).await {
        Ok(whole) => whole,
        Err(fault) => return onward(&seat, "/data", Err(fault)),
    };
    // Only what can stand in a header as it is.
    let name: String =
        seat.visit.owner.as_str().chars().map(|each| if each.is_ascii_alphanumeric() { each } else { '-' }).collect();
    let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"chrysalis-{name}.json\"")) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, whole).into_response()
}

/// Answers `POST /data/delete`: the account is gone, for the password and a ticked box.
pub(crate) async fn delete(Posted { seat, form }: Posted) -> Response {
    let deleted = if form.value("sure").is_some() {
        let password = form.value("password").unwrap_or_default();
        seat.portal.delete(&seat.visit, password, seat.from).await
    } else {
        Err(PortalFault::Unfit("Tick the box first that says that you are sure. Nothing was deleted.".to_owned()))
    };
    match deleted {
        Ok(()) => {
            let page = Deleted { frame: Frame::bare(&seat.web, "Your account is deleted") };
            unseated(&seat.web, frame::page(StatusCode::OK, &page))
        }
        Err(fault) => onward(&seat, "/data", Err(fault)),
    }
}
