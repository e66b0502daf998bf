//! Looking into rooms: what happened, who is there, and saying that it was read.

use ruma::{
    EventId, OwnedEventId, OwnedMxcUri, OwnedUserId, RoomId, UserId,
    api::client::{
        filter::LazyLoadOptions, message::get_message_events, receipt::create_receipt, room::get_room_event,
        state::get_state_event_for_key,
    },
    events::StateEventType,
    serde::Raw,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{Intent, done};
use crate::{chat::Membership, event::shown_name, homeserver::Trouble, portal::avatar};

/// Some events of a room.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Newest first.
    pub(crate) events: Vec<Box<RawValue>>,
    /// Those who speak in it, with their names there.
    pub(crate) speakers: Vec<(OwnedUserId, String)>,
    /// Where the next, older page begins; `None` where there is none.
    pub(crate) end: Option<String>,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Where they stand.
    pub(crate) membership: Membership,
    /// The name they show there, empty if none; `None` when they are not there.
    pub(crate) name: Option<String>,
    /// The picture they show there.
    pub(crate) avatar: Option<OwnedMxcUri>,
}

#[derive(Deserialize)]
struct MemberContent {
    membership: String,
    displayname: Option<String>,
    avatar_url: Option<Value>,
}

#[derive(Deserialize)]
struct MemberEvent {
    #[serde(rename = "type")]
    kind: String,
    state_key: OwnedUserId,
    content: MemberContent,
}

impl Intent<'_> {
    /// Where somebody stands in a room that this user is in, and what they show there.
    pub(crate) async fn member(&self, room: &RoomId, other: &UserId) -> Result<Member, Trouble> {
        let request =
            get_state_event_for_key::v3::Request::new(room.to_owned(), StateEventType::RoomMember, other.to_string());
        let content = match self.ask(request).await {
            Ok(answer) => serde_json::from_str::<MemberContent>(answer.event_or_content.get()).ok(),
            Err(trouble) if trouble.is_final() => None,
            Err(trouble) => return Err(trouble),
        };
        let gone = Member { membership: Membership::Left, name: None, avatar: None };
        Ok(match content {
            Some(content) if content.membership == "join" => Member {
                membership: Membership::Joined,
                name: Some(shown_name(&content.displayname.unwrap_or_default())),
                avatar: avatar(content.avatar_url.as_ref()),
            },
            Some(content) if content.membership == "invite" => Member { membership: Membership::Invited, ..gone },
            Some(_) | None => gone,
        })
    }

    /// Whether this user is in a room: as the room shows it, else by all the rooms they are in. A refusal alone proves nothing.
    pub(crate) async fn is_in(&self, room: &RoomId) -> Result<bool, Trouble> {
        let kind = StateEventType::RoomMember;
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, self.user.to_string());
        let shown = match self.ask(request).await {
            Ok(answer) => serde_json::from_str::<MemberContent>(answer.event_or_content.get()).ok(),
            Err(trouble) if trouble.is_final() => None,
            Err(trouble) => return Err(trouble),
        };
        match shown {
            Some(content) => Ok(content.membership == "join"),
            None => Ok(self.joined_rooms().await?.iter().any(|joined| joined == room)),
        }
    }

    /// The `most` last events of a room before `from`, or of all.
    pub(crate) async fn page(&self, room: &RoomId, from: Option<String>, most: u32) -> Result<Page, Trouble> {
        let mut request = get_message_events::v3::Request::backward(room.to_owned());
        request.limit = most.into();
        request.from = from;
        request.filter.lazy_load_options = LazyLoadOptions::Enabled { include_redundant_members: false };
        let page = self.ask(request).await?;
        let events = page.chunk.into_iter().map(Raw::into_json).collect::<Vec<_>>();
        let members = page.state.iter().filter_map(|event| event.deserialize_as_unchecked::<MemberEvent>().ok());
        let members = members.filter(|event| event.kind == "m.room.member" && event.content.membership == "join");
        let speakers = members
            .map(|event| (event.state_key, shown_name(&event.content.displayname.unwrap_or_default())))
            .collect();
        // A page without events is the last, whatever stands there.
        let end = if events.is_empty() { None } else { page.end };
        Ok(Page { events, speakers, end })
    }

    /// One event of a room.
    pub(crate) async fn event(&self, room: &RoomId, event: &EventId) -> Result<Box<RawValue>, Trouble> {
        let answer = self.ask(get_room_event::v3::Request::new(room.to_owned(), event.to_owned())).await?;
        Ok(answer.event.into_json())
    }

    /// Says that this user has read a room up to this event.
    pub(crate) async fn has_read(&self, room: &RoomId, event: OwnedEventId) -> Result<(), Trouble> {
        let kind = create_receipt::v3::ReceiptType::Read;
        done(self.ask(create_receipt::v3::Request::new(room.to_owned(), kind, event)).await)
    }
}
