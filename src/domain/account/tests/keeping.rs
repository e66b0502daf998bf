//! What is kept and what is in memory are the same, whatever a client asks for.

use proptest::prelude::*;

use super::*;

const PEOPLE: [&str; 4] = ["dave", "erin", "frank", ALICE];
const NAMES: [&str; 3] = ["Friends", "Work", "Family"];

/// A store that does what the words of [`Change`] say, and nothing else.
struct Store(Record);

impl Store {
    fn keep(&mut self, changes: Vec<Change>) {
        let record = &mut self.0;
        for change in changes {
            match change {
                Change::Contact(contact) => {
                    let before = record.contacts.iter().find(|known| known.passport == contact.passport);
                    let reverse = before.is_some_and(|known| known.lists.watches());
                    let own = contact.lists.without(List::Reverse);
                    let lists = if reverse { own.with(List::Reverse) } else { own };
                    record.contacts.retain(|known| known.passport != contact.passport);
                    if !lists.is_empty() {
                        record.contacts.push(Contact { lists, ..contact });
                    }
                }
                // Of the other account, of the outbox, and of those whom nobody here merges.
                Change::Mirror { .. }
                | Change::Order { .. }
                | Change::Merged { .. }
                | Change::Split { .. }
                | Change::Spoken { .. } => {}
                Change::Name(name) => record.name = name,
                Change::Privacy(privacy) => record.privacy = privacy,
                Change::Prompt(prompt) => record.prompt = prompt,
                Change::Property { key, value: Some(value) } => {
                    record.properties.insert(key, value);
                }
                Change::Property { key, value: None } => {
                    record.properties.remove(&key);
                }
                Change::Group(group) => match record.groups.iter_mut().find(|known| known.guid == group.guid) {
                    Some(known) => *known = group,
                    None => record.groups.push(group),
                },
                Change::GroupRemoved(guid) => {
                    record.groups.retain(|known| known.guid != guid);
                    for contact in &mut record.contacts {
                        contact.groups.retain(|known| *known != guid);
                    }
                }
                Change::ListChanged(at) => {
                    assert!(at > record.list_changed, "a list that has changed has a later time");
                    record.list_changed = at;
                }
                Change::SettingsChanged(at) => {
                    assert!(at > record.settings_changed);
                    record.settings_changed = at;
                }
            }
        }
        record.contacts.sort_by(|one, other| one.passport.cmp(&other.passport));
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Add(List, usize, Option<usize>),
    Remove(List, usize, Option<usize>),
    AddGroup(usize),
    RemoveGroup(usize),
    RenameGroup(usize, usize),
    Rename(usize, u8),
    Property(bool, Option<u8>),
    Privacy(bool),
    Status(Status),
    Listed(usize, bool),
    Invited(bool),
    SignedOut,
}

fn list() -> impl Strategy<Value = List> {
    prop::sample::select(vec![List::Forward, List::Allow, List::Block, List::Reverse, List::Pending])
}

fn step() -> impl Strategy<Value = Step> {
    let (who, group) = (0..PEOPLE.len(), || 0..NAMES.len());
    let status = prop::sample::select(vec![Status::Online, Status::Away, Status::Hidden]);
    prop_oneof![
        6 => (list(), who.clone(), prop::option::of(group())).prop_map(|(list, who, group)| Step::Add(list, who, group)),
        6 => (list(), who.clone(), prop::option::of(group())).prop_map(|(list, who, group)| Step::Remove(list, who, group)),
        2 => group().prop_map(Step::AddGroup),
        1 => group().prop_map(Step::RemoveGroup),
        1 => (group(), group()).prop_map(|(group, name)| Step::RenameGroup(group, name)),
        1 => (who.clone(), any::<u8>()).prop_map(|(who, name)| Step::Rename(who, name)),
        1 => (any::<bool>(), any::<Option<u8>>()).prop_map(|(name, value)| Step::Property(name, value)),
        1 => any::<bool>().prop_map(Step::Privacy),
        2 => status.prop_map(Step::Status),
        2 => (0..PEOPLE.len() - 1, any::<bool>()).prop_map(|(who, listed)| Step::Listed(who, listed)),
        1 => any::<bool>().prop_map(Step::Invited),
        1 => Just(Step::SignedOut),
    ]
}

/// An account with its store, and what each watcher and each network has been shown so far.
struct World {
    account: Account,
    store: Store,
    sight: BTreeMap<Passport, Arc<Presence>>,
}

impl World {
    fn new() -> Self {
        let account = signed_in(Vec::new());
        Self { account, store: Store(record(Vec::new())), sight: BTreeMap::new() }
    }

    fn group(&self, number: usize) -> Guid {
        let known = self.account.groups.iter().find(|group| group.name == NAMES[number]);
        known.map_or_else(|| guid(number as u128), |group| group.guid)
    }

    fn take(&mut self, step: Step) {
        let group = |number: Option<usize>| number.map(|number| self.group(number));
        let who = |number: usize| Who::Passport(passport(PEOPLE[number]));
        let name = |number: usize| NAMES[number].to_owned();
        let request = match step {
            Step::Add(list, number, into) => {
                Request::AddContact { list, who: who(number), name: None, group: group(into) }
            }
            Step::Remove(list, number, from) => Request::RemoveContact { list, who: who(number), group: group(from) },
            Step::AddGroup(number) => Request::AddGroup { name: name(number) },
            Step::RemoveGroup(number) => Request::RemoveGroup { group: GroupRef::Name([name(number), name(number)]) },
            Step::RenameGroup(number, to) => Request::RenameGroup { group: self.group(number), name: name(to) },
            Step::Rename(number, name) => {
                let known = self.account.contacts.get(&passport(PEOPLE[number]));
                let contact = known.map_or_else(|| guid(1), |contact| contact.guid);
                Request::ChangeContact { contact, key: "MFN".into(), value: name.to_string() }
            }
            Step::Property(name, value) => {
                let key = if name { "MFN" } else { "PHH" };
                Request::ChangeProperty { key: key.into(), value: value.map(|value| value.to_string()) }
            }
            Step::Privacy(everybody) => {
                Request::ChangePrivacy(if everybody { Privacy::Everybody } else { Privacy::OnlyAllowed })
            }
            Step::Status(to) => status(to),
            Step::Listed(number, listed) => return self.listed(&passport(PEOPLE[number]), listed),
            Step::Invited(invited) => return self.invited(invited),
            Step::SignedOut => {
                self.cause(Cause::SignedOut(CLIENT));
                return self.cause(Cause::SignedIn(CLIENT));
            }
        };
        self.cause(Cause::Asked { session: CLIENT, tag: TAG, request });
    }

    /// Somebody adds the account: their own commit changes its record, then it hears of it.
    fn listed(&mut self, by: &Passport, listed: bool) {
        self.cause(Cause::Listed { by: by.clone(), name: by.local().to_owned(), listed });
        let record = &mut self.store.0;
        record.contacts.retain(|known| known.passport != *by);
        record.contacts.extend(self.account.contacts.get(by).cloned());
        record.contacts.sort_by(|one, other| one.passport.cmp(&other.passport));
        record.list_changed = self.account.list_changed;
    }

    /// A network invites, or withdraws.
    fn invited(&mut self, invited: bool) {
        let known = self.account.contacts.get(&passport(ALICE)).cloned();
        let mut contact = known.unwrap_or_else(|| remote(&[]));
        contact.lists = if invited { contact.lists.with(List::Reverse) } else { contact.lists.without(List::Reverse) };
        let record = &mut self.store.0;
        record.contacts.retain(|known| known.passport != contact.passport);
        if !contact.lists.is_empty() {
            record.contacts.push(contact.clone());
        }
        record.contacts.sort_by(|one, other| one.passport.cmp(&other.passport));
        self.cause(Cause::Entered(contact));
        self.store.0.list_changed = self.account.list_changed;
    }

    fn cause(&mut self, cause: Cause) {
        let asked = matches!(cause, Cause::Asked { .. } | Cause::Resolved { .. });
        let effects = self.account.handle(&moment(), cause);
        let mut answers = 0;
        let mut query = None;
        for effect in effects {
            match effect {
                Effect::Keep(changes) => self.store.keep(changes),
                Effect::Answer { .. } => answers += 1,
                Effect::Resolve { query: number, passport } => query = Some((number, passport)),
                Effect::Publish { to, presence } => {
                    let before = match presence.clone() {
                        Some(presence) => self.sight.insert(to, presence),
                        None => self.sight.remove(&to),
                    };
                    assert_ne!(before, presence, "nothing is published twice");
                }
                _ => {}
            }
        }
        if let Some((number, wanted)) = query {
            assert_eq!(answers, 0);
            let outcome = if wanted == passport(ALICE) {
                Resolution::Remote { passport: wanted, name: "Alice".into(), identity: identity() }
            } else {
                Resolution::Account { name: wanted.local().to_owned() }
            };
            return self.cause(Cause::Resolved { query: number, outcome });
        }
        assert_eq!(answers, usize::from(asked), "what is asked is answered once");
    }

    /// What must hold between any two causes.
    fn check(&self) {
        let account = &self.account;
        let kept = Account::new(self.store.0.clone(), Limits::default());
        assert_eq!(account.snapshot(), kept.snapshot(), "memory and store disagree");
        for contact in account.contacts.values() {
            let bits = contact.lists.bits();
            assert!(!contact.lists.is_empty() && bits & 0b110 != 0b110, "{contact:?}");
            assert!(contact.groups.is_empty() || contact.lists.contains(List::Forward), "{contact:?}");
            assert!(contact.groups.iter().all(|group| account.groups.iter().any(|known| known.guid == *group)));
            let own = account.own.as_ref().filter(|own| own.status.is_visible());
            let sees = contact.remote.is_none()
                && contact.lists.watches()
                && policy::may_see(account.privacy, contact.lists)
                && own.is_some();
            let sight = self.sight.get(&contact.passport);
            assert_eq!(sight.is_some(), sees, "{contact:?}");
            let fresh = |sight: &Arc<Presence>| {
                *sight.name == *account.name && own.is_some_and(|own| own.status == sight.status)
            };
            assert!(sight.is_none_or(fresh), "{contact:?} sees what was");
        }
        assert!(self.sight.keys().all(|watcher| account.contacts.contains_key(watcher)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_store_never_disagree(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
    }
}
