//! The program under load: started, watched from outside, and killed.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use domain::{Passport, Realm};
use media::Blobs;
use store::{Object, Store};
use tokio::task::JoinSet;

use crate::{
    client::{Addresses, Fault},
    processors,
};

/// The domain of all accounts.
const DOMAIN: &str = "load.example";

/// Under which nobody is slowed down or refused.
const LIMITS: &str = "[limits]\nconnections = 100000\nconnections_per_address = 100000\nsign_in_attempts = 1000000\n\
                      switchboards_per_minute = 1000000\ncalls_per_minute = 1000000\nmessages_per_minute = 1000000000\n\
                      waiting_messages = 1000000\n\
                      sign_ins_per_minute = 1000000\nsign_ins_per_minute_per_address = 100000000\n\
                      sign_in_attempts_per_address = 1000000\nsign_in_attempts_per_account = 1000000\n";

/// By which passwords cost next to nothing: else each of [`Home::write_accounts`] would be hashed anew when it is first used.
const CHEAP: &str = "[accounts]\nargon2_memory_kib = 8\nargon2_passes = 1\nargon2_lanes = 1\n";

/// The program, as the bench profile built it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_chrysalis");

/// The password of all accounts that [`Home::write_accounts`] makes.
pub(crate) const CHEAP_PASSWORD: &str = "load";

/// Its hash by the least parameters argon2id has. Thousands of tickets are wanted, and what they cost is measured elsewhere.
const CHEAP_HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$RCw7rsuNry6+fplY9UAHBg$oy1yYOnRZ3AxRDVzMqpwsa9TOjfCdx5T0dgpyIbaan0";

/// A folder with a configuration and an empty database.
pub(crate) struct Home {
    directory: tempfile::TempDir,
    addresses: Addresses,
    loopback: bool,
}

impl Home {
    /// Makes the folder. With `loopback` every account has that network's one contact, as in the default configuration. The
    /// ports are free now; nothing else on a quiet machine takes them.
    pub(crate) fn new(loopback: bool) -> Result<Self, Fault> {
        let directory = tempfile::tempdir().map_err(|fault| format!("cannot make a temporary folder: {fault}"))?;
        let addresses = Addresses { messenger: free_port()?, web: free_port()? };
        let configuration = format!(
            "{CHEAP}\n[server]\ndomain = \"{DOMAIN}\"\ndata_directory = \"data\"\nlisten = \"{}\"\n\n[web]\nlisten = \"{}\"\n\n\
             [database]\nurl = \"sqlite://data/chrysalis.db\"\n\n[networks.loopback]\nenabled = {loopback}\n\n{LIMITS}",
            addresses.messenger, addresses.web
        );
        let home = Self { directory, addresses, loopback };
        fs::write(home.configuration(), configuration).map_err(|fault| format!("cannot write a file: {fault}"))?;
        Ok(home)
    }

    pub(crate) const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Whether every account has the loopback network's contact.
    pub(crate) const fn has_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn configuration(&self) -> PathBuf {
        self.path().join("chrysalis.toml")
    }

    /// Lets passwords cost what they do by default from now on: whoever signs in first has theirs hashed anew.
    pub(crate) fn hash_at_full_cost(&self, server: u32) -> Result<(), Fault> {
        let failed = |fault: std::io::Error| format!("cannot let passwords cost more: {fault}");
        let configuration = fs::read_to_string(self.configuration()).map_err(failed)?.replace(CHEAP, "");
        fs::write(self.configuration(), configuration).map_err(failed)?;
        let told = Command::new("kill").args(["-HUP", &server.to_string()]).status().map_err(failed)?;
        if told.success() { Ok(()) } else { Err(format!("cannot tell {server} to read its configuration: {told}")) }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(self.configuration()).env_remove("RUST_LOG");
        // What is set for another server must not change what is measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"CHRYSALIS__")) {
            command.env_remove(name);
        }
        command
    }

    /// The address of the loopback network's contact.
    pub(crate) fn echo_contact() -> String {
        format!("echo@loopback.{DOMAIN}")
    }

    /// The address of an account.
    pub(crate) fn passport(kind: &str, number: usize) -> String {
        format!("{kind}{number}@{DOMAIN}")
    }

    /// Makes accounts as an admin does; says how long one took.
    pub(crate) fn import_accounts(&self, kind: &str, count: usize, password: &str) -> Result<Duration, Fault> {
        let failed = |fault| format!("cannot import accounts: {fault}");
        let began = Instant::now();
        let mut import = self
            .command()
            .args(["account", "import"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut lines = String::new();
        for number in 0..count {
            lines.extend([&Self::passport(kind, number), "\t", password, "\n"]);
        }
        import.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(lines.as_bytes())).map_err(failed)?;
        let status = import.wait().map_err(failed)?;
        let each = began.elapsed() / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        if status.success() { Ok(each) } else { Err(format!("chrysalis account import: {status}")) }
    }

    async fn store(&self) -> Result<Store, Fault> {
        let realm = Realm::new(DOMAIN, Vec::new());
        let opened = Store::open("sqlite://data/chrysalis.db", self.path(), realm, HashMap::new()).await;
        opened.map_err(|fault| fault.to_string())
    }

    /// Keeps an object that clients can ask for.
    pub(crate) async fn write_object(&self, bytes: &[u8]) -> Result<(), Fault> {
        let blobs = Blobs::open(self.path().join("data/+media")).await.map_err(|fault| fault.to_string())?;
        let (blob, hash) = blobs.put_object(bytes).await.map_err(|fault| fault.to_string())?;
        let store = self.store().await?;
        let object = Object { hash, blob, size: bytes.len() as u64, media_type: "image/png".to_owned() };
        store.keep_object(object).await.map_err(|fault| fault.to_string())?;
        store.close().await;
        Ok(())
    }

    /// Makes accounts straight in the database, all with [`CHEAP_PASSWORD`].
    pub(crate) async fn write_accounts(&self, kind: &str, count: usize) -> Result<(), Fault> {
        let store = self.store().await?;
        let mut adding = JoinSet::new();
        for number in 0..count {
            let passport: Passport =
                Self::passport(kind, number).parse().map_err(|fault| format!("a load account's name {fault}"))?;
            let store = store.clone();
            adding.spawn(async move { store.add_account(&passport, passport.as_str(), CHEAP_HASH).await });
        }
        while let Some(added) = adding.join_next().await {
            added.map_err(|fault| fault.to_string())?.map_err(|fault| fault.to_string())?;
        }
        store.close().await;
        Ok(())
    }

    /// Starts the program, and waits until it says that it runs; says how long that took.
    pub(crate) fn start(&self) -> Result<(Program, Duration), Fault> {
        let failed = |fault| format!("cannot start {PROGRAM}: {fault}");
        let log = fs::File::create(self.path().join("log")).map_err(failed)?;
        let began = Instant::now();
        let mut child = self.command().arg("run").stdout(Stdio::piped()).stderr(log).spawn().map_err(failed)?;
        let output = child.stdout.take().ok_or("the program has no output")?;
        // From here on an early return ends the child.
        let mut program = Program { child, output: BufReader::new(output) };
        let mut line = String::new();
        while !line.starts_with("Chrysalis is running") {
            line.clear();
            if program.output.read_line(&mut line).map_err(failed)? == 0 {
                let log = fs::read_to_string(self.path().join("log")).unwrap_or_default();
                return Err(format!("the program ended instead of starting:\n{log}"));
            }
        }
        Ok((program, began.elapsed()))
    }
}

fn free_port() -> Result<SocketAddr, Fault> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map_err(|fault| format!("no port is free: {fault}"))
}

/// The running program; it ends with this value.
pub(crate) struct Program {
    child: Child,
    /// Kept open: a program that cannot write must not be what is measured.
    output: BufReader<ChildStdout>,
}

impl Program {
    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it has in the machine, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Fault> {
        processors::memory(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
