//! A linked account goes into rooms and out of them, asks others in, and says what they are about.

use bridge::Failure;
use domain::RemoteUser;
use futures_util::FutureExt as _;
use matrix_sdk::{RoomState, ruma::RoomOrAliasId};
use ruma::{
    OwnedServerName, RoomId,
    api::client::{
        membership::{invite_user::v3 as invite_user, leave_room},
        state::{get_state_event_for_key, send_state_event},
    },
    events::StateEventType,
    serde::Raw,
};
use serde_json::{Value, json};

use crate::{
    appservice::host_failure,
    homeserver::Trouble,
    own::{OwnAccount, rooms::Kind, trouble::failure},
};

impl OwnAccount {
    /// Whether the account is in a room, or asked into it.
    pub(crate) fn has_to_do_with(&self, room: &RoomId) -> bool {
        self.rooms.is_joined(room) || self.rooms.is_invited(room)
    }

    /// Goes into a room, which these servers are in if they are known.
    pub(crate) async fn enter(&self, room: &RoomId, ways: &[OwnedServerName]) -> Result<(), Failure> {
        if self.client.get_room(room).is_none_or(|known| known.state() != RoomState::Joined) {
            let joined = self.client.join_room_by_id_or_alias(<&RoomOrAliasId>::from(room), ways).boxed().await;
            joined.map_err(|error| match error.into() {
                trouble @ Trouble::Refused { .. } => Failure::refused(format!(
                    "the room cannot be joined ({trouble}); ask somebody in it for an invitation"
                )),
                trouble => failure(trouble),
            })?;
        }
        let kind = self.rooms.kind(room).unwrap_or(Kind::Room);
        self.rooms.entered(&*self.host, room, kind).await.map_err(|fault| host_failure(&fault))
    }

    /// Leaves a room, or turns its invitation down. A room that the account is not in counts as left. Only this room: a room may say of
    /// any other that it goes on there.
    pub(crate) async fn leave(&self, room: &RoomId) -> Result<(), Failure> {
        match self.client.send(leave_room::v3::Request::new(room.to_owned())).await.map_err(Trouble::from) {
            Ok(_) => Ok(()),
            Err(trouble) if trouble.is_final() => {
                tracing::debug!(owner = %self.owner, %room, %trouble, "nothing to leave");
                Ok(())
            }
            Err(trouble) => Err(failure(trouble)),
        }
    }

    /// Asks somebody into a room.
    pub(crate) async fn ask_into(&self, room: &RoomId, user: &RemoteUser) -> Result<(), Failure> {
        let Some(user) = self.configuration.names.person(user) else {
            let reason = format!("{user} cannot be asked in; write the Matrix id of a person, e.g. @alice:example.org");
            return Err(Failure::refused(reason));
        };
        let recipient = invite_user::InvitationRecipient::UserId(invite_user::InviteUserId::new(user.clone()));
        match self.client.send(invite_user::Request::new(room.to_owned(), recipient)).await.map_err(Trouble::from) {
            Ok(_) => Ok(()),
            Err(Trouble::Refused { errcode, message, .. }) if errcode == "M_FORBIDDEN" => {
                Err(Failure::refused(if message.contains("already in the room") {
                    format!("{user} is in this room already")
                } else {
                    "you may not ask people into this room; ask one of its moderators".into()
                }))
            }
            Err(trouble) => Err(failure(trouble)),
        }
    }

    /// What a room is about, and what it is to be about from now on.
    pub(crate) async fn topic(&self, room: &RoomId, topic: Option<&str>) -> Result<String, Failure> {
        let refused = |trouble: Trouble, what: &str| match trouble {
            trouble if trouble.is("M_FORBIDDEN") => Failure::refused(what),
            trouble => failure(trouble),
        };
        let kind = StateEventType::RoomTopic;
        if let Some(topic) = topic {
            let content = Raw::new(&json!({ "topic": topic })).map_err(|fault| Failure::refused(fault.to_string()))?;
            let (key, content) = (String::new(), content.cast_unchecked());
            let request = send_state_event::v3::Request::new_raw(room.to_owned(), kind, key, content);
            let what = "you may not change what this room is about; ask one of its moderators";
            self.client.send(request).await.map_err(|error| refused(error.into(), what))?;
            return Ok(topic.to_owned());
        }
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, String::new());
        match self.client.send(request).await.map_err(Trouble::from) {
            Ok(answer) => {
                let content: Value = serde_json::from_str(answer.event_or_content.get()).unwrap_or_default();
                Ok(content.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            Err(trouble) if trouble.is("M_NOT_FOUND") => Ok(String::new()),
            Err(trouble) => Err(refused(trouble, "you are not in this room; join it first")),
        }
    }
}
