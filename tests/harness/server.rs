//! The server as a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{
    atomic::{AtomicU16, Ordering},
    mpsc,
};
use std::time::{Duration, Instant};

use chrysalis_test_postgres::Database;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;

use crate::{DEADLINE, Finished, chrysalis, keep_log};

/// The password of every account.
pub const PASSWORD: &str = "pass,word 1%";

/// How long it may take to start, and to let another process at its database: on a busy machine longer than any answer.
const START: Duration = Duration::from_mins(1);

/// How much of the log a failed test shows.
const LAST_LINES: usize = 200;

/// The server's domain.
const DOMAIN: &str = "msn.example";

/// Where the database lies, unless it is on a server.
const FILE: &str = "sqlite://data/chrysalis.db";

/// A server with its own data, on ports of its own. Its database is a file, unless `PostgreSQL` was chosen for the
/// run.
pub struct Server {
    program: PathBuf,
    folder: TempDir,
    /// Further lines of the configuration; `None`: it is not ours, and stays as it is.
    extra: Option<String>,
    messenger: SocketAddr,
    web: SocketAddr,
    process: Option<Child>,
    /// Where the server tells the system how it is; `None`: nowhere.
    system: Option<PathBuf>,
    database_url: String,
    /// Gone with the server.
    database: Option<Database>,
}

impl Server {
    /// Starts a server with these accounts: each address gets [`PASSWORD`], and its local part with a capital for a name.
    pub fn start(program: &Path, accounts: &[&str]) -> Self {
        Self::start_with(program, accounts, "")
    }

    /// As [`Server::start`], with further lines for the configuration: keys of `[server]`, then sections.
    pub fn start_with(program: &Path, accounts: &[&str], extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (program, extra) = (program.to_owned(), Some(extra.to_owned()));
        let database = chrysalis_test_postgres::is_chosen().then(Database::new_blocking);
        let database_url = database.as_ref().map_or_else(|| FILE.to_owned(), Database::url);
        let (messenger, web) = (nowhere, nowhere);
        let mut server =
            Self { program, folder, extra, messenger, web, process: None, system: None, database_url, database };
        server.write_config();
        let lines: Vec<String> =
            accounts.iter().map(|account| format!("{account}\t{PASSWORD}\t{}\n", name(account))).collect();
        let imported = server.command(&["account", "import"], &lines.concat());
        assert_eq!(imported.code, 0, "{imported:?}");
        server.run();
        server
    }

    /// Starts the server whose configuration is `chrysalis.toml` of this folder as it stands there, with `data` beside it and a file for a
    /// database.
    pub fn configured(program: &Path, folder: TempDir, messenger: SocketAddr, web: SocketAddr) -> Self {
        let (program, database_url) = (program.to_owned(), FILE.to_owned());
        let (extra, process, system, database) = (None, None, None, None);
        let mut server = Self { program, folder, extra, messenger, web, process, system, database_url, database };
        server.run();
        server
    }

    /// Where notification and switchboard connections go.
    pub const fn address(&self) -> SocketAddr {
        self.messenger
    }

    /// Where sign-in goes.
    pub const fn web(&self) -> SocketAddr {
        self.web
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("chrysalis.toml")
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whether its database is on a server.
    pub fn is_on_postgres(&self) -> bool {
        self.database_url != FILE
    }

    /// From the next run on its database is in a file, if it was not, or else on a server; gives the url there.
    pub fn change_database(&mut self) -> String {
        let database = if self.is_on_postgres() { None } else { Some(Database::new_blocking()) };
        self.database_url = database.as_ref().map_or_else(|| FILE.to_owned(), Database::url);
        // What was copied is held on to, for as long as it may be read.
        self.database = database.or_else(|| self.database.take());
        self.database_url.clone()
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.process.as_ref().expect("the server runs").id()
    }

    /// What the server has logged in all its runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The resident memory of the process, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Runs a command of the program beside the server, or instead of it while it is down.
    pub fn command(&self, arguments: &[&str], input: &str) -> Finished {
        chrysalis(&self.program, &self.config(), arguments, &[], input)
    }

    /// Kills the server between two instructions, and starts it again on the same data.
    pub fn crash(&mut self) {
        self.kill();
        self.run();
    }

    /// Kills the server between two instructions.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts the server that was stopped as systemd would, which hears here what the server tells it.
    pub fn run_under_system(&mut self) -> UnixDatagram {
        let place = self.folder.path().join("system");
        let system = UnixDatagram::bind(&place).unwrap();
        system.set_read_timeout(Some(DEADLINE)).unwrap();
        self.system = Some(place);
        self.run();
        system
    }

    /// Asks the server to stop, and does not wait.
    pub fn ask_to_stop(&self) {
        let process = self.process.as_ref().expect("the server runs");
        kill_process(Pid::from_child(process), Signal::TERM).unwrap();
    }

    /// Asks the server to stop, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the server runs");
        kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
        let (sender, ended) = mpsc::sync_channel(1);
        std::thread::spawn(move || sender.send(process.wait().unwrap()));
        ended.recv_timeout(DEADLINE).expect("the server stops when it is told to")
    }

    /// Has the running server read its configuration again, with these further lines in place of those that it was started with.
    pub fn reload_with(&mut self, extra: &str) {
        self.extra = Some(extra.to_owned());
        self.write_keys();
        let process = self.process.as_ref().expect("the server runs");
        kill_process(Pid::from_child(process), Signal::HUP).unwrap();
    }

    /// Starts the server that was killed or stopped.
    pub fn run(&mut self) {
        // Another test may take a port between the look and the server's own bind.
        for _ in 0..5 {
            self.write_config();
            if self.spawn() {
                return;
            }
        }
        panic!("the server does not start:\n{}", self.log());
    }

    /// Makes every kept message so many seconds older; only while the server is down.
    pub async fn make_messages_older(&self, seconds: i64) {
        assert!(self.process.is_none(), "the database is the server's while it runs");
        let mut database = self.database().await;
        let changed = sqlx::query("UPDATE message SET sent = sent - $1").bind(seconds * 1000);
        let changed = changed.execute(&mut database).await.unwrap().rows_affected();
        assert!(changed > 0, "no message is kept");
        database.close().await.unwrap();
    }

    /// Every browser that is signed in was last used so many days earlier than it was.
    pub async fn make_browsers_older(&self, days: i64) {
        let mut database = self.database().await;
        let changed = sqlx::query("UPDATE web_session SET seen = seen - $1").bind(days * 24 * 60 * 60 * 1000);
        let changed = changed.execute(&mut database).await.unwrap().rows_affected();
        assert!(changed > 0, "no browser is signed in");
        database.close().await.unwrap();
    }

    /// Takes the database into the hands of another process, which nobody can write beside, until it is released.
    pub async fn lock_database(&self) -> LockedDatabase {
        let mut database = self.database().await;
        // Everything is one statement to the database: whoever writes now is through within a moment.
        let locking = if self.is_on_postgres() {
            "BEGIN; LOCK TABLE account, contact, message, delivery, outbox, message_map, bridge_value IN EXCLUSIVE MODE"
        } else {
            "BEGIN EXCLUSIVE"
        };
        sqlx::raw_sql(locking).execute(&mut database).await.unwrap();
        LockedDatabase(database)
    }

    /// Other hands give a table of the database another name: whoever asks for it under the one before is refused.
    pub async fn rename_table(&self, table: &str, to: &str) {
        let mut database = self.database().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("ALTER TABLE {table} RENAME TO {to}")))
            .execute(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
    }

    /// From now on the database lets nobody note that a message was delivered.
    pub async fn hold_deliveries(&self) {
        let held = if self.is_on_postgres() {
            "CREATE FUNCTION hold() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''held by a test''; END';
             CREATE TRIGGER held BEFORE DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION hold()"
        } else {
            "CREATE TRIGGER held BEFORE DELETE ON delivery BEGIN SELECT RAISE(ABORT, 'held by a test'); END"
        };
        let mut database = self.database().await;
        sqlx::raw_sql(held).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }

    /// From now on the database lets no browser be signed in.
    pub async fn hold_browsers(&self) {
        let held = if self.is_on_postgres() {
            "CREATE FUNCTION hold_browser() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''held by a test''; END';
             CREATE TRIGGER held_browser BEFORE INSERT ON web_session FOR EACH ROW EXECUTE FUNCTION hold_browser()"
        } else {
            "CREATE TRIGGER held_browser BEFORE INSERT ON web_session BEGIN SELECT RAISE(ABORT, 'held by a test'); END"
        };
        let mut database = self.database().await;
        sqlx::raw_sql(held).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }

    /// Lets browsers be signed in again.
    pub async fn release_browsers(&self) {
        let mut database = self.database().await;
        let released = if self.is_on_postgres() {
            "DROP TRIGGER held_browser ON web_session; DROP FUNCTION hold_browser()"
        } else {
            "DROP TRIGGER held_browser"
        };
        sqlx::raw_sql(released).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }

    /// Waits until the server has logged these words so often, in all its runs.
    pub async fn until_logged(&self, words: &str, times: usize) {
        let began = Instant::now();
        loop {
            let logged = self.log().lines().filter(|line| line.contains(words)).count();
            if logged >= times {
                break;
            }
            assert!(began.elapsed() < DEADLINE, "{words:?} is logged {logged} times:\n{}", self.log());
            // What stands in a log can only be asked for.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lets deliveries be noted again, and waits until no message waits for anybody.
    pub async fn release_deliveries(&self) {
        let mut database = self.database().await;
        let released = if self.is_on_postgres() {
            "DROP TRIGGER held ON delivery; DROP FUNCTION hold()"
        } else {
            "DROP TRIGGER held"
        };
        sqlx::raw_sql(released).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
        self.until_delivered().await;
    }

    /// Waits until no message waits for anybody: whoever has heard all, hears nothing again, though the server be killed now.
    pub async fn until_delivered(&self) {
        let mut database = self.database().await;
        let began = Instant::now();
        loop {
            let waiting = sqlx::query_scalar("SELECT COUNT(*) FROM delivery").fetch_one(&mut database);
            let waiting: i64 = waiting.await.unwrap();
            if waiting == 0 {
                break;
            }
            assert!(began.elapsed() < DEADLINE, "{waiting} deliveries are not noted:\n{}", self.log());
            // What stands in a database can only be asked for.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        database.close().await.unwrap();
    }

    /// From now on the running server can write nothing more to any file, as on a disk that is full.
    pub fn fill_disk(&self) {
        self.limit_files(Some(0));
    }

    /// There is room on the disk again.
    pub fn free_disk(&self) {
        self.limit_files(None);
    }

    fn limit_files(&self, bytes: Option<u64>) {
        let process = self.process.as_ref().expect("the server runs");
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(process)), Resource::Fsize, limit).unwrap();
    }

    async fn database(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        if self.is_on_postgres() {
            return AnyConnection::connect(&self.database_url).await.unwrap();
        }
        let file = format!("sqlite://{}", self.data().join("chrysalis.db").display());
        let mut database = AnyConnection::connect(&file).await.unwrap();
        let patience = format!("PRAGMA busy_timeout = {}", START.as_millis());
        sqlx::raw_sql(sqlx::AssertSqlSafe(patience)).execute(&mut database).await.unwrap();
        database
    }

    fn spawn(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        // A file that may not grow is an error to the program, not its end: see Server::fill_disk.
        let mut process = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(&self.program)
            .arg("--config")
            .arg(self.config())
            .arg("run")
            .env("RUST_LOG", "debug,sqlx=warn,hyper=warn,eyeball=warn,matrix_sdk=warn")
            .env_remove("NOTIFY_SOCKET")
            .envs(self.system.iter().map(|place| ("NOTIFY_SOCKET", place)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, printed) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut lines = lines.map_while(Result::ok);
            let _ = sender.send(lines.any(|line| line == "Chrysalis is running."));
            // Whatever else it prints must find a reader.
            lines.for_each(drop);
        });
        let ready = printed.recv_timeout(START);
        self.process = Some(process);
        let ready = ready.expect("the server starts or ends");
        if !ready {
            self.kill();
        }
        ready
    }

    fn write_config(&mut self) {
        if self.extra.is_none() {
            return;
        }
        self.messenger = free_address();
        self.web = free_address();
        self.write_keys();
    }

    fn write_keys(&self) {
        let Some(extra) = &self.extra else { return };
        let (messenger, web, database) = (self.messenger, self.web, &self.database_url);
        // Further keys of [server] stand last in its section, so that further sections may follow them.
        let text = format!(
            "[web]\nlisten = \"{web}\"\n[database]\nurl = \"{database}\"\n\
             [server]\ndomain = \"{DOMAIN}\"\nlisten = \"{messenger}\"\n{extra}\n"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// A database that another process holds.
pub struct LockedDatabase(AnyConnection);

impl LockedDatabase {
    /// Lets it go.
    pub async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.unwrap();
        self.0.close().await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let log = self.log();
        if std::thread::panicking() {
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            eprintln!("---- the last of the server's log ----\n{}", last.join("\n"));
            keep_log("chrysalis.log", &log);
        } else {
            let panicked: Vec<&str> = log.lines().filter(|line| line.contains("panicked")).collect();
            assert!(panicked.is_empty(), "{panicked:#?}");
        }
    }
}

fn name(account: &str) -> String {
    let (local, _) = account.split_once('@').unwrap();
    let (first, rest) = local.split_at(1);
    first.to_uppercase() + rest
}

/// An address of this machine that nobody listens on. Taken from below the ports that the kernel gives to clients.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 10_000 + (std::process::id() % 2_000) as u16 * 10;
    loop {
        let port = 10_000 + (start - 10_000 + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
