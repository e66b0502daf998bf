//! One contact: its groups, whether it sees the account, and whether it is one person on several networks.

use ::server::{Book, PersonLine, PortalFault};
use askama::Template;
use axum::response::Response;
use domain::{NetworkName, Passport};
use http::StatusCode;

use super::{
    frame::{self, Frame},
    onward, passport,
    seat::{Posted, Seat},
    unknown_action,
};
use crate::form::Form;

#[derive(Template)]
#[template(path = "portal/person.html")]
struct Shown {
    frame: Frame,
    person: PersonLine,
    groups: Vec<ShownGroup>,
    /// Whether it stands on the contact list, and not on the allow or block list alone.
    is_listed: bool,
    /// People of other networks with whom it may be one.
    others: Vec<PersonLine>,
}

struct ShownGroup {
    guid: String,
    name: String,
    is_in: bool,
}

/// Answers `GET /contacts/person`; `of` is the address.
pub(crate) async fn show(seat: Seat) -> Response {
    let found = match seat.portal.book(&seat.visit.owner).await {
        Ok(book) => found(book, seat.query.value("of").unwrap_or_default()),
        Err(fault) => Err(fault),
    };
    let (person, groups, is_listed, others) = match found {
        Ok(found) => found,
        Err(fault) => return super::faulty(&seat, &fault),
    };
    let frame = Frame::of(&seat, "/contacts", person.name.clone());
    frame::page(StatusCode::OK, &Shown { frame, person, groups, is_listed, others })
}

type Found = (PersonLine, Vec<ShownGroup>, bool, Vec<PersonLine>);

fn found(book: Book, of: &str) -> Result<Found, PortalFault> {
    let Book { pending, people, others, groups } = book;
    let is_listed = people.iter().any(|person| person.passport.as_str() == of);
    let mut all = people.iter().chain(&pending).chain(&others);
    let person = all.find(|person| person.passport.as_str() == of).cloned();
    let person =
        person.ok_or_else(|| PortalFault::Unfit("That contact is on none of your lists any more.".to_owned()))?;
    let is_other = |other: &PersonLine| {
        let is_of_another =
            |(network, _): &(NetworkName, Passport)| person.networks.iter().all(|(known, _)| known != network);
        !other.networks.is_empty() && other.networks.iter().all(is_of_another)
    };
    let others = if person.networks.is_empty() {
        Vec::new()
    } else {
        people.iter().filter(|other| is_other(other)).cloned().collect()
    };
    let groups = groups.into_iter().map(|group| ShownGroup {
        is_in: person.groups.contains(&group.guid),
        guid: group.guid.to_string(),
        name: group.name,
    });
    let groups = groups.collect();
    Ok((person, groups, is_listed, others))
}

/// Answers `POST /contacts/person`; `whom` is the address.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let whom = match passport(&form, "whom") {
        Ok(whom) => whom,
        Err(fault) => return onward(&seat, "/contacts", Err(fault)),
    };
    let action = form.value("action").unwrap_or_default();
    let done = changed(&seat, &form, &whom, action).await;
    // Who was taken off is on no page of their own any more.
    let stays = done.is_err() || !matches!(action, "remove" | "forget");
    if stays {
        let of: String = url::form_urlencoded::byte_serialize(whom.as_str().as_bytes()).collect();
        return onward(&seat, &format!("/contacts/person?of={of}"), done);
    }
    onward(&seat, "/contacts", done)
}

async fn changed(seat: &Seat, form: &Form, whom: &Passport, action: &str) -> Result<String, PortalFault> {
    let (portal, owner) = (&seat.portal, &seat.visit.owner);
    match action {
        "remove" => portal.remove(owner, whom).await.map(|()| format!("{whom} is on your contact list no more.")),
        "forget" => portal.forget(owner, whom).await.map(|()| format!("{whom} is on none of your lists any more.")),
        "let-in" => portal.allow(owner, whom, true).await.map(|()| format!("{whom} sees you from now on.")),
        "block" => portal.allow(owner, whom, false).await.map(|()| format!("{whom} is blocked.")),
        "groups" => {
            let [shown, wanted] = ["shown", "group"]
                .map(|name| form.all(name).filter_map(|group| group.parse().ok()).collect::<Vec<_>>());
            let put = portal.put_in_groups(owner, whom, &shown, &wanted).await;
            put.map(|()| "The groups are changed.".to_owned())
        }
        "join" => {
            let other = passport(form, "other")?;
            portal.join(owner, whom, &other).await.map(|()| format!("{other} is part of this contact now."))
        }
        "part" => portal.part(owner, whom).await.map(|()| "They are contacts of their own again.".to_owned()),
        "speak" => {
            let network = form.value("network").unwrap_or_default().parse::<NetworkName>();
            let network = network.map_err(|_| unknown_action())?;
            portal.speak_on(owner, whom, &network).await.map(|()| format!("What you say goes to {network} now."))
        }
        _ => Err(unknown_action()),
    }
}
