//! What is said, and what is said about it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::MatrixUser;

impl MatrixUser {
    /// Says a text; gives the event's id.
    pub async fn say(&mut self, room: &str, text: &str) -> String {
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": text })).await
    }

    /// Sends an event; gives its id.
    pub async fn send(&mut self, room: &str, kind: &str, content: Value) -> String {
        let transaction = self.next_transaction();
        let sent = self.send_once(room, &transaction, kind, content).await.unwrap();
        sent.unwrap_or_else(|refused| panic!("{kind} cannot be sent: {refused:?}"))
    }

    /// Says a text under a transaction id of one's own: a homeserver takes each once.
    pub async fn say_once(
        &self,
        room: &str,
        transaction: &str,
        text: &str,
    ) -> Result<Result<String, (StatusCode, Value)>, reqwest::Error> {
        self.send_once(room, transaction, "m.room.message", json!({ "msgtype": "m.text", "body": text })).await
    }

    async fn send_once(
        &self,
        room: &str,
        transaction: &str,
        kind: &str,
        content: Value,
    ) -> Result<Result<String, (StatusCode, Value)>, reqwest::Error> {
        let sent = self.try_call(Method::PUT, &format!("rooms/{room}/send/{kind}/{transaction}"), content).await?;
        Ok(sent.map(|sent| sent["event_id"].as_str().unwrap().to_owned()))
    }

    /// Answers an event with a text, as clients do that send no copy of it along; gives the id of the answer.
    pub async fn reply(&mut self, room: &str, event: &str, text: &str) -> String {
        let to = json!({ "m.in_reply_to": { "event_id": event } });
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": text, "m.relates_to": to })).await
    }

    /// Replaces a text of one's own; gives the id of the replacement.
    pub async fn edit(&mut self, room: &str, event: &str, text: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, "m.room.message", content).await
    }

    /// Reacts to an event; gives the id of the reaction, by which it can be taken back with [`MatrixUser::redact`].
    pub async fn react(&mut self, room: &str, event: &str, key: &str) -> String {
        let to = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": to })).await
    }

    /// Takes an event back; gives the id of what says so.
    pub async fn redact(&mut self, room: &str, event: &str) -> String {
        let path = format!("rooms/{room}/redact/{event}/{}", self.next_transaction());
        self.call(Method::PUT, &path, json!({})).await["event_id"].as_str().unwrap().to_owned()
    }

    /// Types in a room, or stops.
    pub async fn types(&self, room: &str, typing: bool) {
        let body = if typing { json!({ "typing": true, "timeout": 30_000 }) } else { json!({ "typing": false }) };
        self.call(Method::PUT, &format!("rooms/{room}/typing/{}", self.id), body).await;
    }

    /// Has read a room up to this event, and lets others see it.
    pub async fn mark_read(&self, room: &str, event: &str) {
        self.call(Method::POST, &format!("rooms/{room}/receipt/m.read/{event}"), json!({})).await;
    }

    /// The bodies of all that somebody has said in a room, oldest first.
    pub async fn said_by(&self, room: &str, who: &str) -> Vec<String> {
        let events = self.history(room).await;
        let theirs = events.iter().filter(|event| event["type"] == "m.room.message" && event["sender"] == who);
        theirs.map(|event| event["content"]["body"].as_str().unwrap().to_owned()).collect()
    }

    /// All that has happened in a room, oldest first.
    pub async fn history(&self, room: &str) -> Vec<Value> {
        let (mut events, mut from) = (Vec::new(), String::new());
        loop {
            let page =
                self.call(Method::GET, &format!("rooms/{room}/messages?dir=b&limit=200{from}"), Value::Null).await;
            events.extend_from_slice(page["chunk"].as_array().unwrap());
            let Some(end) = page["end"].as_str() else { break };
            from = format!("&from={end}");
        }
        events.reverse();
        events
    }

    /// The last events of somebody in a room, newest first.
    pub async fn latest_of(&self, room: &str, who: &str, most: u32) -> Vec<Value> {
        let filter = format!("%7B%22senders%22%3A%5B%22{}%22%5D%7D", who.replace('=', "%3D"));
        let path = format!("rooms/{room}/messages?dir=b&limit={most}&filter={filter}");
        let mut page = self.call(Method::GET, &path, Value::Null).await;
        serde_json::from_value(page["chunk"].take()).unwrap()
    }

    fn next_transaction(&mut self) -> String {
        self.said += 1;
        format!("t{}", self.said)
    }
}
