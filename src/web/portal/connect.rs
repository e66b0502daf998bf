//! How a Messenger is pointed at this very server, for everybody.

use ::doctor::{
    Cause, Place,
    pointing::{self, Stand},
};
use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use url::Host;

use super::{
    frame::{self, Frame},
    seat::Seat,
};
use crate::routes::Web;

/// What stands in the texts for an address that is not known here.
const UNKNOWN: &str = "ADDRESS";

#[derive(Template)]
#[template(path = "portal/connect.html")]
struct Connect {
    frame: Frame,
    /// Where clients are told to connect to.
    address: String,
    /// Where they sign in.
    url: String,
    is_secure: bool,
    /// Whether the conversation is on another port than that which Messenger knows.
    is_elsewhere: bool,
    hosts: String,
    /// The hosts of which the address is not known here.
    unknown: Vec<String>,
    /// The domain under which names can be made, and the names.
    domain: Option<String>,
    stands: Vec<Stand>,
    longest: usize,
    server_registry: String,
    tls_registry: String,
    errors: Vec<MessengerError>,
}

/// An error that Messenger shows, and what can be behind it.
struct MessengerError {
    code: &'static str,
    /// What whoever signs in can see to themselves first.
    first: &'static str,
    causes: Vec<Cause>,
}

/// The errors that people meet when they sign in, as Messenger 7.5 shows them.
const ERRORS: [(&str, &str); 4] = [
    ("80048821", "The address or the password is not right, or too many wrong ones were tried lately."),
    ("80048820", "The clock of Windows is wrong, or SSL 2.0 is on."),
    ("81000306", "The hosts file lacks a line, or a firewall keeps port 1863 shut."),
    ("81000314", "The server is being started anew: wait a minute. Or you have signed in somewhere else."),
];

impl MessengerError {
    fn all() -> Vec<Self> {
        let behind = |code| Cause::ALL.into_iter().filter(move |cause| cause.errors().contains(&code));
        ERRORS.map(|(code, first)| Self { code, first, causes: behind(code).collect() }).into()
    }
}

/// Answers `GET /connect`.
pub(crate) async fn show(State(web): State<Web>, seat: Result<Seat, Response>) -> Response {
    const TITLE: &str = "Pointing Messenger at this server";
    let frame = match &seat {
        Ok(seat) => Frame::of(seat, "/connect", TITLE),
        Err(_) => Frame::bare(&web, TITLE),
    };
    let subject = web.examinations.doctor().subject();
    let own = Place::new(host(&web), web.public_url.port_or_known_default().unwrap_or(80));
    let conversation = subject.addresses.first().unwrap_or(&own);
    let mut unknown = Vec::new();
    let mut addresses = Vec::new();
    for place in [conversation, &own] {
        let address = web.examinations.address_of(place).await;
        if address.is_none() && !unknown.contains(&place.host) {
            unknown.push(place.host.clone());
        }
        addresses.push(address.map_or_else(|| UNKNOWN.to_owned(), |address| address.to_string()));
    }
    let [of_conversation, of_web] = <[String; 2]>::try_from(addresses).unwrap_or_default();
    let domain =
        [&own, conversation].into_iter().find(|place| is_domain_of_ours(place)).map(|place| place.host.clone());
    let page = Connect {
        frame,
        address: conversation.to_string(),
        url: web.public_url.as_str().trim_end_matches('/').to_owned(),
        is_secure: web.is_secure(),
        is_elsewhere: conversation.port != 1863,
        hosts: pointing::hosts_lines(&of_conversation, &of_web),
        unknown,
        stands: domain.as_deref().map(pointing::stands).unwrap_or_default(),
        domain,
        longest: pointing::longest_domain(),
        server_registry: pointing::server_registry(conversation),
        tls_registry: pointing::tls_registry(),
        errors: MessengerError::all(),
    };
    frame::page(StatusCode::OK, &page)
}

fn host(web: &Web) -> String {
    match web.public_url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        None => String::new(),
    }
}

/// Whether names can be made under that host: it is a name, and not one of those that are to be replaced.
fn is_domain_of_ours(place: &Place) -> bool {
    let is_name = place.ip().is_none() && place.host.contains('.');
    is_name && !::doctor::SERVICES.iter().any(|service| service.name == place.host)
}
