//! What is read from requests: bodies, places in paths, and what stands behind the question mark. What cannot be read is a problem that
//! says so.

use std::time::Duration;

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
};
use domain::{NetworkName, Passport};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, de::DeserializeOwned};
use server::{Limit, LinkAnswers};
use utoipa::ToSchema;

use crate::{
    guard::Peer,
    problem::{Kind, Problem},
};

/// The longest body, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024;

/// How long a body may take to come.
const ARRIVAL: Duration = Duration::from_secs(30);

/// A body of JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let peer = request.extensions().get::<Peer>().copied();
        let reading = tokio::time::timeout(ARRIVAL, Json::<T>::from_request(request, state)).await;
        let read = reading.map_err(|_| {
            let detail = format!("the body did not come within {} seconds: send it at once", ARRIVAL.as_secs());
            Problem::new(Kind::TooLate, detail)
        })?;
        read.map(|Json(body)| Self(body)).map_err(|rejection| {
            let detail = rejection.body_text();
            match rejection {
                JsonRejection::MissingJsonContentType(_) => {
                    Problem::new(Kind::NotJson, "send the body as JSON, with Content-Type: application/json")
                }
                JsonRejection::JsonDataError(_) => Problem::new(
                    Kind::Unfit,
                    format!("{}: /openapi.json tells what the body has to be", without_value(&detail)),
                ),
                rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    Limit::RequestSize
                        .reached(peer.map_or_else(|| "somebody".to_owned(), |Peer(from)| from.to_string()));
                    Problem::new(Kind::TooLarge, format!("send {LONGEST} bytes at most"))
                }
                _ => Problem::new(Kind::Malformed, format!("{detail}: send one JSON object")),
            }
        })
    }
}

/// What is wrong, without the value that is: it may be a secret, and programs write into their logs what they are answered.
fn without_value(detail: &str) -> String {
    let cut = |what: &str| {
        let (before, rest) = detail.split_once(&format!("{what}: "))?;
        let (_, expected) = rest.rsplit_once(", expected ")?;
        Some(format!("{before}{what}, expected {expected}"))
    };
    cut("invalid type").or_else(|| cut("invalid value")).unwrap_or_else(|| detail.to_owned())
}

/// What stands behind the question mark.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Self(asked)).map_err(|rejection: QueryRejection| {
            Problem::new(Kind::Malformed, format!("{}: /openapi.json tells what can be asked", rejection.body_text()))
        })
    }
}

/// What stands in the path, piece by piece.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Place<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(place)| Self(place)).map_err(|rejection: PathRejection| {
            Problem::new(Kind::Malformed, format!("{}: look at the path", rejection.body_text()))
        })
    }
}

/// The answers to what a network asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    /// The answer to each step, by its key.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub(crate) answers: LinkAnswers,
}

/// Whose account is meant.
pub(crate) fn owner(address: &str) -> Result<Passport, Problem> {
    // Nobody has an address that is none.
    address.parse().map_err(|_| Problem::no_account(&format_args!("{address:?}")))
}

/// The network of that name; one that there cannot be is like one that there is not.
pub(crate) fn network(name: &str) -> Option<NetworkName> {
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_value_is_told_without_it() {
        for (detail, told) in [
            ("password: invalid type: integer `1234`, expected a string", "password: invalid type, expected a string"),
            (
                "answers: invalid type: string \"a, expected b\", expected a map",
                "answers: invalid type, expected a map",
            ),
            (
                "uses: invalid value: integer `-1`, expected u32 at line 1",
                "uses: invalid value, expected u32 at line 1",
            ),
            ("missing field `password` at line 1", "missing field `password` at line 1"),
        ] {
            assert_eq!(without_value(detail), told);
        }
    }
}
