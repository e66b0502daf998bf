//! A linked account looks for people and rooms.

use bridge::{Failure, Found};
use ruma::{
    api::client::{directory::get_public_rooms_filtered, user_directory::search_users},
    directory::Filter,
};

use crate::{
    chat::profile,
    directory::{Address, MOST, likeness, room_profile},
    own::{OwnAccount, trouble::failure},
};

impl OwnAccount {
    /// People and rooms that words may mean, as far as the account may see them; the likeliest first.
    pub(crate) async fn search(&self, words: &str) -> Result<Vec<Found>, Failure> {
        let words = words.trim();
        if let Some(address) = Address::read(words) {
            return Ok(self.appservice()?.find(address).await?.into_iter().collect());
        }
        if words.is_empty() {
            return Err(Failure::refused("say a word to look for"));
        }
        let names = &self.configuration.names;
        let mut people = search_users::v3::Request::new(words.to_owned());
        people.limit = MOST.into();
        let people = self.client.send(people).await.map_err(failure)?.results.into_iter();
        let people = people.filter(|user| !names.is_ours(&user.user_id) && user.user_id != self.me);
        let people =
            people.map(|user| Found::Person(profile(&user.user_id, user.display_name.as_deref().unwrap_or_default())));
        let mut rooms = get_public_rooms_filtered::v3::Request::new();
        rooms.limit = Some(MOST.into());
        rooms.filter = Filter::new();
        rooms.filter.generic_search_term = Some(words.to_owned());
        let rooms = self.client.send(rooms).await.map_err(failure)?.chunk.into_iter().map(|room| {
            let (name, topic) = (room.name.unwrap_or_default(), room.topic.unwrap_or_default());
            Found::Room(room_profile(&room.room_id, room.canonical_alias.as_deref(), &name, &topic))
        });
        let mut found: Vec<Found> = people.chain(rooms).collect();
        found.sort_by_key(|found| likeness(found, words));
        // Not every homeserver heeds a limit.
        found.truncate(usize::try_from(2 * MOST).unwrap_or_default());
        Ok(found)
    }
}
