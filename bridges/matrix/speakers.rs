//! Who has spoken in rooms of several people lately: their names there, and which of the last words were our own ghosts'.
//! Bounded, and lost in a restart: who is not known is looked up when they speak. Pure.

use std::collections::{HashMap, VecDeque};

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};

/// How many people are known of one room: those who spoke last.
const PEOPLE: usize = 128;
/// How many messages of ghosts of ours are known of one room: the last.
const MESSAGES: usize = 128;
/// Of how many rooms anybody is known; beyond them it begins anew.
const ROOMS: usize = 4_096;

/// Who has spoken where.
#[derive(Debug, Default)]
pub(crate) struct Speakers {
    rooms: HashMap<OwnedRoomId, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last speaker last.
    names: VecDeque<(OwnedUserId, String)>,
    ours: VecDeque<(OwnedEventId, OwnedUserId)>,
}

impl Speakers {
    /// The name of somebody who speaks in a room, empty if they have none there; `None` when it has to be looked up.
    pub(crate) fn name(&mut self, room: &RoomId, user: &UserId) -> Option<String> {
        let names = &mut self.rooms.get_mut(room)?.names;
        let at = names.iter().rposition(|(known, _)| known == user)?;
        let speaker = names.remove(at)?;
        let name = speaker.1.clone();
        names.push_back(speaker);
        Some(name)
    }

    /// Somebody who spoke has this name.
    pub(crate) fn learn(&mut self, room: &RoomId, user: &UserId, name: &str) {
        let known = self.known(room);
        known.names.retain(|(known, _)| known != user);
        known.names.push_back((user.to_owned(), name.to_owned()));
        if known.names.len() > PEOPLE {
            known.names.pop_front();
        }
    }

    /// Somebody shows this name now: noted only of those who are known, as most never speak.
    pub(crate) fn is_called(&mut self, room: &RoomId, user: &UserId, name: &str) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        if let Some((_, old)) = known.names.iter_mut().find(|(known, _)| known == user) {
            name.clone_into(old);
        }
    }

    /// Names have to be looked up anew.
    pub(crate) fn forget(&mut self) {
        for known in self.rooms.values_mut() {
            known.names.clear();
        }
    }

    /// A ghost of ours said this.
    pub(crate) fn ours(&mut self, room: &RoomId, event: &EventId, ghost: &UserId) {
        let known = self.known(room);
        known.ours.push_back((event.to_owned(), ghost.to_owned()));
        if known.ours.len() > MESSAGES {
            known.ours.pop_front();
        }
    }

    /// Whether this ghost of ours said this lately.
    pub(crate) fn is_by(&self, room: &RoomId, event: &EventId, ghost: &UserId) -> bool {
        let ours = self.rooms.get(room).map(|known| &known.ours);
        ours.is_some_and(|ours| ours.iter().any(|(known, by)| known == event && by == ghost))
    }

    fn known(&mut self, room: &RoomId) -> &mut Known {
        if self.rooms.len() >= ROOMS && !self.rooms.contains_key(room) {
            self.rooms.clear();
        }
        self.rooms.entry(room.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use ruma::{event_id, room_id, user_id};

    use super::*;

    #[test]
    fn only_those_who_speak_are_known_and_the_last_of_them() {
        let (room, bob) = (room_id!("!r"), user_id!("@bob:a.org"));
        let mut speakers = Speakers::default();
        speakers.is_called(room, bob, "Bob");
        assert_eq!(speakers.name(room, bob), None, "nobody is listed for being there");
        speakers.learn(room, bob, "Bob");
        speakers.is_called(room, bob, "Robert");
        assert_eq!(speakers.name(room, bob).as_deref(), Some("Robert"));
        assert_eq!(speakers.name(room_id!("!other"), bob), None, "names are of one room");
        for number in 0..PEOPLE - 1 {
            speakers.learn(room, &UserId::parse(format!("@u{number}:a.org")).unwrap(), "");
        }
        assert!(speakers.name(room, bob).is_some());
        speakers.learn(room, user_id!("@new:a.org"), "New");
        assert!(speakers.name(room, bob).is_some(), "whoever spoke last stays");
        assert_eq!(speakers.name(room, user_id!("@u0:a.org")), None);
        speakers.forget();
        assert_eq!(speakers.name(room, bob), None);
    }

    #[test]
    fn an_answer_to_a_ghost_is_known() {
        let (room, ghost) = (room_id!("!r"), user_id!("@msn_a:a.org"));
        let mut speakers = Speakers::default();
        speakers.ours(room, event_id!("$1"), ghost);
        assert!(speakers.is_by(room, event_id!("$1"), ghost));
        assert!(!speakers.is_by(room, event_id!("$1"), user_id!("@msn_b:a.org")));
        assert!(!speakers.is_by(room, event_id!("$2"), ghost));
    }
}
