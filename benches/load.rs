//! Load on the real program, over loopback: sign-ins, memory and processor time of idle sessions, lines through switchboards,
//! presence and pictures, each beside plain TCP of the same shape in the same run.
//!
//! `cargo bench -p chrysalis --bench load` takes some five minutes, `-- --quick` half of one; with `--only=NAME` (idle, picture,
//! paced, saturated, presence or sign-ins) only that is done. It starts the release build of `chrysalis` on a temporary folder
//! and kills it at the end; nothing leaves the machine. Clients and server share the processors, so that what is measured is a
//! floor; the generator is one thread, and its share of the processors is said.

#[path = "load/client.rs"]
mod client;
#[path = "load/echo.rs"]
mod echo;
#[path = "load/idle.rs"]
mod idle;
#[path = "load/paced.rs"]
mod paced;
#[path = "load/pair.rs"]
mod pair;
#[path = "load/picture.rs"]
mod picture;
#[path = "load/presence.rs"]
mod presence;
#[path = "load/processors.rs"]
mod processors;
#[path = "load/program.rs"]
mod program;
#[path = "load/saturated.rs"]
mod saturated;
#[path = "load/sign_ins.rs"]
mod sign_ins;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use client::Fault;
use echo::Echo;
use program::{CHEAP_PASSWORD, Home};

/// Descriptors that neither clients nor server use for sessions.
const SPARE_DESCRIPTORS: usize = 500;

/// How much load, and for how long.
struct Plan {
    /// What alone is done.
    only: Option<String>,
    /// Numbers of idle sessions at which memory is read, rising.
    idle: Vec<usize>,
    /// How long the processor time of the last number of idle sessions is watched.
    watch: Duration,
    /// Pairs that say a line now and then.
    paced: Vec<usize>,
    /// How long they do so.
    paced_for: Duration,
    /// Pairs that say as much as they can.
    saturated: Vec<usize>,
    /// How long they do so.
    saturated_for: Duration,
    /// Contacts that see a status change.
    watchers: usize,
    /// How long sign-ins are counted, for each kind.
    sign_ins: Duration,
    /// After this the whole is given up.
    patience: Duration,
}

impl Plan {
    fn quick() -> Self {
        Self {
            only: None,
            idle: vec![200],
            watch: Duration::from_secs(2),
            paced: vec![1, 10],
            paced_for: Duration::from_secs(2),
            saturated: vec![1, 10],
            saturated_for: Duration::from_millis(500),
            watchers: 20,
            sign_ins: Duration::from_secs(1),
            patience: Duration::from_mins(1),
        }
    }

    fn full() -> Self {
        let mut idle = vec![1_000];
        idle.extend((open_files() >= 10_000 + SPARE_DESCRIPTORS).then_some(10_000));
        Self {
            only: None,
            idle,
            watch: Duration::from_secs(10),
            paced: vec![1, 60, 100, 200, 1_000],
            paced_for: Duration::from_secs(8),
            saturated: vec![1, 100, 1_000],
            saturated_for: Duration::from_secs(2),
            watchers: 500,
            sign_ins: Duration::from_secs(4),
            patience: Duration::from_mins(10),
        }
    }

    fn has(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

/// How many files this process, and the program that it starts, may have open.
fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if has(echo::ARGUMENT) {
        return echo::serve();
    }
    // Whoever runs all targets as tests wants to see it work, not a number.
    let mut plan = if has("--quick") || !has("--bench") { Plan::quick() } else { Plan::full() };
    plan.only = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")).map(str::to_owned);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return failed(&format!("cannot start: {fault}")),
    };
    let outcome = runtime.block_on(async { tokio::time::timeout(plan.patience, measure(&plan)).await });
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(fault)) => failed(&fault),
        Err(_) => failed(&format!("gave up after {:?}", plan.patience)),
    }
}

fn failed(fault: &str) -> ExitCode {
    eprintln!("load: {fault}");
    ExitCode::FAILURE
}

async fn measure(plan: &Plan) -> Result<(), Fault> {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{processors} processors, load {} before the start, at most {} open files\n", load(), open_files());
    println!("| | |\n|---|---|");
    if plan.has("idle") {
        idle(plan).await?;
    }
    if plan.has("picture") {
        pictures().await?;
    }
    if ["paced", "saturated", "presence", "sign-ins"].iter().any(|part| plan.has(part)) {
        talk(plan).await?;
    }
    println!("\nload {} at the end", load());
    Ok(())
}

/// Memory, each time on a server that has done nothing else.
async fn idle(plan: &Plan) -> Result<(), Fault> {
    let accounts = plan.idle.last().copied().unwrap_or(0) + idle::WARM_UP;
    for (loopback, watch) in [(false, Some(plan.watch)), (true, None)] {
        let home = Home::new(loopback)?;
        home.write_accounts("idle", accounts).await?;
        let (program, start) = home.start()?;
        row(&format!("start, {accounts} accounts"), &format!("{start:.1?}"));
        idle::measure(&home, &program, &plan.idle, watch).await?;
    }
    idle::measure_echo(&Echo::start()?, &plan.idle).await
}

async fn pictures() -> Result<(), Fault> {
    let (home, echo) = (Home::new(true)?, Echo::start()?);
    home.write_accounts("viewer", 1).await?;
    home.write_object(&picture::bytes()).await?;
    let (_program, _) = home.start()?;
    picture::measure(&home, echo.address).await
}

async fn talk(plan: &Plan) -> Result<(), Fault> {
    let (home, echo) = (Home::new(false)?, Echo::start()?);
    let most = plan.paced.iter().chain(&plan.saturated).copied().max().unwrap_or(0);
    home.write_accounts("talker", 2 * most).await?;
    home.write_accounts("star", 1).await?;
    home.write_accounts("watcher", plan.watchers).await?;
    home.write_accounts("reuser", sign_ins::WORKERS).await?;
    home.import_accounts("prover", sign_ins::WORKERS, CHEAP_PASSWORD)?;
    let (program, _) = home.start()?;
    let server = program.process();
    if plan.has("paced") || plan.has("saturated") {
        let mut pairs = pair::open(&home, most).await?;
        if plan.has("paced") {
            pairs = paced::measure(server, echo.address, pairs, &plan.paced, plan.paced_for).await?;
            paced::disk(&home)?;
        }
        if plan.has("saturated") {
            drop(saturated::measure(server, echo.address, pairs, &plan.saturated, plan.saturated_for).await?);
        }
    }
    if plan.has("presence") {
        presence::measure(&home, echo.fan, plan.watchers).await?;
    }
    if plan.has("sign-ins") {
        // Last: their closed connections stay with the kernel for a minute.
        sign_ins::measure(&home, server, echo.address, plan.sign_ins).await?;
    }
    Ok(())
}

/// How busy the machine was in the last minute.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// One line of the table.
fn row(what: &str, value: &str) {
    println!("| {what} | {value} |");
}

/// How something was measured, under its lines.
fn method(text: &str) {
    println!("| | _{text}_ |");
}
