//! Rooms: made, entered, left.

use matrix_sdk::{
    Room,
    ruma::{
        RoomId, UserId,
        api::client::room::create_room::v3::{Request, RoomPreset},
        events::{InitialStateEvent, room::encryption::RoomEncryptionEventContent},
    },
};

use super::MatrixClient;

impl MatrixClient {
    /// Makes a direct chat with somebody, encrypted, as clients do; gives the room.
    pub async fn invite(&self, other: &str) -> String {
        let other = UserId::parse(other).unwrap();
        self.client.create_dm(&other).await.unwrap().room_id().to_string()
    }

    /// Makes an encrypted room of this name, and asks these people in; gives the room.
    pub async fn create_room(&self, name: &str, invite: &[&str]) -> String {
        let mut request = Request::new();
        request.name = Some(name.to_owned());
        request.invite = invite.iter().map(|who| UserId::parse(*who).unwrap()).collect();
        request.preset = Some(RoomPreset::PrivateChat);
        let encryption = RoomEncryptionEventContent::with_recommended_defaults();
        request.initial_state = vec![InitialStateEvent::with_empty_state_key(encryption).to_raw_any()];
        self.client.create_room(request).await.unwrap().room_id().to_string()
    }

    /// Joins a room that this user is asked into, and waits until its state is known.
    pub async fn join(&self, room: &str) {
        let id = RoomId::parse(room).unwrap();
        self.client.join_room_by_id(&id).await.unwrap();
        self.until_member(room, &self.id, "join").await;
    }

    /// Leaves a room.
    pub async fn leave(&self, room: &str) {
        self.room(room).leave().await.unwrap();
    }

    /// Asks somebody into a room.
    pub async fn invite_to(&self, room: &str, who: &str) {
        self.room(room).invite_user_by_id(&UserId::parse(who).unwrap()).await.unwrap();
    }

    /// Whether a room is encrypted.
    pub async fn is_encrypted(&self, room: &str) -> bool {
        let room: Room = self.room(room);
        room.latest_encryption_state().await.unwrap().is_encrypted()
    }

    /// Has the next words encrypted with a new key, which is shared anew with everybody.
    pub async fn change_key(&self, room: &str) {
        self.room(room).discard_room_key().await.unwrap();
    }
}
