//! Who is signed in to an account.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use server::{BrowserLine, Present};
use utoipa::ToSchema;

use crate::{
    accounts::known,
    bodies::Place,
    desk::{Desk, written},
    problem::{Kind, Problem},
};

/// Who is signed in to an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The Messenger that is signed in; null if none is.
    messenger: Option<Messenger>,
    /// The browsers that are signed in, the one that was used last first.
    browsers: Vec<Browser>,
}

/// A Messenger that is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Messenger {
    /// What it speaks.
    #[schema(example = "MSNP12")]
    protocol: String,
    /// From where it is connected.
    from: String,
    /// Since when it is signed in.
    #[schema(format = DateTime)]
    since: String,
}

impl From<Present> for Messenger {
    fn from(present: Present) -> Self {
        Self { protocol: present.dialect.to_owned(), from: present.from.to_string(), since: written(present.since) }
    }
}

/// A browser that is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Browser {
    /// What it is known by here; no secret.
    id: String,
    /// What it calls itself.
    agent: String,
    /// From where it was last seen.
    from: String,
    /// When it signed in.
    #[schema(format = DateTime)]
    begun: String,
    /// When it was last seen, within some minutes.
    #[schema(format = DateTime)]
    seen: String,
}

impl From<BrowserLine> for Browser {
    fn from(BrowserLine { id, agent, address, begun, seen }: BrowserLine) -> Self {
        Self { id, agent, from: address, begun: written(begun), seen: written(seen) }
    }
}

/// List who is signed in to an account
#[utoipa::path(
    get, path = "/v1/accounts/{address}/sessions", tag = "sessions",
    params(("address" = String, Path, description = "The account's address")), responses((status = 200, body = Sessions))
)]
pub(crate) async fn list(State(desk): State<Desk>, Place(address): Place<String>) -> Result<Json<Sessions>, Problem> {
    let owner = known(&desk, &address).await?;
    let oversight = desk.handle.oversight();
    let messenger = oversight.messenger(&owner).await.map(Messenger::from);
    let browsers = oversight.browsers(&owner).await?.into_iter().map(Browser::from).collect();
    Ok(Json(Sessions { messenger, browsers }))
}

/// Sign everybody out who is signed in to an account. A Messenger that keeps its password can sign in again by itself
#[utoipa::path(
    delete, path = "/v1/accounts/{address}/sessions", tag = "sessions",
    params(("address" = String, Path, description = "The account's address")), responses((status = 204))
)]
pub(crate) async fn end_all(State(desk): State<Desk>, Place(address): Place<String>) -> Result<StatusCode, Problem> {
    let owner = known(&desk, &address).await?;
    desk.handle.oversight().end_sessions(&owner).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign Messenger out. One that keeps its password can sign in again by itself
#[utoipa::path(
    delete, path = "/v1/accounts/{address}/sessions/messenger", tag = "sessions",
    params(("address" = String, Path, description = "The account's address")), responses((status = 204))
)]
pub(crate) async fn end_messenger(
    State(desk): State<Desk>,
    Place(address): Place<String>,
) -> Result<StatusCode, Problem> {
    let owner = known(&desk, &address).await?;
    desk.handle.oversight().end_messenger(&owner);
    Ok(StatusCode::NO_CONTENT)
}

/// Sign one browser out
#[utoipa::path(
    delete, path = "/v1/accounts/{address}/sessions/browsers/{id}", tag = "sessions",
    params(
        ("address" = String, Path, description = "The account's address"),
        ("id" = String, Path, description = "What the browser is known by"),
    ),
    responses((status = 204))
)]
pub(crate) async fn end_browser(
    State(desk): State<Desk>,
    Place((address, id)): Place<(String, String)>,
) -> Result<StatusCode, Problem> {
    let owner = known(&desk, &address).await?;
    if desk.handle.oversight().end_browser(&owner, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("no such browser is signed in to {owner}: GET /v1/accounts/{owner}/sessions lists all");
    Err(Problem::new(Kind::NoSession, detail))
}
