//! Accounts: made, changed, removed. Works on the store alone, or on a running server, which then acts on it at once.

use std::sync::Arc;

use domain::{Passport, Realm, account::Cause};
use serde::{Deserialize, Serialize};
use store::{AccountSummary, Store, StoreFault};

use crate::{
    authentication::{PasswordCost, Proven, hash_password},
    core::{Core, wall},
    linking::Linking,
    links,
};

/// The longest friendly name, in bytes: what a client can show.
const LONGEST_NAME: usize = 129;

/// Why an account cannot be made, changed or removed: one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "fault", content = "text", rename_all = "snake_case")]
pub enum AccountFault {
    /// The address, the name or the password cannot be so.
    #[error("{0}")]
    Invalid(String),
    /// There is one already.
    #[error("there is an account {0} already: change its password with `chrysalis account passwd {0}`")]
    Exists(String),
    /// There is none.
    #[error("there is no account {0}: `chrysalis account list` shows all")]
    Missing(String),
    /// The store did not answer.
    #[error("the database did not answer: {0}")]
    Store(String),
}

impl From<StoreFault> for AccountFault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault.to_string())
    }
}

/// One account, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// Its address.
    pub passport: String,
    /// Its friendly name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// How many stand on its contact list.
    pub contacts: usize,
}

impl From<AccountSummary> for AccountLine {
    fn from(summary: AccountSummary) -> Self {
        Self {
            passport: summary.passport.to_string(),
            name: summary.name,
            created: summary.created.0,
            contacts: summary.contacts,
        }
    }
}

/// Makes, changes and removes accounts.
#[derive(Clone)]
pub struct Administration {
    store: Store,
    realm: Realm,
    /// What checking a password costs, while no server runs that says so.
    cost: PasswordCost,
    core: Option<Arc<Core>>,
}

impl Administration {
    /// On the store alone, while no server runs on it. `cost` is what checking a password is to cost.
    #[must_use]
    pub const fn offline(store: Store, realm: Realm, cost: PasswordCost) -> Self {
        Self { store, realm, cost, core: None }
    }

    pub(crate) fn running(core: &Arc<Core>) -> Self {
        let (store, realm) = (core.store.clone(), core.settings.realm.clone());
        Self { store, realm, cost: core.settings.limits.password_cost, core: Some(Arc::clone(core)) }
    }

    /// Makes an account.
    pub async fn add(&self, passport: &str, name: Option<&str>, password: &str) -> Result<(), AccountFault> {
        let passport = parse(passport)?;
        if !self.realm.admits_account(&passport) {
            return Err(AccountFault::Invalid(format!(
                "{passport} is reserved: this server's own contact and the people of the networks live there; choose another \
                 address"
            )));
        }
        let name = Self::fit_name(&passport, name)?;
        if self.store.is_departing(&passport).await? {
            return Err(AccountFault::Invalid(format!(
                "{passport} was somebody else's, of whom a network still keeps something: choose another address, or try again when the \
                 server has run with all its networks on"
            )));
        }
        let hash = hash_password(password, self.cost).await.map_err(AccountFault::Invalid)?;
        if !self.store.add_account(&passport, &name, &hash).await? {
            return Err(AccountFault::Exists(passport.to_string()));
        }
        if let Some(core) = &self.core {
            core.links.open(&links::owner(passport, &name)).await;
        }
        Ok(())
    }

    /// The friendly name of an account, if it can be one; without one it goes by its address.
    pub(crate) fn fit_name(passport: &Passport, name: Option<&str>) -> Result<String, AccountFault> {
        let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(passport.as_str()).to_owned();
        if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            let problem = format!("the name is longer than {LONGEST_NAME} bytes or holds control characters");
            return Err(AccountFault::Invalid(problem));
        }
        Ok(name)
    }

    /// Gives an account another password. Whoever is signed in with the old one has to sign in again.
    pub async fn set_password(&self, passport: &str, password: &str) -> Result<(), AccountFault> {
        let passport = parse(passport)?;
        let hash = hash_password(password, self.cost).await.map_err(AccountFault::Invalid)?;
        if !self.store.set_password(&passport, &hash).await? {
            return Err(AccountFault::Missing(passport.to_string()));
        }
        self.sign_out(&passport);
        Ok(())
    }

    /// As [`Administration::set_password`], for whoever has given the one before it: nothing is changed where the account has another one
    /// by now, so that nobody who knows an old one takes the account back.
    pub(crate) async fn change_password(&self, proven: Proven, password: &str) -> Result<Proven, AccountFault> {
        let Proven { owner, hash: known } = proven;
        let hash = hash_password(password, self.cost).await.map_err(AccountFault::Invalid)?;
        if !self.store.change_password(&owner, &known, &hash).await? {
            return Err(AccountFault::Missing(owner.to_string()));
        }
        self.sign_out(&owner);
        Ok(Proven { owner, hash })
    }

    /// Ends what shows that somebody has given the password before this one, but for browsers, which end with it.
    fn sign_out(&self, passport: &Passport) {
        if let Some(core) = &self.core {
            core.authentication.revoke(passport);
            Linking::of(core).forget_pages(passport);
            core.directory.post(passport, Cause::Expelled);
        }
    }

    /// All accounts.
    pub async fn list(&self) -> Result<Vec<AccountLine>, AccountFault> {
        Ok(self.store.accounts().await?.into_iter().map(AccountLine::from).collect())
    }

    /// Removes an account: it is signed out, leaves its chats, and its data is deleted.
    pub async fn remove(&self, passport: &str) -> Result<(), AccountFault> {
        let passport = parse(passport)?;
        if !self.store.remove_account(&passport, wall()).await? {
            return Err(AccountFault::Missing(passport.to_string()));
        }
        if let Some(core) = &self.core {
            core.authentication.revoke(&passport);
            core.directory.remove(&passport);
            Linking::of(core).forget_pages(&passport);
            links::part(core, &passport).await;
        }
        Ok(())
    }
}

fn parse(passport: &str) -> Result<Passport, AccountFault> {
    passport.trim().parse::<Passport>().map_err(|fault| AccountFault::Invalid(format!("{passport:?} {fault}")))
}
