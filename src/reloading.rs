//! The configuration, read again while the server runs: by SIGHUP, as `systemctl reload` sends it.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use domain::NetworkName;
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

/// What every key of a network begins with.
const NETWORKS: &str = "networks.";

/// What is needed to let another configuration hold.
pub(crate) struct Reloading {
    /// The file that the command line names.
    named: Option<PathBuf>,
    /// As the server was started.
    started: Arc<Configuration>,
    /// As it is now.
    pub(crate) now: watch::Sender<Arc<Configuration>>,
    /// The configuration by which each network that is on was built.
    built: HashMap<NetworkName, Arc<Configuration>>,
    logging: Logging,
    handle: Handle,
    store: Store,
    /// How many connections to `[web]` one address may have.
    web_connections: Arc<AtomicUsize>,
}

/// What a reload came to.
struct Taken {
    /// The keys that hold newly.
    changed: BTreeSet<String>,
    /// The keys that do not before the next start.
    waiting: BTreeSet<String>,
}

impl Reloading {
    /// For a server that was started with this configuration.
    pub(crate) fn of(
        (started, now): (Arc<Configuration>, watch::Sender<Arc<Configuration>>),
        named: Option<PathBuf>,
        logging: Logging,
        (handle, store): (Handle, Store),
        web_connections: Arc<AtomicUsize>,
    ) -> Self {
        let built = handle.networks().into_iter().map(|entry| (entry.name, Arc::clone(&started))).collect();
        Self { named, started, now, built, logging, handle, store, web_connections }
    }

    /// Reads the configuration again. One that cannot be taken changes nothing; what is wrong with it stands in the log, and is said. May be
    /// broken off where the server stops.
    pub(crate) async fn reload(&mut self) -> Result<Reloaded, String> {
        match self.take_up().await {
            Ok(Taken { changed, waiting }) => {
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

    async fn take_up(&mut self) -> Result<Taken, ConfigurationFault> {
        let fresh = Arc::new(networks::read_configuration(self.named.as_deref())?);
        networks::examine(&fresh)?;
        let on = self.handle.networks();
        let is_on = |name: &NetworkName| on.iter().any(|entry| entry.name == *name);
        let stays = |name: &NetworkName| fresh.networks.iter().any(|network| network.section.name == *name);
        let going: Vec<NetworkName> = on.iter().map(|entry| &entry.name).filter(|name| !stays(name)).cloned().collect();
        let staying: Vec<&NetworkEntry> = on.iter().filter(|entry| stays(&entry.name)).collect();
        clash(&fresh, &staying)?;
        // Whatever can fail comes first, and is undone where it fails.
        let coming = networks::build_those(&fresh, |name| !is_on(name))?;
        let come: Vec<NetworkName> = coming.iter().map(|entry| entry.name.clone()).collect();
        self.handle.turn_on(coming).await.map_err(|fault| ConfigurationFault(fault.to_string()))?;

        let held = take_over(&fresh, &staying);
        self.logging.change(&fresh.log);
        self.store.bound(fresh.bounds);
        self.web_connections.store(fresh.web_connections_per_address, Ordering::Relaxed);
        self.handle.reconfigure(fresh.settings_since(&self.started));
        self.handle.turn_off(&going, fresh.drain).await;

        self.built.retain(|name, _| stays(name));
        self.built.extend(come.iter().map(|name| (name.clone(), Arc::clone(&fresh))));
        let moved = |key: &str| come.iter().chain(&going).any(|name| is_of(name, key));
        let of_networks = |key: &&String| key.starts_with(NETWORKS);
        let changed = fresh.changes(&self.now.borrow()).into_iter();
        let changed = changed.filter(|key| !waits(key, &held) || moved(key)).collect();
        let mut waiting: BTreeSet<String> = fresh.changes(&self.started);
        waiting.retain(|key| !of_networks(&key) && waits(key, &held));
        for entry in &staying {
            let Some(built) = self.built.get(&entry.name) else { continue };
            let own = fresh.changes(built).into_iter().filter(|key| is_of(&entry.name, key));
            // That it is on, it is.
            let is_said = |key: &String| *key != format!("{NETWORKS}{}.enabled", entry.name);
            waiting.extend(own.filter(|key| is_said(key) && waits(key, &held)));
        }
        self.now.send_replace(fresh);
        Ok(Taken { changed, waiting })
    }
}

/// A network that comes must have no bit of one that stays, which keeps its own until the next start.
fn clash(fresh: &Configuration, staying: &[&NetworkEntry]) -> Result<(), ConfigurationFault> {
    for network in &fresh.networks {
        let section = &network.section;
        let Some(other) = staying.iter().find(|entry| entry.bit == section.bit && entry.name != section.name) else {
            continue;
        };
        if staying.iter().any(|entry| entry.name == section.name) {
            continue;
        }
        let problem = format!(
            "is {}, which networks.{} has until the next start: give it another one, or restart the server",
            section.bit.value(),
            other.name
        );
        return Err(fresh.fault(&format!("{NETWORKS}{}.network_bit", section.name), &problem));
    }
    Ok(())
}

/// Has the networks that go on take over what they can; the keys that hold in them as they stand there now.
fn take_over(fresh: &Configuration, staying: &[&NetworkEntry]) -> Vec<String> {
    let mut held = Vec::new();
    for entry in staying {
        let Some(network) = fresh.networks.iter().find(|network| network.section.name == entry.name) else { continue };
        match entry.network.reload(&network.section) {
            Ok(keys) => held.extend(keys.iter().map(|key| format!("{NETWORKS}{}.{key}", entry.name))),
            Err(fault) => error!(network = %entry.name, %fault, "a network goes on as it was"),
        }
    }
    held
}

/// Whether a key is of this network's section.
fn is_of(network: &NetworkName, key: &str) -> bool {
    let rest = key.strip_prefix(NETWORKS).and_then(|rest| rest.strip_prefix(network.as_str()));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a key holds from the next start on only. Of networks that go on, everything does but what they have taken over.
fn waits(key: &str, held: &[String]) -> bool {
    let is_below = |whole: &str| key.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if key.starts_with(NETWORKS) {
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
    fn a_key_is_of_one_network() {
        let club = "club".parse().unwrap();
        assert!(is_of(&club, "networks.club.kind") && is_of(&club, "networks.club"));
        assert!(!is_of(&club, "networks.clubs.kind") && !is_of(&club, "limits.club"));
    }

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
