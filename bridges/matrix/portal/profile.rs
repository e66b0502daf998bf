//! What a room shows of itself: name, address, topic, picture. Pure.

use bridge::RoomProfile;
use domain::RemoteRoom;
use ruma::{OwnedMxcUri, OwnedRoomAliasId, RoomAliasId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many members a room without a name is named after.
const NAMED_AFTER: usize = 3;
/// The longest name or topic that is kept, in characters.
const LONGEST: usize = 300;

/// What a room shows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// The name it was given; empty if none.
    pub(crate) name: String,
    /// Its main address.
    pub(crate) alias: Option<OwnedRoomAliasId>,
    /// What it is about; empty if nothing is said of that.
    pub(crate) topic: String,
    /// Its picture.
    pub(crate) avatar: Option<OwnedMxcUri>,
    /// Some of its members and the number of all others; known only where it has neither name nor address.
    pub(crate) members: (Vec<String>, usize),
}

/// A change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// `m.room.name`.
    Name(String),
    /// `m.room.canonical_alias`.
    Alias(Option<OwnedRoomAliasId>),
    /// `m.room.topic`.
    Topic(String),
    /// `m.room.avatar`.
    Avatar(Option<OwnedMxcUri>),
}

impl Change {
    /// The state events that change a room's profile.
    pub(crate) const KINDS: [&'static str; 4] =
        ["m.room.name", "m.room.canonical_alias", "m.room.topic", "m.room.avatar"];

    /// What a state event with an empty state key changes; `None` for all that a profile does not consist of.
    pub(crate) fn of(kind: &str, content: &Value) -> Option<Self> {
        let field = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        match kind {
            "m.room.name" => Some(Self::Name(line(field("name")))),
            "m.room.canonical_alias" => Some(Self::Alias(RoomAliasId::parse(field("alias")).ok())),
            "m.room.topic" => Some(Self::Topic(line(field("topic")))),
            "m.room.avatar" => Some(Self::Avatar(avatar(content.get("url")))),
            _ => None,
        }
    }
}

/// The address of a picture; `None` where it is none.
pub(crate) fn avatar(url: Option<&Value>) -> Option<OwnedMxcUri> {
    let uri: OwnedMxcUri = url?.as_str()?.into();
    uri.is_valid().then_some(uri)
}

/// In one line, and not too long.
fn line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LONGEST).collect()
}

impl Profile {
    /// Something of it is different now; says whether that is so.
    pub(crate) fn apply(&mut self, change: Change) -> bool {
        let before = self.clone();
        match change {
            Change::Name(name) => self.name = name,
            Change::Alias(alias) => self.alias = alias,
            Change::Topic(topic) => self.topic = topic,
            Change::Avatar(avatar) => self.avatar = avatar,
        }
        *self != before
    }

    /// Whether it is named after its members.
    pub(crate) const fn is_nameless(&self) -> bool {
        self.name.is_empty() && self.alias.is_none()
    }

    /// Names it after these members, of whom the room's own is left out.
    pub(crate) fn name_after(&mut self, mut others: Vec<String>) {
        others.sort_unstable();
        let rest = others.len().saturating_sub(NAMED_AFTER);
        others.truncate(NAMED_AFTER);
        self.members = (others, rest);
    }

    /// The name that people see.
    pub(crate) fn shown_name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        if let Some(alias) = &self.alias {
            return alias.to_string();
        }
        let (members, rest) = &self.members;
        match (members.as_slice(), rest) {
            ([], _) => String::new(),
            ([only], 0) => only.clone(),
            ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
            (some, 1) => format!("{} and 1 other", some.join(", ")),
            (some, rest) => format!("{} and {rest} others", some.join(", ")),
        }
    }

    /// As the domain has it. Nothing is read out of the room's id: from room version 12 on it names no server.
    pub(crate) fn of_room(&self, room: &RoomId) -> RoomProfile {
        let name = self.shown_name();
        let (login, server) = match &self.alias {
            Some(alias) => (alias.alias().to_owned(), Some(alias.server_name().to_string())),
            None => (login_of(&name), None),
        };
        RoomProfile { room: RemoteRoom(room.to_string()), name, login, server, topic: self.topic.clone() }
    }
}

/// What the address of a room without an alias is made of: its name, as addresses are written.
pub(crate) fn login_of(name: &str) -> String {
    let words = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
    if words.is_empty() { "room".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use ruma::room_id;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_room_is_named_as_clients_name_it() {
        let mut profile = Profile::default();
        assert_eq!((profile.shown_name().as_str(), profile.is_nameless()), ("", true));
        profile.name_after(vec!["Bob".into(), "Alice".into()]);
        assert_eq!(profile.shown_name(), "Alice and Bob");
        profile.name_after(["D", "B", "A", "C"].map(String::from).to_vec());
        assert_eq!(profile.shown_name(), "A, B, C and 1 other");
        profile.apply(Change::of("m.room.canonical_alias", &json!({ "alias": "#tea:example.org" })).unwrap());
        assert_eq!(profile.shown_name(), "#tea:example.org");
        assert!(profile.apply(Change::of("m.room.name", &json!({ "name": " Tea\nroom " })).unwrap()));
        assert!(!profile.apply(Change::Name("Tea room".into())), "nothing changed");
        let shown = profile.of_room(room_id!("!v12withoutserver"));
        assert_eq!((shown.name.as_str(), shown.login.as_str()), ("Tea room", "tea"));
        assert_eq!(shown.server.as_deref(), Some("example.org"));
    }

    #[test]
    fn what_is_no_profile_changes_none() {
        assert_eq!(Change::of("m.room.avatar", &json!({ "url": "http://x/y" })), Some(Change::Avatar(None)));
        assert_eq!(Change::of("m.room.canonical_alias", &json!({ "alias": 3 })), Some(Change::Alias(None)));
        assert_eq!(Change::of("m.room.power_levels", &json!({})), None);
    }
}
