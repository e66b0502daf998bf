//! Bringing in an account's client: a ring has no "no". It is repeated once; after that, whoever called need not wait any longer,
//! and only what is kept for the account rings on, more and more rarely.

use std::time::{Duration, Instant};

use super::{Conversation, Effect, SeatId};
use crate::{Moment, Passport};

/// How long a client has to answer a ring.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a client is rung before a caller need not wait any longer.
const MOST_RINGS: u32 = 2;

/// How long after that it is rung again, as long as something waits.
const LATER: [Duration; 3] = [Duration::from_mins(1), Duration::from_mins(5), Duration::from_mins(15)];

/// Why a client is rung.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// A client calls, and is answered when the ring is.
    Call(SeatId, u32),
    /// Something waits in the store.
    Waiting,
    /// A contact has something to hand over or to fetch, which is not worth more than two rings.
    Summons,
}

#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) id: u64,
    until: Instant,
    rings: u32,
    from: (Passport, String),
    /// Whether something waits for them in the store.
    waits: bool,
    /// Whether calls need not wait any longer: the client has been told, or is here by itself.
    announced: bool,
    /// Whether it was made to a client that is no longer there.
    is_stale: bool,
    /// Clients whose call is not answered yet, with their numbers for it.
    callers: Vec<(SeatId, u32)>,
}

impl Ringing {
    pub(super) const fn deadline(&self) -> Instant {
        self.until
    }

    /// How long the ring that was made last may go unanswered.
    fn patience(&self) -> Duration {
        let later = self.rings.checked_sub(MOST_RINGS + 1).and_then(|late| usize::try_from(late).ok());
        let [.., longest] = LATER;
        later.map_or(PATIENCE, |late| LATER.get(late).copied().unwrap_or(longest))
    }

    /// The callers, who are answered now; any later one need not wait.
    pub(super) fn take_callers(&mut self) -> Vec<(SeatId, u32)> {
        self.announced = true;
        std::mem::take(&mut self.callers)
    }

    /// Whether something waits for them in the store, to which somebody else sees from now on.
    pub(super) const fn take_reason(&mut self) -> bool {
        std::mem::replace(&mut self.waits, false)
    }

    /// The client that was rung is no longer the one there is: the next ring is its first.
    pub(super) const fn begin_anew(&mut self) {
        self.is_stale = true;
    }

    /// A client has gone: nobody waits for an answer there.
    pub(super) fn forget(&mut self, seat: SeatId) {
        self.callers.retain(|(caller, _)| *caller != seat);
    }
}

impl Conversation {
    /// Rings `who`, unless they are being rung.
    pub(super) fn ring(
        &mut self,
        moment: &Moment,
        who: &Passport,
        from: (Passport, String),
        reason: Reason,
        effects: &mut Vec<Effect>,
    ) {
        let caller = if let Reason::Call(seat, tag) = reason { Some((seat, tag)) } else { None };
        let waits = matches!(reason, Reason::Waiting);
        let id = self.next_ring;
        let Some(member) = self.members.get_mut(who) else { return };
        if let Some(ringing) = &mut member.ringing {
            ringing.from = from;
            ringing.waits |= waits;
            if std::mem::take(&mut ringing.is_stale) {
                (ringing.id, ringing.rings, ringing.until) = (id, 1, moment.instant + PATIENCE);
                self.next_ring += 1;
                let (from, name) = ringing.from.clone();
                effects.push(Effect::Ring { id, to: who.clone(), from, name });
            }
            if ringing.announced {
                self.connect(who, caller.into_iter().collect(), effects);
            } else {
                ringing.callers.extend(caller);
            }
            return;
        }
        self.next_ring += 1;
        let (inviter, name) = from.clone();
        member.ringing = Some(Ringing {
            id,
            until: moment.instant + PATIENCE,
            rings: 1,
            from,
            waits,
            announced: false,
            is_stale: false,
            callers: caller.into_iter().collect(),
        });
        effects.push(Effect::Ring { id, to: who.clone(), from: inviter, name });
    }

    /// Rings that were not answered in time: again, or given up. A caller who has waited long enough may write all the same: it
    /// is kept.
    pub(super) fn ring_again(&mut self, moment: &Moment, effects: &mut Vec<Effect>) {
        let mut given_up = Vec::new();
        for (who, member) in &mut self.members {
            let Some(ringing) = member.ringing.as_mut().filter(|ringing| ringing.until <= moment.instant) else {
                continue;
            };
            let is_patient = ringing.rings < MOST_RINGS;
            let callers = if is_patient { Vec::new() } else { ringing.take_callers() };
            let waits = ringing.waits;
            if is_patient || waits {
                ringing.rings += 1;
                ringing.until = moment.instant + ringing.patience();
                ringing.id = self.next_ring;
                self.next_ring += 1;
                let (from, name) = ringing.from.clone();
                effects.push(Effect::Ring { id: ringing.id, to: who.clone(), from, name });
            } else {
                member.ringing = None;
            }
            if !is_patient && (!waits || !callers.is_empty()) {
                given_up.push((who.clone(), callers));
            }
        }
        for (who, callers) in given_up {
            self.bring_in(&who, callers, effects);
        }
    }
}
