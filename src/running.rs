//! `chrysalis run` and `check`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, atomic::AtomicUsize};
use std::time::Duration;

use bridge::Standing;
use management::Token;
use operations::Measures;
use server::{
    Announcement, Broken, Handle, Listener, StartFault,
    control::{self, Answer, Client, Request},
};
use store::Store;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    configuration::Configuration,
    examining,
    listeners::ListenerKeys,
    logging::Logging,
    managing::{Household, ManagementKeys},
    modes, networks,
    operating::OperationsKeys,
    reloading::Reloading,
    saying::{self, say},
    tenancy::Tenancy,
    terminal,
    told::{Progress, Reload, Stop, tell_system},
    writing::make_folder,
};

/// The file, in the data directory, with the key under which secrets are sealed.
pub(crate) const SECRETS_KEY: &str = "secrets.key";

/// How long the database may take to close, where the server was told to stop before it had begun.
const CLOSING: Duration = Duration::from_secs(10);

/// How a command ended.
pub(crate) enum Outcome {
    /// Well.
    Done,
    /// With faults, one line each, some of which may pass by themselves: exit code 1, after which it is worth while to try again.
    Faulty(Vec<String>),
    /// Before it began, with one line that says what to mend: exit code 2.
    Unusable(String),
}

impl Outcome {
    /// Tells the user, and gives the exit code, which says as much where nobody can be told.
    pub(crate) fn tell(self) -> ExitCode {
        let mut told = io::stderr();
        match self {
            Self::Done => match saying::unsaid() {
                None => ExitCode::SUCCESS,
                Some(fault) => Self::Faulty(vec![fault]).tell(),
            },
            Self::Faulty(faults) => {
                for fault in faults {
                    let _ = writeln!(told, "{}", terminal::lines(&fault));
                }
                ExitCode::from(1)
            }
            Self::Unusable(fault) => {
                let _ = writeln!(told, "chrysalis: {}", terminal::lines(&fault));
                ExitCode::from(2)
            }
        }
    }
}

/// Opens the store that the configuration names.
pub(crate) async fn open_store(configuration: &Configuration) -> Result<Store, Outcome> {
    let realm = configuration.settings.realm.clone();
    let store = Store::open(&configuration.database, &configuration.base, realm, configuration.bits()).await;
    let store = store.map_err(|fault| {
        let line = format!("database.url: {fault}");
        if fault.may_pass() { Outcome::Faulty(vec![line]) } else { Outcome::Unusable(line) }
    })?;
    store.bound(configuration.bounds);
    Ok(match &configuration.secrets_key {
        Some(key) => store.sealing_under(key.clone()),
        None => store.sealing_with(configuration.data_directory.join(SECRETS_KEY)),
    })
}

/// Opens the store, while no server runs on it, and closes it: it is there then, and of this version's form.
pub(crate) async fn look_at_store(configuration: &Configuration) -> Result<(), Outcome> {
    let _tenancy = Tenancy::serving(&configuration.data_directory).map_err(|fault| Outcome::Faulty(vec![fault]))?;
    open_store(configuration).await?.close().await;
    Ok(())
}

/// Makes the data directory, readable for this user only; one that is there is closed to others.
pub(crate) fn make_data_directory(configuration: &Configuration) -> Result<(), Outcome> {
    let directory = &configuration.data_directory;
    make_folder(directory).map_err(|fault| {
        Outcome::Unusable(format!(
            "server.data_directory: cannot make {}: {fault}; name a folder that can be written",
            directory.display()
        ))
    })?;
    modes::narrow(directory).map_err(|fault| Outcome::Unusable(format!("server.data_directory: {fault}")))
}

/// Listens. What is in the way may pass by itself: the address of a tunnel comes after the system has begun, and another program ends.
async fn bind(key: &str, address: &str) -> Result<TcpListener, Outcome> {
    TcpListener::bind(address).await.map_err(|fault| {
        Outcome::Faulty(vec![format!(
            "{key}: cannot listen on {address}: {fault}; name another address, or stop what uses it"
        )])
    })
}

/// Binds every listener that Messenger connects to.
async fn listen(configuration: &Configuration) -> Result<Vec<Listener>, Outcome> {
    let mut listeners = Vec::new();
    for ListenerKeys { listen, public_address } in &configuration.listeners {
        let socket = bind("server.listen", listen).await?;
        listeners.push(Listener { socket, public_address: Arc::clone(public_address) });
    }
    Ok(listeners)
}

pub(crate) async fn run(configuration: Configuration, named: Option<PathBuf>, logging: Logging) -> Outcome {
    match serve(configuration, named, logging).await {
        Ok(()) => Outcome::Done,
        Err(outcome) => outcome,
    }
}

/// Binds what measures and health are told on, if they are, and begins to measure.
async fn observe(configuration: &Configuration) -> Result<Option<(TcpListener, Measures, OperationsKeys)>, Outcome> {
    let Some(keys) = &configuration.operations else { return Ok(None) };
    let listener = bind("operations.listen", &keys.listen).await?;
    let measures = Measures::begin().map_err(|fault| Outcome::Unusable(fault.to_string()))?;
    Ok(Some((listener, measures, keys.clone())))
}

/// Binds what the management API is served on, if it is, and has the token for it.
async fn manage(configuration: &Configuration) -> Result<Option<(TcpListener, Token, ManagementKeys)>, Outcome> {
    let Some(keys) = &configuration.management else { return Ok(None) };
    let listener = bind("management.listen", &keys.listen).await?;
    let token = Token::open(&keys.token_file);
    let token = token.map_err(|fault| Outcome::Unusable(format!("management.token_file: {fault}")))?;
    Ok(Some((listener, token, keys.clone())))
}

/// Lets the program have as many files open as the system allows: each client is one.
fn open_many_files(wanted: usize) {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < wanted as u64 => {
            warn!(
                limit,
                wanted, "fewer files can be open than limits.connections; raise the limit of open files (ulimit -n)"
            );
        }
        Ok(_) => {}
        Err(fault) => warn!(%fault, "the limit of open files stays as it is"),
    }
}

async fn serve(configuration: Configuration, named: Option<PathBuf>, logging: Logging) -> Result<(), Outcome> {
    make_data_directory(&configuration)?;
    // First: a signal that nobody listens for ends the program, and a new version may have much to do before it serves.
    let (Ok(mut stop), Ok(mut reload)) = (Stop::listen(), Reload::listen()) else {
        return Err(Outcome::Unusable("the system does not let us be told to stop".to_owned()));
    };
    let running = Client::connect(&configuration.data_directory).await;
    if matches!(running, Ok(Some(_))) {
        let directory = configuration.data_directory.display();
        return Err(Outcome::Unusable(format!("a server runs on {directory} already; stop it first")));
    }
    // One that begins or ends cannot be asked.
    let _tenancy = Tenancy::serving(&configuration.data_directory).map_err(|fault| Outcome::Faulty(vec![fault]))?;
    let entries = networks::build(&configuration).map_err(|fault| Outcome::Unusable(fault.to_string()))?;
    let listeners = listen(&configuration).await?;
    let http = bind("web.listen", &configuration.web_listen).await?;
    let observed = observe(&configuration).await?;
    let managed = manage(&configuration).await?;
    let store = tokio::select! {
        store = open_store(&configuration) => store?,
        () = stop.next() => return Ok(()),
    };
    if store.is_changing_secrets_key() {
        warn!(
            "a change of the key of secrets has broken off: stop the server, and run `chrysalis secrets rotate` once more"
        );
    }

    open_many_files(configuration.settings.limits.connections);
    let started = tokio::select! {
        started = Handle::start(configuration.settings.clone(), store.clone(), entries, listeners) => started,
        () = stop.next() => {
            info!("stopping before it has begun");
            if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
                warn!("the database did not close in time; what was acknowledged is kept");
            }
            return Ok(());
        }
    };
    let handle = started.map_err(|fault| match fault {
        StartFault::Unfit(_) => Outcome::Unusable(fault.to_string()),
        StartFault::Unready(_) => Outcome::Faulty(vec![fault.to_string()]),
    })?;
    handle.show_faults(Arc::clone(&logging.faults));
    let socket = control::path(&configuration.data_directory);
    control::serve(&handle, socket.clone()).map_err(|fault| {
        Outcome::Unusable(format!("cannot listen on {}: {fault}; remove it if nothing uses it", socket.display()))
    })?;
    let web_connections = Arc::new(AtomicUsize::new(configuration.web_connections_per_address));
    let web = web::Settings {
        public_url: configuration.web_public_url.clone(),
        trusted_proxies: configuration.web_trusted_proxies.clone(),
        connections_per_address: Arc::clone(&web_connections),
        gateway_idle: configuration.gateway_idle,
        doctor: examining::doctor(&configuration),
    };
    let name = format!("web {}", configuration.web_listen);
    handle.spawn_listener(name, web::serve(http, web, Arc::new(handle.clone()), handle.stopping()));
    // Told to the very end: whoever looks is to see that it stops.
    let observing = CancellationToken::new();
    if let Some((listener, measures, keys)) = observed {
        let settings = operations::Settings { needed: keys.required_networks };
        let looking = operations::serve(listener, settings, measures, Arc::new(handle.clone()), observing.clone());
        tokio::spawn(looking);
    }
    let started = Arc::new(configuration);
    let (now, current) = watch::channel(Arc::clone(&started));
    let (reloads, mut asked_to_reload) = mpsc::channel(1);
    if let Some((listener, token, keys)) = managed {
        let ManagementKeys { listen, backup_directory, .. } = keys;
        let household = Household { started: Arc::clone(&started), now: current, reloads, backup_directory };
        let serving = management::serve(listener, token, handle.clone(), Arc::new(household), handle.stopping());
        handle.spawn_listener(format!("management {listen}"), serving);
    }
    welcome(&started);
    tell_system(Progress::Ready);

    let mut reloading = Reloading::of((started, now), named, logging, (handle.clone(), store), web_connections);
    let ended = loop {
        let answer = tokio::select! {
            () = stop.next() => break Ok(()),
            () = reload.next() => None,
            Some(answer) = asked_to_reload.recv() => Some(answer),
            fault = handle.broken() => break Err(fault),
        };
        tell_system(Progress::Reloading);
        // Whatever networks it waits for, a server that is to stop does.
        let outcome = tokio::select! {
            outcome = reloading.reload() => outcome,
            () = stop.next() => break Ok(()),
            fault = handle.broken() => break Err(fault),
        };
        tell_system(Progress::Ready);
        if let Some(answer) = answer {
            // Whoever asked may be gone.
            let _ = answer.send(outcome);
        }
    };
    // Whoever asks from now on, or has asked just before, is told that it stops.
    drop(asked_to_reload);
    tell_system(Progress::Stopping);
    let now = Arc::clone(&reloading.now.borrow());
    let outcome = finish(&handle, &mut stop, &now, ended).await;
    observing.cancel();
    outcome
}

/// Stops, for whatever reason. Where nothing can be written any more, nobody is served for a moment longer: what they were told would be
/// kept by nobody. A further signal ends what lasts.
async fn finish(
    handle: &Handle,
    stop: &mut Stop,
    configuration: &Configuration,
    ended: Result<(), Broken>,
) -> Result<(), Outcome> {
    let ended = match ended {
        Ok(()) => tokio::select! {
            () = take_leave(handle, stop, configuration) => Ok(()),
            fault = handle.broken() => Err(fault),
        },
        Err(fault) => Err(fault),
    };
    info!("stopping");
    tokio::select! {
        () = handle.stop() => ended.map_err(|fault| Outcome::Faulty(vec![fault.to_string()])),
        () = stop.next() => {
            let fault = "ended at once, by another signal: what was acknowledged is kept, and some may be shown twice";
            Err(Outcome::Faulty(vec![fault.to_owned()]))
        }
    }
}

/// Clients are told some minutes before, if the configuration wants that, and what was begun is finished. A further signal ends each of
/// the two.
async fn take_leave(handle: &Handle, stop: &mut Stop, configuration: &Configuration) {
    let minutes = configuration.shutdown_minutes;
    if minutes > 0 {
        info!(minutes, "clients are told that the server stops; another signal ends that time");
        handle.announce(&Announcement::Maintenance { minutes });
        tokio::select! {
            () = tokio::time::sleep(Duration::from_mins(minutes.into())) => {}
            () = stop.next() => {}
        }
    }
    tokio::select! {
        () = handle.drain(configuration.drain) => {}
        () = stop.next() => warn!("told to stop once more: what is not finished goes on after the next start"),
    }
}

/// Says what is listened on, and how to sign in.
fn welcome(configuration: &Configuration) {
    let file = configuration.file.as_deref().map_or_else(
        || "embedded defaults (chrysalis config example shows all keys)".to_owned(),
        |file| file.display().to_string(),
    );
    let told = |listener: &ListenerKeys| format!("{} (clients are told {})", listener.listen, listener.public_address);
    let listeners: Vec<String> = configuration.listeners.iter().map(told).collect();
    let networks: Vec<String> = configuration.networks.iter().map(|network| network.section.name.to_string()).collect();
    // Whoever started it may have closed the other end since.
    let _ = writeln!(
        io::stdout(),
        "Chrysalis is running.\n\
         \n\
         configuration  {file}\n\
         Messenger      {}\n\
         sign-in        {} ({})\n\
         networks       {}\n\
         \n\
         Make an account:  printf 'PASSWORD\\n' | chrysalis account add YOU@{} --name NAME --password-stdin\n\
         Then sign in with MSN Messenger 7.5 as docs/messenger.md tells, or with any client of MSNP10 to MSNP12.",
        listeners.join(", "),
        configuration.web_listen,
        configuration.settings.session.web,
        if networks.is_empty() { "none".to_owned() } else { networks.join(", ") },
        configuration.settings.realm.domain(),
    );
}

/// With `json`, what is wrong goes to standard output as an object.
pub(crate) async fn check(configuration: Configuration, json: bool) -> Outcome {
    let faults = match faults(&configuration).await {
        Ok(faults) | Err(Outcome::Faulty(faults)) => faults,
        Err(outcome @ (Outcome::Done | Outcome::Unusable(_))) => return outcome,
    };
    if json {
        say!("{}", serde_json::json!({ "faults": faults }));
        return if faults.is_empty() { Outcome::Done } else { Outcome::Faulty(Vec::new()) };
    }
    if faults.is_empty() {
        say!("everything is in order");
        Outcome::Done
    } else {
        Outcome::Faulty(faults)
    }
}

/// Everything that is wrong with the set-up; the running server is asked, if one runs.
pub(crate) async fn faults(configuration: &Configuration) -> Result<Vec<String>, Outcome> {
    make_data_directory(configuration)?;
    if let Ok(Some(mut client)) = Client::connect(&configuration.data_directory).await {
        return match client.ask(&Request::Check).await {
            Ok(Answer::Faults(faults)) => Ok(faults),
            Ok(_) => Ok(vec!["the running server is of another version; restart it".to_owned()]),
            Err(fault) => Ok(vec![format!("the running server did not answer: {fault}; look at its log")]),
        };
    }
    drop(listen(configuration).await?);
    drop(bind("web.listen", &configuration.web_listen).await?);
    if let Some(keys) = &configuration.operations {
        drop(bind("operations.listen", &keys.listen).await?);
    }
    drop(manage(configuration).await?);
    let entries = networks::build(configuration).map_err(|fault| Outcome::Unusable(fault.to_string()))?;
    look_at_store(configuration).await?;
    let mut faults = Vec::new();
    for entry in entries {
        let found = entry.network.check(Standing::Idle).await;
        faults.extend(found.into_iter().map(|fault| format!("networks.{}: {fault}", entry.name)));
    }
    Ok(faults)
}
