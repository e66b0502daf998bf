//! What is measured: the names of it, and what is looked up whenever somebody looks.
//!
//! What happens is counted where it happens; what is, is looked up here. No label says whose anything is.

use std::time::Duration;

use bridge::{LinkState, Reach};
use domain::NetworkName;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use tracing::warn;

use crate::{
    authentication::Refusal,
    core::{Core, wall},
    limit::Limit,
};

/// Counts a password that was given, in a Messenger or on a page, by why it was refused.
pub(crate) fn count_password(refused: Option<&Refusal>) {
    let told = match refused {
        None => "accepted",
        Some(Refusal::WrongCredentials) => "refused",
        Some(Refusal::TooManyAttempts { .. }) => "too many",
        Some(Refusal::Unavailable) => "unavailable",
    };
    counter!("chrysalis_sign_ins_total", "stage" => "password", "outcome" => told).increment(1);
}

/// How long the database may take to say how much waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says what each measure is, and lets those of limits begin at nothing, so that the first time one bites is seen as a change.
pub fn describe() {
    describe_gauge!("chrysalis_connections", "Connections of clients, by the listener and by what carries them.");
    describe_gauge!("chrysalis_signed_in_accounts", "Accounts with a client that is signed in.");
    describe_gauge!("chrysalis_sessions", "Clients that are signed in, by the protocol they speak.");
    describe_gauge!("chrysalis_accounts", "Accounts of this server.");
    describe_counter!("chrysalis_sign_ins_total", "Tries to sign in, by stage (password, ticket) and outcome.");
    describe_counter!("chrysalis_messages_total", "Messages, by direction, network and kind.");
    describe_counter!("chrysalis_orders_total", "Tries to have something done on a network, by action and outcome.");
    describe_gauge!("chrysalis_outbox_orders", "Orders that wait for a network.");
    describe_gauge!(
        "chrysalis_outbox_oldest_seconds",
        Unit::Seconds,
        "Age of the oldest message that waits for a network."
    );
    describe_gauge!(
        "chrysalis_outbox_parked_orders",
        "Orders that were given up, and can be taken up again for 30 days."
    );
    describe_gauge!("chrysalis_deliveries_waiting", "Messages that wait to be shown, once for each account.");
    describe_gauge!("chrysalis_deliveries_unnoted", "Messages that were shown and cannot be noted as such yet.");
    describe_gauge!("chrysalis_media_bytes", Unit::Bytes, "What pictures and files take on the disk.");
    describe_gauge!("chrysalis_links", "Links of accounts to networks, by network and whether they could be opened.");
    describe_gauge!("chrysalis_own_links", "Links that accounts made themselves, by network and state.");
    describe_gauge!(
        "chrysalis_network_reachable",
        "1 if the network's own server answers, 0 if not; absent if not known."
    );
    describe_counter!("chrysalis_limits_reached_total", "How often each limit bit.");
    describe_histogram!("chrysalis_store_commit_seconds", Unit::Seconds, "How long commits of the database took.");
    describe_histogram!("chrysalis_store_commit_jobs", "How much was committed together.");
    describe_counter!("chrysalis_store_commits_failed_total", "Commits that failed; nothing of them was acknowledged.");
    describe_gauge!("chrysalis_store_queue", "What waited for the database's writer when it last committed.");
    for limit in Limit::ALL {
        counter!("chrysalis_limits_reached_total", "limit" => limit.key()).absolute(0);
    }
    counter!("chrysalis_store_commits_failed_total").absolute(0);
}

/// Looks up what is now.
pub(crate) async fn look_up(core: &Core) {
    match tokio::time::timeout(PATIENCE, core.store.figures()).await {
        Ok(Ok(figures)) => {
            gauge!("chrysalis_accounts").set(figures.accounts as f64);
            gauge!("chrysalis_deliveries_waiting").set(figures.deliveries as f64);
            let now = wall();
            for entry in core.links.networks() {
                let (mut waiting, mut parked, mut age) = (0, 0, 0.0);
                if let Some(outbox) = figures.outbox.iter().find(|outbox| outbox.network == entry.name) {
                    (waiting, parked) = (outbox.waiting, outbox.parked);
                    age = outbox.oldest.map_or(0.0, |oldest| (now.0 - oldest.0).max(0) as f64 / 1000.0);
                }
                let network = entry.name.to_string();
                gauge!("chrysalis_outbox_orders", "network" => network.clone()).set(waiting as f64);
                gauge!("chrysalis_outbox_parked_orders", "network" => network.clone()).set(parked as f64);
                gauge!("chrysalis_outbox_oldest_seconds", "network" => network).set(age);
            }
        }
        Ok(Err(fault)) => {
            warn!(%fault, "cannot look up how much waits");
            forget(core);
        }
        Err(_) => {
            warn!("the database does not say in time how much waits");
            forget(core);
        }
    }
    gauge!("chrysalis_deliveries_unnoted").set(core.deliveries.count() as f64);
    gauge!("chrysalis_media_bytes").set(core.media.taken() as f64);
    for entry in core.links.networks() {
        let network = entry.name.to_string();
        let (opened, unopened) = core.links.count(&entry.name);
        gauge!("chrysalis_links", "network" => network.clone(), "state" => "open").set(opened as f64);
        gauge!("chrysalis_links", "network" => network.clone(), "state" => "not opened").set(unopened as f64);
        match entry.network.reach() {
            Reach::Answers => gauge!("chrysalis_network_reachable", "network" => network).set(1.0),
            Reach::Away => gauge!("chrysalis_network_reachable", "network" => network).set(0.0),
            // What was known once may not be so any more.
            Reach::Unknown => gauge!("chrysalis_network_reachable", "network" => network).set(f64::NAN),
        }
    }
    if tokio::time::timeout(PATIENCE, look_up_own_links(core)).await.is_err() {
        warn!("networks do not say in time how the links are that accounts made");
    }
}

/// Says of what the database tells that it is not known: what it told before would keep an alarm from going off.
fn forget(core: &Core) {
    gauge!("chrysalis_accounts").set(f64::NAN);
    gauge!("chrysalis_deliveries_waiting").set(f64::NAN);
    for entry in core.links.networks() {
        let network = entry.name.to_string();
        gauge!("chrysalis_outbox_orders", "network" => network.clone()).set(f64::NAN);
        gauge!("chrysalis_outbox_parked_orders", "network" => network.clone()).set(f64::NAN);
        gauge!("chrysalis_outbox_oldest_seconds", "network" => network).set(f64::NAN);
    }
}

/// The network has gone: nothing of it is known.
pub(crate) fn forget_network(network: &NetworkName) {
    for name in ["chrysalis_outbox_orders", "chrysalis_outbox_parked_orders", "chrysalis_outbox_oldest_seconds"] {
        gauge!(name, "network" => network.to_string()).set(f64::NAN);
    }
    gauge!("chrysalis_network_reachable", "network" => network.to_string()).set(f64::NAN);
    for state in ["open", "not opened"] {
        gauge!("chrysalis_links", "network" => network.to_string(), "state" => state).set(f64::NAN);
    }
    for state in ["connecting", "connected", "waiting", "failed"] {
        gauge!("chrysalis_own_links", "network" => network.to_string(), "state" => state).set(f64::NAN);
    }
}

/// Looks up how the links are that accounts made themselves.
async fn look_up_own_links(core: &Core) {
    let owners = core.links.owners();
    for entry in core.links.networks().into_iter().filter(|entry| !entry.network.link_ways().is_empty()) {
        let [mut connecting, mut connected, mut waiting, mut failed] = [0_u32; 4];
        for owner in &owners {
            match entry.network.linked(owner).await.map(|status| status.state) {
                None => {}
                Some(LinkState::Connecting) => connecting += 1,
                Some(LinkState::Connected) => connected += 1,
                Some(LinkState::Waiting { .. }) => waiting += 1,
                Some(LinkState::Failed { .. }) => failed += 1,
            }
        }
        let network = entry.name.to_string();
        for (state, count) in
            [("connecting", connecting), ("connected", connected), ("waiting", waiting), ("failed", failed)]
        {
            gauge!("chrysalis_own_links", "network" => network.clone(), "state" => state).set(count);
        }
    }
}
