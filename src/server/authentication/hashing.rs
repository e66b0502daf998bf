//! How passwords are kept: as argon2id hashes, at a cost that those who run the server choose.

use std::ops::RangeInclusive;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

/// The longest password that is looked at, in bytes.
const LONGEST_PASSWORD: usize = 1024;

/// How much memory and time it takes to find out whether a password is right; for a thief of the database as for this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordCost {
    /// How much memory can be asked for, in kibibytes; 8 for each lane are needed at least.
    pub const MEMORY: RangeInclusive<u32> = 8..=1_048_576;
    /// How many passes.
    pub const PASSES: RangeInclusive<u32> = 1..=100;
    /// How many lanes. They are gone through one after the other here.
    pub const LANES: RangeInclusive<u32> = 1..=16;

    /// Below this product of memory and passes a cost is too small for passwords of people: that of the smallest parameters which OWASP
    /// recommends for argon2id (cheatsheetseries.owasp.org, Password Storage).
    pub const ENOUGH: u64 = 7168 * 5;

    /// The cost of so many kibibytes, passes and lanes; `None` where argon2id has no such parameters, or a sign-in would take all of a
    /// machine.
    #[must_use]
    pub fn of(memory: u32, passes: u32, lanes: u32) -> Option<Self> {
        let is_possible = Self::MEMORY.contains(&memory)
            && Self::PASSES.contains(&passes)
            && Self::LANES.contains(&lanes)
            && memory >= lanes * 8;
        is_possible.then_some(Self { memory, passes, lanes })
    }

    /// Whether it is enough for passwords that people choose.
    #[must_use]
    pub fn is_enough(self) -> bool {
        u64::from(self.memory) * u64::from(self.passes) >= Self::ENOUGH
    }

    /// Whether a kept hash was made at this cost, so that it need not be made anew.
    pub(super) fn is_that_of(self, kept: &str) -> bool {
        let kept = PasswordHash::new(kept).ok();
        kept.is_some_and(|kept| {
            kept.algorithm == Algorithm::Argon2id.ident()
                && Params::try_from(&kept)
                    .is_ok_and(|of| (of.m_cost(), of.t_cost(), of.p_cost()) == (self.memory, self.passes, self.lanes))
        })
    }

    /// A hash that no password has, at this cost: whoever has no account is found out about in the same time as whoever has one.
    pub(super) fn of_nobody(self) -> String {
        let Self { memory, passes, lanes } = self;
        let [salt, output] = [rand::random::<[u8; 16]>().to_vec(), rand::random::<[u8; 32]>().to_vec()]
            .map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}")
    }

    fn hasher(self) -> Result<Argon2<'static>, String> {
        let params = Params::new(self.memory, self.passes, self.lanes, None);
        let params = params.map_err(|fault| format!("the password cannot be hashed: {fault}"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// The hash of a password. Takes tens of milliseconds, and a thread.
    pub(super) fn hash(self, password: &str) -> Result<String, String> {
        let hash = self.hasher()?.hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|fault| format!("the password cannot be hashed: {fault}"))
    }
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST, lanes: Params::DEFAULT_P_COST }
    }
}

/// Whether this is the password of a kept hash, whatever it cost. Takes tens of milliseconds, and a thread.
pub(super) fn is_right(password: &str, kept: &str) -> bool {
    password.len() <= LONGEST_PASSWORD
        && PasswordHash::new(kept)
            .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

/// The argon2id hash of a password, as it is kept. Takes tens of milliseconds.
pub async fn hash_password(password: &str, cost: PasswordCost) -> Result<String, String> {
    hash_holding(password, cost, ()).await
}

/// As [`hash_password`]. What is `held` is let go of when the work is done, and not when nobody waits for it any more: whoever hangs up
/// ends no work.
pub(crate) async fn hash_holding(
    password: &str,
    cost: PasswordCost,
    held: impl Send + 'static,
) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty: give one of at least one character".to_owned());
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(format!("the password is longer than {LONGEST_PASSWORD} bytes: give a shorter one"));
    }
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let _held = held;
        cost.hash(&password)
    });
    hashed.await.map_err(|fault| fault.to_string())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_right_at_any_cost_and_known_by_its_own() {
        let (cheap, other) = (PasswordCost::of(8, 1, 1).unwrap(), PasswordCost::of(16, 2, 2).unwrap());
        let kept = cheap.hash("s3cret").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{kept}");
        assert!(is_right("s3cret", &kept) && !is_right("secret", &kept));
        assert!(cheap.is_that_of(&kept) && !other.is_that_of(&kept) && !PasswordCost::default().is_that_of(&kept));
        for same in [kept.replace("argon2id", "argon2i"), "x".to_owned(), String::new()] {
            assert!(!cheap.is_that_of(&same), "{same}");
        }
        assert!(!is_right(&"x".repeat(LONGEST_PASSWORD + 1), &kept));
    }

    #[test]
    fn nobodys_hash_costs_as_much_and_has_no_password() {
        let cost = PasswordCost::of(24, 3, 2).unwrap();
        let nobody = cost.of_nobody();
        assert!(cost.is_that_of(&nobody), "{nobody}");
        assert!(!is_right("", &nobody));
        assert_ne!(nobody, cost.of_nobody());
    }

    #[test]
    fn costs_have_bounds() {
        for (memory, passes, lanes) in
            [(7, 1, 1), (1_048_577, 1, 1), (8, 0, 1), (8, 101, 1), (8, 1, 0), (8, 1, 2), (1024, 1, 17)]
        {
            assert_eq!(PasswordCost::of(memory, passes, lanes), None, "{memory} {passes} {lanes}");
        }
        assert!(PasswordCost::default().is_enough() && PasswordCost::of(7168, 5, 1).unwrap().is_enough());
        assert!(!PasswordCost::of(8, 1, 1).unwrap().is_enough());
    }
}
