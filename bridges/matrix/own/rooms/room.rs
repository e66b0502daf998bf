//! What is known of one room of a linked account. Pure.

use domain::{Passport, RemoteRoom, RemoteUser, contact::RemoteTarget};
use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    arrival::{Seat, SeatKind},
    chat::Membership,
    own::inward::MOST_UNREAD,
    portal::Place,
    timeline::Timeline,
};

/// One room of a linked account; kept under one key, so that it changes whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnRoom {
    /// Where the account stands with it.
    pub(crate) stage: Stage,
    /// What it is to the account.
    pub(crate) kind: Kind,
    /// Whether it, or the person of a direct chat, was put on the account's list.
    #[serde(default)]
    pub(crate) listed: bool,
    /// What the account's user has said of its being on the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chosen: Option<bool>,
    /// Whether the account's push rules keep it silent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) muted: bool,
    /// Whether it only looks like a direct chat, and whoever asked the account in did not say that it is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_presumed: bool,
    /// The name that the person of a direct chat shows; empty if none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// Of a room that was there before the account was linked, and has not been read yet: how many of its last messages are told at
    /// most, as the account has not read them elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unread: Option<u32>,
    /// Where it says that it goes on, while the account has yet to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moved: Option<Moved>,
    /// How far what happens there was taken; of meaning only while it is heard.
    #[serde(default)]
    pub(crate) timeline: Timeline,
}

/// Where a room goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    /// The room that takes its place.
    pub(crate) to: OwnedRoomId,
    /// Who has said so: their server is in it.
    pub(crate) by: OwnedUserId,
}

/// Where a linked account stands with a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// It was asked in.
    Invited,
    /// It is in.
    Joined,
}

/// What a room is to a linked account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A chat with one person.
    Direct {
        /// Who.
        user: OwnedUserId,
        /// Where they stand.
        person: Membership,
    },
    /// A room of several people.
    Room,
}

impl Kind {
    /// The person of a direct chat.
    pub(crate) fn person(&self) -> Option<&UserId> {
        match self {
            Self::Direct { user, .. } => Some(user),
            Self::Room => None,
        }
    }
}

impl OwnRoom {
    /// A room that the account is in; nothing that happened there has been taken.
    pub(crate) fn joined(kind: Kind) -> Self {
        Self {
            stage: Stage::Joined,
            kind,
            listed: false,
            chosen: None,
            muted: false,
            is_presumed: false,
            name: String::new(),
            unread: None,
            moved: None,
            timeline: Timeline::unread(),
        }
    }

    /// A room that the account is asked into.
    pub(crate) fn invited(kind: Kind) -> Self {
        Self { stage: Stage::Invited, timeline: Timeline::default(), ..Self::joined(kind) }
    }

    /// The same for another device of the account: what it has not read elsewhere is told, as of a room that was there before.
    pub(crate) fn anew(self) -> Self {
        if !self.is_joined() {
            return self;
        }
        Self { unread: Some(MOST_UNREAD), moved: None, timeline: Timeline::unread(), ..self }
    }

    /// Whether the account is in it.
    pub(crate) const fn is_joined(&self) -> bool {
        matches!(self.stage, Stage::Joined)
    }

    /// Whether the account hears by it what is said there. Rooms that are not on the list are passed over.
    pub(crate) const fn is_heard(&self) -> bool {
        self.is_joined() && self.listed
    }

    /// Whether its messages are taken without being told: the account has muted it, and its user has not asked for it here.
    /// Somebody who speaks to the account alone is always told.
    pub(crate) fn is_silent(&self) -> bool {
        self.muted && self.chosen != Some(true) && matches!(self.kind, Kind::Room)
    }

    /// Whether something of it has to be read.
    pub(crate) const fn is_behind(&self) -> bool {
        self.is_heard() && self.timeline.is_behind()
    }

    /// As the contact that the account has of it.
    pub(crate) fn target(&self, room: &RoomId) -> RemoteTarget {
        match &self.kind {
            Kind::Direct { user, .. } => RemoteTarget::Person(RemoteUser(user.to_string())),
            Kind::Room => RemoteTarget::Room(RemoteRoom(room.to_string())),
        }
    }

    /// Where the account, which is `me` on Matrix and is called `called` here, sits in it.
    pub(crate) fn seat(&self, owner: &Passport, me: &UserId, room: &RoomId, called: &str) -> Seat {
        let kind = match &self.kind {
            Kind::Direct { user, .. } => {
                SeatKind::Direct { user: user.clone(), name: self.name.clone(), welcomed: true }
            }
            Kind::Room => SeatKind::Portal {
                place: Place { owner: owner.clone(), room: room.to_owned() },
                known_as: RemoteRoom(room.to_string()),
                called: called.to_owned(),
            },
        };
        Seat { owner: owner.clone(), ghost: me.to_owned(), kind }
    }
}
