//! Making the rooms of Messenger's group conversations, and knowing them again.

use domain::{Passport, RemoteRoom};
use ruma::{OwnedRoomId, RoomId, api::client::room::create_room::v3 as create_room};
use serde_json::{Value, json};

use super::{
    Intent, raw,
    rooms::{Channel, RoomMaking, bridge_states, encryption},
};
use crate::homeserver::Trouble;

/// The type of the state event by which the room of a gathering is known again; it has no state key.
const GATHERING: &str = "im.chrysalis.gathering";

impl Intent<'_> {
    /// Makes the room of a gathering of the account `owner`, whose ghost this is. Nobody is asked into it yet: one who cannot be
    /// would leave a half-made room behind. Whoever comes may ask others in; what the room is called is the maker's affair.
    /// `closed`: nobody from another homeserver is to come.
    pub(crate) async fn make_gathering(
        &self,
        owner: &Passport,
        gathering: &RemoteRoom,
        name: &str,
        closed: bool,
        making: &RoomMaking,
    ) -> Result<OwnedRoomId, Trouble> {
        let mut request = create_room::Request::new();
        request.preset = Some(create_room::RoomPreset::PrivateChat);
        request.room_version.clone_from(&making.version);
        request.name = (!name.is_empty()).then(|| name.to_owned());
        if closed {
            request.creation_content = Some(raw(&json!({ "m.federate": false }))?.cast_unchecked());
        }
        let mark = json!({ "type": GATHERING, "state_key": "", "content": { "gathering": gathering } });
        let channel = Channel { id: gathering.as_str(), name, kind: "group_dm" };
        let bridged = bridge_states(owner, self.user, &channel, making);
        for state in [mark].into_iter().chain(encryption(making)).chain(bridged) {
            request.initial_state.push(raw(&state)?.cast_unchecked());
        }
        Ok(self.ask(request).await?.room_id)
    }

    /// Whether a room that this user is in was made for this gathering.
    pub(crate) async fn is_of_gathering(&self, room: &RoomId, gathering: &RemoteRoom) -> Result<bool, Trouble> {
        let mark = self.state(room, GATHERING).await?;
        let named = mark.as_ref().and_then(|mark| mark.get("gathering")).and_then(Value::as_str);
        Ok(named == Some(gathering.as_str()))
    }
}
