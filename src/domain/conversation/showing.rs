//! What waits for an account, and how its client is given it.

use std::collections::{BTreeSet, btree_map::Entry};

use super::{
    Body, Conversation, Effect, Flight, Inward, Member, MessageId, Party, PartyKind, RoomManner, SeatEvent, SeatId,
    Waiting,
};
use crate::{Content, Moment, Passport};

impl Conversation {
    /// Reads what waits for a member whose client may be told: from the other one of two, or from the rooms of several.
    pub(super) fn fetch(&self, owner: &Passport, effects: &mut Vec<Effect>) {
        if self.seat_of(owner).is_none() {
            return;
        }
        let fetch = |peer: &Passport| Effect::Fetch { owner: owner.clone(), peer: peer.clone() };
        match &self.pair {
            Some(pair) => effects.push(fetch(pair.other(owner))),
            None => effects.extend(self.gatherings.contacts().map(fetch)),
        }
    }

    pub(super) fn fetched(&mut self, owner: &Passport, messages: Vec<Waiting>, more: bool, effects: &mut Vec<Effect>) {
        let Some(seat) = self.seat_of(owner) else { return };
        let Some(pair) = &self.pair else {
            self.fetched_from_gathering(owner, seat, (messages, more), effects);
            return;
        };
        let peer = pair.other(owner).clone();
        if !messages.is_empty() {
            // Nobody speaks who is not here: somebody whose client has gone comes in again.
            self.announce(&peer, &[], effects);
        }
        let Some(other) = self.members.get_mut(&peer) else { return };
        // What somebody typed has come.
        other.inward = Inward::default();
        let contact = other.party.clone();
        let Some(member) = self.members.get_mut(owner) else { return };
        member.note_rest(&peer, more);
        for message in messages {
            let Entry::Vacant(flight) = member.in_flight.entry(message.id) else { continue };
            flight.insert(Flight { seat, author: message.peer.clone() });
            member.show(seat, message, &contact, self.rooms, effects);
        }
    }

    fn fetched_from_gathering(
        &mut self,
        owner: &Passport,
        seat: SeatId,
        (messages, more): (Vec<Waiting>, bool),
        effects: &mut Vec<Effect>,
    ) {
        let peer = messages.first().map(|message| message.peer.clone());
        let Some(contact) = peer.and_then(|peer| self.gatherings.contact(&peer).cloned()) else { return };
        for message in messages {
            let speaking = self.speaking_member(&message);
            let Some(member) = self.members.get_mut(owner) else { return };
            member.note_rest(&contact.passport, more);
            let Entry::Vacant(flight) = member.in_flight.entry(message.id) else { continue };
            flight.insert(Flight { seat, author: contact.passport.clone() });
            member.show_gathered(seat, message, (&contact, speaking), effects);
        }
    }

    pub(super) fn shown(&mut self, moment: &Moment, seat: SeatId, messages: Vec<MessageId>, effects: &mut Vec<Effect>) {
        let Some(member) = self.members.values_mut().find(|member| member.sits_at(seat)) else { return };
        for message in &messages {
            member.in_flight.remove(message);
        }
        let owner = member.party.passport.clone();
        let next = if member.in_flight.is_empty() { std::mem::take(&mut member.more) } else { BTreeSet::new() };
        effects.push(Effect::Delivered { owner: owner.clone(), messages });
        for author in next {
            self.rouse(moment, &owner, author, effects);
        }
    }

    /// The server speaks to a client that is here.
    pub(super) fn told(&mut self, moment: &Moment, owner: &Passport, line: Content, effects: &mut Vec<Effect>) {
        let Some(seat) = self.seat_of(owner) else { return };
        let service = self.members.values().find(|member| member.party.kind == PartyKind::Service);
        let Some(Party { passport: from, name, .. }) = service.map(|member| member.party.clone()) else { return };
        self.announce(&from, &[], effects);
        let body = Body::Content(line);
        let event = SeatEvent::Message { from, name, speaker: None, sent: moment.wall, body, id: None };
        effects.push(Effect::Tell(seat, event));
    }
}

impl Member {
    /// Whether more waits from a contact than was read.
    fn note_rest(&mut self, contact: &Passport, more: bool) {
        if more {
            self.more.insert(contact.clone());
        } else {
            self.more.remove(contact);
        }
    }

    /// Gives one message of `contact` to the client that sits there.
    fn show(&mut self, seat: SeatId, message: Waiting, contact: &Party, rooms: RoomManner, effects: &mut Vec<Effect>) {
        let is_room = contact.kind == PartyKind::Room;
        let speaker = if is_room { self.speaker(seat, &message, contact, rooms, effects) } else { None };
        // What was said by somebody who shows another name now has the name it was said under.
        let is_named = !is_room && !message.author_name.is_empty();
        let name = if is_named { message.author_name } else { contact.name.clone() };
        // Messenger takes files where there are two only; among several the link in the line has to do.
        let is_of_two = !is_room || rooms == RoomManner::Prefixed;
        let attachment = match &message.body {
            Body::Content(content) if is_of_two => content.attachment().cloned(),
            Body::Content(_) | Body::Payload(_) | Body::Ink(_) => None,
        };
        let Waiting { peer: from, sent, body, id, .. } = message;
        let (owner, from_contact) = (self.party.passport.clone(), from.clone());
        let event = SeatEvent::Message { from, name, speaker, sent, body, id: Some(id) };
        effects.push(Effect::Tell(seat, event));
        if let Some(attachment) = attachment {
            effects.push(Effect::Offer { owner, contact: from_contact, attachment });
        }
    }
}
