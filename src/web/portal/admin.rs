//! What those who run the server see and do: accounts, networks, codes. What changes something wants their password within the last
//! quarter of an hour.

use ::server::{AccountHealth, AccountLine, FaultLine, InviteLine, PortalFault, SignUpPolicy};
use askama::Template;
use axum::response::Response;
use domain::Timestamp;
use http::StatusCode;

use super::{
    clock,
    frame::{self, Frame},
    limits::{self, ShownLimit},
    notes::Note,
    onward,
    seat::{Posted, Seat},
    told, unknown_action, unless_fresh_to_do,
    upkeep::{ShownAiling, ShownGivenUp, ShownNetwork},
};
use crate::linking::ShownLink;

/// How many accounts one page shows.
const MOST_SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "portal/admin.html")]
struct Admin {
    frame: Frame,
    awake: usize,
    sign_ups: SignUpPolicy,
    networks: Vec<ShownNetwork>,
    /// How many orders wait for all networks together.
    waiting: u64,
    ailing: Vec<ShownAiling>,
    more_ailing: usize,
    given_up: Vec<ShownGivenUp>,
    more_given_up: u64,
    /// How many accounts there are; those that are shown, each with when it was made; and what was looked for among them.
    count: usize,
    accounts: Vec<(AccountLine, String)>,
    find: String,
    /// Each with until when it is good.
    invites: Vec<(InviteLine, String)>,
    /// Where somebody with a code signs up.
    sign_up: String,
    /// What went wrong, and when.
    faults: Vec<ShownFault>,
    limits: Vec<ShownLimit>,
}

struct ShownFault {
    says: String,
    is_error: bool,
    at: String,
    times: u32,
}

impl From<FaultLine> for ShownFault {
    fn from(FaultLine { at, is_error, what, details, times }: FaultLine) -> Self {
        let says = if details.is_empty() { what } else { format!("{what} ({details})") };
        Self { says, is_error, at: clock::written(at), times }
    }
}

impl Admin {
    const fn policy(&self) -> &'static str {
        match self.sign_ups {
            SignUpPolicy::Closed => {
                "closed: a code is of no use while accounts.sign_up of the configuration is \"closed\""
            }
            SignUpPolicy::Invite => "by invite code",
            SignUpPolicy::Open => "open to everybody, with or without a code",
        }
    }
}

#[derive(Template)]
#[template(path = "portal/admin_account.html")]
struct Account {
    frame: Frame,
    health: AccountHealth,
    links: Vec<(String, ShownLink)>,
    created: String,
}

/// Answers `GET /admin`.
pub(crate) async fn show(seat: Seat) -> Response {
    let (overview, invites) = (seat.portal.overview(&seat.visit).await, seat.portal.invites(&seat.visit).await);
    let faults = seat.portal.faults(&seat.visit).unwrap_or_default().into_iter().map(ShownFault::from).collect();
    let (mut overview, invites) = match (overview, invites) {
        (Ok(overview), Ok(invites)) => (overview, invites),
        (Err(fault), _) | (_, Err(fault)) => return super::faulty(&seat, &fault),
    };
    let made = |account: AccountLine| {
        let made = clock::written(Timestamp(account.created));
        (account, made)
    };
    let find = seat.query.value("find").unwrap_or_default().trim().to_lowercase();
    let count = overview.accounts.len();
    let is_meant =
        |account: &AccountLine| account.passport.contains(&find) || account.name.to_lowercase().contains(&find);
    let accounts = std::mem::take(&mut overview.accounts).into_iter().filter(is_meant).take(MOST_SHOWN);
    let accounts = accounts.map(made).collect();
    let expires = |invite: InviteLine| {
        let expires = clock::written(invite.expires);
        (invite, expires)
    };
    let invites = invites.into_iter().map(expires).collect();
    let at = overview.at;
    let networks: Vec<_> = overview.networks.into_iter().map(|health| ShownNetwork::of(health, at)).collect();
    let sign_up = seat.web.address("/sign-up");
    let frame = Frame::of(&seat, "/admin", "Admin");
    let page = Admin {
        frame,
        awake: overview.awake,
        sign_ups: overview.sign_up,
        waiting: networks.iter().map(|network| network.waiting).sum(),
        networks,
        ailing: overview.ailing.into_iter().map(ShownAiling::from).collect(),
        more_ailing: overview.more_ailing,
        given_up: overview.given_up.into_iter().map(ShownGivenUp::from).collect(),
        more_given_up: overview.more_given_up,
        count,
        accounts,
        find,
        invites,
        sign_up,
        faults,
        limits: limits::shown(overview.limits),
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /admin`.
pub(crate) async fn change(Posted { seat, form }: Posted) -> Response {
    if let Some(answer) = unless_fresh_to_do(&seat, "/admin") {
        return answer;
    }
    let (portal, visit) = (&seat.portal, &seat.visit);
    let value = |name: &str| form.value(name).unwrap_or_default();
    let done = match form.value("action") {
        Some("make-invite") => {
            let number = |name: &str| {
                let written = value(name).trim().parse::<u32>();
                written.map_err(|_| PortalFault::Unfit("Write a number of accounts, and one of days.".to_owned()))
            };
            let made = match (number("uses"), number("days")) {
                (Ok(uses), Ok(days)) => portal.make_invite(visit, value("note"), uses, days).await,
                (Err(fault), _) | (_, Err(fault)) => Err(fault),
            };
            match made {
                // Kept until the next page shows it, whichever that is, and nowhere else.
                Ok(code) => return told(&seat, "/admin", Note::Code(code)),
                Err(fault) => Err(fault),
            }
        }
        Some("revoke-invite") => {
            portal.revoke_invite(visit, value("id")).await.map(|()| "That code is good no more.".to_owned())
        }
        Some("add-account") => {
            let added = portal.add_account(visit, value("address"), value("name"), value("password")).await;
            added.map(|()| "The account is made.".to_owned())
        }
        Some("retry") => {
            let tried = portal.retry_given_up(visit, form.value("order"), form.value("of")).await;
            tried.map(|orders| match orders {
                1 => "It is tried again.".to_owned(),
                orders => format!("{orders} orders are tried again."),
            })
        }
        Some("forget") if form.value("of").is_some() && form.value("sure").is_none() => {
            Err(PortalFault::Unfit("Tick the box first that says that you are sure. Nothing was forgotten.".to_owned()))
        }
        Some("forget") => {
            let forgotten = portal.forget_given_up(visit, form.value("order"), form.value("of")).await;
            forgotten.map(|orders| match orders {
                1 => "It is forgotten.".to_owned(),
                orders => format!("{orders} orders are forgotten."),
            })
        }
        Some(_) | None => Err(unknown_action()),
    };
    onward(&seat, "/admin", done)
}

/// Answers `GET /admin/account`; `of` is its address.
pub(crate) async fn show_account(seat: Seat) -> Response {
    let of = seat.query.value("of").unwrap_or_default();
    let mut health = match seat.portal.account_health(&seat.visit, of).await {
        Ok(health) => health,
        Err(fault) => return super::faulty(&seat, &fault),
    };
    let links = std::mem::take(&mut health.links);
    let page = Account {
        frame: Frame::of(&seat, "/admin", health.account.passport.clone()),
        created: clock::written(Timestamp(health.account.created)),
        links: links.into_iter().map(|link| (link.network, ShownLink::from(link.status))).collect(),
        health,
    };
    frame::page(StatusCode::OK, &page)
}

/// Answers `POST /admin/account`; `whom` is its address.
pub(crate) async fn change_account(Posted { seat, form }: Posted) -> Response {
    let whom = form.value("whom").unwrap_or_default();
    let of: String = url::form_urlencoded::byte_serialize(whom.as_bytes()).collect();
    let path = format!("/admin/account?of={of}");
    if let Some(answer) = unless_fresh_to_do(&seat, &path) {
        return answer;
    }
    match form.value("action") {
        Some("password") => {
            let set = seat.portal.reset_password(&seat.visit, whom, form.value("password").unwrap_or_default()).await;
            onward(&seat, &path, set.map(|()| "The account has that password now.".to_owned()))
        }
        Some("remove") if form.value("sure").is_none() => {
            let says = "Tick the box first that says that you are sure. Nothing was removed.";
            onward(&seat, &path, Err(PortalFault::Unfit(says.to_owned())))
        }
        Some("remove") => match seat.portal.remove_account(&seat.visit, whom).await {
            Ok(()) => onward(&seat, "/admin", Ok(format!("The account {whom} is removed."))),
            Err(fault) => onward(&seat, &path, Err(fault)),
        },
        Some(_) | None => onward(&seat, &path, Err(unknown_action())),
    }
}
