//! Links that accounts make themselves: what is asked of whom, and what came of it, alike for everything that drives it.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge::{Failure, LinkStatus, LinkStep};
use domain::{NetworkName, Passport};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, info, warn};

use crate::{
    allowances::Allowances,
    core::Core,
    links::{Links, NetworkEntry},
};

/// How long somebody waits for a link. What takes longer goes on without them. Less than an errand may take, for whose answer this is.
const PATIENCE: Duration = Duration::from_secs(28);

/// How many links one account may try to make in a minute: networks count, by the address of this server, who comes with wrong
/// secrets.
const ATTEMPTS: u32 = 6;

/// The longest answer, in bytes.
const LONGEST_ANSWER: usize = 4096;

/// Why an account was not linked or unlinked: one line that says what to do, without a full stop and without what was answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// There is no such account.
    #[error("there is no account {0}: `chrysalis account list` shows all")]
    NoAccount(Passport),
    /// There is no network of that name to which accounts link themselves.
    #[error("{}", no_network(.0))]
    NoNetwork(
        /// Those that there are.
        Vec<NetworkName>,
    ),
    /// A step is not answered.
    #[error("{} is not answered: {}", .0.key, .0.ask)]
    Unanswered(LinkStep),
    /// Something is answered that was not asked.
    #[error("{key} is not asked: answer {}", .steps.join(", "))]
    NotAsked {
        /// What it was called.
        key: String,
        /// What is asked.
        steps: Vec<&'static str>,
    },
    /// An answer is too long.
    #[error("the answer to {0} is longer than {LONGEST_ANSWER} bytes: look whether it is the right one")]
    TooLong(&'static str),
    /// There is no link that could be ended.
    #[error("there is no link to {0}")]
    NotLinked(NetworkName),
    /// The account is just being linked or unlinked there.
    #[error("it is just being linked or unlinked; wait for what comes of that")]
    UnderWay,
    /// The account has tried too often.
    #[error("too many links were tried; wait a minute")]
    TooOften,
    /// The network's answer did not come in time.
    #[error("the network did not answer in time; look a little later whether it is linked")]
    TooSlow,
    /// The store did not answer.
    #[error("the database did not answer: {0}")]
    Store(String),
    /// The network did not do it.
    #[error("{0}")]
    Failed(Failure),
}

fn no_network(linkable: &[NetworkName]) -> String {
    if linkable.is_empty() {
        return "accounts link themselves to no network of this server: switch one on in the configuration".to_owned();
    }
    let names: Vec<&str> = linkable.iter().map(NetworkName::as_str).collect();
    format!("accounts do not link themselves to a network of that name: name one of {}", names.join(", "))
}

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
        linkable(&self.core.links).map(|entry| entry.name.clone()).collect()
    }

    /// What is asked of an account that links itself to that network: at least one thing.
    pub fn steps(&self, network: &str) -> Result<Vec<LinkStep>, LinkFault> {
        self.entry(network).map(|entry| entry.network.link_steps())
    }

    /// Links the account by its answers, in place of an earlier link.
    pub async fn link(
        &self,
        owner: &Passport,
        network: &str,
        answers: BTreeMap<String, String>,
    ) -> Result<LinkStatus, LinkFault> {
        let entry = self.entry(network)?;
        check(&entry.network.link_steps(), &answers)?;
        self.exists(owner).await?;
        if !self.core.attempts.allowances.take(owner, Instant::now()) {
            return Err(LinkFault::TooOften);
        }
        let (network, linked, store) = (Arc::clone(&entry.network), owner.clone(), self.core.store.clone());
        let deed = async move {
            let status = network.link(&linked, &answers).await?;
            // The network may have forgotten the account just before, and whoever is given its address next would have the link.
            if let Ok(None) = store.account_name(&linked).await {
                network.unlink(&linked).await?;
                return Err(Failure::refused("the account was removed meanwhile"));
            }
            Ok(status)
        };
        let outcome = self.finish(owner, &entry.name, deed).await;
        match &outcome {
            Ok(_) => info!(%owner, network = %entry.name, "an account was linked"),
            Err(fault) => info!(%owner, network = %entry.name, %fault, "an account was not linked"),
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

    fn entry(&self, network: &str) -> Result<&NetworkEntry, LinkFault> {
        let found = linkable(&self.core.links).find(|entry| entry.name.as_str().eq_ignore_ascii_case(network.trim()));
        found.ok_or_else(|| LinkFault::NoNetwork(self.networks()))
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
fn linkable(links: &Links) -> impl Iterator<Item = &NetworkEntry> {
    links.networks().iter().filter(|entry| !entry.network.link_steps().is_empty())
}

/// Whether the answers are those that are asked for.
fn check(steps: &[LinkStep], answers: &BTreeMap<String, String>) -> Result<(), LinkFault> {
    if let Some(key) = answers.keys().find(|key| steps.iter().all(|step| step.key != key.as_str())) {
        let steps = steps.iter().map(|step| step.key).collect();
        return Err(LinkFault::NotAsked { key: key.clone(), steps });
    }
    for step in steps {
        match answers.get(step.key) {
            None => return Err(LinkFault::Unanswered(step.clone())),
            Some(answer) if answer.trim().is_empty() => return Err(LinkFault::Unanswered(step.clone())),
            Some(answer) if answer.len() > LONGEST_ANSWER => return Err(LinkFault::TooLong(step.key)),
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_answered_and_nothing_else() {
        let step = |key, secret| LinkStep { key, ask: format!("What is the {key}?"), secret };
        let steps = [step("token", true), step("place", false)];
        let check = |answers: &[(&str, &str)]| {
            let answers = answers.iter().map(|(key, answer)| ((*key).to_owned(), (*answer).to_owned())).collect();
            check(&steps, &answers)
        };
        assert_eq!(check(&[("token", "s3cret"), ("place", "here")]), Ok(()));
        assert_eq!(check(&[("token", "s3cret")]), Err(LinkFault::Unanswered(steps[1].clone())));
        assert_eq!(check(&[("token", " "), ("place", "here")]), Err(LinkFault::Unanswered(steps[0].clone())));
        let long = "x".repeat(LONGEST_ANSWER + 1);
        assert_eq!(check(&[("token", &long), ("place", "here")]), Err(LinkFault::TooLong("token")));
        let fault = check(&[("tokn", "s3cret"), ("place", "here")]).unwrap_err().to_string();
        assert_eq!(fault, "tokn is not asked: answer token, place");
    }
}
