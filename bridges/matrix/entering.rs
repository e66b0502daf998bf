//! Rooms of several people: going in, leaving, and what they show of themselves.

use bridge::{Arrival, Batch, Failure};
use domain::{Passport, RemoteRoom, contact::RemoteTarget};
use ruma::RoomId;

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Pair, profile},
    chores::Chore,
    homeserver::Trouble,
    intent::Intent,
    portal::{Followed, Place, Portal, Profile, Stage},
};

impl Appservice {
    /// The account's user wants to be in a room: goes in, or answers its invitation. The servers by which it
    /// was found help to get there.
    pub(crate) async fn join_room(&self, owner: &Passport, room: &RoomId) -> Result<(), Failure> {
        let place = Place { owner: owner.clone(), room: room.to_owned() };
        let ways = self.ways.to(room);
        self.change_portal(&place, |portal| {
            portal.enter();
            portal.can_be_reached_by(ways);
        })
        .await?;
        self.settle_now(&place).await
    }

    /// The account's user wants no more of a room, or does not want to come to it.
    pub(crate) async fn leave_room(&self, owner: &Passport, room: &RoomId) -> Result<(), Failure> {
        let place = Place { owner: owner.clone(), room: room.to_owned() };
        self.change_portal(&place, Portal::leave).await?;
        self.settle_now(&place).await
    }

    /// Changes a portal, for good.
    pub(crate) async fn change_portal(
        &self,
        place: &Place,
        change: impl FnOnce(&mut Portal) + Send,
    ) -> Result<(), Failure> {
        self.portals.change(place, change).await.map_err(|fault| host_failure(&fault))
    }

    /// Settles a portal, later if not now: even if an order is never tried again, what it began must be finished.
    pub(crate) async fn settle_now(&self, place: &Place) -> Result<(), Failure> {
        let settled = self.settle_portal(place).await;
        if settled.as_ref().is_err_and(Failure::is_passing) {
            self.chores.add(Chore::Portal(place.clone()));
        }
        settled
    }

    /// Does what is to be done with a portal: goes in, leaves, or looks what the room shows of itself.
    pub(crate) async fn settle_portal(&self, place: &Place) -> Result<(), Failure> {
        let portal = self.portals.latest(place).await;
        match portal.stage {
            Stage::Entering => self.go_in(place, &portal).await,
            Stage::Leaving => {
                let ghost = self.ghost(&place.owner)?;
                self.homeserver.acting_as(&ghost).leave(&place.room).await?;
                self.change_portal(place, |portal| {
                    if portal.stage == Stage::Leaving {
                        *portal = Portal::default();
                    }
                })
                .await
            }
            Stage::Joined => self.look_into(place).await,
            Stage::Invited { .. } | Stage::Away => Ok(()),
        }
    }

    async fn go_in(&self, place: &Place, portal: &Portal) -> Result<(), Failure> {
        let ghost_id = self.ghost(&place.owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let mut via = portal.via.clone();
        via.extend(portal.profile.alias.as_ref().map(|alias| alias.server_name().to_owned()));
        self.is_to_enter(&ghost_id).await;
        match ghost.join_by_way_of(&place.room, &via).await {
            Ok(()) => self.has_entered(&ghost_id, &place.room).await,
            // The invitation was taken back, the room is gone, or it lets nobody in.
            Err(trouble @ Trouble::Refused { .. }) => {
                tracing::info!(owner = %place.owner, room = %place.room, %trouble, "a room cannot be joined");
                self.lose(place, Stage::Entering).await?;
                return Err(Failure::refused(format!(
                    "the room cannot be joined ({trouble}); ask somebody in it for an invitation"
                )));
            }
            Err(trouble) => return Err(trouble.into()),
        }
        if let Some(followed) = &portal.follows
            && ghost.predecessor_of(&place.room).await?.as_ref() != Some(&followed.room)
        {
            return self.ask_about_successor(place, followed, ghost).await;
        }
        let profile = ghost.profile_of(&place.room).await?;
        self.commit(place, |portal| {
            let comes = portal.stage == Stage::Entering;
            if comes {
                portal.has_come(profile.clone());
            }
            (comes && portal.is_listed()).then(|| Arrival::Room {
                owner: place.owner.clone(),
                room: profile.of_room(&place.room),
                group: None,
            })
        })
        .await?;
        if portal.is_listed() {
            self.look_at(room_target(&place.room), profile.avatar);
        }
        self.keeper.renew(&place.owner);
        self.chores.add(Chore::Read(place.clone()));
        Ok(())
    }

    /// Somebody said that a room goes on in this one, which does not say so itself: its user is asked, as after an invitation.
    async fn ask_about_successor(&self, place: &Place, followed: &Followed, ghost: Intent<'_>) -> Result<(), Failure> {
        tracing::warn!(owner = %place.owner, room = %place.room, from = %followed.room, "a room does not go on from the one that leads to it");
        let shown = ghost.profile_of(&place.room).await?;
        ghost.leave(&place.room).await?;
        self.commit(place, |portal| {
            (portal.stage == Stage::Entering && portal.follows.is_some()).then(|| {
                portal.invite(followed.by.clone(), shown.clone());
                let from = profile(&followed.by, "");
                Arrival::RoomInvitation { owner: place.owner.clone(), room: shown.of_room(&place.room), from }
            })
        })
        .await
    }

    /// Looks whether the ghost is still in a room, and what the room shows of itself.
    async fn look_into(&self, place: &Place) -> Result<(), Failure> {
        if self.is_out(place).await? {
            return Ok(());
        }
        let ghost = self.ghost(&place.owner)?;
        let profile = self.homeserver.acting_as(&ghost).profile_of(&place.room).await?;
        let known = self.portals.get(place);
        if profile != known.profile {
            self.change_portal(place, |portal| portal.profile.clone_from(&profile)).await?;
            if known.is_listed() {
                self.host.room(profile.of_room(&place.room));
                self.look_at(room_target(&place.room), profile.avatar);
            }
        }
        Ok(())
    }

    /// Whether the ghost is not in a room any more; then the room is lost.
    pub(crate) async fn is_out(&self, place: &Place) -> Result<bool, Failure> {
        let ghost = self.ghost(&place.owner)?;
        if self.homeserver.acting_as(&ghost).is_in(&place.room).await? {
            return Ok(false);
        }
        tracing::info!(owner = %place.owner, room = %place.room, "an account is not in a room any more");
        self.lose(place, Stage::Joined).await?;
        let pairs: Vec<Pair> =
            self.chats.in_room(&place.room).into_iter().filter(|pair| pair.owner == place.owner).collect();
        for pair in pairs {
            self.forget_room(&pair, &place.room).await?;
        }
        Ok(true)
    }

    /// A portal that is still at this stage is no more.
    async fn lose(&self, place: &Place, stage: Stage) -> Result<(), Failure> {
        self.commit(place, |portal| {
            if portal.stage != stage {
                return None;
            }
            portal.lose();
            // By an account of its own it may be in it still.
            let is_lost = portal.is_listed() && !self.own.hears_in(&place.owner, &place.room);
            is_lost.then(|| room_lost(place))
        })
        .await
    }

    /// Changes a portal together with what arrives by it.
    pub(crate) async fn commit(
        &self,
        place: &Place,
        change: impl FnOnce(&mut Portal) -> Option<Arrival> + Send,
    ) -> Result<(), Failure> {
        let mut draft = self.portals.begin().await;
        let arrivals: Vec<Arrival> = change(draft.portal(place)).into_iter().collect();
        let writes = draft.writes();
        if !arrivals.is_empty() || !writes.is_empty() {
            self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        }
        draft.committed();
        Ok(())
    }

    /// Tells the host anew what the rooms of an account show of themselves.
    pub(crate) fn show_rooms(&self, owner: &Passport) {
        for place in self.portals.of(owner) {
            let portal = self.portals.get(&place);
            if portal.is_joined() && portal.is_listed() {
                let Profile { avatar, .. } = portal.profile.clone();
                self.host.room(portal.profile.of_room(&place.room));
                self.look_at(room_target(&place.room), avatar);
            }
        }
    }
}

/// A room is not the account's any more.
pub(crate) fn room_lost(place: &Place) -> Arrival {
    Arrival::RoomLost { owner: place.owner.clone(), room: RemoteRoom(place.room.to_string()) }
}

fn room_target(room: &RoomId) -> RemoteTarget {
    RemoteTarget::Room(RemoteRoom(room.to_string()))
}
