//! What clients say, and who gets it.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Body, Conversation, Draft, Effect, Flight, Keeping, Member, MessageId, Saying, SeatEvent, SeatId, Wish};
use crate::{Moment, Passport, Timestamp, media::Announcement};

impl Conversation {
    pub(super) fn said(
        &mut self,
        moment: &Moment,
        seat: SeatId,
        (tag, wish): (u32, Wish),
        (id, saying): (MessageId, Saying),
        effects: &mut Vec<Effect>,
    ) {
        let Some(author) = self.members.values_mut().find(|member| member.sits_at(seat)) else { return };
        // The seat last spoken on is the one that answers go to.
        author.seats.sort_by_key(|other| other.id != seat);
        let (who, name) = (author.party.passport.clone(), author.party.name.clone());
        match saying {
            Saying::Lasting { payload, content, announced, enclosed } => {
                let stopped = author.outward.stop();
                let (accounts, mut remotes) = self.hearers(&who);
                if content.is_none() {
                    remotes.clear();
                }
                effects.extend(stopped.into_iter().flat_map(|stop| self.typing_effects(&who, stop)));
                if accounts.is_empty() && remotes.is_empty() {
                    answer(seat, (tag, wish), false, effects);
                    return;
                }
                obtain(&who, &remotes, announced, effects);
                let remotes = self.places(&who, remotes);
                let gathers = self.gathers(&who, &remotes);
                let sent = moment.wall;
                let told = SeatEvent::Message {
                    from: who.clone(),
                    name,
                    speaker: None,
                    sent,
                    body: Body::Payload(payload.clone()),
                    id: Some(id),
                };
                let keeping = Keeping { author: Some(who.clone()), absent: BTreeSet::new() };
                self.keeping.insert(id, keeping);
                let draft =
                    Draft { id, author: who.clone(), sent, payload, content, enclosed, accounts, remotes, gathers };
                self.give(&draft, &told, effects, |draft| Effect::Keep { seat, tag, wish, draft });
            }
            Saying::Passing { payload, to, matters, announced } => {
                let others = self.members.values().filter(|member| member.party.passport != who);
                let meant = others.filter(|member| to.as_ref().is_none_or(|to| *to == member.party.passport));
                let (remotes, members): (Vec<_>, Vec<_>) = meant.partition(|member| member.party.is_remote());
                let receivers: Vec<SeatId> = members.into_iter().filter_map(Member::seat).collect();
                let contacts: Vec<Passport> = remotes.into_iter().map(|member| member.party.passport.clone()).collect();
                if let ([receiver], true, []) = (&receivers[..], to.is_some(), &contacts[..]) {
                    let event = passing(&who, &name, moment.wall, &payload);
                    effects.push(Effect::Relay { seat, tag, wish, to: *receiver, event });
                    return;
                }
                let is_taken = !matters || !receivers.is_empty() || !contacts.is_empty();
                answer(seat, (tag, wish), is_taken, effects);
                obtain(&who, &contacts, announced, effects);
                for receiver in receivers {
                    effects.push(Effect::Tell(receiver, passing(&who, &name, moment.wall, &payload)));
                }
                for contact in contacts.into_iter().filter(|_| matters) {
                    effects.push(Effect::Peer { owner: who.clone(), contact, payload: payload.clone() });
                }
            }
            Saying::Typing { payload } => {
                let begins = author.outward.typed(moment.instant);
                answer(seat, (tag, wish), true, effects);
                effects.extend(begins.into_iter().flat_map(|typing| self.typing_effects(&who, typing)));
                let others = self.members.values().filter(|member| member.party.passport != who);
                for receiver in others.filter_map(Member::seat) {
                    effects.push(Effect::Tell(receiver, passing(&who, &name, moment.wall, &payload)));
                }
            }
        }
    }

    /// Has `draft` kept, and gives it to whoever is here at once: its author is told that it was taken when it is kept.
    fn give(&mut self, draft: &Draft, told: &SeatEvent, effects: &mut Vec<Effect>, keep: impl FnOnce(Draft) -> Effect) {
        effects.push(keep(draft.clone()));
        let direct = self.pair.is_some();
        for account in &draft.accounts {
            let Some(member) = self.members.get_mut(account) else { continue };
            // What they have not got came before this, and is not in the store yet.
            let is_behind = self.keeping.values().any(|keeping| keeping.absent.contains(account));
            match member.seat().filter(|_| !is_behind) {
                // What waits came before it: the look at the store that brings the rest brings this as well, once it is kept.
                Some(receiver) if !direct || member.more.is_empty() => {
                    member.in_flight.insert(draft.id, Flight { seat: receiver, author: draft.author.clone() });
                    effects.push(Effect::Tell(receiver, told.clone()));
                }
                Some(_) | None => {
                    self.keeping.entry(draft.id).or_default().absent.insert(account.clone());
                }
            }
        }
    }

    /// What was said is kept, or could not be: whoever has not got it yet is seen to.
    pub(super) fn kept(&mut self, moment: &Moment, id: MessageId, kept: bool, effects: &mut Vec<Effect>) {
        let Some(Keeping { author: Some(author), absent }) = self.keeping.remove(&id) else { return };
        if !kept {
            self.gatherings.forget_orders();
            return;
        }
        for owner in absent {
            self.rouse(moment, &owner, author.clone(), effects);
        }
    }

    /// Who sits at that seat, if a contact of another network hears what is said from there.
    #[must_use]
    pub fn speaker_to(&self, seat: SeatId, contact: &Passport) -> Option<&Passport> {
        let speaker = &self.seated_at(seat)?.party.passport;
        let (_, remotes) = self.hearers(speaker);
        remotes.contains(contact).then_some(speaker)
    }

    /// Who is to have what `who` says: accounts of this server, and contacts of other networks. Somebody who may not be reached, and
    /// somebody who was called into a conversation of several and has not come yet, hears nothing of it.
    fn hearers(&self, who: &Passport) -> (Vec<Passport>, Vec<Passport>) {
        let direct = self.pair.is_some();
        let hears = |member: &&Member| if direct { !member.refused } else { member.here };
        let others = self.members.values().filter(|member| member.party.passport != *who);
        let hearers = others.filter(hears);
        let (remotes, accounts): (Vec<_>, Vec<_>) = hearers.partition(|member| member.party.is_remote());
        let passports = |members: Vec<&Member>| -> Vec<Passport> {
            members.into_iter().map(|member| member.party.passport.clone()).collect()
        };
        (passports(accounts), passports(remotes))
    }
}

/// One of the remote contacts fetches what was announced; the others have it then as well.
fn obtain(owner: &Passport, remotes: &[Passport], announced: Vec<Announcement>, effects: &mut Vec<Effect>) {
    if let Some(contact) = remotes.first()
        && !announced.is_empty()
    {
        effects.push(Effect::Obtain { owner: owner.clone(), contact: contact.clone(), announced });
    }
}

fn passing(from: &Passport, name: &str, sent: Timestamp, payload: &Bytes) -> SeatEvent {
    let (from, name) = (from.clone(), name.to_owned());
    SeatEvent::Message { from, name, speaker: None, sent, body: Body::Payload(payload.clone()), id: None }
}

pub(super) fn answer(seat: SeatId, (tag, wish): (u32, Wish), taken: bool, effects: &mut Vec<Effect>) {
    let event = match (wish, taken) {
        (Wish::Success | Wish::Either, true) => SeatEvent::Taken { tag },
        (Wish::Failure | Wish::Either, false) => SeatEvent::NotTaken { tag },
        (Wish::Nothing | Wish::Failure, true) | (Wish::Nothing | Wish::Success, false) => return,
    };
    effects.push(Effect::Tell(seat, event));
}
