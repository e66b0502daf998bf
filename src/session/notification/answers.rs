//! What the account says, as the client hears it.

use domain::{
    Moment, Presence, Timestamp,
    account::{Announcement, Answer, Event, Prompt, Snapshot},
    contact::{Contact, List},
    policy::Privacy,
    presence::Sighting,
};
use jiff::tz::{Offset, TimeZone};
use msnp::{
    dialect::Dialect,
    notification::{
        alert::Alert,
        server::{PresenceLine, ServerCommand},
    },
    personal_message::PersonalMessage,
    profile,
    status::Capabilities,
};

use super::{Notification, Phase, pages};
use crate::{Action, translation};

impl Notification {
    pub(super) fn answer(&mut self, moment: &Moment, tag: u32, answer: Answer, actions: &mut Vec<Action>) {
        let transaction = tag;
        let command = match answer {
            Answer::List(snapshot) => return self.list(transaction, *snapshot, actions),
            Answer::Status { status, capabilities, object } => {
                self.begin_greeting(moment);
                ServerCommand::Chg {
                    transaction,
                    status: translation::wire_status(status),
                    capabilities: Capabilities(capabilities),
                    object: object.as_deref().map(str::to_owned),
                }
            }
            Answer::PersonalMessage => ServerCommand::Uux { transaction },
            Answer::Added { contact, group: Some(group), .. } => {
                ServerCommand::AdcGroup { transaction, contact: contact.guid.to_string(), group: group.to_string() }
            }
            Answer::Added { list, contact, group: None } => {
                let forward = list == List::Forward;
                ServerCommand::Adc {
                    transaction,
                    list: translation::wire_list(list),
                    passport: contact.passport.to_string(),
                    name: forward.then(|| contact.name.clone()),
                    guid: forward.then(|| contact.guid.to_string()),
                }
            }
            Answer::Removed { list, passport, guid, group } => ServerCommand::Rem {
                transaction,
                list: translation::wire_list(list),
                target: if list == List::Forward { guid.to_string() } else { passport.to_string() },
                group: group.map(|group| group.to_string()),
            },
            Answer::GroupAdded(group) => {
                ServerCommand::Adg { transaction, name: group.name, guid: group.guid.to_string() }
            }
            Answer::GroupRemoved(guid) => ServerCommand::Rmg { transaction, guid: guid.to_string() },
            Answer::GroupRenamed(group) => {
                ServerCommand::Reg { transaction, guid: group.guid.to_string(), name: group.name }
            }
            Answer::ContactChanged { contact, key, value } => {
                ServerCommand::Sbp { transaction, contact: contact.to_string(), key, value }
            }
            Answer::Property { key, value } => ServerCommand::Prp { transaction: Some(transaction), key, value },
            Answer::Privacy(privacy) => {
                ServerCommand::Blp { transaction: Some(transaction), allow_unknown: privacy == Privacy::Everybody }
            }
            Answer::Prompt(prompt) => ServerCommand::Gtc { transaction: Some(transaction), ask: prompt == Prompt::Ask },
            Answer::Found(telephone) => ServerCommand::Lkp { transaction, telephone: telephone.to_string() },
            Answer::Switchboard { address, cookie } => {
                ServerCommand::XfrSwitchboard { transaction, address: address.to_string(), cookie }
            }
            Answer::Refused(refusal) => ServerCommand::Error { transaction, code: translation::code(refusal) },
        };
        self.send(&command, actions);
    }

    /// The whole list: first how much there is, for the client counts.
    fn list(&self, transaction: u32, snapshot: Snapshot, actions: &mut Vec<Action>) {
        let dialect = self.dialect();
        let known = |contact: &&Contact| dialect.has_telephones() || !contact.passport.is_telephone();
        let contacts: Vec<&Contact> = snapshot.contacts.iter().filter(known).collect();
        self.send(
            &ServerCommand::Syn {
                transaction,
                list_timestamp: timestamp(snapshot.list_changed),
                settings_timestamp: timestamp(snapshot.settings_changed),
                counts: Some((contacts.len(), snapshot.groups.len())),
            },
            actions,
        );
        self.send(&ServerCommand::Gtc { transaction: None, ask: snapshot.prompt == Prompt::Ask }, actions);
        let allow_unknown = snapshot.privacy == Privacy::Everybody;
        self.send(&ServerCommand::Blp { transaction: None, allow_unknown }, actions);
        let name = ("MFN".to_owned(), snapshot.name);
        let properties = snapshot.properties.into_iter().filter(|(key, _)| has_property(dialect, key));
        for (key, value) in std::iter::once(name).chain(properties) {
            self.send(&ServerCommand::Prp { transaction: None, key, value: Some(value) }, actions);
        }
        for group in snapshot.groups {
            self.send(&ServerCommand::Lsg { name: group.name, guid: group.guid.to_string() }, actions);
        }
        for contact in contacts {
            let forward = contact.lists.contains(List::Forward);
            self.send(
                &ServerCommand::Lst {
                    passport: contact.passport.to_string(),
                    name: Some(contact.name.clone()),
                    guid: forward.then(|| contact.guid.to_string()),
                    // Older clients know somebody who waits for an answer by the lists that person is not on.
                    lists: if dialect.has_pending_list() { contact.lists.shown() } else { contact.lists.bits() },
                    network: translation::network(self.settings.network_ids, contact),
                    groups: contact.groups.iter().map(ToString::to_string).collect(),
                },
                actions,
            );
            let theirs =
                snapshot.contact_properties.iter().filter(|known| forward && known.contact == contact.passport);
            for property in theirs.filter(|known| has_property(dialect, &known.key)) {
                let (key, value) = (property.key.clone(), property.value.clone());
                self.send(&ServerCommand::Bpr { passport: None, key, value }, actions);
            }
        }
    }

    pub(super) fn tell(&self, event: Event, actions: &mut Vec<Action>) {
        let command = match event {
            Event::Initial { tag, sighting } => return self.show(Some(tag), sighting, actions),
            Event::Seen(sighting) => return self.show(None, sighting, actions),
            Event::AddedBy { passport, name } => ServerCommand::Adc {
                transaction: 0,
                list: msnp::list::List::Reverse,
                passport: passport.to_string(),
                name: Some(name),
                guid: None,
            },
            Event::RemovedBy { passport } => ServerCommand::Rem {
                transaction: 0,
                list: msnp::list::List::Reverse,
                target: passport.to_string(),
                group: None,
            },
            Event::Entered(contact) => ServerCommand::Adc {
                transaction: 0,
                list: msnp::list::List::Forward,
                passport: contact.passport.to_string(),
                name: Some(contact.name),
                guid: Some(contact.guid.to_string()),
            },
            Event::Departed(guid) => ServerCommand::Rem {
                transaction: 0,
                list: msnp::list::List::Forward,
                target: guid.to_string(),
                group: None,
            },
            Event::Property(property) if !has_property(self.dialect(), &property.key) => return,
            Event::Property(property) => ServerCommand::Bpr {
                passport: Some(property.contact.to_string()),
                key: property.key,
                value: property.value,
            },
            Event::Announced(Announcement::Maintenance { minutes }) => {
                ServerCommand::Message { payload: profile::maintenance(minutes).into() }
            }
            Event::Announced(Announcement::Notice { text }) => {
                let Phase::SignedIn { passport, member } = &self.phase else { return };
                let (passport, page) = (passport.to_string(), pages::page(&self.settings.web, "", None));
                let alert = Alert { member_id: *member, passport, page, text };
                ServerCommand::Not { payload: alert.to_document().into() }
            }
            Event::Ring { ring, address, cookie, from, name } => ServerCommand::Rng {
                session: ring.to_string(),
                address: address.to_string(),
                cookie,
                passport: from.to_string(),
                name,
            },
        };
        self.send(&command, actions);
    }

    fn show(&self, initial: Option<u32>, sighting: Sighting, actions: &mut Vec<Action>) {
        let passport = sighting.contact.to_string();
        let Some(presence) = sighting.presence else {
            return self.send(&ServerCommand::Fln { passport }, actions);
        };
        let line = line(passport.clone(), &presence);
        let command = match initial {
            Some(transaction) => ServerCommand::Iln { transaction, presence: line },
            None => ServerCommand::Nln { presence: line },
        };
        self.send(&command, actions);
        let shown = &presence.personal_message;
        let document =
            PersonalMessage { text: shown.text.clone(), current_media: shown.current_media.clone() }.to_document();
        self.send(&ServerCommand::Ubx { passport, document: document.into() }, actions);
    }
}

fn has_property(dialect: Dialect, key: &str) -> bool {
    key != "HSB" || dialect.has_spaces()
}

fn line(passport: String, presence: &Presence) -> PresenceLine {
    PresenceLine {
        status: translation::wire_status(presence.status),
        passport,
        name: presence.name.to_string(),
        capabilities: Capabilities(presence.capabilities),
        object: presence.object.as_deref().map(str::to_owned),
    }
}

/// Messenger's form of a time: seven digits of a second, and an offset that some clients insist is west of Greenwich.
fn timestamp(time: Timestamp) -> String {
    let offset = Offset::constant(-7);
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let local = time.to_zoned(TimeZone::fixed(offset));
    format!("{}0000-07:00", local.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_messenger_reads_them() {
        assert_eq!(timestamp(Timestamp(1_795_374_520_123)), "2026-11-22T12:08:40.1230000-07:00");
        assert_eq!(timestamp(Timestamp(0)), "1969-12-31T17:00:00.0000000-07:00");
    }
}
