//! What people do with their accounts on this server's pages, whatever those look like: signing in and up, their profile, contacts, rooms,
//! links and choices, and leaving; and what those who run the server see there.
//!
//! Every fault is a whole sentence for whoever sits before the page. Signing in does not say whether there is an account; signing up and
//! adding somebody cannot but say it, and are done only so often.

mod admin;
mod browsers;
mod choices;
mod data;
mod glance;
mod invites;
mod linking;
mod overview;
pub(crate) mod password;
mod people;
mod profile;
mod rooms;
mod search;
mod sign_up;

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Passport,
    account::{Refusal as ListRefusal, Request},
};
use store::StoreFault;
use tracing::{Instrument, warn};

use crate::{authentication::Refusal, core::Core, service::Undone};
pub(crate) use browsers::digest;
pub use browsers::{Browser, BrowserLine, Visit};
pub use choices::Choices;
pub use glance::Glance;
pub use linking::LinkPicture;
pub use overview::{GivenUpLine, LimitLine, NetworkHealth, Overview};
pub use password::judge as judge_password;
pub use people::{Book, GroupLine, PersonLine};
pub use profile::Profile;
pub use rooms::RoomLine;
pub use search::{Found, Search};
pub use sign_up::NewAccount;

/// How long somebody waits for a change of their list.
const PATIENCE: Duration = Duration::from_secs(30);

/// What people do with their accounts on this server's pages.
#[derive(Clone)]
pub struct Portal {
    core: Arc<Core>,
}

/// Why something was not done on a page: a whole sentence for whoever sits before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortalFault {
    /// The password that was given is not the account's, or there is no such account.
    #[error("That is not right: look at the address and the password, and at the Caps Lock key.")]
    WrongPassword,
    /// It was tried too often from this address, or for this account.
    #[error("That was tried too often. Wait {}, and try again.", minutes(*.retry_after))]
    TooOften {
        /// How long to wait.
        retry_after: Duration,
    },
    /// What was given cannot be so.
    #[error("{0}")]
    Unfit(String),
    /// Not for this visitor.
    #[error("That is for those who run this server.")]
    NotAdmin,
    /// The database or a task did not answer.
    #[error("The server cannot do that now. Try again a little later.")]
    Unavailable,
}

impl PortalFault {
    fn unfit(problem: impl Into<String>) -> Self {
        Self::Unfit(problem.into())
    }
}

impl From<Refusal> for PortalFault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongCredentials => Self::WrongPassword,
            Refusal::TooManyAttempts { retry_after } => Self::TooOften { retry_after },
            Refusal::Unavailable => Self::Unavailable,
        }
    }
}

impl From<StoreFault> for PortalFault {
    fn from(fault: StoreFault) -> Self {
        warn!(%fault, "what was asked on a page cannot be done");
        Self::Unavailable
    }
}

impl From<Undone> for PortalFault {
    fn from(undone: Undone) -> Self {
        Self::Unfit(undone.why)
    }
}

impl From<ListRefusal> for PortalFault {
    fn from(refusal: ListRefusal) -> Self {
        Self::unfit(match refusal {
            ListRefusal::Oneself => "That is your own address.",
            ListRefusal::NoSuchPerson => "Nobody has that address.",
            ListRefusal::NotOnList => "That is not on your list.",
            ListRefusal::OnList => "That is on your list already.",
            ListRefusal::Blocked => "You block that. Unblock it first.",
            ListRefusal::ListFull => "Your list is full. Remove somebody first.",
            ListRefusal::NoSuchGroup => "There is no such group any more.",
            ListRefusal::NotInGroup => "That contact is not in the group.",
            ListRefusal::GroupExists => "You have a group of that name.",
            ListRefusal::TooManyGroups => "You have as many groups as you may have.",
            ListRefusal::Hidden => "That can be changed only while Messenger is signed in, and shows you to others.",
            ListRefusal::UnfitName => "That cannot be a name.",
            ListRefusal::UnfitValue => "That cannot be so. Write something else.",
            ListRefusal::TooFast => "You change that too often. Wait a minute.",
            ListRefusal::SameNetwork => {
                "Both are on one network: only the same person on different networks can be one contact."
            }
            ListRefusal::NotMerged => "That contact is one person on one network alone.",
            ListRefusal::NoSuchProperty | ListRefusal::NoSuchNumber | ListRefusal::NotYours => {
                "That cannot be changed here."
            }
            ListRefusal::Unavailable => return Self::Unavailable,
        })
    }
}

impl Portal {
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core) }
    }

    /// Whether what is typed into the pages crosses no network in the clear.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        crate::linking::Linking::of(&self.core).is_confidential()
    }

    /// The domain of this server: an account's address without one is of it.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.core.settings.realm.domain()
    }

    /// The address that somebody means who may have left the domain away.
    fn whole_address(&self, written: &str) -> String {
        let written = written.trim();
        if written.contains('@') { written.to_owned() } else { format!("{written}@{}", self.domain()) }
    }

    /// Does something to its end, even where the browser that asked for it goes away: half of it would be worse than all.
    async fn to_its_end<T: Send + 'static>(
        &self,
        deed: impl Future<Output = Result<T, PortalFault>> + Send + 'static,
    ) -> Result<T, PortalFault> {
        let done = self.core.tasks.spawn(deed.in_current_span()).await;
        done.unwrap_or_else(|fault| {
            warn!(%fault, "what was asked on a page was broken off");
            Err(PortalFault::Unavailable)
        })
    }

    /// Has the account do something, and waits until it is kept.
    async fn change(&self, owner: &Passport, request: Request) -> Result<(), PortalFault> {
        let done = tokio::time::timeout(PATIENCE, self.core.directory.on_page(&self.core, owner, request)).await;
        Ok(done.map_err(|_| PortalFault::Unavailable)??)
    }

    /// As [`Portal::change`], for what the server's own contact has done as well.
    async fn wish(&self, owner: &Passport, cause: domain::account::Cause) -> Result<(), PortalFault> {
        let done = tokio::time::timeout(PATIENCE, self.core.directory.wish(&self.core, owner, cause)).await;
        Ok(done.map_err(|_| PortalFault::Unavailable)??)
    }
}

fn minutes(wait: Duration) -> String {
    match wait.as_secs().div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}
