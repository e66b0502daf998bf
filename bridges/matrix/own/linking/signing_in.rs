//! Signing in to a homeserver: by a password, a token, what a browser brought back, or the word of the second registration.

use std::time::Duration;

use bridge::Failure;
use futures_util::FutureExt as _;
use matrix_sdk::{Client, SessionMeta, SessionTokens, authentication::matrix::MatrixSession, config::RequestConfig};
use ruma::{
    ServerName, UserId,
    api::client::{
        account::whoami,
        keys::get_keys,
        session::{
            get_login_types::{self, v3::LoginType},
            login::v3::{ApplicationService, LoginInfo, Password, Request, Response, Token},
            logout,
        },
        uiaa::{AuthData, MatrixUserIdentifier, UserIdentifier},
    },
};
use url::Url;

use super::super::{discovery::Door, session::CLIENT_NAME};
use crate::homeserver::{Homeserver, Trouble};

/// How long each question may take: a link is made within half a minute.
const ANSWER: Duration = Duration::from_secs(6);
/// How long the homeserver is asked to sign a device out.
const LOGOUT: Duration = Duration::from_secs(3);

/// A device that has just signed in.
pub(super) struct SignedIn {
    pub(super) session: MatrixSession,
    /// Whether it was made for this link, so that it is signed out if nothing comes of that.
    pub(super) is_new: bool,
    /// What shows the homeserver once more who it is, should it ask when the account's first keys are uploaded.
    pub(super) auth: Option<AuthData>,
}

/// Signs in by a password.
pub(super) async fn by_password(door: &Door, user: &UserId, password: &str) -> Result<SignedIn, Failure> {
    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.to_string()));
    let login = LoginInfo::Password(Password::new(identifier.clone(), password.to_owned()));
    let server = user.server_name();
    let signed_in = login_without_token(door, login).await.map_err(|trouble| match trouble {
        trouble if trouble.is("M_FORBIDDEN") => Failure::refused(format!(
            "the homeserver of {server} does not take this password for {user}; look whether both are right, and write them once more"
        )),
        trouble if trouble.is("M_UNRECOGNIZED") || trouble.is("M_UNKNOWN") => Failure::refused(format!(
            "the homeserver of {server} takes no passwords of programs; link by a token or in the browser"
        )),
        trouble => in_words(server, trouble),
    })?;
    let auth = AuthData::Password(ruma::api::client::uiaa::Password::new(identifier, password.to_owned()));
    Ok(SignedIn { auth: Some(auth), ..signed_in })
}

/// Signs in by what a browser brought back from the homeserver.
pub(super) async fn by_browser(door: &Door, server: &ServerName, token: &str) -> Result<SignedIn, Failure> {
    let login = LoginInfo::Token(Token::new(token.to_owned()));
    let signed_in = login_without_token(door, login).await.map_err(|trouble| match trouble {
        trouble if trouble.is("M_FORBIDDEN") => {
            Failure::refused("signing in took too long, or was done before; begin once more")
        }
        trouble => in_words(server, trouble),
    })?;
    let found = &signed_in.session.meta.user_id;
    // Nobody was named beforehand, and a homeserver says of its own users alone who they are.
    if found.server_name() != server {
        return Err(Failure::refused(format!(
            "the homeserver of {server} says that you are {found}, who is not of {server}"
        )));
    }
    Ok(signed_in)
}

/// Where a browser signs in, and is sent `back` from.
pub(super) async fn browser_address(door: &Door, server: &ServerName, back: &str) -> Result<String, Failure> {
    let asked = nameless(door).await?;
    let types =
        asked.send(get_login_types::v3::Request::new()).await.map_err(|error| in_words(server, error.into()))?;
    if !types.flows.iter().any(|flow| matches!(flow, LoginType::Sso(_))) {
        return Err(Failure::refused(format!(
            "the homeserver of {server} does not let people sign in with a browser; link by a password or a token"
        )));
    }
    let address = format!("{}/_matrix/client/v3/login/sso/redirect", door.url);
    let mut address =
        Url::parse(&address).map_err(|fault| Failure::refused(format!("the homeserver's address is none: {fault}")))?;
    address.query_pairs_mut().append_pair("redirectUrl", back);
    Ok(address.into())
}

/// Takes over the device whose access token this is.
pub(super) async fn by_token(door: &Door, user: &UserId, token: &str) -> Result<SignedIn, Failure> {
    let server = user.server_name();
    let homeserver = Homeserver::at(door.url.clone(), token.to_owned(), door.client.clone());
    let who = in_time(homeserver.ask(None, whoami::v3::Request::new())).await.map_err(|trouble| match trouble {
        Trouble::Stranger => {
            Failure::refused(format!("the homeserver of {server} does not know this token; copy it anew"))
        }
        trouble => in_words(server, trouble),
    })?;
    if who.user_id != *user {
        return Err(is_another(&who.user_id, user));
    }
    let Some(device_id) = who.device_id else {
        return Err(Failure::refused(
            "this token belongs to no session of its own; sign in with a new session, and copy its token",
        ));
    };
    // Whoever has the token already has keys for this device, and others would take a second set for an attack.
    let mut request = get_keys::v3::Request::new();
    request.device_keys.insert(who.user_id.clone(), vec![device_id.clone()]);
    let keys = in_time(homeserver.ask(None, request)).await.map_err(|trouble| in_words(server, trouble))?;
    if keys.device_keys.get(&who.user_id).is_some_and(|devices| devices.contains_key(&device_id)) {
        return Err(Failure::refused(
            "another program uses this token's session and its encryption; link by the password, or make a new session for here",
        ));
    }
    let tokens = SessionTokens { access_token: token.to_owned(), refresh_token: None };
    let session = MatrixSession { meta: SessionMeta { user_id: who.user_id, device_id }, tokens };
    Ok(SignedIn { session, is_new: false, auth: None })
}

/// Signs in somebody who has proven who they are, by the token of the second registration.
pub(super) async fn by_registration(door: &Door, registration: &str, user: &UserId) -> Result<SignedIn, Failure> {
    let homeserver = Homeserver::at(door.url.clone(), registration.to_owned(), door.client.clone());
    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.to_string()));
    let request = request(LoginInfo::ApplicationService(ApplicationService::new(identifier)));
    let answer = in_time(homeserver.ask(None, request)).await.map_err(|trouble| match trouble {
        Trouble::Stranger => Failure::retry(
            "the homeserver does not know the second registration yet; its administrator makes it with `chrysalis registration \
             --double-puppet`",
        ),
        trouble => in_words(user.server_name(), trouble),
    })?;
    Ok(SignedIn { session: session(&answer), is_new: true, auth: None })
}

/// Signs a device out, for good. Says whether the homeserver has done it, or knew it no more.
pub(super) async fn sign_out(door: &Door, session: &MatrixSession) -> bool {
    let homeserver = Homeserver::at(door.url.clone(), session.tokens.access_token.clone(), door.client.clone());
    let asking = homeserver.ask(None, logout::v3::Request::new());
    match tokio::time::timeout(LOGOUT, asking).await {
        Ok(Ok(_) | Err(Trouble::Stranger)) => true,
        Ok(Err(trouble)) => {
            tracing::info!(user = %session.meta.user_id, %trouble, "a device is not signed out");
            false
        }
        Err(_) => false,
    }
}

fn is_another(found: &UserId, named: &UserId) -> Failure {
    Failure::refused(format!("this is {found}, not {named}"))
}

/// Whether this, who has signed in as who was named, is them. Homeservers know their users by small letters, however somebody writes them.
pub(super) fn is_named(named: &UserId, found: &UserId) -> Result<(), Failure> {
    if found.as_str().eq_ignore_ascii_case(named.as_str()) { Ok(()) } else { Err(is_another(found, named)) }
}

/// Asks without a token.
async fn nameless(door: &Door) -> Result<Client, Failure> {
    let requests = RequestConfig::new().timeout(ANSWER).disable_retry();
    let client = Client::builder().homeserver_url(&door.url).http_client(door.client.clone()).request_config(requests);
    client
        .build()
        .boxed()
        .await
        .map_err(|fault| Failure::refused(format!("the homeserver's address cannot be used: {fault}")))
}

async fn login_without_token(door: &Door, login: LoginInfo) -> Result<SignedIn, Trouble> {
    let client = nameless(door).await.map_err(|failure| Trouble::Silent(failure.to_string()))?;
    let answer = client.send(request(login)).await?;
    Ok(SignedIn { session: session(&answer), is_new: true, auth: None })
}

fn request(login: LoginInfo) -> Request {
    let mut request = Request::new(login);
    request.initial_device_display_name = Some(CLIENT_NAME.to_owned());
    // A homeserver that gives tokens which do not last is asked for what renews them.
    request.refresh_token = true;
    request
}

fn session(answer: &Response) -> MatrixSession {
    answer.into()
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let elapsed = |_| Trouble::Silent("it took too long".into());
    tokio::time::timeout(ANSWER, asking).await.map_err(elapsed)?
}

fn in_words(server: &ServerName, trouble: Trouble) -> Failure {
    match trouble {
        // Asked without a token of a session, it says so of a user.
        Trouble::Stranger => {
            Failure::refused(format!("the homeserver of {server} says that this account does not exist any more"))
        }
        trouble @ (Trouble::Silent(_)
        | Trouble::Unreadable(_)
        | Trouble::Limited(_)
        | Trouble::Ailing { .. }
        | Trouble::Refused { .. }) => trouble.into(),
    }
}
