//! How often accounts may have something done that is felt elsewhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use domain::{Allowance, Passport};

/// Of how many accounts it is remembered what they have taken.
const MEMORY: usize = 10_000;

/// So many times a minute for each account.
pub(crate) struct Allowances {
    per_minute: u32,
    of_accounts: Mutex<HashMap<Passport, Allowance>>,
}

impl Allowances {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, of_accounts: Mutex::default() }
    }

    /// Takes one for the account, if one is left; says whether it was.
    pub(crate) fn take(&self, owner: &Passport, now: Instant) -> bool {
        let mut of_accounts = self.of_accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if of_accounts.len() >= MEMORY && !of_accounts.contains_key(owner) {
            // Whoever had used up theirs gets some more: that is less harm than a memory without an end.
            of_accounts.clear();
        }
        of_accounts.entry(owner.clone()).or_insert(Allowance::new(self.per_minute)).take(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_account_has_its_own() {
        let (allowances, now) = (Allowances::new(2), Instant::now());
        let [ann, ben] = ["ann@msn.example", "ben@msn.example"].map(|passport| passport.parse::<Passport>().unwrap());
        assert!(allowances.take(&ann, now) && allowances.take(&ann, now) && !allowances.take(&ann, now));
        assert!(allowances.take(&ben, now));
        assert!(allowances.take(&ann, now + Duration::from_mins(1)));
    }
}
