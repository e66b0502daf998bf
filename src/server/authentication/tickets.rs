//! Tickets that were given. They are known by their hashes, so that how long a look takes says nothing about one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Passport;
use sha2::{Digest, Sha256};

use crate::limit::Limit;

/// How many tickets one account may have; the oldest makes way. A client needs one, and has another with each sign-in.
const MOST_OF_ONE: usize = 50;

/// How many tickets there may be in all; the oldest makes way.
const MOST: usize = 200_000;

type Hash = [u8; 32];

/// Tickets, numbered as they were given.
pub(super) struct Tickets {
    most: usize,
    next: u64,
    given: BTreeMap<u64, Given>,
    by_hash: HashMap<Hash, u64>,
    by_owner: HashMap<Passport, BTreeSet<u64>>,
}

struct Given {
    hash: Hash,
    owner: Passport,
    until: Instant,
}

impl Default for Tickets {
    fn default() -> Self {
        Self { most: MOST, next: 0, given: BTreeMap::new(), by_hash: HashMap::new(), by_owner: HashMap::new() }
    }
}

impl Tickets {
    /// Gives an account a ticket that is good until then.
    pub(super) fn issue(&mut self, owner: Passport, now: Instant, until: Instant) -> String {
        let ticket = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        self.forget_ended(now);
        let oldest_of_one = self.by_owner.get(&owner).filter(|own| own.len() >= MOST_OF_ONE).and_then(BTreeSet::first);
        if let Some(oldest) = oldest_of_one.copied() {
            Limit::Tickets.reached(&owner);
            self.remove(oldest);
        }
        let oldest = self.given.keys().next().copied().filter(|_| self.given.len() >= self.most);
        if let Some(oldest) = oldest {
            Limit::Tickets.reached("everybody together");
            self.remove(oldest);
        }
        let (number, hash) = (self.next, digest(&ticket));
        self.next += 1;
        self.by_hash.insert(hash, number);
        self.by_owner.entry(owner.clone()).or_default().insert(number);
        self.given.insert(number, Given { hash, owner, until });
        ticket
    }

    /// Whose ticket this is, if it is one and still good.
    pub(super) fn holder(&self, ticket: &str, now: Instant) -> Option<&Passport> {
        let given = self.given.get(self.by_hash.get(&digest(ticket))?)?;
        (now < given.until).then_some(&given.owner)
    }

    /// Ends all tickets of an account.
    pub(super) fn revoke(&mut self, owner: &Passport) {
        for number in self.by_owner.remove(owner).unwrap_or_default() {
            if let Some(given) = self.given.remove(&number) {
                self.by_hash.remove(&given.hash);
            }
        }
    }

    /// Ends one ticket.
    pub(super) fn withdraw(&mut self, ticket: &str) {
        if let Some(number) = self.by_hash.get(&digest(ticket)).copied() {
            self.remove(number);
        }
    }

    /// Forgets those that have ended, from the oldest on; one that was given for longer keeps those after it a little.
    fn forget_ended(&mut self, now: Instant) {
        while let Some((number, _)) = self.given.first_key_value().filter(|(_, given)| given.until <= now) {
            let number = *number;
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(Given { hash, owner, .. }) = self.given.remove(&number) else { return };
        self.by_hash.remove(&hash);
        if let Some(own) = self.by_owner.get_mut(&owner) {
            own.remove(&number);
            if own.is_empty() {
                self.by_owner.remove(&owner);
            }
        }
    }
}

fn digest(ticket: &str) -> Hash {
    Sha256::digest(ticket.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn passport(name: &str) -> Passport {
        format!("{name}@msn.example").parse().unwrap()
    }

    #[test]
    fn a_ticket_is_good_until_it_ends_or_its_account_does() {
        let (mut tickets, now) = (Tickets::default(), Instant::now());
        let day = now + Duration::from_hours(24);
        let (carols, bobs) = (tickets.issue(passport("carol"), now, day), tickets.issue(passport("bob"), now, day));
        assert_eq!(tickets.holder(&carols, now), Some(&passport("carol")));
        assert_eq!((tickets.holder(&carols, day), tickets.holder("", now)), (None, None));
        tickets.revoke(&passport("carol"));
        assert_eq!((tickets.holder(&carols, now), tickets.holder(&bobs, now)), (None, Some(&passport("bob"))));
        let another = tickets.issue(passport("bob"), now, day);
        tickets.withdraw(&bobs);
        tickets.withdraw(&carols);
        assert_eq!((tickets.holder(&bobs, now), tickets.holder(&another, now)), (None, Some(&passport("bob"))));
    }

    #[test]
    fn an_account_has_only_so_many_and_the_oldest_goes() {
        let (mut tickets, now) = (Tickets::default(), Instant::now());
        let day = now + Duration::from_hours(24);
        let bobs = tickets.issue(passport("bob"), now, day);
        let given: Vec<String> = (0..=MOST_OF_ONE).map(|_| tickets.issue(passport("carol"), now, day)).collect();
        assert_eq!(tickets.holder(&given[0], now), None);
        assert!(given[1..].iter().all(|ticket| tickets.holder(ticket, now).is_some()));
        assert!(tickets.holder(&bobs, now).is_some());
        assert_eq!((tickets.given.len(), tickets.by_hash.len()), (MOST_OF_ONE + 1, MOST_OF_ONE + 1));
    }

    #[test]
    fn there_are_only_so_many_in_all_and_none_that_has_ended() {
        let (mut tickets, now) = (Tickets { most: 20, ..Tickets::default() }, Instant::now());
        let day = now + Duration::from_hours(24);
        let first = tickets.issue(passport("first"), now, day);
        for number in 0..20 {
            tickets.issue(passport(&format!("p{}", number / 8)), now, day);
        }
        assert_eq!((tickets.given.len(), tickets.by_hash.len()), (20, 20));
        assert_eq!(tickets.holder(&first, now), None);
        tickets.issue(passport("last"), day, day + Duration::from_hours(1));
        assert_eq!((tickets.given.len(), tickets.by_hash.len(), tickets.by_owner.len()), (1, 1, 1));
    }
}
