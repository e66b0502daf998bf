//! Which conversation shows an account what waits from the room of a gathering. More than one can want to: the conversation of several
//! whose room it is, another one that had it before, and the room's own window. What two of them read would be shown twice.

use std::collections::{HashMap, hash_map::Entry};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Passport, address::Residence, contact::RemoteTarget, conversation::is_gathering};
use store::StoreFault;

use super::{ConversationHandle, Task};
use crate::peers::Between;

/// Whose turn it is, for each account and room of which something is being shown.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<Between, Turn>>);

struct Turn {
    holder: ConversationHandle,
    /// Whether another conversation has asked for it.
    is_wanted: bool,
}

impl Turns {
    /// Whether this conversation may read and show what waits. If so it is its turn until it gives it up, or ends; if not, it is told by
    /// a doorbell when it may.
    pub(crate) fn take(&self, between: &Between, conversation: &ConversationHandle) -> bool {
        match self.lock().entry(between.clone()) {
            Entry::Vacant(free) => {
                free.insert(Turn { holder: conversation.clone(), is_wanted: false });
                true
            }
            Entry::Occupied(mut taken) => {
                let turn = taken.get_mut();
                if turn.holder.is_closed() {
                    turn.holder = conversation.clone();
                }
                let is_ours = turn.holder.is_same(conversation);
                turn.is_wanted |= !is_ours;
                is_ours
            }
        }
    }

    /// The conversation shows nothing of it at the moment, and all that it has shown is noted. Says whether another one waits for it, for
    /// which a doorbell has to be rung.
    pub(crate) fn give_up(&self, between: &Between, conversation: &ConversationHandle) -> bool {
        let mut turns = self.lock();
        let is_ours = turns.get(between).is_some_and(|turn| turn.holder.is_same(conversation));
        is_ours && turns.remove(between).is_some_and(|turn| turn.is_wanted)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Between, Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    /// Whether what waits from `peer` may be shown in other conversations as well.
    pub(super) async fn is_gathering(&mut self, peer: &Passport) -> Result<bool, StoreFault> {
        if self.pair.is_none() {
            return Ok(true);
        }
        if !matches!(self.core.settings.realm.residence(peer), Residence::Room(_)) {
            return Ok(false);
        }
        if let Some(known) = self.is_of_gathering {
            return Ok(known);
        }
        let remote = self.core.store.remote(peer).await?;
        let is_gathering = remote.is_some_and(|remote| match remote.target {
            RemoteTarget::Room(room) => is_gathering(&room),
            RemoteTarget::Person(_) => false,
        });
        self.is_of_gathering = Some(is_gathering);
        Ok(is_gathering)
    }

    /// Lets other conversations show what waits from rooms of which nothing is on its way to a client here any more.
    pub(super) fn give_up_turns(&mut self) {
        // What another one reads must not be noted as delivered only afterwards.
        if self.turns.is_empty() || !self.noting.is_empty() {
            return;
        }
        let (core, conversation) = (&self.core, &self.conversation);
        let is_over = |turn: &Between| !conversation.is_showing(&turn.owner, &turn.contact);
        for turn in self.turns.extract_if(is_over) {
            if core.turns.give_up(&turn, &self.handle) {
                core.directory.doorbell(core, turn.owner, turn.contact);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_its_turn_and_who_was_refused_is_told() {
        let turns = Turns::default();
        let [owner, contact] = ["carol@msn.example", "room@rooms.net.msn.example"].map(|each| each.parse().unwrap());
        let between = Between { owner, contact };
        let (one, _one_queue) = ConversationHandle::open();
        let (other, other_queue) = ConversationHandle::open();
        assert!(turns.take(&between, &one) && turns.take(&between, &one));
        assert!(!turns.give_up(&between, &one), "nobody has asked");
        assert!(turns.take(&between, &other) && !turns.take(&between, &one));
        assert!(!turns.give_up(&between, &one), "it is not its turn");
        assert!(turns.give_up(&between, &other));
        assert!(turns.take(&between, &other));
        drop(other_queue);
        assert!(turns.take(&between, &one), "the other one has ended");
    }
}
