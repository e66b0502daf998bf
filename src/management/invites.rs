//! Codes by which people make themselves accounts.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use server::InviteLine;
use utoipa::ToSchema;

use crate::{
    bodies::{Body, Place},
    desk::{Desk, written},
    problem::{Kind, Problem},
};

/// A code that was made; the code itself is told only when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invite {
    /// What it is known by here; no secret.
    id: String,
    /// Who made it: an account, or the server's own contact for what was made here.
    maker: String,
    /// For whom, in its maker's words.
    note: String,
    /// From when on it is good no more.
    #[schema(format = DateTime)]
    expires: String,
    /// How many accounts may still be made by it.
    remaining: u32,
}

impl From<InviteLine> for Invite {
    fn from(InviteLine { id, maker, note, expires, remaining }: InviteLine) -> Self {
        Self { id, maker: maker.to_string(), note, expires: written(expires), remaining }
    }
}

/// A code that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeInvite {
    /// The code, which is told only now.
    code: String,
    #[serde(flatten)]
    invite: Invite,
}

/// A code that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvite {
    /// For whom, to tell it from others by.
    #[serde(default)]
    note: String,
    /// How many accounts may be made by it: 1 to 100, 1 if left out.
    #[serde(default = "one_account")]
    #[schema(minimum = 1, maximum = 100)]
    uses: u32,
    /// For how many days it is good: 1 to 365, 7 if left out.
    #[serde(default = "one_week")]
    #[schema(minimum = 1, maximum = 365)]
    days: u32,
}

const fn one_account() -> u32 {
    1
}

const fn one_week() -> u32 {
    7
}

/// List the invite codes by which accounts can be made now, the newest first
#[utoipa::path(get, path = "/v1/invites", tag = "invites", responses((status = 200, body = [Invite])))]
pub(crate) async fn list(State(desk): State<Desk>) -> Result<Json<Vec<Invite>>, Problem> {
    let invites = desk.handle.oversight().invites().await?;
    Ok(Json(invites.into_iter().map(Invite::from).collect()))
}

/// Make an invite code; it is told only now
#[utoipa::path(
    post, path = "/v1/invites", tag = "invites", request_body = NewInvite, responses((status = 201, body = MadeInvite))
)]
pub(crate) async fn make(
    State(desk): State<Desk>,
    Body(NewInvite { note, uses, days }): Body<NewInvite>,
) -> Result<(StatusCode, Json<MadeInvite>), Problem> {
    let (code, line) = desk.handle.oversight().make_invite(None, &note, uses, days).await?;
    Ok((StatusCode::CREATED, Json(MadeInvite { code, invite: Invite::from(line) })))
}

/// Take an invite code back
#[utoipa::path(
    delete, path = "/v1/invites/{id}", tag = "invites", params(("id" = String, Path, description = "What the code is known by")),
    responses((status = 204))
)]
pub(crate) async fn revoke(State(desk): State<Desk>, Place(id): Place<String>) -> Result<StatusCode, Problem> {
    if desk.handle.oversight().revoke_invite(&id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(Kind::NoInvite, "no such code is good now: GET /v1/invites lists all"))
}
