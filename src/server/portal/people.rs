//! The people on an account's lists, its groups, and who is one person on several networks.

use std::time::Instant;

use domain::{
    Contact, Group, Guid, List, NetworkName, Passport,
    account::{Cause, GroupRef, Record, Refusal as ListRefusal, Request, Resolution, Who},
    address::Residence,
    contact::RemoteTarget,
};

use super::{Portal, PortalFault};
use crate::{
    limit::Limit,
    service::{self, label},
};

/// The longest name of a group, in bytes: what Messenger takes.
const LONGEST_GROUP: usize = 61;

/// The people on an account's lists, and its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Those who have added the account and wait for an answer, in the order of their names.
    pub pending: Vec<PersonLine>,
    /// Those on the contact list, in the order of their names.
    pub people: Vec<PersonLine>,
    /// Those on the allow or the block list alone, in the order of their names.
    pub others: Vec<PersonLine>,
    /// The groups, in the order they were made.
    pub groups: Vec<GroupLine>,
}

/// One entry of a list, but for rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonLine {
    /// Its address.
    pub passport: Passport,
    /// Its name, in one line.
    pub name: String,
    /// The networks over which it is reached, by its addresses there: itself first, then those that are the same person. Nothing for
    /// somebody of this server.
    pub networks: Vec<(NetworkName, Passport)>,
    /// The network to which what is said goes, where there are several.
    pub spoken: Option<NetworkName>,
    /// Whether it may not see or reach the account.
    pub is_blocked: bool,
    /// Whether it is allowed by name to.
    pub is_allowed: bool,
    /// Whether it has the account on its own list.
    pub watches: bool,
    /// The groups it is in.
    pub groups: Vec<Guid>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// Its id.
    pub guid: Guid,
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub size: usize,
}

impl Portal {
    /// The people on an account's lists, and its groups.
    pub async fn book(&self, owner: &Passport) -> Result<Book, PortalFault> {
        let record = self.core.store.load(owner).await?.ok_or(PortalFault::Unavailable)?;
        let Record { contacts, groups, .. } = record;
        let is_person = |contact: &Contact| {
            let is_room = contact.remote.as_ref().is_some_and(|remote| matches!(remote.target, RemoteTarget::Room(_)));
            !is_room && self.core.settings.realm.residence(&contact.passport) != Residence::Service
        };
        let mut contacts: Vec<Contact> =
            contacts.into_iter().filter(is_person).map(|contact| self.core.shown_contact(contact)).collect();
        contacts.sort_by_cached_key(|contact| (contact.name.to_lowercase(), contact.passport.clone()));
        let lines = |wanted: &dyn Fn(&Contact) -> bool| {
            contacts.iter().filter(|contact| wanted(contact)).map(PersonLine::of).collect::<Vec<_>>()
        };
        let is_listed = |contact: &Contact| contact.lists.contains(List::Forward);
        let is_pending = |contact: &Contact| contact.lists.is_pending();
        let size = |group: &Group| contacts.iter().filter(|contact| contact.groups.contains(&group.guid)).count();
        Ok(Book {
            pending: lines(&is_pending),
            people: lines(&is_listed),
            others: lines(&|contact| !is_listed(contact) && !is_pending(contact) && !contact.lists.is_unwanted()),
            groups: groups
                .iter()
                .map(|group| GroupLine { guid: group.guid, name: group.name.clone(), size: size(group) })
                .collect(),
        })
    }

    /// Adds somebody, or goes into a room: by an address, by the name alone of an account of this server, or in a network's own spelling.
    /// Says what came of it.
    pub async fn add(&self, owner: &Passport, words: &str) -> Result<String, PortalFault> {
        let words = words.trim();
        if words.is_empty() {
            return Err(PortalFault::unfit("Write whom you want to add."));
        }
        // What comes of it says who there is.
        if !self.core.guesses.take(owner, Instant::now()) {
            Limit::AccountPace.reached(owner);
            return Err(ListRefusal::TooFast.into());
        }
        if let Some(passport) = self.account_of_here(words).await? {
            let (portal, owner, whom) = (self.clone(), owner.clone(), passport.clone());
            self.to_its_end(async move {
                for list in [List::Forward, List::Allow] {
                    let who = Who::Passport(whom.clone());
                    portal.change(&owner, Request::AddContact { list, who, name: None, group: None }).await?;
                }
                Ok(())
            })
            .await?;
            return Ok(format!("{passport} is on your list now."));
        }
        Ok(service::join_from_page(&self.core, owner, words).await??)
    }

    /// The account of this server that words mean.
    async fn account_of_here(&self, words: &str) -> Result<Option<Passport>, PortalFault> {
        let Ok(passport) = self.whole_address(words).parse::<Passport>() else { return Ok(None) };
        if self.core.settings.realm.residence(&passport) != Residence::Local {
            return Ok(None);
        }
        let is_account = matches!(self.core.resolve(&passport).await, Resolution::Account { .. });
        Ok(is_account.then_some(passport))
    }

    /// Takes somebody off the contact list.
    pub async fn remove(&self, owner: &Passport, whom: &Passport) -> Result<(), PortalFault> {
        let who = Who::Passport(whom.clone());
        self.change(owner, Request::RemoveContact { list: List::Forward, who, group: None }).await
    }

    /// Lets somebody see and reach the account, or keeps them from it.
    pub async fn allow(&self, owner: &Passport, whom: &Passport, allowed: bool) -> Result<(), PortalFault> {
        let (list, who) = (if allowed { List::Allow } else { List::Block }, Who::Passport(whom.clone()));
        self.change(owner, Request::AddContact { list, who, name: None, group: None }).await
    }

    /// Takes somebody off the allow or the block list, on which of them they are.
    pub async fn forget(&self, owner: &Passport, whom: &Passport) -> Result<(), PortalFault> {
        let (portal, owner, whom) = (self.clone(), owner.clone(), whom.clone());
        self.to_its_end(async move {
            for list in [List::Allow, List::Block] {
                let who = Who::Passport(whom.clone());
                portal.change(&owner, Request::RemoveContact { list, who, group: None }).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes a group.
    pub async fn add_group(&self, owner: &Passport, name: &str) -> Result<(), PortalFault> {
        self.change(owner, Request::AddGroup { name: group_name(name)? }).await
    }

    /// Gives a group another name.
    pub async fn rename_group(&self, owner: &Passport, group: Guid, name: &str) -> Result<(), PortalFault> {
        self.change(owner, Request::RenameGroup { group, name: group_name(name)? }).await
    }

    /// Takes a group away; those who are in it stay on the list.
    pub async fn remove_group(&self, owner: &Passport, group: Guid) -> Result<(), PortalFault> {
        self.change(owner, Request::RemoveGroup { group: GroupRef::Guid(group) }).await
    }

    /// Has a contact in these of the groups, and not in the others, where that is otherwise than it was `shown`: what was changed elsewhere
    /// since then stays as it is.
    pub async fn put_in_groups(
        &self,
        owner: &Passport,
        whom: &Passport,
        shown: &[Guid],
        wanted: &[Guid],
    ) -> Result<(), PortalFault> {
        let book = self.book(owner).await?;
        let person = book.people.iter().find(|person| person.passport == *whom);
        let person = person.ok_or_else(|| PortalFault::unfit("That is not on your list any more."))?;
        let request = |group: Guid| {
            let who = Who::Passport(whom.clone());
            let is_in = person.groups.contains(&group);
            match (shown.contains(&group), wanted.contains(&group)) {
                (false, true) if !is_in => {
                    Some(Request::AddContact { list: List::Forward, who, name: None, group: Some(group) })
                }
                (true, false) if is_in => Some(Request::RemoveContact { list: List::Forward, who, group: Some(group) }),
                (true | false, true | false) => None,
            }
        };
        let requests: Vec<Request> = book.groups.iter().filter_map(|group| request(group.guid)).collect();
        let (portal, owner) = (self.clone(), owner.clone());
        self.to_its_end(async move {
            for request in requests {
                portal.change(&owner, request).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes one contact of two people of different networks, that of the first.
    pub async fn join(&self, owner: &Passport, into: &Passport, other: &Passport) -> Result<(), PortalFault> {
        self.wish(owner, Cause::MergeWanted { into: into.clone(), other: other.clone() }).await
    }

    /// Makes contacts again of those who were joined.
    pub async fn part(&self, owner: &Passport, whom: &Passport) -> Result<(), PortalFault> {
        self.wish(owner, Cause::SplitWanted(whom.clone())).await
    }

    /// What is said to a contact who is on several networks goes to this one.
    pub async fn speak_on(&self, owner: &Passport, whom: &Passport, network: &NetworkName) -> Result<(), PortalFault> {
        self.wish(owner, Cause::NetworkChosen { contact: whom.clone(), network: network.clone() }).await
    }
}

impl PersonLine {
    fn of(contact: &Contact) -> Self {
        let network = |each: &Contact| Some((each.remote.as_ref()?.network.clone(), each.passport.clone()));
        let networks: Vec<_> = contact.identities().filter_map(network).collect();
        let spoken = contact.spoken.as_ref().unwrap_or(&contact.passport);
        let spoken = networks.iter().find(|(_, passport)| passport == spoken).map(|(network, _)| network.clone());
        Self {
            passport: contact.passport.clone(),
            name: label(&contact.name, &contact.passport),
            spoken: spoken.filter(|_| networks.len() > 1),
            networks,
            is_blocked: contact.lists.contains(List::Block),
            is_allowed: contact.lists.contains(List::Allow),
            watches: contact.lists.watches(),
            groups: contact.groups.clone(),
        }
    }
}

fn group_name(name: &str) -> Result<String, PortalFault> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST_GROUP || name.chars().any(char::is_control) {
        let problem = format!("A group has a name of at most {LONGEST_GROUP} bytes.");
        return Err(PortalFault::Unfit(problem));
    }
    Ok(name.to_owned())
}
