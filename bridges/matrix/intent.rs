//! Acting as one user of ours: a ghost, or the bot.

mod directory;
mod encryption;
mod gatherings;
mod inspection;
mod media;
mod messages;
mod notices;
mod profile;
mod reading;
pub(crate) mod rooms;
mod rooms_of_several;

use std::{borrow::Cow, time::Duration};

pub(crate) use encryption::{DeviceIntent, RoomEncryption};
pub(crate) use reading::Member;

use crate::{
    event::DIRECT,
    homeserver::{Homeserver, Trouble},
    presence,
};
use domain::{Timestamp, presence::RemotePresence};
use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::{
        OutgoingRequest, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            account::{register, whoami},
            membership::{invite_user::v3 as invite_user, join_room_by_id, joined_rooms, leave_room},
            presence::get_presence,
            profile::get_profile,
            state::get_state_event_for_key,
            typing::create_typing_event::v3 as create_typing_event,
        },
        path_builder::PathBuilder,
    },
    events::StateEventType,
    serde::Raw,
};
use serde::Deserialize;
use serde_json::Value;

/// How long typing is shown without being said again; Messenger says it every few seconds.
const TYPING: Duration = Duration::from_secs(10);

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

    /// The rooms that the user is in.
    pub(crate) async fn joined_rooms(&self) -> Result<Vec<OwnedRoomId>, Trouble> {
        Ok(self.ask(joined_rooms::v3::Request::new()).await?.joined_rooms)
    }

    /// Asks somebody into a room.
    pub(crate) async fn invite(&self, room: &RoomId, other: &UserId) -> Result<(), Trouble> {
        let recipient = invite_user::InvitationRecipient::UserId(invite_user::InviteUserId::new(other.to_owned()));
        done(self.ask(invite_user::Request::new(room.to_owned(), recipient)).await)
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
