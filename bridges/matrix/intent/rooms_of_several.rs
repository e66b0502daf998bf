//! Going into rooms of several people, and what they show of themselves.

use ruma::{
    OwnedRoomId, OwnedRoomOrAliasId, OwnedServerName, OwnedUserId, RoomId,
    api::client::{
        membership::{join_room_by_id_or_alias, joined_members},
        state::get_state_event_for_key,
    },
    events::StateEventType,
};
use serde_json::Value;

use super::{Intent, done};
use crate::{
    homeserver::Trouble,
    portal::{Change, Profile},
};

impl Intent<'_> {
    /// Goes into a room, by way of these servers where the homeserver is not in it yet.
    pub(crate) async fn join_by_way_of(&self, room: &RoomId, via: &[OwnedServerName]) -> Result<(), Trouble> {
        let mut request = join_room_by_id_or_alias::v3::Request::new(OwnedRoomOrAliasId::from(room.to_owned()));
        request.via = via.to_vec();
        done(self.ask(request).await)
    }

    /// What a room that this user is in shows of itself.
    pub(crate) async fn profile_of(&self, room: &RoomId) -> Result<Profile, Trouble> {
        let mut profile = Profile::default();
        for kind in Change::KINDS {
            if let Some(change) = self.state(room, kind).await?.and_then(|content| Change::of(kind, &content)) {
                profile.apply(change);
            }
        }
        if profile.is_nameless() {
            // Rooms without a name are small ones; the size of any answer is bounded.
            profile.name_after(self.others_in(room).await?);
        }
        Ok(profile)
    }

    /// The room that a room, in which this user is, says it goes on from.
    pub(crate) async fn predecessor_of(&self, room: &RoomId) -> Result<Option<OwnedRoomId>, Trouble> {
        let create = self.state(room, "m.room.create").await?;
        let named = create.as_ref().and_then(|create| create.get("predecessor")?.get("room_id")?.as_str());
        Ok(named.and_then(|named| RoomId::parse(named).ok()))
    }

    /// The content of a state event with an empty key; `None` if there is none.
    pub(super) async fn state(&self, room: &RoomId, kind: &str) -> Result<Option<Value>, Trouble> {
        let kind = StateEventType::from(kind);
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, String::new());
        match self.ask(request).await {
            Ok(answer) => Ok(serde_json::from_str(answer.event_or_content.get()).ok()),
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Who is in a room that this user is in.
    pub(crate) async fn people_in(&self, room: &RoomId) -> Result<Vec<OwnedUserId>, Trouble> {
        let members = self.ask(joined_members::v3::Request::new(room.to_owned())).await?;
        Ok(members.joined.into_keys().collect())
    }

    /// What everybody else in a room is called there.
    async fn others_in(&self, room: &RoomId) -> Result<Vec<String>, Trouble> {
        let members = match self.ask(joined_members::v3::Request::new(room.to_owned())).await {
            Ok(answer) => answer.joined,
            Err(trouble) if trouble.is_final() => return Ok(Vec::new()),
            Err(trouble) => return Err(trouble),
        };
        let others = members.into_iter().filter(|(user, _)| user != self.user);
        let name = |(user, member): (OwnedUserId, joined_members::v3::RoomMember)| {
            member.display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.localpart().to_owned())
        };
        Ok(others.map(name).collect())
    }
}
