//! Several accounts, a person of a network and a telephone: whatever is asked in whatever order, and however late the news
//! travels, all end where a much smaller model ends.

mod model;

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use self::model::{ACCOUNTS, GROUPS, Model, Order, everybody};
use super::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A client asks.
    Order(usize, Order),
    /// An account hears the next of what others did.
    Hear(usize),
    /// An account's client leaves, and the account is put to rest until its client comes back.
    Rest(usize),
    /// A network tells how its person is.
    Signal(Option<Status>),
}

fn step() -> impl Strategy<Value = Step> {
    let list = || prop::sample::select(vec![List::Forward, List::Allow, List::Block]);
    let group = || prop::option::weighted(0.3, 0..GROUPS.len());
    let status = prop::sample::select(vec![Status::Online, Status::Busy, Status::Hidden]);
    // Few people, so that the same two have to do with each other again and again.
    let who = || prop_oneof![4 => 0..2_usize, 1 => 2..5_usize];
    let order = prop_oneof![
        8 => (list(), who(), group()).prop_map(|(list, who, group)| Order::Add(list, who, group)),
        5 => (list(), who(), group()).prop_map(|(list, who, group)| Order::Remove(list, who, group)),
        2 => (0..GROUPS.len()).prop_map(Order::AddGroup),
        1 => (0..GROUPS.len()).prop_map(Order::RemoveGroup),
        1 => any::<bool>().prop_map(Order::Privacy),
        2 => prop::option::weighted(0.8, 0..2_u8).prop_map(Order::Phone),
        2 => status.prop_map(Order::Status),
    ];
    prop_oneof![
        6 => (prop_oneof![4 => 0..2_usize, 1 => Just(2)], order).prop_map(|(who, order)| Step::Order(who, order)),
        4 => (0..ACCOUNTS.len()).prop_map(Step::Hear),
        1 => (0..ACCOUNTS.len()).prop_map(Step::Rest),
        1 => prop::option::of(Just(Status::Busy)).prop_map(Step::Signal),
    ]
}

/// What one client has been told, and what waits for its account.
struct Place {
    /// `None` while it rests.
    account: Option<Account>,
    posted: VecDeque<Cause>,
    /// The latest presence of each contact, and which of them the account has not heard.
    slots: BTreeMap<Passport, Arc<Presence>>,
    unheard: BTreeSet<Passport>,
    sees: BTreeMap<Passport, Status>,
    phones: BTreeMap<Passport, String>,
    admirers: BTreeSet<Passport>,
}

struct World {
    places: BTreeMap<Passport, Place>,
    /// What is kept: entries, and phones.
    entries: BTreeMap<(Passport, Passport), Contact>,
    phones: BTreeMap<Passport, String>,
    groups: BTreeMap<Passport, Vec<Group>>,
    privacies: BTreeMap<Passport, Privacy>,
    model: Model,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            places: BTreeMap::new(),
            entries: BTreeMap::new(),
            phones: BTreeMap::new(),
            groups: BTreeMap::new(),
            privacies: BTreeMap::new(),
            model: Model::default(),
        };
        for name in ACCOUNTS {
            world.arrive(&passport(name), BTreeMap::new());
        }
        world
    }

    fn record(&self, owner: &Passport) -> Record {
        let contacts: Vec<Contact> =
            self.entries.iter().filter(|((of, _), _)| of == owner).map(|(_, contact)| contact.clone()).collect();
        let shown = contacts.iter().filter_map(|contact| self.shows(owner, &contact.passport)).collect();
        Record {
            passport: owner.clone(),
            name: owner.local().to_owned(),
            contact_properties: shown,
            groups: self.groups.get(owner).cloned().unwrap_or_default(),
            privacy: self.privacies.get(owner).copied().unwrap_or_default(),
            properties: self.phones.get(owner).map(|phone| ("PHM".to_owned(), phone.clone())).into_iter().collect(),
            ..record(contacts)
        }
    }

    /// The phone that `of` shows to `owner`, as the store reads it.
    fn shows(&self, owner: &Passport, of: &Passport) -> Option<ContactProperty> {
        let theirs = self.entries.get(&(of.clone(), owner.clone()))?;
        let value = self.phones.get(of).filter(|_| theirs.lists.watches() && theirs.lists.contains(List::Allow))?;
        Some(ContactProperty { contact: of.clone(), key: "PHM".to_owned(), value: Some(value.clone()) })
    }

    /// Brings an account to life, with a client that reads its list and says its status.
    fn arrive(&mut self, who: &Passport, slots: BTreeMap<Passport, Arc<Presence>>) {
        let account = Account::new(self.record(who), Limits::default());
        let snapshot = account.snapshot();
        let phones = snapshot.contact_properties.iter();
        let phones = phones.filter_map(|known| Some((known.contact.clone(), known.value.clone()?))).collect();
        let admirers = snapshot.contacts.iter().filter(|contact| contact.lists.watches());
        let admirers = admirers.map(|contact| contact.passport.clone()).collect();
        let (posted, sees) = (VecDeque::new(), BTreeMap::new());
        let unheard = slots.keys().cloned().collect();
        let account = Some(account);
        self.places.insert(who.clone(), Place { account, posted, slots, unheard, sees, phones, admirers });
        self.cause(who, Cause::SignedIn(CLIENT));
        self.look(who);
        self.order(who, Order::Status(Status::Online));
    }

    /// Brings an account that rests to life.
    fn wake(&mut self, who: &Passport) {
        if self.places[who].account.is_none() {
            let slots = std::mem::take(&mut self.places.get_mut(who).unwrap().slots);
            self.arrive(who, slots);
        }
    }

    /// The account looks at the presences that have changed.
    fn look(&mut self, who: &Passport) {
        let place = self.places.get_mut(who).unwrap();
        let unheard = std::mem::take(&mut place.unheard);
        let sightings: Vec<Sighting> = unheard
            .into_iter()
            .map(|contact| Sighting { presence: place.slots.get(&contact).cloned(), contact })
            .collect();
        for sighting in sightings {
            self.cause(who, Cause::Seen(sighting));
        }
    }

    /// The account hears the next; says whether there was anything.
    fn hear(&mut self, who: &Passport) -> bool {
        if self.places[who].account.is_none() {
            return false;
        }
        self.look(who);
        let next = self.places.get_mut(who).unwrap().posted.pop_front();
        next.map(|cause| self.cause(who, cause)).is_some()
    }

    fn order(&mut self, owner: &Passport, order: Order) {
        self.wake(owner);
        let account = self.places[owner].account.as_ref().unwrap();
        let named = |number: usize| account.groups.iter().find(|group| group.name == GROUPS[number]);
        let group = |list, number: Option<usize>| {
            number.filter(|_| list == List::Forward).map(|number| named(number).map_or(guid(99), |group| group.guid))
        };
        let who = |number| Who::Passport(everybody(number));
        let request = match order {
            Order::Add(list, number, into) => {
                Request::AddContact { list, who: who(number), name: None, group: group(list, into) }
            }
            Order::Remove(list, number, from) => {
                Request::RemoveContact { list, who: who(number), group: group(list, from) }
            }
            Order::AddGroup(number) => Request::AddGroup { name: GROUPS[number].to_owned() },
            Order::RemoveGroup(number) => {
                Request::RemoveGroup { group: GroupRef::Guid(named(number).map_or(guid(99), |group| group.guid)) }
            }
            Order::Privacy(closed) => {
                Request::ChangePrivacy(if closed { Privacy::OnlyAllowed } else { Privacy::Everybody })
            }
            Order::Phone(number) => {
                Request::ChangeProperty { key: "PHM".to_owned(), value: number.map(|number| number.to_string()) }
            }
            Order::Status(to) => status(to),
        };
        let may = self.model.order(owner, order);
        let answered = self.cause(owner, Cause::Asked { session: CLIENT, tag: TAG, request });
        assert_eq!(answered, Some(may), "{owner}: {order:?}");
    }

    /// Lets an account decide and does what it says; says whether it answered, and whether with yes.
    fn cause(&mut self, who: &Passport, cause: Cause) -> Option<bool> {
        let place = self.places.get_mut(who).unwrap();
        let effects = place.account.as_mut().unwrap().handle(&moment(), cause);
        let mut answered = None;
        for effect in effects {
            match effect {
                Effect::Keep(changes) => changes.into_iter().for_each(|change| self.keep(who, change)),
                Effect::Answer { answer, .. } => {
                    answered = Some(!matches!(answer, Answer::Refused(_)));
                    if let Answer::Removed { list: List::Forward, passport, group: None, .. } = answer {
                        let place = self.places.get_mut(who).unwrap();
                        place.sees.remove(&passport);
                        place.phones.remove(&passport);
                    }
                }
                Effect::Tell { event, .. } => self.places.get_mut(who).unwrap().tell(event),
                Effect::Publish { to, presence } => {
                    let Some(place) = self.places.get_mut(&to) else { continue };
                    match presence {
                        Some(presence) => place.slots.insert(who.clone(), presence),
                        None => place.slots.remove(who),
                    };
                    place.unheard.insert(who.clone());
                }
                Effect::PublishProperty { to, key, value } => {
                    let cause = Cause::Showed(ContactProperty { contact: who.clone(), key, value });
                    self.post(&to, cause);
                }
                Effect::Mirror { to, listed } => {
                    self.post(&to, Cause::Listed { by: who.clone(), name: who.local().to_owned(), listed });
                }
                Effect::Inquire { of } => {
                    if let Some(shown) = self.shows(who, &of) {
                        self.post(who, Cause::Showed(shown));
                    }
                }
                Effect::Resolve { query, passport: wanted } => {
                    let outcome = if wanted == passport(ALICE) {
                        Resolution::Remote { passport: wanted, name: "Alice".into(), identity: identity() }
                    } else {
                        Resolution::Account { name: wanted.local().to_owned() }
                    };
                    answered = self.cause(who, Cause::Resolved { query, outcome });
                }
                _ => {}
            }
        }
        answered
    }

    fn post(&mut self, to: &Passport, cause: Cause) {
        // An account that rests reads it when it is loaded.
        if let Some(place) = self.places.get_mut(to).filter(|place| place.account.is_some()) {
            place.posted.push_back(cause);
        }
    }

    fn keep(&mut self, owner: &Passport, change: Change) {
        match change {
            Change::Contact(contact) => {
                let key = (owner.clone(), contact.passport.clone());
                let watches = self.entries.get(&key).is_some_and(|known| known.lists.watches());
                let own = contact.lists.without(List::Reverse);
                let lists = if watches { own.with(List::Reverse) } else { own };
                if lists.is_empty() {
                    self.entries.remove(&key);
                } else {
                    self.entries.insert(key, Contact { lists, ..contact });
                }
            }
            Change::Mirror { of, listed, guid, .. } => {
                let name = owner.local().to_owned();
                let fresh = || Contact {
                    guid,
                    name,
                    passport: owner.clone(),
                    lists: Lists::NONE,
                    groups: vec![],
                    remote: None,
                    merged: vec![],
                    spoken: None,
                };
                let key = (of, owner.clone());
                let mut contact = self.entries.remove(&key).unwrap_or_else(fresh);
                contact.lists =
                    if listed { contact.lists.with(List::Reverse) } else { contact.lists.without(List::Reverse) };
                if !contact.lists.is_empty() {
                    self.entries.insert(key, contact);
                }
            }
            Change::Property { value: Some(value), .. } => {
                self.phones.insert(owner.clone(), value);
            }
            Change::Property { value: None, .. } => {
                self.phones.remove(owner);
            }
            Change::Privacy(privacy) => {
                self.privacies.insert(owner.clone(), privacy);
            }
            Change::Group(group) => self.groups.entry(owner.clone()).or_default().push(group),
            Change::GroupRemoved(guid) => {
                self.groups.entry(owner.clone()).or_default().retain(|group| group.guid != guid);
                for ((of, _), contact) in &mut self.entries {
                    if of == owner {
                        contact.groups.retain(|group| *group != guid);
                    }
                }
            }
            Change::Name(_)
            | Change::Prompt(_)
            | Change::Order { .. }
            | Change::Merged { .. }
            | Change::Split { .. }
            | Change::Spoken { .. }
            | Change::ListChanged(_)
            | Change::SettingsChanged(_) => {}
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Order(who, order) => self.order(&passport(ACCOUNTS[who]), order),
            Step::Hear(who) => {
                self.hear(&passport(ACCOUNTS[who]));
            }
            Step::Rest(who) => {
                let who = passport(ACCOUNTS[who]);
                if self.places[&who].account.is_some() {
                    self.cause(&who, Cause::SignedOut(CLIENT));
                    // Nothing may wait for an account that is put to rest.
                    while self.hear(&who) {}
                    self.places.get_mut(&who).unwrap().account = None;
                    self.model.statuses.remove(&who);
                }
            }
            Step::Signal(to) => {
                for place in self.places.values_mut() {
                    match to {
                        Some(status) => place.slots.insert(passport(ALICE), presence(status)),
                        None => place.slots.remove(&passport(ALICE)),
                    };
                    place.unheard.insert(passport(ALICE));
                }
                match to {
                    Some(status) => self.model.statuses.insert(passport(ALICE), status),
                    None => self.model.statuses.remove(&passport(ALICE)),
                };
            }
        }
    }

    /// When everybody has heard everything, what is kept, what is in memory and what clients were told are what should be.
    fn check(&mut self) {
        let all: Vec<Passport> = self.places.keys().cloned().collect();
        for who in &all {
            self.wake(who);
        }
        // Hearing may have consequences for the others.
        while all.iter().any(|who| self.hear(who) || !self.places[who].unheard.is_empty()) {}
        for owner in &all {
            let place = &self.places[owner];
            let account = place.account.as_ref().unwrap();
            let snapshot = account.snapshot();
            assert_eq!(account.contacts.len(), snapshot.contacts.len());
            let ids: BTreeSet<Guid> = account.contacts.values().map(|contact| contact.guid).collect();
            assert_eq!(ids.len(), account.contacts.len(), "{owner}: nobody shares an id");
            for who in (0..5).map(everybody).filter(|who| who != owner) {
                let wanted = self.model.shown(owner, &who);
                let context = format!("{owner} about {who}");
                let held = account.contacts.get(&who);
                let kept = self.entries.get(&(owner.clone(), who.clone()));
                assert_eq!(held.map_or(0, |contact| contact.lists.shown()), wanted, "in memory: {context}");
                assert_eq!(kept.map_or(0, |contact| contact.lists.shown()), wanted, "kept: {context}");
                let named = |contact: Option<&Contact>| -> BTreeSet<String> {
                    let groups = contact.map(|contact| contact.groups.clone()).unwrap_or_default();
                    let name = |guid: &Guid| account.groups.iter().find(|group| group.guid == *guid);
                    groups.iter().map(|guid| name(guid).expect("a group that is there").name.clone()).collect()
                };
                let members = self.model.members.iter().filter(|(of, _, member)| of == owner && *member == who);
                let members: BTreeSet<String> = members.map(|(_, group, _)| (*group).to_owned()).collect();
                assert_eq!((named(held), named(kept)), (members.clone(), members), "groups: {context}");
                if wanted & 1 != 0 {
                    assert_eq!(held.map(|held| held.guid), kept.map(|kept| kept.guid), "the id: {context}");
                }
                assert_eq!(place.sees.get(&who).copied(), self.model.sees(owner, &who), "presence: {context}");
                let phone = self.model.reads_phone(owner, &who);
                assert_eq!(place.phones.get(&who), phone, "phone: {context}");
                let listed = snapshot.contact_properties.iter().find(|known| known.contact == who);
                assert_eq!(listed.and_then(|known| known.value.as_ref()), phone, "phone in the list: {context}");
                assert_eq!(place.admirers.contains(&who), self.model.is_on(&who, 1, owner), "reverse: {context}");
            }
        }
    }
}

impl Place {
    /// The client is told.
    fn tell(&mut self, event: Event) {
        match event {
            Event::Initial { sighting, .. } | Event::Seen(sighting) => match sighting.presence {
                Some(presence) => {
                    self.sees.insert(sighting.contact, presence.status);
                }
                None => {
                    self.sees.remove(&sighting.contact);
                }
            },
            Event::AddedBy { passport, .. } => assert!(self.admirers.insert(passport), "told twice"),
            Event::RemovedBy { passport } => assert!(self.admirers.remove(&passport), "told twice"),
            Event::Property(property) => match property.value {
                Some(value) => {
                    self.phones.insert(property.contact, value);
                }
                None => {
                    self.phones.remove(&property.contact);
                }
            },
            Event::Entered(_) | Event::Departed(_) | Event::Announced(_) | Event::Ring { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_end_where_the_model_ends(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.check();
    }
}
