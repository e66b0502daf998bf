//! Accounts that people make themselves on a page, where the configuration lets them.

use std::net::IpAddr;
use std::time::Instant;

use domain::Passport;
use store::InviteOutcome;
use tracing::info;

use super::{Browser, Portal, PortalFault, browsers::digest, password};
use crate::{
    administration::{AccountFault, Administration},
    authentication::{Proven, hash_holding},
    core::wall,
    limit::Limit,
    links, oversight,
    settings::SignUpPolicy,
};

/// What somebody wants an account to be.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    /// Its address; without a domain, of that of this server.
    pub passport: &'a str,
    /// Its friendly name; empty for its address.
    pub name: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The code by which it is made, where one is needed.
    pub invite: &'a str,
}

impl Portal {
    /// Who makes themselves an account here.
    #[must_use]
    pub fn sign_up_policy(&self) -> SignUpPolicy {
        self.core.settings.portal.sign_up
    }

    /// Makes an account, and signs the browser in to it; gives what it has to show from now on, or nothing where it has to sign in: the
    /// account is made in any case.
    pub async fn sign_up(&self, wanted: NewAccount<'_>, browser: Browser<'_>) -> Result<Option<String>, PortalFault> {
        let made = self.make_account(wanted, browser.from).await?;
        info!(passport = %made.owner, from = %browser.from, "an account was made on a page");
        Ok(self.begin(&made, browser).await.ok())
    }

    async fn make_account(&self, wanted: NewAccount<'_>, from: IpAddr) -> Result<Proven, PortalFault> {
        let policy = self.sign_up_policy();
        if policy == SignUpPolicy::Closed {
            return Err(PortalFault::unfit("Accounts are made by the people who run this server: ask them."));
        }
        let may_try = self.core.authentication.try_at("sign-up", from);
        may_try.map_err(|retry_after| {
            Limit::SignInAttempts.reached(from);
            PortalFault::TooOften { retry_after }
        })?;
        let invite = digest(&oversight::plain(wanted.invite));
        // First, so that nobody learns without a code which addresses are taken.
        if policy == SignUpPolicy::Invite && !self.core.store.is_invite(&invite, wall()).await? {
            return Err(no_invite());
        }
        let passport = self.free_address(wanted.passport).await?;
        password::judge(&passport, wanted.password).map_err(PortalFault::Unfit)?;
        let name = Administration::fit_name(&passport, Some(wanted.name)).map_err(|fault| unmade(&fault))?;
        let (portal, password) = (self.clone(), wanted.password.to_owned());
        self.to_its_end(async move {
            let now = Instant::now();
            if policy == SignUpPolicy::Open
                && !portal.core.registrations.take_place(portal.core.settings.limits.registrations_per_hour, now)
            {
                Limit::Registrations.reached(&passport);
                return Err(PortalFault::unfit("Too many accounts were made here within the hour. Try again later."));
            }
            let made = portal.keep_account(policy, &invite, (&passport, &name, &password)).await;
            if made.is_err() && policy == SignUpPolicy::Open {
                portal.core.registrations.give_back(now);
            }
            made.map(|hash| Proven { owner: passport, hash })
        })
        .await
    }

    /// Makes the account; gives what is kept of its password.
    async fn keep_account(
        &self,
        policy: SignUpPolicy,
        invite: &str,
        (passport, name, password): (&Passport, &str, &str),
    ) -> Result<String, PortalFault> {
        // Hashes take as much as checks do, and must not be more at once.
        let permit = self.core.authentication.hashing().await.ok_or(PortalFault::Unavailable)?;
        let hash = hash_holding(password, self.core.settings.limits.password_cost, permit).await;
        let hash = hash.map_err(|problem| PortalFault::Unfit(format!("Not made: {problem}.")))?;
        let store = &self.core.store;
        let is_made = if policy == SignUpPolicy::Invite {
            match store.add_account_by_invite(invite, wall(), (passport, name, &hash)).await? {
                InviteOutcome::Made => true,
                InviteOutcome::Exists => false,
                InviteOutcome::NoInvite => return Err(no_invite()),
            }
        } else {
            store.add_account(passport, name, &hash).await?
        };
        if !is_made {
            return Err(not_free());
        }
        self.core.links.open(&links::owner(passport.clone(), name)).await;
        Ok(hash)
    }

    /// The address, if an account may be made under it: neither reserved, nor somebody's, nor once somebody's of whom a network still
    /// keeps something.
    async fn free_address(&self, written: &str) -> Result<Passport, PortalFault> {
        let written = self.whole_address(written);
        let passport: Passport = written.parse().map_err(|fault| {
            PortalFault::Unfit(format!("That address {fault}. Write one such as ann@{}.", self.domain()))
        })?;
        let store = &self.core.store;
        // Whoever had the address of somebody who runs the server would run it.
        let is_free = self.core.settings.realm.admits_account(&passport)
            && !self.core.settings.portal.admins.contains(&passport)
            && store.account_name(&passport).await?.is_none()
            && store.remote(&passport).await?.is_none()
            && !store.is_departing(&passport).await?;
        if is_free { Ok(passport) } else { Err(not_free()) }
    }
}

fn not_free() -> PortalFault {
    PortalFault::unfit("That address cannot be had here. Choose another one.")
}

fn no_invite() -> PortalFault {
    PortalFault::unfit(
        "That invite code is not good, or not any more. Look whether it is complete, or ask for another one.",
    )
}

fn unmade(fault: &AccountFault) -> PortalFault {
    PortalFault::Unfit(format!("No account was made: {fault}."))
}
