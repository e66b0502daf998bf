//! What should be, in sets: a model that knows neither effects nor causes.

use std::collections::BTreeSet;

use super::*;

pub(super) const ACCOUNTS: [&str; 3] = ["ann", "ben", "cat"];
pub(super) const GROUPS: [&str; 2] = ["Friends", "Work"];
const NUMBER: &str = "tel:+15555551212";

/// Everybody whom a list can hold: the accounts, then one of a network, then a telephone.
pub(super) fn everybody(number: usize) -> Passport {
    match number {
        3 => passport(ALICE),
        4 => NUMBER.parse::<crate::Telephone>().unwrap().into(),
        account => passport(ACCOUNTS[account]),
    }
}

/// What a client asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Add(List, usize, Option<usize>),
    Remove(List, usize, Option<usize>),
    AddGroup(usize),
    RemoveGroup(usize),
    Privacy(bool),
    Phone(Option<u8>),
    Status(Status),
}

/// What should be: sets, and nothing that is derived.
#[derive(Default)]
pub(super) struct Model {
    on: BTreeSet<(Passport, u8, Passport)>,
    groups: BTreeSet<(Passport, &'static str)>,
    pub(super) members: BTreeSet<(Passport, &'static str, Passport)>,
    closed: BTreeSet<Passport>,
    phones: BTreeMap<Passport, String>,
    pub(super) statuses: BTreeMap<Passport, Status>,
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
    pub(super) fn is_on(&self, owner: &Passport, list: u8, who: &Passport) -> bool {
        self.on.contains(&(owner.clone(), list, who.clone()))
    }

    /// Does it; says whether it may be done.
    pub(super) fn order(&mut self, owner: &Passport, order: Order) -> bool {
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
                if closed {
                    self.closed.insert(owner.clone())
                } else {
                    self.closed.remove(owner)
                };
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
    pub(super) fn shown(&self, owner: &Passport, who: &Passport) -> u8 {
        let own: u8 = [1, 2, 4].into_iter().filter(|list| self.is_on(owner, *list, who)).sum();
        match (own, self.is_on(who, 1, owner)) {
            (0, true) => 16,
            (own, true) => own + 8,
            (own, false) => own,
        }
    }

    pub(super) fn sees(&self, owner: &Passport, who: &Passport) -> Option<Status> {
        let may = !self.is_on(who, 4, owner) && (!self.closed.contains(who) || self.is_on(who, 2, owner));
        let status = self.statuses.get(who).copied().filter(|status| status.is_visible());
        status.filter(|_| may && self.is_on(owner, 1, who))
    }

    pub(super) fn reads_phone(&self, owner: &Passport, who: &Passport) -> Option<&String> {
        self.phones.get(who).filter(|_| self.is_on(owner, 1, who) && self.is_on(who, 2, owner))
    }
}
