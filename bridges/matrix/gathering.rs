//! Gatherings: Messenger's group conversations with people of Matrix, each of which has a room here.
//!
//! Which room that is stands in the portals of the accounts in it: a portal with a gathering is known outward by the gathering's
//! id, stands on nobody's list, and is otherwise a portal like any other. Nobody is ever put out of one, and it keeps its name.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex as SyncMutex, PoisonError},
};

use bridge::{Action, Failure, Order, Write};
use domain::{Passport, RemoteRoom, RemoteUser};
use ruma::{OwnedUserId, UserId};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    appservice::{Appservice, host_failure},
    chat::Membership,
    chores::Chore,
    entering::room_lost,
    homeserver::Trouble,
    portal::{Change, Place, Portal, Profile},
};

/// At how many attempts at an order everybody has to be asked in whom the homeserver has trouble with.
const PATIENCE: u32 = 3;

/// Whose turn it is with each gathering: held over the network, so that two accounts that order it at once make one room.
#[derive(Default)]
pub(crate) struct Turns(SyncMutex<HashMap<RemoteRoom, Arc<Mutex<()>>>>);

impl Turns {
    /// Waits for the turn with this one.
    async fn with(&self, gathering: &RemoteRoom) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(gathering.clone()).or_default())
        };
        turn.lock_owned().await
    }
}

/// Whoever speaks where they have no gathering is told this.
pub(crate) fn over() -> Failure {
    Failure::refused("you are in this group conversation on Matrix no more; begin a new one with the same people")
}

impl Appservice {
    /// Does what an account orders about a gathering, apart from speaking there.
    pub(crate) async fn attend(&self, owner: &Passport, gathering: &RemoteRoom, order: &Order) -> Result<(), Failure> {
        let _turn = self.gatherings.with(gathering).await;
        match &order.action {
            Action::Gather { people, accounts, name } => {
                let people = self.guests(people);
                let inside = match self.somebody_in(gathering).await? {
                    Some(place) => place,
                    None => self.room_for(owner, gathering, &people, name).await?,
                };
                let patient = order.attempt < PATIENCE;
                for account in accounts.iter().chain([owner]).collect::<BTreeSet<_>>() {
                    self.let_in(&inside, gathering, account, patient).await?;
                }
                for user in &people {
                    self.ask_in(&inside, user, patient).await?;
                }
                Ok(())
            }
            Action::Unfriend | Action::TurnAway => match self.portals.gathering_of(owner, gathering) {
                Some(place) => self.leave_room(owner, &place.room).await,
                None => Ok(()),
            },
            // It is on nobody's list: whoever has it is in it.
            Action::Befriend | Action::Welcome | Action::Say { .. } => Ok(()),
        }
    }

    /// The people who can be asked in.
    fn guests(&self, people: &[RemoteUser]) -> Vec<OwnedUserId> {
        people.iter().filter_map(|user| self.configuration.names.person(user)).collect()
    }

    /// An account whose ghost is in the gathering's room, so that it can ask others in.
    async fn somebody_in(&self, gathering: &RemoteRoom) -> Result<Option<Place>, Failure> {
        let is_in = |portal: &Portal| portal.is_joined() && portal.gathering.as_ref() == Some(gathering);
        for (place, ()) in self.portals.pick(|portal| is_in(portal).then_some(())) {
            if !self.is_out(&place).await? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The room of a gathering in which none of us is known to be: one that was made without our hearing of it, or a new one.
    /// Who makes it is written down before it is made, as that ghost alone can find it again.
    async fn room_for(
        &self,
        owner: &Passport,
        gathering: &RemoteRoom,
        people: &[OwnedUserId],
        name: &str,
    ) -> Result<Place, Failure> {
        let key = gathering.as_str().to_owned();
        let maker = self.host.get(&key).await.map_err(|fault| host_failure(&fault))?;
        if let Some(maker) = maker.and_then(|maker| maker.parse::<Passport>().ok())
            && let Some(place) = self.made_by(maker, gathering).await?
        {
            self.begin_gathering(&place, gathering, name).await?;
            return Ok(place);
        }
        let noted = vec![Write::Put(key, owner.to_string())];
        self.host.write(noted).await.map_err(|fault| host_failure(&fault))?;
        let ghost = self.ghost(owner)?;
        let making = &self.configuration.room_making;
        let closed = !making.federated && people.iter().all(|user| user.server_name() == ghost.server_name());
        let room = self.homeserver.acting_as(&ghost).make_gathering(owner, gathering, name, closed, making).await?;
        let place = Place { owner: owner.clone(), room };
        self.begin_gathering(&place, gathering, name).await?;
        Ok(place)
    }

    /// The room that an account's ghost has made for a gathering.
    async fn made_by(&self, maker: Passport, gathering: &RemoteRoom) -> Result<Option<Place>, Failure> {
        let ghost = self.ghost(&maker)?;
        let ghost = self.homeserver.acting_as(&ghost);
        for room in ghost.joined_rooms().await? {
            if ghost.is_of_gathering(&room, gathering).await? {
                return Ok(Some(Place { owner: maker, room }));
            }
        }
        Ok(None)
    }

    /// From now on this is the gathering's room, in which that account's ghost is. Where it was before, nobody is any more.
    async fn begin_gathering(&self, place: &Place, gathering: &RemoteRoom, name: &str) -> Result<(), Failure> {
        let mut profile = Profile::default();
        profile.apply(Change::Name(name.to_owned()));
        let mut draft = self.portals.begin().await;
        let is_old = |portal: &Portal| portal.gathering.as_ref() == Some(gathering);
        for (old, ()) in self.portals.pick(|portal| is_old(portal).then_some(())) {
            *draft.portal(&old) = Portal::default();
        }
        let portal = draft.portal(place);
        portal.gather(gathering);
        portal.has_come(profile);
        let mut writes = draft.writes();
        writes.push(Write::Delete(gathering.as_str().to_owned()));
        self.host.write(writes).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
        self.keeper.renew(&place.owner);
        self.chores.add(Chore::Read(place.clone()));
        Ok(())
    }

    /// Lets an account's ghost into the room where another one is. One that cannot come keeps nobody from speaking.
    async fn let_in(
        &self,
        inside: &Place,
        gathering: &RemoteRoom,
        owner: &Passport,
        patient: bool,
    ) -> Result<(), Failure> {
        let exists = self.has_account(owner).await.map_err(|fault| host_failure(&fault))?;
        let Ok(ghost) = self.ghost(owner) else { return Ok(()) };
        let place = Place { owner: owner.clone(), room: inside.room.clone() };
        let known = self.portals.get(&place);
        if !exists || (known.is_joined() && !known.is_listed()) {
            return Ok(());
        }
        self.commit(&place, |portal| {
            let was_listed = portal.is_joined() && portal.is_listed();
            portal.gather(gathering);
            was_listed.then(|| room_lost(&place))
        })
        .await?;
        self.ask_in(inside, &ghost, patient).await?;
        match self.settle_now(&place).await {
            Err(failure) if failure.is_passing() => Err(failure),
            // It is told of where it happened.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Asks somebody in who is neither there nor asked in. Who cannot be asked in is left out; who cannot now, unless this is
    /// `patient`: it may be their own homeserver that is away, perhaps for ever.
    async fn ask_in(&self, inside: &Place, user: &UserId, patient: bool) -> Result<(), Failure> {
        let ghost = self.ghost(&inside.owner)?;
        let ghost = self.homeserver.acting_as(&ghost);
        if ghost.member(&inside.room, user).await?.membership != Membership::Left {
            return Ok(());
        }
        match ghost.invite(&inside.room, user).await {
            Ok(()) => {
                self.encryption.membership_changed(&inside.room);
                return Ok(());
            }
            Err(trouble @ (Trouble::Limited(_) | Trouble::Stranger | Trouble::Unreadable(_))) => {
                return Err(trouble.into());
            }
            Err(trouble @ (Trouble::Silent(_) | Trouble::Ailing { .. })) if patient => return Err(trouble.into()),
            Err(trouble) => {
                tracing::warn!(room = %inside.room, %user, %trouble, "somebody cannot be asked into a group conversation");
                if !trouble.is_final() {
                    self.homeserver.versions().await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_has_the_turn_with_a_gathering_and_others_do_not_wait_for_it() {
        let turns = Turns::default();
        let (one, other) = (RemoteRoom("gathering/1".into()), RemoteRoom("gathering/2".into()));
        let turn = turns.with(&one).await;
        let _elsewhere = turns.with(&other).await;
        assert!(turns.with(&one).now_or_never().is_none(), "two would make two rooms");
        drop(turn);
        assert!(turns.with(&one).now_or_never().is_some());
        let _third = turns.with(&RemoteRoom("gathering/3".into())).await;
        assert_eq!(turns.0.lock().unwrap().len(), 2, "only those that somebody has or waits for");
    }
}
