//! What the sign-in doctor has found, for whoever cannot sign in with Messenger, and for those who run the server.

use ::doctor::{Cause, Finding, Verdict};
use ::server::PortalFault;
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{
    clock,
    frame::{self, Frame},
    onward,
    seat::{Posted, Seat},
};
use crate::{again, examinations::Wish};

#[derive(Template)]
#[template(path = "portal/doctor.html")]
struct Diagnosis {
    frame: Frame,
    /// When the last one was made.
    at: Option<String>,
    is_under_way: bool,
    /// What follows the address where the browser loads it again by itself.
    again: Option<String>,
    faults: Vec<Shown>,
    others: Vec<Shown>,
}

/// One finding, as far as the visitor may see it.
struct Shown {
    title: &'static str,
    is_well: bool,
    cause: Option<Cause>,
    /// What was seen, which says how the server stands in its network: for those who run it.
    seen: Option<String>,
}

impl Shown {
    fn new(finding: &Finding, is_admin: bool) -> Self {
        Self {
            title: finding.check.title(),
            is_well: finding.verdict == Verdict::Well,
            cause: finding.verdict.cause(),
            seen: is_admin.then(|| finding.seen.clone()),
        }
    }
}

/// Answers `GET /doctor`.
pub(crate) async fn show(seat: Seat) -> Response {
    let (last, is_under_way) = seat.web.examinations.last();
    let shown =
        last.iter().flat_map(|last| last.findings.iter()).map(|finding| Shown::new(finding, seat.visit.is_admin));
    let (faults, others) = shown.partition(|shown| shown.cause.is_some());
    let page = Diagnosis {
        frame: Frame::of(&seat, "/doctor", "It does not sign in"),
        at: last.as_ref().map(|last| clock::written(last.at)),
        is_under_way,
        again: again::next(&seat.query, is_under_way),
        faults,
        others,
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /doctor`: the server examines itself.
pub(crate) async fn examine(Posted { seat, .. }: Posted) -> Response {
    let begun = match seat.web.examinations.begin() {
        Wish::Begun | Wish::UnderWay => Ok("The server examines itself. This page shows what it finds.".to_owned()),
        Wish::TooSoon => Err(PortalFault::Unfit("It did so a moment ago. Wait a minute.".to_owned())),
    };
    onward(&seat, "/doctor", begun)
}
