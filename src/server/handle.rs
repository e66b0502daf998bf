//! The way to a running server, for the program around it and for the web.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridge::{Farewell, LinkOwner, Standing};
use futures_util::{StreamExt, stream};
use socket2::{SockRef, TcpKeepalive};
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    administration::Administration,
    authentication::{Refusal, Ticket},
    connection,
    core::{Core, wall},
    host::NetworkHost,
    links::{Links, NetworkEntry},
    settings::Settings,
    signals,
};

/// How often what need not be remembered any longer is forgotten.
const PRUNE: Duration = Duration::from_hours(6);

/// How long the tasks may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// A silent connection is asked for a sign of life after this.
const KEEPALIVE: Duration = Duration::from_mins(2);

/// A machine that acknowledges nothing for so long is gone: what its clients were given goes to the next ones.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// How many accounts' links are opened side by side.
const OPENED_AT_ONCE: usize = 64;

/// How many clients may wait to be accepted: after a restart all of them come back within a second, and whoever finds no
/// room tries again only a second later. The system may allow fewer.
const BACKLOG: i32 = 4096;

/// The way to a running server.
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
}

/// The server cannot start: one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartFault(String);

impl Handle {
    /// Starts the server on a listener that is bound already: opens every account's links, starts the networks, and takes
    /// up what was left undone.
    pub async fn start(
        settings: Settings,
        store: Store,
        networks: Vec<NetworkEntry>,
        listener: TcpListener,
    ) -> Result<Self, StartFault> {
        let core = Core::new(settings, store, Links::new(networks));
        let handle = Self { core: Arc::clone(&core) };
        core.tasks.spawn(signals::run(Arc::clone(&core)));
        for entry in core.links.networks() {
            let directory = core.settings.data_directory.join(entry.name.as_str());
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&directory)
                .map_err(|fault| StartFault(format!("cannot make the folder {}: {fault}", directory.display())))?;
            let host = Arc::new(NetworkHost::new(&core, entry.name.clone(), directory));
            let started = entry.network.start(host).await;
            started.map_err(|failure| StartFault(format!("networks.{}: {failure}", entry.name)))?;
        }
        let unreadable = |fault| StartFault(format!("cannot read the database: {fault}"));
        // Side by side, so that what networks keep of new accounts is committed in groups.
        stream::iter(core.store.accounts().await.map_err(unreadable)?)
            .for_each_concurrent(OPENED_AT_ONCE, async |account| {
                core.links.open(&LinkOwner { passport: account.passport, name: account.name }).await;
            })
            .await;
        core.outbox.resume(&core).await.map_err(unreadable)?;
        core.tasks.spawn(prune(Arc::clone(&core)));
        core.tasks.spawn(listen(Arc::clone(&core), listener));
        Ok(handle)
    }

    /// Gives a ticket for the right password.
    pub async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        self.core.authentication.sign_in(&self.core.store, passport, password, from).await
    }

    /// Makes, changes and removes accounts of the running server.
    #[must_use]
    pub fn administration(&self) -> Administration {
        Administration::running(&self.core)
    }

    /// What is wrong with the networks' set-up, a line each.
    pub async fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for entry in self.core.links.networks() {
            let found = entry.network.check(Standing::Running).await;
            faults.extend(found.into_iter().map(|fault| format!("networks.{}: {fault}", entry.name)));
        }
        faults
    }

    /// Cancelled when the server stops.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.core.stop.clone()
    }

    /// Runs a task that ends before the server does; it must heed [`Handle::stopping`].
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.core.tasks.spawn(task);
    }

    /// Stops: clients are told, links closed, tasks ended, the store written out. Ends in bounded time.
    pub async fn stop(&self) {
        self.core.stop.cancel();
        self.core.tasks.close();
        if tokio::time::timeout(FAREWELL, self.core.tasks.wait()).await.is_err() {
            warn!("some tasks did not end in time");
        }
        for entry in self.core.links.networks() {
            if tokio::time::timeout(FAREWELL, entry.network.stop()).await.is_err() {
                warn!(network = %entry.name, "the network did not end in time");
            }
        }
        for account in self.core.store.accounts().await.unwrap_or_default() {
            self.core.links.close(&account.passport, Farewell::Stopping).await;
        }
        self.core.store.close().await;
        info!("stopped");
    }
}

async fn prune(core: Arc<Core>) {
    let mut interval = tokio::time::interval(PRUNE);
    loop {
        tokio::select! {
            _ = interval.tick() => {
                if let Err(fault) = core.store.prune(wall()).await {
                    warn!(%fault, "cannot forget what need not be remembered");
                }
            }
            () = core.stop.cancelled() => return,
        }
    }
}

async fn listen(core: Arc<Core>, listener: TcpListener) {
    if let Err(fault) = SockRef::from(&listener).listen(BACKLOG) {
        warn!(%fault, "the queue of new connections stays short");
    }
    let crowd = Arc::new(Crowd::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let limits = &core.settings.limits;
                let Some(place) = Crowd::enter(&crowd, peer.ip(), limits.connections, limits.connections_per_address)
                else {
                    warn!(%peer, "too many connections: one was turned away");
                    continue;
                };
                prepare(&stream, peer);
                connection::spawn(&core, stream, peer, place);
            }
            Err(fault) => {
                // Mostly too many open files: others have to close first.
                warn!(%fault, "cannot accept a connection; raise the limit of open files if this goes on");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn prepare(stream: &TcpStream, peer: SocketAddr) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    let socket = SockRef::from(stream);
    let set = stream
        .set_nodelay(true)
        .and_then(|()| socket.set_tcp_keepalive(&keepalive))
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(fault) = set {
        warn!(%peer, %fault, "a socket does not take its options");
    }
}

/// How many are connected, in all and from each address.
#[derive(Default)]
struct Crowd(Mutex<(usize, HashMap<IpAddr, usize>)>);

impl Crowd {
    fn enter(crowd: &Arc<Self>, address: IpAddr, most: usize, most_of_one: usize) -> Option<Place> {
        let mut inside = crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = inside.1.get(&address).copied().unwrap_or(0);
        if inside.0 >= most || of_one >= most_of_one {
            return None;
        }
        inside.0 += 1;
        inside.1.insert(address, of_one + 1);
        Some(Place { crowd: Arc::clone(crowd), address })
    }
}

/// One connection's place; given back when it is dropped.
struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.0 -= 1;
        if let Some(count) = inside.1.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.1.remove(&self.address);
            }
        }
    }
}
