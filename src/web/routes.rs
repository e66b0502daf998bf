//! Which path is answered by whom.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{Request, StatusCode};
use url::Url;

use crate::{Authority, body, page, passport, patched, rst};

/// What every handler may know.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) public_url: Arc<Url>,
    pub(crate) authority: Arc<dyn Authority>,
}

/// Where a request came from.
#[derive(Clone, Copy)]
pub(crate) struct Origin(pub(crate) IpAddr);

/// Everything this server answers. What is not here is 404 with nothing in it: clients of the time fetch configuration files
/// from the login host, and go on without.
pub(crate) fn routes(web: Web) -> Router {
    Router::new()
        .route("/", get(page::show).post(knock))
        .route("/rdr/pprdr.asp", get(passport::redirector))
        .route("/nexus", get(passport::whole_redirector))
        .route("/login.srf", get(passport::login))
        .route("/login2.srf", get(passport::login))
        .route("/RST.srf", post(rst::sign_in))
        .route("/NotRST.srf", post(patched::sign_in))
        .with_state(web)
}

/// Messenger posts to the root of the login host to see whether it is there.
async fn knock(request: Request<Body>) -> Response {
    match body::read(request).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(answer) => answer,
    }
}
