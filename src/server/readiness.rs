//! Whether the server can do its work now, and what keeps it from it.

use std::time::{Duration, Instant};

use bridge::Reach;
use domain::NetworkName;
use store::{Store, StoreFault};
use tokio::{sync::Mutex, task::JoinHandle};

use crate::core::Core;

/// For how long it is believed that something could be written, or not: whoever asks often must not make the disk busy.
const BELIEVED: Duration = Duration::from_secs(1);

/// How long writing may take: longer than a busy disk needs, and shorter than whoever asks waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the server can do its work now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it has been told to stop.
    pub stopping: bool,
    /// Why nothing can be written; `None` if something can.
    pub store: Option<String>,
    /// The listeners that do not listen any more.
    pub listeners_gone: Vec<String>,
    /// Whether each network's own server can be reached, as far as is known.
    pub networks: Vec<(NetworkName, Reach)>,
}

impl Readiness {
    pub(crate) async fn of(core: &Core) -> Self {
        let networks = core.links.networks().into_iter();
        Self {
            stopping: core.closing.is_cancelled(),
            store: core.probe.outcome(&core.store).await.err(),
            listeners_gone: core.duty.gone(),
            networks: networks
                .map(|entry| {
                    let reach = entry.network.reach();
                    (entry.name, reach)
                })
                .collect(),
        }
    }

    /// Whether it can: something can be written, everything listens, and those networks that are needed can be reached. Another one that
    /// is away keeps nothing from working.
    #[must_use]
    pub fn is_ready(&self, needed: &[NetworkName]) -> bool {
        let is_away = |(name, reach): &(NetworkName, Reach)| *reach == Reach::Away && needed.contains(name);
        !self.stopping && self.store.is_none() && self.listeners_gone.is_empty() && !self.networks.iter().any(is_away)
    }
}

/// Tries whether something can be written; one try at a time, whoever asks.
#[derive(Default)]
pub(crate) struct Probe(Mutex<Tries>);

#[derive(Default)]
struct Tries {
    last: Option<(Instant, Result<(), String>)>,
    /// A try that has not come back. The next does not wait behind it as well.
    under_way: Option<JoinHandle<Result<(), StoreFault>>>,
}

impl Probe {
    async fn outcome(&self, store: &Store) -> Result<(), String> {
        let mut tries = self.0.lock().await;
        if let Some((when, outcome)) = &tries.last
            && when.elapsed() < BELIEVED
        {
            return outcome.clone();
        }
        let mut under_way = tries.under_way.take().unwrap_or_else(|| {
            let store = store.clone();
            tokio::spawn(async move { store.probe().await })
        });
        let outcome = match tokio::time::timeout(PATIENCE, &mut under_way).await {
            Ok(Ok(outcome)) => outcome.map_err(|fault| fault.to_string()),
            Ok(Err(_)) => Err("the try to write has died".to_owned()),
            Err(_) => {
                tries.under_way = Some(under_way);
                Err(format!("writing has taken more than {} seconds", PATIENCE.as_secs()))
            }
        };
        tries.last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readiness() -> Readiness {
        let network = |name: &str| name.parse::<NetworkName>().unwrap();
        Readiness {
            stopping: false,
            store: None,
            listeners_gone: Vec::new(),
            networks: vec![(network("matrix"), Reach::Away), (network("discord"), Reach::Unknown)],
        }
    }

    #[test]
    fn what_keeps_it_from_its_work_is_its_own_trouble_or_a_network_that_is_needed() {
        let [matrix, discord] = ["matrix", "discord"].map(|name| name.parse::<NetworkName>().unwrap());
        assert!(readiness().is_ready(&[]));
        assert!(readiness().is_ready(&[discord]), "nothing is known against it");
        assert!(!readiness().is_ready(&[matrix]));
        for trouble in [
            Readiness { stopping: true, ..readiness() },
            Readiness { store: Some("the disk is full".to_owned()), ..readiness() },
            Readiness { listeners_gone: vec!["web".to_owned()], ..readiness() },
        ] {
            assert!(!trouble.is_ready(&[]), "{trouble:?}");
        }
    }
}
