//! `[management]`, and what the API there has the program do: the same as the command line and signals.

use std::{
    fs,
    path::{self, Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use management::{Program, Refusal, Reloaded};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    backup,
    configuration::{Configuration, ConfigurationFault, address, non_empty},
    keys::Management,
    layers::Layers,
    operating::is_loopback,
    placing::BACKUPS,
    progress::Audience,
    writing::make_folder,
};

/// The file with the token, in the data directory, unless another is named.
pub(crate) const TOKEN: &str = "management.token";

/// Where the API is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManagementKeys {
    /// What is listened on: `host:port`.
    pub(crate) listen: String,
    /// Where the token lies.
    pub(crate) token_file: PathBuf,
    /// Where backups are written.
    pub(crate) backup_directory: PathBuf,
}

/// Relative paths are relative to `base`.
pub(crate) fn management(
    layers: &Layers,
    keys: Management,
    base: &Path,
    data_directory: &Path,
) -> Result<Option<ManagementKeys>, ConfigurationFault> {
    let Management { listen, allow_remote, token_file, backup_directory } = keys;
    let place =
        |path: &str, usual: &str| non_empty(path).map_or_else(|| data_directory.join(usual), |path| base.join(path));
    let (token_file, backup_directory) = (place(&token_file, TOKEN), place(&backup_directory, BACKUPS));
    let Some(listen) = non_empty(&listen) else { return Ok(None) };
    let fault = |problem: &str| layers.fault("management.listen", problem);
    address(listen).map_err(|problem| fault(&problem))?;
    if !allow_remote && !is_loopback(listen) {
        let problem = format!(
            "{listen} can be reached from other machines, and the token and all that is said there cross the network in clear: \
             write 127.0.0.1 and a port, or allow_remote = true behind a proxy of yours that ends TLS"
        );
        return Err(fault(&problem));
    }
    Ok(Some(ManagementKeys { listen: listen.to_owned(), token_file, backup_directory }))
}

/// What is told of a reload to whoever asked for it.
pub(crate) type Answer = oneshot::Sender<Result<Reloaded, String>>;

/// The running program, as the API has it.
pub(crate) struct Household {
    /// As the server was started.
    pub(crate) started: Arc<Configuration>,
    /// As it is now.
    pub(crate) now: watch::Receiver<Arc<Configuration>>,
    /// Asks the program to read its configuration again.
    pub(crate) reloads: mpsc::Sender<Answer>,
    /// Where backups are written.
    pub(crate) backup_directory: PathBuf,
}

#[async_trait]
impl Program for Household {
    async fn reload(&self) -> Result<Reloaded, Refusal> {
        let stops = || Refusal::Unavailable("the server stops: its configuration is read when it starts".to_owned());
        let (answer, answered) = oneshot::channel();
        self.reloads.send(answer).await.map_err(|_| stops())?;
        answered.await.map_err(|_| stops())?.map_err(Refusal::Unfit)
    }

    async fn back_up(&self, name: &str) -> Result<(PathBuf, u64), Refusal> {
        let (directory, target) = (self.backup_directory.clone(), self.backup_directory.join(name));
        if target.exists() {
            return Err(Refusal::Exists(format!("{name} is there already: name another file")));
        }
        // As it was started: the database and the folders do not change before the next start.
        let configuration = Arc::clone(&self.started);
        let runtime = tokio::runtime::Handle::current();
        // It looks through folders and copies files, which would hold up whatever else the thread has to do.
        let written = tokio::task::spawn_blocking(move || {
            make_folder(&directory).map_err(|fault| {
                let place = directory.display();
                format!("cannot make {place}: {fault}; name another folder as management.backup_directory")
            })?;
            runtime.block_on(backup::write(&configuration, &target, Audience::Log))?;
            let written = fs::metadata(&target);
            let bytes = written.map_err(|fault| format!("cannot read {}: {fault}", target.display()))?.len();
            // Whoever reads that is in another folder.
            Ok((path::absolute(&target).unwrap_or(target), bytes))
        });
        let written = written.await.map_err(|fault| Refusal::Broken(format!("the backup was broken off: {fault}")))?;
        written.map_err(Refusal::Unavailable)
    }

    fn limits(&self) -> Map<String, Value> {
        self.now.borrow().limits_since(&self.started)
    }
}

#[cfg(test)]
mod tests {
    use crate::configuration::tests::read;

    #[test]
    fn it_is_off_unless_asked_for_and_then_for_this_machine_only() {
        assert_eq!(read("", &[]).unwrap().management, None);
        let local = read("[management]\nlisten = \"127.0.0.1:8181\"", &[]).unwrap();
        let keys = local.management.unwrap();
        assert_eq!(keys.listen, "127.0.0.1:8181");
        assert_eq!(keys.token_file, local.data_directory.join("management.token"));
        assert_eq!(keys.backup_directory, local.data_directory.join("backups"));
        for listen in ["0.0.0.0:8181", "192.0.2.7:8181", "[::]:8181", "msn.example:8181"] {
            let section = format!("[management]\nlisten = \"{listen}\"");
            let fault = read(&section, &[]).unwrap_err();
            assert!(fault.starts_with(&format!("chrysalis.toml: management.listen: {listen} can be")), "{fault}");
            assert!(read(&format!("{section}\nallow_remote = true"), &[]).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (main, wanted) in [
            ("[management]\nlisten = \"8181\"", "chrysalis.toml: management.listen: \"8181\" is no address"),
            ("[management]\ntoken = \"x\"", "chrysalis.toml: management.token: unknown field"),
        ] {
            let fault = read(main, &[]).unwrap_err();
            assert!(fault.starts_with(wanted), "{fault}");
        }
        let elsewhere =
            "[management]\nlisten = \"[::1]:1\"\ntoken_file = \"/run/secrets/token\"\nbackup_directory = \"/backups\"";
        let keys = read(elsewhere, &[]).unwrap().management.unwrap();
        assert_eq!(keys.token_file.to_str(), Some("/run/secrets/token"));
        assert_eq!(keys.backup_directory.to_str(), Some("/backups"));
    }

    #[test]
    fn limits_are_told_by_their_keys() {
        let started = read("[limits]\ncontacts = 7", &[]).unwrap();
        let now = read("[limits]\ncontacts = 8\ngateway_idle_seconds = 5", &[]).unwrap();
        let limits = now.limits_since(&started);
        assert_eq!((&limits["contacts"], &limits["groups"]), (&8.into(), &30.into()));
        assert_eq!(limits["gateway_idle_seconds"], 60, "it holds from the next start on");
        let written = now.settings_since(&started).limits.written;
        assert_eq!((written["contacts"], written["gateway_idle_seconds"], written.len()), (8, 60, limits.len()));
        assert_eq!(started.settings.limits.written["contacts"], 7);
    }
}
