//! Acting as one user of ours: a ghost, or the bot.

use std::{borrow::Cow, collections::VecDeque, time::Duration};

use crate::{
    chat::Membership,
    homeserver::{Homeserver, Trouble},
    message,
    presence::{self, Shown},
    transaction::DIRECT,
};
use domain::{Timestamp, presence::RemotePresence};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UInt, UserId,
    api::{
        OutgoingRequest, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            account::{register, whoami},
            membership::{invite_user::v3 as invite_user, join_room_by_id, joined_rooms, leave_room},
            message::{get_message_events, send_message_event},
            presence::{get_presence, set_presence},
            profile::{get_profile, set_profile_field},
            room::create_room::v3 as create_room,
            state::get_state_event_for_key,
            typing::create_typing_event::v3 as create_typing_event,
        },
        path_builder::PathBuilder,
    },
    events::{AnyMessageLikeEventContent, StateEventType},
    profile::ProfileFieldValue,
    serde::Raw,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long typing is shown without being said again; Messenger says it every few seconds.
const TYPING: Duration = Duration::from_secs(10);
/// How far back a room is searched for what an earlier attempt may have sent.
const TAIL: u32 = 50;
/// How much of a room's past is asked for at once.
const PAGE: u32 = 50;
/// How often, at most.
const PAGES: u32 = 4;
/// The longest display name that Synapse takes, in characters.
const LONGEST_NAME: usize = 256;

/// One user of ours, to act as.
#[derive(Clone, Copy)]
pub(crate) struct Intent<'a> {
    homeserver: &'a Homeserver,
    user: &'a UserId,
}

impl Homeserver {
    /// To act as `user`, who must be in our namespace.
    pub(crate) const fn acting_as<'a>(&'a self, user: &'a UserId) -> Intent<'a> {
        Intent { homeserver: self, user }
    }
}

impl Intent<'_> {
    /// Makes the user exist. It may exist already.
    pub(crate) async fn register(&self) -> Result<(), Trouble> {
        let mut request = register::v3::Request::new();
        request.username = Some(self.user.localpart().to_owned());
        request.login_type = Some(register::LoginType::ApplicationService);
        // Without this Synapse refuses once MSC4190 is on, after having made the user.
        request.inhibit_login = true;
        match self.homeserver.ask(None, request).await {
            Ok(_) | Err(Trouble::Unreadable(_)) => Ok(()),
            Err(trouble) if trouble.is("M_USER_IN_USE") => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Asks as the user, who is registered first if the homeserver does not know them (any more).
    async fn ask<R>(&self, request: R) -> Result<R::IncomingResponse, Trouble>
    where
        R: OutgoingRequest,
        for<'input> R::Authentication: AuthScheme<Input<'input> = SendAccessToken<'input>>,
        for<'input> R::PathBuilder: PathBuilder<Input<'input> = Cow<'input, SupportedVersions>>,
    {
        match self.homeserver.ask(Some(self.user), request.clone()).await {
            Err(trouble) if trouble.is_unregistered() => {
                self.register().await?;
                self.homeserver.ask(Some(self.user), request).await
            }
            answer => answer,
        }
    }

    /// Who the homeserver says this is.
    pub(crate) async fn whoami(&self) -> Result<OwnedUserId, Trouble> {
        Ok(self.ask(whoami::v3::Request::new()).await?.user_id)
    }

    /// As [`Intent::whoami`], for a user who may not exist, and is not made.
    pub(crate) async fn whoami_unregistered(&self) -> Result<(), Trouble> {
        self.homeserver.ask(Some(self.user), whoami::v3::Request::new()).await.map(drop)
    }

    /// Sets the display name, cut to what a homeserver takes.
    pub(crate) async fn set_name(&self, name: &str) -> Result<(), Trouble> {
        let value = ProfileFieldValue::DisplayName(name.chars().take(LONGEST_NAME).collect());
        done(self.ask(set_profile_field::v3::Request::new(self.user.to_owned(), value)).await)
    }

    /// Shows this presence; it fades after about half a minute unless it is offline.
    pub(crate) async fn set_presence(&self, shown: &Shown) -> Result<(), Trouble> {
        let mut request = set_presence::v3::Request::new(self.user.to_owned(), shown.state.clone());
        request.status_msg = Some(shown.line.clone());
        done(self.ask(request).await)
    }

    /// The presence of somebody who shares a room with this user; `None` when it may not be seen.
    pub(crate) async fn presence_of(&self, other: &UserId, now: Timestamp) -> Result<Option<RemotePresence>, Trouble> {
        match self.ask(get_presence::v3::Request::new(other.to_owned())).await {
            Ok(answer) => {
                let ago = answer.last_active_ago.and_then(|ago| u64::try_from(ago.as_millis()).ok());
                Ok(Some(presence::seen(answer.presence.as_str(), ago, answer.status_msg.as_deref(), now)))
            }
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The display name of anybody, empty if they have none; `Ok(None)` when there is no such person.
    pub(crate) async fn name_of(&self, other: &UserId) -> Result<Option<String>, Trouble> {
        match self.ask(get_profile::v3::Request::new(other.to_owned())).await {
            Ok(profile) => {
                let name = profile.get("displayname").and_then(Value::as_str).unwrap_or_default();
                Ok(Some(name.to_owned()))
            }
            // A server may keep its profiles to itself; the person may still be there.
            Err(trouble) if trouble.is("M_FORBIDDEN") => Ok(Some(String::new())),
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Shows in a room that this user types, or has stopped.
    pub(crate) async fn set_typing(&self, room: &RoomId, typing: bool) -> Result<(), Trouble> {
        use create_typing_event::{Request, Typing, TypingInfo};
        let state = if typing { Typing::Yes(TypingInfo::new(TYPING)) } else { Typing::No };
        done(self.ask(Request::new(self.user.to_owned(), room.to_owned(), state)).await)
    }

    /// Joins a room that the user is invited to, or is in.
    pub(crate) async fn join(&self, room: &RoomId) -> Result<(), Trouble> {
        done(self.ask(join_room_by_id::v3::Request::new(room.to_owned())).await)
    }

    /// Leaves a room, or turns its invitation down. A room that the user is not in counts as left.
    pub(crate) async fn leave(&self, room: &RoomId) -> Result<(), Trouble> {
        match self.ask(leave_room::v3::Request::new(room.to_owned())).await {
            Err(trouble) if trouble.is_final() => {
                tracing::debug!(user = %self.user, %room, %trouble, "nothing to leave");
                Ok(())
            }
            answer => done(answer),
        }
    }

    /// Where somebody stands in a room that this user is in, and the name they show there.
    pub(crate) async fn member(&self, room: &RoomId, other: &UserId) -> Result<(Membership, Option<String>), Trouble> {
        #[derive(Deserialize)]
        struct Member {
            membership: String,
            displayname: Option<String>,
        }
        let request =
            get_state_event_for_key::v3::Request::new(room.to_owned(), StateEventType::RoomMember, other.to_string());
        let member = match self.ask(request).await {
            Ok(answer) => serde_json::from_str::<Member>(answer.event_or_content.get()).ok(),
            Err(trouble) if trouble.is_final() => None,
            Err(trouble) => return Err(trouble),
        };
        Ok(match member {
            Some(Member { membership, displayname }) if membership == "join" => {
                (Membership::Joined, Some(displayname.unwrap_or_default()))
            }
            Some(Member { membership, .. }) if membership == "invite" => (Membership::Invited, None),
            Some(_) | None => (Membership::Left, None),
        })
    }

    /// The rooms that the user is in.
    pub(crate) async fn joined_rooms(&self) -> Result<Vec<OwnedRoomId>, Trouble> {
        Ok(self.ask(joined_rooms::v3::Request::new()).await?.joined_rooms)
    }

    /// Asks somebody into a room.
    pub(crate) async fn invite(&self, room: &RoomId, other: &UserId) -> Result<(), Trouble> {
        let recipient = invite_user::InvitationRecipient::UserId(invite_user::InviteUserId::new(other.to_owned()));
        done(self.ask(invite_user::Request::new(room.to_owned(), recipient)).await)
    }

    /// Makes a direct room, and asks `other` into it. The room is marked with whom it is for, see [`Intent::made_for`].
    pub(crate) async fn make_room(&self, other: &UserId) -> Result<OwnedRoomId, Trouble> {
        let mark = json!({ "type": DIRECT, "state_key": "", "content": { "user": other } });
        let mut request = create_room::Request::new();
        // The room's version is the homeserver's choice, and power levels are the preset's: from version 12 on a creator must
        // not stand among them.
        request.preset = Some(create_room::RoomPreset::TrustedPrivateChat);
        request.is_direct = true;
        request.invite = vec![other.to_owned()];
        request.initial_state = vec![raw(&mark)?.cast_unchecked()];
        Ok(self.ask(request).await?.room_id)
    }

    /// Whom a room was made for, if [`Intent::make_room`] made it.
    pub(crate) async fn made_for(&self, room: &RoomId) -> Result<Option<OwnedUserId>, Trouble> {
        #[derive(Deserialize)]
        struct Mark {
            user: OwnedUserId,
        }
        let kind = StateEventType::from(DIRECT);
        let request = get_state_event_for_key::v3::Request::new(room.to_owned(), kind, String::new());
        match self.ask(request).await {
            Ok(answer) => Ok(serde_json::from_str(answer.event_or_content.get()).ok().map(|mark: Mark| mark.user)),
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Sends a message. `transaction` is the same at every attempt; `sent` is when it was said. `None` when the homeserver took
    /// it without our being able to read its id.
    pub(crate) async fn send(
        &self,
        room: &RoomId,
        transaction: &str,
        content: &Value,
        sent: Timestamp,
    ) -> Result<Option<OwnedEventId>, Trouble> {
        let content: Raw<AnyMessageLikeEventContent> = raw(content)?.cast_unchecked();
        let mut request = send_message_event::v3::Request::new_raw(
            room.to_owned(),
            transaction.into(),
            "m.room.message".into(),
            content,
        );
        request.timestamp =
            u64::try_from(sent.0).ok().and_then(|sent| UInt::try_from(sent).ok()).map(MilliSecondsSinceUnixEpoch);
        match self.ask(request).await {
            Ok(answer) => Ok(Some(answer.event_id)),
            Err(Trouble::Unreadable(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What has happened in a room since this user was invited, oldest first: as far as the room lets it be seen, and the
    /// last 200 events at most.
    pub(crate) async fn since_invited(&self, room: &RoomId) -> Result<Vec<Value>, Trouble> {
        let mut events = VecDeque::new();
        let mut from = None;
        for _ in 0..PAGES {
            let mut request = get_message_events::v3::Request::backward(room.to_owned());
            request.limit = PAGE.into();
            request.from = from;
            let page = self.ask(request).await?;
            for event in page.chunk.iter().filter_map(|event| event.deserialize_as_unchecked::<Value>().ok()) {
                if self.is_beginning(&event) {
                    return Ok(events.into());
                }
                events.push_front(event);
            }
            from = page.end;
            if from.is_none() {
                return Ok(events.into());
            }
        }
        tracing::info!(user = %self.user, %room, "much was said before the ghost came; what is older is not told");
        Ok(events.into())
    }

    /// Whether what came before this event is not for this user: they were invited by it, or gone. An invitation that only
    /// repeats another is no beginning.
    fn is_beginning(&self, event: &Value) -> bool {
        let membership = |content: Option<&Value>| content?.get("membership")?.as_str().map(str::to_owned);
        if event.get("type").and_then(Value::as_str) != Some("m.room.member")
            || event.get("state_key").and_then(Value::as_str) != Some(self.user.as_str())
        {
            return false;
        }
        let before = event.get("unsigned").and_then(|unsigned| unsigned.get("prev_content"));
        match membership(event.get("content")).as_deref() {
            Some("invite") => membership(before).as_deref() != Some("invite"),
            Some("leave" | "ban") => true,
            Some(_) | None => false,
        }
    }

    /// The user's own message that carries out this order, if it stands among the last of the room. A homeserver remembers
    /// transaction ids in memory only for a sender without a device, so after a lost answer this is what tells.
    pub(crate) async fn find(&self, room: &RoomId, order: &str) -> Result<Option<OwnedEventId>, Trouble> {
        #[derive(Deserialize)]
        struct Sent {
            event_id: OwnedEventId,
            sender: OwnedUserId,
            content: Value,
        }
        let mut request = get_message_events::v3::Request::backward(room.to_owned());
        request.limit = TAIL.into();
        let tail = self.ask(request).await?.chunk;
        let ours = tail.iter().filter_map(|event| event.deserialize_as_unchecked::<Sent>().ok());
        let mut ours = ours.filter(|event| event.sender == self.user);
        Ok(ours
            .find(|event| event.content.get(message::ORDER).and_then(Value::as_str) == Some(order))
            .map(|event| event.event_id))
    }
}

/// Whether it was done matters, not what the homeserver says of it.
fn done<T>(answer: Result<T, Trouble>) -> Result<(), Trouble> {
    match answer {
        Ok(_) | Err(Trouble::Unreadable(_)) => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

fn raw(value: &Value) -> Result<Raw<Value>, Trouble> {
    // Values of text keys always become JSON; the error is for the type's sake.
    Raw::new(value).map_err(|fault| Trouble::Unreadable(fault.to_string()))
}
