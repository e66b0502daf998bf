//! Accounts, as those who run the server see and change them.

use domain::Passport;
use store::StoreFault;

use super::Oversight;
use crate::{
    administration::{AccountFault, AccountLine, Administration},
    linking::{LinkLine, Linking},
    portal::password,
};

/// Some of all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// Those that are meant, in the order of their addresses.
    pub accounts: Vec<AccountLine>,
    /// How many accounts have the words that were looked for, on this page or not.
    pub count: usize,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// One account, for those who run the server.
#[derive(Debug, Clone)]
pub struct AccountHealth {
    /// The account.
    pub account: AccountLine,
    /// Its links.
    pub links: Vec<LinkLine>,
    /// What its networks gave up doing: with which contact, and why.
    pub given_up: Vec<(Passport, String)>,
    /// How many messages wait for it.
    pub unread: u64,
    /// Whether Messenger is signed in.
    pub is_present: bool,
}

impl Oversight {
    /// The first `most` accounts after the address `after` that have these words in their address or name, whatever the case.
    pub async fn accounts(&self, words: &str, after: &str, most: usize) -> Result<AccountPage, StoreFault> {
        let words = words.trim().to_lowercase();
        let has_words = |account: &AccountLine| {
            words.is_empty() || account.passport.contains(&words) || account.name.to_lowercase().contains(&words)
        };
        let all = self.core.store.accounts().await?.into_iter().map(AccountLine::from);
        let meant: Vec<AccountLine> = all.filter(has_words).collect();
        let count = meant.len();
        let mut rest = meant.into_iter().filter(|account| account.passport.as_str() > after);
        let accounts = rest.by_ref().take(most).collect();
        Ok(AccountPage { accounts, count, has_more: rest.next().is_some() })
    }

    /// Whether there is such an account.
    pub async fn exists(&self, owner: &Passport) -> Result<bool, StoreFault> {
        Ok(self.core.store.account_name(owner).await?.is_some())
    }

    /// How one account is; `None` if there is no such account.
    pub async fn account(&self, owner: &Passport) -> Result<Option<AccountHealth>, StoreFault> {
        let Some(account) = self.core.store.account_summary(owner).await? else { return Ok(None) };
        let parked = self.core.store.parked(owner).await?;
        Ok(Some(AccountHealth {
            account: AccountLine::from(account),
            links: Linking::of(&self.core).links(owner).await.unwrap_or_default(),
            given_up: parked.into_iter().map(|order| (order.contact, order.reason)).collect(),
            unread: self.core.store.waiting_peers(owner).await?.iter().map(|waiting| waiting.count).sum(),
            is_present: self.core.directory.present(owner).await.is_some(),
        }))
    }

    /// Makes an account, whose password is one that people may choose themselves.
    pub async fn add_account(&self, passport: &str, name: Option<&str>, word: &str) -> Result<(), AccountFault> {
        judge(passport, word)?;
        let core = self.core.clone();
        let (passport, name, word) = (passport.to_owned(), name.map(str::to_owned), word.to_owned());
        self.to_its_end(async move {
            // Hashes take as much as checks do, and must not be more at once.
            let _permit = core.authentication.hashing().await.ok_or_else(stops)?;
            Administration::running(&core).add(&passport, name.as_deref(), &word).await
        })
        .await
    }

    /// Gives an account another password; everybody who is signed in to it is signed out.
    pub async fn set_password(&self, passport: &str, word: &str) -> Result<(), AccountFault> {
        judge(passport, word)?;
        let core = self.core.clone();
        let (passport, word) = (passport.to_owned(), word.to_owned());
        self.to_its_end(async move {
            let _permit = core.authentication.hashing().await.ok_or_else(stops)?;
            Administration::running(&core).set_password(&passport, &word).await
        })
        .await
    }

    /// Removes an account with everything that is its own; whoever is signed in to it is signed out.
    pub async fn remove_account(&self, passport: &str) -> Result<(), AccountFault> {
        let (administration, passport) = (Administration::running(&self.core), passport.to_owned());
        self.to_its_end(async move { administration.remove(&passport).await }).await
    }
}

fn stops() -> AccountFault {
    AccountFault::Store("the server stops".to_owned())
}

/// What is no address is told by whoever makes or looks for the account.
fn judge(passport: &str, word: &str) -> Result<(), AccountFault> {
    let Ok(owner) = passport.trim().parse::<Passport>() else { return Ok(()) };
    password::judge(&owner, word).map_err(AccountFault::Invalid)
}
