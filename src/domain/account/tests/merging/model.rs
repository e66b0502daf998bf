//! Whatever is merged, split, added, removed and lost, in any order: memory and store agree, everybody is there once, and the client
//! sees of each entry the one that is reached most easily.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Add(List, usize),
    /// By address, or by the id it has.
    Remove(List, usize, bool),
    Merge(usize, usize),
    Split(usize),
    Choose(usize, usize),
    Seen(usize, Option<Status>),
    Lost(usize),
    SignIn,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE.len();
    let list = || prop::sample::select(vec![List::Forward, List::Allow, List::Block]);
    let status = prop::sample::select(vec![Status::Online, Status::Busy, Status::Idle, Status::Away]);
    prop_oneof![
        4 => (list(), who()).prop_map(|(list, who)| Step::Add(list, who)),
        3 => (list(), who(), any::<bool>()).prop_map(|(list, who, guid)| Step::Remove(list, who, guid)),
        6 => (who(), who()).prop_map(|(into, other)| Step::Merge(into, other)),
        2 => who().prop_map(Step::Split),
        2 => (who(), who()).prop_map(|(who, network)| Step::Choose(who, network)),
        4 => (who(), prop::option::of(status)).prop_map(|(who, status)| Step::Seen(who, status)),
        1 => who().prop_map(Step::Lost),
        1 => Just(Step::SignIn),
    ]
}

/// Rows, as a database has them.
#[derive(Default)]
struct Store {
    contacts: BTreeMap<Passport, Contact>,
    /// As whom an entry is shown, and whether it is spoken to.
    merged: BTreeMap<Passport, (Passport, bool)>,
}

impl Store {
    fn keep(&mut self, change: Change) {
        match change {
            Change::Contact(contact) if contact.lists.is_empty() => self.forget(&contact.passport),
            Change::Contact(contact) => {
                let row = Contact { merged: Vec::new(), spoken: None, ..contact };
                self.contacts.insert(row.passport.clone(), row);
            }
            Change::Merged { contact, into } => {
                let rows = [&contact, &into].map(|passport| self.contacts.contains_key(passport));
                assert_eq!(rows, [true, true], "only rows that there are can be merged");
                let is_spoken = self.merged.get(&contact).is_some_and(|(whole, spoken)| *whole == into && *spoken);
                self.merged.insert(contact, (into, is_spoken));
            }
            Change::Split { contact } => drop(self.merged.remove(&contact)),
            Change::Spoken { contact, on } => {
                for (merged, (whole, is_spoken)) in &mut self.merged {
                    if *whole == contact {
                        *is_spoken = *merged == on;
                    }
                }
            }
            _ => {}
        }
    }

    /// A row goes, and with it what speaks of it.
    fn forget(&mut self, passport: &Passport) {
        self.contacts.remove(passport);
        self.merged.retain(|merged, (whole, _)| merged != passport && whole != passport);
    }

    /// Somebody who is merged ends the chat; says whether there was such a one.
    fn lose(&mut self, passport: &Passport) -> bool {
        if self.merged.remove(passport).is_none() {
            return false;
        }
        let row = self.contacts.get_mut(passport).unwrap();
        row.groups.clear();
        row.lists = if row.lists.contains(List::Block) { lists(&[List::Block]) } else { Lists::NONE };
        if row.lists.is_empty() {
            self.forget(passport);
        }
        true
    }

    fn entries(&self) -> Vec<Contact> {
        let mut entries: Vec<Contact> = Vec::new();
        let is_whole = |contact: &&Contact| !self.merged.contains_key(&contact.passport);
        for row in self.contacts.values().filter(is_whole) {
            let mut entry = row.clone();
            for (merged, (whole, is_spoken)) in &self.merged {
                if *whole == row.passport {
                    entry.merged.push(self.contacts[merged].clone());
                    if *is_spoken {
                        entry.spoken = Some(merged.clone());
                    }
                }
            }
            entries.push(entry);
        }
        entries
    }
}

struct World {
    account: Account,
    store: Store,
    /// What everybody looks like on their own network.
    looks: BTreeMap<usize, Status>,
    /// What the client sees.
    sees: BTreeMap<Passport, Status>,
}

impl World {
    fn new() -> Self {
        let mut store = Store::default();
        let contacts: Vec<Contact> = (0..PEOPLE.len()).map(|number| person(number, LISTED)).collect();
        for contact in &contacts {
            store.keep(Change::Contact(contact.clone()));
        }
        Self { account: online(contacts), store, looks: BTreeMap::new(), sees: BTreeMap::new() }
    }

    fn take(&mut self, step: Step) {
        let who = |number: usize| passport(PEOPLE[number].0);
        let asked = |request| Cause::Asked { session: CLIENT, tag: TAG, request };
        let cause = match step {
            Step::Add(list, number) => asked(add(list, PEOPLE[number].0)),
            Step::Remove(list, number, by_guid) => {
                let who = if by_guid { Who::Guid(guid(number as u128 + 1)) } else { Who::Passport(who(number)) };
                asked(Request::RemoveContact { list, who, group: None })
            }
            Step::Merge(into, other) => Cause::MergeWanted { into: who(into), other: who(other) },
            Step::Split(number) => Cause::SplitWanted(who(number)),
            Step::Choose(number, network) => {
                Cause::NetworkChosen { contact: who(number), network: PEOPLE[network].1.parse().unwrap() }
            }
            Step::Seen(number, status) => {
                match status {
                    Some(status) => self.looks.insert(number, status),
                    None => self.looks.remove(&number),
                };
                Cause::Seen(seen(PEOPLE[number].0, status))
            }
            Step::Lost(number) if self.store.lose(&who(number)) => Cause::Departed(who(number)),
            Step::Lost(_) => return,
            Step::SignIn => {
                self.cause(Cause::SignedOut(CLIENT));
                self.sees.clear();
                self.cause(Cause::SignedIn(CLIENT));
                asked(status(Status::Online))
            }
        };
        self.cause(cause);
    }

    fn cause(&mut self, cause: Cause) {
        for effect in self.account.handle(&moment(), cause) {
            match effect {
                Effect::Keep(changes) => changes.into_iter().for_each(|change| self.store.keep(change)),
                Effect::Answer { answer: Answer::Removed { list: List::Forward, passport, .. }, .. } => {
                    self.sees.remove(&passport);
                }
                Effect::Tell { event: Event::Seen(sighting) | Event::Initial { sighting, .. }, .. } => {
                    match sighting.presence {
                        Some(presence) => self.sees.insert(sighting.contact, presence.status),
                        None => self.sees.remove(&sighting.contact),
                    };
                }
                Effect::Resolve { query, passport } => {
                    let number = PEOPLE.iter().position(|(address, ..)| *address == passport.as_str()).unwrap();
                    let identity = person(number, &[]).remote.unwrap();
                    let outcome = Resolution::Remote { passport, name: "Ann".to_owned(), identity };
                    return self.cause(Cause::Resolved { query, outcome });
                }
                _ => {}
            }
        }
    }

    fn check(&self) {
        let kept = Account::new(record(self.store.entries()), Limits::default());
        let entries = |account: &Account| -> Vec<Contact> {
            let mut entries = account.snapshot().contacts;
            for entry in &mut entries {
                entry.merged.sort_by_key(|merged| merged.passport.clone());
            }
            entries
        };
        assert_eq!(entries(&self.account), entries(&kept), "memory and store disagree");
        let mut there = std::collections::BTreeSet::new();
        for entry in self.account.contacts.values() {
            assert!(entry.merged.is_empty() || !entry.lists.is_unwanted(), "{entry:?}");
            assert!(
                entry.spoken.as_ref().is_none_or(|spoken| entry.merged.iter().any(|each| each.passport == *spoken))
            );
            let networks: std::collections::BTreeSet<_> =
                entry.identities().map(|each| each.remote.as_ref().unwrap().network.clone()).collect();
            assert_eq!(networks.len(), entry.identities().count(), "of one network is one: {entry:?}");
            for identity in entry.identities() {
                assert!(there.insert(identity.passport.clone()), "{} is there twice", identity.passport);
                assert_eq!(identity.lists.following(entry.lists), identity.lists, "{entry:?}");
                assert!(identity.passport == entry.passport || identity.merged.is_empty());
            }
            let ease = |status: Status| {
                [Status::Away, Status::Idle, Status::Busy, Status::Online].iter().position(|each| *each == status)
            };
            let looks = PEOPLE.iter().enumerate().filter_map(|(number, (address, ..))| {
                let is_theirs = entry.identities().any(|identity| identity.passport.as_str() == *address);
                self.looks.get(&number).copied().filter(|_| is_theirs)
            });
            let best = looks.max_by_key(|status| ease(*status)).filter(|_| entry.lists.contains(List::Forward));
            assert_eq!(self.sees.get(&entry.passport).copied(), best, "{entry:?}");
        }
        let shown = |passport: &Passport| self.account.contacts.contains_key(passport);
        assert!(self.sees.keys().all(shown), "the client sees somebody who is not on its list");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_is_there_once_and_seen_as_they_are(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
    }
}
