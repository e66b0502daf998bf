//! The configuration, read again while the server runs: by SIGHUP, as `systemctl reload` sends it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use management::Reloaded;
use server::{Handle, NetworkEntry};
use store::Store;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::{
    configuration::{Configuration, ConfigurationFault},
    logging::Logging,
    networks,
};

/// The keys that hold from the next start on only: exactly these, and whatever stands below them.
const FROM_THE_NEXT_START: [&str; 13] = [
    "server.domain",
    "server.data_directory",
    "server.secrets_key",
    "server.listen",
    "server.public_address",
    "web.listen",
    "web.public_url",
    "web.trusted_proxies",
    "log.format",
    "operations",
    "management",
    "database",
    "limits.gateway_idle_seconds",
];

/// What is needed to let another configuration hold.
pub(crate) struct Reloading {
    /// The file that the command line names.
    pub(crate) named: Option<PathBuf>,
    /// As the server was started.
    pub(crate) started: Arc<Configuration>,
    /// As it is now.
    pub(crate) now: watch::Sender<Arc<Configuration>>,
    pub(crate) logging: Logging,
    pub(crate) handle: Handle,
    pub(crate) store: Store,
    pub(crate) networks: Vec<NetworkEntry>,
    /// How many connections to `[web]` one address may have.
    pub(crate) web_connections: Arc<AtomicUsize>,
}

impl Reloading {
    /// Reads the configuration again. One that cannot be taken changes nothing; what is wrong with it stands in the log, and is said.
    pub(crate) fn reload(&mut self) -> Result<Reloaded, String> {
        match self.take_up() {
            Ok((changed, waiting)) => {
                info!(changed = listed(&changed), "the configuration was read again");
                if !waiting.is_empty() {
                    warn!(
                        keys = listed(&waiting),
                        "these hold from the next start on only: restart the server for them"
                    );
                }
                count("taken");
                Ok(Reloaded { changed: changed.into_iter().collect(), waiting: waiting.into_iter().collect() })
            }
            Err(fault) => {
                error!(%fault, "the configuration cannot be taken: nothing was changed");
                count("refused");
                Err(fault.to_string())
            }
        }
    }

    /// The keys that hold newly, and those that do not before the next start.
    fn take_up(&mut self) -> Result<(BTreeSet<String>, BTreeSet<String>), ConfigurationFault> {
        let fresh = networks::read_configuration(self.named.as_deref())?;
        // A second set of networks, which is never started, shows whether every section can be read.
        drop(networks::build(&fresh)?);
        let mut held = Vec::new();
        for entry in &self.networks {
            let of_network = fresh.networks.iter().find(|network| network.section.name == entry.name);
            let Some(network) = of_network else { continue };
            match entry.network.reload(&network.section) {
                Ok(keys) => held.extend(keys.iter().map(|key| format!("networks.{}.{key}", entry.name))),
                Err(fault) => error!(network = %entry.name, %fault, "a network goes on as it was"),
            }
        }
        self.logging.change(&fresh.log);
        self.store.bound(fresh.bounds);
        self.web_connections.store(fresh.web_connections_per_address, Ordering::Relaxed);
        self.handle.reconfigure(fresh.settings.clone());
        let waits = |key: &String| waits(key, &held);
        let changed = fresh.changes(&self.now.borrow()).into_iter().filter(|key| !waits(key)).collect();
        let waiting = fresh.changes(&self.started).into_iter().filter(waits).collect();
        self.now.send_replace(Arc::new(fresh));
        Ok((changed, waiting))
    }
}

/// Whether a key holds from the next start on only. Of networks, everything does but what they have taken over.
fn waits(key: &str, held: &[String]) -> bool {
    let is_below = |whole: &str| key.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if key.starts_with("networks.") {
        return !held.iter().any(|held| is_below(held));
    }
    FROM_THE_NEXT_START.iter().any(|waiting| is_below(waiting))
}

fn listed(keys: &BTreeSet<String>) -> String {
    if keys.is_empty() { "nothing".to_owned() } else { keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}

fn count(outcome: &'static str) {
    metrics::counter!("chrysalis_reloads_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_restart_is_known() {
        let held = ["networks.matrix.permissions".to_owned()];
        for key in [
            "server.listen",
            "server.listen.0",
            "web.listen",
            "web.public_url",
            "web.trusted_proxies.0",
            "database.url",
            "log.format",
            "management.token_file",
            "networks.discord",
            "networks.matrix.url",
        ] {
            assert!(waits(key, &held), "{key}");
        }
        for key in [
            "limits.contacts",
            "web.session_idle_days",
            "web.session_days",
            "log.level",
            "server.rooms",
            "accounts.registration",
            "networks.matrix.permissions.*",
        ] {
            assert!(!waits(key, &held), "{key}");
        }
    }
}
