//! Passwords and tickets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use constant_time_eq::constant_time_eq;
use domain::{Passport, Timestamp};
use store::Store;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{info, warn};

use crate::{allowances::Allowances, core::wall, limit::Limit, settings::Limits};

/// The longest password that is looked at, in bytes.
const LONGEST_PASSWORD: usize = 1024;

const MINUTE: Duration = Duration::from_mins(1);

/// What a client shows on its notification connection instead of a password.
#[derive(Clone)]
pub struct Ticket {
    /// Of the base64url alphabet.
    pub value: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Why no ticket was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such account, or this is not its password; the two are never told apart.
    WrongCredentials,
    /// Too many wrong passwords came from this address or for this account.
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store did not answer.
    Unavailable,
}

/// Who may sign in.
pub(crate) struct Authentication {
    /// Each check takes tens of megabytes; more at once than this would let anybody exhaust the machine.
    checks: Semaphore,
    attempts: Mutex<Attempts>,
    tickets: Mutex<HashMap<String, (Passport, Instant)>>,
    bounds: RwLock<Bounds>,
    /// The hash of no password, so that an unknown account costs as much time as a known one.
    nobody: String,
}

/// What of the limits can change.
struct Bounds {
    /// How many passwords are checked at the same time.
    checks: usize,
    /// How long a ticket is good for.
    lifetime: Duration,
    by_account: Allowances<Passport>,
    by_address: Allowances<IpAddr>,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self {
            checks: limits.password_checks,
            lifetime: limits.ticket_lifetime,
            by_account: Allowances::new(limits.sign_ins),
            by_address: Allowances::new(limits.sign_ins_per_address),
        }
    }
}

impl Authentication {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            checks: Semaphore::new(limits.password_checks),
            attempts: Mutex::new(Attempts::new(limits.attempts, limits.attempts_within)),
            tickets: Mutex::default(),
            bounds: RwLock::new(Bounds::of(limits)),
            nobody: hash_now(&BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())).unwrap_or_default(),
        }
    }

    /// These limits hold from now on. Tickets that were given keep their time, and failures are counted on.
    pub(crate) fn limit(&self, limits: &Limits) {
        let mut bounds = self.bounds.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *bounds, Bounds::of(limits)).checks;
        let wanted = bounds.checks;
        drop(bounds);
        if wanted >= before {
            self.checks.add_permits(wanted - before);
        } else {
            // Of those that check now, each that is one too many is known as such, and is taken away by the next change.
            let taken = self.checks.forget_permits(before - wanted);
            self.bounds.write().unwrap_or_else(PoisonError::into_inner).checks = before - taken;
        }
        let mut attempts = lock(&self.attempts);
        (attempts.most, attempts.within) = (limits.attempts, limits.attempts_within);
    }

    /// Whether another try to sign in may be made now, right or wrong.
    fn keep_pace(&self, passport: Option<&Passport>, from: IpAddr, now: Instant) -> Result<(), Refusal> {
        let bounds = self.bounds.read().unwrap_or_else(PoisonError::into_inner);
        let limit = if !bounds.by_address.take(&from, now) {
            Limit::SignInsPerAddress
        } else if passport.is_some_and(|passport| !bounds.by_account.take(passport, now)) {
            Limit::SignIns
        } else {
            return Ok(());
        };
        limit.reached(from);
        Err(Refusal::TooManyAttempts { retry_after: MINUTE })
    }

    /// Gives a ticket for the right password.
    pub(crate) async fn sign_in(
        &self,
        store: &Store,
        passport: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Ticket, Refusal> {
        self.prove(store, passport, password, from).await.map(|passport| self.issue(passport))
    }

    /// Whose password this is: a wrong one counts for its address and its account.
    pub(crate) async fn prove(
        &self,
        store: &Store,
        passport: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Passport, Refusal> {
        let passport = passport.parse::<Passport>().ok();
        let account =
            passport.as_ref().map_or_else(|| "no account".to_owned(), |passport| format!("account {passport}"));
        let keys = [format!("address {from}"), account];
        let now = Instant::now();
        // Counted before it is known to be wrong, so that many at once are no way around the limit.
        self.keep_pace(passport.as_ref(), from, now)?;
        if let Err(retry_after) = lock(&self.attempts).begin(&keys, now) {
            Limit::SignInAttempts.reached(from);
            return Err(Refusal::TooManyAttempts { retry_after });
        }
        let known = match &passport {
            Some(passport) => store.password_hash(passport).await.map_err(|fault| {
                warn!(%fault, "cannot read a password's hash");
                Refusal::Unavailable
            })?,
            None => None,
        };
        let hash = known.clone().unwrap_or_else(|| self.nobody.clone());
        let right = self.verify(password, hash).await?;
        match passport {
            Some(passport) if right && known.is_some() => {
                lock(&self.attempts).forgive(&keys);
                // The password may have been changed while this one was being checked.
                let unchanged = store.password_hash(&passport).await.is_ok_and(|now| now == known);
                if unchanged { Ok(passport) } else { Err(Refusal::WrongCredentials) }
            }
            Some(_) | None => {
                info!(%from, "a sign-in was refused");
                Err(Refusal::WrongCredentials)
            }
        }
    }

    /// Takes one of the tries that an address has for something that is counted apart from sign-ins, or says how long there is none.
    pub(crate) fn try_at(&self, what: &str, from: IpAddr) -> Result<(), Duration> {
        lock(&self.attempts).begin(&[format!("{what} {from}")], Instant::now())
    }

    /// The right to hash a password now, beside those who have a password checked; `None` when the server stops.
    pub(crate) async fn hashing(&self) -> Option<SemaphorePermit<'_>> {
        if self.checks.available_permits() == 0 {
            Limit::PasswordChecks.reached("everybody together");
        }
        self.checks.acquire().await.ok()
    }

    async fn verify(&self, password: &str, hash: String) -> Result<bool, Refusal> {
        let _permit = self.hashing().await.ok_or(Refusal::Unavailable)?;
        let password = password.to_owned();
        let check = tokio::task::spawn_blocking(move || {
            password.len() <= LONGEST_PASSWORD
                && PasswordHash::new(&hash)
                    .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        check.await.map_err(|_| Refusal::Unavailable)
    }

    fn issue(&self, passport: Passport) -> Ticket {
        let value = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
        let (now, lifetime) = (Instant::now(), self.bounds.read().unwrap_or_else(PoisonError::into_inner).lifetime);
        let mut tickets = lock(&self.tickets);
        if tickets.len().is_multiple_of(1024) {
            tickets.retain(|_, (_, until)| *until > now);
        }
        tickets.insert(value.clone(), (passport, now + lifetime));
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        Ticket { value, expires: Timestamp(wall().0.saturating_add(lifetime)) }
    }

    /// Whether this is a ticket of that account. Clients use one again when they reconnect.
    pub(crate) fn accepts(&self, passport: &Passport, ticket: &str, now: Instant) -> bool {
        let tickets = lock(&self.tickets);
        tickets.get(ticket).is_some_and(|(owner, until)| {
            constant_time_eq(owner.as_str().as_bytes(), passport.as_str().as_bytes()) && now < *until
        })
    }

    /// Whose ticket this is.
    pub(crate) fn holder(&self, ticket: &str, now: Instant) -> Option<Passport> {
        let tickets = lock(&self.tickets);
        tickets.get(ticket).filter(|(_, until)| now < *until).map(|(owner, _)| owner.clone())
    }

    /// Ends all tickets of an account.
    pub(crate) fn revoke(&self, passport: &Passport) {
        lock(&self.tickets).retain(|_, (owner, _)| owner != passport);
    }
}

/// Failed attempts by key, in a window that begins with the first.
struct Attempts {
    most: u32,
    within: Duration,
    failures: HashMap<String, (Instant, u32)>,
}

impl Attempts {
    fn new(most: u32, within: Duration) -> Self {
        Self { most, within, failures: HashMap::new() }
    }

    /// Begins an attempt, or says how long none may be made.
    fn begin(&mut self, keys: &[String], now: Instant) -> Result<(), Duration> {
        let left = |key: &String| {
            let (first, count) = self.failures.get(key)?;
            let left = self.within.checked_sub(now.saturating_duration_since(*first))?;
            (*count >= self.most && !left.is_zero()).then_some(left)
        };
        if let Some(left) = keys.iter().filter_map(left).max() {
            return Err(left);
        }
        let within = self.within;
        if self.failures.len() > 10_000 {
            self.failures.retain(|_, (first, _)| now.saturating_duration_since(*first) < within);
        }
        for key in keys {
            let entry = self.failures.entry(key.clone()).or_insert((now, 0));
            if now.saturating_duration_since(entry.0) >= within {
                *entry = (now, 0);
            }
            entry.1 += 1;
        }
        Ok(())
    }

    /// The attempt succeeded, and does not count.
    fn forgive(&mut self, keys: &[String]) {
        for key in keys {
            if let Some((_, count)) = self.failures.get_mut(key) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

/// The argon2id hash of a password, as it is kept. Takes tens of milliseconds.
pub async fn hash_password(password: &str) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty: give one of at least one character".to_owned());
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(format!("the password is longer than {LONGEST_PASSWORD} bytes: give a shorter one"));
    }
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash_now(&password)).await.map_err(|fault| fault.to_string())?
}

fn hash_now(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|fault| format!("the password cannot be hashed: {fault}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_block_their_address_and_account_for_a_while() {
        let mut attempts = Attempts::new(2, Duration::from_mins(5));
        let now = Instant::now();
        let keys = || ["address".to_owned(), "account".to_owned()];
        let of = |address: &str, account: &str| [address.to_owned(), account.to_owned()];
        assert_eq!(attempts.begin(&keys(), now), Ok(()));
        assert_eq!(attempts.begin(&keys(), now), Ok(()));
        assert_eq!(attempts.begin(&of("elsewhere", "account"), now), Err(Duration::from_mins(5)));
        assert_eq!(attempts.begin(&of("elsewhere", "another"), now), Ok(()));
        assert_eq!(attempts.begin(&keys(), now + Duration::from_mins(5)), Ok(()), "it passes");
    }

    #[test]
    fn a_right_password_does_not_count() {
        let mut attempts = Attempts::new(2, Duration::from_mins(5));
        let keys = ["address".to_owned(), "account".to_owned()];
        for _ in 0..5 {
            assert_eq!(attempts.begin(&keys, Instant::now()), Ok(()));
            attempts.forgive(&keys);
        }
    }

    #[test]
    fn whoever_signs_in_too_often_has_to_wait_though_the_password_be_right() {
        let limits = Limits { sign_ins: 2, sign_ins_per_address: 3, ..Limits::default() };
        let authentication = Authentication::new(&limits);
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse::<IpAddr>().unwrap());
        let [carol, bob] = ["carol@example.com", "bob@example.com"].map(|who| who.parse::<Passport>().unwrap());
        let now = Instant::now();
        let may = |who: Option<&Passport>, from: IpAddr, now: Instant| authentication.keep_pace(who, from, now).is_ok();
        assert!(may(Some(&carol), here, now) && may(Some(&carol), here, now));
        assert!(!may(Some(&carol), there, now), "an account's own");
        assert!(may(Some(&bob), here, now), "the third from here");
        assert!(!may(None, here, now), "though it be nobody");
        assert!(may(Some(&bob), there, now));
        assert!(may(Some(&carol), here, now + MINUTE));
        authentication.limit(&Limits { sign_ins: 9, ..limits });
        assert!(may(Some(&bob), there, now) && may(Some(&bob), there, now), "other limits begin anew");
    }

    #[test]
    fn fewer_or_more_passwords_are_checked_at_once_from_now_on() {
        let authentication = Authentication::new(&Limits { password_checks: 4, ..Limits::default() });
        authentication.limit(&Limits { password_checks: 1, ..Limits::default() });
        assert_eq!(authentication.checks.available_permits(), 1);
        let _busy = authentication.checks.try_acquire().unwrap();
        authentication.limit(&Limits { password_checks: 3, ..Limits::default() });
        assert_eq!(authentication.checks.available_permits(), 2);
    }

    #[test]
    fn a_ticket_is_bound_to_its_account_and_ends() {
        let authentication = Authentication::new(&Limits::default());
        let carol: Passport = "carol@example.com".parse().unwrap();
        let bob: Passport = "bob@example.com".parse().unwrap();
        let ticket = authentication.issue(carol.clone()).value;
        let now = Instant::now();
        assert!(authentication.accepts(&carol, &ticket, now) && authentication.accepts(&carol, &ticket, now));
        assert!(!authentication.accepts(&bob, &ticket, now));
        assert_eq!(authentication.holder(&ticket, now), Some(carol.clone()));
        assert_eq!(authentication.holder(&ticket, now + Duration::from_hours(25)), None);
        assert!(!authentication.accepts(&carol, &ticket, now + Duration::from_hours(25)));
        authentication.revoke(&carol);
        assert_eq!(authentication.holder(&ticket, now), None);
        assert!(!authentication.accepts(&carol, &ticket, now));
    }
}
