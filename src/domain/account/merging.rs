//! The same person on several networks as one entry of the list: merging entries, splitting them again, and what is shown of them.
//!
//! The address of an entry that was merged into another one means that other one from then on. They stay merged until the user splits
//! them, or has the entry on no list any more.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Account, Change, Effect, Event, Refusal, Who, lists::changes_of};
use crate::{Contact, Guid, List, Lists, Moment, NetworkName, Passport, Presence, Status, presence::Sighting};

impl Account {
    /// The entry of this address, or the one that it was merged into.
    pub(super) fn entry(&self, passport: &Passport) -> Option<&Contact> {
        let is_within = |contact: &&Contact| contact.merged.iter().any(|merged| merged.passport == *passport);
        self.contacts.get(passport).or_else(|| self.contacts.values().find(is_within))
    }

    /// The entry of this address, merged or not.
    pub(super) fn identity_mut(&mut self, passport: &Passport) -> Option<&mut Contact> {
        if self.contacts.contains_key(passport) {
            return self.contacts.get_mut(passport);
        }
        self.contacts.values_mut().flat_map(|contact| &mut contact.merged).find(|merged| merged.passport == *passport)
    }

    /// What a client means that names an entry by what it had before it was merged into another one.
    pub(super) fn merged(&self, who: &Who) -> Option<&Contact> {
        let is_meant = |merged: &&Contact| match who {
            Who::Passport(passport) => merged.passport == *passport,
            Who::Guid(guid) => merged.guid == *guid,
        };
        self.contacts.values().flat_map(|contact| &contact.merged).find(is_meant)
    }

    /// As [`Account::named`], and the entry that such a one was merged into.
    pub(super) fn whole(&self, guid: Guid) -> Option<&Contact> {
        self.named(guid).or_else(|| self.merged(&Who::Guid(guid)).and_then(|merged| self.entry(&merged.passport)))
    }

    /// Has the entry in memory as it is now: as long as it stands on a list, and those merged into it as part of it as long as the owner
    /// has put it on one.
    pub(super) fn hold(&mut self, mut contact: Contact) {
        if contact.lists.is_unwanted() {
            contact.spoken = None;
            for merged in std::mem::take(&mut contact.merged) {
                self.hold(merged);
            }
        }
        if contact.lists.is_empty() {
            self.contacts.remove(&contact.passport);
        } else {
            self.contacts.insert(contact.passport.clone(), contact);
        }
    }

    /// The user wants these two, people of different networks on the contact list, to be one entry: `into`.
    pub(super) fn merge_wanted(
        &mut self,
        moment: &Moment,
        into: &Passport,
        other: &Passport,
        effects: &mut Vec<Effect>,
    ) {
        let (mut whole, mut other) = match self.mergeable(into, other) {
            Ok(two) => two,
            Err(refusal) => return effects.push(Effect::Granted(Err(refusal))),
        };
        let before = self.appearance(&whole);
        // A client that keeps the entry until it reads its list again must show nobody there who could be written to.
        let gone = self.appearance(&other).map(|_| Sighting { contact: other.passport.clone(), presence: None });
        let departed = other.guid;
        self.contacts.remove(&other.passport);
        let further = std::mem::take(&mut other.merged);
        other.spoken = None;
        whole.merged.push(other);
        whole.merged.extend(further);
        whole.stand_on(whole.lists);
        let mut changes = changes_of(&whole);
        let merged = whole.merged.iter().map(|merged| merged.passport.clone());
        changes.extend(merged.map(|contact| Change::Merged { contact, into: whole.passport.clone() }));
        changes.push(self.list_moves(moment));
        effects.push(Effect::Keep(changes));
        effects.push(Effect::Granted(Ok(())));
        if let Some(session) = self.session {
            let gone = gone.filter(|_| self.greeted).map(Event::Seen);
            let told = gone.into_iter().chain([Event::Departed(departed)]);
            effects.extend(told.map(|event| Effect::Tell { session, event }));
        }
        effects.extend(self.change_of_appearance(&whole, before.as_ref()));
        self.hold(whole);
    }

    fn mergeable(&self, into: &Passport, other: &Passport) -> Result<(Contact, Contact), Refusal> {
        let is_listed = |contact: &&Contact| contact.is_remote_person() && contact.lists.contains(List::Forward);
        let listed = |passport| self.entry(passport).filter(is_listed).ok_or(Refusal::NotOnList);
        let (whole, other) = (listed(into)?, listed(other)?);
        if whole.passport == other.passport {
            return Err(Refusal::OnList);
        }
        if whole.lists.contains(List::Block) || other.lists.contains(List::Block) {
            return Err(Refusal::Blocked);
        }
        let network = |contact: &Contact| contact.remote.as_ref().map(|remote| remote.network.clone());
        if other.identities().any(|identity| network(identity).is_some_and(|network| whole.on(&network).is_some())) {
            return Err(Refusal::SameNetwork);
        }
        Ok((whole.clone(), other.clone()))
    }

    /// The user wants what is merged into this entry to be entries again.
    pub(super) fn split_wanted(&mut self, moment: &Moment, passport: &Passport, effects: &mut Vec<Effect>) {
        let mut whole = match self.merged_entry(passport) {
            Ok(whole) => whole,
            Err(refusal) => return effects.push(Effect::Granted(Err(refusal))),
        };
        let before = self.appearance(&whole);
        let merged = std::mem::take(&mut whole.merged);
        whole.spoken = None;
        if whole.lists.contains(List::Forward) && self.held(List::Forward) + merged.len() > self.limits.contacts {
            return effects.push(Effect::Granted(Err(Refusal::ListFull)));
        }
        let split = merged.iter().map(|contact| Change::Split { contact: contact.passport.clone() });
        let changes = split.chain([self.list_moves(moment)]).collect();
        effects.push(Effect::Keep(changes));
        effects.push(Effect::Granted(Ok(())));
        effects.extend(self.change_of_appearance(&whole, before.as_ref()));
        self.hold(whole);
        for contact in merged {
            self.hold(contact.clone());
            self.show_entry(&contact.passport, Lists::NONE, effects);
            effects.extend(self.change_of_appearance(&contact, None));
        }
    }

    /// The entry of this address, into which others were merged.
    fn merged_entry(&self, passport: &Passport) -> Result<Contact, Refusal> {
        let entry = self.entry(passport).filter(|contact| !contact.merged.is_empty());
        entry.cloned().ok_or(Refusal::NotMerged)
    }

    /// The user wants what they say to this entry to go to this network.
    pub(super) fn network_chosen(&mut self, passport: &Passport, network: &NetworkName, effects: &mut Vec<Effect>) {
        let mut whole = match self.merged_entry(passport) {
            Ok(whole) => whole,
            Err(refusal) => return effects.push(Effect::Granted(Err(refusal))),
        };
        let Some(chosen) = whole.on(network).map(|identity| identity.passport.clone()) else {
            return effects.push(Effect::Granted(Err(Refusal::NoSuchPerson)));
        };
        let before = self.appearance(&whole);
        effects.push(Effect::Keep(vec![Change::Spoken { contact: whole.passport.clone(), on: chosen.clone() }]));
        effects.push(Effect::Granted(Ok(())));
        whole.spoken = Some(chosen).filter(|chosen| *chosen != whole.passport);
        effects.extend(self.change_of_appearance(&whole, before.as_ref()));
        self.hold(whole);
    }

    /// The store has taken an entry that was merged into another one off every list.
    pub(super) fn lost(&mut self, moment: &Moment, passport: &Passport, effects: &mut Vec<Effect>) {
        let Some(mut whole) = self.entry(passport).cloned() else { return };
        let before = self.appearance(&whole);
        let (lost, rest): (Vec<Contact>, _) = whole.merged.into_iter().partition(|merged| merged.passport == *passport);
        whole.merged = rest;
        whole.spoken.take_if(|spoken| *spoken == *passport);
        self.list_moves(moment);
        effects.extend(self.change_of_appearance(&whole, before.as_ref()));
        self.hold(whole);
        for blocked in lost.into_iter().filter(|lost| lost.lists.contains(List::Block)) {
            // What the user decided against somebody stays.
            let lists = Lists::NONE.with(List::Block);
            self.contacts.insert(blocked.passport.clone(), Contact { lists, groups: Vec::new(), ..blocked });
        }
    }

    /// What the user sees of an entry; `None` is offline. Of a person on several networks it is the one where they are reached most
    /// easily, and among equals the one that is spoken on; the name and the picture are always those of the entry itself, since clients
    /// ask its address for the picture.
    pub(super) fn appearance(&self, contact: &Contact) -> Option<Arc<Presence>> {
        let own = self.seen.get(&contact.passport);
        let spoken = contact.spoken.as_ref().unwrap_or(&contact.passport);
        let shown = contact.identities().filter_map(|identity| Some((identity, self.seen.get(&identity.passport)?)));
        // Of further equals the first.
        let ease = |(identity, presence): &(&Contact, &Arc<Presence>)| {
            (Reverse(ease(presence.status)), identity.passport != *spoken)
        };
        let (best, presence) = shown.min_by_key(ease)?;
        if best.passport == contact.passport {
            return Some(Arc::clone(presence));
        }
        Some(Arc::new(Presence {
            status: presence.status,
            name: own.map_or_else(|| contact.name.as_str().into(), |own| Arc::clone(&own.name)),
            capabilities: presence.capabilities,
            object: own.and_then(|own| own.object.clone()),
            personal_message: presence.personal_message.clone(),
        }))
    }

    /// Tells the client, where it knows how others are, that an entry of the contact list looks otherwise than before.
    pub(super) fn change_of_appearance(&self, contact: &Contact, before: Option<&Arc<Presence>>) -> Option<Effect> {
        let session = self.session.filter(|_| self.greeted && contact.lists.contains(List::Forward))?;
        let presence = self.appearance(contact);
        if presence.as_ref() == before {
            return None;
        }
        let sighting = Sighting { contact: contact.passport.clone(), presence };
        Some(Effect::Tell { session, event: Event::Seen(sighting) })
    }
}

/// How easily somebody of this status is reached.
const fn ease(status: Status) -> u8 {
    match status {
        Status::Online => 4,
        Status::Busy | Status::OnThePhone => 3,
        Status::Idle | Status::BeRightBack | Status::OutToLunch => 2,
        // That is also how somebody is shown who is not there, and can be written to all the same.
        Status::Away => 1,
        Status::Hidden | Status::Offline => 0,
    }
}
