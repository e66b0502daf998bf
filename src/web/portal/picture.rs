//! An account's picture: shown, handed over, taken away.

use ::server::{Limit, PortalFault};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State, multipart::MultipartError},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::Limited;

use super::{
    frame, onward,
    seat::{PROOF, Posted, Seat},
};
use crate::routes::Web;

/// The largest picture that is taken, in bytes, with what a form puts around it.
const LARGEST: usize = 8 << 20;

/// How long a browser may take to hand it over.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Answers `GET /profile/picture`.
pub(crate) async fn show(seat: Seat) -> Response {
    match seat.portal.picture(&seat.visit.owner).await {
        Ok(Some((bytes, media_type))) => {
            let headers = [
                (header::CONTENT_TYPE, media_type.as_str()),
                (header::CACHE_CONTROL, "private, no-cache"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Answers `POST /profile/picture`: a file, from a form that proves itself before it.
pub(crate) async fn change(State(web): State<Web>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let seat = match Seat::of_post(&web, &parts).await {
        Ok(seat) => seat,
        Err(answer) => return answer,
    };
    // Each is held in memory until it is read whole.
    let Ok(_place) = web.uploads.try_acquire() else {
        Limit::Uploads.reached(&seat.visit.owner);
        let fault = PortalFault::Unfit("Others are handing over pictures just now: try again in a minute.".to_owned());
        return onward(&seat, "/profile", Err(fault));
    };
    let mut request = Request::from_parts(parts, Body::new(Limited::new(body, LARGEST)));
    // Without this a form ends after 2 MB, whatever is said elsewhere.
    DefaultBodyLimit::disable().apply(&mut request);
    let too_large = || PortalFault::Unfit("That did not arrive: choose a picture of less than 8 MB.".to_owned());
    let picture = match tokio::time::timeout(PATIENCE, handed_over(&seat, request)).await {
        Ok(Ok(picture)) => picture,
        Ok(Err(Unread::NotOurs)) => return frame::not_ours(&web),
        Ok(Err(Unread::TooLarge)) => {
            Limit::RequestSize.reached(&seat.visit.owner);
            return onward(&seat, "/profile", Err(too_large()));
        }
        Ok(Err(Unread::Broken)) | Err(_) => return onward(&seat, "/profile", Err(too_large())),
    };
    let done = seat.portal.set_picture(&seat.visit.owner, picture).await;
    onward(&seat, "/profile", done.map(|()| "That is your picture now.".to_owned()))
}

/// Answers `POST /profile/picture/remove`.
pub(crate) async fn remove(Posted { seat, .. }: Posted) -> Response {
    let done = seat.portal.remove_picture(&seat.visit.owner).await;
    onward(&seat, "/profile", done.map(|()| "You have no picture now.".to_owned()))
}

/// Why nothing was handed over.
enum Unread {
    /// The form is not ours.
    NotOurs,
    /// It is too large.
    TooLarge,
    /// It broke off, or is no form at all.
    Broken,
}

impl From<MultipartError> for Unread {
    fn from(fault: MultipartError) -> Self {
        if fault.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Broken }
    }
}

/// The file of a form, of which the first field has to prove that it is ours.
async fn handed_over(seat: &Seat, request: Request) -> Result<Bytes, Unread> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Unread::Broken)?;
    let first = form.next_field().await?.ok_or(Unread::NotOurs)?;
    if first.name() != Some(PROOF) {
        return Err(Unread::NotOurs);
    }
    let proof = first.text().await?;
    if !seat.has_sent(Some(&proof)) {
        return Err(Unread::NotOurs);
    }
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("picture") {
            return Ok(field.bytes().await?);
        }
    }
    Err(Unread::Broken)
}
