//! The list while networks come and go: whoever is signed in sees their people come and go as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Account, Effect, Event, Record};
use crate::{Contact, List, Lists, Passport, Presence, presence::Sighting};

/// Entries of the list, and what was seen of them.
type Entries = BTreeMap<Passport, (Contact, Option<Arc<Presence>>)>;

impl Account {
    /// Takes the list as it is kept now, and tells the client what came and what went.
    pub(super) fn reread(&mut self, record: Record, come: bool, effects: &mut Vec<Effect>) {
        let Self { contacts, groups, .. } = Self::new(record, self.limits);
        let before: Entries = self.contacts.values().map(|contact| self.with_appearance(contact)).collect();
        self.contacts = contacts;
        self.groups = groups;
        for (passport, (contact, seen)) in &before {
            if !self.contacts.contains_key(passport) {
                self.tell_gone(contact, seen.as_ref(), effects);
            }
        }
        for (passport, contact) in &self.contacts {
            let known = before.get(passport);
            self.tell_come(contact, known.map_or(Lists::NONE, |(known, _)| known.lists), effects);
            effects.extend(self.change_of_appearance(contact, known.and_then(|(_, seen)| seen.as_ref())));
        }
        if come {
            self.shown = None;
        }
        self.share(effects);
        if come && self.is_visible() {
            effects.push(Effect::Reachable);
        }
    }

    fn with_appearance(&self, contact: &Contact) -> (Passport, (Contact, Option<Arc<Presence>>)) {
        (contact.passport.clone(), (contact.clone(), self.appearance(contact)))
    }

    /// A client that keeps the entry until it reads its list again must show nobody there who could be written to.
    fn tell_gone(&self, contact: &Contact, seen: Option<&Arc<Presence>>, effects: &mut Vec<Effect>) {
        let Some(session) = self.session else { return };
        let mut tell = |event| effects.push(Effect::Tell { session, event });
        if contact.lists.contains(List::Forward) {
            if seen.is_some() && self.greeted {
                tell(Event::Seen(Sighting { contact: contact.passport.clone(), presence: None }));
            }
            tell(Event::Departed(contact.guid));
        }
        if contact.lists.watches() {
            tell(Event::RemovedBy { passport: contact.passport.clone() });
        }
    }

    fn tell_come(&self, contact: &Contact, before: Lists, effects: &mut Vec<Effect>) {
        self.show_entry(&contact.passport, before, effects);
        if let Some(session) = self.session.filter(|_| contact.lists.watches() && !before.watches()) {
            let event = Event::AddedBy { passport: contact.passport.clone(), name: contact.name.clone() };
            effects.push(Effect::Tell { session, event });
        }
    }
}
