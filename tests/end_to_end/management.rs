//! The management API: what programs of the people who run the server see and do.

mod accounts;
mod doors;
mod links;
mod upkeep;

use std::net::SocketAddr;

use chrysalis_test_harness::{Answered, Server, ask, free_address, get, post};
use serde_json::Value;

use crate::program;

/// A server with the API, and the token for it.
struct Managed {
    server: Server,
    address: SocketAddr,
    token: String,
}

impl Managed {
    /// `extra` are further sections of the configuration.
    fn start(accounts: &[&str], extra: &str) -> Self {
        let address = free_address();
        let extra = format!("[management]\nlisten = \"{address}\"\n{extra}");
        let server = Server::start_with(program(), accounts, &extra);
        let token = std::fs::read_to_string(server.data().join("management.token")).unwrap().trim().to_owned();
        Self { server, address, token }
    }

    /// Asks with the token; the whole answer.
    async fn answered(&self, request: (&str, &str), json: Option<&str>) -> Answered {
        ask(self.address, request, &format!("Authorization: Bearer {}\r\n", self.token), json).await
    }

    /// Asks with the token; status and document, which is null where the answer has no body.
    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = (!body.is_null()).then(|| body.to_string());
        let answered = self.answered((method, path), body.as_deref()).await;
        (answered.status, document(&answered))
    }

    /// What a path has to show.
    async fn get(&self, path: &str) -> Value {
        let (status, document) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {document}");
        document
    }

    /// Has something done that must succeed.
    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, document) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {document}");
        document
    }

    /// Asks for what cannot be done: the last word of the problem's type, and its detail.
    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String, String) {
        let body = (!body.is_null()).then(|| body.to_string());
        let answered = self.answered((method, path), body.as_deref()).await;
        let (kind, detail) = problem(&answered);
        (answered.status, kind, detail)
    }
}

/// Fills in the form of one of the pages for people, as a browser does that calls itself so.
async fn fill_in(web: SocketAddr, path: &str, agent: &str, fields: &str) -> Answered {
    let page = get(web, path, "").await;
    let cookie = page.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).unwrap();
    let proof = page.body.split_once("name=\"proof\" value=\"").unwrap().1;
    let proof = proof.split('"').next().unwrap();
    let headers = format!(
        "User-Agent: {agent}\r\nCookie: {cookie}\r\nOrigin: http://{web}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    post(web, path, &headers, &format!("{fields}&proof={proof}")).await
}

fn document(answered: &Answered) -> Value {
    if answered.body.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&answered.body).unwrap_or_else(|fault| panic!("{fault}: {answered:?}"))
}

/// The last word of a problem's type, and its detail, which has to say something.
fn problem(answered: &Answered) -> (String, String) {
    assert_eq!(answered.header("content-type"), Some("application/problem+json"), "{answered:?}");
    assert_eq!(answered.header("cache-control"), Some("no-store"), "{answered:?}");
    let document = document(answered);
    assert_eq!(document["status"], answered.status, "{answered:?}");
    let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    assert!(!text("title").is_empty() && !text("detail").is_empty(), "{answered:?}");
    let kind = text("type");
    let kind = kind.strip_prefix("urn:chrysalis:").unwrap_or_else(|| panic!("{answered:?}"));
    (kind.to_owned(), text("detail"))
}
