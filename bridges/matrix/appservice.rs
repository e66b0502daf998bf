//! The running appservice: what its tasks share.

use std::{
    sync::{
        Arc, Mutex as SyncMutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bridge::{Failure, Host, HostFault};
use domain::Passport;
use ruma::{OwnedUserId, api::client::appservice::request_ping};
use tokio::sync::{Mutex, Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    activity::Activity,
    arrival::Rules,
    bot::Bot,
    chats::Chats,
    chores::Chores,
    configuration::Configuration,
    directory::Ways,
    encryption::Encryption,
    gathering::Turns,
    homeserver::{Homeserver, Trouble},
    intent::Intent,
    keeper::Keeper,
    looks::Looks,
    media::Media,
    own::OwnAccounts,
    places::{Called, timelines},
    portals::Portals,
    receiving::Receiving,
    speakers::Speakers,
    status::Statuses,
    timeline::Timeline,
    voice::Voices,
};

/// How long after the first ping the second follows: a transaction that failed while we were away may be noted as failed
/// only after the first ping was answered, and Synapse then waits again.
const SECOND_PING: Duration = Duration::from_secs(5);
/// How often the homeserver is pinged afterwards: it waits for up to eight minutes after transactions that we could not take,
/// and a ping makes it try again at once.
const PING: Duration = Duration::from_mins(1);
/// How soon it is pinged after a transaction could not be kept: what hinders that is mostly over in seconds.
const PING_AFTER_REFUSAL: Duration = Duration::from_secs(3);

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
    /// Who is in which room of several people.
    pub(crate) portals: Portals,
    /// What is left to be done.
    pub(crate) chores: Chores,
    /// What each ghost shows.
    pub(crate) keeper: Keeper,
    /// The files that went either way.
    pub(crate) media: Media,
    /// How people and rooms look.
    pub(crate) looks: Looks,
    /// Who is there, where the homeserver does not tell.
    pub(crate) activity: Activity,
    /// The keys of our own users.
    pub(crate) encryption: Arc<Encryption>,
    /// The accounts that people have linked.
    pub(crate) own: Arc<OwnAccounts>,
    /// As whom accounts spoke last.
    pub(crate) voices: Voices,
    /// The bot.
    pub(crate) bot: Bot,
    /// What is to be told of messages that were taken, or could not be.
    pub(crate) statuses: Statuses,
    /// Which servers lead to rooms elsewhere.
    pub(crate) ways: Ways,
    /// So that each gathering is made once.
    pub(crate) gatherings: Turns,
    /// What is remembered between transactions; held while one is taken in, so that they are taken in order.
    pub(crate) receiving: Mutex<Receiving>,
    /// Rung when the homeserver has reached us for the first time.
    pub(crate) reached: Notify,
    /// How often the homeserver has pinged us.
    pub(crate) pings: AtomicU64,
    /// Rung when a transaction could not be kept, so that the homeserver has to send it again.
    pub(crate) refused: Notify,
    /// The accounts of this server.
    accounts: RwLock<Arc<Called>>,
    speakers: SyncMutex<Speakers>,
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
        let portals = Portals::load(Arc::clone(&host)).await?;
        let receiving = Receiving::load(&*host, configuration.invitations_per_hour).await?;
        let keeper = Keeper::load(&*host).await?;
        let behind = timelines(&chats, &portals, |timeline: &Timeline| timeline.is_behind().then_some(()));
        let chores = Chores::load(&*host, &chats, &portals, behind.into_iter().map(|(place, ())| place)).await?;
        let accounts = accounts(&*host).await?;
        let media = Media::load(Arc::clone(&homeserver), Arc::clone(&host)).await?;
        let bot = Bot::load(Arc::clone(&host), configuration.invitations_per_hour).await?;
        let ways = Ways::load(&*host).await?;
        let encryption = Encryption::load(&configuration, Arc::clone(&homeserver), Arc::clone(&host)).await?;
        let stopping = CancellationToken::new();
        let voices = Voices::load(&*host).await?;
        let own = OwnAccounts::load(Arc::clone(&configuration), Arc::clone(&host), stopping.clone()).await?;
        Ok(Self {
            configuration,
            homeserver,
            host,
            chats,
            portals,
            chores,
            keeper,
            media,
            looks: Looks::default(),
            activity: Activity::default(),
            encryption: Arc::new(encryption),
            own: Arc::new(own),
            voices,
            bot,
            statuses: Statuses::new(),
            ways,
            gatherings: Turns::default(),
            receiving: Mutex::new(receiving),
            reached: Notify::new(),
            pings: AtomicU64::new(0),
            refused: Notify::new(),
            accounts: RwLock::new(Arc::new(accounts)),
            speakers: SyncMutex::default(),
            stopping,
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
        let accounts = accounts(&*self.host).await?;
        *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(accounts);
        Ok(self.knows_account(passport))
    }

    /// Whether this account exists, as far as is known without asking.
    pub(crate) fn knows_account(&self, passport: &Passport) -> bool {
        self.called().contains_key(passport)
    }

    /// The accounts, and what they are called.
    pub(crate) fn called(&self) -> Arc<Called> {
        Arc::clone(&self.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// An account was opened, or is called otherwise now.
    pub(crate) fn account_is_called(&self, passport: &Passport, name: &str) {
        if self.called().get(passport).is_none_or(|known| known != name) {
            let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut accounts).insert(passport.clone(), name.to_owned());
        }
    }

    /// An account was removed.
    pub(crate) fn account_removed(&self, passport: &Passport) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut accounts).remove(passport);
    }

    /// Whom and what is let in.
    pub(crate) fn rules(&self) -> Rules<'_> {
        let Configuration { names, permissions, show_joins, .. } = &*self.configuration;
        Rules { names, permissions, show_joins: *show_joins, bot: Some(&self.bot), own: Some(&*self.own) }
    }

    /// Who spoke where lately. Held for moments only.
    pub(crate) fn speakers(&self) -> MutexGuard<'_, Speakers> {
        self.speakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the homeserver to reach us.
    pub(crate) async fn ping(&self) -> Result<Duration, Trouble> {
        ping(&self.homeserver, &self.configuration).await
    }

    /// Whether the homeserver reaches us. Synapse stumbles over a ping that comes while it is trying again by itself: it answers with
    /// an error, though it has pinged us.
    async fn is_reached(&self) -> Result<(), Trouble> {
        let before = self.pings.load(Ordering::Relaxed);
        match self.ping().await {
            Err(Trouble::Ailing { .. }) if self.pings.load(Ordering::Relaxed) != before => Ok(()),
            outcome => outcome.map(drop),
        }
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
            let wait = match self.is_reached().await {
                Ok(()) => {
                    if answers == 0 {
                        tracing::info!("the homeserver reaches this appservice");
                        self.reached.notify_one();
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
            let next = async {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.refused.notified() => tokio::time::sleep(PING_AFTER_REFUSAL).await,
                }
            };
            let _ = self.stopping.run_until_cancelled(next).await;
        }
    }
}

async fn accounts(host: &dyn Host) -> Result<Called, HostFault> {
    Ok(host.owners().await?.into_iter().map(|owner| (owner.passport, owner.name)).collect())
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
