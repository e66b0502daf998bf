//! One Messenger user's list, presence and policy.
//!
//! [`Account::handle`] is the only door: a [`Cause`] goes in, [`Effect`]s come out, to be carried out in their order. An account
//! is held in memory while a client is signed in or somebody asks for it, and loaded from its [`Record`] otherwise.

mod asking;
mod groups;
mod limits;
mod lists;
mod merging;
mod pages;
mod properties;
mod record;
mod rereading;
mod sharing;
#[cfg(test)]
mod tests;
mod wishes;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub use asking::{Answer, GroupRef, Refusal, Request, Snapshot, Who};
pub use limits::Limits;
pub use record::{Change, ContactProperty, Prompt, Record};
pub use words::{Announcement, Cause, ContactIntent, Dismissal, Effect, Event, Resolution, Ring, SessionId, Verdict};

use limits::Allowances;

use crate::{
    Contact, Group, List, Moment, Passport, PersonalMessage, Presence, Status, Timestamp,
    media::Attachment,
    policy::{self, Privacy},
    presence::{OwnPresence, Sighting},
};

/// One account, as it lives in memory.
#[derive(Debug)]
pub struct Account {
    passport: Passport,
    name: String,
    privacy: Privacy,
    prompt: Prompt,
    properties: BTreeMap<String, String>,
    contacts: BTreeMap<Passport, Contact>,
    contact_properties: Vec<ContactProperty>,
    groups: Vec<Group>,
    list_changed: Timestamp,
    settings_changed: Timestamp,
    limits: Limits,
    allowances: Allowances,
    session: Option<SessionId>,
    /// Whether that client has said its first status, and so been told who else is there.
    greeted: bool,
    /// What the client said of itself. A client that takes over from another begins with what that one said, so that nobody
    /// sees the account go and come back.
    own: Option<Own>,
    /// The line under the name. A client may set it before its first status.
    personal_message: PersonalMessage,
    /// Local watchers who see this account at the moment, and what they see.
    published: HashSet<Passport>,
    shared: Option<Arc<Presence>>,
    /// What the networks were shown last.
    shown: Option<OwnPresence>,
    /// The display picture, as the networks are shown it.
    picture: Option<Arc<Attachment>>,
    /// The object of which the client was last known to show the picture.
    pictured: Option<PictureObject>,
    /// Contacts this account sees at the moment.
    seen: HashMap<Passport, Arc<Presence>>,
    /// Questions that are out, by their number.
    queries: HashMap<u32, Query>,
    next_query: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    status: Status,
    capabilities: u32,
    object: Option<Arc<str>>,
}

/// The object of a display picture, or that there is none.
#[derive(Debug)]
struct PictureObject(Option<Arc<str>>);

/// An addition that waits to know who the address is.
#[derive(Debug)]
struct Query {
    session: SessionId,
    tag: u32,
    list: List,
    passport: Passport,
    name: Option<String>,
    group: Option<crate::Guid>,
}

impl Account {
    /// An account as it was kept, with no client signed in.
    #[must_use]
    pub fn new(record: Record, limits: Limits) -> Self {
        Self {
            passport: record.passport,
            name: record.name,
            privacy: record.privacy,
            prompt: record.prompt,
            properties: record.properties,
            contacts: record.contacts.into_iter().map(|contact| (contact.passport.clone(), contact)).collect(),
            contact_properties: record.contact_properties,
            groups: record.groups,
            list_changed: record.list_changed,
            settings_changed: record.settings_changed,
            limits,
            allowances: Allowances::new(&limits),
            session: None,
            greeted: false,
            own: None,
            personal_message: PersonalMessage::default(),
            published: HashSet::new(),
            shared: None,
            shown: None,
            picture: None,
            pictured: None,
            seen: HashMap::new(),
            queries: HashMap::new(),
            next_query: 0,
        }
    }

    /// Its address.
    #[must_use]
    pub const fn passport(&self) -> &Passport {
        &self.passport
    }

    /// These limits hold from now on; what is there beyond them stays.
    pub fn limit(&mut self, limits: Limits) {
        if limits != self.limits {
            self.limits = limits;
            self.allowances = Allowances::new(&limits);
        }
    }

    /// Its friendly name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its client said it can do, as MSN's capability bits.
    #[must_use]
    pub fn capabilities(&self) -> u32 {
        self.own.as_ref().map_or(0, |own| own.capabilities)
    }

    /// What the client that is signed in shows of its user; `None` before it has said anything.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.own.as_ref().map(|own| own.status)
    }

    /// The line under the name, as the client that is signed in has it.
    #[must_use]
    pub const fn personal_message(&self) -> &PersonalMessage {
        &self.personal_message
    }

    /// The client that is signed in.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Takes back what is kept, after a commit has failed: the lists are as the store has them, the client and its presence
    /// stay.
    pub fn restore(&mut self, record: Record) {
        let fresh = Self::new(record, self.limits);
        self.name = fresh.name;
        self.privacy = fresh.privacy;
        self.prompt = fresh.prompt;
        self.properties = fresh.properties;
        self.contacts = fresh.contacts;
        self.contact_properties = fresh.contact_properties;
        self.groups = fresh.groups;
        self.list_changed = fresh.list_changed;
        self.settings_changed = fresh.settings_changed;
        // What was decided after the commit was not carried out, so that nobody knows any more who sees what: all who might see
        // something are shown anew, or shown that there is nothing, with the next effects.
        let watchers = self.contacts.values().filter(|contact| contact.is_account() && contact.lists.watches());
        self.published = watchers.map(|contact| contact.passport.clone()).collect();
        self.shared = None;
        self.shown = None;
    }

    /// Takes what happened, and says what is to be done about it.
    #[must_use]
    pub fn handle(&mut self, moment: &Moment, cause: Cause) -> Vec<Effect> {
        let mut effects = Vec::new();
        match cause {
            Cause::SignedIn(session) => {
                if let Some(session) = self.session.replace(session) {
                    effects.push(Effect::Dismiss { session, reason: Dismissal::SignedInElsewhere });
                }
                self.greeted = false;
                self.queries.clear();
            }
            Cause::SignedOut(session) if self.session == Some(session) => self.sign_out(&mut effects),
            Cause::Asked { session, tag, request } if self.session == Some(session) => {
                self.answer(moment, session, tag, request, &mut effects);
            }
            Cause::AskedOnPage { session, request } => self.asked_on_page(moment, session, request, &mut effects),
            // An older client that was dismissed: the account has moved on.
            Cause::SignedOut(_) | Cause::Asked { .. } => {}
            Cause::Resolved { query, outcome } => self.resolved(moment, query, outcome, &mut effects),
            Cause::Seen(sighting) => self.see(sighting, &mut effects),
            Cause::Listed { by, name, listed } => self.listed(moment, &by, name, listed, &mut effects),
            Cause::Grouped(group) => self.grouped(moment, group),
            Cause::Entered(contact) => self.entered(moment, contact, &mut effects),
            Cause::Wanted { passport, name, identity } => self.wanted(moment, passport, name, identity, &mut effects),
            Cause::Unwanted(passport) => self.unwanted(moment, &passport, &mut effects),
            Cause::MergeWanted { into, other } => self.merge_wanted(moment, &into, &other, &mut effects),
            Cause::SplitWanted(passport) => self.split_wanted(moment, &passport, &mut effects),
            Cause::NetworkChosen { contact, network } => self.network_chosen(&contact, &network, &mut effects),
            Cause::Departed(passport) => self.departed(moment, &passport, &mut effects),
            Cause::Reread { record, come } => self.reread(*record, come, &mut effects),
            Cause::Showed(property) => self.showed(property, &mut effects),
            Cause::Renamed { contact, name } => self.renamed(moment, &contact, name, &mut effects),
            Cause::Announced(announcement) => {
                let event = Event::Announced(announcement);
                effects.extend(self.session.map(|session| Effect::Tell { session, event }));
            }
            Cause::Pictured(picture) => {
                self.picture = picture;
                self.share(&mut effects);
            }
            Cause::Rung(ring) => self.rung(ring, &mut effects),
            Cause::Reachable => {
                if self.is_visible() {
                    effects.push(Effect::Reachable);
                }
            }
            Cause::Expelled => {
                if let Some(session) = self.session {
                    effects.push(Effect::Dismiss { session, reason: Dismissal::PasswordChanged });
                }
                self.sign_out(&mut effects);
            }
            Cause::Removed => {
                if let Some(session) = self.session {
                    effects.push(Effect::Dismiss { session, reason: Dismissal::Removed });
                }
                self.withdraw_properties(&mut effects);
                self.sign_out(&mut effects);
            }
        }
        effects
    }

    fn sign_out(&mut self, effects: &mut Vec<Effect>) {
        self.session = None;
        self.greeted = false;
        self.own = None;
        self.personal_message = PersonalMessage::default();
        self.queries.clear();
        self.share(effects);
    }

    fn answer(&mut self, moment: &Moment, session: SessionId, tag: u32, request: Request, effects: &mut Vec<Effect>) {
        let answered = match request {
            Request::Synchronize => Ok(Some(Answer::List(Box::new(self.snapshot())))),
            Request::ChangeStatus { status, capabilities, object } => {
                self.change_status(session, tag, Own { status, capabilities, object }, effects);
                Ok(None)
            }
            Request::ChangePersonalMessage(personal_message) => {
                effects.push(Effect::Answer { session, tag, answer: Answer::PersonalMessage });
                if self.personal_message != personal_message {
                    self.personal_message = personal_message;
                    self.share(effects);
                }
                Ok(None)
            }
            Request::AddContact { list, who, name, group } => {
                self.add(moment, session, tag, (list, who, name, group), effects)
            }
            Request::RemoveContact { list, who, group } => self.remove(moment, list, &who, group, effects),
            Request::AddGroup { name } => self.add_group(moment, name, effects),
            Request::RemoveGroup { group } => self.remove_group(moment, &group, effects),
            Request::RenameGroup { group, name } => self.rename_group(moment, group, name, effects),
            Request::ChangeContact { contact, key, value } => self.change_contact(moment, contact, key, value, effects),
            Request::ChangeProperty { key, value } => {
                let answered = self.change_property(moment, key, value, effects);
                if let Ok(answer) = answered {
                    // The name shows in the presence, so the answer comes before what follows from it.
                    effects.push(Effect::Answer { session, tag, answer });
                    self.share(effects);
                    return;
                }
                answered.map(Some)
            }
            Request::ChangePrivacy(privacy) => {
                self.privacy = privacy;
                effects.push(Effect::Keep(vec![Change::Privacy(privacy), self.settings_move(moment)]));
                effects.push(Effect::Answer { session, tag, answer: Answer::Privacy(privacy) });
                self.share(effects);
                if self.is_visible() {
                    effects.push(Effect::Reachable);
                }
                return;
            }
            Request::ChangePrompt(prompt) => {
                self.prompt = prompt;
                effects.push(Effect::Keep(vec![Change::Prompt(prompt), self.settings_move(moment)]));
                Ok(Some(Answer::Prompt(prompt)))
            }
            Request::LookUp(telephone) => self.look_up(moment, (session, tag), telephone, effects),
            Request::OpenSwitchboard if !self.is_visible() => Err(Refusal::Hidden),
            Request::OpenSwitchboard if !self.allowances.switchboards.take(moment.instant) => Err(Refusal::TooFast),
            Request::OpenSwitchboard => {
                effects.push(Effect::Admit { session, tag });
                Ok(None)
            }
        };
        match answered {
            Ok(Some(answer)) => {
                effects.push(Effect::Answer { session, tag, answer });
                self.share(effects);
            }
            Ok(None) => {}
            Err(refusal) => effects.push(Effect::Answer { session, tag, answer: Answer::Refused(refusal) }),
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.name.clone(),
            privacy: self.privacy,
            prompt: self.prompt,
            properties: self.properties.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            contacts: self.contacts.values().filter(|contact| !contact.lists.is_empty()).cloned().collect(),
            contact_properties: self.contact_properties.clone(),
            groups: self.groups.clone(),
            list_changed: self.list_changed,
            settings_changed: self.settings_changed,
        }
    }

    /// A conversation rings: pass it on to the client, or say why not.
    fn rung(&self, ring: Ring, effects: &mut Vec<Effect>) {
        let lists = self.entry(&ring.from).map_or(crate::Lists::NONE, |contact| contact.lists);
        let (id, from) = (ring.id, ring.from.clone());
        let verdict = match self.session {
            _ if !policy::may_see(self.privacy, lists) => Verdict::Blocked,
            Some(session) if self.is_visible() => {
                effects.push(Effect::Invite { session, ring });
                Verdict::Ringing
            }
            Some(_) | None => Verdict::Absent,
        };
        effects.push(Effect::Ring { id, from, verdict });
    }

    fn see(&mut self, sighting: Sighting, effects: &mut Vec<Effect>) {
        let Sighting { contact: identity, presence } = sighting;
        let before = self.entry(&identity).and_then(|contact| self.appearance(contact));
        match presence {
            Some(presence) => self.seen.insert(identity.clone(), presence),
            None => self.seen.remove(&identity),
        };
        let change = self.entry(&identity).and_then(|contact| self.change_of_appearance(contact, before.as_ref()));
        effects.extend(change);
    }
}
