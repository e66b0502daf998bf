//! Links that accounts make themselves: what is asked of whom, and what came of it, alike for everything that drives it.

mod choosing;
mod fault;
mod pages;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge::{Failure, LinkAnswers, LinkStatus, LinkTask, LinkWay, Through};
use domain::{NetworkName, Passport};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, warn};
use url::Url;

use crate::{
    allowances::Allowances,
    core::Core,
    limit::Limit,
    links::{Links, NetworkEntry},
};
pub use fault::LinkFault;
pub(crate) use pages::Pages;
pub use pages::{LinkPage, Onward};

/// How long somebody waits for a link. What takes longer goes on without them. Less than an errand may take, for whose answer this is.
const PATIENCE: Duration = Duration::from_secs(28);

/// How many links one account may try to make in a minute, things that take a secret included: networks count, by the address of this server, who comes with wrong
/// secrets.
const ATTEMPTS: u32 = 6;

/// The longest answer, in bytes.
const LONGEST_ANSWER: usize = 4096;

/// One link of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLine {
    /// The network, as the configuration calls it.
    pub network: String,
    /// What it is now.
    #[serde(flatten)]
    pub status: LinkStatus,
}

/// What is under way, and how often links were tried.
pub(crate) struct Attempts {
    under_way: Mutex<HashSet<Place>>,
    allowances: Allowances,
}

/// An account and a network.
type Place = (Passport, NetworkName);

impl Default for Attempts {
    fn default() -> Self {
        Self { under_way: Mutex::default(), allowances: Allowances::new(ATTEMPTS) }
    }
}

impl Attempts {
    fn under_way(&self) -> MutexGuard<'_, HashSet<Place>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link that is under way, to its end, however it ends.
struct UnderWay {
    core: Arc<Core>,
    place: Place,
}

impl UnderWay {
    /// `None` if one is under way there already.
    fn begin(core: &Arc<Core>, place: Place) -> Option<Self> {
        let is_first = core.attempts.under_way().insert(place.clone());
        is_first.then(|| Self { core: Arc::clone(core), place })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.core.attempts.under_way().remove(&self.place);
    }
}

/// Makes, shows and ends the links that accounts make themselves.
#[derive(Clone)]
pub struct Linking {
    core: Arc<Core>,
}

impl Linking {
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core) }
    }

    /// The networks to which accounts link themselves.
    #[must_use]
    pub fn networks(&self) -> Vec<NetworkName> {
        linkable(&self.core.links).map(|entry| entry.name).collect()
    }

    /// The ways in which an account can link itself to that network, the usual one first: at least one.
    pub fn ways(&self, network: &str) -> Result<Vec<LinkWay>, LinkFault> {
        self.entry(network).map(|entry| entry.network.link_ways())
    }

    /// Links the account by its answers, in place of an earlier link: in the way of that name, or without one in that which asks for just
    /// what is answered.
    pub async fn link(
        &self,
        owner: &Passport,
        network: &str,
        way: Option<&str>,
        answers: LinkAnswers,
    ) -> Result<LinkStatus, LinkFault> {
        let ways = self.ways(network)?;
        let way = choosing::way(&ways, way, &answers)?;
        match way.through {
            Through::Answers => choosing::check(way.key, &way.steps, &answers)?,
            Through::Browser { .. } => return Err(LinkFault::Browser(way.key)),
        }
        self.link_in_way(owner, network, way.key, answers).await
    }

    /// As [`Linking::link`], by answers that were looked at.
    async fn link_in_way(
        &self,
        owner: &Passport,
        network: &str,
        way: &'static str,
        answers: LinkAnswers,
    ) -> Result<LinkStatus, LinkFault> {
        let entry = self.entry(network)?;
        self.exists(owner).await?;
        self.may_try(owner)?;
        let (network, linked, store) = (Arc::clone(&entry.network), owner.clone(), self.core.store.clone());
        let deed = async move {
            let status = network.link(&linked, way, &answers).await?;
            // The network may have forgotten the account just before, and whoever is given its address next would have the link.
            if let Ok(None) = store.account_name(&linked).await {
                network.unlink(&linked).await?;
                return Err(Failure::refused("the account was removed meanwhile"));
            }
            Ok(status)
        };
        let outcome = self.finish(owner, &entry.name, deed).await;
        match &outcome {
            Ok(_) => info!(%owner, network = %entry.name, way, "an account was linked"),
            Err(fault) => info!(%owner, network = %entry.name, way, %fault, "an account was not linked"),
        }
        outcome
    }

    /// Where a browser has to go for a way that goes through one; `back` is where it is sent from there. It counts as a try.
    pub async fn address(
        &self,
        owner: &Passport,
        network: &str,
        way: &str,
        answers: &LinkAnswers,
        back: &str,
    ) -> Result<String, LinkFault> {
        let entry = self.entry(network)?;
        let ways = entry.network.link_ways();
        let way = choosing::way(&ways, Some(way), answers)?;
        choosing::check(way.key, &way.steps, answers)?;
        self.exists(owner).await?;
        self.may_try(owner)?;
        let asked = tokio::time::timeout(PATIENCE, entry.network.link_address(owner, way.key, answers, back));
        let address = asked.await.map_err(|_| LinkFault::TooSlow)?.map_err(LinkFault::Failed)?;
        let is_web = Url::parse(&address).is_ok_and(|address| matches!(address.scheme(), "http" | "https"));
        if !is_web {
            let reason = "the network named a place to go to that is no web page";
            return Err(LinkFault::Failed(Failure::refused(reason)));
        }
        Ok(address)
    }

    /// What can be done with the link that the account has made: nothing where it has made none.
    pub async fn tasks(&self, owner: &Passport, network: &str) -> Result<Vec<LinkTask>, LinkFault> {
        let entry = self.entry(network)?;
        self.exists(owner).await?;
        let asked = tokio::time::timeout(PATIENCE, entry.network.link_tasks(owner));
        asked.await.map_err(|_| LinkFault::TooSlow)
    }

    /// Does one of [`Linking::tasks`] by its answers; says what came of it, in whole sentences.
    pub async fn perform(
        &self,
        owner: &Passport,
        network: &str,
        task: &str,
        answers: LinkAnswers,
    ) -> Result<String, LinkFault> {
        let entry = self.entry(network)?;
        let tasks = self.tasks(owner, network).await?;
        if tasks.is_empty() && entry.network.linked(owner).await.is_none() {
            return Err(LinkFault::NotLinked(entry.name.clone()));
        }
        let task = choosing::task(&tasks, task)?;
        choosing::check(task.key, &task.steps, &answers)?;
        if task.steps.iter().any(|step| step.secret) {
            self.may_try(owner)?;
        }
        let (network, performer, key) = (Arc::clone(&entry.network), owner.clone(), task.key);
        let deed = async move { network.perform(&performer, key, &answers).await };
        let outcome = self.finish(owner, &entry.name, deed).await;
        match &outcome {
            Ok(_) => info!(%owner, network = %entry.name, task = key, "something was done with a link"),
            Err(fault) => info!(%owner, network = %entry.name, task = key, %fault, "a link's task was not done"),
        }
        outcome
    }

    /// Ends the link that the account has made.
    pub async fn unlink(&self, owner: &Passport, network: &str) -> Result<(), LinkFault> {
        let entry = self.entry(network)?;
        self.exists(owner).await?;
        let (network, unlinked) = (Arc::clone(&entry.network), owner.clone());
        let was_linked = self.finish(owner, &entry.name, async move { network.unlink(&unlinked).await }).await?;
        if !was_linked {
            return Err(LinkFault::NotLinked(entry.name.clone()));
        }
        info!(%owner, network = %entry.name, "an account was unlinked");
        Ok(())
    }

    /// The links that the account has made, in the order of the networks.
    pub async fn links(&self, owner: &Passport) -> Result<Vec<LinkLine>, LinkFault> {
        self.exists(owner).await?;
        let mut lines = Vec::new();
        for entry in linkable(&self.core.links) {
            let linked = tokio::time::timeout(PATIENCE, entry.network.linked(owner)).await;
            let status = linked.map_err(|_| LinkFault::TooSlow)?;
            lines.extend(status.map(|status| LinkLine { network: entry.name.to_string(), status }));
        }
        Ok(lines)
    }

    fn entry(&self, network: &str) -> Result<NetworkEntry, LinkFault> {
        let found = linkable(&self.core.links).find(|entry| entry.name.as_str().eq_ignore_ascii_case(network.trim()));
        found.ok_or_else(|| LinkFault::NoNetwork(self.networks()))
    }

    /// Takes one of the tries of this minute.
    fn may_try(&self, owner: &Passport) -> Result<(), LinkFault> {
        if self.core.attempts.allowances.take(owner, Instant::now()) {
            return Ok(());
        }
        Limit::LinkTries.reached(owner);
        Err(LinkFault::TooOften)
    }

    async fn exists(&self, owner: &Passport) -> Result<(), LinkFault> {
        match self.core.store.account_name(owner).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(LinkFault::NoAccount(owner.clone())),
            Err(fault) => Err(LinkFault::Store(fault.to_string())),
        }
    }

    /// Has a network do something for the account, one thing at a time. It is done to its end even when nobody waits for it any more:
    /// half a link would be worse than a late one.
    async fn finish<T: Send + 'static>(
        &self,
        owner: &Passport,
        network: &NetworkName,
        deed: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, LinkFault> {
        let under_way = UnderWay::begin(&self.core, (owner.clone(), network.clone())).ok_or(LinkFault::UnderWay)?;
        let task = async move {
            let outcome = deed.await;
            drop(under_way);
            outcome
        };
        let done = self.core.tasks.spawn(task.in_current_span());
        match tokio::time::timeout(PATIENCE, done).await {
            Ok(Ok(outcome)) => outcome.map_err(LinkFault::Failed),
            Ok(Err(fault)) => {
                warn!(%owner, %network, %fault, "a link was broken off");
                Err(LinkFault::Failed(Failure::retry("the link was broken off; the fault stands in the server's log")))
            }
            Err(_) => Err(LinkFault::TooSlow),
        }
    }
}

/// The networks to which accounts link themselves.
fn linkable(links: &Links) -> impl Iterator<Item = NetworkEntry> {
    links.networks().into_iter().filter(|entry| !entry.network.link_ways().is_empty())
}
