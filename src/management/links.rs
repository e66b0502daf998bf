//! Links that accounts make themselves.

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use server::{LinkAnswers, LinkLine, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, TaskStage, Through};
use utoipa::ToSchema;

use crate::{
    accounts::known,
    bodies::{Answers, Asked, Body, Place, network},
    desk::Desk,
    problem::{Kind, Problem},
};

/// How many links stand on one page, unless something else is asked for, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// A link that an account has made itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    /// The network, as the configuration calls it.
    #[schema(example = "matrix")]
    network: String,
    /// As whom the account is there, as the network writes it.
    #[schema(example = "@ann:example.org")]
    identity: String,
    /// Whether it works.
    state: Health,
    /// What somebody has to do first, where it waits for that.
    ask: Option<String>,
    /// Why it has stopped, where it has: until it is linked anew.
    reason: Option<String>,
    /// What works less well than it could, and what to do.
    notes: Vec<String>,
}

/// Whether a link works.
#[derive(Serialize, ToSchema, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[schema(as = LinkState)]
pub(crate) enum Health {
    /// It connects, or waits until it may try again.
    Connecting,
    /// It works.
    Connected,
    /// Somebody has to do something on the network first.
    Waiting,
    /// It has stopped, until it is linked anew.
    Failed,
}

impl From<LinkLine> for Link {
    fn from(LinkLine { network, status: LinkStatus { identity, state, notes } }: LinkLine) -> Self {
        let (state, ask, reason) = match state {
            LinkState::Connecting => (Health::Connecting, None, None),
            LinkState::Connected => (Health::Connected, None, None),
            LinkState::Waiting { ask } => (Health::Waiting, Some(ask), None),
            LinkState::Failed { reason } => (Health::Failed, None, Some(reason)),
        };
        Self { network, identity, state, ask, reason, notes }
    }
}

/// A link, and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnedLink {
    /// The account's address.
    account: String,
    #[serde(flatten)]
    link: Link,
}

impl OwnedLink {
    /// Where it stands among all.
    fn place(&self) -> (&str, &str) {
        (&self.account, &self.link.network)
    }
}

/// One thing that a network asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Step {
    /// The name of the answer.
    key: String,
    /// The question.
    ask: String,
    /// Whether the answer is a secret.
    secret: bool,
}

impl From<LinkStep> for Step {
    fn from(LinkStep { key, ask, secret }: LinkStep) -> Self {
        Self { key: key.to_owned(), ask, secret }
    }
}

/// A way in which an account can be linked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Way {
    /// Its name.
    key: String,
    /// What it is.
    says: String,
    /// Whether it is done in a browser alone, on a page that is asked for.
    in_browser: bool,
    /// What is asked.
    steps: Vec<Step>,
}

impl From<LinkWay> for Way {
    fn from(LinkWay { key, says, steps, through }: LinkWay) -> Self {
        let in_browser = matches!(through, Through::Browser { .. });
        Self { key: key.to_owned(), says, in_browser, steps: steps.into_iter().map(Step::from).collect() }
    }
}

/// Something that can be done with a link.
#[derive(Serialize, ToSchema)]
pub(crate) struct Task {
    /// Its name.
    key: String,
    /// What it does, or what is waited for.
    says: String,
    /// What is asked.
    steps: Vec<Step>,
    /// How far it has come.
    stage: Stage,
}

/// How far a task has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskStage)]
pub(crate) enum Stage {
    /// It was not begun.
    Idle,
    /// It goes on when somebody elsewhere has done something: look again.
    WaitsElsewhere,
    /// It goes on when the account's user has decided.
    WaitsHere,
}

impl From<LinkTask> for Task {
    fn from(LinkTask { key, says, steps, stage, .. }: LinkTask) -> Self {
        let stage = match stage {
            TaskStage::Idle => Stage::Idle,
            TaskStage::WaitsElsewhere => Stage::WaitsElsewhere,
            TaskStage::WaitsHere => Stage::WaitsHere,
        };
        Self { key: key.to_owned(), says, steps: steps.into_iter().map(Step::from).collect(), stage }
    }
}

/// What there is to see of one account and one network.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkPicture {
    /// The link that the account has made; null if it has made none.
    link: Option<Link>,
    /// The ways in which it can be linked.
    ways: Vec<Way>,
    /// What can be done with the link.
    tasks: Vec<Task>,
}

/// The answers to a way in which an account is to be linked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// The way; if left out, that which asks for just what is answered.
    way: Option<String>,
    /// The answer to each step, by its key.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    answers: LinkAnswers,
}

/// What came of a task.
#[derive(Serialize, ToSchema)]
pub(crate) struct Said {
    /// In whole sentences.
    said: String,
}

/// A page on which an account links itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkPage {
    /// Its address, good for a quarter of an hour: whoever opens it links the account, so it is a secret.
    #[schema(format = "uri")]
    address: String,
}

/// Some of all links.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkList {
    links: Vec<OwnedLink>,
    /// How many links there are that are meant, on this page or not.
    count: usize,
    /// What to ask for as `after` for the next page; null on the last.
    #[schema(example = "ann@msn.example/matrix")]
    next: Option<String>,
}

/// Which links are meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSearch {
    /// Those to this network.
    network: Option<String>,
    /// Those that are so: `failed`, say.
    #[param(inline)]
    state: Option<Health>,
    /// The link after which the page begins, as the page before says.
    #[serde(default)]
    after: String,
    /// How many links stand on the page: 1 to 1000, 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// List the links of all accounts, in the order of their addresses
#[utoipa::path(get, path = "/v1/links", tag = "links", params(LinkSearch), responses((status = 200, body = LinkList)))]
pub(crate) async fn list_all(
    State(desk): State<Desk>,
    Asked(search): Asked<LinkSearch>,
) -> Result<Json<LinkList>, Problem> {
    let limit = search.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::new(Kind::Unfit, format!("limit is {limit}: ask for 1 to {MOST} links")));
    }
    let meant = match &search.network {
        None => None,
        Some(name) => {
            let linkable = desk.handle.linking().networks();
            let found = network(name).filter(|network| linkable.contains(network));
            Some(found.ok_or_else(|| Problem::no_network(name, &linkable))?)
        }
    };
    let links = desk.handle.oversight().links(meant.as_ref()).await;
    let owned = links.into_iter().map(|(owner, line)| OwnedLink { account: owner.to_string(), link: line.into() });
    let is_meant = |owned: &OwnedLink| search.state.is_none_or(|state| owned.link.state == state);
    let mut owned: Vec<OwnedLink> = owned.filter(is_meant).collect();
    owned.sort_by(|one, other| one.place().cmp(&other.place()));
    let count = owned.len();
    // No network has a slash in its name.
    let after = search.after.rsplit_once('/').unwrap_or((&search.after, ""));
    let mut links: Vec<OwnedLink> = owned.into_iter().filter(|owned| owned.place() > after).take(limit + 1).collect();
    let has_more = links.len() > limit;
    links.truncate(limit);
    let last = links.last().filter(|_| has_more).map(OwnedLink::place);
    let next = last.map(|(account, network)| format!("{account}/{network}"));
    Ok(Json(LinkList { links, count, next }))
}

/// List the ways in which accounts link themselves to a network
#[utoipa::path(
    get, path = "/v1/networks/{network}/ways", tag = "links",
    params(("network" = String, Path, description = "The network, as the configuration calls it")),
    responses((status = 200, body = [Way]))
)]
pub(crate) async fn ways(State(desk): State<Desk>, Place(network): Place<String>) -> Result<Json<Vec<Way>>, Problem> {
    let ways = desk.handle.linking().ways(&network)?;
    Ok(Json(ways.into_iter().map(Way::from).collect()))
}

/// List the links of an account
#[utoipa::path(
    get, path = "/v1/accounts/{address}/links", tag = "links",
    params(("address" = String, Path, description = "The account's address")), responses((status = 200, body = [Link]))
)]
pub(crate) async fn list(State(desk): State<Desk>, Place(address): Place<String>) -> Result<Json<Vec<Link>>, Problem> {
    let owner = known(&desk, &address).await?;
    let links = desk.handle.linking().links(&owner).await?;
    Ok(Json(links.into_iter().map(Link::from).collect()))
}

/// Get the link of an account to a network, the ways in which it can be linked, and what can be done with it
#[utoipa::path(
    get, path = "/v1/accounts/{address}/links/{network}", tag = "links",
    params(
        ("address" = String, Path, description = "The account's address"),
        ("network" = String, Path, description = "The network, as the configuration calls it"),
    ),
    responses((status = 200, body = LinkPicture))
)]
pub(crate) async fn get(
    State(desk): State<Desk>,
    Place((address, network)): Place<(String, String)>,
) -> Result<Json<LinkPicture>, Problem> {
    let owner = known(&desk, &address).await?;
    let linking = desk.handle.linking();
    let ways = linking.ways(&network)?;
    let link = linking.links(&owner).await?.into_iter().find(|line| line.network.eq_ignore_ascii_case(&network));
    let tasks = linking.tasks(&owner, &network).await?;
    Ok(Json(LinkPicture {
        link: link.map(Link::from),
        ways: ways.into_iter().map(Way::from).collect(),
        tasks: tasks.into_iter().map(Task::from).collect(),
    }))
}

/// Link an account to a network by its answers to one of the ways, in place of an earlier link
#[utoipa::path(
    post, path = "/v1/accounts/{address}/links/{network}", tag = "links", request_body = NewLink,
    params(
        ("address" = String, Path, description = "The account's address"),
        ("network" = String, Path, description = "The network, as the configuration calls it"),
    ),
    responses((status = 201, body = Link))
)]
pub(crate) async fn begin(
    State(desk): State<Desk>,
    Place((address, network)): Place<(String, String)>,
    Body(NewLink { way, answers }): Body<NewLink>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    let owner = known(&desk, &address).await?;
    let status = desk.handle.linking().link(&owner, &network, way.as_deref(), answers).await?;
    Ok((StatusCode::CREATED, Json(Link::from(LinkLine { network, status }))))
}

/// Get a page for somebody's browser, on which the account is linked in any way, or something is done with its link
#[utoipa::path(
    post, path = "/v1/accounts/{address}/links/{network}/page", tag = "links",
    params(
        ("address" = String, Path, description = "The account's address"),
        ("network" = String, Path, description = "The network, as the configuration calls it"),
    ),
    responses((status = 201, body = LinkPage))
)]
pub(crate) async fn page(
    State(desk): State<Desk>,
    Place((address, name)): Place<(String, String)>,
) -> Result<(StatusCode, Json<LinkPage>), Problem> {
    let owner = known(&desk, &address).await?;
    let linking = desk.handle.linking();
    let linkable = linking.networks();
    let network = network(&name).filter(|network| linkable.contains(network));
    let network = network.ok_or_else(|| Problem::no_network(&name, &linkable))?;
    let address = linking.page_address(&owner, &network, true).ok_or_else(|| {
        let detail =
            "what is typed into this server's pages would cross a network in the clear: set web.public_url to https://";
        Problem::new(Kind::NoPages, detail)
    })?;
    Ok((StatusCode::CREATED, Json(LinkPage { address })))
}

/// End the link of an account, and forget its secrets
#[utoipa::path(
    delete, path = "/v1/accounts/{address}/links/{network}", tag = "links",
    params(
        ("address" = String, Path, description = "The account's address"),
        ("network" = String, Path, description = "The network, as the configuration calls it"),
    ),
    responses((status = 204))
)]
pub(crate) async fn end(
    State(desk): State<Desk>,
    Place((address, network)): Place<(String, String)>,
) -> Result<StatusCode, Problem> {
    let owner = known(&desk, &address).await?;
    desk.handle.linking().unlink(&owner, &network).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Do something with the link of an account: one of its tasks, by the answers to what that asks
#[utoipa::path(
    post, path = "/v1/accounts/{address}/links/{network}/tasks/{task}", tag = "links", request_body = Answers,
    params(
        ("address" = String, Path, description = "The account's address"),
        ("network" = String, Path, description = "The network, as the configuration calls it"),
        ("task" = String, Path, description = "The task's name"),
    ),
    responses((status = 200, body = Said))
)]
pub(crate) async fn perform(
    State(desk): State<Desk>,
    Place((address, network, task)): Place<(String, String, String)>,
    Body(Answers { answers }): Body<Answers>,
) -> Result<Json<Said>, Problem> {
    let owner = known(&desk, &address).await?;
    let said = desk.handle.linking().perform(&owner, &network, &task, answers).await?;
    Ok(Json(Said { said }))
}
