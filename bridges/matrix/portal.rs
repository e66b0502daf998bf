//! One account's place in one room of several people. Pure.

mod profile;

use domain::Passport;
use ruma::{OwnedRoomId, OwnedServerName, OwnedUserId};
use serde::{Deserialize, Serialize};

pub(crate) use profile::{Change, Profile, avatar};

use crate::timeline::Timeline;

/// An account, and a room it has to do with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// The account.
    pub(crate) owner: Passport,
    /// The room.
    pub(crate) room: OwnedRoomId,
}

/// What is between the two of a [`Place`], where the room is no direct chat; kept under one key, so that it changes whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Portal {
    /// Where the ghost stands.
    pub(crate) stage: Stage,
    /// What the room shows of itself.
    #[serde(default)]
    pub(crate) profile: Profile,
    /// How far what happens in the room was taken; of meaning only while the ghost is in it.
    #[serde(default)]
    pub(crate) timeline: Timeline,
    /// Servers that are in the room, by which it can be come to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) via: Vec<OwnedServerName>,
}

/// Where an account's ghost stands with a room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// It has nothing to do with it.
    #[default]
    Away,
    /// It was asked in, and the account's user has not answered.
    Invited {
        /// By whom.
        by: OwnedUserId,
    },
    /// It is to go in.
    Entering,
    /// It is in.
    Joined,
    /// It is to leave, or to turn an invitation down.
    Leaving,
}

impl Portal {
    /// Whether there is nothing to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.stage == Stage::Away
    }

    /// Whether the ghost is in the room.
    pub(crate) fn is_joined(&self) -> bool {
        self.stage == Stage::Joined
    }

    /// Whether the ghost is to go in or out.
    pub(crate) const fn is_unsettled(&self) -> bool {
        match self.stage {
            Stage::Entering | Stage::Leaving => true,
            Stage::Away | Stage::Invited { .. } | Stage::Joined => false,
        }
    }

    /// Somebody asks the ghost in. Whoever is asked in is not in, whatever was known before.
    pub(crate) fn invite(&mut self, by: OwnedUserId, profile: Profile) {
        let server = by.server_name().to_owned();
        if !self.via.contains(&server) {
            self.via.push(server);
        }
        self.stage = Stage::Invited { by };
        self.profile = profile;
    }

    /// The account's user wants to be in the room.
    pub(crate) fn enter(&mut self) {
        if !self.is_joined() {
            self.stage = Stage::Entering;
        }
    }

    /// The account's user wants no more of the room.
    pub(crate) fn leave(&mut self) {
        if !self.is_empty() {
            self.stage = Stage::Leaving;
        }
    }

    /// The ghost has come: what was said since it was asked in has to be read.
    pub(crate) fn has_come(&mut self, profile: Profile) {
        self.stage = Stage::Joined;
        self.profile = profile;
        self.timeline = Timeline::unread();
    }
}

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;

    use super::*;

    #[test]
    fn a_room_is_entered_when_its_invitation_is_answered() {
        let mut portal = Portal::default();
        portal.leave();
        assert!(portal.is_empty(), "nothing to leave");
        portal.invite(owned_user_id!("@bob:elsewhere.org"), Profile::default());
        assert!(!portal.is_unsettled() && !portal.is_joined(), "nothing is done before the user answers");
        assert_eq!(portal.via, ["elsewhere.org"]);
        portal.enter();
        assert!(portal.is_unsettled());
        portal.has_come(Profile::default());
        assert!(portal.is_joined() && portal.timeline.is_behind());
        portal.enter();
        assert!(portal.is_joined(), "going in twice is nothing");
        let kept = serde_json::to_string(&portal).unwrap();
        assert_eq!(serde_json::from_str::<Portal>(&kept).unwrap(), portal);
        portal.leave();
        assert!(portal.is_unsettled());
    }
}
