//! Passwords and tickets.

mod attempts;
mod hashing;
mod tickets;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use domain::{Passport, Timestamp};
use store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{info, warn};

use self::{
    attempts::{Attempt, Attempts},
    tickets::Tickets,
};
use crate::{allowances::Allowances, core::wall, limit::Limit, settings::Limits, subscriber::subscriber};

pub(crate) use hashing::hash_holding;
pub use hashing::{PasswordCost, hash_password};

const MINUTE: Duration = Duration::from_mins(1);

/// What a client shows on its notification connection instead of a password.
#[derive(Clone)]
pub struct Ticket {
    /// Of the base64url alphabet.
    pub value: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// An account, and what is kept of its password, which somebody has just given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proven {
    pub(crate) owner: Passport,
    /// What is done for whoever has proven that counts only as long as this is what is kept.
    pub(crate) hash: String,
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
    checks: Arc<Semaphore>,
    attempts: Mutex<Attempts>,
    tickets: Mutex<Tickets>,
    bounds: RwLock<Bounds>,
}

/// What of the limits can change.
struct Bounds {
    /// How many passwords are checked at the same time.
    checks: usize,
    /// How long a ticket is good for.
    lifetime: Duration,
    /// What a kept hash is to have cost.
    cost: PasswordCost,
    /// The hash of no password, so that an unknown account costs as much time as a known one.
    nobody: String,
    by_account: Allowances<(Passport, IpAddr)>,
    by_address: Allowances<IpAddr>,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self {
            checks: limits.password_checks,
            lifetime: limits.ticket_lifetime,
            cost: limits.password_cost,
            nobody: limits.password_cost.of_nobody(),
            by_account: Allowances::new(limits.sign_ins),
            by_address: Allowances::new(limits.sign_ins_per_address),
        }
    }
}

impl Authentication {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            checks: Arc::new(Semaphore::new(limits.password_checks)),
            attempts: Mutex::new(Attempts::new(limits)),
            tickets: Mutex::default(),
            bounds: RwLock::new(Bounds::of(limits)),
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
        lock(&self.attempts).limit(limits);
    }

    /// Whether another try to sign in may be made now, right or wrong. An account's tries are counted for each address, so that nobody
    /// uses up those of somebody else.
    fn keep_pace(&self, passport: Option<&Passport>, from: IpAddr, now: Instant) -> Result<(), Refusal> {
        let bounds = self.bounds();
        let place = subscriber(from);
        let limit = if !bounds.by_address.take(&place, now) {
            Limit::SignInsPerAddress
        } else if passport.is_some_and(|passport| !bounds.by_account.take(&(passport.clone(), place), now)) {
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
        let proven = self.prove(store, passport, password, from).await?;
        self.ticket_for(store, &proven).await
    }

    /// A ticket for whoever has proven the password. Whoever changes it ends the tickets that there are by then, so this one is there
    /// before it is asked whether that has happened meanwhile.
    pub(crate) async fn ticket_for(&self, store: &Store, proven: &Proven) -> Result<Ticket, Refusal> {
        let ticket = self.issue(proven.owner.clone());
        let now = kept(store, &proven.owner).await;
        if now.as_ref().is_ok_and(|now| now.as_ref() == Some(&proven.hash)) {
            return Ok(ticket);
        }
        lock(&self.tickets).withdraw(&ticket.value);
        Err(now.err().unwrap_or(Refusal::WrongCredentials))
    }

    /// Whose password this is: a wrong one counts for its address and its account. One that was hashed at another cost than passwords
    /// are now is hashed anew: only now is it known.
    pub(crate) async fn prove(
        &self,
        store: &Store,
        passport: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Proven, Refusal> {
        let passport = passport.parse::<Passport>().ok();
        let attempt = Attempt::to_sign_in(passport.clone(), from);
        let now = Instant::now();
        // Counted before it is known to be wrong, so that many at once are no way around the limit.
        self.keep_pace(passport.as_ref(), from, now)?;
        if let Err(retry_after) = lock(&self.attempts).begin(&attempt, now) {
            Limit::SignInAttempts.reached(from);
            return Err(Refusal::TooManyAttempts { retry_after });
        }
        let proven = self.judge(store, passport, password).await;
        match &proven {
            Ok(_) => lock(&self.attempts).succeeded(&attempt, now),
            Err(Refusal::WrongCredentials) => info!(%from, "a sign-in was refused"),
            Err(Refusal::Unavailable | Refusal::TooManyAttempts { .. }) => lock(&self.attempts).forgive(&attempt, now),
        }
        proven
    }

    async fn judge(&self, store: &Store, passport: Option<Passport>, password: &str) -> Result<Proven, Refusal> {
        // Whoever signs in at the same time may have had the password hashed anew: then it is looked at once more.
        for _ in 0..2 {
            if let Some(proven) = self.compare(store, passport.as_ref(), password).await? {
                return Ok(proven);
            }
        }
        Err(Refusal::WrongCredentials)
    }

    /// `None` where what is kept of the password was replaced meanwhile.
    async fn compare(
        &self,
        store: &Store,
        passport: Option<&Passport>,
        password: &str,
    ) -> Result<Option<Proven>, Refusal> {
        let known = match passport {
            Some(passport) => kept(store, passport).await?,
            None => None,
        };
        let hash = known.clone().unwrap_or_else(|| self.bounds().nobody.clone());
        let right = self.verify(password, hash).await?;
        let (Some(passport), Some(known), true) = (passport, known, right) else {
            return Err(Refusal::WrongCredentials);
        };
        // The password may have been changed while this one was being checked.
        if kept(store, passport).await?.as_ref() == Some(&known) {
            let hash = self.renewed(store, passport, password, known).await;
            Ok(hash.map(|hash| Proven { owner: passport.clone(), hash }))
        } else {
            Ok(None)
        }
    }

    /// What is kept of a right password: hashed anew, if what was `known` was made at another cost. Whatever fails, the next sign-in tries
    /// again. `None` where that was replaced meanwhile.
    async fn renewed(&self, store: &Store, passport: &Passport, password: &str, known: String) -> Option<String> {
        let cost = self.bounds().cost;
        if cost.is_that_of(&known) {
            return Some(known);
        }
        let Some(permit) = self.hashing().await else { return Some(known) };
        let renewed = match hash_holding(password, cost, permit).await {
            Ok(hash) => {
                let renewed = store.renew_password(passport, &known, &hash).await;
                renewed.map(|is_done| is_done.then_some(hash)).map_err(|fault| fault.to_string())
            }
            Err(fault) => Err(fault),
        };
        match renewed {
            Ok(Some(hash)) => {
                info!(%passport, "a password's hash was made anew, as [accounts] says");
                Some(hash)
            }
            Ok(None) => None,
            Err(fault) => {
                warn!(%passport, fault, "a password's hash stays as it was");
                Some(known)
            }
        }
    }

    /// Takes one of the tries that an address has for something that is counted apart from sign-ins, or says how long there is none.
    pub(crate) fn try_at(&self, what: &'static str, from: IpAddr) -> Result<(), Duration> {
        lock(&self.attempts).begin(&Attempt::at(what, from), Instant::now())
    }

    /// The right to hash a password now, beside those who have a password checked; `None` when the server stops. It goes where the work is
    /// done: see [`hash_holding`].
    pub(crate) async fn hashing(&self) -> Option<OwnedSemaphorePermit> {
        if self.checks.available_permits() == 0 {
            Limit::PasswordChecks.reached("everybody together");
        }
        Arc::clone(&self.checks).acquire_owned().await.ok()
    }

    async fn verify(&self, password: &str, hash: String) -> Result<bool, Refusal> {
        let permit = self.hashing().await.ok_or(Refusal::Unavailable)?;
        let password = password.to_owned();
        let check = tokio::task::spawn_blocking(move || {
            // A client that hangs up ends no work: the next one waits for it all the same.
            let _permit = permit;
            hashing::is_right(&password, &hash)
        });
        check.await.map_err(|_| Refusal::Unavailable)
    }

    fn issue(&self, passport: Passport) -> Ticket {
        let (now, lifetime) = (Instant::now(), self.bounds().lifetime);
        let value = lock(&self.tickets).issue(passport, now, now + lifetime);
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        Ticket { value, expires: Timestamp(wall().0.saturating_add(lifetime)) }
    }

    /// Whether this is a ticket of that account. Clients use one again when they reconnect.
    pub(crate) fn accepts(&self, passport: &Passport, ticket: &str, now: Instant) -> bool {
        lock(&self.tickets).holder(ticket, now) == Some(passport)
    }

    /// Whose ticket this is.
    pub(crate) fn holder(&self, ticket: &str, now: Instant) -> Option<Passport> {
        lock(&self.tickets).holder(ticket, now).cloned()
    }

    /// Ends all tickets of an account, whose password was changed or who is gone.
    pub(crate) fn revoke(&self, passport: &Passport) {
        lock(&self.tickets).revoke(passport);
        lock(&self.attempts).leave_home(passport);
    }

    fn bounds(&self) -> RwLockReadGuard<'_, Bounds> {
        self.bounds.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is kept of an account's password; `None` if there is no such account.
async fn kept(store: &Store, passport: &Passport) -> Result<Option<String>, Refusal> {
    store.password_hash(passport).await.map_err(|fault| {
        warn!(%fault, "cannot read a password's hash");
        Refusal::Unavailable
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signs_in_too_often_has_to_wait_though_the_password_be_right() {
        let limits = Limits { sign_ins: 2, sign_ins_per_address: 3, ..Limits::default() };
        let authentication = Authentication::new(&limits);
        let [here, there] = ["2001:db8::1", "2001:db8:0:1::1"].map(|address| address.parse::<IpAddr>().unwrap());
        let [carol, bob] = ["carol@example.com", "bob@example.com"].map(|who| who.parse::<Passport>().unwrap());
        let now = Instant::now();
        let may = |who: Option<&Passport>, from: IpAddr, now: Instant| authentication.keep_pace(who, from, now).is_ok();
        assert!(may(Some(&carol), here, now) && may(Some(&carol), here, now));
        assert!(!may(Some(&carol), here, now), "enough for that account, from here");
        assert!(!may(None, here, now), "three from here, though it be nobody");
        assert!(may(Some(&carol), there, now), "whoever is elsewhere has tries of their own");
        assert!(may(Some(&bob), there, now));
        assert!(may(Some(&carol), here, now + MINUTE));
        authentication.limit(&Limits { sign_ins: 9, ..limits });
        assert!((0..3).all(|_| may(Some(&carol), here, now)), "other limits begin anew");
    }

    #[tokio::test]
    async fn whoever_hangs_up_ends_no_check_that_is_under_way() {
        let authentication = Authentication::new(&Limits { password_checks: 1, ..Limits::default() });
        let slow = "$argon2id$v=19$m=19456,t=40,p=1$c29tZXNhbHRzb21lc2FsdA$K7yQ0pUqYbA7T1xw5m1mPpm7x2o7r6eZcJ1vM0oV0cE";
        let mut checking = Box::pin(authentication.verify("battery staple", slow.to_owned()));
        assert!(futures_util::poll!(checking.as_mut()).is_pending());
        drop(checking);
        assert_eq!(authentication.checks.available_permits(), 0, "it is worked on still");
        assert!(authentication.hashing().await.is_some(), "and comes to its end");
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
