//! Passport 1.4, also called Tweener: a nexus that names the login server, and a login that takes the password in a header.

use axum::{
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode;
use url::Url;

use crate::{
    Refusal,
    routes::{Origin, Web},
};

/// Answers the nexus path that Messenger asks.
pub(crate) async fn redirector(State(web): State<Web>) -> Response {
    nexus(&documented_login(&web.public_url))
}

/// Answers the nexus path for clients that want a whole URL.
pub(crate) async fn whole_redirector(State(web): State<Web>) -> Response {
    nexus(&whole_login(&web.public_url))
}

/// The header holds `DALogin` alone: some clients strip just that prefix and take the rest for the address.
fn nexus(login: &str) -> Response {
    match HeaderValue::try_from(format!("DALogin={login}")) {
        Ok(value) => ([("passporturls", value)], ()).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn whole_login(public: &Url) -> String {
    format!("{}://{}", public.scheme(), schemeless_login(public))
}

/// Clients put `https://` in front of an address without a scheme, so only an https server may leave it away.
fn documented_login(public: &Url) -> String {
    if public.scheme() == "https" { schemeless_login(public) } else { whole_login(public) }
}

fn schemeless_login(public: &Url) -> String {
    let host = public.host_str().unwrap_or_default();
    let port = public.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{host}{port}{}/login2.srf", public.path().trim_end_matches('/'))
}

/// Answers the login path: a ticket for the `Authorization: Passport1.4` that names account and password.
pub(crate) async fn login(
    State(web): State<Web>,
    Extension(Origin(from)): Extension<Origin>,
    headers: HeaderMap,
) -> Response {
    let Some(claim) = headers.get(header::AUTHORIZATION).and_then(|value| Claim::read(value.as_bytes())) else {
        return failed();
    };
    if ::doctor::is_nobody(&claim.passport) {
        return if web.backend.is_at_work().await { failed() } else { unavailable() };
    }
    match web.backend.sign_in(&claim.passport, &claim.password, from).await {
        Ok(ticket) => succeeded(&ticket.value),
        Err(Refusal::WrongCredentials) => failed(),
        Err(Refusal::TooManyAttempts { retry_after }) => {
            ([(header::RETRY_AFTER, retry_after.as_secs().max(1).to_string())], failed()).into_response()
        }
        Err(Refusal::Unavailable) => unavailable(),
    }
}

/// Nobody's password can be looked at now.
pub(crate) fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")]).into_response()
}

/// `from-PP` comes last: a client was seen that takes everything after its first quote, and drops only the quotes.
fn succeeded(ticket: &str) -> Response {
    let grant = format!("Passport1.4 da-status=success,tname=,ru=http://messenger.msn.com,from-PP='t={ticket}&p='");
    ([("authentication-info", grant.as_str()), ("cache-control", "no-store")], ()).into_response()
}

fn failed() -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Passport1.4 da-status=failed")]).into_response()
}

/// Who somebody says they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) passport: String,
    pub(crate) password: String,
}

impl Claim {
    /// Reads `Passport1.4 OrgVerb=GET,...,sign-in=ADDRESS,pwd=PASSWORD,POLICY`. The policy that follows has commas and equals
    /// signs of its own, so only the first of the two known keys count. A percent sign that begins no escape stands for
    /// itself: one client does not escape passwords.
    pub(crate) fn read(header: &[u8]) -> Option<Self> {
        const SCHEME: &[u8] = b"Passport1.4";
        let (scheme, fields) = header.split_at_checked(SCHEME.len())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) || !fields.first().is_some_and(u8::is_ascii_whitespace) {
            return None;
        }
        let field = |key: &[u8]| {
            fields.split(|byte| *byte == b',').find_map(|field| {
                let (name, value) = field.split_at(field.iter().position(|byte| *byte == b'=')?);
                let value = value.get(1..)?;
                (name.trim_ascii() == key).then(|| percent_decode(value).decode_utf8_lossy().into_owned())
            })
        };
        Some(Self { passport: field(b"sign-in")?, password: field(b"pwd")? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(passport: &str, password: &str) -> Claim {
        Claim { passport: passport.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn the_login_address_has_the_form_each_server_needs() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        assert_eq!(documented_login(&url("https://msn.example")), "msn.example/login2.srf");
        assert_eq!(documented_login(&url("https://msn.example:8443/")), "msn.example:8443/login2.srf");
        assert_eq!(documented_login(&url("http://127.0.0.1:8080")), "http://127.0.0.1:8080/login2.srf");
        assert_eq!(documented_login(&url("http://[::1]:8080")), "http://[::1]:8080/login2.srf");
        assert_eq!(whole_login(&url("https://msn.example")), "https://msn.example/login2.srf");
        assert_eq!(whole_login(&url("https://example.org/msn/")), "https://example.org/msn/login2.srf");
    }

    #[test]
    fn passwords_come_escaped_or_not() {
        let read = |pwd: &str| {
            let header = format!(
                "Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in=carol%40example.com,pwd={pwd},\
                 lc=1033,id=507,tw=40,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,pwd=other"
            );
            Claim::read(header.as_bytes())
        };
        assert_eq!(read("plain"), Some(claim("carol@example.com", "plain")));
        assert_eq!(read("a%2Cb%25c%3Dd"), Some(claim("carol@example.com", "a,b%c=d")));
        assert_eq!(read("na%C3%AFve%20%E2%82%AC"), Some(claim("carol@example.com", "naïve €")));
        assert_eq!(read("100%=x%zz"), Some(claim("carol@example.com", "100%=x%zz")));
        assert_eq!(read(""), Some(claim("carol@example.com", "")));
    }

    #[test]
    fn what_is_no_passport_claim_is_refused() {
        for header in
            ["", "Passport1.4", "Basic Zm9vOmJhcg==", "Passport1.4 sign-in=a@b.c", "Passport1.4sign-in=a,pwd=b"]
        {
            assert_eq!(Claim::read(header.as_bytes()), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(header: Vec<u8>, tail: Vec<u8>) {
            let _ = Claim::read(&header);
            let _ = Claim::read(&[b"Passport1.4 ".as_slice(), &tail].concat());
        }
    }
}
