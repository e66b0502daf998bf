//! The direct chats of a linked account, as its user's orders change them: begun, taken up and turned down.

use std::collections::BTreeSet;

use bridge::Failure;
use futures_util::FutureExt as _;
use matrix_sdk::Room;
use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::client::{
        config::{get_global_account_data, set_global_account_data},
        membership::{invite_user::v3 as invite_user, joined_members, joined_rooms},
        room::create_room::v3 as create_room,
        state::get_state_event_for_key,
    },
    events::{
        GlobalAccountDataEventType, InitialStateEvent, StateEventType, room::encryption::RoomEncryptionEventContent,
    },
    serde::Raw,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    OwnAccount,
    rooms::{Kind, OwnRoom},
    trouble::failure,
};
use crate::{
    appservice::host_failure, chat::Membership, event::DIRECT, homeserver::Trouble, intent::rooms::with_direct,
};

/// What an invitation that was taken up led into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// A chat of two.
    Chat,
    /// A room in which others are as well.
    Room,
}

impl OwnAccount {
    /// The direct chat with a person: the one there is, or one that is made now. `again` when an earlier attempt may have made it.
    pub(crate) async fn befriend(&self, user: &UserId, again: bool) -> Result<OwnedRoomId, Failure> {
        if let Some(room) = self.rooms.direct(user) {
            return Ok(room);
        }
        // Whoever adds a person who has asked them into a chat takes the invitation.
        for room in self.rooms.invitations_of(user) {
            match self.take_up(user, &room).await {
                Ok(Taken::Chat) => return Ok(room),
                Ok(Taken::Room) => {}
                Err(failure) if failure.is_passing() => return Err(failure),
                Err(failure) => tracing::info!(owner = %self.owner, %room, %failure, "an invitation is of no more use"),
            }
        }
        for room in self.deserted_by(user) {
            match self.ask_in(&room, user).await {
                Ok(()) => {
                    self.has_chat(user, &room, Membership::Invited).await?;
                    return Ok(room);
                }
                Err(trouble) if trouble.is_final() => {
                    tracing::info!(owner = %self.owner, %room, %trouble, "a chat is of no more use");
                }
                Err(trouble) => return Err(failure(trouble)),
            }
        }
        let _making = self.rooms.make().await;
        let room = match self.made_before(user, again).await? {
            Some(room) => room,
            None => self.make_chat(user).await?,
        };
        // Without this it would be a room of several people to everybody, this program included.
        self.note_direct(user, &room).await.map_err(failure)?;
        self.has_chat(user, &room, Membership::Invited).await?;
        Ok(room)
    }

    /// Lets a person in who asks the account into a chat.
    pub(crate) async fn welcome(&self, user: &UserId) -> Result<(), Failure> {
        // One that cannot be answered now holds up no other.
        let mut outcome = Ok(());
        for room in self.rooms.invitations_of(user) {
            outcome = outcome.and(self.take_up(user, &room).await.map(drop));
        }
        outcome
    }

    /// Turns a person away who asks the account into a chat.
    pub(crate) async fn turn_away(&self, user: &UserId) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for room in self.rooms.invitations_of(user) {
            outcome = outcome.and(self.leave(&room).await);
        }
        outcome
    }

    /// All direct chats with a person, those that they have left included; the newest last, as far as is known.
    pub(super) fn chats_with(&self, user: &UserId) -> Vec<(OwnedRoomId, OwnRoom)> {
        let mut chats = self.rooms.all();
        chats.retain(|(_, room)| room.is_joined() && room.kind.person() == Some(user));
        chats.sort_by_key(|(_, room)| room.timeline.at());
        chats
    }

    /// Those that the person has left: nobody is there any more.
    pub(super) fn deserted_by(&self, user: &UserId) -> Vec<OwnedRoomId> {
        let is_deserted = |room: &OwnRoom| matches!(room.kind, Kind::Direct { person: Membership::Left, .. });
        let deserted = self.chats_with(user).into_iter().rev().filter(|(_, room)| is_deserted(room));
        deserted.map(|(id, _)| id).collect()
    }

    async fn take_up(&self, user: &UserId, room: &RoomId) -> Result<Taken, Failure> {
        let is_presumed = self.rooms.get(room).is_some_and(|kept| kept.is_presumed);
        self.client.join_room_by_id(room).boxed().await.map_err(failure)?;
        // Not every client says of its invitations that they are into a chat of two; and not all that look so are. What is for one person
        // must not be said to others.
        if is_presumed {
            let people = self.client.send(joined_members::v3::Request::new(room.to_owned())).await.map_err(failure)?;
            if people.joined.keys().any(|person| person != user && *person != self.me) {
                // The next sync tells of it as of any other.
                return Ok(Taken::Room);
            }
        }
        self.note_direct(user, room).await.map_err(failure)?;
        self.has_chat(user, room, Membership::Joined).await?;
        Ok(Taken::Chat)
    }

    async fn has_chat(&self, user: &UserId, room: &RoomId, person: Membership) -> Result<(), Failure> {
        let kind = Kind::Direct { user: user.to_owned(), person };
        self.rooms.entered(&*self.host, room, kind).await.map_err(|fault| host_failure(&fault))
    }

    async fn ask_in(&self, room: &RoomId, user: &UserId) -> Result<(), Trouble> {
        let recipient = invite_user::InvitationRecipient::UserId(invite_user::InviteUserId::new(user.to_owned()));
        self.client.send(invite_user::Request::new(room.to_owned(), recipient)).await?;
        Ok(())
    }

    /// Makes an encrypted room for two, as clients of Matrix do. It is marked, so that it is found again where the answer is lost.
    async fn make_chat(&self, user: &UserId) -> Result<OwnedRoomId, Failure> {
        let mut request = create_room::Request::new();
        request.preset = Some(create_room::RoomPreset::TrustedPrivateChat);
        request.is_direct = true;
        request.invite = vec![user.to_owned()];
        let encryption = RoomEncryptionEventContent::with_recommended_defaults();
        let mark = json!({ "type": DIRECT, "state_key": "", "content": { "user": user } });
        let mark = Raw::new(&mark).map_err(|fault| Failure::refused(fault.to_string()))?.cast_unchecked();
        request.initial_state = vec![InitialStateEvent::with_empty_state_key(encryption).to_raw_any(), mark];
        let room = self.client.create_room(request).boxed().await.map_err(|error| match error.into() {
            Trouble::Refused { message, .. } => {
                Failure::refused(format!("no chat with {user} could be begun: the homeserver refused: {message}"))
            }
            trouble => failure(trouble),
        })?;
        tracing::info!(owner = %self.owner, room = %room.room_id(), "a direct chat was made");
        Ok(room.room_id().to_owned())
    }

    /// The room that an earlier attempt has made for a person, if its answer was lost. Only rooms are looked into that may be it: no
    /// others than the two are in it, and it is no direct chat as far as is known. Whoever else is in a room may mark it as well: only a
    /// mark of the account itself counts.
    async fn made_before(&self, user: &UserId, again: bool) -> Result<Option<OwnedRoomId>, Failure> {
        #[derive(Deserialize)]
        struct Mark {
            sender: OwnedUserId,
            content: Marked,
        }
        #[derive(Deserialize)]
        struct Marked {
            user: OwnedUserId,
        }
        if !again {
            return Ok(None);
        }
        let direct: BTreeSet<OwnedRoomId> = self
            .rooms
            .all()
            .into_iter()
            .filter(|(_, kept)| kept.kind.person().is_some())
            .map(|(room, _)| room)
            .collect();
        let is_small = |room: &Room| room.active_members_count() <= 2;
        for room in self.client.send(joined_rooms::v3::Request::new()).await.map_err(failure)?.joined_rooms {
            if direct.contains(&room) || self.client.get_room(&room).is_some_and(|known| !is_small(&known)) {
                continue;
            }
            let kind = StateEventType::from(DIRECT);
            let mut request = get_state_event_for_key::v3::Request::new(room.clone(), kind, String::new());
            request.format = get_state_event_for_key::v3::StateEventFormat::Event;
            match self.client.send(request).await.map_err(Trouble::from) {
                Ok(answer) => {
                    let mark = serde_json::from_str::<Mark>(answer.event_or_content.get());
                    if mark.is_ok_and(|mark| mark.sender == self.me && mark.content.user == user) {
                        return Ok(Some(room));
                    }
                }
                Err(trouble) if trouble.is_final() => {}
                Err(trouble) => return Err(failure(trouble)),
            }
        }
        Ok(None)
    }

    /// Adds a room to the account's list of direct chats (`m.direct`), which others of its clients may have changed.
    pub(super) async fn note_direct(&self, user: &UserId, room: &RoomId) -> Result<(), Trouble> {
        let kind = GlobalAccountDataEventType::Direct;
        let request = get_global_account_data::v3::Request::new(self.me.clone(), kind.clone());
        let known = match self.client.send(request).await.map_err(Trouble::from) {
            Ok(answer) => serde_json::from_str(answer.account_data.json().get()).unwrap_or_default(),
            Err(trouble) if trouble.is("M_NOT_FOUND") => Map::new(),
            Err(trouble) => return Err(trouble),
        };
        let noted = with_direct(known.clone(), user, room);
        if noted == known {
            return Ok(());
        }
        let noted = Raw::new(&Value::Object(noted)).map_err(|fault| Trouble::Unreadable(fault.to_string()))?;
        let request = set_global_account_data::v3::Request::new_raw(self.me.clone(), kind, noted.cast_unchecked());
        self.client.send(request).await?;
        Ok(())
    }
}
