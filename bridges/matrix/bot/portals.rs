//! What the bot does with the rooms in which accounts are.

use bridge::Failure;
use domain::{Passport, RemoteUser, presence::RemotePresence};
use ruma::{OwnedUserId, RoomId, UserId};

use crate::{
    appservice::{Appservice, host_failure},
    chat::{Membership, profile},
    chores::Chore,
    intent::Member,
    permissions::Permission,
    portal::Place,
};

impl Appservice {
    /// Looks at all chats of somebody anew, and at the room of several people where they ask for it.
    pub(super) async fn look_anew(&self, by: &UserId, here: &RoomId) -> Result<String, Failure> {
        let mut places = self.portals.in_room(here);
        places.retain(|place| self.portals.get(place).is_joined());
        for place in &places {
            self.chores.add(Chore::Portal(place.clone()));
            self.chores.add(Chore::Compare(place.clone()));
        }
        let pairs = self.chats.with(by);
        for pair in &pairs {
            self.chores.add(Chore::Settle(pair.clone()));
            self.chores.add(Chore::Look(pair.clone()));
            for shared in self.chats.get(pair).rooms {
                self.chores.add(Chore::Compare(Place { owner: pair.owner.clone(), room: shared.room }));
            }
            let Some(shared) = self.chats.get(pair).current().cloned() else { continue };
            let ghost = self.ghost(&pair.owner)?;
            let Member { membership, name, .. } = self.homeserver.acting_as(&ghost).member(&shared.room, by).await?;
            let renamed = name.filter(|name| *name != self.chats.get(pair).name);
            self.change(pair, |chat| {
                chat.place(&shared.room, membership);
                if let Some(name) = &renamed {
                    chat.name.clone_from(name);
                }
            })
            .await?;
            if let Some(name) = renamed {
                self.host.profile(profile(by, &name));
            }
        }
        Ok(match pairs.len() {
            0 if !places.is_empty() => "This room is looked at anew.".into(),
            0 => "You have no chat with anybody on Messenger here. Say `start-chat ADDRESS` to begin one.".into(),
            1 => "Your chat is looked at anew.".into(),
            many => format!("Your {many} chats are looked at anew."),
        })
    }

    /// Lets every ghost, and the bot, leave a room.
    pub(super) async fn delete_portal(
        &self,
        room: &RoomId,
        by: &UserId,
        permission: Permission,
    ) -> Result<String, Failure> {
        let Some(members) = self.members_of(room).await? else {
            return Ok(format!("None of us is in `{room}`: nobody from Messenger has to leave it."));
        };
        let names = &self.configuration.names;
        let people: Vec<&OwnedUserId> = members.iter().filter(|member| !names.is_ours(member)).collect();
        let is_only = people.iter().all(|person| *person == by);
        if permission < Permission::Admin && !is_only {
            return Ok(
                "Other people are in this room: only an administrator of Chrysalis can do that. You can leave it \
                       yourself."
                    .into(),
            );
        }
        let ghosts: Vec<&OwnedUserId> = members.iter().filter(|member| names.account(member).is_some()).collect();
        if ghosts.is_empty() {
            return Ok("Nobody from Messenger is in this room.".into());
        }
        for ghost in &ghosts {
            self.homeserver.acting_as(ghost).leave(room).await?;
        }
        for place in self.portals.in_room(room) {
            if self.portals.get(&place).is_joined() {
                self.is_out(&place).await?;
            }
        }
        for pair in self.chats.in_room(room) {
            let was_reachable = self.chats.get(&pair).is_reachable();
            self.change(&pair, |chat| chat.forget(room)).await?;
            if was_reachable && !self.chats.get(&pair).is_reachable() {
                self.host.presence(&pair.owner, &RemoteUser(pair.user.to_string()), RemotePresence::UNKNOWN);
            }
        }
        tracing::info!(%room, %by, ghosts = ghosts.len(), "a room was given up through the bot");
        if self.bot.is_in(room) && self.bot.manages(room).is_none() {
            self.bot().leave(room).await?;
            self.bot.forget(room).await.map_err(|fault| host_failure(&fault))?;
        }
        Ok("Nobody from Messenger is in the room any more. Whoever writes to you from there does so in a new one."
            .into())
    }

    /// Who is in a room, as one of ours sees it; `None` when none of us is in it.
    async fn members_of(&self, room: &RoomId) -> Result<Option<Vec<OwnedUserId>>, Failure> {
        if self.bot.is_in(room)
            && let Some(members) = self.bot().joined_members(room).await?
        {
            return Ok(Some(members));
        }
        let mut owners: Vec<Passport> = self.chats.in_room(room).into_iter().map(|pair| pair.owner).collect();
        owners.extend(self.portals.in_room(room).into_iter().map(|place| place.owner));
        for owner in owners {
            let ghost = self.ghost(&owner)?;
            if let Some(members) = self.homeserver.acting_as(&ghost).joined_members(room).await? {
                return Ok(Some(members));
            }
        }
        Ok(None)
    }

    /// How many chats there are, and whose.
    pub(super) async fn tell_portals(&self) -> Result<String, Failure> {
        let owners = self.host.owners().await.map_err(|fault| host_failure(&fault))?;
        let mut lines = Vec::new();
        let (mut chats, mut rooms, mut several) = (0, 0, 0);
        for owner in owners {
            let mut own = (0_usize, 0_usize, 0_usize);
            for pair in self.chats.of(&owner.passport) {
                let chat = self.chats.get(&pair);
                let here = chat.rooms.iter().filter(|shared| shared.person == Membership::Joined).count();
                own = (own.0 + 1, own.1 + chat.rooms.len(), own.2 + here);
            }
            let mut places = self.portals.of(&owner.passport);
            places.retain(|place| self.portals.get(place).is_joined());
            chats += own.0;
            rooms += own.1;
            several += places.len();
            if own.0 > 0 || !places.is_empty() {
                let (people, rooms, here) = own;
                lines.push(format!(
                    "\n- `{}`: {people} people, {rooms} rooms, in {here} of them the person is; {} rooms of several people",
                    owner.passport,
                    places.len()
                ));
            }
        }
        let more = lines.len().saturating_sub(LISTED);
        lines.truncate(LISTED);
        let rest = if more > 0 { format!("\nand {more} more accounts") } else { String::new() };
        Ok(format!(
            "{chats} chats with people, in {rooms} rooms. Accounts are in {several} rooms of several people.{}{rest}",
            lines.concat()
        ))
    }
}

/// How many accounts are listed.
pub(super) const LISTED: usize = 50;
