//! What matrix-sdk says went wrong, in the words of this bridge.

use bridge::Failure;
use matrix_sdk::{Error, HttpError, RefreshTokenError, RumaApiError};
use ruma::api::error::{Error as ApiError, ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter};

use crate::homeserver::Trouble;

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        of_http(&error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match &error {
            Error::Http(error) => of_http(error),
            Error::AuthenticationRequired => Self::Stranger,
            // Something of this program's own side, mostly its store: later it may work. The text is matrix-sdk's, which puts no
            // message and no token into it.
            _ => Self::Unreadable(innermost(&error)),
        }
    }
}

fn of_http(error: &HttpError) -> Trouble {
    match error {
        HttpError::Reqwest(fault) if fault.is_timeout() => Trouble::Silent("it took too long".into()),
        HttpError::Reqwest(fault) => Trouble::Silent(innermost(fault)),
        HttpError::Api(error) => match &**error {
            FromHttpResponseError::Server(RumaApiError::MatrixError(error)) => of_api(error),
            // It asks for more than a token, which none of our requests can give.
            FromHttpResponseError::Server(RumaApiError::AuthResponse(_)) => Trouble::Refused {
                status: 401,
                errcode: "M_FORBIDDEN".into(),
                message: "it asks who this is once more".into(),
            },
            error => Trouble::Unreadable(error.to_string()),
        },
        HttpError::IntoHttp(fault) => Trouble::Refused {
            status: 0,
            errcode: "M_INVALID_PARAM".into(),
            message: format!("no such request can be made: {fault}"),
        },
        HttpError::RefreshToken(RefreshTokenError::MatrixAuth(error)) | HttpError::Cached(error) => of_http(error),
        HttpError::RefreshToken(_) => Trouble::Stranger,
    }
}

fn of_api(error: &ApiError) -> Trouble {
    let status = error.status_code.as_u16();
    let ErrorBody::Standard(body) = &error.body else {
        return Trouble::Ailing { status, errcode: String::new(), message: String::new() };
    };
    let (errcode, message) = (body.kind.errcode().to_string(), body.message.clone());
    match &body.kind {
        ErrorKind::LimitExceeded(limit) => Trouble::Limited(match limit.retry_after {
            Some(RetryAfter::Delay(delay)) => Some(delay),
            Some(RetryAfter::DateTime(_)) | None => None,
        }),
        ErrorKind::UnknownToken(_) | ErrorKind::MissingToken | ErrorKind::UserDeactivated => Trouble::Stranger,
        _ if status == 429 => Trouble::Limited(None),
        // As of an appservice: a proxy's page says nothing about the request itself.
        _ if !(400..500).contains(&status) || status == 408 => Trouble::Ailing { status, errcode, message },
        _ => Trouble::Refused { status, errcode, message },
    }
}

/// The cause of all, without what stands around it: addresses would carry the names of rooms and people.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What follows from it for an order of somebody whose own account it was.
pub(crate) fn failure(trouble: impl Into<Trouble>) -> Failure {
    match trouble.into() {
        Trouble::Stranger => signed_out(),
        trouble if trouble.is("M_FORBIDDEN") => Failure::refused("your Matrix account may not do that there"),
        trouble @ (Trouble::Silent(_)
        | Trouble::Unreadable(_)
        | Trouble::Limited(_)
        | Trouble::Ailing { .. }
        | Trouble::Refused { .. }) => trouble.into(),
    }
}

/// The account's own session has ended.
pub(crate) fn signed_out() -> Failure {
    Failure::SignedOut { reason: "your Matrix account is signed out here; link it again".into() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ruma::api::{EndpointError as _, error::FromHttpResponseError};

    use super::*;

    /// What the homeserver's answer comes to.
    fn answered(status: u16, body: &str) -> Trouble {
        let answer = http::Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = ApiError::from_http_response(answer);
        let error = FromHttpResponseError::Server(RumaApiError::MatrixError(error));
        Error::from(HttpError::from(error)).into()
    }

    #[test]
    fn answers_say_what_to_do_next() {
        let limited = answered(429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":1500}"#);
        assert_eq!(limited, Trouble::Limited(Some(Duration::from_millis(1500))));
        assert_eq!(answered(429, r#"{"errcode":"M_UNKNOWN","error":"x"}"#), Trouble::Limited(None));
        let lost = answered(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":false}"#);
        assert!(matches!(failure(lost), Failure::SignedOut { reason } if reason.contains("link it again")));
        let no = answered(403, r#"{"errcode":"M_FORBIDDEN","error":"You are not in this room"}"#);
        assert!(no.is("M_FORBIDDEN") && matches!(failure(no), Failure::Refused { .. }));
        assert!(failure(answered(502, "<html>")).is_passing());
        assert!(failure(answered(404, "<html>a proxy")).is_passing(), "not the homeserver's own word");
        assert!(answered(413, r#"{"errcode":"M_TOO_LARGE","error":"event too large"}"#).is("M_TOO_LARGE"));
    }
}
