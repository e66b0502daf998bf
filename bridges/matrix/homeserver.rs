//! Asking the homeserver: one client for all, the appservice's token, somebody's identity, and an answer that says what to do.

mod bytes;
mod clock;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bridge::Failure;
use futures_util::FutureExt as _;
use http::StatusCode;
use ruma::{
    UserId,
    api::{
        AppserviceUserIdentity, IncomingResponse, MatrixVersion, OutgoingRequest, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::discovery::get_supported_versions,
        path_builder::PathBuilder,
    },
};
use serde::Deserialize;

pub(crate) use bytes::{Bytes, Parcel, stream, time_for};

use crate::configuration::Configuration;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: making a room on a loaded homeserver is the longest.
const ANSWER: Duration = Duration::from_secs(30);
/// The largest answer that is read; a room's state is the largest that is asked for.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The homeserver, as this appservice speaks to it.
pub(crate) struct Homeserver {
    client: RwLock<reqwest::Client>,
    url: String,
    as_token: String,
    versions: SupportedVersions,
    /// Whether it was ever asked.
    is_known: AtomicBool,
    /// Whether it did not answer when it was asked last, or could not do anything.
    is_away: AtomicBool,
    outages: AtomicU64,
    takes_busy: AtomicBool,
}

/// Why the homeserver did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// It did not answer.
    #[error("the homeserver did not answer: {0}")]
    Silent(String),
    /// It did what it was asked, but its answer could not be read.
    #[error("the homeserver's answer could not be read: {0}")]
    Unreadable(String),
    /// Too much was asked of it.
    #[error("the homeserver asks to wait")]
    Limited(Option<Duration>),
    /// Something is wrong with it for now.
    #[error("the homeserver has trouble of its own: {status} {errcode} {message}")]
    Ailing {
        /// The status of its answer.
        status: u16,
        /// Matrix's code of the error.
        errcode: String,
        /// What it says.
        message: String,
    },
    /// It does not know the token.
    #[error("the homeserver does not know as_token; give it this registration (chrysalis registration) and restart it")]
    Stranger,
    /// It said no.
    #[error("the homeserver refused: {errcode} {message}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Matrix's code of the error.
        errcode: String,
        /// What it says.
        message: String,
    },
}

impl Trouble {
    /// Whether the homeserver refused because the user does not exist there yet: Synapse says so in words only.
    pub(crate) fn is_unregistered(&self) -> bool {
        matches!(self, Self::Refused { status: 403, message, .. } if message.contains("has not registered this user"))
    }

    /// Whether it refused with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused { errcode, .. } if errcode == code)
    }

    /// Whether it is there, and could not do what it was asked; it need not stay so.
    pub(crate) const fn is_inability(&self) -> bool {
        match self {
            Self::Unreadable(_) => true,
            Self::Ailing { errcode, .. } => !errcode.is_empty(),
            Self::Silent(_) | Self::Limited(_) | Self::Stranger | Self::Refused { .. } => false,
        }
    }

    /// Whether it refused for good: asking again would bring the same answer.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let reason = trouble.to_string();
        match trouble {
            Trouble::Limited(after) => Self::Retry { after, reason },
            // An operator has to mend the token, and then what waits can go: nothing is thrown away for it.
            Trouble::Silent(_) | Trouble::Unreadable(_) | Trouble::Ailing { .. } | Trouble::Stranger => {
                Self::Retry { after: None, reason }
            }
            Trouble::Refused { .. } => Self::Refused { reason },
        }
    }
}

/// Matrix's form of an error.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    errcode: String,
    error: String,
    retry_after_ms: Option<u64>,
}

impl Homeserver {
    /// A homeserver that nobody has asked yet.
    pub(crate) fn new(configuration: &Configuration) -> Result<Self, reqwest::Error> {
        Ok(Self::at(configuration.homeserver_url.clone(), configuration.as_token.clone(), client()?))
    }

    /// A homeserver at this address, which is shown this token.
    pub(crate) fn at(url: String, token: String, client: reqwest::Client) -> Self {
        // Everything that is asked here is the same from version 1.1 on, and the ping from 1.7; `check` looks whether the
        // homeserver has it.
        let versions = SupportedVersions {
            versions: BTreeSet::from([MatrixVersion::V1_7, MatrixVersion::V1_11]),
            features: BTreeSet::default(),
        };
        Self {
            client: RwLock::new(client),
            url,
            as_token: token,
            versions,
            is_known: AtomicBool::new(false),
            is_away: AtomicBool::new(false),
            outages: AtomicU64::new(0),
            takes_busy: AtomicBool::new(false),
        }
    }

    /// Whether it answered when it was asked last; `None` before it was.
    pub(crate) fn answers(&self) -> Option<bool> {
        self.is_known.load(Ordering::Acquire).then(|| !self.is_away.load(Ordering::Acquire))
    }

    /// How often it was away and came back: whoever sees this grow may have missed what it sent meanwhile.
    pub(crate) fn outages(&self) -> u64 {
        self.outages.load(Ordering::Acquire)
    }

    /// As [`Homeserver::outages`], with the one that lasts, as far as is known: what it sends may come before any answer of its
    /// own shows that it is back.
    pub(crate) fn outages_and_absence(&self) -> u64 {
        // In this order: one that ends meanwhile must not be left out.
        let is_away = self.is_away.load(Ordering::Acquire);
        self.outages().saturating_add(is_away.into())
    }

    /// Whether it takes `busy` as a presence (MSC3026), as far as is known.
    pub(crate) fn takes_busy(&self) -> bool {
        self.takes_busy.load(Ordering::Relaxed)
    }

    /// Finds out what it can do beyond what every homeserver can.
    pub(crate) async fn learn(&self) -> Result<(), Trouble> {
        let features = self.versions().await?.unstable_features;
        let takes_busy = features.get("org.matrix.msc3026.busy_presence").copied().unwrap_or_default();
        self.takes_busy.store(takes_busy, Ordering::Relaxed);
        Ok(())
    }

    fn note(&self, trouble: Option<&Trouble>) {
        self.is_known.store(true, Ordering::Release);
        match trouble {
            Some(Trouble::Silent(_)) => self.is_away.store(true, Ordering::Release),
            Some(Trouble::Ailing { errcode, .. }) if errcode.is_empty() => self.is_away.store(true, Ordering::Release),
            // An errcode is its own word: it is there.
            Some(
                Trouble::Ailing { .. }
                | Trouble::Unreadable(_)
                | Trouble::Limited(_)
                | Trouble::Stranger
                | Trouble::Refused { .. },
            )
            | None => {
                // Two answers at once may count one outage twice, which does no harm.
                if self.is_away.load(Ordering::Acquire) {
                    self.outages.fetch_add(1, Ordering::AcqRel);
                    self.is_away.store(false, Ordering::Release);
                }
            }
        }
    }

    /// Closes the connections that are kept for later requests.
    pub(crate) fn hang_up(&self) {
        if let Ok(fresh) = client() {
            *self.client.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }

    /// Asks as `user`; `None` is the appservice itself.
    pub(crate) async fn ask<R>(&self, user: Option<&UserId>, request: R) -> Result<R::IncomingResponse, Trouble>
    where
        R: OutgoingRequest,
        for<'input> R::Authentication: AuthScheme<Input<'input> = SendAccessToken<'input>>,
        for<'input> R::PathBuilder: PathBuilder<Input<'input> = Cow<'input, SupportedVersions>>,
    {
        self.ask_with(user.map(AppserviceUserIdentity::new), request).await
    }

    /// As [`Homeserver::ask`], as one device of a user where `identity` names one.
    pub(crate) async fn ask_with<R>(
        &self,
        identity: Option<AppserviceUserIdentity<'_>>,
        request: R,
    ) -> Result<R::IncomingResponse, Trouble>
    where
        R: OutgoingRequest,
        for<'input> R::Authentication: AuthScheme<Input<'input> = SendAccessToken<'input>>,
        for<'input> R::PathBuilder: PathBuilder<Input<'input> = Cow<'input, SupportedVersions>>,
    {
        // Some homeservers want a token even for profiles.
        let token = SendAccessToken::Always(&self.as_token);
        let mut request: http::Request<Vec<u8>> = request
            .try_into_http_request(&self.url, token, Cow::Borrowed(&self.versions))
            .map_err(|fault| impossible(&fault))?;
        if let Some(identity) = identity {
            identity.maybe_add_to_uri(request.uri_mut()).map_err(|fault| impossible(&fault))?;
        }
        self.exchange::<R::IncomingResponse>(request).await
    }

    /// What the homeserver speaks.
    pub(crate) async fn versions(&self) -> Result<get_supported_versions::Response, Trouble> {
        let request = get_supported_versions::Request::new()
            .try_into_http_request(&self.url, SendAccessToken::None, ())
            .map_err(|fault| impossible(&fault))?;
        self.exchange(request).await
    }

    async fn exchange<A: IncomingResponse>(&self, request: http::Request<Vec<u8>>) -> Result<A, Trouble> {
        let answer = self.answer(request).boxed().await?;
        A::try_from_http_response(answer).map_err(|_| Trouble::Unreadable("it has another form than expected".into()))
    }

    /// The answer to a request, if it is a success.
    async fn answer(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Trouble> {
        let request = reqwest::Request::try_from(request).map_err(|fault| impossible(&fault))?;
        let leads_elsewhere = leads_elsewhere(request.url().path());
        let outcome = match self.send(request).await {
            Ok(answer) => succeeded(answer).await,
            Err(trouble) => Err(trouble),
        };
        let says_nothing = leads_elsewhere && matches!(outcome, Err(Trouble::Silent(_) | Trouble::Ailing { .. }));
        if !says_nothing {
            self.note(outcome.as_ref().err());
        }
        let answer = outcome?;
        let status = answer.status();
        let body = read(answer).await.map_err(|fault| Trouble::Unreadable(fault.to_string()))?;
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        Ok(answer)
    }

    /// Sends a request and gives the beginning of whatever answer comes.
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Trouble> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        client.execute(request).await.map_err(|fault| silent(&fault))
    }
}

/// Whether the homeserver may have to ask another one before it answers: then a failure says nothing of itself.
fn leads_elsewhere(path: &str) -> bool {
    const ELSEWHERE: [&str; 9] =
        ["join", "leave", "invite", "profile", "directory", "summary", "room_summary", "publicRooms", "keys"];
    path.split('/').any(|part| ELSEWHERE.contains(&part))
}

/// The answer, if it is a success; its body is still on the way.
pub(crate) async fn succeeded(answer: reqwest::Response) -> Result<reqwest::Response, Trouble> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let retry_after = answer
        .headers()
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    Err(refusal(status, retry_after, &read(answer).await.unwrap_or_default()))
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("Chrysalis/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        // The token goes to the configured homeserver and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// A request of ours that cannot even be written: asking again would not help.
fn impossible(fault: &dyn std::error::Error) -> Trouble {
    Trouble::Refused {
        status: 0,
        errcode: "M_INVALID_PARAM".into(),
        message: format!("no such request can be made: {fault}"),
    }
}

/// Why nothing came back, down to the innermost cause, without the address: it would carry the names of rooms and people.
pub(crate) fn silent(fault: &reqwest::Error) -> Trouble {
    let mut cause: &dyn std::error::Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Trouble::Silent(if fault.is_timeout() { "it took too long".into() } else { cause.to_string() })
}

pub(crate) async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, ReadFault> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|_| ReadFault::Broken)? {
        if body.len() + part.len() > LARGEST_ANSWER {
            return Err(ReadFault::Large);
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadFault {
    #[error("it broke off")]
    Broken,
    #[error("it is larger than 16 MiB")]
    Large,
}

/// What an answer other than a success means.
fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Trouble {
    let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    if status == StatusCode::TOO_MANY_REQUESTS || body.errcode == "M_LIMIT_EXCEEDED" {
        // The header has whole seconds, which may be rounded down.
        return Trouble::Limited(retry_after.max(body.retry_after_ms.map(Duration::from_millis)));
    }
    if body.errcode == "M_UNKNOWN_TOKEN" || (status == StatusCode::UNAUTHORIZED && body.errcode == "M_MISSING_TOKEN") {
        return Trouble::Stranger;
    }
    let (status, errcode, message) = (status.as_u16(), body.errcode, body.error);
    // A redirect, or an error page of something in between, says nothing about the request itself.
    if !(400..500).contains(&status) || status == 408 || errcode.is_empty() {
        return Trouble::Ailing { status, errcode, message };
    }
    Trouble::Refused { status, errcode, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        refusal(StatusCode::from_u16(status).unwrap(), None, body.as_bytes()).into()
    }

    #[test]
    fn answers_say_what_to_do_next() {
        let limited = failure(429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":1500}"#);
        assert!(
            matches!(limited, Failure::Retry { after: Some(after), .. } if after.as_millis() == 1500),
            "{limited:?}"
        );
        let asked = |header: Option<u64>, body: &str| {
            let trouble = refusal(StatusCode::TOO_MANY_REQUESTS, header.map(Duration::from_secs), body.as_bytes());
            let Failure::Retry { after, .. } = trouble.into() else { panic!("no word of waiting") };
            after
        };
        assert_eq!(asked(Some(2), "<html>"), Some(Duration::from_secs(2)), "a proxy's word counts as well");
        assert_eq!(
            asked(Some(2), r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2400}"#).unwrap().as_millis(),
            2400
        );
        assert_eq!(asked(Some(3), r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2400}"#).unwrap().as_secs(), 3);
        assert_eq!(asked(None, "{}"), None);
        assert!(failure(502, "<html>").is_passing());
        assert!(failure(404, "<html>a proxy").is_passing(), "not the homeserver's own word");
        assert!(failure(302, "").is_passing());
        let token = failure(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"x"}"#);
        assert!(token.to_string().contains("as_token"), "{token}");
        let refused = failure(413, r#"{"errcode":"M_TOO_LARGE","error":"event too large"}"#);
        assert_eq!(refused, Failure::refused("the homeserver refused: M_TOO_LARGE event too large"));
    }

    #[test]
    fn an_outage_counts_once_it_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let values = crate::configuration::tests::values();
        let section = crate::configuration::tests::section(values, directory.path());
        let homeserver = Homeserver::new(&Configuration::read(&section).unwrap()).unwrap();
        let refused = refusal(StatusCode::FORBIDDEN, None, br#"{"errcode":"M_FORBIDDEN"}"#);
        homeserver.note(None);
        homeserver.note(Some(&refused));
        assert_eq!(homeserver.outages(), 0, "it was never away");
        homeserver.note(Some(&Trouble::Silent("connection refused".into())));
        homeserver.note(Some(&refusal(StatusCode::BAD_GATEWAY, None, b"<html>")));
        assert_eq!(homeserver.outages(), 0, "it is away still");
        assert_eq!(homeserver.outages_and_absence(), 1, "whatever it sends now, something before it may be lost");
        homeserver.note(Some(&refused));
        homeserver.note(None);
        assert_eq!(homeserver.outages(), 1, "its own word, whatever it says, ends the outage");
        assert_eq!(homeserver.outages_and_absence(), 1);
        let of_others =
            refusal(StatusCode::BAD_GATEWAY, None, br#"{"errcode":"M_UNKNOWN","error":"no server answers"}"#);
        homeserver.note(Some(&of_others));
        homeserver.note(None);
        assert_eq!(homeserver.outages(), 1, "another homeserver was away");
        assert!(
            leads_elsewhere("/_matrix/client/v3/rooms/!r:a.org/join") && leads_elsewhere("/_matrix/client/v3/join/!r")
        );
        assert!(leads_elsewhere("/_matrix/client/v3/keys/query"), "another server's devices");
        assert!(!leads_elsewhere("/_matrix/client/v3/rooms/!join:a.org/messages"));
    }

    #[test]
    fn an_unregistered_ghost_is_told_from_other_refusals() {
        let say = |message: &str| {
            let body = format!(r#"{{"errcode":"M_FORBIDDEN","error":"{message}"}}"#);
            refusal(StatusCode::FORBIDDEN, None, body.as_bytes()).is_unregistered()
        };
        assert!(say("Application service has not registered this user (@msn_a:example.org)"));
        assert!(!say("User @msn_a:example.org not in room"));
    }
}
