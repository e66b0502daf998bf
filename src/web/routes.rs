//! Which path is answered by whom.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{Request, StatusCode, request::Parts};
use url::Url;

use crate::{
    authority::Backend, body, examinations::Examinations, gateway, guard, linking, media, mirror, pages, passport,
    patched, portal, rst, services, visit::Visits,
};

/// What every handler may know.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) public_url: Arc<Url>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) gateway: Arc<gateway::Sessions>,
    pub(crate) visits: Arc<Visits>,
    pub(crate) notes: Arc<portal::Notes>,
    /// How many pictures may be handed over at once.
    pub(crate) uploads: Arc<tokio::sync::Semaphore>,
    pub(crate) mirror: Arc<::doctor::Mirror>,
    pub(crate) examinations: Arc<Examinations>,
}

impl Web {
    /// The address of one of this server's own pages; `path` begins with a slash.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// As [`Web::address`], for a browser that is on one of them: whatever it calls this server, it stays there.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.path().trim_end_matches('/'))
    }

    /// Whether browsers reach these pages by TLS alone.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// Where a request came from.
#[derive(Clone, Copy)]
pub(crate) struct Origin(pub(crate) IpAddr);

impl Origin {
    /// That of a request.
    pub(crate) fn of(parts: &Parts) -> IpAddr {
        parts.extensions.get::<Self>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |origin| origin.0)
    }
}

/// Everything this server answers. What is not here is 404 with nothing in it: clients of the time fetch configuration files
/// from the login host, and go on without.
pub(crate) fn routes(web: Web) -> Router {
    Router::new()
        .route("/", get(portal::front).post(knock))
        .merge(sign_in())
        .merge(client_services())
        .merge(user_pages())
        .merge(link_pages())
        .merge(portal::routes())
        .route("/media/{token}/{name}", get(media::serve))
        .route(::doctor::MIRROR_PATH, get(mirror::show))
        .layer(map_response(guard::guarded))
        // No browser asks there, and Messenger does so every few seconds.
        .route("/gateway/gateway.dll", post(gateway::serve))
        .with_state(web)
}

fn sign_in() -> Router<Web> {
    Router::new()
        .route("/rdr/pprdr.asp", get(passport::redirector))
        .route("/nexus", get(passport::whole_redirector))
        .route("/login.srf", get(passport::login))
        .route("/login2.srf", get(passport::login))
        .route("/RST.srf", post(rst::sign_in))
        .route("/NotRST.srf", post(patched::sign_in))
}

/// What Messenger fetches for itself once it is signed in.
fn client_services() -> Router<Web> {
    Router::new()
        .route("/Config/MsgrConfig.asmx", get(services::configuration).post(services::configuration_by_soap))
        .route("/config/MsgrConfig.asmx", get(services::configuration).post(services::configuration_by_soap))
        .route("/svcs/mms/tabs.asp", get(services::tabs))
        .route("/svcs/mms/portal.asp", get(services::portal))
        .route("/ADSAdClient31.dll", get(services::no_advertisement))
        .route("/messenger/none", get(services::no_advertisement))
        .route("/{market}/{link}", get(services::link))
}

/// What Messenger opens in a browser for its user.
fn user_pages() -> Router<Web> {
    Router::new()
        .route("/messenger/today", get(pages::today))
        .route("/messenger/inbox", get(pages::inbox))
        .route("/messenger/compose", get(pages::compose))
        .route("/messenger/profile", get(pages::profile))
        .route("/messenger/password", get(pages::password).post(pages::change_password))
        .route("/messenger/login", get(pages::login).post(pages::sign_in))
}

/// Where a user who was given such an address links an account.
fn link_pages() -> Router<Web> {
    Router::new()
        .route("/link/{token}", get(linking::show).post(linking::answer))
        .route("/link/{token}/back", get(linking::back))
}

/// Messenger posts to the root of the login host to see whether it is there.
async fn knock(request: Request<Body>) -> Response {
    match body::read(request).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(answer) => answer,
    }
}
