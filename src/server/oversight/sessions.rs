//! Who is signed in to an account, and is signed out.

use domain::{Passport, account::Cause};
use store::StoreFault;

use super::Oversight;
use crate::{account::Present, linking::Linking, portal::BrowserLine};

impl Oversight {
    /// The Messenger that is signed in to an account.
    pub async fn messenger(&self, owner: &Passport) -> Option<Present> {
        self.core.directory.present(owner).await
    }

    /// The browsers that are signed in to an account, the one that was used last first.
    pub async fn browsers(&self, owner: &Passport) -> Result<Vec<BrowserLine>, StoreFault> {
        Ok(self.core.store.web_sessions(owner).await?.into_iter().map(BrowserLine::from).collect())
    }

    /// Signs Messenger out. One that keeps its password can sign in again by itself.
    pub fn end_messenger(&self, owner: &Passport) {
        self.core.authentication.revoke(owner);
        self.core.directory.post(owner, Cause::Expelled);
    }

    /// Signs one of the browsers of an account out; says whether it was signed in.
    pub async fn end_browser(&self, owner: &Passport, id: &str) -> Result<bool, StoreFault> {
        self.core.store.end_web_session(owner, id).await
    }

    /// Signs everybody out who is signed in to an account; pages for its links that were asked for are good no more.
    pub async fn end_sessions(&self, owner: &Passport) -> Result<(), StoreFault> {
        self.end_messenger(owner);
        Linking::of(&self.core).forget_pages(owner);
        self.core.store.end_web_sessions(owner, None).await
    }
}
