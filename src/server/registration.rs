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
    fn take_place(&self, most: usize, now: Instant) -> bool {
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
    if !core.settings.realm.admits_account(passport) {
        return refused(&format!("{passport} is reserved for this server: choose another address"));
    }
    if !core.registrations.take_place(core.settings.limits.registrations_per_hour, Instant::now()) {
        return refused("too many accounts were made within the hour: try again later");
    }
    // Hashes take as much as checks do, and must not be more at once.
    let Some(_permit) = core.authentication.hashing().await else { return Err(HostFault::Stopping) };
    match Administration::running(core).add(passport.as_str(), None, password).await {
        Ok(()) => {
            info!(%passport, "an account was made for somebody of a network");
            Ok(Registration::Made)
        }
        Err(AccountFault::Exists(passport)) => {
            refused(&format!("there is an account {passport} already: choose another address"))
        }
        Err(AccountFault::Invalid(problem)) => refused(&problem),
        Err(AccountFault::Missing(passport)) => refused(&format!("there is no account {passport}")),
        Err(AccountFault::Store(fault)) => Err(HostFault::Store(fault)),
    }
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
    }
}
