//! Making, joining and leaving rooms.

use bridge::{Failure, Write};
use domain::{Passport, RemoteUser};
use ruma::OwnedRoomId;

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Chat, Membership, Pair, Past, profile},
    chores::{Chore, FAREWELL},
    homeserver::Trouble,
};

impl Appservice {
    /// Changes a chat, for good.
    pub(crate) async fn change(&self, pair: &Pair, change: impl FnOnce(&mut Chat) + Send) -> Result<(), Failure> {
        self.chats.change(pair, change).await.map_err(|fault| host_failure(&fault))
    }

    /// Does everything that is left to be done between a pair: answers the invitations, and reads what was said with them.
    pub(crate) async fn settle(&self, pair: &Pair) -> Result<(), Failure> {
        self.answer(pair).await?;
        self.catch_up(pair).await
    }

    /// Lets the person of a pair in, whose words must not hold up the account's own: what cannot be read is read later.
    pub(crate) async fn welcome(&self, pair: &Pair) -> Result<(), Failure> {
        self.change(pair, |chat| chat.welcomed = true).await?;
        let answered = self.answer(pair).await;
        let caught_up = self.catch_up(pair).await;
        // Even if this order is never tried again, the past of a room that was joined must be read.
        if let Err(failure) = answered.as_ref().and(caught_up.as_ref()) {
            tracing::debug!(owner = %pair.owner, %failure, "an invitation is settled later");
            self.chores.add(Chore::Settle(pair.clone()));
        }
        answered
    }

    /// Answers the invitations between a pair as was decided: joins where the person is welcome, leaves where not.
    pub(crate) async fn answer(&self, pair: &Pair) -> Result<(), Failure> {
        let ghost = self.ghost(&pair.owner)?;
        let ghost = self.homeserver.acting_as(&ghost);
        let chat = self.chats.get(pair);
        for room in &chat.declining {
            ghost.leave(room).await?;
            self.change(pair, |chat| chat.forget(room)).await?;
        }
        if !chat.is_open() {
            return Ok(());
        }
        for room in &chat.invited {
            match ghost.join(room).await {
                Ok(()) => {
                    let (person, name) = ghost.member(room, &pair.user).await?;
                    self.enter(pair, room.clone(), Past::Unread { missed: 0 }, person, name).await?;
                }
                // The invitation was taken back, or the room is gone.
                Err(trouble @ Trouble::Refused { .. }) => {
                    tracing::info!(owner = %pair.owner, %room, %trouble, "an invitation cannot be taken any more");
                    self.change(pair, |chat| chat.forget(room)).await?;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Ok(())
    }

    /// Tells the host what the pair's person shows.
    pub(crate) async fn look(&self, pair: &Pair) -> Result<(), Failure> {
        if !self.chats.get(pair).is_reachable() {
            return Ok(());
        }
        let ghost = self.ghost(&pair.owner)?;
        let seen = self.homeserver.acting_as(&ghost).presence_of(&pair.user, self.host.now()).await?;
        // Whoever is in the room can be written to, whatever they let be seen.
        let seen = seen.unwrap_or_else(|| crate::presence::seen("offline", None, None, self.host.now()));
        self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), seen);
        Ok(())
    }

    /// The room of a pair: the one there is, or one that is made now. `again` when an earlier attempt may have made it.
    pub(crate) async fn room_of(&self, pair: &Pair, again: bool) -> Result<OwnedRoomId, Failure> {
        // Whoever adds a person who has invited them takes the invitation.
        self.welcome(pair).await?;
        let ghost_id = self.ghost(&pair.owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let chat = self.chats.get(pair);
        if let Some(shared) = chat.current() {
            if shared.person != Membership::Left {
                return Ok(shared.room.clone());
            }
            match ghost.invite(&shared.room, &pair.user).await {
                Ok(()) => {
                    self.change(pair, |chat| chat.place(&shared.room, Membership::Invited)).await?;
                    return Ok(shared.room.clone());
                }
                Err(trouble) if trouble.is_final() => {
                    tracing::info!(owner = %pair.owner, room = %shared.room, %trouble, "a room is of no more use");
                    ghost.leave(&shared.room).await?;
                    self.change(pair, |chat| chat.forget(&shared.room)).await?;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        if again {
            for room in ghost.joined_rooms().await? {
                if ghost.made_for(&room).await?.as_ref() == Some(&pair.user) {
                    let (person, name) = ghost.member(&room, &pair.user).await?;
                    self.enter(pair, room.clone(), Past::Known, person, name).await?;
                    return Ok(room);
                }
            }
        }
        let room = ghost.make_room(&pair.user).await?;
        self.enter(pair, room.clone(), Past::Known, Membership::Invited, None).await?;
        Ok(room)
    }

    /// The ghost is in a room of the pair's now, where the person stands so and is called so.
    async fn enter(
        &self,
        pair: &Pair,
        room: OwnedRoomId,
        past: Past,
        person: Membership,
        name: Option<String>,
    ) -> Result<(), Failure> {
        let renamed = name.filter(|name| *name != self.chats.get(pair).name);
        self.change(pair, |chat| {
            chat.enter(&room, person, past);
            if let Some(name) = &renamed {
                chat.name.clone_from(name);
            }
        })
        .await?;
        if let Some(name) = renamed {
            self.host.profile(profile(&pair.user, &name));
        }
        self.keeper.renew(&pair.owner);
        self.chores.add(Chore::Look(pair.clone()));
        Ok(())
    }

    /// Whether the ghost is still in a room; when it is not, the room is forgotten.
    pub(crate) async fn is_still_in(&self, pair: &Pair, room: &OwnedRoomId) -> Result<bool, Failure> {
        let ghost = self.ghost(&pair.owner)?;
        let joined = self.homeserver.acting_as(&ghost).joined_rooms().await?;
        if joined.contains(room) {
            return Ok(true);
        }
        self.change(pair, |chat| chat.forget(room)).await?;
        Ok(false)
    }

    /// Forgets everything of a removed account, and lets its ghost leave every room. The ghost itself stays: Matrix gives a
    /// name that was deactivated to nobody again. Ends early once there is an account of that name again: what it has from
    /// then on must not be taken from it.
    pub(crate) async fn leave_everything(&self, owner: &Passport) -> Result<(), Failure> {
        let ghost = self.ghost(owner)?;
        let ghost = self.homeserver.acting_as(&ghost);
        let farewell = Chore::Farewell(owner.clone());
        let is_over = || self.chores.is_cancelled(&farewell);
        for pair in self.chats.of(owner) {
            let chat = self.chats.get(&pair);
            for room in chat.invited.iter().chain(&chat.declining) {
                if is_over() {
                    return Ok(());
                }
                ghost.leave(room).await?;
            }
            self.change(&pair, |chat| {
                if !is_over() {
                    *chat = Chat::default();
                }
            })
            .await?;
        }
        if is_over() {
            return Ok(());
        }
        for room in ghost.joined_rooms().await? {
            if is_over() {
                return Ok(());
            }
            ghost.leave(&room).await?;
        }
        if is_over() {
            return Ok(());
        }
        ghost.set_presence(&crate::presence::Shown::offline()).await?;
        if is_over() {
            return Ok(());
        }
        let gone = vec![Write::Delete(format!("{FAREWELL}{owner}"))];
        self.host.write(gone).await.map_err(|fault| host_failure(&fault))
    }
}
