//! What Messenger fetches for itself: its configuration, its tabs, its advertisements (none), and the redirects behind its menus.
//!
//! The forms are those described by yellows111's pages on `MsgrConfig`. Nothing here pretends: what this server does not have is
//! switched off or left out, so that Messenger shows no empty panel in its place.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{Request, StatusCode, header};

use crate::{body, routes::Web};

/// The configuration document.
#[derive(Template)]
#[template(path = "configuration.xml")]
struct Configuration {
    /// This server's host name, whose links Messenger follows without asking.
    host: String,
    /// The page of the Today window and of the one tab.
    today: String,
    /// A picture of the tab, 36 to 32 pixels: one that Messenger has itself.
    tab_picture: &'static str,
    /// A page with nothing on it.
    none: String,
    /// The page that says what a profile is here.
    profile: String,
    /// The page that says what one may do with this server.
    about: String,
}

impl Configuration {
    fn new(web: &Web) -> Self {
        Self {
            host: web.public_url.host_str().unwrap_or_default().to_owned(),
            today: web.address("/messenger/today"),
            tab_picture: "res:bell",
            none: web.address("/messenger/none"),
            profile: web.address("/messenger/profile"),
            about: web.address("/"),
        }
    }
}

/// The same inside SOAP.
#[derive(Template)]
#[template(path = "configuration_soap.xml")]
struct ConfigurationBySoap {
    configuration: Configuration,
}

/// The tabs alone, as clients before `MsgrConfig` fetched them.
#[derive(Template)]
#[template(path = "tabs.xml")]
struct Tabs {
    today: String,
    tab_picture: &'static str,
}

/// Answers `GET /Config/MsgrConfig.asmx`: the bare document.
pub(crate) async fn configuration(State(web): State<Web>) -> Response {
    xml(&Configuration::new(&web))
}

/// Answers `POST /Config/MsgrConfig.asmx`: the document as character data inside SOAP. What the client says of itself changes
/// nothing.
pub(crate) async fn configuration_by_soap(State(web): State<Web>, request: Request<Body>) -> Response {
    match body::read(request).await {
        Ok(_) => xml(&ConfigurationBySoap { configuration: Configuration::new(&web) }),
        Err(answer) => answer,
    }
}

/// Answers `GET /svcs/mms/tabs.asp`.
pub(crate) async fn tabs(State(web): State<Web>) -> Response {
    let Configuration { today, tab_picture, .. } = Configuration::new(&web);
    xml(&Tabs { today, tab_picture })
}

/// Answers `GET /svcs/mms/portal.asp`, the Today page of older clients.
pub(crate) async fn portal(State(web): State<Web>) -> Response {
    Redirect::to(&web.address("/messenger/today")).into_response()
}

/// Answers what asks for an advertisement: a page with nothing on it.
pub(crate) async fn no_advertisement() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "max-age=86400")];
    (headers, "<html><head><title></title></head><body></body></html>").into_response()
}

/// Answers the redirects of `g.msn.com`, such as `/5meen_us/60`, on which Messenger's menus are built: one that has a counterpart
/// here leads there, any other to the page that says what this server is.
pub(crate) async fn link(State(web): State<Web>, Path((market, link)): Path<(String, String)>) -> Response {
    let is_menu = market.starts_with(|first: char| first.is_ascii_digit()) && market.contains('_');
    match link.as_str() {
        _ if !is_menu => StatusCode::NOT_FOUND.into_response(),
        // The member directory.
        "106" => Redirect::to(&web.address("/messenger/profile")).into_response(),
        _ => Redirect::to(&web.address("/")).into_response(),
    }
}

fn xml(document: &impl Template) -> Response {
    match document.render() {
        Ok(document) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "a document cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
