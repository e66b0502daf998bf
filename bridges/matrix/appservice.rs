//! The running appservice: what its tasks share.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bridge::{Failure, Host, HostFault};
use domain::Passport;
use ruma::{OwnedUserId, api::client::appservice::request_ping};
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    chats::Chats,
    chores::Chores,
    configuration::Configuration,
    homeserver::{Homeserver, Trouble},
    intent::Intent,
    keeper::Keeper,
    receiving::Receiving,
};

/// How long after the first ping the second follows: a transaction that failed while we were away may be noted as failed
/// only after the first ping was answered, and Synapse then waits again.
const SECOND_PING: Duration = Duration::from_secs(5);
/// How often the homeserver is pinged afterwards: it waits for up to eight minutes after transactions that we could not take,
/// and a ping makes it try again at once.
const PING: Duration = Duration::from_mins(1);

/// What everything that runs shares.
pub(crate) struct Appservice {
    /// The set-up.
    pub(crate) configuration: Arc<Configuration>,
    /// The homeserver.
    pub(crate) homeserver: Arc<Homeserver>,
    /// The installation.
    pub(crate) host: Arc<dyn Host>,
    /// Who shares which room with whom.
    pub(crate) chats: Chats,
    /// What is left to be done.
    pub(crate) chores: Chores,
    /// What each ghost shows.
    pub(crate) keeper: Keeper,
    /// What is remembered between transactions; held while one is taken in, so that they are taken in order.
    pub(crate) receiving: Mutex<Receiving>,
    /// The accounts of this server.
    accounts: RwLock<HashSet<Passport>>,
    /// Cancelled when everything has to end.
    pub(crate) stopping: CancellationToken,
    /// Every task.
    pub(crate) tasks: TaskTracker,
}

impl Appservice {
    /// Reads what is kept. Nothing runs yet.
    pub(crate) async fn load(
        configuration: Arc<Configuration>,
        homeserver: Arc<Homeserver>,
        host: Arc<dyn Host>,
    ) -> Result<Self, HostFault> {
        let chats = Chats::load(Arc::clone(&host)).await?;
        let receiving = Receiving::load(&*host, configuration.invitations_per_hour).await?;
        let keeper = Keeper::load(&*host).await?;
        let chores = Chores::load(&*host, &chats).await?;
        let accounts = host.owners().await?.into_iter().map(|owner| owner.passport).collect();
        Ok(Self {
            configuration,
            homeserver,
            host,
            chats,
            chores,
            keeper,
            receiving: Mutex::new(receiving),
            accounts: RwLock::new(accounts),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// To act as the bot.
    pub(crate) fn bot(&self) -> Intent<'_> {
        self.homeserver.acting_as(self.configuration.names.bot())
    }

    /// The ghost of an account.
    pub(crate) fn ghost(&self, owner: &Passport) -> Result<OwnedUserId, Failure> {
        self.configuration.names.ghost(owner).ok_or_else(|| {
            Failure::refused("the account's address is too long to become a Matrix id; use a shorter one")
        })
    }

    /// Whether this account exists.
    pub(crate) async fn has_account(&self, passport: &Passport) -> Result<bool, HostFault> {
        if self.knows_account(passport) {
            return Ok(true);
        }
        // It may have been made a moment ago.
        let owners = self.host.owners().await?.into_iter().map(|owner| owner.passport).collect();
        *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = owners;
        Ok(self.knows_account(passport))
    }

    /// Whether this account exists, as far as is known without asking.
    pub(crate) fn knows_account(&self, passport: &Passport) -> bool {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).contains(passport)
    }

    /// An account was opened.
    pub(crate) fn account_opened(&self, passport: &Passport) {
        self.accounts.write().unwrap_or_else(PoisonError::into_inner).insert(passport.clone());
    }

    /// An account was removed.
    pub(crate) fn account_removed(&self, passport: &Passport) {
        self.accounts.write().unwrap_or_else(PoisonError::into_inner).remove(passport);
    }

    /// Asks the homeserver to reach us.
    pub(crate) async fn ping(&self) -> Result<Duration, Trouble> {
        ping(&self.homeserver, &self.configuration).await
    }

    /// Tells the homeserver that we are here, and keeps telling it, until everything ends.
    pub(crate) async fn announce(self: Arc<Self>) {
        let mut named = false;
        let mut failures: u32 = 0;
        let mut answers: u32 = 0;
        while !self.stopping.is_cancelled() {
            if !named {
                let bot = self.bot();
                named = bot.register().await.is_ok() && bot.set_name("Chrysalis").await.is_ok();
            }
            let wait = match self.ping().await {
                Ok(took) => {
                    if answers == 0 {
                        tracing::info!(?took, "the homeserver reaches this appservice");
                    }
                    (failures, answers) = (0, answers.saturating_add(1));
                    if answers == 1 { SECOND_PING } else { PING }
                }
                Err(trouble) => {
                    if failures == 0 {
                        tracing::warn!(%trouble, "no ping from the homeserver; it is tried again");
                    }
                    (failures, answers) = (failures.saturating_add(1), 0);
                    Duration::from_secs(1 << failures.min(5))
                }
            };
            let _ = self.stopping.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }
}

/// Asks the homeserver to reach us.
pub(crate) async fn ping(homeserver: &Homeserver, configuration: &Configuration) -> Result<Duration, Trouble> {
    let request = request_ping::v1::Request::new(configuration.id.clone());
    Ok(homeserver.ask(None, request).await?.duration)
}

/// The installation could not do its part: later it may.
pub(crate) fn host_failure(fault: &HostFault) -> Failure {
    Failure::retry(fault.to_string())
}
