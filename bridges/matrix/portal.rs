//! One account's place in one room of several people. Pure.

mod profile;

use domain::{Passport, RemoteRoom, contact::RemoteTarget};
use ruma::{OwnedRoomId, OwnedServerName, OwnedUserId, RoomId};
use serde::{Deserialize, Serialize};

pub(crate) use profile::{Change, Profile, avatar, login_of};

use crate::timeline::Timeline;

/// By how many servers a room can be come to at most.
const MOST_WAYS: usize = 8;

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
    /// The room that is said to go on in this one, as long as its user has not said that they want to be here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) follows: Option<Followed>,
    /// The gathering that the account has here, if it is one: a group conversation, which stands on nobody's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gathering: Option<RemoteRoom>,
}

/// A room that is said to go on elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Followed {
    /// Which.
    pub(crate) room: OwnedRoomId,
    /// Who says so.
    pub(crate) by: OwnedUserId,
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
    /// Whether there is nothing to remember. Whose ghost is put out of a gathering still has it.
    pub(crate) fn is_empty(&self) -> bool {
        self.stage == Stage::Away && self.gathering.is_none()
    }

    /// The id by which the account knows this room.
    pub(crate) fn outward(&self, room: &RoomId) -> RemoteRoom {
        self.gathering.clone().unwrap_or_else(|| RemoteRoom(room.to_string()))
    }

    /// Whether the room stands on the account's list, if the ghost is in it.
    pub(crate) const fn is_listed(&self) -> bool {
        self.gathering.is_none()
    }

    /// The room as a contact of the account.
    pub(crate) fn target(&self, room: &RoomId) -> RemoteTarget {
        RemoteTarget::Room(self.outward(room))
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
        self.can_be_reached_by([by.server_name().to_owned()]);
        self.stage = Stage::Invited { by };
        self.profile = profile;
        self.follows = None;
    }

    /// These servers are in the room. The newest are kept.
    pub(crate) fn can_be_reached_by(&mut self, servers: impl IntoIterator<Item = OwnedServerName>) {
        for server in servers {
            if !self.via.contains(&server) {
                self.via.push(server);
            }
        }
        let surplus = self.via.len().saturating_sub(MOST_WAYS);
        self.via.drain(..surplus);
    }

    /// Somebody says that a room of the account goes on in this one.
    pub(crate) fn follow(&mut self, from: Followed) {
        self.can_be_reached_by([from.by.server_name().to_owned()]);
        // Who wants to be here, or is, has nothing to see to.
        match self.stage {
            Stage::Joined | Stage::Entering => {}
            Stage::Away | Stage::Invited { .. } | Stage::Leaving => {
                self.stage = Stage::Entering;
                self.follows = Some(from);
            }
        }
    }

    /// The account's user wants to be in the room.
    pub(crate) fn enter(&mut self) {
        self.follows = None;
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

    /// The account has a gathering here, and its ghost is to be in.
    pub(crate) fn gather(&mut self, gathering: &RemoteRoom) {
        self.gathering = Some(gathering.clone());
        self.enter();
    }

    /// The ghost is not in the room any more, and its user did not want that.
    pub(crate) fn lose(&mut self) {
        *self = Self { gathering: self.gathering.take(), ..Self::default() };
    }

    /// The ghost has come: what was said since it was asked in has to be read.
    pub(crate) fn has_come(&mut self, profile: Profile) {
        self.stage = Stage::Joined;
        self.follows = None;
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
        portal.can_be_reached_by((0..20).map(|number| format!("s{}.org", number % 12).try_into().unwrap()));
        assert_eq!((portal.via.len(), portal.via[7].as_str()), (MOST_WAYS, "s11.org"), "bounded, and each once");
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

    #[test]
    fn a_gathering_is_kept_until_its_user_leaves_it() {
        let (room, id) = (ruma::room_id!("!r"), RemoteRoom("gathering/1".into()));
        let mut portal = Portal::default();
        assert_eq!((portal.outward(room), portal.is_listed()), (RemoteRoom("!r".into()), true));
        portal.gather(&id);
        portal.has_come(Profile::default());
        assert_eq!((portal.outward(room), portal.is_listed()), (id.clone(), false));
        portal.lose();
        assert!(!portal.is_joined() && !portal.is_empty(), "somebody may ask the ghost in again");
        assert_eq!(portal.gathering, Some(id));
        portal.leave();
        assert!(portal.is_unsettled());
    }
}
