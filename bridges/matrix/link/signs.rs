//! What may be lost of what an account shows: that its user types, and how far they have read. The latest value wins.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{MutexGuard, PoisonError},
};

use bridge::Failure;
use domain::{RemoteMessage, contact::RemoteTarget};
use ruma::{EventId, OwnedEventId, OwnedRoomId};

use super::AccountLink;
use crate::voice::{Speaker, Target};

/// What is to be shown, and what was.
#[derive(Default)]
pub(super) struct Signs {
    typing: HashMap<RemoteTarget, bool>,
    /// To whom it was shown last that the user types.
    shown: Vec<RemoteTarget>,
    /// Up to where the user has read, by who was told so and where.
    read: BTreeMap<(Reader, OwnedRoomId), OwnedEventId>,
    busy: bool,
}

/// In whose name something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    Own,
    Ghost,
}

/// One of them.
enum Sign {
    Typing(RemoteTarget, bool),
    Read(Reader, OwnedRoomId, OwnedEventId),
}

impl Signs {
    /// The next that is to be shown.
    fn next(&mut self) -> Option<Sign> {
        if let Some(target) = self.typing.keys().next().cloned() {
            let typing = self.typing.remove(&target).unwrap_or_default();
            self.shown.retain(|shown| *shown != target);
            if typing {
                self.shown.push(target.clone());
            }
            return Some(Sign::Typing(target, typing));
        }
        self.read.pop_first().map(|((reader, room), event)| Sign::Read(reader, room, event))
    }
}

impl AccountLink {
    /// The user types to somebody, or has stopped.
    pub(super) fn set_typing(&self, place: RemoteTarget, typing: bool) {
        self.signs().typing.insert(place, typing);
        self.show_signs();
    }

    /// Something was said: whoever was shown that the user types is shown that they have stopped.
    pub(super) fn has_said(&self, place: &RemoteTarget) {
        let typed = self.signs().shown.contains(place);
        if typed {
            self.set_typing(place.clone(), false);
        }
    }

    /// The user was shown this message.
    pub(super) fn has_read(&self, place: &RemoteTarget, message: &RemoteMessage) {
        let (Ok(event), Ok(target)) = (EventId::parse(message.as_str()), self.target(place)) else { return };
        let Ok(speaker) = self.appservice.speaker(&target) else { return };
        let own = match self.appservice.own_account(&self.owner) {
            Ok(Some(account)) => account.room_with(&target),
            Ok(None) | Err(_) => None,
        };
        // A person may write to both, whoever answers them: only the room in which they wrote knows the message.
        let is_told = matches!((&speaker, &target), (Speaker::Ghost, _) | (_, Target::Person(_)));
        let ghosts = self.appservice.ghosts_room(&target).filter(|_| is_told);
        {
            let mut signs = self.signs();
            signs.read.extend(own.map(|room| ((Reader::Own, room), event.clone())));
            signs.read.extend(ghosts.map(|room| ((Reader::Ghost, room), event)));
        }
        self.show_signs();
    }

    fn show_signs(&self) {
        if !std::mem::replace(&mut self.signs().busy, true) {
            let link = self.clone();
            self.appservice.tasks.spawn(async move { link.show_all_signs().await });
        }
    }

    /// Shows what is wanted, one after another, until nothing is.
    async fn show_all_signs(&self) {
        loop {
            let next = {
                let mut signs = self.signs();
                let next = signs.next();
                signs.busy = next.is_some();
                next
            };
            let Some(sign) = next else { return };
            let shown = self.appservice.stopping.run_until_cancelled(self.show_sign(sign)).await;
            if let Some(Err(failure)) = shown {
                tracing::debug!(owner = %self.owner, %failure, "a sign is not shown");
            }
        }
    }

    async fn show_sign(&self, sign: Sign) -> Result<(), Failure> {
        let ghost = self.appservice.homeserver.acting_as(&self.ghost);
        match sign {
            Sign::Typing(place, typing) => {
                let target = self.target(&place)?;
                match self.appservice.speaker(&target)? {
                    Speaker::Own(account) => match account.room_with(&target) {
                        Some(room) => account.set_typing(&room, typing).await,
                        None => Ok(()),
                    },
                    Speaker::Ghost => {
                        let Some(room) = self.appservice.ghosts_room(&target) else { return Ok(()) };
                        ghost.set_typing(&room, typing).await?;
                        self.appservice.keeper.has_stirred(&self.owner);
                        Ok(())
                    }
                }
            }
            Sign::Read(Reader::Ghost, room, event) => Ok(ghost.has_read(&room, event).await?),
            Sign::Read(Reader::Own, room, event) => match self.appservice.own_account(&self.owner)? {
                Some(account) => account.has_read(&room, event).await,
                None => Ok(()),
            },
        }
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
