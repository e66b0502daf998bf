//! What a linked account does on Matrix at its user's order. `saying` says something once; `directs` begins chats; `moving` goes into
//! rooms and out of them; `finding` looks for people and rooms.

mod finding;
mod moving;
mod saying;

use std::time::Duration;

use bridge::Failure;
use ruma::{
    OwnedEventId, OwnedRoomId, RoomId,
    api::client::{
        receipt::create_receipt::v3 as create_receipt, typing::create_typing_event::v3 as create_typing_event,
    },
};

use super::{OwnAccount, trouble::failure};
use crate::voice::Target;

/// How long typing is shown without being said again; Messenger says it every few seconds.
const TYPING: Duration = Duration::from_secs(10);

impl OwnAccount {
    /// The room in which the account itself speaks to somebody, if it has one.
    pub(crate) fn room_with(&self, target: &Target) -> Option<OwnedRoomId> {
        match target {
            Target::Person(pair) => self.rooms.direct(&pair.user),
            Target::Room(place) => self.rooms.is_joined(&place.room).then(|| place.room.clone()),
        }
    }

    /// Shows in a room that the account's user types, or has stopped.
    pub(crate) async fn set_typing(&self, room: &RoomId, typing: bool) -> Result<(), Failure> {
        use create_typing_event::{Request, Typing, TypingInfo};
        let state = if typing { Typing::Yes(TypingInfo::new(TYPING)) } else { Typing::No };
        self.client.send(Request::new(self.me.clone(), room.to_owned(), state)).await.map(drop).map_err(failure)
    }

    /// Shows that the account's user has read an event, and so all before it.
    pub(crate) async fn has_read(&self, room: &RoomId, event: OwnedEventId) -> Result<(), Failure> {
        let kind = create_receipt::ReceiptType::Read;
        let request = create_receipt::Request::new(room.to_owned(), kind, event);
        self.client.send(request).await.map(drop).map_err(failure)
    }

    /// A room as matrix-sdk has it.
    fn room(&self, room: &RoomId) -> Result<matrix_sdk::Room, Failure> {
        self.client.get_room(room).ok_or_else(not_there)
    }
}

fn not_there() -> Failure {
    Failure::refused("you are not in this room; add it again to come in")
}
