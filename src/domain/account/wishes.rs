//! Changes of the list that no client has asked for: what the user has told the server's own contact, and what a network did.

use super::{Account, ContactIntent, Effect, Event, Refusal, lists};
use crate::{
    List, Lists, Moment, Passport,
    contact::{Contact, RemoteIdentity},
};

impl Account {
    /// A contact of another network is wanted on the list. That is for their network as when a client had put them there. Somebody who is
    /// blocked stays so: the client of the account shows them as blocked, and would not hear that they no longer are.
    pub(super) fn wanted(
        &mut self,
        moment: &Moment,
        passport: Passport,
        name: String,
        identity: RemoteIdentity,
        effects: &mut Vec<Effect>,
    ) {
        let known = self.entry(&passport).cloned();
        let mut contact = known.unwrap_or_else(|| lists::fresh(moment, passport, Some(name), Some(identity)));
        let before = contact.lists;
        let decided = [(List::Block, Refusal::Blocked), (List::Forward, Refusal::OnList)];
        if let Some((_, refusal)) = decided.into_iter().find(|(list, _)| before.contains(*list)) {
            return effects.push(Effect::Granted(Err(refusal)));
        }
        let known = contact.clone();
        contact.stand_on(before.with(List::Forward).with(List::Allow));
        if let Err(refusal) = self.has_room_for(moment, before, contact.lists) {
            return effects.push(Effect::Granted(Err(refusal)));
        }
        let intended = lists::intended(&known, &contact);
        self.change(moment, contact, before, intended, effects);
    }

    /// A contact of another network is not wanted on the list any more.
    pub(super) fn unwanted(&mut self, moment: &Moment, passport: &Passport, effects: &mut Vec<Effect>) {
        let is_listed = |contact: &&Contact| contact.remote.is_some() && contact.lists.contains(List::Forward);
        let Some(mut contact) = self.contacts.get(passport).filter(is_listed).cloned() else {
            return effects.push(Effect::Granted(Err(Refusal::NotOnList)));
        };
        let before = contact.lists;
        contact.stand_on(before.without(List::Forward));
        let unfriended = lists::unfriended(&contact);
        self.change(moment, contact, before, unfriended, effects);
    }

    /// The store has taken an entry off every list.
    pub(super) fn departed(&mut self, moment: &Moment, passport: &Passport, effects: &mut Vec<Effect>) {
        let Some(contact) = self.contacts.remove(passport) else {
            return self.lost(moment, passport, effects);
        };
        self.list_moves(moment);
        if contact.lists.contains(List::Block) {
            // What the user decided against somebody stays.
            let lists = Lists::NONE.with(List::Block);
            self.contacts.insert(passport.clone(), Contact { lists, groups: Vec::new(), ..contact.clone() });
        }
        let Some(session) = self.session else { return };
        if contact.lists.contains(List::Forward) {
            effects.push(Effect::Tell { session, event: Event::Departed(contact.guid) });
        }
        if contact.lists.watches() {
            let event = Event::RemovedBy { passport: passport.clone() };
            effects.push(Effect::Tell { session, event });
        }
    }

    /// The client hears of an entry that newly stands on the contact list.
    pub(super) fn show_entry(&self, passport: &Passport, before: Lists, effects: &mut Vec<Effect>) {
        let newly = |contact: &&Contact| contact.lists.contains(List::Forward) && !before.contains(List::Forward);
        if let Some(session) = self.session
            && let Some(contact) = self.contacts.get(passport).filter(newly)
        {
            let event = Event::Entered(Box::new(contact.clone()));
            effects.push(Effect::Tell { session, event });
        }
    }

    fn has_room_for(&mut self, moment: &Moment, before: Lists, after: Lists) -> Result<(), Refusal> {
        if !self.allowances.additions.take(moment.instant) {
            return Err(Refusal::TooFast);
        }
        let is_full =
            |list: List| after.contains(list) && !before.contains(list) && self.held(list) >= self.limits.most(list);
        if [List::Forward, List::Allow].into_iter().any(is_full) { Err(Refusal::ListFull) } else { Ok(()) }
    }

    fn change(
        &mut self,
        moment: &Moment,
        contact: Contact,
        before: Lists,
        intended: Vec<(Passport, ContactIntent)>,
        effects: &mut Vec<Effect>,
    ) {
        let passport = contact.passport.clone();
        let mut changes = lists::changes_of(&contact);
        changes.push(self.list_moves(moment));
        changes.extend(lists::orders(&intended));
        effects.push(Effect::Keep(changes));
        effects.push(Effect::Granted(Ok(())));
        effects.extend(intended.into_iter().map(|(contact, _)| Effect::Outbox { contact }));
        let left = before.contains(List::Forward) && !contact.lists.contains(List::Forward);
        if let Some(session) = self.session.filter(|_| left) {
            effects.push(Effect::Tell { session, event: Event::Departed(contact.guid) });
        }
        self.hold(contact);
        self.show_entry(&passport, before, effects);
        self.share(effects);
    }
}
