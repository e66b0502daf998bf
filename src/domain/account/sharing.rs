//! What of an account is shown to whom.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Account, Answer, Effect, Event, List, Own, PictureObject, SessionId};
use crate::{
    Contact, Passport, Presence, Status,
    contact::RemoteTarget,
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
            for contact in self.contacts.values().filter(|contact| contact.is_account() && contact.lists.watches()) {
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
            // Whoever signs out keeps their picture.
            picture: self.picture.clone(),
        };
        if let Some(presence) = &self.shared
            && self.pictured.as_ref().is_none_or(|pictured| pictured.0 != presence.object)
        {
            let object = presence.object.clone();
            self.pictured = Some(PictureObject(object.clone()));
            effects.push(Effect::Picture { object, through: self.go_between() });
        }
        if self.shown.as_ref() != Some(&outward) {
            self.shown = Some(outward.clone());
            effects.push(Effect::Show(outward));
        }
    }

    /// Somebody of another network who may ask this account's client for something.
    fn go_between(&self) -> Option<Passport> {
        let may_ask = |contact: &&Contact| {
            contact.lists.contains(List::Forward)
                && may_see(self.privacy, contact.lists)
                && contact.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Person(_)))
        };
        self.contacts.values().find(may_ask).map(|contact| contact.passport.clone())
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
                let sighting =
                    Sighting { contact: contact.passport.clone(), presence: Some(self.appearance(contact)?) };
                Some(Effect::Tell { session, event: Event::Initial { tag, sighting } })
            }));
        }
        self.share(effects);
        if self.is_visible() {
            // Whoever changes their status is at the keyboard: what was rung in vain may ring again.
            effects.push(Effect::Reachable);
        }
    }
}
