//! The page on which an account makes its own link to a network: plain HTML 4 without scripts, as [`crate::pages`] are. Whoever has its
//! address, which Chrysalis gave to one user in Messenger, is that user; what is posted to it may be a secret, and is handed on alone.

use ::server::{LinkAnswers, LinkFault, LinkPage, LinkState, LinkStatus, LinkStep, LinkTask, LinkWay, Onward, Through};
use askama::Template;
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use constant_time_eq::constant_time_eq;
use http::{HeaderMap, HeaderName, Request, StatusCode, Uri, header};

use crate::{
    again, body, cookies,
    foreign::is_foreign,
    form::Form,
    page::{Made, page, page_to_elsewhere},
    routes::Web,
};

/// How the fields begin that are answers; what follows is the name of what is asked.
pub(crate) const ANSWER: &str = "answer-";

/// The cookie of a browser that was sent elsewhere from a page, for that page alone. Whoever has a page could else hand the place that it
/// leads to on to somebody else, whose browser comes back from there as them, and would link their account to the page's.
const AWAY: &str = "away";

/// The fields that name the way to link, or what is to be done.
pub(crate) const WAY: &str = "way";
pub(crate) const TASK: &str = "task";

#[derive(Template)]
#[template(path = "link.html")]
struct Shown {
    /// The page's own.
    address: String,
    network: String,
    owner: String,
    link: Option<ShownLink>,
    ways: Vec<ShownForm>,
    tasks: Vec<ShownForm>,
    /// What follows the address where the browser loads it again by itself: nothing can be lost that somebody types just then.
    again: Option<String>,
    said: Option<String>,
    problem: Option<String>,
}

/// How a link is, in words.
pub(crate) struct ShownLink {
    pub(crate) identity: String,
    /// How it is, in a word, and how that looks: `good`, `warn` or `bad`.
    pub(crate) word: &'static str,
    pub(crate) tone: &'static str,
    /// How it is: whole sentences after a semicolon.
    pub(crate) state: String,
    pub(crate) notes: Vec<String>,
}

/// A way to link, or something to do with a link, as a form.
pub(crate) struct ShownForm {
    /// The field that says which it is.
    pub(crate) kind: &'static str,
    pub(crate) key: &'static str,
    /// What it is, for a heading.
    pub(crate) title: String,
    pub(crate) says: String,
    pub(crate) fields: Vec<ShownField>,
    pub(crate) button: &'static str,
    /// Whether it was begun, and comes before everything else.
    pub(crate) is_under_way: bool,
}

/// One thing that is asked.
pub(crate) struct ShownField {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) ask: String,
    pub(crate) secret: bool,
}

#[derive(Template)]
#[template(path = "link_over.html")]
struct Over {
    problem: String,
}

/// Answers `GET /link/{token}`.
pub(crate) async fn show(State(web): State<Web>, Path(token): Path<String>, uri: Uri) -> Response {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    shown(&web, (&token, &query), None, None).await
}

/// Answers `POST /link/{token}`: the answers to a way, or to something that is to be done.
pub(crate) async fn answer(State(web): State<Web>, Path(token): Path<String>, request: Request<Body>) -> Response {
    let (headers, form) = match body::read(request).await {
        Ok((headers, body)) => (headers, Form::read(&body)),
        Err(answer) => return answer,
    };
    // A page whose address is a secret names no origin.
    if is_foreign(&web, &headers, true) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let answers: LinkAnswers = form.after(ANSWER);
    match (form.value(WAY), form.value(TASK)) {
        (Some(way), _) => match web.backend.link_by_page(&token, way, answers).await {
            Ok(Onward::Linked) => Redirect::to(&address(&web, &token)).into_response(),
            Ok(Onward::GoTo(elsewhere)) => (away(&web, &token), sent_to(&elsewhere)).into_response(),
            Err(fault) => shown(&web, (&token, &Form::none()), None, Some(fault)).await,
        },
        (None, Some(task)) => match web.backend.perform_by_page(&token, task, answers).await {
            Ok(said) => shown(&web, (&token, &Form::none()), Some(said), None).await,
            Err(fault) => shown(&web, (&token, &Form::none()), None, Some(fault)).await,
        },
        (None, None) => shown(&web, (&token, &Form::none()), None, None).await,
    }
}

/// Answers `GET /link/{token}/back`, to which a browser is sent from where it had to go: what it brings stands in the query. It is sent on
/// at once, so that this stands in no history.
pub(crate) async fn back(State(web): State<Web>, Path(token): Path<String>, headers: HeaderMap, uri: Uri) -> Response {
    if !was_sent(&headers, &token) {
        let problem =
            "It was not this browser that was sent there, or it keeps no cookies. Nothing was linked.".to_owned();
        return page(Made::ForMessenger, StatusCode::FORBIDDEN, &Over { problem });
    }
    let brought = Form::read(uri.query().unwrap_or_default().as_bytes()).after("");
    match web.backend.return_to_page(&token, &brought).await {
        Ok(()) => Redirect::to(&address(&web, &token)).into_response(),
        Err(fault) => shown(&web, (&token, &Form::none()), None, Some(fault)).await,
    }
}

/// What a browser is told that is sent elsewhere from a page. It brings that back from another site too, where it comes by a link.
fn away(web: &Web, token: &str) -> [(HeaderName, String); 1] {
    let page = web.address(&format!("/link/{token}"));
    let path = url::Url::parse(&page).map(|page| page.path().to_owned()).unwrap_or_default();
    let secure = if web.public_url.scheme() == "https" { "; Secure" } else { "" };
    [(header::SET_COOKIE, format!("{AWAY}={token}; Path={path}; Max-Age=900; HttpOnly; SameSite=Lax{secure}"))]
}

/// Whether it is the browser that was sent elsewhere from this page.
fn was_sent(headers: &HeaderMap, token: &str) -> bool {
    cookies::shown(headers, AWAY).any(|value| constant_time_eq(value.as_bytes(), token.as_bytes()))
}

/// A redirect to where a network wants the browser. The network's word is no header before it was looked at.
pub(crate) fn sent_to(elsewhere: &str) -> Response {
    match url::Url::parse(elsewhere) {
        Ok(url) => Redirect::to(url.as_str()).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn address(web: &Web, token: &str) -> String {
    web.address(&format!("/link/{token}"))
}

/// The page as it is now, with what came of what was posted.
async fn shown(web: &Web, (token, query): (&str, &Form), said: Option<String>, fault: Option<LinkFault>) -> Response {
    let LinkPage { owner, network, status, ways, tasks } = match web.backend.link_page(token).await {
        Ok(page) => page,
        Err(fault @ (LinkFault::NoPage | LinkFault::NoAccount(_) | LinkFault::NoNetwork(_))) => {
            return page(Made::ForMessenger, StatusCode::NOT_FOUND, &Over { problem: problem(&fault) });
        }
        Err(fault) => {
            return page(Made::ForMessenger, StatusCode::SERVICE_UNAVAILABLE, &Over { problem: problem(&fault) });
        }
    };
    let leads_elsewhere = ways.iter().any(|way| matches!(way.through, Through::Browser { .. }));
    let asks = !ways.is_empty() || tasks.iter().any(|task| !task.steps.is_empty());
    let is_settling = status.as_ref().is_some_and(is_settling);
    let template = Shown {
        address: address(web, token),
        network: network.to_string(),
        owner: owner.to_string(),
        link: status.map(ShownLink::from),
        ways: ways.into_iter().map(ShownForm::from).collect(),
        tasks: tasks.into_iter().map(ShownForm::from).collect(),
        again: again::next(query, is_settling && !asks),
        said,
        problem: fault.as_ref().map(problem),
    };
    let answer = if leads_elsewhere { page_to_elsewhere } else { page };
    answer(Made::ForMessenger, StatusCode::OK, &template)
}

/// Whether a link is about to be otherwise by itself. What waits for somebody may do so for ever.
pub(crate) const fn is_settling(status: &LinkStatus) -> bool {
    match status.state {
        LinkState::Connecting => true,
        LinkState::Connected | LinkState::Waiting { .. } | LinkState::Failed { .. } => false,
    }
}

/// Why it was not done, as a whole sentence. What was answered is not in it.
pub(crate) fn problem(fault: &LinkFault) -> String {
    match fault {
        LinkFault::NoPage | LinkFault::NoAccount(_) | LinkFault::NoNetwork(_) => {
            "This address is not good, or not any more.".to_owned()
        }
        LinkFault::PageUsed => "This page makes no link any more.".to_owned(),
        LinkFault::NothingBrought => "Nothing was brought back from there. Begin anew below.".to_owned(),
        LinkFault::Unanswered { step, .. } => format!("This has to be answered: {}", step.ask),
        LinkFault::TooLong(_) => "That is too long to be the answer; look whether it is the right one.".to_owned(),
        LinkFault::NotLinked(_) => "There is no link any more.".to_owned(),
        LinkFault::NoTask(_) => "That cannot be done any more, or was done.".to_owned(),
        LinkFault::UnderWay => "Something is just being done with this link; look again in a moment.".to_owned(),
        LinkFault::TooOften => "That was tried too often; wait a minute.".to_owned(),
        LinkFault::TooSlow => "The network did not answer in time; look again a little later.".to_owned(),
        LinkFault::Store(_) => "The server's database does not answer now; try again later.".to_owned(),
        LinkFault::WhichWay(_) | LinkFault::Browser(_) | LinkFault::NotAsked { .. } => {
            "That was no answer to this page as it is now; look again.".to_owned()
        }
        LinkFault::Failed(failure) => format!("That did not work: {failure}."),
    }
}

impl From<LinkStatus> for ShownLink {
    fn from(LinkStatus { identity, state, notes }: LinkStatus) -> Self {
        let (word, tone, state) = match state {
            LinkState::Connecting => ("connecting", "warn", "it connects.".to_owned()),
            LinkState::Connected => ("works", "good", "it works.".to_owned()),
            LinkState::Waiting { ask } => ("waiting", "warn", format!("it waits. {ask}")),
            LinkState::Failed { reason } => ("stopped", "bad", format!("it has stopped, because {reason}.")),
        };
        Self { identity, word, tone, state, notes }
    }
}

impl From<LinkWay> for ShownForm {
    fn from(LinkWay { key, says, steps, through }: LinkWay) -> Self {
        let button = match through {
            Through::Answers => "Link",
            Through::Browser { .. } => "Continue",
        };
        Self { kind: WAY, key, title: says.clone(), says, fields: fields(WAY, key, steps), button, is_under_way: false }
    }
}

impl From<LinkTask> for ShownForm {
    fn from(LinkTask { key, button, says, steps, stage }: LinkTask) -> Self {
        let (title, is_under_way) = (button.to_owned(), stage.is_under_way());
        Self { kind: TASK, key, title, says, fields: fields(TASK, key, steps), button, is_under_way }
    }
}

fn fields(kind: &str, of: &str, steps: Vec<LinkStep>) -> Vec<ShownField> {
    let field = |LinkStep { key, ask, secret }: LinkStep| ShownField {
        name: format!("{ANSWER}{key}"),
        id: format!("{kind}-{of}-{key}"),
        ask,
        secret,
    };
    steps.into_iter().map(field).collect()
}
