//! A real Synapse, for one test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::matrix_user::Registrar;
use crate::{CentralLogin, FaultProxy, MatrixClient, MatrixUser, chrysalis, keep_log};

/// The homeserver's name: what stands behind the colon in its users' ids.
const SERVER_NAME: &str = "example.org";

/// How long it may take to start: on a busy machine Python alone takes a while.
const START: Duration = Duration::from_mins(1);

/// A homeserver that knows a Chrysalis which is still to be started. It ends with this value.
pub struct Homeserver {
    folder: TempDir,
    listen: SocketAddr,
    appservice: SocketAddr,
    between: Option<Between>,
    /// Where its users can sign in without a password, if it has such a page.
    login: Option<CentralLogin>,
    process: Option<Child>,
}

/// What stands between a homeserver and its appservice.
pub struct Between {
    /// What the appservice asks of the homeserver goes through this.
    pub to_homeserver: FaultProxy,
    /// What the homeserver pushes to the appservice goes through this.
    pub to_appservice: FaultProxy,
}

impl Homeserver {
    /// What the homeserver shows to the appservice.
    pub const TOKEN: &str = "the-token-of-the-homeserver";

    /// What a user of the homeserver signs in with.
    pub const PASSWORD: &str = "a secret of their own";

    /// Starts one that has the registration which `program` writes.
    pub async fn start(program: &Path) -> Self {
        Self::begin(program, free_address(), free_address(), None).await
    }

    /// As [`Homeserver::start`], with a proxy on each of the two ways between it and the appservice; what they do is drawn from
    /// `seed`. Users stay before the homeserver itself.
    pub async fn start_behind_proxies(program: &Path, seed: u64) -> Self {
        let (listen, appservice) = (free_address(), free_address());
        let to_homeserver = FaultProxy::start(listen, seed).await;
        let to_appservice = FaultProxy::start(appservice, !seed).await;
        Self::begin(program, listen, appservice, Some(Between { to_homeserver, to_appservice })).await
    }

    /// Starts one that knows no appservice at all.
    pub async fn start_alone() -> Self {
        let mut homeserver = Self::new(free_address(), free_address(), None);
        homeserver.prepare(&[]);
        homeserver.run().await;
        homeserver
    }

    /// As [`Homeserver::start`], with a page of its own where its users sign in, and a second registration by which the program may sign
    /// them in.
    pub async fn start_with_logins(program: &Path) -> Self {
        let mut homeserver = Self::new(free_address(), free_address(), None);
        let login = CentralLogin::start().await;
        let page = login.url();
        homeserver.login = Some(login);
        let registrations = [homeserver.register(program, &[]), homeserver.register(program, &["--double-puppet"])];
        homeserver.prepare(&registrations.each_ref().map(|file| file.to_str().unwrap()));
        homeserver.configure(|keys| keys["cas_config"] = json!({ "enabled": true, "server_url": page }));
        homeserver.run().await;
        homeserver
    }

    async fn begin(program: &Path, listen: SocketAddr, appservice: SocketAddr, between: Option<Between>) -> Self {
        let mut homeserver = Self::new(listen, appservice, between);
        let registration = homeserver.register(program, &[]);
        homeserver.prepare(&[registration.to_str().unwrap()]);
        homeserver.run().await;
        homeserver
    }

    fn new(listen: SocketAddr, appservice: SocketAddr, between: Option<Between>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, listen, appservice, between, login: None, process: None }
    }

    fn prepare(&self, registrations: &[&str]) {
        let port = self.listen.port().to_string();
        self.script("prepare", &[&[port.as_str(), SERVER_NAME], registrations].concat());
    }

    /// Changes the keys of its configuration, which are in a form of YAML that is JSON.
    fn configure(&self, change: impl FnOnce(&mut Value)) {
        let file = self.directory().join("homeserver.yaml");
        let mut keys = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        change(&mut keys);
        fs::write(&file, keys.to_string()).unwrap();
    }

    /// Lets an appservice in, as an admin does: its registration is named in the configuration, and the homeserver started anew.
    pub async fn admit(&mut self, registration: &Path) {
        let file = registration.to_str().unwrap().to_owned();
        self.configure(|keys| keys["app_service_config_files"] = json!([file]));
        self.kill();
        self.run().await;
    }

    /// What has to stand in the configuration of the server that is registered here: its section of this network.
    pub fn section(&self) -> String {
        let (homeserver, listen) = (self.listen, self.appservice);
        let (homeserver, url) = match &self.between {
            Some(between) => (between.to_homeserver.address(), between.to_appservice.address()),
            None => (homeserver, listen),
        };
        let linked = match &self.login {
            Some(_) => "[networks.matrix.linked]\ndouble_puppet_token = \"the-token-that-signs-people-in\"\n",
            None => "",
        };
        format!(
            "[networks.matrix]\nhomeserver_url = \"http://{homeserver}\"\nserver_name = \"{SERVER_NAME}\"\n\
             [networks.matrix.appservice]\nlisten = \"{listen}\"\nurl = \"http://{url}\"\n\
             as_token = \"the-token-of-the-appservice\"\nhs_token = \"{}\"\n{linked}",
            Self::TOKEN
        )
    }

    /// Where it answers clients.
    pub const fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Where it finds the appservice.
    pub const fn appservice(&self) -> SocketAddr {
        self.appservice
    }

    /// Where its users sign in, after [`Homeserver::start_with_logins`].
    pub fn login(&self) -> &CentralLogin {
        self.login.as_ref().expect("a homeserver that was started with logins")
    }

    /// What stands between it and the appservice, after [`Homeserver::start_behind_proxies`].
    pub fn between(&self) -> &Between {
        self.between.as_ref().expect("a homeserver that was started behind proxies")
    }

    /// Registers many at once, who are called by this prefix and a number from 0 on: some hundredths of a second each.
    pub async fn users(&self, prefix: &str, count: usize) -> Vec<MatrixUser> {
        let secrets = fs::read_to_string(self.directory().join("secrets")).unwrap();
        let registrar = Registrar::new(self.listen, SERVER_NAME, secrets.lines().next().unwrap());
        let mut users = Vec::with_capacity(count);
        for number in 0..count {
            users.push(registrar.register(&format!("{prefix}{number}"), Self::PASSWORD).await);
        }
        users
    }

    /// Registers somebody.
    pub fn user(&self, name: &str) -> MatrixUser {
        let token = self.script("user", &[name, Self::PASSWORD]);
        MatrixUser::new(self.listen, &format!("@{name}:{SERVER_NAME}"), token.trim())
    }

    /// Signs somebody who is registered in on a device of its own, with a client that encrypts.
    pub async fn client(&self, name: &str) -> MatrixClient {
        MatrixClient::sign_in(self.listen, &format!("@{name}:{SERVER_NAME}"), Self::PASSWORD, "a test").await
    }

    /// Kills it between two instructions.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again after [`Homeserver::kill`], on the same data.
    pub async fn run(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("output")).unwrap();
        let mut process =
            script("run").arg(self.directory()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let began = Instant::now();
        // Readiness can only be asked for.
        while !MatrixUser::is_served(self.listen).await {
            assert!(process.try_wait().unwrap().is_none(), "Synapse ended:\n{}", self.log());
            assert!(began.elapsed() < START, "Synapse does not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
    }

    /// The end of what it has logged.
    pub fn log(&self) -> String {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let log = read(self.directory().join("homeserver.log"));
        let tail: Vec<&str> = log.lines().rev().take(100).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        read(self.folder.path().join("output")) + tail.join("\n").as_str()
    }

    /// A registration, as the program itself writes it.
    fn register(&self, program: &Path, options: &[&str]) -> PathBuf {
        let config = self.folder.path().join("chrysalis.toml");
        fs::write(&config, self.section()).unwrap();
        let registration = self.folder.path().join(format!("registration{}.yaml", options.concat()));
        let arguments = [&["registration", "--output", registration.to_str().unwrap()], options].concat();
        let written = chrysalis(program, &config, &arguments, &[], "");
        assert_eq!(written.code, 0, "{written:?}");
        registration
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("synapse")
    }

    fn script(&self, command: &str, arguments: &[&str]) -> String {
        let output = script(command).arg(self.directory()).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{command} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- the end of the homeserver's log ----\n{}", self.log());
            let whole = fs::read_to_string(self.directory().join("homeserver.log")).unwrap_or_default();
            keep_log("synapse.log", &whole);
        }
    }
}

fn script(command: &str) -> Command {
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/synapse"));
    script.arg(command);
    script
}

/// An address of this machine that nobody listens on. Between those of the servers under test and those that the kernel gives
/// to clients: this one has to stay free while a server is down.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 900) as u16 * 3;
    loop {
        let port = 30_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 2_700;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
