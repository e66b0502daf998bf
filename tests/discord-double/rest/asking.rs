//! One request, read: its parameters, its query, its fields and files, each of the type it must have.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::id::Id;
use crate::rest::Route;
use crate::rest::refusal::Refusal;

/// A request that was read.
pub(crate) struct Asking {
    pub(crate) route: Route,
    parameters: Vec<String>,
    query: BTreeMap<String, String>,
    caller: Option<Id>,
    /// The JSON of the body.
    pub(crate) fields: Fields,
    /// The files beside it, by the number in their part's name.
    pub(crate) files: Vec<Upload>,
}

/// A file that came with a request.
pub(crate) struct Upload {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Asking {
    pub(crate) async fn read(
        route: Route,
        parameters: &[&str],
        query: Option<&str>,
        caller: Option<Id>,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let (fields, files) = match content_type.and_then(|kind| multer::parse_boundary(kind).ok()) {
            Some(boundary) => parted(body, boundary).await?,
            None => (whole(route, &body)?, Vec::new()),
        };
        Ok(Self {
            route,
            parameters: parameters.iter().map(|part| decoded(part)).collect(),
            query: query.map(pairs).unwrap_or_default(),
            caller,
            fields,
            files,
        })
    }

    /// Who asks.
    pub(crate) fn bot(&self) -> Result<Id, Refusal> {
        self.caller.ok_or_else(Refusal::unauthorized)
    }

    /// A parameter of the path.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// A parameter of the path that has to be an id.
    pub(crate) fn id(&self, index: usize) -> Result<Id, Refusal> {
        let text = self.parameter(index);
        text.parse().map_err(|_| {
            let what = format!("{:?}: {text:?} is no id", self.route);
            Refusal::field("id", "NUMBER_TYPE_COERCE", "Value is not snowflake.").violating(what)
        })
    }

    /// A value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// An id of the query.
    pub(crate) fn query_id(&self, name: &str) -> Result<Option<Id>, Refusal> {
        self.query(name).map(|text| text.parse().map_err(|_| Refusal::wrong_type(name, "snowflake"))).transpose()
    }

    /// A number of the query, between 1 and `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Refusal> {
        let Some(text) = self.query("limit") else { return Ok(default) };
        let number = text.parse().map_err(|_| Refusal::wrong_type("limit", "integer"))?;
        if (1..=most).contains(&number) {
            Ok(number)
        } else {
            let say = format!("int value should be between 1 and {most}.");
            Err(Refusal::field("limit", "NUMBER_TYPE_MAX", &say))
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The pairs of a query. Some clients write `?&limit=1`: what is empty is passed over.
fn pairs(query: &str) -> BTreeMap<String, String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(&value.replace('+', " "))))
        .collect()
}

fn whole(route: Route, body: &Bytes) -> Result<Fields, Refusal> {
    if body.is_empty() {
        return Ok(Fields::default());
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        let what = format!("{route:?}: the body is no JSON object");
        return Err(Refusal::new(400, 50109, "The request body contains invalid JSON.").violating(what));
    };
    Ok(Fields(fields))
}

async fn parted(body: Bytes, boundary: String) -> Result<(Fields, Vec<Upload>), Refusal> {
    let broken = || Refusal::new(400, 50035, "Invalid Form Body").violating("a multipart body that cannot be read");
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(stream, boundary);
    let (mut fields, mut files) = (Fields::default(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(|_| broken())?;
        let number = name.strip_prefix("files[").and_then(|name| name.strip_suffix(']')).and_then(|n| n.parse().ok());
        if name == "payload_json" {
            let Ok(Value::Object(read)) = serde_json::from_slice(&bytes) else { return Err(broken()) };
            fields = Fields(read);
        } else if let (Some(number), Some(file_name)) = (number, file_name) {
            files.push(Upload { number, name: file_name, content_type, bytes });
        } else {
            return Err(broken());
        }
    }
    Ok((fields, files))
}

/// A JSON object whose fields are looked at by their types.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Of a value that should be an object.
    pub(crate) fn of(value: &Value, name: &str) -> Result<Self, Refusal> {
        value.as_object().cloned().map(Self).ok_or_else(|| Refusal::wrong_type(name, "object"))
    }

    /// Whether a field is there, be it null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field that is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(&self, name: &str, kind: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        self.value(name).map(|value| read(value).ok_or_else(|| Refusal::wrong_type(name, kind))).transpose()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.typed(name, "string", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self.typed(name, "boolean", Value::as_bool)?.unwrap_or(false))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.typed(name, "integer", Value::as_u64)
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<Value>>, Refusal> {
        self.typed(name, "list", |value| value.as_array().cloned())
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        self.typed(name, "object", |value| value.as_object().cloned().map(Self))
    }

    /// An id, which Discord takes as text and as a number.
    pub(crate) fn id(&self, name: &str) -> Result<Option<Id>, Refusal> {
        self.typed(name, "snowflake", |value| {
            value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64().map(Id::new))
        })
    }

    /// A nonce: a text or a number, of at most 25 characters.
    pub(crate) fn nonce(&self) -> Result<Option<String>, Refusal> {
        let nonce = self.typed("nonce", "string", |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })?;
        if nonce.as_ref().is_some_and(|nonce| nonce.chars().count() > 25) {
            let refusal = Refusal::field("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
            return Err(refusal.violating("a nonce of more than 25 characters"));
        }
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_begin_with_nothing() {
        let read = pairs("&limit=10&query=a%20b+c");
        assert_eq!(read.get("limit").map(String::as_str), Some("10"));
        assert_eq!(read.get("query").map(String::as_str), Some("a b c"));
        assert_eq!(read.len(), 2);
    }
}
