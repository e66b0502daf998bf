//! The bridge as it runs: everything that one part of it has to find another by.

use std::{sync::Arc, time::Duration};

use bridge::{Accepted, Batch, Failure, Host, HostFault};
use domain::Passport;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    bots::{Bots, Voice, Whose},
    configuration::Settings,
    departures::Departures,
    direct::Directs,
    gateway::{Gateway, Heard},
    inward::{Authors, Cursors, Lanes, Media},
    outward::Showing,
    people::{AskMembers, People},
    rest::{BotRest, Rest, RestFailure},
    roster::Roster,
    stage_names::StageNames,
    webhooks::Webhooks,
};

/// How much may wait that the gateway has heard: what comes beyond is fetched later.
const HEARD: usize = 8192;
/// How much is fetched at the same time.
const AT_ONCE: usize = 8;
/// How long is waited before something is tried again at first, and at most.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The bridge as it runs.
pub(crate) struct Running {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) settings: Settings,
    pub(crate) rest: Rest,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) people: Arc<People>,
    pub(crate) bots: Arc<Bots>,
    pub(crate) names: StageNames,
    pub(crate) webhooks: Webhooks,
    pub(crate) directs: Directs,
    pub(crate) departures: Departures,
    pub(crate) cursors: Cursors,
    pub(crate) lanes: Lanes,
    pub(crate) authors: Authors,
    pub(crate) media: Media,
    pub(crate) showing: Showing,
    /// Held while a bot becomes an account's own, or ceases to be.
    pub(crate) linking: Mutex<()>,
    /// Held while something is fetched.
    pub(crate) fetching: Semaphore,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
}

/// The program is stopping: what is under way is done at the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopping;

impl Running {
    /// What earlier runs remembered; nothing is connected yet. What the gateway hears comes out of the receiver.
    pub(crate) async fn load(
        host: Arc<dyn Host>,
        settings: Settings,
        rest: Rest,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Heard>), Failure> {
        let (hears, heard) = mpsc::channel(HEARD);
        let gateway = Arc::new(Gateway::start(&settings, &rest, hears)?);
        let asking = Arc::clone(&gateway);
        let ask: AskMembers = Box::new(move |bot, guild, ask| asking.ask_members(bot, guild, ask));
        let gallery = Arc::new(rest.cdn().clone());
        let people = People::new(Arc::clone(&host), settings.contacts.clone(), gallery, ask);
        let running = Self {
            gateway,
            roster: Arc::clone(people.roster()),
            people,
            bots: Arc::new(Bots::new()),
            names: StageNames::load(&*host).await.map_err(|fault| host_failure(&fault))?,
            webhooks: Webhooks::load(&*host).await.map_err(|fault| host_failure(&fault))?,
            directs: Directs::load(&*host).await.map_err(|fault| host_failure(&fault))?,
            departures: Departures::load(&*host).await.map_err(|fault| host_failure(&fault))?,
            cursors: Cursors::load(&*host).await.map_err(|fault| host_failure(&fault))?,
            lanes: Lanes::default(),
            authors: Authors::default(),
            media: Media::default(),
            showing: Showing::default(),
            linking: Mutex::default(),
            fetching: Semaphore::new(AT_ONCE),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            host,
            settings,
            rest,
        };
        for owner in running.host.owners().await.map_err(|fault| host_failure(&fault))? {
            running.bots.account(&owner.passport, &owner.name);
        }
        Ok((Arc::new(running), heard))
    }

    /// Hands a batch in until it is taken.
    pub(crate) async fn hand_in(&self, batch: Batch) -> Result<Accepted, Stopping> {
        let mut wait = FIRST_WAIT;
        loop {
            match self.host.accept(batch.clone()).await {
                Ok(accepted) => return Ok(accepted),
                Err(HostFault::Stopping) => return Err(Stopping),
                Err(fault) => tracing::warn!(%fault, "what Discord told could not be kept; it is tried again"),
            }
            self.pause(&mut wait).await?;
        }
    }

    /// Asks Discord until it answers yes or no. `None`: no.
    pub(crate) async fn insist<T, Asked: Future<Output = Result<T, RestFailure>>>(
        &self,
        voice: &Voice,
        what: &'static str,
        ask: impl Fn(BotRest) -> Asked,
    ) -> Result<Option<T>, Stopping> {
        let mut wait = FIRST_WAIT;
        loop {
            let asked = async {
                // It is never closed.
                let _turn = self.fetching.acquire().await;
                ask(voice.rest.clone()).await
            };
            let Some(answer) = self.stopping.run_until_cancelled(asked).await else { return Err(Stopping) };
            match answer {
                Ok(answer) => return Ok(Some(answer)),
                Err(RestFailure::Unauthorized) => {
                    self.is_refused(voice);
                    return Ok(None);
                }
                Err(failure @ RestFailure::Refused { .. }) => {
                    tracing::info!(bot = %voice.bot, what, %failure, "Discord does not tell it");
                    return Ok(None);
                }
                Err(RestFailure::Limited { after }) => wait = wait.max(after.min(LONGEST_WAIT)),
                Err(failure @ (RestFailure::NotSent { .. } | RestFailure::Unknown { .. })) => {
                    tracing::info!(bot = %voice.bot, what, %failure, "it is asked again");
                }
            }
            self.pause(&mut wait).await?;
        }
    }

    /// Waits, and longer the next time.
    pub(crate) async fn pause(&self, wait: &mut Duration) -> Result<(), Stopping> {
        if self.stopping.run_until_cancelled(tokio::time::sleep(*wait)).await.is_none() {
            return Err(Stopping);
        }
        *wait = (*wait * 2).min(LONGEST_WAIT);
        Ok(())
    }

    /// Discord does not take a bot's token any more: it is stopped at once, and its owner told.
    pub(crate) fn is_refused(&self, voice: &Voice) {
        let failure = RestFailure::Unauthorized.failure();
        if self.bots.refused(voice.bot, &failure.to_string()) {
            tracing::error!(bot = %voice.bot, "Discord refuses the bot's token: the bot is stopped");
            self.gateway.disconnect(voice.bot);
            self.tell_owner(&voice.whose, &format!("Your Discord bot was stopped: {failure}."));
        }
    }

    /// A failure of a bot's request as the server has to be told it; a refused token stops the bot.
    pub(crate) fn failure(&self, voice: &Voice, failure: &RestFailure) -> Failure {
        if *failure == RestFailure::Unauthorized {
            self.is_refused(voice);
        }
        failure.failure()
    }

    /// Tells the account something of its own bot. What is of the relay is for whoever runs the server, and in the log.
    pub(crate) fn tell_owner(&self, whose: &Whose, line: &str) {
        match whose {
            Whose::Account(owner) => self.host.notify(owner, line.to_owned()),
            Whose::Relay => tracing::error!(line, "of the relay"),
        }
    }

    /// The bot that an account speaks through, if it can be spoken through.
    pub(crate) fn voice(&self, owner: &Passport) -> Result<Voice, Failure> {
        let Some(voice) = self.bots.voice(owner) else {
            return Err(Failure::SignedOut {
                reason: "you are not linked to Discord; say \"link discord TOKEN\" to Chrysalis, with the token of a bot of \
                         yours"
                    .into(),
            });
        };
        match self.bots.failed(voice.bot) {
            None => Ok(voice),
            Some(reason) => Err(match voice.whose {
                Whose::Account(_) => Failure::SignedOut { reason: format!("your Discord bot was stopped: {reason}") },
                Whose::Relay => Failure::SignedOut {
                    reason: "this server's Discord bot does not work at present; whoever runs the server has to look after it"
                        .into(),
                },
            }),
        }
    }
}

/// What the host could not do, as what to do next.
pub(crate) fn host_failure(fault: &HostFault) -> Failure {
    match fault {
        HostFault::Store(_) | HostFault::Stopping | HostFault::Media(_) => Failure::retry(fault.to_string()),
        HostFault::Secrets(_) | HostFault::TooLarge { .. } | HostFault::Full => Failure::refused(fault.to_string()),
    }
}
