//! The links of an account to networks: how each is, how it is made, and what can be done with it. What asks for secrets, or changes a
//! link, wants the account's password within the last quarter of an hour.

use ::server::{LinkAnswers, LinkFault, LinkPicture, LinkState, LinkStatus, Onward, TaskStage, Through};
use askama::Template;
use axum::{
    extract::{FromRequest, Path, Request, State},
    response::Response,
};
use http::{StatusCode, Uri};

use super::{
    frame::{self, Frame},
    notes::Note,
    seat::{Posted, Seat},
    told, unless_fresh, unless_fresh_to_do,
};
use crate::{
    again,
    form::Form,
    linking::{ANSWER, ShownForm, ShownLink, TASK, WAY, is_settling, problem, sent_to},
    page::{Made, page_to_elsewhere},
    routes::Web,
};

#[derive(Template)]
#[template(path = "portal/links.html")]
struct Listed {
    frame: Frame,
    links: Vec<(String, Option<ShownLink>)>,
    /// Whether a link is about to be otherwise, by itself or by somebody.
    is_unsettled: bool,
    /// What follows the address where the browser loads it again by itself, since a link is about to be otherwise: nobody types anything
    /// here.
    again: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/link.html")]
struct Shown {
    frame: Frame,
    network: String,
    link: Option<ShownLink>,
    ways: Vec<ShownForm>,
    tasks: Vec<ShownForm>,
    /// Whether secrets can be typed into pages here.
    is_confidential: bool,
    /// Whether something was begun with the link, which is to come to its end before anything else.
    is_under_way: bool,
    /// What follows the address where the browser loads it again by itself, since something is about to be otherwise: nobody types
    /// anything here then.
    again: Option<String>,
}

/// Answers `GET /links`.
pub(crate) async fn list(seat: Seat) -> Response {
    let links = match seat.portal.links(&seat.visit).await {
        Ok(links) => links,
        Err(fault) => return unseen(&seat, &fault),
    };
    let states: Vec<&LinkStatus> = links.iter().filter_map(|(_, status)| status.as_ref()).collect();
    let is_unsettled =
        states.iter().any(|status| matches!(status.state, LinkState::Connecting | LinkState::Waiting { .. }));
    let again = again::next(&seat.query, states.into_iter().any(is_settling));
    let shown = links.into_iter().map(|(network, status)| (network.to_string(), status.map(ShownLink::from)));
    let links = shown.collect();
    let page = Listed { frame: Frame::of(&seat, "/links", "Networks"), links, is_unsettled, again };
    frame::page(StatusCode::OK, &page)
}

/// Answers `GET /links/{network}`.
pub(crate) async fn show(seat: Seat, Path(network): Path<String>) -> Response {
    let picture = match seat.portal.link_picture(&seat.visit, &network).await {
        Ok(picture) => picture,
        Err(fault) => return unseen(&seat, &fault),
    };
    if let Some(answer) = unless_fresh(&seat, &format!("/links/{network}")) {
        return answer;
    }
    let LinkPicture { network, status, ways, mut tasks } = picture;
    // Never while there is something to decide, or to type.
    let waits = tasks.iter().any(|task| task.stage == TaskStage::WaitsElsewhere);
    let is_under_way = tasks.iter().any(|task| task.stage.is_under_way());
    if is_under_way {
        tasks.retain(|task| task.stage.is_under_way());
    }
    let leads_elsewhere = ways.iter().any(|way| matches!(way.through, Through::Browser { .. }));
    let page = Shown {
        frame: Frame::of(&seat, "/links", format!("Your link to {network}")),
        network: network.to_string(),
        link: status.map(ShownLink::from),
        ways: ways.into_iter().map(ShownForm::from).collect(),
        tasks: tasks.into_iter().map(ShownForm::from).collect(),
        is_confidential: seat.portal.is_confidential(),
        is_under_way,
        again: again::next(&seat.query, waits),
    };
    let answer = if leads_elsewhere { page_to_elsewhere } else { crate::page::page };
    answer(Made::ForToday, StatusCode::OK, &page)
}

/// Answers `POST /links/{network}`: the answers to a way, or to something that is to be done.
pub(crate) async fn change(State(web): State<Web>, Path(network): Path<String>, request: Request) -> Response {
    let Posted { seat, form } = match Posted::from_request(request, &web).await {
        Ok(posted) => posted,
        Err(answer) => return answer,
    };
    // The name stands in addresses from here on.
    let Ok(network) = network.parse::<domain::NetworkName>() else {
        return unseen(&seat, &LinkFault::NoNetwork(Vec::new()));
    };
    let path = format!("/links/{network}");
    if let Some(answer) = unless_fresh_to_do(&seat, &path) {
        return answer;
    }
    let (portal, visit, network) = (&seat.portal, &seat.visit, network.as_str());
    let answers: LinkAnswers = form.after(ANSWER);
    // Where others could listen, no secret is taken: whoever typed one has to change it, and hears so.
    if !portal.is_confidential() && !answers.is_empty() {
        let says = "Nothing was done: what you type here crosses the network in the clear. Link from the command line of the \
                    server, or have it reached by https. If that was a secret, change it.";
        return told(&seat, &path, Note::Problem(says.to_owned()));
    }
    let done = match (form.value(WAY), form.value(TASK), form.value("unlink")) {
        (Some(way), _, _) => match portal.link(visit, network, way, answers).await {
            Ok(Onward::Linked) => Ok("You are linked.".to_owned()),
            Ok(Onward::GoTo(elsewhere)) => return sent_to(&elsewhere),
            Err(fault) => Err(fault),
        },
        (None, Some(task), _) => portal.perform(visit, network, task, answers).await,
        (None, None, Some(_)) => portal.unlink(visit, network).await.map(|()| "You are linked no more.".to_owned()),
        (None, None, None) => Ok("Nothing was asked.".to_owned()),
    };
    told(&seat, &path, done.map_or_else(|fault| Note::Problem(problem(&fault)), Note::Done))
}

/// Answers `GET /links/{network}/back/{token}`, to which a browser is sent from where it had to go: what it brings stands in the query. It
/// is sent on at once, so that this stands in no history.
pub(crate) async fn back(seat: Seat, Path((network, token)): Path<(String, String)>, uri: Uri) -> Response {
    let Ok(network) = network.parse::<domain::NetworkName>() else {
        return unseen(&seat, &LinkFault::NoNetwork(Vec::new()));
    };
    let brought = Form::read(uri.query().unwrap_or_default().as_bytes()).after("");
    let note = match seat.portal.link_returned(&seat.visit, &token, &brought).await {
        Ok(()) => Note::Done("You are linked.".to_owned()),
        Err(fault) => Note::Problem(problem(&fault)),
    };
    told(&seat, &format!("/links/{network}"), note)
}

fn unseen(seat: &Seat, fault: &LinkFault) -> Response {
    let (status, says) = match fault {
        LinkFault::NoNetwork(known) if known.is_empty() => {
            (StatusCode::NOT_FOUND, "People do not link themselves to any network of this server.".to_owned())
        }
        LinkFault::NoNetwork(_) => {
            (StatusCode::NOT_FOUND, "There is no network of that name to which people link themselves.".to_owned())
        }
        other => (StatusCode::SERVICE_UNAVAILABLE, problem(other)),
    };
    frame::trouble(&seat.web, status, &says)
}
