//! Opening what came encrypted, on its way in; and being ready for it.

use std::{collections::BTreeSet, sync::Arc};

use bridge::HostFault;
use ruma::{OwnedUserId, RoomId, UserId};

use crate::{
    appservice::Appservice,
    chores::Chore,
    encryption::Opened,
    event::{Event, What},
    transaction::Happening,
};

impl Appservice {
    /// An event, decrypted if it has to be and can be. Where that may succeed later it stays as it is.
    /// `reader` is for whom, where it is for one.
    pub(crate) async fn opened(&self, event: Event, reader: Option<&UserId>) -> Event {
        if event.is_sealed() && !self.encryption.is_on() {
            return event.unread();
        }
        match self.open(&event, reader).await {
            Some(opened) => event.opened(&opened, &self.configuration.names),
            None => event,
        }
    }

    /// What a transaction tells, decrypted as far as that can be done now: a key that has not come holds up nothing else.
    pub(crate) async fn opened_all(&self, happenings: Vec<Happening>) -> Vec<Happening> {
        let mut opened = Vec::with_capacity(happenings.len());
        for happening in happenings {
            opened.push(match happening {
                Happening::Event(event) => Happening::Event(self.opened(event, None).await),
                signal @ (Happening::Typing { .. } | Happening::Read { .. } | Happening::Seen { .. }) => signal,
            });
        }
        opened
    }

    /// Tries to decrypt an event, for all of ours in its room, for `reader` first; `None` where it is in clear, or where nobody wants it.
    pub(crate) async fn open(&self, event: &Event, reader: Option<&UserId>) -> Option<Opened> {
        let What::Sealed(came) = &event.what else { return None };
        let mut readers = self.readers_of(event);
        // Whoever came before the others may have the only key.
        readers.sort_by_key(|user| Some(&**user) != reader);
        if readers.is_empty() {
            return None;
        }
        Some(self.encryption.open(&event.room, came, &readers).await)
    }

    /// Those of ours in an event's room, if it is for one of them: each may have its key.
    fn readers_of(&self, event: &Event) -> Vec<OwnedUserId> {
        let names = &self.configuration.names;
        let mut readers = self.ghosts_in(&event.room);
        readers.retain(|ghost| *ghost != event.sender);
        let is_heard = readers.iter().all(|ghost| event.heard.contains(ghost));
        let is_for_bot = self.rules().may_be_for_bot(event);
        if is_heard && !is_for_bot {
            return Vec::new();
        }
        if self.bot.is_in(&event.room) {
            readers.push(names.bot().to_owned());
        }
        readers
    }

    /// The ghosts in a room, each once.
    fn ghosts_in(&self, room: &RoomId) -> Vec<OwnedUserId> {
        let names = &self.configuration.names;
        let chats = self.chats.in_room(room).into_iter();
        let direct = chats.filter(|pair| self.chats.get(pair).timeline(room).is_some()).map(|pair| pair.owner);
        let portals = self.portals.in_room(room).into_iter();
        let several = portals.filter(|place| self.portals.get(place).is_joined()).map(|place| place.owner);
        let mut ghosts: Vec<OwnedUserId> = direct.chain(several).filter_map(|owner| names.ghost(&owner)).collect();
        ghosts.sort();
        ghosts.dedup();
        ghosts
    }

    /// Those of ours who are in rooms that are known to be encrypted, each once.
    pub(crate) fn in_encrypted_rooms(&self) -> Vec<OwnedUserId> {
        let mut users = BTreeSet::new();
        for room in self.encryption.encrypted_rooms() {
            users.extend(self.ghosts_in(&room));
            if self.bot.is_in(&room) {
                users.insert(self.configuration.names.bot().to_owned());
            }
        }
        users.into_iter().collect()
    }

    /// Notes what a transaction tells of who is in which room, and which rooms are encrypted: before anything else is said there.
    pub(crate) async fn note_rooms(&self, happenings: &[Happening]) -> Result<(), HostFault> {
        for happening in happenings {
            let Happening::Event(Event { room, what, .. }) = happening else { continue };
            match what {
                What::Encrypted => self.encryption.note_encrypted(room).await?,
                What::Present { came: true, .. }
                | What::Gone { .. }
                | What::Audience
                | What::Invited { .. }
                | What::Removed { .. }
                | What::BotInvited { .. }
                | What::BotRemoved => self.encryption.membership_changed(room),
                What::Said(_)
                | What::Sealed(_)
                | What::Unread(_)
                | What::Made { .. }
                | What::Present { came: false, .. }
                | What::Changed(_)
                | What::Moved { .. }
                | What::Nothing => {}
            }
        }
        Ok(())
    }

    /// A user of ours is about to go into a room, which may be encrypted. There is a device first: who speaks there gives the key to
    /// the devices that they find.
    pub(crate) async fn is_to_enter(&self, user: &UserId) {
        if self.encryption.is_ready(user) {
            return;
        }
        // It is tried again by the chore, and nobody is kept out of a room for it.
        if let Err(failure) = self.encryption.prepare(user).await {
            tracing::info!(%user, %failure, "a user of ours goes into a room without a device; what is said there first may not be read");
        }
    }

    /// A user of ours has come into a room.
    pub(crate) async fn has_entered(&self, user: &UserId, room: &RoomId) {
        if !self.encryption.is_on() {
            return;
        }
        match self.encryption.is_encrypted(user, room).await {
            Ok(true) => self.chores.add(Chore::Prepare(user.to_owned())),
            Ok(false) => {}
            // It is asked again before anything is said there, and when something encrypted is.
            Err(trouble) => tracing::debug!(%user, %room, %trouble, "whether a room is encrypted is not known"),
        }
    }

    /// Has what waits for keys tried again when some come, until everything ends.
    pub(crate) async fn await_keys(self: Arc<Self>) {
        while self.stopping.run_until_cancelled(self.encryption.keys_came()).await.is_some() {
            self.chores.hurry_readings();
            self.bot.keys_came();
        }
    }
}
