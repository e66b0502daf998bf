//! How often something may be done that is felt elsewhere, by each account or from each address.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use domain::{Allowance, Passport};

/// Of how many it is remembered what they have taken.
const MEMORY: usize = 10_000;

/// So many times a minute for each.
pub(crate) struct Allowances<Whose = Passport> {
    per_minute: u32,
    of_each: Mutex<HashMap<Whose, Allowance>>,
}

impl<Whose: Clone + Eq + Hash> Allowances<Whose> {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, of_each: Mutex::default() }
    }

    /// Takes one, if one is left; says whether it was.
    pub(crate) fn take(&self, whose: &Whose, now: Instant) -> bool {
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        if of_each.len() >= MEMORY && !of_each.contains_key(whose) {
            // Whoever had used up theirs gets some more: that is less harm than a memory without an end.
            of_each.clear();
        }
        of_each.entry(whose.clone()).or_insert(Allowance::new(self.per_minute)).take(now)
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
