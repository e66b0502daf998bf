//! Accounts that somebody of a network asks for, where the configuration lets networks have them made.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bridge::{HostFault, Registration};
use domain::Passport;
use tracing::info;

use crate::{
    administration::{AccountFault, Administration},
    core::Core,
    limit::Limit,
    settings::RegistrationPolicy,
};

/// The shortest password, in characters: what the sign-in service of the time asked for.
const SHORTEST_PASSWORD: usize = 6;

const HOUR: Duration = Duration::from_hours(1);

/// When accounts were made for people of networks, within the last hour.
#[derive(Default)]
pub(crate) struct Registrations(Mutex<VecDeque<Instant>>);

impl Registrations {
    /// Takes one of the places of this hour, if one is left.
    pub(crate) fn take_place(&self, most: usize, now: Instant) -> bool {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while made.front().is_some_and(|made| now.saturating_duration_since(*made) >= HOUR) {
            made.pop_front();
        }
        let is_free = made.len() < most;
        if is_free {
            made.push_back(now);
        }
        is_free
    }

    /// The place that was taken then is free again: no account was made.
    pub(crate) fn give_back(&self, taken: Instant) {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = made.iter().rposition(|made| *made == taken) {
            made.remove(place);
        }
    }
}

/// Makes an account for somebody of a network, or says in a phrase why not and what to do.
pub(crate) async fn register(core: &Arc<Core>, passport: &Passport, password: &str) -> Result<Registration, HostFault> {
    let refused = |reason: &str| Ok(Registration::Refused(reason.to_owned()));
    match core.settings.registration {
        RegistrationPolicy::Closed => return refused("accounts are made by the people who run this server: ask them"),
        RegistrationPolicy::Networks => {}
    }
    if password.chars().count() < SHORTEST_PASSWORD {
        return refused(&format!("the password is too short: choose one of at least {SHORTEST_PASSWORD} characters"));
    }
    // Whoever had the address of somebody who runs the server would run it.
    if !core.settings.realm.admits_account(passport) || core.settings.portal.admins.contains(passport) {
        return refused(&format!("{passport} is reserved for this server: choose another address"));
    }
    // Nobody's mistake takes a place from everybody else, nor the time for a hash.
    match core.store.account_name(passport).await {
        Ok(None) => {}
        Ok(Some(_)) => return Ok(exists(passport)),
        Err(fault) => return Err(HostFault::Store(fault.to_string())),
    }
    let now = Instant::now();
    if !core.registrations.take_place(core.settings.limits.registrations_per_hour, now) {
        Limit::Registrations.reached(passport);
        return refused("too many accounts were made within the hour: try again later");
    }
    let outcome = make(core, passport, password).await;
    if !matches!(outcome, Ok(Registration::Made)) {
        core.registrations.give_back(now);
    }
    outcome
}

async fn make(core: &Arc<Core>, passport: &Passport, password: &str) -> Result<Registration, HostFault> {
    let refused = |reason: String| Ok(Registration::Refused(reason));
    // Hashes take as much as checks do, and must not be more at once.
    let Some(_permit) = core.authentication.hashing().await else { return Err(HostFault::Stopping) };
    match Administration::running(core).add(passport.as_str(), None, password).await {
        Ok(()) => {
            info!(%passport, "an account was made for somebody of a network");
            Ok(Registration::Made)
        }
        Err(AccountFault::Exists(_)) => Ok(exists(passport)),
        Err(AccountFault::Invalid(problem)) => refused(problem),
        Err(AccountFault::Missing(passport)) => refused(format!("there is no account {passport}")),
        Err(AccountFault::Store(fault)) => Err(HostFault::Store(fault)),
    }
}

fn exists(passport: &Passport) -> Registration {
    Registration::Refused(format!("there is an account {passport} already: choose another address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_places_and_passes() {
        let registrations = Registrations::default();
        let now = Instant::now();
        assert!(registrations.take_place(2, now) && registrations.take_place(2, now));
        assert!(!registrations.take_place(2, now + Duration::from_mins(59)));
        assert!(registrations.take_place(2, now + HOUR));
        assert!(!Registrations::default().take_place(0, now));
        let registrations = Registrations::default();
        assert!(registrations.take_place(1, now) && !registrations.take_place(1, now));
        registrations.give_back(now);
        assert!(registrations.take_place(1, now), "no account was made");
    }
}
