//! What is between one account and one person: the rooms they share, and whether the account let the person in. Pure.

use domain::Passport;
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::{Deserialize, Serialize};

use crate::timeline::Timeline;

/// An account, and a person it has to do with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair {
    /// The account.
    pub(crate) owner: Passport,
    /// The person.
    pub(crate) user: OwnedUserId,
}

/// What is between the two of a [`Pair`]; kept under one key, so that it changes whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Chat {
    /// The rooms that the ghost is in, the newest last.
    pub(crate) rooms: Vec<Shared>,
    /// The rooms that the person invited the ghost to, unanswered.
    pub(crate) invited: Vec<OwnedRoomId>,
    /// The invitations that are to be turned down.
    pub(crate) declining: Vec<OwnedRoomId>,
    /// Whether the account's user added the person, or let them in.
    pub(crate) welcomed: bool,
    /// The name the person shows; empty if none.
    pub(crate) name: String,
}

/// A room that the ghost is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shared {
    /// The room.
    pub(crate) room: OwnedRoomId,
    /// Where the person is.
    pub(crate) person: Membership,
    /// How far what happens there was taken.
    #[serde(default)]
    pub(crate) timeline: Timeline,
    /// Whether others are there, too, or were. What is said to the person alone must never be said there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) crowded: bool,
}

/// Where the person of a pair stands in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Membership {
    /// Asked in, and has not answered.
    Invited,
    /// In it.
    Joined,
    /// Gone, or never wanted to come.
    Left,
}

impl Chat {
    /// The room that is written to: the newest that the person is in, else the newest they may still come to, else the newest;
    /// never one in which others are.
    pub(crate) fn current(&self) -> Option<&Shared> {
        let alone = || self.rooms.iter().rev().filter(|shared| !shared.crowded);
        let newest = |person| alone().find(move |shared| shared.person == person);
        newest(Membership::Joined).or_else(|| newest(Membership::Invited)).or_else(|| alone().next())
    }

    /// Whether the person reads what is written.
    pub(crate) fn is_reachable(&self) -> bool {
        self.current().is_some_and(|shared| shared.person == Membership::Joined)
    }

    /// Whether a further invitation of this person is taken without asking. The rooms there are do not count: whoever was
    /// blocked or removed meanwhile must not pull the ghost anywhere.
    pub(crate) const fn is_open(&self) -> bool {
        self.welcomed
    }

    /// Whether something is left to be answered on Matrix.
    pub(crate) fn is_unsettled(&self) -> bool {
        !self.declining.is_empty() || (self.is_open() && !self.invited.is_empty())
    }

    /// How far what happens in a room was taken; `None` when the ghost is not in it.
    pub(crate) fn timeline(&self, room: &RoomId) -> Option<&Timeline> {
        self.rooms.iter().find(|shared| shared.room == room).map(|shared| &shared.timeline)
    }

    /// As [`Chat::timeline`], to be changed.
    pub(crate) fn timeline_mut(&mut self, room: &RoomId) -> Option<&mut Timeline> {
        self.rooms.iter_mut().find(|shared| shared.room == room).map(|shared| &mut shared.timeline)
    }

    /// Whether there is nothing to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.invited.is_empty() && self.declining.is_empty() && !self.welcomed
    }

    /// Whether it has to do with this room.
    pub(crate) fn has(&self, room: &RoomId) -> bool {
        self.rooms.iter().any(|shared| shared.room == room) || self.invited.iter().any(|invited| invited == room)
    }

    /// The ghost is in this room now. Nothing but the invitation changes where that was known.
    pub(crate) fn enter(&mut self, room: &RoomId, person: Membership, timeline: Timeline) {
        self.invited.retain(|invited| invited != room);
        if !self.rooms.iter().any(|shared| shared.room == room) {
            self.rooms.push(Shared { room: room.to_owned(), person, timeline, crowded: false });
        }
    }

    /// The ghost has nothing to do with this room any more.
    pub(crate) fn forget(&mut self, room: &RoomId) {
        self.rooms.retain(|shared| shared.room != room);
        self.invited.retain(|invited| invited != room);
        self.declining.retain(|declined| declined != room);
    }

    /// The person was invited to this room.
    pub(crate) fn invite(&mut self, room: &RoomId) {
        // A new invitation overrides what was decided about an older one.
        self.declining.retain(|declined| declined != room);
        if !self.has(room) {
            self.invited.push(room.to_owned());
        }
    }

    /// The person has come to a room, or gone from it.
    pub(crate) fn place(&mut self, room: &RoomId, person: Membership) {
        for shared in self.rooms.iter_mut().filter(|shared| shared.room == room) {
            shared.person = person;
        }
    }

    /// Others are in a room, too.
    pub(crate) fn crowd(&mut self, room: &RoomId) {
        for shared in self.rooms.iter_mut().filter(|shared| shared.room == room) {
            shared.crowded = true;
        }
    }

    /// Every unanswered invitation is to be turned down.
    pub(crate) fn turn_away(&mut self) {
        self.welcomed = false;
        self.declining.append(&mut self.invited);
    }
}

/// What the person of a pair is called, as the domain has it.
pub(crate) fn profile(user: &UserId, name: &str) -> bridge::RemoteProfile {
    bridge::RemoteProfile {
        user: domain::RemoteUser(user.to_string()),
        name: name.to_owned(),
        login: user.localpart().to_owned(),
        server: Some(user.server_name().to_string()),
        account: None,
    }
}

#[cfg(test)]
mod tests {
    use ruma::room_id;

    use super::*;

    #[test]
    fn the_current_room_is_where_the_person_is() {
        let (old, new) = (room_id!("!old"), room_id!("!new"));
        let mut chat = Chat::default();
        assert!(chat.current().is_none() && chat.is_empty());
        chat.enter(old, Membership::Joined, Timeline::default());
        chat.enter(new, Membership::Invited, Timeline::default());
        assert_eq!(chat.current().unwrap().room, old, "a room the person has not come to does not take over");
        chat.place(new, Membership::Joined);
        assert_eq!(chat.current().unwrap().room, new);
        chat.place(new, Membership::Left);
        assert!(chat.current().unwrap().room == old && chat.is_reachable());
        chat.place(old, Membership::Left);
        assert!(chat.current().unwrap().room == new && !chat.is_reachable());
    }

    #[test]
    fn what_is_for_one_person_is_never_said_where_others_are() {
        let (old, new) = (room_id!("!old"), room_id!("!new"));
        let mut chat = Chat::default();
        chat.enter(new, Membership::Joined, Timeline::default());
        chat.crowd(new);
        assert!(chat.current().is_none() && !chat.is_reachable());
        chat.enter(old, Membership::Left, Timeline::default());
        assert_eq!(chat.current().unwrap().room, old);
        let kept = serde_json::to_string(&chat).unwrap();
        assert_eq!(serde_json::from_str::<Chat>(&kept).unwrap(), chat);
    }

    #[test]
    fn invitations_are_settled_by_the_users_answer() {
        let room = room_id!("!a");
        let mut chat = Chat::default();
        chat.invite(room);
        chat.invite(room);
        assert!(chat.invited.len() == 1 && !chat.is_unsettled(), "nothing is done before the user answers");
        chat.welcomed = true;
        assert!(chat.is_unsettled());
        chat.turn_away();
        assert!(chat.is_unsettled() && chat.invited.is_empty() && !chat.is_open());
        chat.invite(room);
        assert!(chat.declining.is_empty() && chat.invited.len() == 1);
        chat.enter(room, Membership::Joined, Timeline::default());
        assert!(chat.invited.is_empty() && !chat.is_open(), "who was turned away is asked about again");
        chat.forget(room);
        assert!(chat.is_empty());
    }

    #[test]
    fn coming_twice_does_not_hide_what_was_missed() {
        let room = room_id!("!a");
        let mut chat = Chat::default();
        chat.invite(room);
        assert!(chat.timeline(room).is_none(), "it is read once the ghost is there");
        chat.enter(room, Membership::Joined, Timeline::unread());
        chat.enter(room, Membership::Joined, Timeline::default());
        assert!(chat.timeline(room).unwrap().is_behind());
        let older = r#"{"rooms":[{"room":"!a","person":"joined"}]}"#;
        assert!(!serde_json::from_str::<Chat>(older).unwrap().timeline(room).unwrap().is_behind());
    }
}
