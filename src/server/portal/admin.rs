//! What those who run the server see and do on a page.

use std::time::Duration;

use bridge::Standing;
use domain::Passport;
use tracing::info;

use super::{Portal, PortalFault, Visit};
use crate::{
    administration::{AccountFault, AccountLine, Administration},
    faults::FaultLine,
    oversight::{AccountHealth, Oversight},
    settings::{Limits, SignUpPolicy},
};

/// How long a network may take to say what is wrong with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the whole server is.
#[derive(Debug, Clone)]
pub struct Overview {
    /// All accounts, in the order of their addresses.
    pub accounts: Vec<AccountLine>,
    /// How many accounts are in memory: signed in, or so just now.
    pub awake: usize,
    /// The networks that are on, and what is wrong with each: a line each.
    pub networks: Vec<(String, Vec<String>)>,
    /// How many queues of orders towards networks have something in them.
    pub queues: usize,
    /// Who makes themselves an account.
    pub sign_up: SignUpPolicy,
    /// How much of everything there may be.
    pub limits: Limits,
}

impl Portal {
    /// How the whole server is.
    pub async fn overview(&self, visit: &Visit) -> Result<Overview, PortalFault> {
        is_for(visit)?;
        let administration = Administration::running(&self.core);
        let asked = self.core.links.networks().into_iter().map(async |entry| {
            let checked = tokio::time::timeout(PATIENCE, entry.network.check(Standing::Running)).await;
            let faults = match checked {
                Ok(faults) => faults.iter().map(ToString::to_string).collect(),
                Err(_) => vec!["it did not answer in time".to_owned()],
            };
            (entry.name.to_string(), faults)
        });
        Ok(Overview {
            accounts: administration.list().await.map_err(|fault| done_not(&fault))?,
            awake: self.core.directory.awake(),
            networks: futures_util::future::join_all(asked).await,
            queues: self.core.store.lanes().await?.len(),
            sign_up: self.core.settings.portal.sign_up,
            limits: self.core.settings.limits.clone(),
        })
    }

    /// What went wrong since the start, the newest first.
    pub fn faults(&self, visit: &Visit) -> Result<Vec<FaultLine>, PortalFault> {
        is_for(visit)?;
        Ok(Oversight::of(&self.core).faults())
    }

    /// How one account is.
    pub async fn account_health(&self, visit: &Visit, passport: &str) -> Result<AccountHealth, PortalFault> {
        is_for(visit)?;
        let nobody = || PortalFault::unfit("There is no such account.");
        let owner: Passport = passport.parse().map_err(|_| nobody())?;
        Oversight::of(&self.core).account(&owner).await?.ok_or_else(nobody)
    }

    /// Makes an account for somebody.
    pub async fn add_account(&self, visit: &Visit, passport: &str, name: &str, word: &str) -> Result<(), PortalFault> {
        is_for(visit)?;
        let passport = self.whole_address(passport);
        let added = Oversight::of(&self.core).add_account(&passport, Some(name), word).await;
        added.map_err(|fault| done_not(&fault))?;
        info!(by = %visit.owner, %passport, "an account was made by an admin on a page");
        Ok(())
    }

    /// Gives somebody's account another password; everybody who is signed in to it is signed out.
    pub async fn reset_password(&self, visit: &Visit, passport: &str, word: &str) -> Result<(), PortalFault> {
        is_for(visit)?;
        if passport.trim().parse::<Passport>().is_ok_and(|whose| whose == visit.owner) {
            return Err(PortalFault::unfit("That is your own account: change its password under \"Password\"."));
        }
        Oversight::of(&self.core).set_password(passport, word).await.map_err(|fault| done_not(&fault))?;
        info!(by = %visit.owner, %passport, "a password was set by an admin on a page");
        Ok(())
    }

    /// Removes somebody's account with everything that is its own.
    pub async fn remove_account(&self, visit: &Visit, passport: &str) -> Result<(), PortalFault> {
        is_for(visit)?;
        if passport.trim().parse::<Passport>().is_ok_and(|whose| whose == visit.owner) {
            return Err(PortalFault::unfit("That is your own account: delete it under \"Your data\"."));
        }
        Oversight::of(&self.core).remove_account(passport).await.map_err(|fault| done_not(&fault))?;
        info!(by = %visit.owner, %passport, "an account was removed by an admin on a page");
        Ok(())
    }
}

pub(super) fn is_for(visit: &Visit) -> Result<(), PortalFault> {
    visit.is_admin.then_some(()).ok_or(PortalFault::NotAdmin)
}

fn done_not(fault: &AccountFault) -> PortalFault {
    PortalFault::Unfit(match fault {
        AccountFault::Invalid(problem) => format!("That was not done: {}.", problem.trim_end_matches('.')),
        AccountFault::Exists(passport) => format!("There is an account {passport} already."),
        AccountFault::Missing(passport) => format!("There is no account {passport}."),
        AccountFault::Store(_) => return PortalFault::Unavailable,
    })
}
