//! Waiting for what a sync brings.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{MatrixUser, PATIENCE};

/// How long one sync waits for news.
const SYNC: Duration = Duration::from_secs(1);

/// Rooms are told in one piece, as far as a test goes: `{"room":{"timeline":{"limit":1000}}}`.
const FILTER: &str = "%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A1000%7D%7D%7D";

impl MatrixUser {
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

    /// Waits until somebody shows that they have read a room up to this very event.
    pub async fn until_read(&mut self, room: &str, who: &str, event: &str) {
        self.until(&format!("{who} to have read {event}"), |answer| {
            let reads = |receipt: &Value| {
                receipt["type"] == "m.receipt" && receipt["content"][event]["m.read"].get(who).is_some()
            };
            each(&answer["rooms"]["join"][room]["ephemeral"]).any(reads).then_some(())
        })
        .await;
    }

    /// Waits until somebody's membership of a room is this.
    pub async fn until_member(&mut self, room: &str, who: &str, membership: &str) {
        self.until_event(room, &format!("{who} {membership}"), |event| {
            event["type"] == "m.room.member"
                && event["state_key"] == who
                && event["content"]["membership"] == membership
        })
        .await;
    }

    /// Waits until somebody says something in a room; gives the content of the next such message.
    pub async fn until_said(&mut self, room: &str, who: &str, text: &str) -> Value {
        self.until_event(room, &format!("{who} to say {text:?}"), |event| {
            event["type"] == "m.room.message" && event["sender"] == who && event["content"]["body"] == text
        })
        .await["content"]
            .take()
    }

    /// Waits for an event of a room, or a part of its state, that is wanted; gives the whole of it.
    pub async fn until_event(&mut self, room: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until(what, |answer| {
            let room = &answer["rooms"]["join"][room];
            each(&room["state"]).chain(each(&room["timeline"])).find(|event| wanted(event)).cloned()
        })
        .await
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
        let path = format!("sync?timeout={}&set_presence=offline&filter={FILTER}{since}", SYNC.as_millis());
        let answer = self.call(Method::GET, &path, Value::Null).await;
        self.answers.push(answer);
    }
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
