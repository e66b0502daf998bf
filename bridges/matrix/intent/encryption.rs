//! Devices of our users, and what is asked of the homeserver as one of them: keys, and messages from device to device.
//!
//! A device is made and unmade by the appservice itself (MSC4190), and requests name it beside its user.

use std::{borrow::Cow, time::Duration};

use ruma::{
    DeviceId, OwnedUserId, RoomId, UserId,
    api::{
        AppserviceUserIdentity, OutgoingRequest, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            device::{delete_device, update_device},
            filter::FilterDefinition,
            membership::get_member_events,
            state::get_state_event_for_key,
            sync::sync_events,
            to_device::send_event_to_device,
        },
        path_builder::PathBuilder,
    },
    events::{
        StateEventType,
        room::{history_visibility::HistoryVisibility, member::MembershipState},
    },
    presence::PresenceState,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Intent, done};
use crate::homeserver::{Homeserver, Trouble};

/// One device of a user of ours, to act as.
#[derive(Clone, Copy)]
pub(crate) struct DeviceIntent<'a> {
    homeserver: &'a Homeserver,
    user: &'a UserId,
    device: &'a DeviceId,
}

impl Homeserver {
    /// To act as a device of `user`, who must be in our namespace.
    pub(crate) const fn acting_from<'a>(&'a self, user: &'a UserId, device: &'a DeviceId) -> DeviceIntent<'a> {
        DeviceIntent { homeserver: self, user, device }
    }
}

impl DeviceIntent<'_> {
    /// Asks as this device. A device that the homeserver does not know is refused with `M_UNKNOWN_DEVICE`.
    pub(crate) async fn ask<R>(&self, request: R) -> Result<R::IncomingResponse, Trouble>
    where
        R: OutgoingRequest,
        for<'input> R::Authentication: AuthScheme<Input<'input> = SendAccessToken<'input>>,
        for<'input> R::PathBuilder: PathBuilder<Input<'input> = Cow<'input, SupportedVersions>>,
    {
        let mut identity = AppserviceUserIdentity::new(self.user);
        identity.device_id = Some(self.device);
        self.homeserver.ask_with(Some(identity), request).await
    }

    /// What waits for this device on the homeserver since an earlier answer: messages to it, changes of others' devices, how many of
    /// its keys are left; never anything of rooms. What came before `since` is forgotten there.
    pub(crate) async fn missed(&self, since: Option<String>) -> Result<sync_events::v3::Response, Trouble> {
        let mut request = sync_events::v3::Request::new();
        request.filter = Some(sync_events::v3::Filter::FilterDefinition(FilterDefinition::ignore_all()));
        request.since = since;
        // Else whoever asks counts as being there.
        request.set_presence = PresenceState::Offline;
        request.timeout = Some(Duration::ZERO);
        self.ask(request).await
    }

    /// Sends messages to devices. Repeated with the same transaction id, they are sent once.
    pub(crate) async fn send_to_devices(
        &self,
        request: send_event_to_device::v3::Request,
    ) -> Result<send_event_to_device::v3::Response, Trouble> {
        match self.ask(request).await {
            Err(Trouble::Unreadable(_)) => Ok(send_event_to_device::v3::Response::new()),
            answer => answer,
        }
    }
}

/// How a room is encrypted, as its `m.room.encryption` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoomEncryption {
    /// After how many milliseconds its keys are changed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub(crate) rotation_period_ms: Option<u64>,
    /// After how many messages.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub(crate) rotation_period_msgs: Option<u64>,
}

/// A number where there is one: a room is encrypted though somebody wrote nonsense beside it.
fn lenient<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    Ok(serde_json::Value::deserialize(input)?.as_u64())
}

#[derive(Deserialize)]
struct MemberContent {
    membership: MembershipState,
}

#[derive(Deserialize)]
struct MemberEvent {
    state_key: OwnedUserId,
    content: MemberContent,
}

#[derive(Deserialize)]
struct VisibilityContent {
    history_visibility: HistoryVisibility,
}

impl Intent<'_> {
    /// Makes a device for this user. It may exist already.
    pub(crate) async fn make_device(&self, device: &DeviceId, name: &str) -> Result<(), Trouble> {
        let mut request = update_device::v3::Request::new(device.to_owned());
        request.display_name = Some(name.to_owned());
        done(self.ask(request).await)
    }

    /// Deletes a device of this user, with its keys. It may be gone already.
    pub(crate) async fn delete_device(&self, device: &DeviceId) -> Result<(), Trouble> {
        match self.ask(delete_device::v3::Request::new(device.to_owned())).await {
            Err(trouble) if trouble.is("M_NOT_FOUND") => Ok(()),
            answer => done(answer),
        }
    }

    /// How a room that this user is in is encrypted; `None` when it is not.
    pub(crate) async fn encryption_of(&self, room: &RoomId) -> Result<Option<RoomEncryption>, Trouble> {
        // Whatever its content, even one that cannot be read: such an event makes a room an encrypted one.
        let content = self.content_of(room, StateEventType::RoomEncryption).await?;
        Ok(content.map(|content| serde_json::from_str(content.get()).unwrap_or_default()))
    }

    /// Who may read what was said before they came; a room that says nothing shows it to its members.
    pub(crate) async fn history_visibility(&self, room: &RoomId) -> Result<HistoryVisibility, Trouble> {
        let content = self.content_of(room, StateEventType::RoomHistoryVisibility).await?;
        let content = content.and_then(|content| serde_json::from_str::<VisibilityContent>(content.get()).ok());
        Ok(content.map_or(HistoryVisibility::Shared, |content| content.history_visibility))
    }

    /// Those who have joined a room, and, where `with_invited`, those who are invited.
    pub(crate) async fn members(&self, room: &RoomId, with_invited: bool) -> Result<Vec<OwnedUserId>, Trouble> {
        let mut request = get_member_events::v3::Request::new(room.to_owned());
        request.not_membership = Some(MembershipState::Leave);
        let answer = self.ask(request).await?;
        let members = answer.chunk.iter().filter_map(|event| event.deserialize_as_unchecked::<MemberEvent>().ok());
        let hears = |membership: &MembershipState| {
            *membership == MembershipState::Join || (with_invited && *membership == MembershipState::Invite)
        };
        Ok(members.filter(|event| hears(&event.content.membership)).map(|event| event.state_key).collect())
    }

    /// The content of a state event without a key; `None` where there is none.
    async fn content_of(&self, room: &RoomId, kind: StateEventType) -> Result<Option<Box<RawValue>>, Trouble> {
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, String::new());
        match self.ask(request).await {
            Ok(answer) => Ok(Some(answer.event_or_content)),
            Err(trouble) if trouble.is("M_NOT_FOUND") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}
