//! The five lists: who is added, removed, allowed, blocked.

use super::{Account, Answer, Change, ContactIntent, Effect, Event, Query, Refusal, Resolution, SessionId, Who};
use crate::{Contact, Guid, List, Lists, Moment, Passport, contact::RemoteIdentity, presence::Sighting};

/// How many questions about addresses one client may have out.
const MOST_QUERIES: usize = 64;

impl Account {
    /// `Ok(None)` when the answer comes later, or has been given with its consequences.
    pub(super) fn add(
        &mut self,
        moment: &Moment,
        session: SessionId,
        tag: u32,
        (list, who, name, group): (List, Who, Option<String>, Option<Guid>),
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        if group.is_some_and(|group| !self.groups.iter().any(|known| known.guid == group)) {
            return Err(Refusal::NoSuchGroup);
        }
        let passport = match who {
            Who::Passport(passport) => passport,
            Who::Guid(guid) => self.named(guid).ok_or(Refusal::NoSuchPerson)?.passport.clone(),
        };
        if passport == self.passport {
            return Err(Refusal::Oneself);
        }
        match list {
            // A client moves somebody from pending to reverse when its user has answered; the answer itself has done so.
            List::Reverse => {
                let contact = self.contacts.get(&passport).filter(|contact| contact.lists.watches());
                let contact = contact.ok_or(Refusal::NotOnList)?;
                return Ok(Some(Answer::Added { list, contact: Box::new(contact.clone()), group: None }));
            }
            List::Pending => return Err(Refusal::NotYours),
            List::Forward | List::Allow | List::Block => {}
        }
        if let Some(contact) = self.contacts.get(&passport) {
            let contact = contact.clone();
            return self.enter(moment, (session, tag), contact, (list, name, group), effects).map(|()| None);
        }
        // Every question that is out may become an entry.
        if self.contacts.len() + self.queries.len() >= self.limits.entries {
            return Err(Refusal::ListFull);
        }
        if self.queries.len() >= MOST_QUERIES {
            return Err(Refusal::Unavailable);
        }
        let query = self.next_query;
        self.next_query = self.next_query.wrapping_add(1);
        effects.push(Effect::Resolve { query, passport: passport.clone() });
        self.queries.insert(query, Query { session, tag, list, passport, name, group });
        Ok(None)
    }

    /// An address is known now: finish the addition that waited for it.
    pub(super) fn resolved(&mut self, moment: &Moment, query: u32, outcome: Resolution, effects: &mut Vec<Effect>) {
        let Some(query) = self.queries.remove(&query) else { return };
        let (session, tag) = (query.session, query.tag);
        let fresh = |passport: Passport, name: String, remote: Option<RemoteIdentity>| Contact {
            guid: Guid::of_chance(moment.chance),
            passport,
            lists: Lists::NONE,
            name,
            groups: Vec::new(),
            remote,
        };
        let contact = match outcome {
            Resolution::Account { name } => Ok(fresh(query.passport, name, None)),
            Resolution::Remote { passport, name, identity } => Ok(fresh(passport, name, Some(identity))),
            Resolution::Nobody => Err(Refusal::NoSuchPerson),
            Resolution::Unknown => Err(Refusal::Unavailable),
        };
        let entered = contact.and_then(|contact| {
            // Asked twice at once, or known under the address it was really allotted.
            let contact = self.contacts.get(&contact.passport).cloned().unwrap_or(contact);
            // The group may have gone meanwhile.
            let group = query.group.filter(|group| self.groups.iter().any(|known| known.guid == *group));
            self.enter(moment, (session, tag), contact, (query.list, query.name, group), effects)
        });
        if let Err(refusal) = entered {
            effects.push(Effect::Answer { session, tag, answer: Answer::Refused(refusal) });
        }
    }

    /// Puts `contact` on a list and answers the client; then whatever follows from it.
    fn enter(
        &mut self,
        moment: &Moment,
        (session, tag): (SessionId, u32),
        mut contact: Contact,
        (list, name, group): (List, Option<String>, Option<Guid>),
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let before = contact.lists;
        let forward = self.contacts.values().filter(|contact| contact.lists.contains(List::Forward)).count();
        if list == List::Forward && !before.contains(List::Forward) && forward >= self.limits.contacts {
            return Err(Refusal::ListFull);
        }
        contact.lists = before.with(list);
        if list == List::Forward {
            // Clients send the address where they know no name; that says nothing.
            if let Some(name) = name.filter(|name| !name.is_empty() && *name != contact.passport.as_str()) {
                contact.name = name;
            }
            if let Some(group) = group
                && !contact.groups.contains(&group)
            {
                contact.groups.push(group);
            }
        }
        let mut changes = vec![Change::Contact(contact.clone()), self.list_moves(moment)];
        let newly_forward = list == List::Forward && !before.contains(List::Forward);
        if newly_forward && contact.remote.is_none() {
            changes.push(Change::Mirror {
                of: contact.passport.clone(),
                listed: true,
                guid: Guid::of_chance(moment.chance.rotate_left(64)),
            });
        }
        let intent = contact.remote.as_ref().and_then(|_| intent(before, contact.lists));
        changes.extend(intent.map(|intent| Change::Order { contact: contact.passport.clone(), intent }));
        effects.push(Effect::Keep(changes));
        if newly_forward && contact.remote.is_none() {
            effects.push(Effect::Mirror { to: contact.passport.clone(), listed: true });
        }
        effects.extend(intent.map(|_| Effect::Outbox { contact: contact.passport.clone() }));
        self.contacts.insert(contact.passport.clone(), contact.clone());
        // A client takes no presence of somebody it does not know to be on its list: the answer comes first.
        let passport = contact.passport.clone();
        effects.push(Effect::Answer {
            session,
            tag,
            answer: Answer::Added { list, contact: Box::new(contact), group },
        });
        if newly_forward
            && let Some(presence) = self.seen.get(&passport)
            && self.greeted
        {
            let sighting = Sighting { contact: passport, presence: Some(presence.clone()) };
            effects.push(Effect::Tell { session, event: Event::Seen(sighting) });
        }
        self.share(effects);
        Ok(())
    }

    pub(super) fn remove(
        &mut self,
        moment: &Moment,
        list: List,
        who: &Who,
        group: Option<Guid>,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        if list == List::Reverse {
            return Err(Refusal::NotYours);
        }
        let known = match who {
            Who::Passport(passport) => self.contacts.get(passport),
            Who::Guid(guid) => self.named(*guid),
        };
        let Some(mut contact) = known.cloned() else {
            return match (list, who) {
                // Whoever is taken off a list they are not on is off it: clients differ in the order in which they block, and some
                // disconnect at any error.
                (List::Allow | List::Block | List::Pending, Who::Passport(passport)) => Ok(Some(Answer::Removed {
                    list,
                    passport: passport.clone(),
                    guid: Guid::of_chance(moment.chance),
                    group: None,
                })),
                (List::Forward | List::Reverse, _) | (_, Who::Guid(_)) => Err(Refusal::NotOnList),
            };
        };
        let before = contact.lists;
        if let Some(group) = group {
            if !self.groups.iter().any(|known| known.guid == group) {
                return Err(Refusal::NoSuchGroup);
            }
            if !contact.groups.contains(&group) {
                return Err(Refusal::NotInGroup);
            }
            contact.groups.retain(|known| *known != group);
        } else if list == List::Forward {
            if !before.contains(List::Forward) {
                return Err(Refusal::NotOnList);
            }
            contact.lists = before.without(list);
            contact.groups.clear();
        } else {
            contact.lists = before.without(list);
        }
        let answer = Answer::Removed { list, passport: contact.passport.clone(), guid: contact.guid, group };
        let mut changes = vec![Change::Contact(contact.clone()), self.list_moves(moment)];
        let no_longer_forward = before.contains(List::Forward) && !contact.lists.contains(List::Forward);
        let mirrors = no_longer_forward && contact.remote.is_none();
        if mirrors {
            changes.push(Change::Mirror { of: contact.passport.clone(), listed: false, guid: contact.guid });
        }
        let unfriends = no_longer_forward && contact.remote.is_some();
        if unfriends {
            changes.push(Change::Order { contact: contact.passport.clone(), intent: ContactIntent::Unfriend });
        }
        effects.push(Effect::Keep(changes));
        if mirrors {
            effects.push(Effect::Mirror { to: contact.passport.clone(), listed: false });
        }
        if unfriends {
            effects.push(Effect::Outbox { contact: contact.passport.clone() });
        }
        if before.contains(List::Block) && list == List::Block && self.is_visible() {
            // Somebody who was blocked may have something waiting.
            effects.push(Effect::Reachable);
        }
        if contact.lists.is_empty() {
            self.contacts.remove(&contact.passport);
        } else {
            self.contacts.insert(contact.passport.clone(), contact);
        }
        Ok(Some(answer))
    }

    pub(super) fn change_contact(
        &mut self,
        moment: &Moment,
        contact: Guid,
        key: String,
        value: String,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        let mut entry = self.named(contact).cloned().ok_or(Refusal::NoSuchPerson)?;
        if key == "MFN" && entry.name != value {
            entry.name.clone_from(&value);
            effects.push(Effect::Keep(vec![Change::Contact(entry.clone()), self.list_moves(moment)]));
            self.contacts.insert(entry.passport.clone(), entry);
        }
        Ok(Some(Answer::ContactChanged { contact, key, value }))
    }

    /// Another account of this server has added this one, or removed it.
    pub(super) fn listed(
        &mut self,
        moment: &Moment,
        by: &Passport,
        name: String,
        listed: bool,
        effects: &mut Vec<Effect>,
    ) {
        let known = self.contacts.get(by).is_some_and(|contact| contact.lists.watches());
        if known == listed {
            return;
        }
        if listed {
            let contact = self.contacts.entry(by.clone()).or_insert_with(|| Contact {
                passport: by.clone(),
                guid: Guid::of_chance(moment.chance),
                lists: Lists::NONE,
                name: name.clone(),
                groups: Vec::new(),
                remote: None,
            });
            contact.lists = contact.lists.with(List::Reverse);
        } else if let Some(contact) = self.contacts.get_mut(by) {
            contact.lists = contact.lists.without(List::Reverse);
            if contact.lists.is_empty() {
                self.contacts.remove(by);
            }
        }
        self.list_moves(moment);
        let event = if listed {
            Event::AddedBy { passport: by.clone(), name }
        } else {
            Event::RemovedBy { passport: by.clone() }
        };
        effects.extend(self.session.map(|session| Effect::Tell { session, event }));
        self.share(effects);
    }

    /// The store has changed an entry on its own: an invitation, a friend, a withdrawal.
    pub(super) fn entered(&mut self, moment: &Moment, contact: Contact, effects: &mut Vec<Effect>) {
        let before = self.contacts.get(&contact.passport).is_some_and(|known| known.lists.watches());
        let after = contact.lists.watches();
        let (passport, name) = (contact.passport.clone(), contact.name.clone());
        if let Some(known) = self.contacts.get_mut(&passport) {
            // The owner may have changed the entry since the store was read.
            known.lists = known.lists.merged(contact.lists);
            if known.lists.is_empty() {
                self.contacts.remove(&passport);
            }
        } else if !contact.lists.is_empty() {
            self.contacts.insert(passport.clone(), contact);
        }
        self.list_moves(moment);
        let event = match (before, after) {
            (false, true) => Event::AddedBy { passport, name },
            (true, false) => Event::RemovedBy { passport },
            (true, true) | (false, false) => return,
        };
        effects.extend(self.session.map(|session| Effect::Tell { session, event }));
    }

    fn named(&self, guid: Guid) -> Option<&Contact> {
        self.contacts.values().find(|contact| contact.guid == guid)
    }

    /// The list has changed. Its time grows even when the clock does not.
    pub(super) fn list_moves(&mut self, moment: &Moment) -> Change {
        self.list_changed = moment.wall.max(crate::Timestamp(self.list_changed.0 + 1));
        Change::ListChanged(self.list_changed)
    }
}

/// What the change of a remote person's lists means to their network.
fn intent(before: Lists, after: Lists) -> Option<ContactIntent> {
    let accepts = after.contains(List::Forward) || after.contains(List::Allow);
    match before.is_pending() {
        true if after.contains(List::Block) => Some(ContactIntent::TurnAway),
        true if accepts => Some(ContactIntent::Welcome),
        true | false if after.contains(List::Forward) && !before.contains(List::Forward) => {
            Some(ContactIntent::Befriend)
        }
        true | false => None,
    }
}
