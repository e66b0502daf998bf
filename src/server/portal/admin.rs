//! What those who run the server see and do on a page.

use domain::{NetworkName, Passport};
use store::{OrderId, ParkedFilter};
use tracing::info;

use super::{Portal, PortalFault, Visit};
use crate::{
    administration::AccountFault,
    faults::FaultLine,
    oversight::{AccountHealth, Oversight},
};

impl Portal {
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

    /// Tries again what was given up: the order of that number, or all for that network. Says how many orders.
    pub async fn retry_given_up(
        &self,
        visit: &Visit,
        order: Option<&str>,
        network: Option<&str>,
    ) -> Result<u64, PortalFault> {
        is_for(visit)?;
        let (oversight, filter) = (Oversight::of(&self.core), meant(order, network)?);
        let tried = self.to_its_end(async move { Ok(oversight.retry(&filter).await? as u64) }).await?;
        info!(by = %visit.owner, orders = tried, "what was given up was taken up again by an admin on a page");
        counted(tried)
    }

    /// Forgets what was given up: the order of that number, or all for that network. Says how many orders.
    pub async fn forget_given_up(
        &self,
        visit: &Visit,
        order: Option<&str>,
        network: Option<&str>,
    ) -> Result<u64, PortalFault> {
        is_for(visit)?;
        let (oversight, filter) = (Oversight::of(&self.core), meant(order, network)?);
        let forgotten = self.to_its_end(async move { Ok(oversight.drop_parked(&filter).await?) }).await?;
        info!(by = %visit.owner, orders = forgotten, "what was given up was forgotten by an admin on a page");
        counted(forgotten)
    }
}

/// Which of the orders that were given up are meant: the one of that number, or all for that network. Never all that there are.
fn meant(order: Option<&str>, network: Option<&str>) -> Result<ParkedFilter, PortalFault> {
    let filter = match (order, network) {
        (Some(order), None) => {
            // Numbers begin at 1: anything less would mean all of them.
            let number = order.parse::<i64>().ok().filter(|number| *number >= 1);
            number.map(|number| ParkedFilter { order: Some(OrderId(number)), ..ParkedFilter::default() })
        }
        (None, Some(network)) => {
            let network = network.parse::<NetworkName>().ok();
            network.map(|network| ParkedFilter { network: Some(network), ..ParkedFilter::default() })
        }
        (None, None) | (Some(_), Some(_)) => None,
    };
    filter.ok_or_else(|| PortalFault::unfit("Nothing was done: the page is not as it was. Look again."))
}

fn counted(orders: u64) -> Result<u64, PortalFault> {
    let gone = || PortalFault::unfit("That is not given up any more: it was tried again, or forgotten.");
    (orders > 0).then_some(orders).ok_or_else(gone)
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
