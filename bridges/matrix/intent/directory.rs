//! Looking for people and rooms.

use ruma::{
    OwnedRoomId, OwnedServerName, OwnedUserId, RoomAliasId, RoomId, RoomOrAliasId,
    api::client::{
        alias::get_alias, directory::get_public_rooms_filtered, room::get_summary, user_directory::search_users,
    },
    directory::{Filter, PublicRoomsChunk},
    room::RoomSummary,
};

use super::Intent;
use crate::homeserver::Trouble;

impl Intent<'_> {
    /// The room that an alias leads to, and servers that are in it; `None` when it leads nowhere.
    pub(crate) async fn room_of_alias(
        &self,
        alias: &RoomAliasId,
    ) -> Result<Option<(OwnedRoomId, Vec<OwnedServerName>)>, Trouble> {
        match self.ask(get_alias::v3::Request::new(alias.to_owned())).await {
            Ok(answer) => Ok(Some((answer.room_id, answer.servers))),
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What a room shows to whoever is not in it; `None` when it shows nothing, or is not there.
    pub(crate) async fn summary(
        &self,
        room: &RoomId,
        servers: &[OwnedServerName],
    ) -> Result<Option<RoomSummary>, Trouble> {
        let room = <&RoomOrAliasId>::from(room).to_owned();
        match self.ask(get_summary::v1::Request::new(room, servers.to_vec())).await {
            Ok(answer) => Ok(Some(answer.summary)),
            // What an older homeserver says to an address that it does not know, and what cannot be read, tells nothing either.
            Err(trouble) if trouble.is_final() => Ok(None),
            Err(Trouble::Unreadable(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Public rooms of the homeserver that these words may mean, at most `most`.
    pub(crate) async fn public_rooms(&self, words: &str, most: u32) -> Result<Vec<PublicRoomsChunk>, Trouble> {
        let mut request = get_public_rooms_filtered::v3::Request::new();
        request.limit = Some(most.into());
        request.filter = Filter::new();
        request.filter.generic_search_term = Some(words.to_owned());
        Ok(self.ask(request).await?.chunk)
    }

    /// People whom these words may mean, as far as this user may see them, with their names; at most `most`.
    pub(crate) async fn people(&self, words: &str, most: u32) -> Result<Vec<(OwnedUserId, String)>, Trouble> {
        let mut request = search_users::v3::Request::new(words.to_owned());
        request.limit = most.into();
        let found = self.ask(request).await?.results.into_iter();
        Ok(found.map(|user| (user.user_id, user.display_name.unwrap_or_default())).collect())
    }
}
