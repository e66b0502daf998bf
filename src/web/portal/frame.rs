//! What all pages have: where one can go from here, what came of the last form, and what the browser may do with it.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::{
    notes::Note,
    seat::{Guest, Seat},
};
use crate::{again, page::Made, routes::Web};

/// What all pages have.
pub(crate) struct Frame {
    /// What stands before the paths of our pages in their addresses.
    pub(crate) base: String,
    pub(crate) title: String,
    /// Which of the places of [`Frame::places`] this is.
    here: &'static str,
    pub(crate) visitor: Option<Visitor>,
    /// What our forms show.
    pub(crate) proof: String,
    pub(crate) done: Option<String>,
    pub(crate) problem: Option<String>,
    /// An invite code that was just made.
    pub(crate) code: Option<String>,
    /// Whether passwords cross a network in the clear.
    pub(crate) in_the_clear: bool,
}

/// Whom a page greets.
pub(crate) struct Visitor {
    pub(crate) passport: String,
    is_admin: bool,
}

/// Where one can go.
pub(crate) struct Place {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    /// The picture beside its name, of those that the frame has.
    pub(crate) picture: &'static str,
    /// Whether this page is it, or is one of those within it.
    pub(crate) is_here: bool,
}

/// A page by its path and its name.
type Within = (&'static str, &'static str);

/// Where everybody who is signed in can go: path, name, picture, and the pages that there are within it.
const PLACES: [(&str, &str, &str, &[Within]); 5] = [
    ("/home", "Home", "home", &[("/home", "Overview"), ("/connect", "Connect"), ("/doctor", "Doctor")]),
    ("/contacts", "Contacts", "people", &[]),
    ("/rooms", "Rooms", "talk", &[]),
    ("/links", "Networks", "link", &[]),
    (
        "/profile",
        "Account",
        "person",
        &[
            ("/profile", "Profile"),
            ("/privacy", "Privacy"),
            ("/password", "Password"),
            ("/sessions", "Sessions"),
            ("/data", "Your data"),
        ],
    ),
];

impl Frame {
    /// Of a page for somebody who is signed in: `here` is the path of one of the places.
    pub(crate) fn of(seat: &Seat, here: &'static str, title: impl Into<String>) -> Self {
        let (mut done, mut problem, mut code) = (None, None, None);
        // A page that has loaded itself takes no note that is for somebody who looks.
        let note = if again::by_itself(&seat.query) { None } else { seat.web.notes.take(&seat.visit.id) };
        match note {
            Some(Note::Done(says)) => done = Some(says),
            Some(Note::Problem(says)) => problem = Some(says),
            Some(Note::Code(made)) => code = Some(made),
            None => {}
        }
        let visitor = Visitor { passport: seat.visit.owner.to_string(), is_admin: seat.visit.is_admin };
        Self {
            base: seat.web.path(""),
            title: title.into(),
            here,
            visitor: Some(visitor),
            proof: seat.proof.clone(),
            done,
            problem,
            code,
            in_the_clear: !seat.portal.is_confidential(),
        }
    }

    /// Of a page for somebody who need not be signed in.
    pub(crate) fn before_the_door(guest: &Guest, title: &str, problem: Option<String>) -> Self {
        let in_the_clear = !guest.portal.is_confidential();
        Self { proof: guest.proof.clone(), in_the_clear, problem, ..Self::bare(&guest.web, title) }
    }

    /// Of a page without a form.
    pub(crate) fn bare(web: &Web, title: &str) -> Self {
        Self {
            base: web.path(""),
            title: title.to_owned(),
            here: "",
            visitor: None,
            proof: String::new(),
            done: None,
            problem: None,
            code: None,
            in_the_clear: false,
        }
    }

    /// The address of whoever is signed in.
    pub(crate) fn address(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.passport)
    }

    /// Where whoever is signed in can go.
    pub(crate) fn places(&self) -> Vec<Place> {
        let Some(visitor) = &self.visitor else { return Vec::new() };
        let admin = visitor.is_admin.then_some(("/admin", "Admin", "sliders", &[][..]));
        let places = PLACES.into_iter().chain(admin);
        let place = |(path, name, picture, within): (_, _, _, &[_])| {
            let is_here = path == self.here || is_among(within, self.here);
            Place { path, name, picture, is_here }
        };
        places.map(place).collect()
    }

    /// The pages beside this one, where its place has several; they have no pictures.
    pub(crate) fn neighbours(&self) -> Vec<Place> {
        if self.visitor.is_none() {
            return Vec::new();
        }
        let beside = PLACES.into_iter().map(|(.., within)| within).find(|within| is_among(within, self.here));
        let place = |(path, name): &(&'static str, &'static str)| Place {
            path,
            name,
            picture: "",
            is_here: *path == self.here,
        };
        beside.unwrap_or_default().iter().map(place).collect()
    }
}

fn is_among(pages: &[(&str, &str)], here: &str) -> bool {
    pages.iter().any(|(path, _)| *path == here)
}

#[derive(Template)]
#[template(path = "portal/trouble.html")]
struct Trouble {
    frame: Frame,
    says: String,
}

/// A page that says why there is none.
pub(crate) fn trouble(web: &Web, status: StatusCode, says: &str) -> Response {
    page(status, &Trouble { frame: Frame::bare(web, "That did not work"), says: says.to_owned() })
}

#[derive(Template)]
#[template(path = "portal/sign_in_anew.html")]
struct SignInAnew {
    frame: Frame,
    says: String,
}

/// A page that says what was done, for somebody who could not be signed in afterwards.
pub(crate) fn sign_in_anew(web: &Web, title: &str, says: &str) -> Response {
    page(StatusCode::OK, &SignInAnew { frame: Frame::bare(web, title), says: says.to_owned() })
}

/// Something was posted that no page of ours has for this browser now.
pub(crate) fn not_ours(web: &Web) -> Response {
    let says = "Nothing was done: the form was too old, or came from elsewhere, or your browser keeps no cookies of this address. \
                Go back, load the page anew, and try again.";
    trouble(web, StatusCode::FORBIDDEN, says)
}

/// A page for browsers of today.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    crate::page::page(Made::ForToday, status, template)
}

/// Answers `GET /style.css`.
pub(crate) async fn style() -> Response {
    unchanging("text/css; charset=utf-8", include_str!("../templates/portal/style.css"))
}

/// Answers `GET /icon.svg`, what browsers show beside the title.
pub(crate) async fn icon() -> Response {
    unchanging("image/svg+xml", include_str!("../templates/portal/icon.svg"))
}

/// What is the same for everybody, until another version of this program runs.
fn unchanging(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, text).into_response()
}
