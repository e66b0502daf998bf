//! The five lists: who is added, removed, allowed, blocked.

use super::{Account, Answer, Change, ContactIntent, Effect, Event, Query, Refusal, Resolution, SessionId, Who};
use crate::{
    Contact, Guid, List, Lists, Moment, Passport, Telephone,
    contact::{LONGEST_CONTACT_NAME, RemoteIdentity},
    presence::Sighting,
};

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
        if !self.allowances.additions.take(moment.instant) {
            return Err(Refusal::TooFast);
        }
        if group.is_some_and(|group| !self.groups.iter().any(|known| known.guid == group)) {
            return Err(Refusal::NoSuchGroup);
        }
        if name.as_ref().is_some_and(|name| name.len() > LONGEST_CONTACT_NAME) {
            return Err(Refusal::UnfitValue);
        }
        let passport = match who {
            Who::Passport(passport) => passport,
            Who::Guid(guid) => self.whole(guid).ok_or(Refusal::NoSuchPerson)?.passport.clone(),
        };
        if passport == self.passport {
            return Err(Refusal::Oneself);
        }
        match list {
            // A client moves somebody from pending to reverse when its user has answered; the answer itself has done so.
            List::Reverse => {
                let contact = self.entry(&passport).filter(|contact| contact.lists.watches());
                let contact = contact.ok_or(Refusal::NotOnList)?;
                return Ok(Some(Answer::Added { list, contact: Box::new(contact.clone()), group: None }));
            }
            List::Pending => return Err(Refusal::NotYours),
            List::Forward | List::Allow | List::Block => {}
        }
        let known = self.entry(&passport).cloned();
        // A telephone is what its number says: there is nobody to ask.
        let known = known.or_else(|| passport.is_telephone().then(|| fresh(moment, passport.clone(), None, None)));
        if let Some(contact) = known {
            return self.enter(moment, (session, tag), contact, (list, name, group), effects).map(|()| None);
        }
        // Every question that is out may become an entry.
        let asked = self.queries.values().filter(|query| query.list == list).count();
        if self.held(list) + asked >= self.limits.most(list) {
            return Err(Refusal::ListFull);
        }
        if self.queries.len() >= MOST_QUERIES {
            return Err(Refusal::TooFast);
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
        let contact = match outcome {
            Resolution::Account { name } => Ok(fresh(moment, query.passport, Some(name), None)),
            Resolution::Remote { passport, name, identity } => Ok(fresh(moment, passport, Some(name), Some(identity))),
            Resolution::Nobody => Err(Refusal::NoSuchPerson),
            Resolution::Unknown => Err(Refusal::Unavailable),
        };
        let entered = contact.and_then(|contact| {
            // Asked twice at once, or known under the address it was really allotted.
            let contact = self.entry(&contact.passport).cloned().unwrap_or(contact);
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
        if !before.contains(list) && self.held(list) >= self.limits.most(list) {
            return Err(Refusal::ListFull);
        }
        let known = contact.clone();
        contact.stand_on(before.with(list));
        if list == List::Forward {
            // Clients send the address where they know no name; that says nothing. People of other networks go by the name that
            // they have there.
            if let Some(name) = name.filter(|name| !name.trim().is_empty() && *name != contact.passport.as_str())
                && contact.remote.is_none()
            {
                contact.name = name;
            }
            if let Some(group) = group
                && !contact.groups.contains(&group)
            {
                contact.groups.push(group);
            }
        }
        let mut changes = changes_of(&contact);
        changes.push(self.list_moves(moment));
        let newly_forward = list == List::Forward && !before.contains(List::Forward);
        if newly_forward && contact.is_account() {
            changes.push(Change::Mirror {
                of: contact.passport.clone(),
                listed: true,
                guid: Guid::of_chance(moment.chance.rotate_left(64)),
                most: self.limits.admirers,
            });
        }
        let intended = intended(&known, &contact);
        changes.extend(orders(&intended));
        effects.push(Effect::Keep(changes));
        if newly_forward && contact.is_account() {
            effects.push(Effect::Mirror { to: contact.passport.clone(), listed: true });
        }
        effects.extend(intended.into_iter().map(|(contact, _)| Effect::Outbox { contact }));
        self.contacts.insert(contact.passport.clone(), contact.clone());
        // A client takes no presence of somebody it does not know to be on its list: the answer comes first.
        let passport = contact.passport.clone();
        effects.push(Effect::Answer {
            session,
            tag,
            answer: Answer::Added { list, contact: Box::new(contact.clone()), group },
        });
        if newly_forward
            && let Some(presence) = self.appearance(&contact)
            && self.greeted
        {
            let sighting = Sighting { contact: passport, presence: Some(presence) };
            effects.push(Effect::Tell { session, event: Event::Seen(sighting) });
        }
        if self.session != Some(session) {
            // It was done on a page: the client has not put it there.
            self.show_entry(&contact.passport, before, effects);
        }
        if newly_forward && contact.is_account() {
            effects.push(Effect::Inquire { of: contact.passport.clone() });
        }
        self.inform(&contact, before, effects);
        self.share(effects);
        Ok(())
    }

    /// How many stand on a list.
    pub(super) fn held(&self, list: List) -> usize {
        self.contacts.values().filter(|contact| contact.lists.contains(list)).count()
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
        if let Some(merged) = self.merged(who) {
            // A client that has not read its list since still shows them as an entry of their own: that one goes, as the list has it.
            let (passport, guid) = (merged.passport.clone(), merged.guid);
            return Ok(Some(Answer::Removed { list, passport, guid, group }));
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
        } else if list == List::Forward && !before.contains(List::Forward) {
            return Err(Refusal::NotOnList);
        } else {
            contact.stand_on(before.without(list));
        }
        let answer = Answer::Removed { list, passport: contact.passport.clone(), guid: contact.guid, group };
        let mut changes = changes_of(&contact);
        changes.push(self.list_moves(moment));
        let no_longer_forward = before.contains(List::Forward) && !contact.lists.contains(List::Forward);
        let mirrors = no_longer_forward && contact.is_account();
        if mirrors {
            let (of, guid, most) = (contact.passport.clone(), contact.guid, self.limits.admirers);
            changes.push(Change::Mirror { of, listed: false, guid, most });
        }
        let unfriended = if no_longer_forward { unfriended(&contact) } else { Vec::new() };
        changes.extend(orders(&unfriended));
        effects.push(Effect::Keep(changes));
        if mirrors {
            effects.push(Effect::Mirror { to: contact.passport.clone(), listed: false });
        }
        effects.extend(unfriended.into_iter().map(|(contact, _)| Effect::Outbox { contact }));
        if before.contains(List::Block) && list == List::Block && self.is_visible() {
            // Somebody who was blocked may have something waiting.
            effects.push(Effect::Reachable);
        }
        self.inform(&contact, before, effects);
        if no_longer_forward {
            // What the contact shows of itself from now on is for those who have it on their list.
            self.contact_properties.retain(|known| known.contact != contact.passport);
        }
        self.hold(contact);
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
        let mut entry = self.whole(contact).cloned().ok_or(Refusal::NoSuchPerson)?;
        if value.len() > LONGEST_CONTACT_NAME {
            return Err(Refusal::UnfitValue);
        }
        // People of other networks go by the name that they have there: clients only repeat it.
        if key == "MFN" && entry.name != value && entry.remote.is_none() {
            entry.name.clone_from(&value);
            effects.push(Effect::Keep(vec![Change::Contact(entry.clone()), self.list_moves(moment)]));
            self.contacts.insert(entry.passport.clone(), entry);
        }
        Ok(Some(Answer::ContactChanged { contact, key, value }))
    }

    /// A contact's network calls it by another name now.
    pub(super) fn renamed(&mut self, moment: &Moment, contact: &Passport, name: String, effects: &mut Vec<Effect>) {
        let known = self.identity_mut(contact).filter(|known| known.remote.is_some() && known.name != name);
        let Some(known) = known else { return };
        known.name = name;
        effects.push(Effect::Keep(vec![self.list_moves(moment)]));
    }

    /// Whether a telephone number is somebody's here. Counted like an addition, so that nobody learns all numbers by asking.
    pub(super) fn look_up(
        &mut self,
        moment: &Moment,
        (session, tag): (SessionId, u32),
        telephone: Telephone,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, Refusal> {
        if !self.allowances.additions.take(moment.instant) {
            return Err(Refusal::TooFast);
        }
        effects.push(Effect::LookUp { session, tag, telephone });
        Ok(None)
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
        let known = self.contacts.get(by).cloned();
        let mut contact = known.unwrap_or_else(|| fresh(moment, by.clone(), Some(name.clone()), None));
        contact.lists = if listed { contact.lists.with(List::Reverse) } else { contact.lists.without(List::Reverse) };
        if contact.lists.is_empty() {
            self.contacts.remove(by);
        } else {
            self.contacts.insert(by.clone(), contact.clone());
        }
        self.list_moves(moment);
        let event = if listed {
            Event::AddedBy { passport: by.clone(), name }
        } else {
            Event::RemovedBy { passport: by.clone() }
        };
        effects.extend(self.session.map(|session| Effect::Tell { session, event }));
        if listed {
            self.introduce(&contact, effects);
        }
        self.share(effects);
    }

    /// The store has changed an entry on its own: an invitation, a friend, a withdrawal.
    pub(super) fn entered(&mut self, moment: &Moment, mut contact: Contact, effects: &mut Vec<Effect>) {
        if !self.contacts.contains_key(&contact.passport) && self.entry(&contact.passport).is_some() {
            // It is shown as another entry, on whose lists it stands.
            return;
        }
        // The owner may have removed a group since the store was read.
        contact.groups.retain(|group| self.groups.iter().any(|known| known.guid == *group));
        let lists_before = self.contacts.get(&contact.passport).map_or(Lists::NONE, |known| known.lists);
        let before = lists_before.watches();
        let after = contact.lists.watches();
        let (passport, name) = (contact.passport.clone(), contact.name.clone());
        if let Some(known) = self.contacts.get_mut(&passport) {
            // The owner may have changed the entry since the store was read.
            known.lists = known.lists.merged(contact.lists);
            if known.groups.is_empty() && !lists_before.contains(List::Forward) {
                known.groups = contact.groups;
            }
            if known.lists.is_empty() {
                self.contacts.remove(&passport);
            }
        } else if !contact.lists.is_empty() {
            self.contacts.insert(passport.clone(), contact);
        }
        self.list_moves(moment);
        self.show_entry(&passport, lists_before, effects);
        let event = match (before, after) {
            (false, true) => Event::AddedBy { passport, name },
            (true, false) => Event::RemovedBy { passport },
            (true, true) | (false, false) => return,
        };
        effects.extend(self.session.map(|session| Effect::Tell { session, event }));
    }

    /// The contact with that id. Clients learn the ids of the forward list alone.
    pub(super) fn named(&self, guid: Guid) -> Option<&Contact> {
        self.contacts.values().find(|contact| contact.guid == guid && contact.lists.contains(List::Forward))
    }

    /// The list has changed. Its time grows even when the clock does not.
    pub(super) fn list_moves(&mut self, moment: &Moment) -> Change {
        self.list_changed = moment.wall.max(crate::Timestamp(self.list_changed.0 + 1));
        Change::ListChanged(self.list_changed)
    }
}

/// An entry that stands on no list yet. Without a name it goes by its address, a telephone by its number.
pub(super) fn fresh(
    moment: &Moment,
    passport: Passport,
    name: Option<String>,
    remote: Option<RemoteIdentity>,
) -> Contact {
    let name = name.unwrap_or_else(|| passport.as_str().trim_start_matches("tel:").to_owned());
    let (guid, groups, merged) = (Guid::of_chance(moment.chance), Vec::new(), Vec::new());
    Contact { guid, passport, lists: Lists::NONE, name, groups, remote, merged, spoken: None }
}

/// How an entry is kept as it is now, with those merged into it: as long as the owner has it on a list.
pub(super) fn changes_of(contact: &Contact) -> Vec<Change> {
    let mut changes: Vec<Change> = contact.identities().cloned().map(Change::Contact).collect();
    if contact.lists.is_unwanted() {
        changes.extend(contact.merged.iter().map(|merged| Change::Split { contact: merged.passport.clone() }));
    }
    changes
}

/// What the change of an entry's lists means to its networks.
pub(super) fn intended(before: &Contact, after: &Contact) -> Vec<(Passport, ContactIntent)> {
    let identities = before.identities().zip(after.identities()).filter(|(_, after)| after.remote.is_some());
    let each =
        identities.filter_map(|(before, after)| Some((after.passport.clone(), intent(before.lists, after.lists)?)));
    each.collect()
}

/// What the networks of an entry that was taken off the contact list are to do.
pub(super) fn unfriended(contact: &Contact) -> Vec<(Passport, ContactIntent)> {
    let remote = contact.identities().filter(|identity| identity.remote.is_some());
    remote.map(|identity| (identity.passport.clone(), ContactIntent::Unfriend)).collect()
}

pub(super) fn orders(intended: &[(Passport, ContactIntent)]) -> impl Iterator<Item = Change> {
    intended.iter().map(|(contact, intent)| Change::Order { contact: contact.clone(), intent: *intent })
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
