//! Networks, whether they can be reached, and how much waits for them.

use axum::{Json, extract::State};
use serde::Serialize;
use server::{NetworkLine, Reach};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, written},
    problem::Problem,
};

/// A network.
#[derive(Serialize, ToSchema)]
pub(crate) struct Network {
    /// What the configuration calls it.
    #[schema(example = "matrix")]
    name: String,
    /// Whether it is on. One that is off is listed where something waits for it.
    on: bool,
    /// Whether its own server can be reached.
    reach: Reached,
    /// Whether accounts link themselves to it.
    linkable: bool,
    /// How many links to it are open: every account has one.
    links: usize,
    /// How many could not be opened; they are tried again every 15 seconds.
    unopened_links: usize,
    queue: Queue,
}

/// Whether a network's own server can be reached.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Reach)]
pub(crate) enum Reached {
    /// It answered when it was asked last, or is connected.
    Reachable,
    /// It did not answer when it was asked last: it is tried again.
    Away,
    /// Nobody has asked it.
    Unknown,
}

/// What waits for a network.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queue {
    /// How many orders wait, those that are being carried out included.
    waiting: u64,
    /// When the oldest message among them was said; null if there is none.
    #[schema(format = DateTime)]
    oldest: Option<String>,
    /// How many were given up within 30 days; `GET /v1/orders` lists them.
    given_up: u64,
}

impl From<NetworkLine> for Network {
    fn from(line: NetworkLine) -> Self {
        Self {
            name: line.name.to_string(),
            on: line.is_on,
            reach: match line.reach {
                Reach::Answers => Reached::Reachable,
                Reach::Away => Reached::Away,
                Reach::Unknown => Reached::Unknown,
            },
            linkable: line.is_linkable,
            links: line.links,
            unopened_links: line.unopened,
            queue: Queue { waiting: line.waiting, oldest: line.oldest.map(written), given_up: line.parked },
        }
    }
}

/// List the networks, whether they can be reached, and how much waits for them
#[utoipa::path(get, path = "/v1/networks", tag = "networks", responses((status = 200, body = [Network])))]
pub(crate) async fn list(State(desk): State<Desk>) -> Result<Json<Vec<Network>>, Problem> {
    let networks = desk.handle.oversight().networks().await?;
    Ok(Json(networks.into_iter().map(Network::from).collect()))
}
