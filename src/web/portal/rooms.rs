//! The rooms of an account.

use ::server::{Attention, RoomLine};
use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::{
    frame::{self, Frame},
    onward, passport,
    seat::{Posted, Seat},
    unknown_action,
};

#[derive(Template)]
#[template(path = "portal/rooms.html")]
struct Rooms {
    frame: Frame,
    asked: Vec<RoomLine>,
    entered: Vec<RoomLine>,
}

/// What the choices of how much is shown are called in forms.
const ATTENTIONS: [(Attention, &str, &str); 3] = [
    (Attention::All, "all", "everything"),
    (Attention::Mentions, "mentions", "what speaks to you"),
    (Attention::Nothing, "nothing", "nothing"),
];

impl Rooms {
    /// The choices for a room: what each is called in the form, on the page, and whether it is the one that holds.
    fn choices(room: &RoomLine) -> impl Iterator<Item = (&'static str, &'static str, bool)> + use<> {
        let attention = room.attention;
        ATTENTIONS.into_iter().map(move |(each, word, name)| (word, name, each == attention))
    }
}

/// Answers `GET /rooms`.
pub(crate) async fn show(seat: Seat) -> Response {
    let (entered, asked) = match seat.portal.rooms(&seat.visit.owner).await {
        Ok(rooms) => rooms.into_iter().partition(|room| room.is_entered),
        Err(fault) => return super::faulty(&seat, &fault),
    };
    frame::page(StatusCode::OK, &Rooms { frame: Frame::of(&seat, "/rooms", "Rooms"), asked, entered })
}

/// Answers `POST /rooms`.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    let (portal, owner) = (&seat.portal, &seat.visit.owner);
    let done = match (form.value("action"), passport(&form, "room")) {
        (Some("join-address"), _) => portal.add(owner, form.value("address").unwrap_or_default()).await,
        (_, Err(fault)) => Err(fault),
        (Some("join"), Ok(room)) => portal.enter_room(owner, &room).await,
        (Some("leave"), Ok(room)) => portal.leave_room(owner, &room).await,
        (Some("decline"), Ok(room)) => portal.decline_room(owner, &room).await.map(|was_asked| {
            if was_asked { "You stay away from it." } else { "Nobody asks you into it any more." }.to_owned()
        }),
        (Some("attend"), Ok(room)) => {
            let wanted = form.value("shown").unwrap_or_default();
            match ATTENTIONS.into_iter().find(|(_, word, _)| *word == wanted) {
                Some((attention, _, name)) => {
                    portal.attend(owner, &room, attention).await.map(|()| format!("Of that room, {name} is shown."))
                }
                None => Err(unknown_action()),
            }
        }
        (Some(_) | None, Ok(_)) => Err(unknown_action()),
    };
    onward(&seat, "/rooms", done)
}
