//! Somebody with an ordinary Matrix client.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// How long anything may take: a homeserver batches, and waits before it repeats.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long one sync waits for news.
const SYNC: Duration = Duration::from_secs(1);

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

    /// Calls the client API; the path is below `/_matrix/client/v3/`. The homeserver's refusal comes back as it is; the
    /// outer error is that it did not answer.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Result<Value, (StatusCode, Value)>, reqwest::Error> {
        let url = format!("http://{}/_matrix/client/v3/{path}", self.homeserver);
        let request = self.client.request(method.clone(), &url).bearer_auth(&self.token);
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

    /// The display name of anybody; `None` while there is no such person.
    pub async fn name_of(&self, user: &str) -> Option<String> {
        let profile = self.try_call(Method::GET, &format!("profile/{user}"), Value::Null).await.unwrap().ok()?;
        profile["displayname"].as_str().map(str::to_owned)
    }

    /// Waits until somebody exists and has this display name.
    pub async fn until_named(&self, user: &str, name: &str) {
        let began = Instant::now();
        loop {
            let known = self.name_of(user).await;
            if known.as_deref() == Some(name) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{user} is never named {name:?}, but {known:?}");
            // A stranger's profile can only be asked for.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Takes a display name.
    pub async fn rename(&self, name: &str) {
        let path = format!("profile/{}/displayname", self.id);
        self.call(Method::PUT, &path, json!({ "displayname": name })).await;
    }

    /// Shows a presence and a status line.
    pub async fn show(&self, presence: &str, line: &str) {
        let path = format!("presence/{}/status", self.id);
        self.call(Method::PUT, &path, json!({ "presence": presence, "status_msg": line })).await;
    }

    /// Makes a direct room with somebody.
    pub async fn invite(&self, other: &str) -> String {
        let body = json!({ "preset": "trusted_private_chat", "is_direct": true, "invite": [other] });
        self.call(Method::POST, "createRoom", body).await["room_id"].as_str().unwrap().to_owned()
    }

    /// Joins a room.
    pub async fn join(&self, room: &str) {
        self.call(Method::POST, &format!("rooms/{room}/join"), json!({})).await;
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &str) {
        self.call(Method::POST, &format!("rooms/{room}/leave"), json!({})).await;
    }

    /// Says a text; gives the event's id.
    pub async fn say(&mut self, room: &str, text: &str) -> String {
        self.said += 1;
        let transaction = format!("t{}", self.said);
        let said = self.say_once(room, &transaction, text).await.unwrap();
        said.unwrap_or_else(|refused| panic!("{text:?} cannot be said: {refused:?}"))
    }

    /// Says a text under a transaction id of one's own: a homeserver takes each once.
    pub async fn say_once(
        &self,
        room: &str,
        transaction: &str,
        text: &str,
    ) -> Result<Result<String, (StatusCode, Value)>, reqwest::Error> {
        let path = format!("rooms/{room}/send/m.room.message/{transaction}");
        let said = self.try_call(Method::PUT, &path, json!({ "msgtype": "m.text", "body": text })).await?;
        Ok(said.map(|said| said["event_id"].as_str().unwrap().to_owned()))
    }

    /// Types in a room, or stops.
    pub async fn types(&self, room: &str, typing: bool) {
        let body = if typing { json!({ "typing": true, "timeout": 30_000 }) } else { json!({ "typing": false }) };
        self.call(Method::PUT, &format!("rooms/{room}/typing/{}", self.id), body).await;
    }

    /// Waits until somebody has asked this user into a room; gives the room.
    pub async fn until_invited_by(&mut self, other: &str) -> String {
        let room = self
            .until(&format!("an invitation of {other}"), |answer| {
                let rooms = answer["rooms"]["invite"].as_object()?;
                let of_other = |room: &Value| {
                    each(&room["invite_state"])
                        .any(|event| event["sender"] == other && event["content"]["membership"] == "invite")
                };
                rooms.iter().find(|(_, room)| of_other(room)).map(|(id, _)| id.clone())
            })
            .await;
        // Each counts once.
        self.from += 1;
        room
    }

    /// Waits until somebody shows this presence with this status line.
    pub async fn until_seen(&mut self, other: &str, presence: &str, line: &str) {
        self.until(&format!("{other} {presence} {line:?}"), |answer| {
            let shows = |event: &Value| {
                let content = &event["content"];
                let shown = content["status_msg"].as_str().unwrap_or_default();
                event["sender"] == other && content["presence"] == presence && shown == line
            };
            each(&answer["presence"]).any(shows).then_some(())
        })
        .await;
    }

    /// Waits until exactly these type in a room.
    pub async fn until_types(&mut self, room: &str, who: &[&str]) {
        self.until(&format!("{who:?} typing"), |answer| {
            let typing = |event: &Value| event["content"]["user_ids"] == json!(who);
            each(&answer["rooms"]["join"][room]["ephemeral"]).any(typing).then_some(())
        })
        .await;
    }

    /// Waits until somebody's membership of a room is this.
    pub async fn until_member(&mut self, room: &str, who: &str, membership: &str) {
        self.until(&format!("{who} {membership}"), |answer| {
            let room = &answer["rooms"]["join"][room];
            let is_so = |event: &Value| {
                event["type"] == "m.room.member"
                    && event["state_key"] == who
                    && event["content"]["membership"] == membership
            };
            each(&room["state"]).chain(each(&room["timeline"])).any(is_so).then_some(())
        })
        .await;
    }

    /// Waits until somebody says something in a room; gives the content of the next such message.
    pub async fn until_said(&mut self, room: &str, who: &str, text: &str) -> Value {
        self.until(&format!("{who} to say {text:?}"), |answer| {
            let said = |event: &&Value| {
                event["type"] == "m.room.message" && event["sender"] == who && event["content"]["body"] == text
            };
            each(&answer["rooms"]["join"][room]["timeline"]).find(said).map(|event| event["content"].clone())
        })
        .await
    }

    /// The bodies of all that somebody has said in a room, oldest first.
    pub async fn said_by(&self, room: &str, who: &str) -> Vec<String> {
        let (mut said, mut from) = (Vec::new(), String::new());
        loop {
            let path = format!("rooms/{room}/messages?dir=b&limit=200{from}");
            let page = self.call(Method::GET, &path, Value::Null).await;
            let messages = page["chunk"].as_array().unwrap().iter();
            let theirs = messages.filter(|event| event["type"] == "m.room.message" && event["sender"] == who);
            said.extend(theirs.map(|event| event["content"]["body"].as_str().unwrap().to_owned()));
            let Some(end) = page["end"].as_str() else { break };
            from = format!("&from={end}");
        }
        said.reverse();
        said
    }

    /// Syncs until something is found in an answer, and gives it. Looking begins where the last wait found something.
    pub async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            for at in self.from..self.answers.len() {
                if let Some(found) = wanted(&self.answers[at]) {
                    self.from = at;
                    return found;
                }
            }
            let seen = || told(&self.answers[self.from..]);
            assert!(began.elapsed() < PATIENCE, "{} waited in vain for {what}; what came: {:#?}", self.id, seen());
            self.sync().await;
        }
    }

    /// Waits for news, a second at most. Whoever only waits is not thereby online.
    async fn sync(&mut self) {
        let since = self.answers.last().and_then(|answer| answer["next_batch"].as_str());
        let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
        let path = format!("sync?timeout={}&set_presence=offline{since}", SYNC.as_millis());
        let answer = self.call(Method::GET, &path, Value::Null).await;
        self.answers.push(answer);
    }
}

/// A proxy of the environment is not for this machine.
fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

fn each(part: &Value) -> impl Iterator<Item = &Value> {
    part["events"].as_array().into_iter().flatten()
}

/// What somebody who has to find a fault wants to see of the syncs.
fn told(answers: &[Value]) -> impl Debug + use<> {
    let parts = ["rooms", "presence"];
    let told = answers.iter().flat_map(|answer| parts.map(|part| answer[part].clone()));
    told.filter(|part| !part.is_null()).collect::<Vec<_>>()
}
