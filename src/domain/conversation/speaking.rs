//! What clients say, and who gets it.

use bytes::Bytes;

use super::{Body, Conversation, Draft, Effect, Flight, Member, MessageId, Saying, SeatEvent, SeatId, Wish};
use crate::{Moment, Passport, Timestamp};

impl Conversation {
    pub(super) fn said(
        &mut self,
        moment: &Moment,
        seat: SeatId,
        (tag, wish): (u32, Wish),
        saying: Saying,
        effects: &mut Vec<Effect>,
    ) {
        let Some(author) = self.members.values_mut().find(|member| member.sits_at(seat)) else { return };
        // The seat last spoken on is the one that answers go to.
        author.seats.sort_by_key(|other| other.id != seat);
        let who = author.party.passport.clone();
        match saying {
            Saying::Lasting { payload, content } => {
                let stopped = author.outward.stop();
                let others = || self.hearers(&who);
                let of_kind = |remote| {
                    let kind = others().filter(move |member| member.party.remote == remote);
                    kind.map(|member| member.party.passport.clone()).collect::<Vec<_>>()
                };
                let (accounts, remotes) = (of_kind(false), if content.is_some() { of_kind(true) } else { Vec::new() });
                effects.extend(stopped.into_iter().flat_map(|stop| self.typing_effects(&who, stop)));
                if accounts.is_empty() && remotes.is_empty() {
                    answer(seat, (tag, wish), false, effects);
                    return;
                }
                let draft = Draft { author: who, sent: moment.wall, payload, content, accounts, remotes };
                effects.push(Effect::Keep { seat, tag, wish, draft });
            }
            Saying::Passing { payload, to, matters } => {
                let name = author.party.name.clone();
                let meant = |passport: &Passport| to.as_ref().is_none_or(|to| to == passport);
                let others = self.members.values().filter(|member| member.party.passport != who);
                let receivers: Vec<SeatId> =
                    others.filter(|member| meant(&member.party.passport)).filter_map(Member::seat).collect();
                answer(seat, (tag, wish), !matters || !receivers.is_empty(), effects);
                for receiver in receivers {
                    effects
                        .push(Effect::Tell(receiver, passing(who.clone(), name.clone(), moment.wall, payload.clone())));
                }
            }
            Saying::Typing { payload } => {
                let name = author.party.name.clone();
                let begins = author.outward.typed(moment.instant);
                effects.extend(begins.into_iter().flat_map(|typing| self.typing_effects(&who, typing)));
                let others = self.members.values().filter(|member| member.party.passport != who);
                for receiver in others.filter_map(Member::seat) {
                    let event = passing(who.clone(), name.clone(), moment.wall, payload.clone());
                    effects.push(Effect::Tell(receiver, event));
                }
            }
        }
    }

    /// What was said is kept: whoever is here gets it.
    pub(super) fn kept(
        &mut self,
        moment: &Moment,
        seat: SeatId,
        payload: &Bytes,
        (id, when): (MessageId, Timestamp),
        effects: &mut Vec<Effect>,
    ) {
        let Some(member) = self.seated_at(seat) else { return };
        let (who, name) = (member.party.passport.clone(), member.party.name.clone());
        let mut remotes = Vec::new();
        let mut absent = Vec::new();
        let direct = self.pair.is_some();
        let others = self.members.values_mut().filter(|member| member.party.passport != who);
        for member in others.filter(|member| direct || member.here) {
            let receiver = member.seat();
            match receiver {
                _ if member.party.remote => remotes.push(member.party.passport.clone()),
                // What waits came before it; the next look at the store brings this as well.
                Some(_) if direct && member.more.is_some() => {}
                Some(receiver) => {
                    member.in_flight.insert(id, Flight { seat: receiver, author: who.clone() });
                    effects.push(Effect::Tell(
                        receiver,
                        SeatEvent::Message {
                            from: who.clone(),
                            name: name.clone(),
                            sent: when,
                            body: Body::Payload(payload.clone()),
                            id: Some(id),
                        },
                    ));
                }
                None => absent.push(member.party.passport.clone()),
            }
        }
        if !remotes.is_empty() {
            effects.push(Effect::Outbox { owner: who.clone(), contacts: remotes });
        }
        for owner in absent {
            self.rouse(moment, &owner, who.clone(), effects);
        }
    }

    /// Who is to have what `who` says. Somebody who was called into a conversation of several and has not come yet hears nothing
    /// of it.
    fn hearers(&self, who: &Passport) -> impl Iterator<Item = &Member> {
        let direct = self.pair.is_some();
        self.members.values().filter(move |member| member.party.passport != *who && (direct || member.here))
    }
}

fn passing(from: Passport, name: String, sent: Timestamp, payload: Bytes) -> SeatEvent {
    SeatEvent::Message { from, name, sent, body: Body::Payload(payload), id: None }
}

pub(super) fn answer(seat: SeatId, (tag, wish): (u32, Wish), taken: bool, effects: &mut Vec<Effect>) {
    let event = match (wish, taken) {
        (Wish::Success | Wish::Either, true) => SeatEvent::Taken { tag },
        (Wish::Failure | Wish::Either, false) => SeatEvent::NotTaken { tag },
        (Wish::Nothing | Wish::Failure, true) | (Wish::Nothing | Wish::Success, false) => return,
    };
    effects.push(Effect::Tell(seat, event));
}
