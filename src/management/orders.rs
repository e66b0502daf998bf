//! What networks gave up doing.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use server::{OrderId, ParkedFilter, ParkedOrder};
use utoipa::ToSchema;

use crate::{
    bodies::{Asked, Body, Place, network, owner},
    desk::{Desk, written},
    problem::{Kind, Problem},
};

/// How many orders stand on one page, unless something else is asked for, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 1000;

/// Something that was to be done on a network, and was given up. What a message says is not told.
#[derive(Serialize, ToSchema)]
pub(crate) struct Order {
    /// Its number.
    id: i64,
    /// Whose order it is.
    account: String,
    /// Whom or what it concerns.
    contact: String,
    /// The network that was to do it.
    network: String,
    /// What was to be done.
    #[schema(example = "say")]
    action: &'static str,
    /// Why it was given up.
    reason: String,
    /// When; null if that is not known.
    #[schema(format = DateTime)]
    given_up: Option<String>,
}

impl From<ParkedOrder> for Order {
    fn from(order: ParkedOrder) -> Self {
        Self {
            id: order.id.0,
            account: order.owner.to_string(),
            contact: order.contact.to_string(),
            network: order.network.to_string(),
            action: order.action.kind(),
            reason: order.reason,
            given_up: order.given_up.map(written),
        }
    }
}

/// Some of the orders that were given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPage {
    orders: Vec<Order>,
    /// What to ask for as `after` for the next page; null on the last.
    next: Option<i64>,
}

/// Which orders are meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderSearch {
    /// Those of this account.
    account: Option<String>,
    /// Those for this network.
    network: Option<String>,
    /// The number after which the page begins.
    #[serde(default)]
    after: i64,
    /// How many orders stand on the page: 1 to 1000, 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Which orders are meant: all that were given up, narrowed by each key that is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderChoice {
    /// Those of this account.
    account: Option<String>,
    /// Those for this network.
    network: Option<String>,
}

/// How many orders it was.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderCount {
    orders: u64,
}

/// List orders that were given up within 30 days, the oldest first
#[utoipa::path(get, path = "/v1/orders", tag = "queues", params(OrderSearch), responses((status = 200, body = OrderPage)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    Asked(search): Asked<OrderSearch>,
) -> Result<Json<OrderPage>, Problem> {
    let limit = search.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::new(Kind::Unfit, format!("limit is {limit}: ask for 1 to {MOST} orders")));
    }
    let filter = filter(search.account.as_deref(), search.network.as_deref())?;
    // One more than is shown says whether there is a next page.
    let mut orders = desk.handle.oversight().parked(&filter, OrderId(search.after), limit + 1).await?;
    let has_more = orders.len() > limit as usize;
    orders.truncate(limit as usize);
    let next = orders.last().filter(|_| has_more).map(|order| order.id.0);
    Ok(Json(OrderPage { orders: orders.into_iter().map(Order::from).collect(), next }))
}

/// Try again what was given up
#[utoipa::path(
    post, path = "/v1/orders/retry", tag = "queues", request_body = OrderChoice, responses((status = 200, body = OrderCount))
)]
pub(crate) async fn retry_all(
    State(desk): State<Desk>,
    Body(choice): Body<OrderChoice>,
) -> Result<Json<OrderCount>, Problem> {
    let filter = filter(choice.account.as_deref(), choice.network.as_deref())?;
    let orders = desk.handle.oversight().retry(&filter).await? as u64;
    Ok(Json(OrderCount { orders }))
}

/// Forget what was given up
#[utoipa::path(
    post, path = "/v1/orders/drop", tag = "queues", request_body = OrderChoice, responses((status = 200, body = OrderCount))
)]
pub(crate) async fn drop_all(
    State(desk): State<Desk>,
    Body(choice): Body<OrderChoice>,
) -> Result<Json<OrderCount>, Problem> {
    let filter = filter(choice.account.as_deref(), choice.network.as_deref())?;
    let orders = desk.handle.oversight().drop_parked(&filter).await?;
    Ok(Json(OrderCount { orders }))
}

/// Try one order again
#[utoipa::path(
    post, path = "/v1/orders/{id}/retry", tag = "queues", params(("id" = i64, Path, description = "The order's number")),
    responses((status = 204))
)]
pub(crate) async fn retry(State(desk): State<Desk>, Place(id): Place<i64>) -> Result<StatusCode, Problem> {
    let tried = desk.handle.oversight().retry(&one(id)?).await?;
    if tried == 0 { Err(no_order(id)) } else { Ok(StatusCode::NO_CONTENT) }
}

/// Forget one order
#[utoipa::path(
    delete, path = "/v1/orders/{id}", tag = "queues", params(("id" = i64, Path, description = "The order's number")),
    responses((status = 204))
)]
pub(crate) async fn drop(State(desk): State<Desk>, Place(id): Place<i64>) -> Result<StatusCode, Problem> {
    let dropped = desk.handle.oversight().drop_parked(&one(id)?).await?;
    if dropped == 0 { Err(no_order(id)) } else { Ok(StatusCode::NO_CONTENT) }
}

/// The order of that number alone. Numbers begin at 1: anything less would mean all of them.
fn one(id: i64) -> Result<ParkedFilter, Problem> {
    if id < 1 {
        return Err(no_order(id));
    }
    Ok(ParkedFilter { order: Some(OrderId(id)), ..ParkedFilter::default() })
}

fn no_order(id: i64) -> Problem {
    Problem::new(Kind::NoOrder, format!("order {id} was not given up, or not any more: GET /v1/orders lists all"))
}

fn filter(account: Option<&str>, named: Option<&str>) -> Result<ParkedFilter, Problem> {
    let no_such =
        |name: &str| Problem::new(Kind::NoNetwork, format!("{name:?} cannot be a network: GET /v1/networks lists all"));
    Ok(ParkedFilter {
        order: None,
        owner: account.map(owner).transpose()?,
        network: named.map(|name| network(name).ok_or_else(|| no_such(name))).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_means_all_orders() {
        for id in [0, -1, i64::MIN] {
            assert_eq!(one(id).unwrap_err().kind, Kind::NoOrder);
        }
        assert_eq!(one(7).unwrap().order, Some(OrderId(7)));
        assert_eq!(filter(Some("ann"), None).unwrap_err().kind, Kind::NoAccount);
        assert_eq!(filter(None, Some("")).unwrap_err().kind, Kind::NoNetwork);
    }
}
