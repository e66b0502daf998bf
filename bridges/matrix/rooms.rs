//! The rooms of direct chats: making, joining and leaving them.

use bridge::{Arrival, Batch, Failure, Write};
use domain::{Passport, RemoteUser, contact::RemoteTarget, presence::RemotePresence};
use ruma::{OwnedRoomId, OwnedUserId, RoomId};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Chat, Membership, Pair, profile},
    chores::{Chore, FAREWELL},
    homeserver::Trouble,
    intent::{Intent, Member, rooms::Occasion},
    places::Draft,
    portal::{Place, Portal},
    timeline::Timeline,
};

impl Appservice {
    /// Changes a chat, for good.
    pub(crate) async fn change(&self, pair: &Pair, change: impl FnOnce(&mut Chat) + Send) -> Result<(), Failure> {
        self.chats.change(pair, change).await.map_err(|fault| host_failure(&fault))
    }

    /// Lets the person of a pair in.
    pub(crate) async fn welcome(&self, pair: &Pair) -> Result<(), Failure> {
        self.change(pair, |chat| chat.welcomed = true).await?;
        let answered = self.answer(pair).await;
        // Even if this order is never tried again, the invitation is to be answered.
        if let Err(failure) = &answered {
            tracing::debug!(owner = %pair.owner, %failure, "an invitation is answered later");
            self.chores.add(Chore::Settle(pair.clone()));
        }
        answered
    }

    /// Answers the invitations between a pair as was decided: joins where the person is welcome, leaves where not.
    pub(crate) async fn answer(&self, pair: &Pair) -> Result<(), Failure> {
        let ghost = self.ghost(&pair.owner)?;
        let ghost = self.homeserver.acting_as(&ghost);
        let chat = self.chats.get(pair);
        // One room that cannot be answered now holds up no other.
        let mut outcome = Ok(());
        for room in &chat.declining {
            outcome = outcome.and(self.turn_down(pair, room, ghost).await);
        }
        if chat.is_open() {
            for room in &chat.invited {
                outcome = outcome.and(self.take_up(pair, room, ghost).await);
            }
        }
        outcome
    }

    async fn turn_down(&self, pair: &Pair, room: &OwnedRoomId, ghost: Intent<'_>) -> Result<(), Failure> {
        ghost.leave(room).await?;
        self.change(pair, |chat| chat.forget(room)).await
    }

    async fn take_up(&self, pair: &Pair, room: &OwnedRoomId, ghost: Intent<'_>) -> Result<(), Failure> {
        let ghost_id = self.ghost(&pair.owner)?;
        self.is_to_enter(&ghost_id).await;
        let joined = match ghost.join(room).await {
            Ok(()) => {
                self.has_entered(&ghost_id, room).await;
                ghost.people_in(room).await
            }
            Err(trouble) => Err(trouble),
        };
        match joined {
            Ok(people) if self.has_third(pair, &people) => self.ask_about_room(pair, room, ghost).await,
            Ok(_) => {
                let person = ghost.member(room, &pair.user).await?;
                self.enter(pair, room.clone(), Timeline::unread(), person).await
            }
            // The invitation was taken back, or the room is gone.
            Err(trouble @ Trouble::Refused { .. }) => {
                tracing::info!(owner = %pair.owner, %room, %trouble, "an invitation cannot be taken any more");
                self.change(pair, |chat| chat.forget(room)).await
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    fn has_third(&self, pair: &Pair, people: &[OwnedUserId]) -> bool {
        people.iter().any(|user| self.configuration.names.is_third(pair, user))
    }

    /// A person asked an account as if into a chat of two, and others are there: it is a room of several people, about which
    /// the account's user is asked, though the ghost had to go in to see that.
    async fn ask_about_room(&self, pair: &Pair, room: &OwnedRoomId, ghost: Intent<'_>) -> Result<(), Failure> {
        let shown = ghost.profile_of(room).await?;
        let place = Place { owner: pair.owner.clone(), room: room.clone() };
        let mut draft = Draft::begin(&self.chats, &self.portals).await;
        let chat = draft.chats.chat(pair);
        let from = profile(&pair.user, &chat.name);
        chat.forget(room);
        let portal = draft.portals.portal(&place);
        let mut arrivals = Vec::new();
        if portal.is_empty() {
            let (owner, room) = (pair.owner.clone(), shown.of_room(room));
            portal.invite(pair.user.clone(), shown);
            arrivals.push(Arrival::RoomInvitation { owner, room, from });
        }
        let writes = draft.writes();
        self.host.accept(Batch { arrivals, writes }).await.map_err(|fault| host_failure(&fault))?;
        draft.committed();
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
        let seen = self.activity.presence_of(pair).unwrap_or(seen);
        self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), seen);
        Ok(())
    }

    /// The room of a pair: the one there is, or one that is made now. `again` when an earlier attempt may have made it.
    pub(crate) async fn room_of(&self, pair: &Pair, again: bool) -> Result<OwnedRoomId, Failure> {
        // Whoever adds a person who has invited them takes the invitation. One that cannot be answered, perhaps for ever, holds
        // up nothing: it is answered later.
        match self.welcome(pair).await {
            Err(failure) if failure.is_passing() && (again || self.chats.get(pair).current().is_some()) => {
                tracing::info!(owner = %pair.owner, %failure, "an invitation is not waited for");
            }
            welcomed => welcomed?,
        }
        let ghost_id = self.ghost(&pair.owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let chat = self.chats.get(pair);
        if let Some(shared) = chat.current() {
            if shared.person != Membership::Left {
                return Ok(shared.room.clone());
            }
            match ghost.invite(&shared.room, &pair.user).await {
                Ok(()) => {
                    // What is said next is for them, too.
                    self.encryption.membership_changed(&shared.room);
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
                    let person = ghost.member(&room, &pair.user).await?;
                    let is_crowded = self.has_third(pair, &ghost.people_in(&room).await?);
                    self.enter(pair, room.clone(), Timeline::unread(), person).await?;
                    if !is_crowded {
                        return Ok(room);
                    }
                    self.change(pair, |chat| chat.crowd(&room)).await?;
                }
            }
        }
        let room = self.make_room(&pair.owner, &pair.user, Occasion::Wanted).await?;
        let asked = Member { membership: Membership::Invited, name: None, avatar: None };
        self.enter(pair, room.clone(), Timeline::default(), asked).await?;
        Ok(room)
    }

    /// The ghost is in a room of the pair's now, where this is known of the person.
    async fn enter(&self, pair: &Pair, room: OwnedRoomId, timeline: Timeline, person: Member) -> Result<(), Failure> {
        let is_behind = timeline.is_behind();
        let renamed = person.name.filter(|name| *name != self.chats.get(pair).name);
        self.change(pair, |chat| {
            chat.enter(&room, person.membership, timeline);
            if let Some(name) = &renamed {
                chat.name.clone_from(name);
            }
        })
        .await?;
        if let Some(name) = renamed {
            self.host.profile(profile(&pair.user, &name));
        }
        if person.membership == Membership::Joined {
            self.look_at(RemoteTarget::Person(RemoteUser(pair.user.to_string())), person.avatar);
        }
        self.keeper.renew(&pair.owner);
        self.chores.add(Chore::Look(pair.clone()));
        if is_behind {
            self.chores.add(Chore::Read(Place { owner: pair.owner.clone(), room }));
        }
        Ok(())
    }

    /// Whether the ghost is still in a room; when it is not, the room is forgotten.
    pub(crate) async fn is_still_in(&self, pair: &Pair, room: &OwnedRoomId) -> Result<bool, Failure> {
        let ghost = self.ghost(&pair.owner)?;
        let joined = self.homeserver.acting_as(&ghost).joined_rooms().await?;
        if joined.contains(room) {
            return Ok(true);
        }
        self.forget_room(pair, room).await?;
        Ok(false)
    }

    /// The ghost is not in a room of the pair's any more.
    pub(crate) async fn forget_room(&self, pair: &Pair, room: &RoomId) -> Result<(), Failure> {
        let mut was_reachable = false;
        self.change(pair, |chat| {
            was_reachable = chat.is_reachable();
            chat.forget(room);
        })
        .await?;
        if was_reachable && !self.chats.get(pair).is_reachable() && !self.own.meets(pair) {
            self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), RemotePresence::UNKNOWN);
        }
        Ok(())
    }

    /// Forgets everything of a removed account, and lets its ghost leave every room. The ghost itself stays: Matrix gives a
    /// name that was deactivated to nobody again. Ends early once there is an account of that name again: what it has from
    /// then on must not be taken from it.
    pub(crate) async fn leave_everything(&self, owner: &Passport) -> Result<(), Failure> {
        let ghost_id = self.ghost(owner)?;
        let ghost = self.homeserver.acting_as(&ghost_id);
        let farewell = Chore::Farewell(owner.clone());
        let is_over = || self.chores.is_cancelled(&farewell);
        if !is_over() {
            self.own.unlink(owner).await?;
        }
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
        for place in self.portals.of(owner) {
            if is_over() {
                return Ok(());
            }
            ghost.leave(&place.room).await?;
            self.change_portal(&place, |portal| {
                if !is_over() {
                    *portal = Portal::default();
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
        self.chores.cancel(&Chore::Prepare(ghost_id.clone()));
        self.encryption.forget(&ghost_id).await?;
        if is_over() {
            return Ok(());
        }
        let gone = vec![Write::Delete(format!("{FAREWELL}{owner}"))];
        self.host.write(gone).await.map_err(|fault| host_failure(&fault))
    }
}
