//! What is said, encrypted where the room is, and what is said about it.

use matrix_sdk::ruma::EventId;
use serde_json::{Value, json};

use super::MatrixClient;

impl MatrixClient {
    /// Says a text; gives the event's id.
    pub async fn say(&self, room: &str, text: &str) -> String {
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": text })).await
    }

    /// Sends an event; gives its id.
    pub async fn send(&self, room: &str, kind: &str, content: Value) -> String {
        let sent = self.room(room).send_raw(kind, content).await;
        let sent = sent.unwrap_or_else(|fault| panic!("{} cannot send {kind} in {room}: {fault}", self.id));
        sent.response.event_id.to_string()
    }

    /// Answers an event with a text; gives the id of the answer.
    pub async fn reply(&self, room: &str, event: &str, text: &str) -> String {
        let to = json!({ "m.in_reply_to": { "event_id": event } });
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": text, "m.relates_to": to })).await
    }

    /// Replaces a text of one's own; gives the id of the replacement.
    pub async fn edit(&self, room: &str, event: &str, text: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, "m.room.message", content).await
    }

    /// Reacts to an event; gives the id of the reaction.
    pub async fn react(&self, room: &str, event: &str, key: &str) -> String {
        let to = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": to })).await
    }

    /// Takes an event back.
    pub async fn redact(&self, room: &str, event: &str) {
        self.room(room).redact(&EventId::parse(event).unwrap(), None, None).await.unwrap();
    }
}
