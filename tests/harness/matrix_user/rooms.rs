//! Rooms, and who is in them.

use reqwest::Method;
use serde_json::{Value, json};

use super::MatrixUser;

/// How a room is made.
#[derive(Debug, Clone, Default)]
pub struct RoomOptions {
    /// Whether it is for the two of them only: then it is marked so.
    pub direct: bool,
    /// Whether anybody may join.
    pub public: bool,
    /// The local part of its public address, without `#` and server.
    pub alias: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// Its version, if not the homeserver's own choice.
    pub version: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// The name they show there.
    pub name: Option<String>,
    /// The avatar they show there, an `mxc://` address.
    pub avatar: Option<String>,
}

impl MatrixUser {
    /// Makes a direct room with somebody; gives the room.
    pub async fn invite(&self, other: &str) -> String {
        self.create_room("", &[other], &RoomOptions { direct: true, ..RoomOptions::default() }).await
    }

    /// Makes a room of this name, or without one if that is empty, and asks these people in; gives the room.
    pub async fn create_room(&self, name: &str, invite: &[&str], options: &RoomOptions) -> String {
        let preset = match (options.direct, options.public) {
            (true, _) => "trusted_private_chat",
            (false, true) => "public_chat",
            (false, false) => "private_chat",
        };
        let mut body = json!({ "preset": preset, "is_direct": options.direct, "invite": invite });
        let named = (!name.is_empty()).then(|| name.to_owned());
        for (key, value) in [
            ("name", named),
            ("room_alias_name", options.alias.clone()),
            ("topic", options.topic.clone()),
            ("room_version", options.version.clone()),
        ] {
            if let Some(value) = value {
                body[key] = value.into();
            }
        }
        if options.encrypted {
            let content = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
            body["initial_state"] = json!([{ "type": "m.room.encryption", "state_key": "", "content": content }]);
        }
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

    /// Asks somebody into a room.
    pub async fn invite_to(&self, room: &str, who: &str) {
        self.call(Method::POST, &format!("rooms/{room}/invite"), json!({ "user_id": who })).await;
    }

    /// Puts somebody out of a room, or takes their invitation back.
    pub async fn kick(&self, room: &str, who: &str) {
        self.call(Method::POST, &format!("rooms/{room}/kick"), json!({ "user_id": who })).await;
    }

    /// Shows another name in one room only.
    pub async fn rename_in(&self, room: &str, name: &str) {
        let content = json!({ "membership": "join", "displayname": name });
        self.set_state(room, "m.room.member", &self.id, content).await;
    }

    /// The content of a room's state; `None` where there is no such.
    pub async fn state(&self, room: &str, kind: &str, key: &str) -> Option<Value> {
        let path = format!("rooms/{room}/state/{kind}/{}", in_path(key));
        self.try_call(Method::GET, &path, Value::Null).await.unwrap().ok()
    }

    /// Sets a room's state; gives the event's id.
    pub async fn set_state(&self, room: &str, kind: &str, key: &str, content: Value) -> String {
        let path = format!("rooms/{room}/state/{kind}/{}", in_path(key));
        self.call(Method::PUT, &path, content).await["event_id"].as_str().unwrap().to_owned()
    }

    /// Who is in a room that this user is in, by their ids.
    pub async fn members(&self, room: &str) -> Vec<Member> {
        let answer = self.call(Method::GET, &format!("rooms/{room}/joined_members"), Value::Null).await;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let member = |(id, shown): (&String, &Value)| Member {
            id: id.clone(),
            name: text(&shown["display_name"]),
            avatar: text(&shown["avatar_url"]),
        };
        let mut members: Vec<Member> = answer["joined"].as_object().unwrap().iter().map(member).collect();
        members.sort();
        members
    }

    /// The room that an address such as `#name:example.org` names; `None` where there is none.
    pub async fn room_at(&self, address: &str) -> Option<String> {
        let path = format!("directory/room/{}", in_path(address));
        let found = self.try_call(Method::GET, &path, Value::Null).await.unwrap().ok()?;
        found["room_id"].as_str().map(str::to_owned)
    }
}

/// A word as one part of a path.
fn in_path(word: &str) -> String {
    word.replace('%', "%25").replace('#', "%23").replace('/', "%2F").replace('?', "%3F")
}
