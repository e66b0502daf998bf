//! Making rooms, and what is set in them.

use domain::Passport;
use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, RoomVersionId, UserId,
    api::client::{
        config::{get_global_account_data, set_global_account_data},
        membership::joined_members,
        room::create_room::v3 as create_room,
        state::{get_state_event_for_key, send_state_event},
    },
    events::{GlobalAccountDataEventType, StateEventType},
    serde::Raw,
};
use serde_json::{Map, Value, json};

use super::{Intent, done, raw};
use crate::{
    event::{DIRECT, ENCRYPTION},
    homeserver::Trouble,
};

/// What clients show as the network behind a room (MSC2346).
const PROTOCOL: &str = "msn";
const PROTOCOL_NAME: &str = "MSN Messenger";

/// How rooms are made, as the section says.
#[derive(Debug, Clone)]
pub(crate) struct RoomMaking {
    /// The bot, whom rooms name as the one behind the bridge.
    pub(crate) bot: OwnedUserId,
    /// Whether the bot is asked into each room.
    pub(crate) with_bot: bool,
    /// The room version; `None` leaves it to the homeserver.
    pub(crate) version: Option<RoomVersionId>,
    /// Whether what is said in them is encrypted from the beginning.
    pub(crate) encrypted: bool,
    /// Whether rooms for the homeserver's own people may be joined from other homeservers.
    pub(crate) federated: bool,
}

/// Why a room is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The account wants to write to the person.
    Wanted,
    /// The person has asked for the account, which has not answered yet.
    Asked,
}

impl Intent<'_> {
    /// Makes a direct room of the account `owner`, whose ghost this is, and asks `other` into it. Everything is set in one call,
    /// so that no half-made room is left behind. The room is marked with whom it is for, see [`Intent::made_for`], unless that
    /// person asked for it.
    pub(crate) async fn make_room(
        &self,
        owner: &Passport,
        other: &UserId,
        occasion: Occasion,
        making: &RoomMaking,
    ) -> Result<OwnedRoomId, Trouble> {
        let mut request = create_room::Request::new();
        // Whoever is asked in may do what the maker may: name the room, ask others in. Power levels are left to the preset, as
        // from version 12 on a room's creator must not stand among them, and before must.
        request.preset = Some(create_room::RoomPreset::TrustedPrivateChat);
        request.is_direct = true;
        request.room_version.clone_from(&making.version);
        request.invite = vec![other.to_owned()];
        if making.with_bot {
            request.invite.push(making.bot.clone());
        }
        if !making.federated && other.server_name() == self.user.server_name() {
            let closed = Raw::new(&json!({ "m.federate": false }));
            request.creation_content =
                Some(closed.map_err(|fault| Trouble::Unreadable(fault.to_string()))?.cast_unchecked());
        }
        for state in initial_state(owner, self.user, other, occasion, making) {
            request.initial_state.push(raw(&state)?.cast_unchecked());
        }
        let room = self.ask(request).await?.room_id;
        // A room is no worse for a list of direct chats that does not name it.
        if let Err(trouble) = self.note_direct(other, &room).await {
            tracing::debug!(user = %self.user, %room, %trouble, "the list of direct chats is not changed");
        }
        Ok(room)
    }

    /// Adds a room to the user's own list of direct chats (`m.direct`).
    async fn note_direct(&self, other: &UserId, room: &RoomId) -> Result<(), Trouble> {
        let kind = GlobalAccountDataEventType::Direct;
        let request = get_global_account_data::v3::Request::new(self.user.to_owned(), kind.clone());
        let known = match self.ask(request).await {
            Ok(answer) => serde_json::from_str(answer.account_data.json().get()).unwrap_or_default(),
            Err(trouble) if trouble.is("M_NOT_FOUND") => Map::new(),
            Err(trouble) => return Err(trouble),
        };
        let lists = raw(&Value::Object(with_direct(known, other, room)))?.cast_unchecked();
        done(self.ask(set_global_account_data::v3::Request::new_raw(self.user.to_owned(), kind, lists)).await)
    }

    /// Everybody who has joined a room that this user is in; `None` when this user is not.
    pub(crate) async fn joined_members(&self, room: &RoomId) -> Result<Option<Vec<OwnedUserId>>, Trouble> {
        match self.ask(joined_members::v3::Request::new(room.to_owned())).await {
            Ok(answer) => Ok(Some(answer.joined.into_keys().collect())),
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What a room is about; empty if nothing is said of that.
    pub(crate) async fn topic(&self, room: &RoomId) -> Result<String, Trouble> {
        let kind = StateEventType::RoomTopic;
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, String::new());
        match self.ask(request).await {
            Ok(answer) => {
                let content: Value = serde_json::from_str(answer.event_or_content.get()).unwrap_or_default();
                Ok(content.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            Err(trouble) if trouble.is("M_NOT_FOUND") => Ok(String::new()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Says what a room is about.
    pub(crate) async fn set_topic(&self, room: &RoomId, topic: &str) -> Result<(), Trouble> {
        let content = raw(&json!({ "topic": topic }))?.cast_unchecked();
        let kind = StateEventType::RoomTopic;
        done(self.ask(send_state_event::v3::Request::new_raw(room.to_owned(), kind, String::new(), content)).await)
    }
}

/// What stands in a new room from its beginning.
fn initial_state(
    owner: &Passport,
    ghost: &UserId,
    other: &UserId,
    occasion: Occasion,
    making: &RoomMaking,
) -> Vec<Value> {
    let mark = match occasion {
        Occasion::Wanted => json!({ "user": other }),
        // Under another key: such a room must not be taken for one that the account wanted.
        Occasion::Asked => json!({ "asked_by": other }),
    };
    let mut state = vec![json!({ "type": DIRECT, "state_key": "", "content": mark })];
    state.extend(encryption(making));
    let channel = Channel { id: owner.as_str(), name: owner.as_str(), kind: "dm" };
    state.extend(bridge_states(owner, ghost, &channel, making));
    if making.with_bot {
        // Clients that know of this name the room after the ghost in spite of the bot.
        let content = json!({ "service_members": [making.bot] });
        state.push(json!({ "type": "io.element.functional_members", "state_key": "", "content": content }));
    }
    state
}

/// What makes a room an encrypted one, if it is to be.
pub(super) fn encryption(making: &RoomMaking) -> Option<Value> {
    let content = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    making.encrypted.then(|| json!({ "type": ENCRYPTION, "state_key": "", "content": content }))
}

/// What a room bridges.
pub(super) struct Channel<'a> {
    /// Its id on Messenger.
    pub(super) id: &'a str,
    /// What it is called there.
    pub(super) name: &'a str,
    /// Whether it is a chat of two (`dm`) or of several (`group_dm`), as Beeper's clients have it.
    pub(super) kind: &'a str,
}

/// The state events that say what the room of an account's ghost bridges (MSC2346).
pub(super) fn bridge_states(
    owner: &Passport,
    ghost: &UserId,
    channel: &Channel<'_>,
    making: &RoomMaking,
) -> Vec<Value> {
    let Channel { id, name, kind } = channel;
    let server = owner.as_str().split_once('@').map_or("", |(_, server)| server);
    let bridge = json!({
        "bridgebot": making.bot,
        "creator": ghost,
        "protocol": { "id": PROTOCOL, "displayname": PROTOCOL_NAME },
        "network": { "id": server, "displayname": server },
        "channel": { "id": id, "displayname": name },
        "com.beeper.room_type": "dm",
        "com.beeper.room_type.v2": kind,
    });
    // Unique to the bridge and what it bridges, as MSC2346 wants it; older clients know the second type.
    let key = format!("im.chrysalis://{PROTOCOL}/{server}/{id}");
    let event = |kind| json!({ "type": kind, "state_key": key, "content": bridge });
    ["m.bridge", "uk.half-shot.bridge"].map(event).into()
}

/// The lists of direct chats with one more.
pub(crate) fn with_direct(mut lists: Map<String, Value>, other: &UserId, room: &RoomId) -> Map<String, Value> {
    let rooms = lists.entry(other.as_str()).or_insert_with(|| json!([]));
    if !rooms.is_array() {
        *rooms = json!([]);
    }
    if let Some(rooms) = rooms.as_array_mut()
        && !rooms.iter().any(|known| known == room.as_str())
    {
        rooms.push(room.as_str().into());
    }
    lists
}

#[cfg(test)]
mod tests {
    use ruma::{owned_user_id, room_id, user_id};

    use super::*;

    fn state(with_bot: bool, occasion: Occasion) -> Vec<Value> {
        let bot = owned_user_id!("@msnbot:example.org");
        // With the bot it is encrypted, too.
        let making = RoomMaking { bot, with_bot, version: None, encrypted: with_bot, federated: true };
        let ghost = user_id!("@msn_carol=40msn.example:example.org");
        initial_state(&"carol@msn.example".parse().unwrap(), ghost, user_id!("@alice:example.org"), occasion, &making)
    }

    #[test]
    fn a_room_says_what_it_bridges() {
        let state = state(false, Occasion::Wanted);
        let kinds: Vec<&str> = state.iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(kinds, [DIRECT, "m.bridge", "uk.half-shot.bridge"]);
        assert_eq!(state[1]["state_key"], "im.chrysalis://msn/msn.example/carol@msn.example");
        assert_eq!(state[1]["content"]["channel"]["id"], "carol@msn.example");
        assert_eq!(state[1]["content"], state[2]["content"]);
    }

    #[test]
    fn a_bot_does_not_count_as_somebody_and_an_asked_for_room_is_not_a_wanted_one() {
        let state = state(true, Occasion::Asked);
        let kinds: Vec<&str> = state.iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(
            kinds[1..],
            ["m.room.encryption", "m.bridge", "uk.half-shot.bridge", "io.element.functional_members"]
        );
        assert_eq!(state[1]["content"]["algorithm"], "m.megolm.v1.aes-sha2");
        assert_eq!(state[4]["content"]["service_members"], json!(["@msnbot:example.org"]));
        assert_eq!(state[0]["content"].get("user"), None);
    }

    #[test]
    fn the_list_of_direct_chats_grows_and_heals() {
        let (alice, room) = (user_id!("@alice:example.org"), room_id!("!b"));
        let known = json!({ "@alice:example.org": ["!a"], "@bob:example.org": 3 });
        let Value::Object(known) = known else { panic!("an object was written") };
        let lists = with_direct(with_direct(known, alice, room), alice, room);
        assert_eq!(lists["@alice:example.org"], json!(["!a", "!b"]));
        assert_eq!(with_direct(lists, user_id!("@bob:example.org"), room)["@bob:example.org"], json!(["!b"]));
    }
}
