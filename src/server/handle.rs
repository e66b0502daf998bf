//! The way to a running server, for the program around it and for the web.

use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge::{Farewell, Standing};
use domain::account::Announcement;
use domain::{NetworkName, Passport};
use futures_util::future::join_all;
use media::Blobs;
use store::{Store, StoreFault};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    administration::{AccountFault, Administration},
    authentication::{Refusal, Ticket},
    connection,
    core::{Core, wall},
    duty::Duty,
    faults::Faults,
    figures,
    limit::Limit,
    linking::Linking,
    links::{self, Links, NetworkEntry},
    listener::{Counted, Crowd, Listener, listen},
    networks::{self, FAREWELL},
    oversight::Oversight,
    portal::{self, Portal},
    reactions,
    readiness::Readiness,
    receipts,
    settings::Settings,
    signals,
    transport::{
        Transport,
        pipe::{self, GatewaySession},
    },
};

/// The folder of pictures and files, in the data directory. No network is called so: a name begins with a letter.
const MEDIA: &str = "+media";

/// How often what need not be remembered any longer is forgotten.
const PRUNE: Duration = Duration::from_hours(6);

/// The way to a running server.
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
    /// Who is connected by a socket.
    connected: Arc<Crowd>,
    /// Who is connected by the HTTP gateway.
    gateway: Arc<Crowd>,
}

/// The server cannot start: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// Somebody has to mend something first.
    #[error("{0}")]
    Unfit(String),
    /// It may be otherwise the next time: the database was away, or something else that comes back by itself.
    #[error("{0}")]
    Unready(String),
}

/// The server cannot go on: one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database cannot be written any more: the fault stands in the log; see that the database's files are whole and can be \
     written, and start the server again"
)]
pub struct Broken;

/// Why a password was not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordFault {
    /// The old one is not the account's, or cannot be checked now.
    Refused(Refusal),
    /// The new one cannot be one: a line that says why.
    Invalid(String),
}

/// A file that a media address leads to.
#[derive(Debug, Clone)]
pub struct MediaFile {
    /// What it is called; as somebody wrote it.
    pub name: String,
    /// Its media type, found by looking into it and never by its name.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Where it lies.
    pub path: PathBuf,
}

impl Handle {
    /// Starts the server on listeners that are bound already: opens every account's links, starts the networks, and takes
    /// up what was left undone.
    pub async fn start(
        settings: Settings,
        store: Store,
        networks: Vec<NetworkEntry>,
        listeners: Vec<Listener>,
    ) -> Result<Self, StartFault> {
        let directory = settings.data_directory.join(MEDIA);
        let blobs = Blobs::open(&directory).await;
        let blobs = blobs
            .map_err(|fault| StartFault::Unready(format!("cannot use the folder {}: {fault}", directory.display())))?;
        let core = Core::new(settings, store, blobs, Links::new(networks));
        let handle = Self { core: Arc::clone(&core), connected: Arc::default(), gateway: Arc::default() };
        core.tasks.spawn(signals::run(Arc::clone(&core)));
        core.tasks.spawn(receipts::run(Arc::clone(&core)));
        for running in core.links.running() {
            networks::start(&core, &running).await?;
        }
        let networks = core.links.networks();
        // First: somebody else may have the address of an account that was removed.
        links::part_late(&core, &networks).await.map_err(unreadable)?;
        let owners = networks::owners(&core).await.map_err(unreadable)?;
        links::open_all(&core, &networks, owners).await;
        core.outbox.resume(&core, |_| true).await.map_err(unreadable)?;
        core.tasks.spawn(reactions::run(Arc::clone(&core)));
        core.tasks.spawn(links::reopen(Arc::clone(&core)));
        core.tasks.spawn(prune(Arc::clone(&core)));
        for listener in listeners {
            core.tasks.spawn(listen(Arc::clone(&core), listener, Arc::clone(&handle.connected)));
        }
        Ok(handle)
    }

    #[cfg(test)]
    pub(crate) fn of(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core), connected: Arc::default(), gateway: Arc::default() }
    }

    /// Gives a ticket for the right password.
    pub async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        let outcome = self.core.authentication.sign_in(&self.core.store, passport, password, from).await;
        figures::count_password(outcome.as_ref().err());
        outcome
    }

    /// Whose ticket this is, if it is one and still good.
    #[must_use]
    pub fn holder(&self, ticket: &str) -> Option<Passport> {
        self.core.authentication.holder(ticket, Instant::now())
    }

    /// The friendly name of an account.
    pub async fn account_name(&self, passport: &Passport) -> Option<String> {
        let name = self.core.store.account_name(passport).await;
        name.inspect_err(|fault| warn!(%passport, %fault, "cannot read an account's name")).ok().flatten()
    }

    /// Gives an account another password, for somebody who knows the one it has. All its tickets end, and whoever is signed in
    /// with them is signed out. A wrong old password counts as a failed sign-in.
    pub async fn change_password(
        &self,
        passport: &Passport,
        old: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<(), PasswordFault> {
        let proven = self.core.authentication.prove(&self.core.store, passport.as_str(), old, from).await;
        figures::count_password(proven.as_ref().err());
        let proven = proven.map_err(PasswordFault::Refused)?;
        portal::password::judge(passport, new)
            .map_err(|problem| PasswordFault::Invalid(problem.trim_end_matches('.').to_owned()))?;
        // Hashes take as much as checks do, and must not be more at once.
        let permit = self.core.authentication.hashing().await;
        let permit = permit.ok_or(PasswordFault::Refused(Refusal::Unavailable))?;
        let (administration, new) = (self.administration(), new.to_owned());
        // To its end, even where the browser goes away.
        let changed = self.core.tasks.spawn(async move {
            let _permit = permit;
            administration.change_password(proven, &new).await
        });
        let changed = changed.await.map_err(|_| PasswordFault::Refused(Refusal::Unavailable))?;
        changed.map(drop).map_err(|fault| match fault {
            AccountFault::Invalid(problem) => PasswordFault::Invalid(problem),
            AccountFault::Missing(_) | AccountFault::Exists(_) => PasswordFault::Refused(Refusal::WrongCredentials),
            AccountFault::Store(_) => PasswordFault::Refused(Refusal::Unavailable),
        })
    }

    /// Opens a session for a client that is carried by the HTTP gateway, unless there are too many.
    #[must_use]
    pub fn open_gateway(&self, from: IpAddr) -> Option<GatewaySession> {
        if self.core.closing.is_cancelled() {
            return None;
        }
        let limits = &self.core.settings.limits;
        let most = (limits.gateway_sessions, Limit::GatewaySessions);
        let most_of_one = (limits.gateway_sessions_per_address, Limit::GatewaySessionsPerAddress);
        let place = match Crowd::enter(&self.gateway, from, most, most_of_one) {
            Ok(place) => place,
            Err(limit) => {
                limit.reached(from);
                return None;
            }
        };
        let counted =
            Counted::of(metrics::gauge!("chrysalis_connections", "listener" => "web", "transport" => "gateway"));
        let (pipe, session) = pipe::session();
        let address = Arc::clone(&self.core.settings.session.public_address);
        connection::spawn(&self.core, Transport::Gateway { pipe, from }, address, (place, counted));
        Some(session)
    }

    /// The file that a media address leads to, as long as the address lasts.
    pub async fn media(&self, token: &str) -> Option<MediaFile> {
        let (linked, path) = self.core.media.linked(token).await?;
        Some(MediaFile { name: linked.name, media_type: linked.media_type, size: linked.size, path })
    }

    /// Makes, changes and removes accounts of the running server.
    #[must_use]
    pub fn administration(&self) -> Administration {
        Administration::running(&self.core)
    }

    /// Shows these to those who run the server, beside what else they see on their page. The first that are given are shown.
    pub fn show_faults(&self, faults: Arc<Faults>) {
        drop(self.core.faults.set(faults));
    }

    /// What people do with their accounts on this server's pages.
    #[must_use]
    pub fn portal(&self) -> Portal {
        Portal::of(&self.core)
    }

    /// What those who run the server see and do.
    #[must_use]
    pub fn oversight(&self) -> Oversight {
        Oversight::of(&self.core)
    }

    /// Makes, shows and ends the links that accounts make themselves.
    #[must_use]
    pub fn linking(&self) -> Linking {
        Linking::of(&self.core)
    }

    /// Tells everybody who is signed in something: that the server goes down soon, or a line of the people who run it.
    pub fn announce(&self, announcement: &Announcement) {
        self.core.directory.announce(announcement);
    }

    /// The networks that are on.
    #[must_use]
    pub fn networks(&self) -> Vec<NetworkEntry> {
        self.core.links.networks()
    }

    /// Turns these networks on, besides those that are: they are started, every account is linked to them, which goes on where it takes
    /// longer than a minute, and whoever is signed in sees their people. Where one of them cannot be started none is, and everything is as
    /// it was. To be called by one at a time, as [`Handle::turn_off`].
    pub async fn turn_on(&self, networks: Vec<NetworkEntry>) -> Result<(), StartFault> {
        networks::turn_on(&self.core, networks).await
    }

    /// Turns these networks off: what is on its way to them is finished, for `patience` at most, and they are stopped. Their people are on
    /// no list any more, and what waits for them waits until they are on again. Names of others mean nothing.
    pub async fn turn_off(&self, networks: &[NetworkName], patience: Duration) {
        networks::turn_off(&self.core, networks, patience).await;
    }

    /// What keeps the server from its work, and what is wrong with the networks' set-up, a line each.
    pub async fn check(&self) -> Vec<String> {
        let Readiness { store, listeners_gone, .. } = self.readiness().await;
        let mut faults: Vec<String> = store.map(|fault| format!("nothing can be kept: {fault}")).into_iter().collect();
        faults.extend(listeners_gone.iter().map(|gone| format!("{gone}: it listens no more; restart the server")));
        for entry in self.networks() {
            let found = entry.network.check(Standing::Running).await;
            faults.extend(found.into_iter().map(|fault| format!("networks.{}: {fault}", entry.name)));
        }
        faults
    }

    /// Whether the server can do its work now. Tries to write something, at most once a second.
    pub async fn readiness(&self) -> Readiness {
        Readiness::of(&self.core).await
    }

    /// Looks up what is measured by looking; what happens is counted as it happens.
    pub async fn look_up_figures(&self) {
        figures::look_up(&self.core).await;
    }

    /// These settings hold from now on, as far as they can change while the server runs: not its domain, its networks, its addresses
    /// and its folders. Connections keep what they began with; what is there beyond a limit stays.
    pub fn reconfigure(&self, settings: Settings) {
        self.core.settings.replace(settings);
        let limits = &self.core.settings.limits;
        self.core.authentication.limit(limits);
        self.core.media.limit(limits);
    }

    /// Runs a listener that ends before the server does, and is missed when it ends earlier; it must heed [`Handle::stopping`].
    pub fn spawn_listener(&self, name: String, task: impl Future<Output = ()> + Send + 'static) {
        let on_duty = Duty::begin(&self.core.duty, name);
        self.core.tasks.spawn(async move {
            task.await;
            drop(on_duty);
        });
    }

    /// Finishes what was begun, for so long at most: nobody is let in any more, those who are signed in are told if it takes a moment, and
    /// what waits for networks goes out. Whoever is here may go on meanwhile; what they say is kept.
    pub async fn drain(&self, patience: Duration) {
        self.core.closing.cancel();
        let under_way = self.core.outbox.under_way();
        if under_way == 0 {
            return;
        }
        info!(under_way, "what is on its way to networks is finished first");
        self.announce(&Announcement::Maintenance { minutes: 1 });
        if tokio::time::timeout(patience, self.core.outbox.quiet()).await.is_err() {
            let under_way = self.core.outbox.under_way();
            warn!(under_way, "not everything went out in time: it goes out after the next start");
        }
    }

    /// Cancelled when the server stops.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.core.stop.clone()
    }

    /// Returns when the server cannot go on, though nobody has told it to stop. It is then to be stopped: whatever it told a client
    /// from now on would be kept by nobody.
    pub async fn broken(&self) -> Broken {
        self.core.store.ended().await;
        Broken
    }

    /// Runs a task that ends before the server does; it must heed [`Handle::stopping`].
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.core.tasks.spawn(task);
    }

    /// Stops: clients are told, links closed, tasks ended, the store written out. Ends in bounded time.
    pub async fn stop(&self) {
        self.core.closing.cancel();
        self.core.stop.cancel();
        // No link is opened any more.
        for running in self.core.links.running() {
            running.going.cancel();
        }
        self.core.tasks.close();
        if tokio::time::timeout(FAREWELL, self.core.tasks.wait()).await.is_err() {
            warn!("some tasks did not end in time");
        }
        // One that comes or goes at this moment runs as well.
        let apart = self.core.links.apart().clone();
        let running = self.core.links.running().into_iter().chain(apart);
        join_all(running.map(async |running| networks::stop(&running).await)).await;
        let closing = async {
            for account in self.core.store.accounts().await.unwrap_or_default() {
                self.core.links.close(&account.passport, Farewell::Stopping).await;
            }
        };
        if tokio::time::timeout(FAREWELL, closing).await.is_err() {
            warn!("some links did not end in time");
        }
        if tokio::time::timeout(FAREWELL, self.core.store.close()).await.is_err() {
            warn!("the database did not close in time; what was acknowledged is kept");
        }
        info!("stopped");
    }
}

// The signature that `map_err` wants.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn unreadable(fault: StoreFault) -> StartFault {
    StartFault::Unready(format!("cannot read the database: {fault}"))
}

async fn prune(core: Arc<Core>) {
    let mut interval = tokio::time::interval(PRUNE);
    loop {
        tokio::select! {
            _ = interval.tick() => {
                // What is left of it is forgotten after the next start.
                let pruned = core.stop.run_until_cancelled(core.store.prune(wall())).await;
                if let Some(Err(fault)) = pruned {
                    warn!(%fault, "cannot forget what need not be remembered");
                }
                if let Err(fault) = Portal::of(&core).forget_browsers().await {
                    warn!(%fault, "cannot forget browsers that are signed in no more");
                }
                if let Err(fault) = core.media.sweep().await {
                    warn!(%fault, "cannot forget pictures and files of which nothing speaks");
                }
            }
            () = core.stop.cancelled() => return,
        }
    }
}
