//! Several accounts, a person of a network and a telephone: whatever is asked in whatever order, and however late the news
//! travels, all end where a much smaller model ends.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

const ACCOUNTS: [&str; 3] = ["ann", "ben", "cat"];
const NUMBER: &str = "tel:+15555551212";
const GROUPS: [&str; 2] = ["Friends", "Work"];

/// Everybody whom a list can hold: the accounts, then one of a network, then a telephone.
fn everybody(number: usize) -> Passport {
    match number {
        3 => passport(ALICE),
        4 => NUMBER.parse::<crate::Telephone>().unwrap().into(),
        account => passport(ACCOUNTS[account]),
    }
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Add(List, usize, Option<usize>),
    Remove(List, usize, Option<usize>),
    AddGroup(usize),
    RemoveGroup(usize),
    Privacy(bool),
    Phone(Option<u8>),
    Status(Status),
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A client asks.
    Order(usize, Order),
    /// An account hears the next of what others did.
    Hear(usize),
    /// An account is put to rest, and its client comes back.
    Restart(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let list = || prop::sample::select(vec![List::Forward, List::Allow, List::Block]);
    let group = || prop::option::weighted(0.3, 0..GROUPS.len());
    let status = prop::sample::select(vec![Status::Online, Status::Busy, Status::Hidden]);
    let order = prop_oneof![
        8 => (list(), 0..5_usize, group()).prop_map(|(list, who, group)| Order::Add(list, who, group)),
        5 => (list(), 0..5_usize, group()).prop_map(|(list, who, group)| Order::Remove(list, who, group)),
        2 => (0..GROUPS.len()).prop_map(Order::AddGroup),
        1 => (0..GROUPS.len()).prop_map(Order::RemoveGroup),
        1 => any::<bool>().prop_map(Order::Privacy),
        1 => any::<Option<u8>>().prop_map(Order::Phone),
        2 => status.prop_map(Order::Status),
    ];
    prop_oneof![
        6 => (0..ACCOUNTS.len(), order).prop_map(|(who, order)| Step::Order(who, order)),
        4 => (0..ACCOUNTS.len()).prop_map(Step::Hear),
        1 => (0..ACCOUNTS.len()).prop_map(Step::Restart),
    ]
}

/// What should be: sets, and nothing that is derived.
#[derive(Default)]
struct Model {
    on: BTreeSet<(Passport, u8, Passport)>,
    groups: BTreeSet<(Passport, &'static str)>,
    members: BTreeSet<(Passport, &'static str, Passport)>,
    closed: BTreeSet<Passport>,
    phones: BTreeMap<Passport, String>,
    statuses: BTreeMap<Passport, Status>,
}

/// The bit of a list, as the wire has it.
const fn bit(list: List) -> u8 {
    match list {
        List::Forward => 1,
        List::Allow => 2,
        List::Block => 4,
        List::Reverse => 8,
        List::Pending => 16,
    }
}

impl Model {
    fn is_on(&self, owner: &Passport, list: u8, who: &Passport) -> bool {
        self.on.contains(&(owner.clone(), list, who.clone()))
    }

    /// Does it; says whether it may be done.
    fn order(&mut self, owner: &Passport, order: Order) -> bool {
        match order {
            Order::Add(list, number, group) => {
                let who = everybody(number);
                let group = group.filter(|_| list == List::Forward).map(|group| GROUPS[group]);
                if who == *owner || group.is_some_and(|group| !self.groups.contains(&(owner.clone(), group))) {
                    return false;
                }
                self.on.insert((owner.clone(), bit(list), who.clone()));
                match list {
                    List::Allow => self.on.remove(&(owner.clone(), 4, who.clone())),
                    List::Block => self.on.remove(&(owner.clone(), 2, who.clone())),
                    List::Forward | List::Reverse | List::Pending => false,
                };
                group.map(|group| self.members.insert((owner.clone(), group, who)));
                true
            }
            Order::Remove(List::Forward, number, Some(group)) => {
                self.members.remove(&(owner.clone(), GROUPS[group], everybody(number)))
            }
            Order::Remove(List::Forward, number, None) => {
                let who = everybody(number);
                self.members.retain(|(of, _, member)| of != owner || *member != who);
                self.on.remove(&(owner.clone(), 1, who))
            }
            Order::Remove(list, number, _) => {
                self.on.remove(&(owner.clone(), bit(list), everybody(number)));
                true
            }
            Order::AddGroup(number) => self.groups.insert((owner.clone(), GROUPS[number])),
            Order::RemoveGroup(number) => {
                self.members.retain(|(of, group, _)| of != owner || *group != GROUPS[number]);
                self.groups.remove(&(owner.clone(), GROUPS[number]))
            }
            Order::Privacy(closed) => {
                if closed { self.closed.insert(owner.clone()) } else { self.closed.remove(owner) };
                true
            }
            Order::Phone(number) => {
                match number {
                    Some(number) => self.phones.insert(owner.clone(), number.to_string()),
                    None => self.phones.remove(owner),
                };
                true
            }
            Order::Status(status) => {
                self.statuses.insert(owner.clone(), status);
                true
            }
        }
    }

    /// The sum of the lists, as the owner's client sees it.
    fn shown(&self, owner: &Passport, who: &Passport) -> u8 {
        let own: u8 = [1, 2, 4].into_iter().filter(|list| self.is_on(owner, *list, who)).sum();
        match (own, self.is_on(who, 1, owner)) {
            (0, true) => 16,
            (own, true) => own + 8,
            (own, false) => own,
        }
    }

    fn sees(&self, owner: &Passport, who: &Passport) -> Option<Status> {
        let may = !self.is_on(who, 4, owner) && (!self.closed.contains(who) || self.is_on(who, 2, owner));
        let status = self.statuses.get(who).copied().filter(|status| status.is_visible());
        status.filter(|_| may && self.is_on(owner, 1, who))
    }

    fn reads_phone(&self, owner: &Passport, who: &Passport) -> Option<&String> {
        self.phones.get(who).filter(|_| self.is_on(owner, 1, who) && self.is_on(who, 2, owner))
    }
}

/// What one client has been told, and what waits for its account.
struct Place {
    account: Account,
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
        self.places.insert(who.clone(), Place { account, posted, slots, unheard, sees, phones, admirers });
        self.cause(who, Cause::SignedIn(CLIENT));
        self.look(who);
        self.order(who, Order::Status(Status::Online));
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
        self.look(who);
        let next = self.places.get_mut(who).unwrap().posted.pop_front();
        next.map(|cause| self.cause(who, cause)).is_some()
    }

    fn order(&mut self, owner: &Passport, order: Order) {
        let account = &self.places[owner].account;
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
        let effects = place.account.handle(&moment(), cause);
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
                    self.shows(who, &of).map(|shown| self.post(who, Cause::Showed(shown)));
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
        if let Some(place) = self.places.get_mut(to) {
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
                let fresh =
                    || Contact { guid, name, passport: owner.clone(), lists: Lists::NONE, groups: vec![], remote: None };
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
            Step::Restart(who) => {
                let who = passport(ACCOUNTS[who]);
                self.cause(&who, Cause::SignedOut(CLIENT));
                // Nothing may wait for an account that is put to rest.
                while self.hear(&who) {}
                let slots = std::mem::take(&mut self.places.get_mut(&who).unwrap().slots);
                self.arrive(&who, slots);
            }
        }
    }

    /// When everybody has heard everything, what is kept, what is in memory and what clients were told are what should be.
    fn check(&mut self) {
        let all: Vec<Passport> = self.places.keys().cloned().collect();
        // Hearing may have consequences for the others.
        while all.iter().any(|who| self.hear(who) || !self.places[who].unheard.is_empty()) {}
        for owner in &all {
            let place = &self.places[owner];
            assert_eq!(place.account.contacts.keys().count(), place.account.snapshot().contacts.len());
            for who in (0..5).map(everybody).filter(|who| who != owner) {
                let wanted = self.model.shown(owner, &who);
                let context = format!("{owner} about {who}");
                let held = place.account.contacts.get(&who);
                let kept = self.entries.get(&(owner.clone(), who.clone()));
                assert_eq!(held.map_or(0, |contact| contact.lists.shown()), wanted, "in memory: {context}");
                assert_eq!(kept.map_or(0, |contact| contact.lists.shown()), wanted, "kept: {context}");
                let named = |contact: Option<&Contact>| -> BTreeSet<String> {
                    let groups = contact.map(|contact| contact.groups.clone()).unwrap_or_default();
                    let name = |guid: &Guid| place.account.groups.iter().find(|group| group.guid == *guid);
                    groups.iter().map(|guid| name(guid).expect("a group that is there").name.clone()).collect()
                };
                let members = self.model.members.iter().filter(|(of, _, member)| of == owner && *member == who);
                let members: BTreeSet<String> = members.map(|(_, group, _)| (*group).to_owned()).collect();
                assert_eq!((named(held), named(kept)), (members.clone(), members), "groups: {context}");
                if wanted & 1 != 0 {
                    assert_eq!(held.map(|held| held.guid), kept.map(|kept| kept.guid), "the id: {context}");
                }
                assert_eq!(place.sees.get(&who).copied(), self.model.sees(owner, &who), "presence: {context}");
                assert_eq!(place.phones.get(&who), self.model.reads_phone(owner, &who), "phone: {context}");
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
            Event::Announced(_) | Event::Ring { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_end_where_the_model_ends(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.check();
    }
}
