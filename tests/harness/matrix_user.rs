//! Somebody with an ordinary Matrix client.

mod media;
mod profile;
mod registering;
mod rooms;
mod saying;
mod waiting;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

pub(crate) use registering::Registrar;
pub use rooms::{Member, RoomOptions};

/// How long anything may take: a homeserver batches, and waits before it repeats.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody with an ordinary Matrix client.
pub struct MatrixUser {
    homeserver: SocketAddr,
    id: String,
    token: String,
    client: Client,
    answers: Vec<Value>,
    /// Where the next wait begins to look: what one waits for may have come together with what was waited for before.
    from: usize,
    said: u32,
}

impl MatrixUser {
    /// Somebody who is signed in with this token, on a homeserver of this machine.
    pub fn new(homeserver: SocketAddr, id: &str, token: &str) -> Self {
        assert!(homeserver.ip().is_loopback(), "tests stay on this machine: {homeserver}");
        let (id, token) = (id.to_owned(), token.to_owned());
        Self { homeserver, id, token, client: client(), answers: Vec::new(), from: 0, said: 0 }
    }

    /// Whether a homeserver answers there.
    pub async fn is_served(homeserver: SocketAddr) -> bool {
        assert!(homeserver.ip().is_loopback(), "tests stay on this machine: {homeserver}");
        let answer = client().get(format!("http://{homeserver}/health")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The user's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What this user's client shows to the homeserver.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Calls the client API; the path is below `/_matrix/client/v3/`. The homeserver's refusal comes back as it is; the
    /// outer error is that it did not answer.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Result<Value, (StatusCode, Value)>, reqwest::Error> {
        let request = self.request(method.clone(), &format!("_matrix/client/v3/{path}"));
        let request = if method == Method::GET { request } else { request.json(&body) };
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.json().await?;
        Ok(if status.is_success() { Ok(body) } else { Err((status, body)) })
    }

    /// Calls the client API, which has to do what it is asked.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.try_call(method.clone(), path, body).await;
        answer.unwrap().unwrap_or_else(|refused| panic!("{method} {path}: {refused:?}"))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}/{path}", self.homeserver)).bearer_auth(&self.token)
    }
}

/// A proxy of the environment is not for this machine.
fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}
