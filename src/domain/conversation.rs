//! One live conversation: who takes part, and what still has to reach them.
//!
//! A conversation outlives the switchboards that Messenger opens for it and drops after an idle minute. A direct one belongs to
//! a [`Pair`]; as soon as a third comes in it is of its own. What people read is kept in the store before its author is
//! told that it was taken, and until the reader's client has shown that it got it; what is not confirmed when a client goes is
//! shown again to the next one.

mod gathering;
mod kept;
mod ringing;
mod showing;
mod speakers;
mod speaking;
#[cfg(test)]
mod tests;
mod typing;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

pub use gathering::{Gathering, is_gathering};
pub use kept::{Body, Draft, Gather, MessageId, Waiting};
pub use speakers::RoomManner;
pub use words::{CallRefusal, Cause, Effect, Pair, Party, PartyKind, Saying, SeatEvent, SeatId, Speaker, Wish};

use crate::{Moment, Passport, account::Verdict};
use gathering::{Gatherings, Held};
use ringing::{Reason, Ringing};
use speakers::Speakers;
use speaking::answer;
use typing::{Inward, Outward};

/// How many may take part.
const MOST_MEMBERS: usize = 30;

/// A conversation, as it lives in memory.
#[derive(Debug)]
pub struct Conversation {
    /// Whose direct conversation it is; `None` once others have come in.
    pair: Option<Pair>,
    members: BTreeMap<Passport, Member>,
    /// What was said and is not known to be kept yet, with those who are to be told of it then.
    keeping: BTreeMap<MessageId, Keeping>,
    /// Whether somebody who is away can be called: what is said to them is kept.
    keeps: bool,
    /// How those who speak in a room are shown.
    rooms: RoomManner,
    /// The rooms it has on networks, where it is of several.
    gatherings: Gatherings,
    next_ring: u64,
}

/// What was said and is not known to be kept yet.
#[derive(Debug, Default)]
struct Keeping {
    author: Option<Passport>,
    /// Accounts of which no client has it.
    absent: BTreeSet<Passport>,
}

#[derive(Debug)]
struct Member {
    party: Party,
    /// The member's clients, the one last used first. Both sides calling at once gives a member two.
    seats: Vec<Seat>,
    /// Whether the others have been told that this member is here. An account whose client is away is here as well once it
    /// was called: what is said to it is kept.
    here: bool,
    /// Whether the last ring of this member was answered by "may not be reached".
    refused: bool,
    /// What was given to a client that has not yet shown that it got it.
    in_flight: BTreeMap<MessageId, Flight>,
    /// From whom more waited in the store than was read at once.
    more: BTreeSet<Passport>,
    ringing: Option<Ringing>,
    outward: Outward,
    inward: Inward,
}

/// A client that sits here.
#[derive(Debug)]
struct Seat {
    id: SeatId,
    /// Whether it may be told of the others: a client that calls takes nothing before the answer to its call.
    ready: bool,
    /// Who of a room has come in here by speaking.
    speakers: Speakers,
}

/// A kept message on its way to a client.
#[derive(Debug)]
struct Flight {
    seat: SeatId,
    author: Passport,
}

impl Member {
    fn new(party: Party) -> Self {
        Self {
            party,
            seats: Vec::new(),
            here: false,
            refused: false,
            in_flight: BTreeMap::new(),
            more: BTreeSet::new(),
            ringing: None,
            outward: Outward::default(),
            inward: Inward::default(),
        }
    }

    /// The client that is told what is said to this member.
    fn seat(&self) -> Option<SeatId> {
        self.ready_seats().next()
    }

    fn ready_seats(&self) -> impl Iterator<Item = SeatId> {
        self.seats.iter().filter(|seat| seat.ready).map(|seat| seat.id)
    }

    fn sits_at(&self, seat: SeatId) -> bool {
        self.seats.iter().any(|known| known.id == seat)
    }
}

impl Conversation {
    /// The direct conversation of these two, with nobody in it yet. With `keeps`, accounts whose client is away can be called.
    #[must_use]
    pub fn direct(one: Party, other: Party, keeps: bool) -> Self {
        let pair = Pair::of(one.passport.clone(), other.passport.clone());
        let members = [one, other].map(|party| (party.passport.clone(), Member::new(party)));
        let (keeping, rooms, gatherings) = (BTreeMap::new(), RoomManner::default(), Gatherings::default());
        Self { pair: Some(pair), members: members.into(), keeping, keeps, rooms, gatherings, next_ring: 0 }
    }

    /// The same, if one of the two is a room: with those who speak in it shown in this manner.
    #[must_use]
    pub const fn showing_rooms(mut self, manner: RoomManner) -> Self {
        self.rooms = manner;
        self
    }

    /// The client that is told what is said to this account; `None` when there is none that may be told.
    #[must_use]
    pub fn seat_of(&self, who: &Passport) -> Option<SeatId> {
        self.members.get(who).and_then(Member::seat)
    }

    /// Whether `owner` has been given something from `contact` here of which no client has shown that it got it.
    #[must_use]
    pub fn is_showing(&self, owner: &Passport, contact: &Passport) -> bool {
        let member = self.members.get(owner);
        member.is_some_and(|member| member.in_flight.values().any(|flight| flight.author == *contact))
    }

    /// Whether nothing would be forgotten if this were dropped now: no client sits in it, and none is on its way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_quiet = |member: &Member| member.seats.is_empty() && member.ringing.is_none();
        self.keeping.is_empty() && self.members.values().all(is_quiet)
    }

    /// When [`Cause::Tick`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let each = |member: &Member| {
            let ringing = member.ringing.as_ref().map(Ringing::deadline);
            [ringing, member.outward.deadline(), member.inward.deadline()].into_iter().flatten().min()
        };
        self.members.values().filter_map(each).min()
    }

    /// Takes what happened, and says what is to be done about it.
    #[must_use]
    pub fn handle(&mut self, moment: &Moment, cause: Cause) -> Vec<Effect> {
        let mut effects = Vec::new();
        match cause {
            Cause::Seated { seat, party, answering } => self.seated(seat, &party, answering, &mut effects),
            Cause::Called { seat, tag, callee } => self.called(moment, seat, tag, &callee, &mut effects),
            Cause::Said { seat, tag, wish, saying, id } => {
                if self.asks_for_rooms(moment, seat, &saying, &mut effects) {
                    self.gatherings.hold(Held { seat, tag, wish, saying, id });
                } else {
                    self.said(moment, seat, (tag, wish), (id, saying), &mut effects);
                }
            }
            Cause::Kept { seat, tag, wish, id, kept } => {
                if self.seated_at(seat).is_some() {
                    answer(seat, (tag, wish), kept, &mut effects);
                }
                self.kept(moment, id, kept, &mut effects);
            }
            Cause::Relayed { seat, tag, wish, taken } => {
                if self.seated_at(seat).is_some() {
                    answer(seat, (tag, wish), taken, &mut effects);
                }
            }
            Cause::Left(seat) => self.left(moment, seat, &mut effects),
            Cause::Answered { who, ring, verdict } => self.ring_answered(&who, ring, verdict, &mut effects),
            Cause::Waiting(owner) => self.waiting(moment, &owner, &mut effects),
            Cause::Reachable(owner) => {
                // Nobody answers a ring that was made to a client before this one.
                if let Some(member) = self.members.get_mut(&owner).filter(|member| member.seats.is_empty()) {
                    member.ringing.as_mut().map(Ringing::begin_anew);
                }
                self.waiting(moment, &owner, &mut effects);
            }
            Cause::Summoned(owner) => self.summoned(moment, &owner, &mut effects),
            Cause::Fetched { owner, messages, more } => self.fetched(&owner, messages, more, &mut effects),
            Cause::Shown { seat, messages } => self.shown(moment, seat, messages, &mut effects),
            Cause::Told { owner, line } => self.told(moment, &owner, line, &mut effects),
            Cause::PeerTyping { peer, typing } => self.peer_typing(moment, &peer, typing, &mut effects),
            Cause::Gathered { room, gatherings } => self.gathered(moment, room, gatherings, &mut effects),
            Cause::Tick => self.tick(moment, &mut effects),
        }
        effects
    }

    /// A client sat down.
    fn seated(&mut self, seat: SeatId, party: &Party, answering: Option<u32>, effects: &mut Vec<Effect>) {
        let who = party.passport.clone();
        let member = self.members.entry(who.clone()).or_insert_with(|| Member::new(party.clone()));
        member.party = party.clone();
        member.refused = false;
        member.seats.insert(0, Seat { id: seat, ready: answering.is_some(), speakers: Speakers::default() });
        let callers = member.ringing.as_mut().map_or_else(Vec::new, Ringing::take_callers);
        if answering.is_some() {
            member.ringing = None;
        }
        if let Some(tag) = answering {
            let others = self.members.values().filter(|member| member.here && member.party.passport != who);
            let roster = others.map(|member| member.party.clone()).collect();
            effects.push(Effect::Tell(seat, SeatEvent::Welcome { tag, roster }));
        }
        self.bring_in(&who, callers, effects);
        if answering.is_some() {
            self.fetch(&who, effects);
        }
    }

    fn called(&mut self, moment: &Moment, seat: SeatId, tag: u32, party: &Party, effects: &mut Vec<Effect>) {
        let Some(member) = self.seated_at(seat) else { return };
        let (inviter, name) = (member.party.passport.clone(), member.party.name.clone());
        let knows_others = member.seats.iter().any(|known| known.id == seat && known.ready);
        let refuse = |reason| Effect::Tell(seat, SeatEvent::NotCalling { tag, reason });
        let who = party.passport.clone();
        let sits_in = member.seats.iter().any(|known| known.id == seat && known.speakers.contains(&who));
        let is_known = sits_in || (knows_others && self.members.get(&who).is_some_and(|member| member.here));
        if who == inviter || is_known {
            effects.push(refuse(CallRefusal::AlreadyThere));
            return;
        }
        if !self.members.contains_key(&who) {
            if self.members.len() >= MOST_MEMBERS {
                effects.push(refuse(CallRefusal::Full));
                return;
            }
            self.widen(effects);
        }
        let member = self.members.entry(who.clone()).or_insert_with(|| Member::new(party.clone()));
        member.party = party.clone();
        if party.is_remote() || !member.seats.is_empty() {
            self.bring_in(&who, vec![(seat, tag)], effects);
        } else {
            self.ring(moment, &who, (inviter, name), Reason::Call(seat, tag), effects);
        }
    }

    /// Others come in: what waits between the two is from now on the affair of another conversation, the next of that pair.
    fn widen(&mut self, effects: &mut Vec<Effect>) {
        let Some(pair) = self.pair.take() else { return };
        effects.push(Effect::Widened);
        for (owner, member) in &mut self.members {
            if member.ringing.as_mut().is_some_and(Ringing::take_reason) {
                effects.push(Effect::Doorbell { owner: owner.clone(), peer: pair.other(owner).clone() });
            }
        }
        self.dismiss_speakers(effects);
    }

    /// Somebody is here from now on. Callers hear that their call goes out first; whoever else does not know yet is told, and gets
    /// what waits.
    fn bring_in(&mut self, who: &Passport, callers: Vec<(SeatId, u32)>, effects: &mut Vec<Effect>) {
        let is_news = self.announce(who, &callers, effects);
        self.connect(who, callers, effects);
        if is_news && let Some(pair) = &self.pair {
            self.fetch(pair.other(who), effects);
        }
    }

    /// Tells all but these callers that somebody is here; says whether there was anybody to tell.
    fn announce(&mut self, who: &Passport, callers: &[(SeatId, u32)], effects: &mut Vec<Effect>) -> bool {
        let Some(member) = self.members.get_mut(who) else { return false };
        if std::mem::replace(&mut member.here, true) {
            return false;
        }
        let event = SeatEvent::Joined(member.party.clone());
        let mut others = self.other_seats(who);
        let knowing = self.seat_speaker(who);
        others.retain(|other| !knowing.contains(other) && !callers.iter().any(|(caller, _)| caller == other));
        effects.extend(others.iter().map(|seat| Effect::Tell(*seat, event.clone())));
        !others.is_empty()
    }

    /// Answers calls for somebody. From now on their callers are told of the others, and of what waits for them.
    fn connect(&mut self, who: &Passport, callers: Vec<(SeatId, u32)>, effects: &mut Vec<Effect>) {
        let here = self.members.get(who).filter(|member| member.here).map(|member| member.party.clone());
        for (caller, tag) in callers {
            let Some(member) = self.members.values_mut().find(|member| member.sits_at(caller)) else { continue };
            member.seats.iter_mut().filter(|seat| seat.id == caller).for_each(|seat| seat.ready = true);
            let owner = member.party.passport.clone();
            effects.push(Effect::Tell(caller, SeatEvent::Calling { tag }));
            if let Some(party) = &here {
                // What it was rung for it gets now.
                member.ringing = None;
                effects.push(Effect::Tell(caller, SeatEvent::Joined(party.clone())));
                self.fetch(&owner, effects);
            }
        }
    }

    /// A client is gone: what it had not confirmed goes to the next one.
    fn left(&mut self, moment: &Moment, seat: SeatId, effects: &mut Vec<Effect>) {
        for ringing in self.members.values_mut().filter_map(|member| member.ringing.as_mut()) {
            ringing.forget(seat);
        }
        let Some(member) = self.members.values_mut().find(|member| member.sits_at(seat)) else { return };
        member.seats.retain(|other| other.id != seat);
        let who = member.party.passport.clone();
        let mut authors = std::mem::take(&mut member.more);
        let keeping = &mut self.keeping;
        member.in_flight.retain(|id, flight| {
            let stays = flight.seat != seat;
            if !stays {
                match keeping.get_mut(id) {
                    // It is not in the store yet, where a look for it would miss it.
                    Some(keeping) => drop(keeping.absent.insert(who.clone())),
                    None => drop(authors.insert(flight.author.clone())),
                }
            }
            stays
        });
        if member.seats.is_empty() {
            member.here = false;
            if let Some(stop) = member.outward.stop() {
                effects.extend(self.typing_effects(&who, stop));
            }
            self.tell_others(&who, &SeatEvent::Left(who.clone()), effects);
            if self.pair.is_none() {
                self.members.remove(&who);
            }
            self.disperse(effects);
        }
        for author in authors {
            self.rouse(moment, &who, author, effects);
        }
    }

    /// Something of `author` waits for an account: see to it here, or let their own conversation do so.
    fn rouse(&mut self, moment: &Moment, owner: &Passport, author: Passport, effects: &mut Vec<Effect>) {
        if self.pair.is_some() || self.shows(owner, &author) {
            self.waiting(moment, owner, effects);
        } else {
            effects.push(Effect::Doorbell { owner: owner.clone(), peer: author });
        }
    }

    /// Something waits for an account: show it, or bring its client in first.
    fn waiting(&mut self, moment: &Moment, owner: &Passport, effects: &mut Vec<Effect>) {
        if self.seat_of(owner).is_some() {
            self.fetch(owner, effects);
        } else {
            self.ring_for_peer(moment, owner, Reason::Waiting, effects);
        }
    }

    /// A contact wants an account's client in here.
    fn summoned(&mut self, moment: &Moment, owner: &Passport, effects: &mut Vec<Effect>) {
        if self.seat_of(owner).is_none() {
            self.ring_for_peer(moment, owner, Reason::Summons, effects);
        }
    }

    /// Rings an account in the name of the other one of the pair.
    fn ring_for_peer(&mut self, moment: &Moment, owner: &Passport, reason: Reason, effects: &mut Vec<Effect>) {
        let Some(pair) = &self.pair else { return };
        let peer = pair.other(owner).clone();
        // Whoever is brought in must find somebody to answer, even when that one's client has gone.
        let Some(other) = self.members.get_mut(&peer) else { return };
        other.here = true;
        let name = other.party.name.clone();
        self.ring(moment, owner, (peer, name), reason, effects);
    }

    fn ring_answered(&mut self, who: &Passport, ring: u64, verdict: Verdict, effects: &mut Vec<Effect>) {
        let Some(member) = self.members.get_mut(who) else { return };
        let Some(mut ringing) = member.ringing.take_if(|ringing| ringing.id == ring) else { return };
        let callers = ringing.take_callers();
        member.refused = match verdict {
            Verdict::Ringing => false,
            Verdict::Absent => !self.keeps,
            Verdict::Blocked => true,
        };
        match verdict {
            Verdict::Ringing => {
                member.ringing = Some(ringing);
                self.connect(who, callers, effects);
            }
            // What is said to them is kept.
            Verdict::Absent if self.keeps => self.bring_in(who, callers, effects),
            Verdict::Absent | Verdict::Blocked => {
                let is_away = member.seats.is_empty();
                let was_here = is_away && std::mem::take(&mut member.here);
                for (seat, tag) in callers {
                    let reason = CallRefusal::Unreachable;
                    effects.push(Effect::Tell(seat, SeatEvent::NotCalling { tag, reason }));
                }
                if was_here {
                    self.tell_others(who, &SeatEvent::Left(who.clone()), effects);
                }
                if is_away && self.pair.is_none() {
                    self.members.remove(who);
                }
            }
        }
    }

    fn seated_at(&self, seat: SeatId) -> Option<&Member> {
        self.members.values().find(|member| member.sits_at(seat))
    }

    fn other_seats(&self, who: &Passport) -> Vec<SeatId> {
        let others = self.members.values().filter(|member| member.party.passport != *who);
        others.flat_map(Member::ready_seats).collect()
    }

    fn tell_others(&self, who: &Passport, event: &SeatEvent, effects: &mut Vec<Effect>) {
        effects.extend(self.other_seats(who).into_iter().map(|seat| Effect::Tell(seat, event.clone())));
    }
}
