//! What is answered when something cannot be done: `application/problem+json`, as RFC 9457 has it.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use server::{AccountFault, Failure, InviteFault, LinkFault, PortalFault, StoreFault};
use utoipa::ToSchema;

use crate::Refusal;

/// What every type of problem begins with.
const TYPES: &str = "urn:chrysalis:";

/// How long somebody is asked to wait where nothing else says how long.
const A_MINUTE: Duration = Duration::from_mins(1);

/// What kind of problem it is. Programs tell by it what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    NoToken,
    WrongToken,
    TooManyWrongTokens,
    NoRoute,
    NoMethod,
    NoAccount,
    NoNetwork,
    NoLink,
    NoTask,
    NoOrder,
    NoInvite,
    NoSession,
    Malformed,
    TooLate,
    TooLarge,
    NotJson,
    Unfit,
    Exists,
    UnderWay,
    NoPages,
    TooOften,
    RefusedByNetwork,
    NetworkAway,
    TooSlow,
    Refused,
    Unavailable,
    Broken,
}

impl Kind {
    /// The last word of the type, the status, and what it is in general.
    const fn words(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::NoToken => ("no-token", StatusCode::UNAUTHORIZED, "A token is needed"),
            Self::WrongToken => ("wrong-token", StatusCode::UNAUTHORIZED, "That is not the token"),
            Self::TooManyWrongTokens => {
                ("too-many-wrong-tokens", StatusCode::TOO_MANY_REQUESTS, "Too many wrong tokens")
            }
            Self::NoRoute => ("no-route", StatusCode::NOT_FOUND, "There is nothing at this path"),
            Self::NoMethod => ("no-method", StatusCode::METHOD_NOT_ALLOWED, "That cannot be done with this path"),
            Self::NoAccount => ("no-account", StatusCode::NOT_FOUND, "There is no such account"),
            Self::NoNetwork => ("no-network", StatusCode::NOT_FOUND, "There is no such network"),
            Self::NoLink => ("no-link", StatusCode::NOT_FOUND, "There is no such link"),
            Self::NoTask => ("no-task", StatusCode::NOT_FOUND, "There is no such task"),
            Self::NoOrder => ("no-order", StatusCode::NOT_FOUND, "There is no such order"),
            Self::NoInvite => ("no-invite", StatusCode::NOT_FOUND, "There is no such invite code"),
            Self::NoSession => ("no-session", StatusCode::NOT_FOUND, "There is no such session"),
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::TooLate => ("too-late", StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::NotJson => ("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not said to be JSON"),
            Self::Unfit => ("unfit", StatusCode::UNPROCESSABLE_ENTITY, "What was sent cannot be so"),
            Self::Exists => ("exists", StatusCode::CONFLICT, "There is one already"),
            Self::UnderWay => ("under-way", StatusCode::CONFLICT, "That is just being done"),
            Self::NoPages => ("no-pages", StatusCode::CONFLICT, "There are no pages for that"),
            Self::TooOften => ("too-often", StatusCode::TOO_MANY_REQUESTS, "That was tried too often"),
            Self::RefusedByNetwork => {
                ("refused-by-network", StatusCode::UNPROCESSABLE_ENTITY, "The network does not do that")
            }
            Self::NetworkAway => ("network-away", StatusCode::BAD_GATEWAY, "The network could not do that now"),
            Self::TooSlow => ("too-slow", StatusCode::GATEWAY_TIMEOUT, "That takes too long"),
            Self::Refused => ("refused", StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "The server cannot do that now"),
            Self::Broken => ("broken", StatusCode::INTERNAL_SERVER_ERROR, "That was broken off"),
        }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
}

/// Why something was not done (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// The kind of problem: `urn:chrysalis:` and a word.
    #[schema(example = "urn:chrysalis:no-account")]
    r#type: String,
    /// The kind of problem, for people.
    #[schema(example = "There is no such account")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong here, and what to do.
    #[schema(example = "there is no account ann@msn.example: GET /v1/accounts lists all")]
    detail: String,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None }
    }

    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub(crate) fn no_account(address: &impl std::fmt::Display) -> Self {
        Self::new(Kind::NoAccount, format!("there is no account {address}: GET /v1/accounts lists all"))
    }

    pub(crate) fn no_network(name: &str, networks: &[domain::NetworkName]) -> Self {
        let names: Vec<&str> = networks.iter().map(domain::NetworkName::as_str).collect();
        Self::new(Kind::NoNetwork, format!("there is no network {name:?}: name one of {}", names.join(", ")))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (word, status, title) = self.kind.words();
        let document =
            ProblemDocument { r#type: format!("{TYPES}{word}"), title, status: status.as_u16(), detail: self.detail };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"chrysalis management\""));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Unfit(_) => Kind::Refused,
            Refusal::Exists(_) => Kind::Exists,
            Refusal::Unavailable(_) => Kind::Unavailable,
            Refusal::Broken(_) => Kind::Broken,
        };
        Self::new(kind, refusal.to_string())
    }
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Self {
        Self::new(Kind::Unavailable, format!("the database did not answer: {fault}; try again, and look at the log"))
    }
}

impl From<AccountFault> for Problem {
    fn from(fault: AccountFault) -> Self {
        match fault {
            AccountFault::Invalid(problem) => Self::new(Kind::Unfit, problem),
            AccountFault::Exists(address) => Self::new(
                Kind::Exists,
                format!(
                    "there is an account {address} already: PUT /v1/accounts/{address}/password changes its password"
                ),
            ),
            AccountFault::Missing(address) => Self::no_account(&address),
            AccountFault::Store(fault) => Self::new(
                Kind::Unavailable,
                format!("the database did not answer: {fault}; try again, and look at the log"),
            ),
        }
    }
}

impl From<InviteFault> for Problem {
    fn from(fault: InviteFault) -> Self {
        match fault {
            InviteFault::Unfit => Self::new(Kind::Unfit, fault.to_string()),
            InviteFault::TooMany => Self::new(Kind::Refused, fault.to_string()),
            InviteFault::Store(fault) => Self::from(fault),
        }
    }
}

impl From<PortalFault> for Problem {
    fn from(fault: PortalFault) -> Self {
        let detail = fault.to_string();
        match fault {
            PortalFault::Unfit(_) => Self::new(Kind::Unfit, detail),
            PortalFault::TooOften { retry_after } => Self::new(Kind::TooOften, detail).after(retry_after),
            PortalFault::WrongPassword | PortalFault::NotAdmin => Self::new(Kind::Refused, detail),
            PortalFault::Unavailable => Self::new(Kind::Unavailable, detail),
        }
    }
}

impl From<LinkFault> for Problem {
    fn from(fault: LinkFault) -> Self {
        let detail = fault.to_string();
        let kind = match fault {
            LinkFault::NoAccount(address) => return Self::no_account(&address),
            LinkFault::NoNetwork(_) => Kind::NoNetwork,
            LinkFault::Browser(way) => {
                return Self::new(
                    Kind::Unfit,
                    format!(
                        "{way} is done in a browser alone: POST to page below this path gives the address of a page for it"
                    ),
                );
            }
            LinkFault::NoTask(_) => Kind::NoTask,
            LinkFault::NotLinked(_) => Kind::NoLink,
            LinkFault::WhichWay(_)
            | LinkFault::Unanswered { .. }
            | LinkFault::NotAsked { .. }
            | LinkFault::TooLong(_) => Kind::Unfit,
            LinkFault::NoPage | LinkFault::PageUsed | LinkFault::NothingBrought => Kind::Refused,
            LinkFault::UnderWay => Kind::UnderWay,
            LinkFault::TooOften => return Self::new(Kind::TooOften, detail).after(A_MINUTE),
            LinkFault::TooSlow => Kind::TooSlow,
            LinkFault::Store(_) => Kind::Unavailable,
            LinkFault::Failed(Failure::Retry { after, .. }) => {
                return Self::new(Kind::NetworkAway, detail).after(after.unwrap_or(A_MINUTE));
            }
            LinkFault::Failed(Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. }) => {
                Kind::RefusedByNetwork
            }
        };
        Self::new(kind, detail)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn answered(problem: Problem) -> (Response, Value) {
        let mut response = problem.into_response();
        let body = to_bytes(std::mem::take(response.body_mut()), 4096).await.unwrap();
        let document = serde_json::from_slice(&body).unwrap();
        (response, document)
    }

    #[tokio::test]
    async fn a_problem_is_told_in_the_form_of_the_rfc() {
        let (response, document) = answered(AccountFault::Missing("ann@msn.example".to_owned()).into()).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let wanted = json!({
            "type": "urn:chrysalis:no-account",
            "title": "There is no such account",
            "status": 404,
            "detail": "there is no account ann@msn.example: GET /v1/accounts lists all",
        });
        assert_eq!(document, wanted);
        let (response, _) = answered(Problem::new(Kind::NoToken, "")).await;
        assert!(response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
        let wait = Duration::from_millis(10);
        let (response, _) = answered(Problem::new(Kind::TooOften, "").after(wait)).await;
        assert_eq!(response.headers()[header::RETRY_AFTER], "1", "what is less than a second is one");
    }

    #[test]
    fn what_a_network_says_is_told_apart_by_what_can_be_done() {
        let kind = |failure| Problem::from(LinkFault::Failed(failure)).kind;
        assert_eq!(kind(Failure::refused("no such token")), Kind::RefusedByNetwork);
        let later = Failure::Retry { after: Some(Duration::from_secs(7)), reason: "busy".to_owned() };
        let problem = Problem::from(LinkFault::Failed(later));
        assert_eq!((problem.kind, problem.retry_after), (Kind::NetworkAway, Some(Duration::from_secs(7))));
        assert_eq!(Problem::from(LinkFault::TooOften).retry_after, Some(A_MINUTE));
    }
}
