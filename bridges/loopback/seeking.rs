//! How people and the room are found: by their spelling here, and by parts of their names.

use bridge::{Found, RemoteProfile, RoomProfile};

use crate::{
    echo::{self, ECHO},
    room::{Person, ROOM},
};

/// What an id of this network begins with where it is written out: `loopback:echo`.
const SPELLING: &str = "loopback:";

/// Whom or what `words` spell; nothing if they spell nobody, or are no spelling of this network.
pub(crate) fn spelt(words: &str, room: &RoomProfile) -> Option<Found> {
    let (start, name) = words.trim().split_at_checked(SPELLING.len())?;
    if !start.eq_ignore_ascii_case(SPELLING) {
        return None;
    }
    if name.eq_ignore_ascii_case(ROOM) {
        return Some(Found::Room(room.clone()));
    }
    name.eq_ignore_ascii_case(ECHO).then(|| Found::Person(echo::profile()))
}

/// Who and what has `words` in the name; Echo, with whom one can speak, before the others.
pub(crate) fn search(words: &str, room: &RoomProfile) -> Vec<Found> {
    let words = words.trim().to_lowercase();
    let is_meant = |name: &str| !words.is_empty() && name.to_lowercase().contains(&words);
    let people = std::iter::once(echo::profile()).chain(Person::ALL.map(Person::profile));
    let people = people.filter(|person: &RemoteProfile| is_meant(&person.name)).map(Found::Person);
    let rooms = std::iter::once(room.clone()).filter(|room| is_meant(&room.name)).map(Found::Room);
    people.chain(rooms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{self, TOPIC};

    #[test]
    fn a_spelling_means_one_or_nobody() {
        let room = room::profile(TOPIC);
        assert_eq!(spelt(" Loopback:ROOM ", &room), Some(Found::Room(room.clone())));
        assert_eq!(spelt("loopback:echo", &room), Some(Found::Person(echo::profile())));
        for words in ["", "echo", "loopback:", "loopback:attic", "#room:example.org", "loopbac\u{e9}:echo"] {
            assert_eq!(spelt(words, &room), None, "{words:?}");
        }
    }

    #[test]
    fn parts_of_names_are_searched_and_nothing_finds_nobody() {
        let room = room::profile(TOPIC);
        assert_eq!(search("ECH", &room), [Found::Person(echo::profile())]);
        assert_eq!(search("of five", &room), [Found::Room(room.clone())]);
        assert_eq!(search("a", &room).len(), 2, "Pan and Daphne");
        assert_eq!(search("  ", &room), []);
    }
}
