//! How networks come and go while the server runs: nobody is disconnected for it, and nothing is lost.
//!
//! Three know which networks are on, and are told here and nowhere else: the store, whose lists show their people; the settings' realm, by
//! which an address is known to be theirs; and [`Links`](crate::links::Links), which everybody asks for the network itself.

use std::collections::HashSet;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use bridge::{Failure, Farewell, Link, LinkOwner};
use domain::{NetworkName, Passport, Realm};
use futures_util::future::join_all;
use store::StoreFault;
use tracing::{info, warn};

use crate::{
    core::Core,
    figures,
    handle::{StartFault, unreadable},
    host::NetworkHost,
    links::{self, NetworkEntry, Running},
    signals,
};

/// How long tasks, networks and links may take to end, each.
pub(crate) const FAREWELL: Duration = Duration::from_secs(10);

/// How long each step of a network's coming may take while the server runs: a stop, and the next change, wait for it.
const COMING: Duration = Duration::from_mins(1);

/// Starts a network, with a folder of its own.
pub(crate) async fn start(core: &Arc<Core>, running: &Running) -> Result<(), StartFault> {
    let entry = &running.entry;
    let directory = core.settings.data_directory.join(entry.name.as_str());
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|fault| StartFault::Unready(format!("cannot make the folder {}: {fault}", directory.display())))?;
    let host = Arc::new(NetworkHost::new(core, entry.name.clone(), directory, running.gone.clone()));
    entry.network.start(host).await.map_err(|failure| {
        let line = format!("networks.{}: {failure}", entry.name);
        match failure {
            Failure::Retry { .. } => StartFault::Unready(line),
            Failure::Refused { .. } | Failure::Unsupported { .. } | Failure::SignedOut { .. } => {
                StartFault::Unfit(line)
            }
        }
    })
}

fn late(entry: &NetworkEntry) -> StartFault {
    let seconds = COMING.as_secs();
    StartFault::Unready(format!("networks.{}: it has not begun within {seconds} seconds; try again", entry.name))
}

/// Stops a network, in bounded time.
pub(crate) async fn stop(running: &Running) {
    if tokio::time::timeout(FAREWELL, running.entry.network.stop()).await.is_err() {
        warn!(network = %running.entry.name, "the network did not end in time");
    }
}

/// Everybody who is to be linked.
pub(crate) async fn owners(core: &Core) -> Result<Vec<LinkOwner>, StoreFault> {
    let accounts = core.store.accounts().await?;
    Ok(accounts.into_iter().map(|account| links::owner(account.passport, &account.name)).collect())
}

/// Turns networks on; see [`Handle::turn_on`](crate::Handle::turn_on).
pub(crate) async fn turn_on(core: &Arc<Core>, networks: Vec<NetworkEntry>) -> Result<(), StartFault> {
    let coming: Vec<Running> = networks.into_iter().map(Running::of).collect();
    if coming.is_empty() {
        return Ok(());
    }
    let _changing = core.changing_networks.lock().await;
    // Known from now on: whoever stops the server stops them as well.
    core.links.apart().extend(coming.iter().cloned());
    for running in &coming {
        let started = tokio::time::timeout(COMING, start(core, running)).await;
        let started = started.unwrap_or_else(|_| Err(late(&running.entry)));
        if let Err(fault) = started {
            give_up(core, &coming).await;
            return Err(fault);
        }
    }
    let networks: Vec<NetworkEntry> = coming.iter().map(|running| running.entry.clone()).collect();
    // First: somebody else may have the address of an account that was removed.
    let Ok(told) = tokio::time::timeout(COMING, links::part_late(core, &networks)).await else {
        give_up(core, &coming).await;
        return Err(StartFault::Unready(
            "networks that come were not told in time of accounts that were removed: try again".to_owned(),
        ));
    };
    let listed =
        if told.is_ok() { list(core, &[core.links.networks(), networks.clone()].concat()).await } else { told };
    if let Err(fault) = listed {
        give_up(core, &coming).await;
        return Err(unreadable(fault));
    }
    for running in &coming {
        core.links.turn_on(running);
    }
    core.directory.reread(true);
    for entry in &networks {
        // What it has said before there was anybody to hear it.
        signals::show_again(core, &entry.name).await;
    }
    // Each for itself, and to its end: one that does not answer holds up what follows for a minute, and no longer.
    let linking = coming.into_iter().map(|running| core.tasks.spawn(link_all(Arc::clone(core), running)));
    if tokio::time::timeout(COMING, join_all(linking)).await.is_err() {
        warn!("not everybody is linked yet to a network that has come: that goes on");
        for entry in &networks {
            resume(core, &entry.name).await;
        }
    }
    for entry in &networks {
        info!(network = %entry.name, "a network is on from now on");
    }
    Ok(())
}

/// These have not come: everything is as it was.
async fn give_up(core: &Core, coming: &[Running]) {
    join_all(coming.iter().map(async |running| {
        running.going.cancel();
        stop(running).await;
        running.gone.cancel();
        core.signals.forget(&running.entry.name);
        core.links.forget_apart(running);
    }))
    .await;
}

/// Links every account to a network that has come, until it goes; then what waits for it goes out.
async fn link_all(core: Arc<Core>, running: Running) {
    let network = &running.entry.name;
    let linked = tokio::select! {
        linked = try_link_all(&core, &running.entry) => linked,
        () = running.going.cancelled() => return,
        () = core.stop.cancelled() => return,
    };
    if let Err(fault) = linked {
        warn!(%network, %fault, "not everybody is linked to a network that has come: turn it off and on, or start the server again");
    }
    resume(&core, network).await;
}

/// What waits for a network that has come goes out.
async fn resume(core: &Arc<Core>, network: &NetworkName) {
    let realm = core.settings.realm.clone();
    if let Err(fault) = core.outbox.resume(core, |contact| realm.is_under(network, contact)).await {
        warn!(%network, %fault, "what waits for a network goes out with what is said next, or after the next start");
    }
}

async fn try_link_all(core: &Core, network: &NetworkEntry) -> Result<(), StoreFault> {
    let owners = owners(core).await?;
    let mut removed: Vec<Passport> = owners.iter().map(|owner| owner.passport.clone()).collect();
    links::open_all(core, std::slice::from_ref(network), owners).await;
    // Whoever was removed meanwhile may have been linked after that.
    let left: HashSet<Passport> = core.store.accounts().await?.into_iter().map(|account| account.passport).collect();
    removed.retain(|passport| !left.contains(passport));
    for passport in removed {
        links::part(core, &passport).await;
    }
    Ok(())
}

/// Turns networks off; see [`Handle::turn_off`](crate::Handle::turn_off).
pub(crate) async fn turn_off(core: &Arc<Core>, networks: &[NetworkName], patience: Duration) {
    let going: Vec<Running> = networks.iter().filter_map(|name| core.links.running_as(name)).collect();
    if going.is_empty() {
        return;
    }
    let _changing = core.changing_networks.lock().await;
    let realm = core.settings.realm.clone();
    let is_theirs = |contact: &Passport| going.iter().any(|running| realm.is_under(&running.entry.name, contact));
    if tokio::time::timeout(patience, core.outbox.quiet_of(is_theirs)).await.is_err() {
        let under_way = core.outbox.under_way_to(is_theirs);
        warn!(under_way, "not everything went out in time: it goes out when the network is on again");
    }
    let links: Vec<Arc<dyn Link>> = going.iter().flat_map(|running| core.links.turn_off(running)).collect();
    if let Err(fault) = list(core, &core.links.networks()).await {
        warn!(%fault, "networks that are off are still shown on lists; it is tried again");
        list_later(core);
    }
    for running in &going {
        running.going.cancel();
    }
    // Before they are stopped, so that nobody waits for that.
    forget(core, &going, is_theirs);
    // What was broken off ends at once; what is just being written may take a moment.
    if tokio::time::timeout(FAREWELL, core.outbox.quiet_of(is_theirs)).await.is_err() {
        warn!("what was on its way to a network did not end in time");
    }
    join_all(going.iter().map(stop)).await;
    let closing = join_all(links.iter().map(|link| link.close(Farewell::Stopping)));
    if tokio::time::timeout(FAREWELL, closing).await.is_err() {
        warn!("some links did not end in time");
    }
    for running in &going {
        running.gone.cancel();
    }
    // What they said to the last.
    forget(core, &going, is_theirs);
    for running in going {
        core.links.forget_apart(&running);
        figures::forget_network(&running.entry.name);
        info!(network = %running.entry.name, "a network is off from now on");
    }
}

/// Nobody sees anybody of these networks any more.
fn forget(core: &Core, going: &[Running], is_theirs: impl Fn(&Passport) -> bool) {
    for running in going {
        core.signals.forget(&running.entry.name);
    }
    core.directory.lose_sight(is_theirs);
    core.directory.reread(false);
}

/// Takes those who are off from all lists once more, until the store does it.
fn list_later(core: &Arc<Core>) {
    let again = Arc::clone(core);
    core.later(async move {
        let _changing = tokio::select! {
            changing = again.changing_networks.lock() => changing,
            () = again.stop.cancelled() => return,
        };
        if let Err(fault) = list(&again, &again.links.networks()).await {
            warn!(%fault, "networks that are off are still shown on lists; it is tried again");
            list_later(&again);
            return;
        }
        again.directory.reread(false);
        info!("networks that are off are on no list any more");
    });
}

/// Exactly these networks are on, for the store and the realm. Where it fails, nothing has changed.
async fn list(core: &Core, networks: &[NetworkEntry]) -> Result<(), StoreFault> {
    let names = networks.iter().map(|entry| entry.name.clone()).collect();
    let bits = networks.iter().map(|entry| (entry.name.clone(), entry.bit)).collect();
    let realm = Realm::new(core.settings.realm.domain(), names);
    core.store.have_networks(realm.clone(), bits).await?;
    core.settings.have_networks(realm);
    Ok(())
}
