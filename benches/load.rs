//! Load on the real program, over loopback: sign-ins per second, memory and processor time of idle sessions, message latency.
//!
//! `cargo bench --bench load` takes a few minutes, `cargo bench --bench load -- --quick` less than half of one. It starts the
//! release build of `chrysalis` on a temporary folder and kills it at the end; nothing leaves the machine. Clients and
//! server share the processors, so that what is measured is a floor. With `--loopback` every account has a contact.

#[path = "load/client.rs"]
mod client;
#[path = "load/echo.rs"]
mod echo;
#[path = "load/idle.rs"]
mod idle;
#[path = "load/latency.rs"]
mod latency;
#[path = "load/program.rs"]
mod program;
#[path = "load/sign_ins.rs"]
mod sign_ins;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use client::Fault;
use program::{CHEAP_PASSWORD, Home};

/// Descriptors that neither clients nor server use for sessions.
const SPARE_DESCRIPTORS: usize = 500;

/// How much load, and for how long.
struct Plan {
    /// Whether the loopback network is on, so that every account has a contact.
    loopback: bool,
    /// How long sign-ins are counted, for each kind.
    sign_ins: Duration,
    /// Numbers of idle sessions at which memory is read, rising.
    idle: Vec<usize>,
    /// How long the processor time of the first number of idle sessions is watched.
    watch: Duration,
    /// Pairs that talk, a line a second each.
    pairs: usize,
    /// How many lines each pair says.
    lines: u32,
    /// After this the whole is given up.
    patience: Duration,
}

impl Plan {
    fn quick() -> Self {
        Self {
            loopback: false,
            sign_ins: Duration::from_secs(3),
            idle: vec![200],
            watch: Duration::from_secs(3),
            pairs: 10,
            lines: 3,
            patience: Duration::from_mins(1),
        }
    }

    fn full() -> Self {
        let mut idle = vec![1_000];
        idle.extend((open_files() >= 10_000 + SPARE_DESCRIPTORS).then_some(10_000));
        Self {
            loopback: false,
            sign_ins: Duration::from_secs(10),
            idle,
            watch: Duration::from_secs(10),
            pairs: 100,
            lines: 30,
            patience: Duration::from_mins(10),
        }
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
    plan.loopback = has("--loopback");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
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
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = load.split(' ').next().unwrap_or_default();
    println!("{processors} processors, load {load} before the start, at most {} open files\n", open_files());

    let home = Home::new(plan.loopback)?;
    let sessions = plan.idle.last().copied().unwrap_or(0);
    home.write_accounts("idle", sessions + idle::WARM_UP).await?;
    home.write_accounts("talker", 2 * plan.pairs).await?;
    home.write_accounts("reuser", sign_ins::WORKERS).await?;
    let each = home.import_accounts("prover", sign_ins::WORKERS, CHEAP_PASSWORD)?;
    let accounts = sessions + idle::WARM_UP + 2 * plan.pairs + 2 * sign_ins::WORKERS;

    // Memory first, on a server that has done nothing else.
    let (program, start) = home.start()?;
    let contacts = if plan.loopback { "the loopback network's contact each" } else { "no contacts" };
    row("start", &format!("{start:.1?} with {accounts} accounts, {contacts}"));
    row("account import", &format!("{each:.1?} an account, of {}", sign_ins::WORKERS));
    println!();
    idle::measure(&home, &program, &plan.idle, plan.watch).await?;
    println!();
    drop(program);

    // Sign-ins last: their closed connections stay with the kernel for a minute.
    let (_program, _) = home.start()?;
    latency::measure(&home, plan.pairs, plan.lines).await?;
    println!();
    sign_ins::measure(&home, plan.sign_ins).await
}

/// One line of the table.
fn row(what: &str, value: &str) {
    println!("{what:<34} {value}");
}

/// How something was measured, under its lines.
fn method(text: &str) {
    println!("  method: {text}");
}
