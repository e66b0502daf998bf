//! Who types. Messenger repeats a sign of typing every few seconds and has none for "stopped"; networks have a state.

use std::time::{Duration, Instant};

use super::{Conversation, Effect, SeatEvent};
use crate::{Moment, Passport};

/// Messenger's own sign holds this long without a repetition.
const HOLDS: Duration = Duration::from_secs(7);

/// How often a client is given the sign while somebody of another network types.
const REPEATS: Duration = Duration::from_secs(5);

/// A network that never says "stopped" is not believed for longer than this.
const LONGEST: Duration = Duration::from_mins(1);

/// A Messenger user's typing, on its way to the networks.
#[derive(Debug, Default)]
pub(super) struct Outward {
    until: Option<Instant>,
}

impl Outward {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// A sign of typing; `Some(true)` when it is the first.
    pub(super) fn typed(&mut self, now: Instant) -> Option<bool> {
        self.until.replace(now + HOLDS).is_none().then_some(true)
    }

    /// The typing is over; `Some(false)` when there was any.
    pub(super) const fn stop(&mut self) -> Option<bool> {
        if self.until.take().is_some() { Some(false) } else { None }
    }
}

/// A remote person's typing, on its way to the clients.
#[derive(Debug, Default)]
pub(super) struct Inward {
    next: Option<Instant>,
    until: Option<Instant>,
}

impl Inward {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

impl Conversation {
    pub(super) fn typing_effects(&self, author: &Passport, typing: bool) -> Vec<Effect> {
        let remotes = self.members.values().filter(|member| member.party.is_remote());
        let remotes = remotes.map(|member| member.party.passport.clone()).collect();
        let each = |contact| Effect::Typing { owner: author.clone(), contact, typing };
        self.places(author, remotes).into_iter().map(each).collect()
    }

    pub(super) fn peer_typing(&mut self, moment: &Moment, peer: &Passport, typing: bool, effects: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(peer).filter(|member| member.party.is_remote()) else { return };
        member.inward = if typing {
            Inward { next: Some(moment.instant), until: Some(moment.instant + LONGEST) }
        } else {
            Inward::default()
        };
        self.tick(moment, effects);
    }

    pub(super) fn tick(&mut self, moment: &Moment, effects: &mut Vec<Effect>) {
        let now = moment.instant;
        let mut stopped = Vec::new();
        let mut typing = Vec::new();
        for (who, member) in &mut self.members {
            if member.outward.until.is_some_and(|until| until <= now) && member.outward.stop().is_some() {
                stopped.push(who.clone());
            }
            if member.inward.next.is_some_and(|next| next <= now) {
                if member.inward.until.is_some_and(|until| now < until) {
                    member.inward.next = Some(now + REPEATS);
                    typing.push((who.clone(), member.party.name.clone()));
                } else {
                    member.inward = Inward::default();
                }
            }
        }
        for author in stopped {
            effects.extend(self.typing_effects(&author, false));
        }
        for (from, name) in typing {
            self.tell_others(&from.clone(), &SeatEvent::Typing { from, name }, effects);
        }
        self.ring_again(moment, effects);
    }
}
