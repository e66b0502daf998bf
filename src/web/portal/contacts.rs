//! The people on an account's lists, its groups, and looking for more.

use ::server::{Book, PersonLine, Search};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{
    face,
    frame::{self, Frame},
    group, onward, passport,
    seat::{Posted, Seat},
    unknown_action,
};

#[derive(Template)]
#[template(path = "portal/contacts.html")]
struct Contacts {
    frame: Frame,
    book: Book,
    domain: String,
    /// What was looked for, and what was found.
    words: String,
    search: Option<Search>,
}

impl Contacts {
    /// What of somebody stands beside their name: their networks and groups.
    fn beside(&self, person: &PersonLine) -> Vec<String> {
        let mut parts: Vec<String> = person.networks.iter().map(|(network, _)| network.to_string()).collect();
        let groups = self.book.groups.iter().filter(|group| person.groups.contains(&group.guid));
        parts.extend(groups.map(|group| group.name.clone()));
        parts
    }

    fn initial(name: &str) -> String {
        face::initial(name)
    }
}

/// Answers `GET /contacts`; `search` holds words to look for.
pub(crate) async fn show(seat: Seat) -> Response {
    let words = seat.query.value("search").unwrap_or_default().trim().to_owned();
    let owner = &seat.visit.owner;
    let (book, search) = match (seat.portal.book(owner).await, words.is_empty()) {
        (Ok(book), true) => (book, None),
        (Ok(book), false) => match seat.portal.search(owner, &words).await {
            Ok(search) => (book, Some(search)),
            Err(fault) => (book, Some(Search { found: Vec::new(), troubles: vec![fault.to_string()] })),
        },
        (Err(fault), _) => return super::faulty(&seat, &fault),
    };
    let domain = seat.portal.domain().to_owned();
    let page = Contacts { frame: Frame::of(&seat, "/contacts", "Contacts"), book, domain, words, search };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /contacts`.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let (portal, owner) = (&seat.portal, &seat.visit.owner);
    let name = form.value("name").unwrap_or_default();
    let done = match form.value("action") {
        Some("add") => portal.add(owner, form.value("whom").unwrap_or_default()).await,
        Some("add-group") => portal.add_group(owner, name).await.map(|()| "The group is made.".to_owned()),
        Some("rename-group") => match group(&form, "group") {
            Ok(group) => portal.rename_group(owner, group, name).await.map(|()| "The group is renamed.".to_owned()),
            Err(fault) => Err(fault),
        },
        Some("remove-group") => match group(&form, "group") {
            Ok(group) => {
                let removed = portal.remove_group(owner, group).await;
                removed.map(|()| "The group is gone; who was in it is still on your list.".to_owned())
            }
            Err(fault) => Err(fault),
        },
        Some(word @ ("let-in" | "block")) => match passport(&form, "whom") {
            Ok(whom) if word == "let-in" => {
                portal.allow(owner, &whom, true).await.map(|()| format!("{whom} sees you from now on."))
            }
            Ok(whom) => portal.allow(owner, &whom, false).await.map(|()| format!("{whom} is blocked.")),
            Err(fault) => Err(fault),
        },
        Some(_) | None => Err(unknown_action()),
    };
    onward(&seat, "/contacts", done)
}
