//! A request, before it is sent.

use reqwest::Method;
use serde_json::Value;

use super::Upload;

/// What is asked or told. It can be sent again, as it stands, after a wait.
pub(super) struct Call {
    pub(super) method: Method,
    /// What Discord counts it as.
    pub(super) route: Route,
    /// What comes after `/api/v10`, part by part.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Body,
    /// Whether the bot shows its token: not where the address itself holds a secret.
    pub(super) signed: bool,
    /// Whether sending it twice is the same as once.
    pub(super) repeatable: bool,
}

/// What comes with a request.
pub(super) enum Body {
    Empty,
    Json(Value),
    /// A JSON beside files.
    Form(Value, Vec<Upload>),
}

/// What Discord's limits are counted by: the kind of a request, and the channel, guild or webhook that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// Of use in logs too: never a secret.
    pub(super) kind: &'static str,
    pub(super) about: u64,
}

impl Call {
    /// Asks for something: that has no effect, however often.
    pub(super) fn get(kind: &'static str, about: u64, path: &[&str]) -> Self {
        Self::new(Method::GET, kind, about, path, true)
    }

    /// Tells something.
    pub(super) fn post(kind: &'static str, about: u64, path: &[&str], body: Body) -> Self {
        Self { body, ..Self::new(Method::POST, kind, about, path, false) }
    }

    /// Adds to what comes after the question mark.
    pub(super) fn with(mut self, key: &'static str, value: &impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    /// Tells that sending it twice does no harm.
    pub(super) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Leaves the bot's token away.
    pub(super) fn unsigned(mut self) -> Self {
        self.signed = false;
        self
    }

    fn new(method: Method, kind: &'static str, about: u64, path: &[&str], repeatable: bool) -> Self {
        let path = path.iter().map(|&part| part.to_owned()).collect();
        let route = Route { kind, about };
        Self { method, route, path, query: Vec::new(), body: Body::Empty, signed: true, repeatable }
    }
}
