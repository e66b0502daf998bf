//! What of an account is shown to whom.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Account, Answer, ContactProperty, Effect, Event, List, Own, SessionId};
use crate::{
    Presence, Status,
    policy::may_see,
    presence::{OwnPresence, Sighting},
};

impl Account {
    /// Whether the client has said that others may see it.
    pub(super) fn is_visible(&self) -> bool {
        self.greeted && self.own.as_ref().is_some_and(|own| own.status.is_visible())
    }

    /// Brings every watcher, here and on the networks, up to what they may see now. Called after anything that could have
    /// changed it; who sees the right thing already is left alone.
    pub(super) fn share(&mut self, effects: &mut Vec<Effect>) {
        let presence = match (self.presence(), self.shared.take()) {
            (Some(now), Some(before)) if now == *before => Some((before, true)),
            (now, _) => now.map(|now| (Arc::new(now), false)),
        };
        let mut watchers = HashSet::new();
        if let Some((presence, unchanged)) = &presence {
            for contact in self.contacts.values().filter(|contact| contact.remote.is_none() && contact.lists.watches())
            {
                if !may_see(self.privacy, contact.lists) {
                    continue;
                }
                let watcher = contact.passport.clone();
                if !(*unchanged && self.published.contains(&watcher)) {
                    let presence = Some(Arc::clone(presence));
                    effects.push(Effect::Publish { to: watcher.clone(), presence });
                }
                watchers.insert(watcher);
            }
        }
        let gone = self.published.iter().filter(|watcher| !watchers.contains(*watcher));
        effects.extend(gone.map(|watcher| Effect::Publish { to: watcher.clone(), presence: None }));
        self.published = watchers;
        self.shared = presence.map(|(presence, _)| presence);

        let outward = OwnPresence {
            status: self.shared.as_ref().map_or(Status::Offline, |presence| presence.status),
            name: self.name.clone(),
            // Hidden and signed out look the same: a new line under the name would give the hidden away.
            personal_message: self.shared.as_ref().map(|shared| shared.personal_message.clone()).unwrap_or_default(),
        };
        if self.shown.as_ref() != Some(&outward) {
            self.shown = Some(outward.clone());
            effects.push(Effect::Show(outward));
        }
    }

    /// What others see; `None` is offline.
    fn presence(&self) -> Option<Presence> {
        let own = self.own.as_ref().filter(|own| self.session.is_some() && own.status.is_visible())?;
        Some(Presence {
            status: own.status,
            name: self.name.as_str().into(),
            capabilities: own.capabilities,
            object: own.object.clone(),
            personal_message: self.personal_message.clone(),
        })
    }

    pub(super) fn change_status(&mut self, session: SessionId, tag: u32, own: Own, effects: &mut Vec<Effect>) {
        let first = !std::mem::replace(&mut self.greeted, true);
        effects.push(Effect::Answer {
            session,
            tag,
            answer: Answer::Status { status: own.status, capabilities: own.capabilities, object: own.object.clone() },
        });
        self.own = Some(own);
        if first {
            let sightings = self.contacts.values().filter(|contact| contact.lists.contains(List::Forward));
            effects.extend(sightings.filter_map(|contact| {
                let presence = self.seen.get(&contact.passport)?;
                let sighting = Sighting { contact: contact.passport.clone(), presence: Some(Arc::clone(presence)) };
                Some(Effect::Tell { session, event: Event::Initial { tag, sighting } })
            }));
        }
        self.share(effects);
        if self.is_visible() {
            // Whoever changes their status is at the keyboard: what was rung in vain may ring again.
            effects.push(Effect::Reachable);
        }
    }

    /// Shows a property to everybody here who watches and is allowed by name: a phone number is not for whoever is merely not
    /// blocked.
    pub(super) fn share_property(&self, key: &str, value: Option<&String>, effects: &mut Vec<Effect>) {
        let local = self.contacts.values().filter(|contact| contact.remote.is_none());
        let watchers = local.filter(|contact| contact.lists.watches() && contact.lists.contains(List::Allow));
        effects.extend(watchers.map(|contact| Effect::PublishProperty {
            to: contact.passport.clone(),
            key: key.to_owned(),
            value: value.cloned(),
        }));
    }

    pub(super) fn showed(&mut self, property: ContactProperty, effects: &mut Vec<Effect>) {
        let same = |known: &ContactProperty| known.contact == property.contact && known.key == property.key;
        self.contact_properties.retain(|known| !same(known));
        if property.value.is_some() {
            self.contact_properties.push(property.clone());
        }
        let on_list = self.contacts.get(&property.contact).is_some_and(|contact| contact.lists.contains(List::Forward));
        if let Some(session) = self.session.filter(|_| on_list) {
            effects.push(Effect::Tell { session, event: Event::Property(property) });
        }
    }
}
