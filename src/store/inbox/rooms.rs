//! Rooms that come onto a list, ask an account in, or are lost to it.

use bridge::{Action, RemoteProfile, RoomProfile};
use domain::{
    Passport, RemoteRoom,
    contact::{List, RemoteTarget},
};

use super::{Reception, RoomAsked, shown_name};
use crate::{
    StoreFault,
    address::{self, Introduction},
    clock,
    entry::{self, Entry},
    invitation::{self, Telling},
    room,
};

impl Reception<'_> {
    pub(super) async fn room(
        &mut self,
        owner: Passport,
        room: RoomProfile,
        group: Option<&str>,
    ) -> Result<bool, StoreFault> {
        let (passport, entry) = self.room_entry(&owner, room).await?;
        invitation::close(self.connection, &owner, &passport).await?;
        let is_new = !entry.lists.contains(List::Forward);
        if is_new && self.rooms_of(&owner).await? >= self.bounds.rooms {
            self.outcome.kept_out.rooms += 1;
            return Ok(false);
        }
        self.befriend(owner, passport, entry, group).await
    }

    /// How many rooms stand on the owner's contact list.
    async fn rooms_of(&mut self, owner: &Passport) -> Result<usize, StoreFault> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM contact JOIN address ON address.passport = contact.passport
             WHERE contact.owner = $1 AND contact.lists & 1 = 1 AND address.kind = 'room'",
        )
        .bind(owner.as_str())
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    pub(super) async fn room_invitation(
        &mut self,
        owner: Passport,
        room: RoomProfile,
        from: &RemoteProfile,
    ) -> Result<bool, StoreFault> {
        let shown = if room.name.is_empty() { room.login.clone() } else { room.name.clone() };
        let topic = room.topic.clone();
        let (passport, entry) = self.room_entry(&owner, room).await?;
        if entry.is_blocked() || self.blocks_asker(&owner, from).await? {
            self.answer(owner, passport, Action::TurnAway).await?;
            return Ok(false);
        }
        // Not one that is only allowed still: Messenger leaves a contact there whom its user has removed.
        if entry.lists.contains(List::Forward) {
            self.answer(owner, passport, Action::Welcome).await?;
            return Ok(true);
        }
        if invitation::is_open(self.connection, &owner, &passport).await? {
            return Ok(false);
        }
        let telling =
            invitation::telling(self.connection, &owner, &passport, self.bounds.room_prompts_per_hour, self.now)
                .await?;
        let asker = shown_name(from).to_owned();
        let closed = invitation::open(self.connection, &owner, &passport, &asker, telling, self.now).await?;
        self.outcome.kept_out.invitations += closed.len();
        for room in closed {
            let unused = (clock::guid(), "");
            if entry::set_reverse(self.connection, &owner, &room, false, unused, self.now).await? {
                self.outcome.withdrawn.push((owner.clone(), room));
            }
        }
        match telling {
            Telling::Alone { times } => {
                let mut prompt = None;
                if entry.lists.is_empty() && times == 1 {
                    let fresh = (entry.guid, entry.name.as_str());
                    entry::set_reverse(self.connection, &owner, &passport, true, fresh, self.now).await?;
                    prompt = self.contact(&owner, &passport).await?;
                }
                self.outcome.asked.push(RoomAsked { owner, room: passport, name: shown, topic, asker, prompt });
            }
            Telling::Summed => self.outcome.crowded.push(owner),
            Telling::Not => self.outcome.kept_out.prompts += 1,
        }
        Ok(true)
    }

    pub(super) async fn room_lost(&mut self, owner: Passport, room: RemoteRoom) -> Result<bool, StoreFault> {
        let target = RemoteTarget::Room(room);
        let Some(passport) = address::find(self.connection, self.network, &target).await? else { return Ok(false) };
        let was_asked = invitation::close(self.connection, &owner, &passport).await?;
        let Some(entry) = entry::find(self.connection, &owner, &passport).await? else { return Ok(was_asked) };
        let lists = entry.lists.without(List::Forward).without(List::Allow).without(List::Reverse);
        if lists == entry.lists {
            return Ok(was_asked);
        }
        let gone = if entry.lists.is_pending() { &mut self.outcome.withdrawn } else { &mut self.outcome.departed };
        gone.push((owner.clone(), passport.clone()));
        // Not by `change`: the owner has removed nothing, and the room may come back.
        entry::put(self.connection, &owner, &passport, &Entry { lists, ..entry }).await?;
        entry::leave_groups(self.connection, &owner, &passport).await?;
        entry::touch(self.connection, &owner, self.now).await?;
        Ok(true)
    }

    async fn blocks_asker(&mut self, owner: &Passport, asker: &RemoteProfile) -> Result<bool, StoreFault> {
        if let Some(account) = self.account(asker).await?
            && self.blocks(owner, &account).await?
        {
            return Ok(true);
        }
        let person = RemoteTarget::Person(asker.user.clone());
        match address::find(self.connection, self.network, &person).await? {
            Some(asker) => self.blocks(owner, &asker).await,
            None => Ok(false),
        }
    }

    /// The address of a room, its entry on the owner's list, and what is known of it brought up to date.
    async fn room_entry(&mut self, owner: &Passport, room: RoomProfile) -> Result<(Passport, Entry), StoreFault> {
        let introduction = Introduction::from(room);
        let shown = (introduction.name.as_str(), introduction.topic.as_str());
        room::learn(self.connection, self.network, &introduction.target, shown).await?;
        self.entry(owner, introduction).await
    }
}
