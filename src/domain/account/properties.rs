//! What an account says of itself beside its presence: its name, phone numbers, whether it can be paged.
//!
//! The keys are those of MSN's `PRP` and `BPR` (`MSNPiki`): `MFN` the friendly name; `PHH`, `PHW` and `PHM` the phones at home, at
//! work and in the pocket; `MOB` whether contacts may page it, `MBE` whether it has a mobile device at all; `WWE` its web watch;
//! `HSB` whether it has a blog.

use super::{Account, Answer, Change, ContactProperty, Effect, Event, List, Refusal};
use crate::{Contact, Lists, Moment, Passport, Timestamp};

/// What contacts are shown. `MBE` concerns the account's own clients alone.
const SHOWN: [&str; 6] = ["PHH", "PHW", "PHM", "MOB", "WWE", "HSB"];

impl Account {
    pub(super) fn change_property(
        &mut self,
        moment: &Moment,
        key: String,
        value: Option<String>,
        effects: &mut Vec<Effect>,
    ) -> Result<Answer, Refusal> {
        let change = if key == "MFN" {
            self.rename(moment, value.clone())?
        } else {
            judge(&key, value.as_deref())?;
            match &value {
                Some(value) => self.properties.insert(key.clone(), value.clone()),
                None => self.properties.remove(&key),
            };
            Change::Property { key: key.clone(), value: value.clone() }
        };
        effects.push(Effect::Keep(vec![change, self.settings_move(moment)]));
        if SHOWN.contains(&key.as_str()) {
            let informed = self.contacts.values().filter(|contact| contact.is_account() && is_informed(contact.lists));
            effects.extend(informed.map(|contact| publish(&contact.passport, &key, value.as_ref())));
        }
        Ok(Answer::Property { key, value })
    }

    /// Without a name an account goes by its address.
    fn rename(&mut self, moment: &Moment, name: Option<String>) -> Result<Change, Refusal> {
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| self.passport.to_string());
        if name.trim().is_empty() {
            return Err(Refusal::UnfitName);
        }
        // Clients repeat their name whenever they sign in.
        if name != self.name && !self.allowances.renames.take(moment.instant) {
            return Err(Refusal::TooFast);
        }
        self.name.clone_from(&name);
        Ok(Change::Name(name))
    }

    /// The settings have changed. Their time grows even when the clock does not.
    pub(super) fn settings_move(&mut self, moment: &Moment) -> Change {
        self.settings_changed = moment.wall.max(Timestamp(self.settings_changed.0 + 1));
        Change::SettingsChanged(self.settings_changed)
    }

    /// Shows a contact everything, or takes everything back, when the change of its lists asks for it.
    pub(super) fn inform(&self, contact: &Contact, before: Lists, effects: &mut Vec<Effect>) {
        let informed = is_informed(contact.lists);
        if !contact.is_account() || is_informed(before) == informed {
            return;
        }
        let shown = self.properties.iter().filter(|(key, _)| SHOWN.contains(&key.as_str()));
        effects.extend(shown.map(|(key, value)| publish(&contact.passport, key, Some(value).filter(|_| informed))));
    }

    /// Says all that there is to a contact that has just put this account on its list. It may have read what was shown before it
    /// was blocked, or before something was unset, so that it is told as well what it is not shown.
    pub(super) fn introduce(&self, contact: &Contact, effects: &mut Vec<Effect>) {
        if !contact.is_account() {
            return;
        }
        let informed = is_informed(contact.lists);
        let value = |key| self.properties.get(key).filter(|_| informed);
        effects.extend(SHOWN.into_iter().map(|key| publish(&contact.passport, key, value(key))));
    }

    /// The account is no more, and so is what it showed.
    pub(super) fn withdraw_properties(&mut self, effects: &mut Vec<Effect>) {
        for contact in self.contacts.values().filter(|contact| contact.is_account() && is_informed(contact.lists)) {
            let shown = self.properties.keys().filter(|key| SHOWN.contains(&key.as_str()));
            effects.extend(shown.map(|key| publish(&contact.passport, key, None)));
        }
        self.properties.clear();
    }

    /// A contact shows another value of one of its properties.
    pub(super) fn showed(&mut self, property: ContactProperty, effects: &mut Vec<Effect>) {
        let on_list = self.contacts.get(&property.contact).is_some_and(|contact| contact.lists.contains(List::Forward));
        let place = self
            .contact_properties
            .iter()
            .position(|known| known.contact == property.contact && known.key == property.key);
        let known = place.and_then(|place| self.contact_properties.get(place)).and_then(|known| known.value.as_ref());
        if !on_list || known == property.value.as_ref() {
            return;
        }
        place.map(|place| self.contact_properties.remove(place));
        if property.value.is_some() {
            self.contact_properties.push(property.clone());
        }
        effects.extend(self.session.map(|session| Effect::Tell { session, event: Event::Property(property) }));
    }
}

/// A phone number is not for whoever is merely not blocked: only for those who watch, and are allowed by name.
const fn is_informed(lists: Lists) -> bool {
    lists.watches() && lists.contains(List::Allow)
}

fn publish(to: &Passport, key: &str, value: Option<&String>) -> Effect {
    Effect::PublishProperty { to: to.clone(), key: key.to_owned(), value: value.cloned() }
}

/// Whether there is such a property, and it may have that value.
fn judge(key: &str, value: Option<&str>) -> Result<(), Refusal> {
    let values: &[&str] = match key {
        "PHH" | "PHW" | "PHM" => return Ok(()),
        "MOB" | "MBE" => &["Y", "N"],
        "HSB" => &["0", "1"],
        "WWE" => &["0", "1", "2"],
        _ => return Err(Refusal::NoSuchProperty),
    };
    if value.is_none_or(|value| values.contains(&value)) { Ok(()) } else { Err(Refusal::UnfitValue) }
}
